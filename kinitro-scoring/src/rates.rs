//! Results of the compatible rules.

use kinitro_core::seed::CycleSeed;

use crate::counting::claims::Claim;
use crate::counting::{Budget, Count, count_claims};
use crate::dominance::Margins;
use crate::error::Error;
use crate::rules::{epsilon_pareto, first_commit};
use crate::schemes::Scheme;
use crate::table::RateTable;
use crate::threshold::{GapParams, threshold};
use crate::weights::{softmax_raw, truncated_u16};

/// A rule kept for comparison with earlier results; both are exploitable, see `docs/scoring.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateRule {
    /// The earliest miner that no later one beats everywhere in the subset.
    #[default]
    FirstCommit,
    /// The miner that ε-dominates all others on the subset.
    EpsilonPareto,
}

/// Parameters of [`score_rates`].
#[derive(Debug, Clone, PartialEq)]
pub struct RateParams {
    /// Who wins a subset.
    pub rule: RateRule,
    /// First-commit thresholds.
    pub gaps: GapParams,
    /// Points per subset. Default linear.
    pub scheme: Scheme,
    /// Softmax temperature, positive. Default 1.
    pub temperature: f64,
    /// Weight guaranteed to every miner, points or not. Default 0.
    pub min_weight: f64,
    /// Seed of the last round; decides the subsets drawn if counting them exactly is too expensive.
    pub cycle_seed: CycleSeed,
    /// Effort allowed for exact counting.
    pub budget: Budget,
}

impl Default for RateParams {
    fn default() -> Self {
        Self {
            rule: RateRule::FirstCommit,
            gaps: GapParams::default(),
            scheme: Scheme::Linear,
            temperature: 1.0,
            min_weight: 0.0,
            cycle_seed: CycleSeed::from_local_seed(0),
            budget: Budget::default(),
        }
    }
}

/// Who earns what under a compatible rule. Rows are in the order of the table.
#[derive(Debug)]
pub struct RateOutcome {
    /// ε per environment, dominance and frontier.
    pub margins: Margins,
    /// First-commit threshold per miner and environment; `None` where there is no entry.
    pub thresholds: Vec<Vec<Option<f64>>>,
    /// Subsets won, by size, and how they were counted.
    pub count: Count,
    /// Points per miner.
    pub points: Vec<u128>,
    /// Weights, summing to 1.
    pub weights: Vec<f64>,
    /// Weights times 65535, truncated.
    pub u16: Vec<u16>,
    classes: Vec<Vec<(usize, Claim)>>,
}

/// Scores raw success rates by a compatible rule.
///
/// # Errors
/// [`Error::TooManyEnvironments`], [`Error::DuplicateUid`], [`Error::RowLength`] for a table out of shape,
/// [`Error::InvalidParam`] for a temperature that is not positive.
pub fn score_rates(table: &RateTable, params: &RateParams) -> Result<RateOutcome, Error> {
    let margins = Margins::new(table)?;
    let limit = |(env, score): (usize, &Option<f64>)| {
        score.map(|score| threshold(score, table.samples.of(env), &params.gaps))
    };
    let row = |scores: &Vec<Option<f64>>| scores.iter().enumerate().map(limit).collect();
    let thresholds: Vec<Vec<Option<f64>>> = table
        .miners
        .iter()
        .map(|miner| row(&miner.scores))
        .collect();
    let classes = match params.rule {
        RateRule::FirstCommit => first_commit::claims(table, &thresholds),
        RateRule::EpsilonPareto => epsilon_pareto::claims(&margins),
    };
    let shape = (table.miners.len(), table.envs.len());
    let count = count_claims(&classes, shape, &params.budget, &params.cycle_seed);
    let points: Vec<u128> = count
        .sizes
        .iter()
        .map(|sizes| params.scheme.points(sizes))
        .collect();
    let raw: Vec<f64> = points.iter().map(|&points| points as f64).collect();
    let weights = softmax_raw(&raw, params.temperature, params.min_weight)?;
    Ok(RateOutcome {
        u16: truncated_u16(&weights),
        margins,
        thresholds,
        count,
        points,
        weights,
        classes,
    })
}

impl RateOutcome {
    /// Winner of a non-empty subset given as a mask, as a row of the table.
    pub fn winner(&self, subset: u64) -> Option<usize> {
        let claims = self.classes.iter().flatten();
        claims
            .clone()
            .find(|(_, claim)| claim.holds(subset))
            .map(|&(miner, _)| miner)
    }
}
