//! What policies behind servers cost: how fast many episodes at once are, what each answer takes besides the server's own time,
//! and what each format of the messages weighs.
//!
//! `cargo bench -p kinitro-cli --bench servers`, with `-- --quick` for less precise figures in less time. The models are found as by
//! the commands, in the virtual environment of this checkout at last.
//!
//! The servers are another process on the same machine, so they take time of the same processors: on two cores the figures are what
//! evaluator *and* servers reach together. Lines that are compared are measured in turns, so that a busy machine disturbs all alike.
#![expect(clippy::print_stdout, reason = "a benchmark reports to the terminal")]

mod figures;
mod gauge;
mod host;
mod payload;
mod throughput;

use std::error::Error;
use std::thread;
use std::time::Instant;

use kinitro_cli::args::Global;
use kinitro_cli::engine::Engine;
use kinitro_cli::places::Places;
use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_sim::episode::EpisodeStart;
use kinitro_sim::models::Models;
use kinitro_sim::physics::libm::LibmMode;

/// What is simulated.
const ENV: &str = "metaworld/pick-place-v3";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, plan @ ..] = arguments.as_slice()
        && flag == host::FLAG
    {
        return host::serve(plan);
    }
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let begun = Instant::now();
    println!(
        "{}, {} cores; load before the start: {}",
        figures::processor(),
        thread::available_parallelism()?,
        figures::load()
    );
    let models = models()?;
    throughput::measure(&models, is_quick)?;
    payload::measure(&models, is_quick)?;
    println!("\nmeasured in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// The verified models, with the mathematics of this process fixed as for an evaluation.
fn models() -> Result<Models, Box<dyn Error>> {
    // Cargo starts benches in the folder of their package.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))?;
    let nothing_said = Global {
        json: false,
        mujoco_dir: None,
        assets_dir: None,
    };
    let places = Places::from_environment(&nothing_said);
    Ok(Engine::start(LibmMode::Pinned, &places.models)?.models)
}

/// The beginning of an episode by number.
fn start(env: &EnvId, number: usize) -> EpisodeStart {
    let cycle = CycleSeed::from_local_seed(0);
    let key = EpisodeKey::derive(&cycle, env, EpisodeIndex(number as u64));
    EpisodeStart {
        miner_key: MinerKey::derive(&key, None),
        key,
        level: Level::Seed,
    }
}
