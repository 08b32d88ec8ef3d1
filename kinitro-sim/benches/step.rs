//! Time per reset and per control step of the evaluation profile, with and without images.
//!
//! `cargo bench -p kinitro-sim --bench step -- ASSETS`, ASSETS being Meta-World's folder `assets`.
//!
//! Episodes of all environments are interleaved, so that a busy machine disturbs all lines alike; medians over episodes.
#![expect(clippy::print_stdout, reason = "a benchmark reports to the terminal")]

use std::error::Error;
use std::time::{Duration, Instant};

use kinitro_core::ids::EpisodeIndex;
use kinitro_core::protocol::policy::Action;
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey, MinerStream};
use kinitro_sim::episode::{EpisodeStart, Simulator, Status, TakenAction, View};
use kinitro_sim::models::Models;
use kinitro_sim::registry;

const EPISODES: u64 = 9;
const STEPS: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo passes `--bench`; everything else names the folder.
    let Some(models) = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
    else {
        println!("skipped: no folder of models given, see the head of benches/step.rs");
        return Ok(());
    };
    let models = Models::in_folder(models);
    println!("one thread, {EPISODES} interleaved episodes of {STEPS} random steps, medians in ms");
    println!(
        "{:<32}{:>8}{:>10}{:>22}",
        "environment", "reset", "step", "step with two images"
    );
    let mut rows = Vec::new();
    for env in registry::ids() {
        let blind = Simulator::new(&env, &models, &View::state_only())?;
        let seeing = Simulator::new(&env, &models, &View::standard())?;
        rows.push((env, [blind, seeing], [Vec::new(), Vec::new()], Vec::new()));
    }
    for episode in 0..EPISODES {
        for (env, simulators, steps, resets) in &mut rows {
            let key =
                EpisodeKey::derive(&CycleSeed::from_local_seed(0), env, EpisodeIndex(episode));
            let start = EpisodeStart {
                miner_key: MinerKey::derive(&key, None),
                key,
                level: Level::Seed,
            };
            let [blind, seeing] = simulators;
            let (reset, step) = play(blind, &start)?;
            resets.push(reset);
            steps[0].push(step);
            steps[1].push(play(seeing, &start)?.1);
        }
    }
    for (env, _, [blind, seeing], resets) in rows {
        let (reset, step, seen) = (median(resets), median(blind), median(seeing));
        println!("{:<32}{reset:>8.2}{step:>10.4}{seen:>22.4}", env.as_str());
    }
    Ok(())
}

/// Time of the reset, and of one step on average.
fn play(
    simulator: &mut Simulator,
    start: &EpisodeStart,
) -> Result<(Duration, Duration), Box<dyn Error>> {
    let mut draws = start.miner_key.draws(MinerStream::Policy);
    let began = Instant::now();
    let mut episode = simulator.begin(start)?;
    let reset = began.elapsed();
    let began = Instant::now();
    for _ in 0..STEPS {
        let (action, clipped) =
            Action::from_wire(std::array::from_fn(|_| draws.uniform(-1.0, 1.0)))?;
        if episode.apply(TakenAction { action, clipped })? != Status::Running {
            break;
        }
    }
    Ok((reset, began.elapsed() / u32::from(episode.steps())))
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}
