//! The raw input of the compatible rules: success rates as they come.

use super::MAX_ENVIRONMENTS;
use crate::error::Error;

/// Samples assumed where none are given. Source: the reference's scoring functions.
const ASSUMED_SAMPLES: u64 = 50;

/// Success rates of miners in environments.
///
/// The compatible rules accept what their originals accept: missing entries (they read as 0), rates outside of [0, 1],
/// infinities and NaN. Nothing is corrected here.
#[derive(Debug, Clone, PartialEq)]
pub struct RateTable {
    /// Names of the environments; bit `e` of every mask is `envs[e]`.
    pub envs: Vec<String>,
    /// Rows in the order in which weights are wanted.
    pub miners: Vec<RateMiner>,
    /// Episodes behind each rate.
    pub samples: Samples,
}

/// A row of a [`RateTable`].
#[derive(Debug, Clone, PartialEq)]
pub struct RateMiner {
    /// Position in the metagraph; decides between miners of the same block.
    pub uid: u16,
    /// Block of the first commitment; unknown means later than everybody.
    pub first_block: Option<u64>,
    /// Success rate per environment; `None` where there is no entry.
    pub scores: Vec<Option<f64>>,
}

/// Number of episodes behind the rates, the same for all miners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Samples {
    /// The same in every environment.
    All(u64),
    /// One number per environment; 50 where it is missing.
    PerEnvironment(Vec<Option<u64>>),
}

impl Samples {
    /// Episodes per rate in one environment.
    pub fn of(&self, env: usize) -> u64 {
        match self {
            Self::All(samples) => *samples,
            Self::PerEnvironment(samples) => samples
                .get(env)
                .copied()
                .flatten()
                .unwrap_or(ASSUMED_SAMPLES),
        }
    }
}

impl RateTable {
    /// Checks the shape; the values may be anything.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let expected = self.envs.len();
        if expected > MAX_ENVIRONMENTS {
            return Err(Error::TooManyEnvironments {
                found: expected,
                max: MAX_ENVIRONMENTS,
            });
        }
        let mut uids: Vec<u16> = self.miners.iter().map(|miner| miner.uid).collect();
        uids.sort_unstable();
        if let Some(pair) = uids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::DuplicateUid { uid: pair[0] });
        }
        match self
            .miners
            .iter()
            .find(|miner| miner.scores.len() != expected)
        {
            Some(miner) => Err(Error::RowLength {
                row: miner.uid.to_string(),
                found: miner.scores.len(),
                expected,
            }),
            None => Ok(()),
        }
    }

    /// The rate of a miner as a number: a missing entry reads as 0.
    pub(crate) fn score(&self, miner: usize, env: usize) -> f64 {
        self.miners[miner].scores[env].unwrap_or(0.0)
    }

    /// Mask of all environments.
    pub(crate) fn all(&self) -> u64 {
        crate::mask::all_of(self.envs.len())
    }
}
