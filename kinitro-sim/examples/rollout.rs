//! One episode of a scripted expert in a procedural scene:
//! `cargo run --release -p kinitro-sim --example rollout -- MODELS [ENV] [EPISODE]`, MODELS being Meta-World's folder `assets`.

#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_sim::episode::{EpisodeStart, Simulator, View};
use kinitro_sim::metaworld::experts::expert;
use kinitro_sim::models::Models;
use kinitro_sim::rollout::{self, Driver, ExpertTeacher};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let models = arguments.next().ok_or("name the folder of the models")?;
    let models = Models::in_folder(models);
    let env: EnvId = arguments
        .next()
        .as_deref()
        .unwrap_or("metaworld/reach-v3")
        .parse()?;
    let episode = EpisodeIndex(arguments.next().map_or(Ok(0), |text| text.parse())?);

    let mut simulator = Simulator::new(&env, &models, &View::state_only())?;
    println!("{}: {}", simulator.spec().id, simulator.spec().instruction);

    let key = EpisodeKey::derive(&CycleSeed::from_local_seed(0), &env, episode);
    let start = EpisodeStart {
        miner_key: MinerKey::derive(&key, None),
        key,
        level: Level::Seed,
    };
    let mut teacher = ExpertTeacher::new(expert(env.name()).ok_or("the task has no expert")?, 0.0);
    let record = rollout::run(
        &mut simulator,
        &start,
        &mut Driver::Teacher(&mut teacher),
        |step, seen| {
            if step % 20 == 0 {
                println!("step {step}: hand and gripper {:?}", seen.proprio);
            }
        },
    )?;

    println!("scene {}", record.scene.digest());
    println!(
        "{} after {} steps, states {}",
        record.outcome, record.steps, record.state_hash
    );
    Ok(())
}
