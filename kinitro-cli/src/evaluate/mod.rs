//! Evaluation of policies: every policy on the same scenes, outcomes turned into points and weights.
//!
//! No server, database or chain is involved, so the same calls serve `kinitro evaluate` and Python.
//!
//! ```text
//! Settings ─ run ─▶ verdicts ─ score ─▶ Scoreboard ─ output::results ─▶ Results
//!              └─ Observer: every finished episode ─▶ output::Recorder ─▶ transcripts, pictures, report
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`settings`] | what is evaluated, checked |
//! | [`policy`] | the grammar `NAME=SPEC`, and actors made from it |
//! | [`mod@run`] | the loop over environments, scenes and policies |
//! | [`mod@score`] | verdicts → points and weights |
//! | [`output`] | results document, tables, transcripts, picture sheets, report |

mod error;
pub mod output;
pub mod policy;
pub mod run;
pub mod score;
pub mod settings;

pub use error::Error;
pub use policy::{NamedPolicy, PolicySpec};
pub use run::{Finished, Observer, Unit, Verdict, run};
pub use score::score;
pub use settings::{SeedSource, Settings};
