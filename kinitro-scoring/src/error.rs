//! What can go wrong before a score exists.

/// Why a table or a set of parameters cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Subsets are 64-bit masks over environments.
    #[error("`{found}` environments, at most `{max}` can be scored")]
    TooManyEnvironments {
        /// Environments of the table.
        found: usize,
        /// The limit, 64.
        max: usize,
    },
    /// The default rule needs something to compare.
    #[error("no environments")]
    NoEnvironments,
    /// An environment is listed twice.
    #[error("environment `{name}` appears twice")]
    DuplicateEnvironment {
        /// Its name.
        name: String,
    },
    /// A uid is listed twice.
    #[error("uid `{uid}` appears twice")]
    DuplicateUid {
        /// The uid.
        uid: u16,
    },
    /// A hotkey is listed twice, so precedence would not be a strict order.
    #[error("hotkey `{hotkey}` appears twice")]
    DuplicateHotkey {
        /// The hotkey.
        hotkey: String,
    },
    /// Without a baseline every environment would count as solved.
    #[error("no baseline policy")]
    NoBaselines,
    /// A miner without any commitment has no place in the order.
    #[error("miner `{hotkey}` has no commitment")]
    NoCommits {
        /// The miner's hotkey.
        hotkey: String,
    },
    /// Commitments are not in chain order.
    #[error("commitments of miner `{hotkey}` are not in chain order at block `{block}`")]
    CommitOrder {
        /// The miner's hotkey.
        hotkey: String,
        /// Block of the first commitment that is out of order.
        block: u64,
    },
    /// A row has not one entry per environment.
    #[error("`{row}` has `{found}` environments instead of `{expected}`")]
    RowLength {
        /// Miner or baseline.
        row: String,
        /// Entries found.
        found: usize,
        /// Environments of the table.
        expected: usize,
    },
    /// Outcomes of one environment have different numbers of episodes.
    #[error("`{row}` has `{found}` episodes of `{env}` instead of `{expected}`")]
    EpisodeCount {
        /// Miner or baseline.
        row: String,
        /// Environment.
        env: String,
        /// Episodes found.
        found: usize,
        /// Episodes of the first row.
        expected: usize,
    },
    /// A baseline runs every episode.
    #[error("baseline `{row}` lacks episodes of `{env}`")]
    IncompleteBaseline {
        /// Baseline.
        row: String,
        /// Environment.
        env: String,
    },
    /// A character which is none of `1`, `0`, `.`.
    #[error("outcome `{found}` at episode `{episode}` is none of `1`, `0`, `.`")]
    UnknownOutcome {
        /// The character.
        found: char,
        /// Its position.
        episode: usize,
    },
    /// An episode without an answer is a failure, never an absence.
    #[error("episode `{episode}` is absent although an earlier one is present")]
    AbsentAfterArrival {
        /// Its position.
        episode: usize,
    },
    /// More episodes than the counters hold.
    #[error("`{found}` episodes of one environment, at most `{max}` can be compared")]
    TooManyEpisodes {
        /// Episodes found.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// A parameter is outside its range.
    #[error("parameter `{name}`: {reason}")]
    InvalidParam {
        /// Name of the parameter.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}
