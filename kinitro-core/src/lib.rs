//! The vocabulary of Kinitro, an evaluator of robot policies: what things are called, which random numbers decide them, and how they are written down.
//!
//! # Words
//! - An *environment* ([`ids::EnvId`], `metaworld/reach-v3`) is one task for one robot; a *family* shares robot and simulator.
//! - A *policy* acts. A *miner* is whoever serves one on a network, known by a [`ids::Hotkey`].
//! - An *episode* is one execution: reset, then observation → action → step until it ends. Its number is an [`ids::EpisodeIndex`].
//! - A *scene* is what was drawn for an episode: placement, goal, physics. It follows from an [`seed::EpisodeKey`] and is the same for all policies.
//! - A *transcript* is an episode's record: enough to run it again and reach the same verdict.
//! - An *identity* says which versions of everything decided a result; results of different identities are never compared.
//! - *Points* come from scoring and become *weights*, the form that the chain takes.
//!
//! # From a seed to numbers
//! ```
//! use kinitro_core::ids::{EnvId, EpisodeIndex};
//! use kinitro_core::seed::{CycleSeed, EpisodeKey, EpisodeStream, MinerKey};
//!
//! let env: EnvId = "metaworld/reach-v3".parse()?;
//! let cycle = CycleSeed::from_local_seed(0);
//! let key = EpisodeKey::derive(&cycle, &env, EpisodeIndex(0));
//!
//! // The scene: the same for everybody.
//! let mut draws = key.draws(EpisodeStream::Scene);
//! let goal_x = draws.uniform(-0.1, 0.1);
//! assert!((-0.1..=0.1).contains(&goal_x));
//!
//! // Another stream of the same key: not shifted by what was drawn above.
//! assert_eq!(key.draws(EpisodeStream::Physics).unit(), key.draws(EpisodeStream::Physics).unit());
//!
//! // What the policy is told: a number from which there is no way back to the key.
//! let policy_seed = MinerKey::derive(&key, None).policy_seed();
//! assert!(policy_seed.value() < 1 << 31);
//! # Ok::<(), kinitro_core::Error>(())
//! ```
//!
//! # Modules, in reading order
//! 1. [`ids`] and [`groups`]: names, and lists of names.
//! 2. [`seed`]: keys and random numbers. [`units`] and [`stats`]: quantities and intervals.
//! 3. [`protocol`]: what a policy sees and answers, the messages that say so to its server, and what an evaluation reports.
//! 4. [`record`]: scene, hashes, identity and transcript of an episode. [`digest`]: SHA-256 as types.
//! 5. [`signature`]: who said it. [`error`]: why something was refused.
//!
//! # What this crate does not do
//! - It simulates, renders and scores nothing, and knows no environment: which ones exist is the simulator's knowledge.
//! - It opens no file or connection and reads no clock, environment variable or entropy; the world is passed in.
//! - It makes and checks no signature: it says which bytes are signed, and asks a [`signature::Verify`].
//! - It trusts nothing: whatever is parsed here is checked in full, under limits, or refused with one error.
//! - It prints no key or secret through `Debug` or an error.

pub mod digest;
pub mod error;
pub mod groups;
pub mod ids;
mod names;
pub mod protocol;
pub mod record;
pub mod seed;
pub mod signature;
pub mod stats;
pub mod units;

pub use error::Error;
