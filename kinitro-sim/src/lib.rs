//! Deterministic simulation of robot-manipulation tasks: MuJoCo physics, procedural scenes, rendered observations.
//!
//! One episode key and one list of actions give one trajectory, one set of images and one verdict, bit for bit, on every
//! machine, with any number of threads.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use kinitro_core::{ids::EpisodeIndex, record::Level, seed::{CycleSeed, EpisodeKey, MinerKey}};
//! use kinitro_sim::episode::{EpisodeStart, Simulator, View};
//! use kinitro_sim::models::Models;
//! use kinitro_sim::rollout::{self, Driver, RandomPolicy};
//!
//! let env = "metaworld/drawer-open-v3".parse()?;
//! let mut simulator = Simulator::new(&env, &Models::in_folder("metaworld/assets"), &View::standard())?;
//! let key = EpisodeKey::derive(&CycleSeed::from_local_seed(7), &env, EpisodeIndex(0));
//! let start = EpisodeStart { miner_key: MinerKey::derive(&key, None), key, level: Level::Seed };
//!
//! let mut policy = RandomPolicy::default();
//! let record = rollout::run(&mut simulator, &start, &mut Driver::Policy(&mut policy), |_, _| ())?;
//! println!("{} after {} steps, states {}", record.outcome, record.steps, record.state_hash);
//! # Ok(())
//! # }
//! ```
//!
//! # Modules, in reading order
//!
//! | module | content |
//! |---|---|
//! | [`episode`] | [`Simulator`](episode::Simulator) and [`Episode`](episode::Episode): begin, observe, apply, finish |
//! | [`rollout`] | who acts: policies that see observations, teachers that see the state; the loop that drives an episode |
//! | [`batch`] | many environments stepped at once on several threads, for training |
//! | [`env`](mod@env) | what an environment family implements |
//! | [`registry`] | all environments by id |
//! | [`metaworld`] | the Meta-World family: tasks, experts, the parity and the evaluation profile |
//! | [`models`] | the folder of the models, with their prepared meshes |
//! | [`physics`] | the only door to MuJoCo: models and states, pinned mathematics, engine errors |
//! | [`looks`] | how a scene looks to one miner: lights, cameras, colors, distractors, the sensor |
//! | [`render`] | the deterministic rasterizer |
//! | [`assets`] | where the MuJoCo library and the models are, and whether they are the pinned ones |
//!
//! # What it does not do
//!
//! No files of results, no HTTP, no threads of its own outside of a [`Batch`](batch::Batch), no environment variables, no clock, no entropy.
//! It carries neither MuJoCo nor models: both are found on the machine and compared with pinned digests.

pub mod assets;
pub mod batch;
pub mod env;
pub mod episode;
pub mod error;
pub mod looks;
pub mod metaworld;
pub mod models;
pub mod physics;
pub mod registry;
pub mod render;
pub mod rollout;

pub use error::Error;
