//! Tables to try the scoring rules on: read from a file, or drawn at random.

mod input;
mod random;

pub use input::{FORMAT_HELP, InputError, read};
pub use random::{RandomTable, draw};

use kinitro_scoring::{OutcomeTable, RateTable};

/// What is scored.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTable {
    /// Names of the miners by uid, for tables.
    pub names: Vec<(u16, String)>,
    /// Their results.
    pub table: Table,
}

/// Results of miners in environments.
#[derive(Debug, Clone, PartialEq)]
pub enum Table {
    /// Success or failure per episode: what the default rule needs, and all others accept.
    Outcomes(OutcomeTable),
    /// Success rates only: enough for the compatible rules.
    Rates(RateTable),
}
