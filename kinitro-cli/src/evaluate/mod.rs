//! Evaluation of policies: every policy on the same scenes, outcomes turned into points and weights.
//!
//! No server, database or chain is involved, so the same calls serve `kinitro evaluate` and Python.
//!
//! ```text
//! Settings ─ Lineup::meet ─▶ Lineup ─ run ─▶ Played ─ score ─▶ Scoreboard ─ output::results ─▶ Results
//!                                      └─ Observer: every finished episode ─▶ output::Recorder ─▶ transcripts, pictures, report
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`settings`] | what is evaluated, checked |
//! | [`policy`] | the grammar `NAME=SPEC`, and actors made from it |
//! | [`lineup`] | who takes part: servers met, views, who shares threads |
//! | [`servers`] | policies behind servers, as the loop sees them |
//! | [`mod@run`] | the loop over environments, scenes and policies |
//! | [`permits`] | few simulate while many wait for servers |
//! | [`histogram`] | exact percentiles |
//! | [`mod@score`] | verdicts → points and weights |
//! | [`output`] | results document, tables, transcripts, picture sheets, report |

mod error;
pub mod histogram;
pub mod lineup;
pub mod output;
pub mod permits;
pub mod policy;
pub mod run;
pub mod score;
pub mod servers;
pub mod settings;

pub use error::Error;
pub use lineup::Lineup;
pub use policy::{BuiltIn, NamedPolicy, PolicySpec};
pub use run::{Finished, Observer, Played, Unit, Verdict, run};
pub use score::score;
pub use servers::ServerSettings;
pub use settings::{SeedSource, Settings};
