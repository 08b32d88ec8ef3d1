//! Cases of the default rule.

use serde::Deserialize;

use super::{Comparison, Difference, GoldenError, Mismatch, Report};
use crate::evidence::equals_exactly;
use crate::outcome::{Outcome, score};
use crate::params::Params;
use crate::ratio::Ratio;
use crate::relations::PairTable;
use crate::table::{Baseline, Commit, EnvOutcomes, Miner, MinerRef, OutcomeTable};

pub(super) const SCHEMA: &str = "standing_pareto/1";

/// Weights that are not fractions come from a root.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "schema")]
    _schema: String,
    defaults: Settings,
    evalues: Vec<ExactEValue>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExactEValue {
    u: u64,
    d: u64,
    num: String,
    den: String,
}

/// Parameters that differ from the defaults.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    alpha: Option<Fraction>,
    n_max: Option<u32>,
    min_gap: Option<Fraction>,
    solve_gap: Option<Fraction>,
    n_min: Option<u64>,
    rho: Option<Fraction>,
    phi: Option<Fraction>,
    kappa: Option<Fraction>,
    scheme: Option<String>,
    temperature: Option<Fraction>,
}

#[derive(Clone, Copy, Deserialize)]
struct Fraction(u32, u32);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: u64,
    kind: String,
    envs: usize,
    params: Settings,
    miners: Vec<MinerRow>,
    baselines: Vec<Vec<String>>,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MinerRow {
    uid: u16,
    hotkey: String,
    commits: Vec<(u64, u32, String)>,
    outcomes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    order: Vec<u16>,
    threshold: (u64, u64),
    above: Vec<u64>,
    better: Vec<Vec<u64>>,
    perfect_tie: Vec<Vec<u64>>,
    outclasses: Vec<Vec<u8>>,
    follower: Vec<u8>,
    wins: Vec<Vec<u64>>,
    topples: Vec<Vec<u8>>,
    winners: Option<Vec<Option<u16>>>,
    sizes: Vec<Vec<u128>>,
    points: Vec<u128>,
    total: u128,
    weights: Vec<Weight>,
    u16: Vec<u16>,
    burn_u16: u16,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Weight {
    Exact(u64, u64),
    Rounded(f64),
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
    for (row, e_value) in (0..).zip(&file.evalues) {
        let ExactEValue { u, d, num, den } = e_value;
        let agrees = equals_exactly(*u, *d, num, den) == Some(true);
        if let Err(difference) = comparison.check("evalues", agrees, || {
            format!("e({u}, {d}) is not {num}/{den}")
        }) {
            report.mismatch = Some(mismatch(row, "evalue", difference));
        }
    }
    if report.mismatch.is_none() {
        report.mismatch = check_cases(&file, &mut comparison, &mut report.cases)?;
    }
    report.values = comparison.values;
    Ok(report)
}

fn check_cases(
    file: &File,
    comparison: &mut Comparison,
    cases: &mut usize,
) -> Result<Option<Mismatch>, GoldenError> {
    for case in &file.cases {
        *cases += 1;
        let refused = |source| GoldenError::Score {
            case: case.id,
            source,
        };
        let mut params = Params::default();
        file.defaults.apply(&mut params).map_err(refused)?;
        case.params.apply(&mut params).map_err(refused)?;
        let table = case.table().map_err(refused)?;
        let outcome = score(&table, &params).map_err(refused)?;
        if let Err(difference) = case.check(&table, &outcome, comparison) {
            return Ok(Some(mismatch(case.id, &case.kind, difference)));
        }
    }
    Ok(None)
}

fn mismatch(case: u64, kind: &str, Difference { field, detail }: Difference) -> Mismatch {
    Mismatch {
        case,
        kind: kind.to_owned(),
        field,
        detail,
    }
}

impl Settings {
    fn apply(&self, params: &mut Params) -> Result<(), crate::Error> {
        let fractions = [
            (&mut params.alpha, self.alpha),
            (&mut params.min_gap, self.min_gap),
            (&mut params.solve_gap, self.solve_gap),
            (&mut params.rho, self.rho),
            (&mut params.phi, self.phi),
            (&mut params.kappa, self.kappa),
            (&mut params.temperature, self.temperature),
        ];
        for (param, setting) in fractions {
            if let Some(Fraction(numerator, denominator)) = setting {
                *param = Ratio::new(numerator, denominator)?;
            }
        }
        params.n_max = self.n_max.unwrap_or(params.n_max);
        params.n_min = self.n_min.unwrap_or(params.n_min);
        if let Some(scheme) = &self.scheme {
            params.scheme = scheme.parse()?;
        }
        Ok(())
    }
}

impl Case {
    fn table(&self) -> Result<OutcomeTable, crate::Error> {
        let outcomes = |row: &Vec<String>| {
            row.iter()
                .map(|text| text.parse())
                .collect::<Result<Vec<EnvOutcomes>, _>>()
        };
        let miner = |row: &MinerRow| {
            let commit = |(block, extrinsic, digest): &(u64, u32, String)| Commit {
                block: *block,
                extrinsic: *extrinsic,
                digest: digest.clone(),
            };
            Ok(Miner {
                id: MinerRef {
                    uid: row.uid,
                    hotkey: row.hotkey.clone(),
                },
                commits: row.commits.iter().map(commit).collect(),
                outcomes: outcomes(&row.outcomes)?,
            })
        };
        let baseline = |(index, row): (usize, &Vec<String>)| {
            Ok(Baseline {
                name: format!("baseline {index}"),
                outcomes: outcomes(row)?,
            })
        };
        OutcomeTable::new(
            (0..self.envs).map(|env| format!("env {env}")).collect(),
            self.baselines
                .iter()
                .enumerate()
                .map(baseline)
                .collect::<Result<_, crate::Error>>()?,
            self.miners
                .iter()
                .map(miner)
                .collect::<Result<_, crate::Error>>()?,
        )
    }

    fn check(
        &self,
        table: &OutcomeTable,
        outcome: &Outcome,
        comparison: &mut Comparison,
    ) -> Result<(), Difference> {
        let (expected, relations) = (&self.expected, &outcome.relations);
        let uids: Vec<u16> = table.miners().iter().map(|miner| miner.id.uid).collect();
        comparison.equal("order", &expected.order, &uids)?;
        let threshold = (
            relations.threshold.numerator(),
            relations.threshold.denominator(),
        );
        comparison.equal("threshold", &expected.threshold, &threshold)?;
        comparison.equal("above", &expected.above, &relations.solved)?;
        comparison.equal(
            "better",
            &expected.better,
            &rows(&relations.better, |&mask| mask),
        )?;
        comparison.equal(
            "perfect_tie",
            &expected.perfect_tie,
            &rows(&relations.perfect, |&mask| mask),
        )?;
        comparison.equal("wins", &expected.wins, &rows(&relations.wins, |&mask| mask))?;
        comparison.equal(
            "outclasses",
            &expected.outclasses,
            &rows(&relations.outclasses, |&flag| flag.into()),
        )?;
        comparison.equal(
            "topples",
            &expected.topples,
            &rows(&relations.topples, |&flag| flag.into()),
        )?;
        let follower: Vec<u8> = relations.follower.iter().map(|&flag| flag.into()).collect();
        comparison.equal("follower", &expected.follower, &follower)?;
        if let Some(expected) = &expected.winners {
            let winners = outcome.winners(1..1 << self.envs).into_iter();
            let found: Vec<Option<u16>> =
                winners.map(|winner| winner.map(|row| uids[row])).collect();
            comparison.equal("winners", expected, &found)?;
        }
        comparison.equal("sizes", &expected.sizes, &outcome.count.sizes)?;
        comparison.equal("points", &expected.points, &outcome.points)?;
        comparison.equal("total", &expected.total, &outcome.total)?;
        self.check_weights(outcome, comparison)
    }

    fn check_weights(
        &self,
        outcome: &Outcome,
        comparison: &mut Comparison,
    ) -> Result<(), Difference> {
        let (expected, weights) = (&self.expected, &outcome.weights);
        comparison.equal(
            "weights.length",
            &expected.weights.len(),
            &weights.shares.len(),
        )?;
        for (miner, expected) in expected.weights.iter().enumerate() {
            let field = format!("weights[{miner}]");
            match (expected, &weights.exact) {
                (Weight::Exact(num, den), Some(exact)) => comparison.equal(
                    field,
                    &(u128::from(*num), u128::from(*den)),
                    &exact.reduced(miner),
                )?,
                (Weight::Exact(num, den), None) => {
                    let expected = *num as f64 / *den as f64;
                    comparison.close(field, expected, weights.shares[miner], TOLERANCE)?;
                }
                (Weight::Rounded(expected), _) => {
                    comparison.close(field, *expected, weights.shares[miner], TOLERANCE)?;
                }
            }
        }
        comparison.equal("u16", &expected.u16, &weights.u16)?;
        comparison.equal("burn_u16", &expected.burn_u16, &weights.burn_u16)
    }
}

fn rows<T: Copy + Default, U>(table: &PairTable<T>, convert: fn(&T) -> U) -> Vec<Vec<U>> {
    (0..table.miners())
        .map(|miner| table.row(miner).iter().map(convert).collect())
        .collect()
}
