//! The evaluator as a library, and the command line of Kinitro on top of it.
//!
//! | Feature | Modules |
//! |---|---|
//! | `evaluate` | [`mod@evaluate`] (the loop and its output), [`policy_server`] (the client), [`scoreboard`], [`replay`] and what they run on |
//! | `gl` | pictures by MuJoCo's own renderer too |
//! | `cli`, default | everything: `commands`, `miner` and what they print and start |
//!
//! Two executables share this library. `kinitro` must start on a machine without MuJoCo, so nothing that `main_light`
//! reaches may call the engine: the linker then drops the dependency (a test reads the finished file). `kinitro-engine`
//! reaches everything; `kinitro` finds and verifies the MuJoCo library and replaces itself by the engine where a command
//! needs it (`launcher`).
//!
//! A command is a file in `commands`: its arguments, and a `run` that parses, builds, calls a library and prints.

#[cfg(feature = "evaluate")]
pub mod bench;
#[cfg(feature = "evaluate")]
pub mod engine;
#[cfg(feature = "evaluate")]
pub mod evaluate;
#[cfg(feature = "evaluate")]
pub mod parallel;
#[cfg(feature = "evaluate")]
mod picture;
#[cfg(feature = "evaluate")]
pub mod policy_server;
#[cfg(feature = "evaluate")]
pub mod replay;
#[cfg(feature = "evaluate")]
pub mod scoreboard;

#[cfg(feature = "cli")]
pub mod args;
#[cfg(feature = "cli")]
pub mod commands;
#[cfg(feature = "cli")]
pub mod env_bench;
#[cfg(feature = "cli")]
pub mod env_check;
#[cfg(feature = "cli")]
pub mod error;
#[cfg(feature = "cli")]
pub mod launcher;
#[cfg(feature = "cli")]
pub mod miner;
#[cfg(feature = "cli")]
pub mod output;
#[cfg(feature = "cli")]
pub mod painter;
#[cfg(feature = "cli")]
pub mod parity;
#[cfg(feature = "cli")]
pub mod places;
#[cfg(feature = "cli")]
mod program;
#[cfg(feature = "cli")]
pub mod progress;
#[cfg(feature = "cli")]
pub mod scoring_table;
#[cfg(feature = "cli")]
pub mod video;

#[cfg(feature = "cli")]
pub use program::{main_engine, main_light};
