//! Cases of the compatible rules.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Comparison, Difference, GoldenError, Mismatch, Report};
use crate::rates::{RateParams, RateRule, score_rates};
use crate::schemes::Scheme;
use crate::table::{RateMiner, RateTable, Samples};
use crate::threshold::GapParams;

pub(super) const SCHEMA: &str = "kinitro-scoring-reference/1";

/// ε comes from single-precision rates; dominance closer than this to a boundary is not compared.
const EPSILON_TOLERANCE: f64 = 1e-6;
/// Thresholds and weights are computed in double precision on both sides.
const TOLERANCE: f64 = 1e-12;
/// A weight this close to a unit of 1/65535 may be truncated to either side.
const UNIT_TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "schema")]
    _schema: String,
    #[serde(rename = "notes")]
    _notes: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: u64,
    kind: String,
    input: Input,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    env_ids: Vec<String>,
    uids: Vec<u16>,
    first_block: Vec<Option<u64>>,
    scores: Vec<Vec<Option<Number>>>,
    samples: SampleCounts,
    z_score: f64,
    min_gap: f64,
    max_gap: f64,
}

/// A number, or the name of one that JSON cannot hold.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Named(NonFinite),
}

#[derive(Clone, Copy, Deserialize)]
enum NonFinite {
    #[serde(rename = "NaN")]
    NotANumber,
    Infinity,
    #[serde(rename = "-Infinity")]
    NegativeInfinity,
}

