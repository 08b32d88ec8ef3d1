//! What a policy's server may cost: bytes, depth, values, time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Longest body of an answer, in bytes. The longest regular one, nine P2-style actions, has under 2 KiB.
pub const MAX_ANSWER_LEN: usize = 64 * 1024;
/// Longest head of an answer, in bytes: status line and headers together.
pub const MAX_HEAD_LEN: usize = 16 * 1024;
/// Deepest nesting of lists and maps in an answer.
pub const MAX_DEPTH: usize = 8;
/// Most values in an answer, each list, map and member counted; bounds what 64 KiB of `{"a":0},…` unfold into to less than 2 MiB of memory.
pub const MAX_VALUES: usize = 4096;
/// Longest name in a health answer's lists, in bytes.
pub const MAX_NAME_LEN: usize = 64;
/// Most names in one of a health answer's lists.
pub const MAX_NAMES: usize = 32;
/// Largest batch that a health answer may announce.
pub const MAX_BATCH: u32 = 4096;

/// From the first byte of an act request sent to the last byte of its answer received.
pub const ACT_DEADLINE: Duration = Duration::from_millis(500);
/// The same under the strict latency profile.
pub const STRICT_ACT_DEADLINE: Duration = Duration::from_millis(100);
/// The same for a reset request.
pub const RESET_DEADLINE: Duration = Duration::from_secs(5);
/// The same for a health request.
pub const HEALTH_DEADLINE: Duration = Duration::from_secs(2);

/// How many further actions an answer may carry for the steps after this one: 0 (none, the default) to [`ChunkLimit::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct ChunkLimit(u8);

impl ChunkLimit {
    /// No action but the one for this step.
    pub const NONE: Self = Self(0);
    /// The longest chunk that an evaluation may announce.
    pub const MAX: u8 = 8;

    /// # Errors
    /// [`Error::OutOfRange`] above [`Self::MAX`].
    pub fn new(actions: u8) -> Result<Self, Error> {
        if actions <= Self::MAX {
            return Ok(Self(actions));
        }
        Err(Error::OutOfRange {
            what: "chunk limit".to_owned(),
            value: f64::from(actions),
            expected: "0 to 8 actions",
        })
    }

    /// The number of actions.
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// Whether chunks are off.
    pub const fn is_none(&self) -> bool {
        self.0 == 0
    }
}

impl TryFrom<u8> for ChunkLimit {
    type Error = Error;

    fn try_from(actions: u8) -> Result<Self, Error> {
        Self::new(actions)
    }
}

impl From<ChunkLimit> for u8 {
    fn from(limit: ChunkLimit) -> Self {
        limit.0
    }
}
