//! Scoring of generalist policies: which miner is paid how much, from paired outcomes on the same scenes.
//!
//! The default rule, `standing_pareto`, in one paragraph: miners stand in order of precedence. For each subset S of the
//! environments the first miner which provably solves all of S holds the title. A later miner takes it only if it is
//! provably better than every holder so far on more than half of S and provably worse than none of them anywhere in S,
//! or better overall by a wide margin. The last holder wins S and gets |S| points. Ties and trade-offs stay with
//! precedence, no later miner can block or void an award, and a copy never holds anything.
//!
//! ```text
//! e(u, d)   = Σ_{k≤u} C(u+d+1, k) / ((u+d+1)·C(u+d, u))            u wins, d losses on common episodes
//! proven    ⇔ e(u, d) ≥ T = (E+1)(n_max−1)/α  and  u − d > gap·n  and  n ≥ n_min
//! points_i  = Σ |S| over the subsets S that i wins
//! share_i   = points_i / max(Σ points, total/κ)                    the rest is burned
//! ```
//!
//! # Example
//!
//! ```
//! use kinitro_scoring::{Baseline, Commit, Miner, MinerRef, OutcomeTable, Params, score};
//!
//! // Two environments, 100 episodes each; a baseline that never succeeds.
//! let row = |successes: usize| format!("{}{}", "1".repeat(successes), "0".repeat(100 - successes));
//! let outcomes = |a, b| vec![row(a).parse().unwrap(), row(b).parse().unwrap()];
//! let miner = |uid, hotkey: &str, block, a, b| Miner {
//!     id: MinerRef { uid, hotkey: hotkey.to_owned() },
//!     commits: vec![Commit { block, extrinsic: 0, digest: format!("digest of {hotkey}") }],
//!     outcomes: outcomes(a, b),
//! };
//! let table = OutcomeTable::new(
//!     vec!["metaworld/reach-v3".to_owned(), "metaworld/push-v3".to_owned()],
//!     vec![Baseline { name: "zero".to_owned(), outcomes: outcomes(0, 0) }],
//!     vec![
//!         miner(7, "specialist", 10, 100, 0),
//!         miner(3, "generalist", 20, 60, 60),
//!         miner(5, "copy", 30, 60, 60),
//!     ],
//! )?;
//! let outcome = score(&table, &Params::default())?;
//! assert_eq!(outcome.points, [0, 2, 0]);
//! assert_eq!(outcome.submission(&table, 0), [(3, 65_535)]);
//! println!("{}", outcome.explain(&table));
//! # Ok::<(), kinitro_scoring::Error>(())
//! ```
//!
//! # Modules
//!
//! | Module | Holds | Does not |
//! |---|---|---|
//! | [`table`] | validated outcomes, raw rates | look up who is registered |
//! | [`params`], [`ratio`] | parameters of the default rule, exact fractions | read configuration |
//! | [`evidence`] | e-values, decided in integers | look at more than two numbers |
//! | [`relations`] | masks over environments for every ordered pair | know subsets |
//! | [`rules`] | who wins a subset | count |
//! | [`counting`] | subsets won by size: enumerated, grouped, sampled | know what a subset is worth |
//! | [`schemes`], [`weights`] | sizes → points → shares → 16-bit units | submit them |
//! | [`dominance`], [`threshold`], [`rates`] | ε, frontier and the two compatible rules | correct their input |
//! | [`outcome`], [`explain`] | results and the reasons for them | format tables |
//! | `golden` (feature `golden`) | checks against recorded cases | hold them |
//!
//! The crate does no I/O, reads no clock and no environment, and uses no floating point where the default rule decides
//! something: equal inputs give equal results on every machine.

mod bignum;
pub mod counting;
pub mod dominance;
mod error;
pub mod evidence;
pub mod explain;
#[cfg(feature = "golden")]
pub mod golden;
mod mask;
pub mod outcome;
pub mod params;
pub mod rates;
pub mod ratio;
pub mod relations;
pub mod rules;
pub mod schemes;
pub mod table;
pub mod threshold;
pub mod weights;

pub use counting::{Budget, Count, Method};
pub use error::Error;
pub use explain::Explanation;
pub use outcome::{Outcome, score};
pub use params::{EvidenceLevel, Params};
pub use rates::{RateOutcome, RateParams, RateRule, score_rates};
pub use ratio::Ratio;
pub use schemes::Scheme;
pub use table::{
    Baseline, Commit, EnvOutcomes, EpisodeOutcome, Miner, MinerRef, OutcomeTable, RateMiner,
    RateTable, Samples,
};

/// Version of the default rule, part of a result's identity: results of different versions are never compared.
pub const STANDING_PARETO: &str = "standing_pareto/1";
