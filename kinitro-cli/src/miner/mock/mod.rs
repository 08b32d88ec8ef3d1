//! A policy server that speaks every generation of the protocol, and fails on demand: for trying evaluators out.
//!
//! ```text
//!            ┌ health ─────────────────────────────────────────────┐
//! request ─▶ ├ reset ─▶ form ─▶ Behaviour::begin ─▶ Player ┐        ├─▶ fault, latency ─▶ answer
//!            └ act ───▶ form ─▶ episode ─▶ Player::act ◀───┘ ─▶ ───┘
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`server`] | [`MockServer`]: threads, routes, start and end |
//! | [`behaviour`] | how a server acts: [`Behaviour`], [`Player`]; random and zero |
//! | [`recording`] | plays recorded transcripts |
//! | [`mirror`] | plays scripted experts on copies of the scenes; needs the engine |
//! | [`fault`] | what goes wrong, how often |
//! | [`trust`] | signed requests, receipts |
//!
//! A server answers each request in the generation that it came in. What it draws follows from seeds alone, so that a run
//! against it repeats, faults included.
//!
//! ```
//! use kinitro_cli::miner::mock::{MockServer, Settings, behaviour::Random};
//!
//! let server = MockServer::start(Settings::new(Random))?;
//! println!("http://{}", server.address());
//! # Ok::<(), kinitro_cli::miner::mock::Error>(())
//! ```

mod app;
pub mod behaviour;
mod episodes;
mod error;
pub mod fault;
pub mod form;
pub mod mirror;
pub mod recording;
mod reply;
pub mod server;
mod totals;
pub mod trust;

pub use behaviour::{Asked, Behaviour, Player, Refusal, Start, StepNumber};
pub use error::Error;
pub use fault::Faults;
pub use form::Form;
pub use server::{MockServer, Running, Settings, Speaks};
pub use totals::Totals;
pub use trust::{Admission, Session};
