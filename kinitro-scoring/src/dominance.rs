//! ε-dominance between miners and the Pareto frontier.
//!
//! ```text
//! ε(e) = clip(2·σ_e/√n, 0.01, 0.20)         σ_e: population standard deviation over miners;  n ≤ 1: 0.20
//! i dominates j  ⇔  ∀ e: s_i ≥ s_j − ε  and  ∃ e: s_i > s_j + ε
//! frontier = miners that nobody dominates
//! ```
//!
//! σ is taken over rates in single precision, as the reference does, so ε differs from a double-precision one in the
//! eighth digit; rates are compared in double precision. NaN compares as nothing, so a miner with NaN neither dominates nor is dominated.

use crate::error::Error;
use crate::mask::all_of;
use crate::table::RateTable;
use crate::threshold::{lowered_to, raised_to};

/// Bounds of ε. Source: the reference's scoring functions.
const EPSILON_BOUNDS: (f64, f64) = (0.01, 0.20);

/// Pairwise differences beyond ε, as masks over environments.
#[derive(Debug, Clone, PartialEq)]
pub struct Margins {
    epsilons: Vec<f64>,
    miners: usize,
    not_worse: Vec<u64>,
    better: Vec<u64>,
}

impl Margins {
    /// Compares all pairs of a table.
    ///
    /// # Errors
    /// [`Error::TooManyEnvironments`], [`Error::DuplicateUid`] or [`Error::RowLength`] for a table out of shape.
    pub fn new(table: &RateTable) -> Result<Self, Error> {
        table.check()?;
        let miners = table.miners.len();
        // Without miners there is no spread to speak of.
        let envs = if miners == 0 { 0 } else { table.envs.len() };
        let epsilon = |env: usize| {
            epsilon(
                (0..miners).map(|miner| table.score(miner, env)),
                table.samples.of(env),
            )
        };
        let epsilons: Vec<f64> = (0..envs).map(epsilon).collect();
        let mask = |i: usize, j: usize, holds: fn(f64, f64, f64) -> bool| {
            let holds =
                |&env: &usize| holds(table.score(i, env), table.score(j, env), epsilons[env]);
            (0..envs)
                .filter(holds)
                .fold(0_u64, |mask, env| mask | 1 << env)
        };
        let pairs = || (0..miners).flat_map(|i| (0..miners).map(move |j| (i, j)));
        Ok(Self {
            not_worse: pairs()
                .map(|(i, j)| mask(i, j, |a, b, epsilon| a >= b - epsilon))
                .collect(),
            better: pairs()
                .map(|(i, j)| mask(i, j, |a, b, epsilon| a > b + epsilon))
                .collect(),
            epsilons,
            miners,
        })
    }

    /// ε per environment; NaN where a rate is not finite, nothing without miners.
    pub fn epsilons(&self) -> &[f64] {
        &self.epsilons
    }

    /// Number of miners.
    pub fn miners(&self) -> usize {
        self.miners
    }

    /// Mask of all environments.
    pub(crate) fn all(&self) -> u64 {
        all_of(self.epsilons.len())
    }

    /// Where i is not worse than j by more than ε.
    pub(crate) fn not_worse(&self, i: usize, j: usize) -> u64 {
        self.not_worse[i * self.miners + j]
    }

    /// Where i is better than j by more than ε.
    pub(crate) fn better(&self, i: usize, j: usize) -> u64 {
        self.better[i * self.miners + j]
    }

    /// Whether i ε-dominates j over all environments.
    pub fn dominates(&self, i: usize, j: usize) -> bool {
        self.not_worse(i, j) == self.all() && self.better(i, j) != 0
    }

    /// Miners that nobody dominates, in the order of the table.
    pub fn frontier(&self) -> Vec<usize> {
        let undominated = |&j: &usize| (0..self.miners).all(|i| !self.dominates(i, j));
        (0..self.miners).filter(undominated).collect()
    }
}

fn epsilon(column: impl Iterator<Item = f64>, samples: u64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "single precision is the reference's"
    )]
    let column: Vec<f32> = column.map(|score| score as f32).collect();
    let count = column.len() as f32;
    let mean = column.iter().sum::<f32>() / count;
    let squares: f32 = column
        .iter()
        .map(|score| (score - mean) * (score - mean))
        .sum();
    let epsilon = match samples {
        0 | 1 => EPSILON_BOUNDS.1,
        _ => 2.0 * f64::from((squares / count).sqrt()) / (samples as f64).sqrt(),
    };
    lowered_to(raised_to(epsilon, EPSILON_BOUNDS.0), EPSILON_BOUNDS.1)
}
