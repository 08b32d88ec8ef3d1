//! What Kinitro reads from and writes to the Bittensor chain.
//!
//! Miners announce a policy by *committing* a short text under their hotkey. Many forms of that text are in use, and
//! every byte of it comes from a stranger. This crate turns it into types that cannot hold nonsense, or says why not:
//!
//! ```
//! use kinitro_chain::{Endpoint, Error, Record};
//!
//! let payload = br#"{"m":"ada/reacher","r":"0123456789abcdef0123456789abcdef01234567","d":"reacher-1"}"#;
//! let Record::Miner(commitment) = Record::parse(payload)? else { panic!("a miner's payload") };
//! assert_eq!(commitment.repo.as_str(), "ada/reacher");
//! assert!(commitment.revision.is_full());
//! assert!(matches!(&commitment.endpoint, Endpoint::Slug(slug) if slug.as_str() == "reacher-1"));
//! assert_eq!(commitment.write()?.as_bytes(), payload);
//!
//! // An endpoint is one label, so it cannot redirect the operator's requests to another host.
//! let error = Record::parse(b"ada/reacher:0123456:169.254.169.254/x").unwrap_err();
//! assert!(matches!(error, Error::InvalidEndpoint { .. }));
//! # Ok::<(), Error>(())
//! ```
//!
//! # Modules
//! - [`commitment`]: the forms of a payload, its reader and its writer.
//! - [`wallet`]: hotkey files, and signatures by hotkeys and session keys. [`address`]: a hotkey as the text that everybody writes.
//!
//! # Scope
//! The crate opens no connection, and no file but the hotkey file that it is told to read. Coldkeys are never needed.
//! - It does not talk to a node: payloads come from and go to whoever calls it.
//! - It does not open or seal endpoints; a [`SealedEndpoint`] is carried as it is.
//! - It does not build URLs or decide which deployment hosts are allowed.
//! - It does not know blocks or precedence between miners.

pub mod address;
mod base85;
pub mod commitment;
mod error;
pub mod wallet;

pub use commitment::{
    Commitment, DeploymentId, Endpoint, Record, RepoId, Revision, SealedEndpoint, Slug,
};
pub use error::Error;
pub use wallet::{HotkeyPair, SessionPair, Sr25519};
