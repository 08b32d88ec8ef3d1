//! What can go wrong before a server runs.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a mock server cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is taken or not ours.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The system gives no threads.
    #[error("cannot start the server's threads")]
    Threads(#[source] std::io::Error),
    /// A fault's text is none.
    #[error("`{text}` is no fault: {reason}")]
    Fault {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is nothing to replay.
    #[error(transparent)]
    Find(#[from] crate::replay::Error),
    /// A transcript cannot be opened.
    #[error("cannot open transcript `{path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is no transcript.
    #[error("cannot read transcript `{path}`")]
    Transcript {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: kinitro_core::Error,
    },
    /// A transcript that does not say from which key its scene was made.
    #[error("transcript `{path}` keeps its key sealed, so its policy seed is not known")]
    Sealed {
        /// The file.
        path: PathBuf,
    },
    /// Two transcripts of the same episode act differently.
    #[error("`{path}` and `{other}` record the same episode with different actions")]
    Ambiguous {
        /// The one.
        path: PathBuf,
        /// The other.
        other: PathBuf,
    },
}
