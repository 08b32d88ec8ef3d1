//! Policies behind HTTP servers that somebody else writes.
//!
//! A *server* is a miner's program with `/health`, `/reset` and `/act` in one of three generations of the protocol
//! ([`kinitro_core::protocol::wire`]). Here is what speaks to it: a [`Network`] holds the threads, a [`PolicyServer`] is one server as it
//! showed itself when it was met, an [`Episode`] is the policy that a rollout drives.
//!
//! Servers are adversaries. Whatever one does ends in an action, in the outcome of its own episode or in an [`Error`] before the first,
//! within the deadlines: it cannot make the evaluator connect to an address that is not public, follow it elsewhere,
//! hold more than 64 KiB of an answer, wait without end, or see another policy's episode.
//!
//! | Module | Holds |
//! |---|---|
//! | `endpoint` | the grammar of addresses |
//! | `address` | which IP addresses are public |
//! | `rules` | what an evaluation demands: deadlines, limits, defaults |
//! | `network` | threads, name service, TCP |
//! | `encryption` | TLS |
//! | `clock` | when bytes went out and came in |
//! | `transport` | connections to one server, single exchanges, headers |
//! | `dialect` | requests and answers in the server's protocol |
//! | `server` | meeting a server, places for episodes |
//! | `detect` | finding an older server's protocol out |
//! | `signing` | who asks and who is asked: signatures, receipts |
//! | `episode` | the remote policy: deadlines, grace, second attempts, chunks |
//! | `grace` | how many misses are forgiven |
//! | `probe` | single requests, for trying a server out |
//! | `unique` | ids and nonces |
//! | `error` | what goes wrong |
//!
//! Time is measured from the first byte of a request that is sent, on an open connection, to the last byte of its answer that is received.
//! Looking up, connecting, encrypting, encoding and parsing are not in it, nor is the time until whoever asked goes on with the answer;
//! the network's way there and back is, and so is whatever the evaluator's machine takes to wake up for a byte that has come.
//!
//! The calls wait; they must not be made on a thread of an asynchronous runtime.
//!
//! ```no_run
//! use kinitro_cli::policy_server::{Addresses, InPlace, Network, PolicyServer, Rules};
//! use kinitro_sim::rollout::{PolicyStart, RemotePolicy, Seen};
//!
//! # fn play(start: &PolicyStart, seen: &Seen<'_>) -> Result<(), Box<dyn std::error::Error>> {
//! let network = Network::new()?;
//! let rules = Rules { addresses: Addresses::AllowPrivate, ..Rules::default() };
//! let server = PolicyServer::connect(&network, "http://localhost:8001".parse()?, rules)?;
//! let mut episode = server.episode(&InPlace);
//! let taken = episode.begin(start).and_then(|()| episode.act(seen));
//! match taken {
//!     Ok(taken) => println!("{:?} after {} ms", taken.action, episode.answers()[0].wire_ms),
//!     Err(outcome) => println!("{outcome}: {}", episode.failure().unwrap_or_default()),
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod clock;
mod detect;
mod dialect;
mod encryption;
mod endpoint;
mod episode;
mod error;
mod grace;
mod network;
mod probe;
mod rules;
mod server;
mod signing;
mod transport;
mod unique;

#[cfg(test)]
mod tests;

pub use address::Addresses;
pub use endpoint::Endpoint;
pub use episode::{AnswerNote, Episode, InPlace, Pause};
pub use error::{Error, Fault};
#[cfg(feature = "cli")]
pub(crate) use grace::Grace;
pub use network::Network;
pub use probe::{Caller, Exchanged, Probe};
pub use rules::{Deadlines, LatencyProfile, Rules};
pub use server::PolicyServer;
#[cfg(feature = "cli")]
pub(crate) use signing::now;
pub use signing::{Parties, ReceiptNote};
