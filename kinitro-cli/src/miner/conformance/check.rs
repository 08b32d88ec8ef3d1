//! What was checked, and what was found.

use std::collections::BTreeMap;
use std::fmt;

use kinitro_core::protocol::policy::CameraName;
use kinitro_core::protocol::wire::Protocol;
use kinitro_core::units::ImageSize;
use serde::{Serialize, Serializer};

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Whether evaluations on a network connect to such an address.
    Address,
    /// Reachable, well formed, ready.
    Health,
    /// What the server announces to speak.
    Protocols,
    /// Which gripper sign it announces.
    Convention,
    /// `/reset` is accepted.
    Reset,
    /// `/act` answers rendered observations with actions.
    Act,
    /// How long answers take, one request after the other.
    Latency,
    /// How large requests and answers are.
    Payload,
    /// Whether the actions look like those of a policy.
    Actions,
    /// The same seed and observations give the same actions.
    Determinism,
    /// An episode leaves nothing behind.
    Independence,
    /// Two episodes at once keep apart.
    TwoEpisodes,
    /// How long answers take with as many episodes at once as an evaluation plays.
    ParallelLatency,
    /// Every announced encoding is understood alike.
    Encodings,
    /// The gripper closes when it should.
    Gripper,
    /// `/close` does no harm.
    Close,
    /// A step of an episode that never began does no harm.
    UnknownEpisode,
    /// A body that is no request does no harm.
    BadRequest,
}

impl Subject {
    /// Every subject with its name, in the order of the checks.
    pub const NAMES: [(Self, &'static str); 18] = [
        (Self::Address, "address"),
        (Self::Health, "health"),
        (Self::Protocols, "protocols"),
        (Self::Convention, "convention"),
        (Self::Reset, "reset"),
        (Self::Act, "act"),
        (Self::Latency, "latency"),
        (Self::Payload, "payload"),
        (Self::Actions, "actions"),
        (Self::Determinism, "determinism"),
        (Self::Independence, "independence"),
        (Self::TwoEpisodes, "two_episodes"),
        (Self::ParallelLatency, "parallel_latency"),
        (Self::Encodings, "encodings"),
        (Self::Gripper, "gripper"),
        (Self::Close, "close"),
        (Self::UnknownEpisode, "unknown_episode"),
        (Self::BadRequest, "bad_request"),
    ];

    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        let row = Self::NAMES.iter().find(|(subject, _)| *subject == self);
        row.expect("every subject has a row in the table").1
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(self.as_str())
    }
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// An evaluation would take it, but something can be better or could not be told.
    Warn,
    /// An evaluation would hold it against the policy.
    Fail,
    /// Not checked, for the reason that is given.
    Skipped,
}

impl Verdict {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What.
    #[serde(rename = "check")]
    pub subject: Subject,
    /// In which protocol, where it was one.
    #[serde(serialize_with = "short_name")]
    pub protocol: Option<Protocol>,
    /// What it came to.
    pub verdict: Verdict,
    /// What was found, in one line.
    pub measured: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What was measured, by name; units are in the names.
    pub numbers: BTreeMap<&'static str, f64>,
}

impl Check {
    fn new(subject: Subject, verdict: Verdict, measured: impl Into<String>) -> Self {
        Self {
            subject,
            protocol: None,
            verdict,
            measured: measured.into(),
            hint: None,
            numbers: BTreeMap::new(),
        }
    }

    /// All is well.
    pub(super) fn pass(subject: Subject, measured: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Pass, measured)
    }

    /// Not against the rules.
    pub(super) fn warn(
        subject: Subject,
        measured: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            hint: Some(hint.into()),
            ..Self::new(subject, Verdict::Warn, measured)
        }
    }

    /// Against the rules.
    pub(super) fn fail(
        subject: Subject,
        measured: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            hint: Some(hint.into()),
            ..Self::new(subject, Verdict::Fail, measured)
        }
    }

    /// Not done, and why.
    pub(super) fn skipped(subject: Subject, why: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Skipped, why)
    }

    /// Adds a number that was measured.
    pub(super) fn number(mut self, name: &'static str, number: f64) -> Self {
        self.numbers.insert(name, number);
        self
    }

    /// Says in which protocol.
    pub(super) fn within(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }
}

impl fmt::Display for Check {
    /// Subject and protocol.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.subject)?;
        self.protocol
            .map_or(Ok(()), |protocol| write!(f, " ({protocol})"))
    }
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields so"
)]
fn short_name<S: Serializer>(protocol: &Option<Protocol>, writer: S) -> Result<S::Ok, S::Error> {
    protocol.map(Protocol::as_str).serialize(writer)
}

/// Everything that was found about a server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The server.
    pub url: String,
    /// The environment whose observations it was shown.
    pub env: String,
    /// The cameras that it was shown in V3; the older protocols have their own.
    pub cameras: Vec<CameraName>,
    /// The size of every image.
    pub image_size: ImageSize,
    /// Whether an evaluation would find nothing to hold against it.
    pub ready: bool,
    /// The checks, in the order in which they were made.
    pub checks: Vec<Check>,
}

impl Report {
    /// The checks that came to this verdict.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(move |check| check.verdict == verdict)
    }
}
