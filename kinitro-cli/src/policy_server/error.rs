//! Why a server cannot be used, and what can go wrong in one exchange with it.

use std::error::Error as StdError;
use std::io;

use kinitro_core::record::outcome::Outcome;

use super::Endpoint;

/// Why a server cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is no endpoint. The text is not repeated: it may hold a password.
    #[error("bad endpoint: {reason}")]
    Endpoint {
        /// The rule it breaks.
        reason: &'static str,
    },
    /// The system gives no threads.
    #[error("cannot start the network's threads")]
    Runtime {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system's certificates cannot be read.
    #[error("cannot set up encryption")]
    Encryption {
        /// Why.
        #[source]
        source: tokio_rustls::rustls::Error,
    },
    /// The server cannot be reached, is not ready in time, or answers nonsense before an episode.
    #[error("cannot use `{endpoint}`: the {request} request failed")]
    Unusable {
        /// The server.
        endpoint: Endpoint,
        /// Which request failed: `health`, or `reset` while the protocol is found out.
        request: &'static str,
        /// How.
        #[source]
        source: Box<Fault>,
    },
}

impl Error {
    /// How the episodes of such a server end; those that the evaluator's own machine cannot even begin are void.
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Unusable { .. } | Self::Endpoint { .. } => Outcome::MinerUnreachable,
            Self::Runtime { .. } | Self::Encryption { .. } => Outcome::Infrastructure,
        }
    }
}

/// What went wrong in an exchange with a server. Nothing here holds more than 80 characters of what a server sent, control characters escaped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The server's name cannot be looked up.
    #[error("its name cannot be looked up")]
    Name {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// None of the server's addresses may be connected to.
    #[error("none of its addresses is public")]
    NotPublic,
    /// No connection can be opened.
    #[error("cannot connect to it")]
    Connect {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not answered in time.
    #[error("no whole answer within {limit_ms} ms")]
    Timeout {
        /// The time it had.
        limit_ms: u128,
    },
    /// The connection was lost before the answer was complete.
    #[error("the connection was lost")]
    Lost {
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// What came is no HTTP answer, or its head has more than 16 KiB.
    #[error("not an HTTP answer within the limits")]
    Head {
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// The body has more than 64 KiB.
    #[error("the answer's body exceeds 64 KiB")]
    Body,
    /// Another status than 200.
    #[error("status {status}: `{reported}`")]
    Status {
        /// The status.
        status: u16,
        /// What the body says, shortened and escaped.
        reported: String,
    },
    /// The body is of a type that was not asked for.
    #[error("an answer of type `{media_type}`")]
    MediaType {
        /// The type, shortened and escaped.
        media_type: String,
    },
    /// The answer breaks a rule of the protocol.
    #[error("an answer against the rules")]
    Answer {
        /// Which, and where.
        #[source]
        source: kinitro_core::Error,
    },
    /// The server says that it is not ready.
    #[error("it is not ready")]
    NotReady,
}

impl Fault {
    /// A fault with its causes in one line, at most 300 characters.
    pub fn line(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text.chars().take(300).collect()
    }
}
