//! How often scripted experts solve procedural scenes: one table for the documentation and for the catalogue suite.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

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

/// Runs every expert on [`KEYS`] scenes of every environment, at each of `levels`; environments are shared out among all cores.
///
/// # Panics
/// If an environment has no expert or the simulation fails.
pub fn run(levels: &[Level]) -> Vec<ExpertRow> {
    let envs = registry::ids();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut rows = Vec::new();
        while let Some(env) = envs.get(next.fetch_add(1, Ordering::Relaxed)) {
            rows.extend(run_one(env, levels));
        }
        rows
    };
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut rows: Vec<ExpertRow> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let rows = workers.into_iter().map(ScopedJoinHandle::join);
        rows.flat_map(|rows| rows.expect("the experts run"))
            .collect()
    });
    // Stable: the levels of an environment keep their order.
    rows.sort_by_key(|row| envs.iter().position(|env| *env == row.env));
    rows
}

fn run_one(env: &EnvId, levels: &[Level]) -> Vec<ExpertRow> {
    let cycle = CycleSeed::from_local_seed(0);
    let mut simulator =
        Simulator::new(env, &places::models(), &View::state_only()).expect("the model compiles");
    let mut teacher =
        ExpertTeacher::new(expert(env.name()).expect("every task has an expert"), 0.0);
    let mut row = |&level| {
        let mut steps = Vec::new();
        for episode in 0..KEYS {
            let key = EpisodeKey::derive(&cycle, env, EpisodeIndex(episode));
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
        ExpertRow {
            env: env.clone(),
            level,
            steps,
        }
    };
    levels.iter().map(&mut row).collect()
}

/// The rows as a Markdown page: a line per environment, three columns per level.
pub fn page(rows: &[ExpertRow]) -> String {
    let envs: Vec<_> = rows.chunk_by(|one, other| one.env == other.env).collect();
    let levels = envs.first().map_or(&[][..], |levels| *levels);
    let mut lines = vec![
        line("environment", levels, |row| {
            [row.level.to_string(), "95 %".to_owned(), "steps".to_owned()]
        }),
        line("---", levels, |_| std::array::from_fn(|_| "---".to_owned())),
    ];
    for levels in &envs {
        lines.push(line(&format!("`{}`", levels[0].env), levels, |row| {
            let interval = wilson_95(row.steps.len() as u64, KEYS);
            let (low, high) = (interval.low.get(), interval.high.get());
            [
                row.steps.len().to_string(),
                format!("{low:.2} – {high:.2}"),
                steps(&row.steps),
            ]
        }));
    }
    let scenes = KEYS * envs.len() as u64;
    lines.push(line("all", levels, |of| {
        let same = rows.iter().filter(|row| row.level == of.level);
        let solved: usize = same.map(|row| row.steps.len()).sum();
        [
            format!("{solved} of {scenes}"),
            String::new(),
            String::new(),
        ]
    }));
    format!(
        "# Experts on procedural scenes\n\nWritten by `cargo xtask gen`. \
         Scripted experts on {KEYS} scenes each, episodes 0 … {} of local seed 0: how many they solve, the Wilson interval of \
         that rate at 95 %, and the median and the maximum of the steps that the solved ones take. \
         Bits are equal on every machine, so these are too.\n\n{}\n",
        KEYS - 1,
        lines.join("\n")
    )
}

/// A line of the table: a heading, then three cells per level.
fn line(heading: &str, levels: &[ExpertRow], cells: impl Fn(&ExpertRow) -> [String; 3]) -> String {
    let mut line = vec![heading.to_owned()];
    line.extend(levels.iter().flat_map(cells));
    format!("| {} |", line.join(" | "))
}

/// Median and maximum of ascending numbers.
fn steps(ascending: &[u16]) -> String {
    match (ascending.get(ascending.len() / 2), ascending.last()) {
        (Some(median), Some(maximum)) => format!("{median} / {maximum}"),
        _ => "–".to_owned(),
    }
}
