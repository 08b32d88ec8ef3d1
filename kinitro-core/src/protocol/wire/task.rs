//! Which task and which episode a request speaks of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, quote};
use crate::ids::EnvId;
use crate::seed::PolicySeed;

/// What an episode is called towards a V3 server: 1 to [`EpisodeId::MAX_LEN`] letters, digits, `-` and `_`.
///
/// The caller chooses it, so that two policies which play the same scene cannot tell so by their ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EpisodeId(String);

impl EpisodeId {
    /// Longest id, in bytes.
    pub const MAX_LEN: usize = 64;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EpisodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for EpisodeId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::Grammar {
            what: "episode id",
            text: quote(text),
            reason: "expected 1 to 64 letters, digits, `-` and `_`",
        })
    }
}

impl TryFrom<String> for EpisodeId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<EpisodeId> for String {
    fn from(id: EpisodeId) -> Self {
        id.0
    }
}

/// The task of a P1 or P2 reset request, these five fields and no other; V3 adds to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskConfig {
    env_id: EnvId,
    env_name: String,
    task_name: String,
    seed: u32,
    task_id: u32,
}

impl TaskConfig {
    /// `env_name` becomes the environment's family and `task_name` its name there; `seed` and `task_id` are both the policy seed.
    pub fn new(env: &EnvId, seed: PolicySeed) -> Self {
        Self {
            env_id: env.clone(),
            env_name: env.family().to_owned(),
            task_name: env.name().to_owned(),
            seed: seed.value(),
            task_id: seed.value(),
        }
    }

    /// The environment.
    pub const fn env(&self) -> &EnvId {
        &self.env_id
    }

    /// The policy seed.
    pub const fn seed(&self) -> u32 {
        self.seed
    }
}