impl Number {
    fn value(self) -> f64 {
        match self {
            Self::Finite(value) => value,
            Self::Named(NonFinite::NotANumber) => f64::NAN,
            Self::Named(NonFinite::Infinity) => f64::INFINITY,
            Self::Named(NonFinite::NegativeInfinity) => f64::NEG_INFINITY,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SampleCounts {
    All(u64),
    PerEnvironment(BTreeMap<String, u64>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    pareto: Pareto,
    thresholds: Vec<Vec<Option<Number>>>,
    subset_winners: Vec<Option<u16>>,
    subset_scores: SubsetScores,
    weights: Vec<WeightRow>,
    legacy_epsilon_pareto: Option<Legacy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pareto {
    epsilons: Vec<Number>,
    dominance: Vec<String>,
    frontier_uids: Vec<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubsetScores {
    linear: Vec<f64>,
    exponential: Vec<f64>,
    equal: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightRow {
    scheme: String,
    temperature: f64,
    min_weight: f64,
    weights: Vec<f64>,
    u16: Vec<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Legacy {
    linear: Vec<f64>,
    weights_t1: Vec<f64>,
    u16_t1: Vec<u16>,
}

/// Why a case ends early.
enum Stop {
    Differs(Difference),
    Refused(crate::Error),
}

impl From<Difference> for Stop {
    fn from(difference: Difference) -> Self {
        Self::Differs(difference)
    }
}

impl From<crate::Error> for Stop {
    fn from(error: crate::Error) -> Self {
        Self::Refused(error)
    }
}

pub(super) fn check(text: &[u8]) -> Result<Report, GoldenError> {
    let file: File = serde_json::from_slice(text).map_err(GoldenError::Parse)?;
    let mut comparison = Comparison::default();
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        cases: 0,
        values: 0,
        mismatch: None,
    };
    for case in &file.cases {
        report.cases += 1;
        match case.check(&mut comparison) {
            Ok(()) => {}
            Err(Stop::Refused(source)) => {
                return Err(GoldenError::Score {
                    case: case.id,
                    source,
                });
            }
            Err(Stop::Differs(Difference { field, detail })) => {
                report.mismatch = Some(Mismatch {
                    case: case.id,
                    kind: case.kind.clone(),
                    field,
                    detail,
                });
                break;
            }
        }
    }
    report.values = comparison.values;
    Ok(report)
}

impl Case {
    fn check(&self, comparison: &mut Comparison) -> Result<(), Stop> {
        let table = self.input.table();
        let params = |rule, scheme| RateParams {
            rule,
            scheme,
            gaps: GapParams {
                z_score: self.input.z_score,
                min_gap: self.input.min_gap,
                max_gap: self.input.max_gap,
            },
            ..RateParams::default()
        };
        let outcome = score_rates(&table, &params(RateRule::FirstCommit, Scheme::Linear))?;
        self.check_thresholds(&outcome.thresholds, comparison)?;
        self.check_frontier(&table, &outcome.margins, comparison)?;
        comparison.equal(
            "subset_winners.length",
            &self.expected.subset_winners.len(),
            &((1 << table.envs.len()) - 1),
        )?;
        for (subset, expected) in (1_u64..).zip(&self.expected.subset_winners) {
            let found = outcome.winner(subset).map(|row| table.miners[row].uid);
            comparison.equal(
                format_args!("subset_winners[{}]", subset - 1),
                expected,
                &found,
            )?;
        }
        let scores = &self.expected.subset_scores;
        for (scheme, expected) in
            Scheme::ALL
                .into_iter()
                .zip([&scores.linear, &scores.exponential, &scores.equal])
        {
            let outcome = score_rates(&table, &params(RateRule::FirstCommit, scheme))?;
            comparison.equal(
                format_args!("subset_scores.{scheme}"),
                expected,
                &floats(&outcome.points),
            )?;
        }
        for (index, row) in self.expected.weights.iter().enumerate() {
            let params = RateParams {
                temperature: row.temperature,
                min_weight: row.min_weight,
                ..params(RateRule::FirstCommit, row.scheme.parse()?)
            };
            let outcome = score_rates(&table, &params)?;
            let field = format!("weights[{index}]");
            check_weights(
                comparison,
                &field,
                (&row.weights, &row.u16),
                (&outcome.weights, &outcome.u16),
            )?;
        }
        if let Some(legacy) = &self.expected.legacy_epsilon_pareto {
            let outcome = score_rates(&table, &params(RateRule::EpsilonPareto, Scheme::Linear))?;
            comparison.equal(
                "legacy_epsilon_pareto.linear",
                &legacy.linear,
                &floats(&outcome.points),
            )?;
            let (expected, found) = (
                (&legacy.weights_t1[..], &legacy.u16_t1[..]),
                (&outcome.weights[..], &outcome.u16[..]),
            );
            check_weights(comparison, "legacy_epsilon_pareto", expected, found)?;
        }
        Ok(())
    }

    fn check_thresholds(
        &self,
        found: &[Vec<Option<f64>>],
        comparison: &mut Comparison,
    ) -> Result<(), Difference> {
        let expected = &self.expected.thresholds;
        comparison.equal("thresholds.length", &expected.len(), &found.len())?;
        for (i, (expected, found)) in expected.iter().zip(found).enumerate() {
            comparison.equal(
                format_args!("thresholds[{i}].length"),
                &expected.len(),
                &found.len(),
            )?;
            for (e, (expected, found)) in expected.iter().zip(found).enumerate() {
                let field = format!("thresholds[{i}][{e}]");
                comparison.equal(
                    format_args!("{field} present"),
                    &expected.is_some(),
                    &found.is_some(),
                )?;
                if let (Some(expected), Some(found)) = (expected, found) {
                    comparison.close(field, expected.value(), *found, TOLERANCE)?;
                }
            }
        }
        Ok(())
    }

    fn check_frontier(
        &self,
        table: &RateTable,
        margins: &crate::dominance::Margins,
        comparison: &mut Comparison,
    ) -> Result<(), Difference> {
        let expected = &self.expected.pareto;
        comparison.equal(
            "pareto.epsilons.length",
            &expected.epsilons.len(),
            &margins.epsilons().len(),
        )?;
        for (e, (expected, found)) in expected.epsilons.iter().zip(margins.epsilons()).enumerate() {
            let field = format_args!("pareto.epsilons[{e}]");
            comparison.close(field, expected.value(), *found, EPSILON_TOLERANCE)?;
        }
        comparison.equal(
            "pareto.dominance.length",
            &expected.dominance.len(),
            &margins.miners(),
        )?;
        let mut all_compared = true;
        for (i, row) in expected.dominance.iter().enumerate() {
            comparison.equal(
                format_args!("pareto.dominance[{i}].length"),
                &row.len(),
                &margins.miners(),
            )?;
            for (j, dominates) in row.chars().enumerate() {
                if is_near_boundary(table, margins.epsilons(), i, j) {
                    all_compared = false;
                } else {
                    let field = format_args!("pareto.dominance[{i}][{j}]");
                    comparison.equal(field, &(dominates == '1'), &margins.dominates(i, j))?;
                }
            }
        }
        if all_compared {
            let found = margins
                .frontier()
                .into_iter()
                .map(|row| table.miners[row].uid)
                .collect();
            comparison.equal("pareto.frontier_uids", &expected.frontier_uids, &found)?;
        }
        Ok(())
    }
}

impl Input {
    fn table(&self) -> RateTable {
        let row = |((&uid, &first_block), scores): ((&u16, &Option<u64>), &Vec<Option<Number>>)| {
            RateMiner {
                uid,
                first_block,
                scores: scores
                    .iter()
                    .map(|score| score.map(Number::value))
                    .collect(),
            }
        };
        RateTable {
            envs: self.env_ids.clone(),
            miners: self
                .uids
                .iter()
                .zip(&self.first_block)
                .zip(&self.scores)
                .map(row)
                .collect(),
            samples: match &self.samples {
                SampleCounts::All(samples) => Samples::All(*samples),
                SampleCounts::PerEnvironment(samples) => Samples::PerEnvironment(
                    self.env_ids
                        .iter()
                        .map(|env| samples.get(env).copied())
                        .collect(),
                ),
            },
        }
    }
}

/// Whether a difference between two miners lies within the tolerance of ±ε in some environment.
fn is_near_boundary(table: &RateTable, epsilons: &[f64], i: usize, j: usize) -> bool {
    epsilons.iter().enumerate().any(|(env, epsilon)| {
        let difference = (table.score(i, env) - table.score(j, env)).abs();
        (difference - epsilon).abs() <= EPSILON_TOLERANCE
    })
}

fn check_weights(
    comparison: &mut Comparison,
    field: &str,
    expected: (&[f64], &[u16]),
    found: (&[f64], &[u16]),
) -> Result<(), Difference> {
    comparison.equal(
        format_args!("{field}.weights.length"),
        &expected.0.len(),
        &found.0.len(),
    )?;
    comparison.equal(
        format_args!("{field}.u16.length"),
        &expected.1.len(),
        &found.1.len(),
    )?;
    for (i, (expected, found)) in expected.0.iter().zip(found.0).enumerate() {
        comparison.close(
            format_args!("{field}.weights[{i}]"),
            *expected,
            *found,
            TOLERANCE,
        )?;
    }
    for (i, (expected_units, found_units)) in expected.1.iter().zip(found.1).enumerate() {
        let scaled = expected.0[i] * f64::from(u16::MAX);
        if (scaled - scaled.round()).abs() > UNIT_TOLERANCE {
            comparison.equal(
                format_args!("{field}.u16[{i}]"),
                expected_units,
                found_units,
            )?;
        }
    }
    Ok(())
}

fn floats(points: &[u128]) -> Vec<f64> {
    points.iter().map(|&points| points as f64).collect()
}
