//! What is scored: paired outcomes for the default rule, raw rates for the compatible rules.

mod bits;
mod outcomes;
mod rates;

pub use bits::{EnvOutcomes, EpisodeOutcome, PairCounts};
pub use outcomes::{Baseline, Commit, Miner, MinerRef, OutcomeTable, Precedence};
pub use rates::{RateMiner, RateTable, Samples};

/// Subsets of environments are 64-bit masks.
pub const MAX_ENVIRONMENTS: usize = 64;
