//! How often scripted experts solve procedural scenes: one table for the documentation and for the catalogue suite.

use std::fmt::Write as _;

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::stats::wilson_95;
use kinitro_sim::episode::{EpisodeStart, Simulator, View};
use kinitro_sim::metaworld::experts::expert;
use kinitro_sim::registry;
use kinitro_sim::rollout::{self, Driver, ExpertTeacher};

use crate::places;

/// Scenes per environment and level: episodes 0 … 19 of local seed 0.
pub const KEYS: u64 = 20;

/// Results of one environment at one level.
#[derive(Debug, Clone)]
pub struct ExpertRow {
    /// The environment.
    pub env: EnvId,
    /// How much the scenes vary.
    pub level: Level,
    /// Steps of the solved episodes, ascending.
    pub steps: Vec<u16>,
}

/// Runs every expert on [`KEYS`] scenes of every environment, at each of `levels`.
///
/// # Panics
/// If an environment has no expert or the simulation fails.
pub fn run(levels: &[Level]) -> Vec<ExpertRow> {
    let cycle = CycleSeed::from_local_seed(0);
    let models = places::models();
    let mut rows = Vec::new();
    for env in registry::ids() {
        let mut simulator =
            Simulator::new(&env, &models, &View::state_only()).expect("the model compiles");
        let mut teacher =
            ExpertTeacher::new(expert(env.name()).expect("every task has an expert"), 0.0);
        for &level in levels {
            let mut steps = Vec::new();
            for episode in 0..KEYS {
                let key = EpisodeKey::derive(&cycle, &env, EpisodeIndex(episode));
                let start = EpisodeStart {
                    miner_key: MinerKey::derive(&key, None),
                    key,
                    level,
                };
                let mut driver = Driver::Teacher(&mut teacher);
                let record = rollout::run(&mut simulator, &start, &mut driver, |_, _| ())
                    .expect("the episode runs");
                if record.success {
                    steps.push(record.steps);
                }
            }
            steps.sort_unstable();
            rows.push(ExpertRow {
                env: env.clone(),
                level,
                steps,
            });
        }
    }
    rows
}

/// The rows as a Markdown page.
pub fn page(rows: &[ExpertRow]) -> String {
    let mut page = format!(
        "# Experts on procedural scenes\n\nWritten by `cargo xtask gen`. \
         Scripted experts on {KEYS} scenes each, episodes 0 … {} of local seed 0; bits are equal on every machine, so these are too.\n\n\
         | environment | level | solved | rate | 95 % interval | steps, median | steps, maximum |\n|---|---|---|---|---|---|---|\n",
        KEYS - 1
    );
    for row in rows {
        let solved = row.steps.len() as u64;
        let interval = wilson_95(solved, KEYS);
        let median = row
            .steps
            .get(row.steps.len() / 2)
            .map_or_else(|| "–".to_owned(), u16::to_string);
        let maximum = row
            .steps
            .last()
            .map_or_else(|| "–".to_owned(), u16::to_string);
        let rate = solved as f64 / KEYS as f64;
        writeln!(
            page,
            "| `{}` | {} | {solved} of {KEYS} | {rate:.2} | {:.2} – {:.2} | {median} | {maximum} |",
            row.env,
            row.level,
            interval.low.get(),
            interval.high.get()
        )
        .expect("writing to a string cannot fail");
    }
    page
}
