//! One form for the results of all scoring rules: who earns what, and why in a sentence.

mod reasons;
mod settings;

use std::collections::BTreeMap;
use std::fmt;

use kinitro_core::seed::CycleSeed;
use kinitro_scoring::dominance::Margins;
use kinitro_scoring::explain::MinerReport;
use kinitro_scoring::{
    Error, OutcomeTable, Params, RateMiner, RateParams, RateRule, RateTable, score, score_rates,
};

pub use reasons::short_name;
pub use settings::{Evidence, Rule, ScoringSettings, parse_ratio};

use reasons::{subsets_of, why};

/// What is said where [`Scoreboard::thresholds_lowered`].
pub const LOWERED: &str =
    "DEMONSTRATION: evidence thresholds are lowered (--evidence demo). Nothing above is proven.";
/// What is said where [`Scoreboard::is_approximate`].
pub const ESTIMATED: &str =
    "Points are estimates from random subsets: there are too many to count.";

/// Who earns what.
#[derive(Debug, Clone, PartialEq)]
pub struct Scoreboard {
    /// One row per miner: in order of precedence for the default rule, in the order of the table for the others.
    pub rows: Vec<Row>,
    /// Sum of all points.
    pub awarded: u128,
    /// Points of all subsets, awarded or not.
    pub available: u128,
    /// The part that nobody earned, as a share and in units of 1/65535; the compatible rules burn nothing.
    pub burn: (f64, u16),
    /// The rule's parameters by name, exact numbers as text.
    pub parameters: BTreeMap<String, String>,
    /// Less evidence was asked for than by default: nothing here is proven.
    pub thresholds_lowered: bool,
    /// Points are estimates from random subsets.
    pub is_approximate: bool,
    /// The rule's full account, line by line; empty for the compatible rules.
    pub explanation: Vec<String>,
    /// Who holds the largest subsets.
    pub titles: Vec<Title>,
}

/// Who holds a subset of the environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// The subset.
    pub envs: Vec<String>,
    /// Uids of all holders, of whom the last wins; empty where nobody solves all of it.
    pub holders: Vec<u16>,
}

/// One miner's row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Who.
    pub uid: u16,
    /// Mean success rate over all environments.
    pub mean_rate: f64,
    /// Whether nobody ε-dominates it.
    pub on_frontier: bool,
    /// Points over all subsets.
    pub points: u128,
    /// Subsets won.
    pub subsets: u128,
    /// Part of the emission, in `[0, 1]`.
    pub share: f64,
    /// The same as it is submitted, in units of 1/65535.
    pub weight: u16,
    /// Why, in one sentence without a full stop.
    pub why: String,
}

/// Scores outcomes by any rule. `cycle_seed` decides sampled subsets where counting all is too expensive.
///
/// # Errors
/// Those of [`score`] and [`score_rates`].
pub fn score_outcomes(
    table: &OutcomeTable,
    settings: &ScoringSettings,
    cycle_seed: CycleSeed,
) -> Result<Scoreboard, Error> {
    let rates = table.to_rates();
    if settings.rule != Rule::StandingPareto {
        return score_success_rates(&rates, settings, cycle_seed);
    }
    let params = settings.params(cycle_seed);
    let outcome = score(table, &params)?;
    let explanation = outcome.explain(table);
    let frontier = Margins::new(&rates)?.frontier();
    let row = |(position, report): (usize, &MinerReport)| Row {
        uid: report.id.uid,
        mean_rate: mean_rate(&rates, position),
        on_frontier: frontier.contains(&position),
        points: report.points,
        subsets: report.subsets,
        share: report.share,
        weight: outcome.weights.u16[position],
        why: why(report, &explanation),
    };
    let title = |title: &kinitro_scoring::explain::Title| Title {
        envs: members(title.subset, table.envs()),
        holders: title
            .holders
            .iter()
            .map(|&holder| table.miners()[holder].id.uid)
            .collect(),
    };
    let threshold = params.threshold(table.envs().len());
    let mut parameters = standing_parameters(&params);
    parameters.insert("evidence".to_owned(), settings.evidence.to_string());
    parameters.insert(
        "evidence_threshold".to_owned(),
        threshold.to_f64().to_string(),
    );
    Ok(Scoreboard {
        rows: explanation.miners.iter().enumerate().map(row).collect(),
        awarded: outcome.awarded,
        available: outcome.total,
        burn: (outcome.weights.burn, outcome.weights.burn_u16),
        parameters,
        thresholds_lowered: outcome.thresholds_lowered,
        is_approximate: outcome.count.is_approximate(),
        explanation: explanation.to_string().lines().map(str::to_owned).collect(),
        titles: explanation.titles.iter().map(title).collect(),
    })
}

/// Scores success rates by a compatible rule.
///
/// # Errors
/// [`Error::InvalidParam`] for the default rule, which needs outcomes; those of [`score_rates`].
pub fn score_success_rates(
    table: &RateTable,
    settings: &ScoringSettings,
    cycle_seed: CycleSeed,
) -> Result<Scoreboard, Error> {
    let rule = match settings.rule {
        Rule::StandingPareto => {
            let reason =
                "`standing_pareto` needs the outcome of every episode, not only success rates";
            return Err(Error::InvalidParam {
                name: "rule",
                reason,
            });
        }
        Rule::FirstCommit => RateRule::FirstCommit,
        Rule::EpsilonPareto => RateRule::EpsilonPareto,
    };
    let params = settings.rate_params(rule, cycle_seed);
    let outcome = score_rates(table, &params)?;
    let frontier = outcome.margins.frontier();
    let row = |(position, miner): (usize, &RateMiner)| {
        let subsets: u128 = outcome.count.sizes[position].iter().sum();
        Row {
            uid: miner.uid,
            mean_rate: mean_rate(table, position),
            on_frontier: frontier.contains(&position),
            points: outcome.points[position],
            subsets,
            share: outcome.weights[position],
            weight: outcome.u16[position],
            why: if subsets == 0 {
                "wins no subset".to_owned()
            } else {
                format!("wins {}", subsets_of(subsets))
            },
        }
    };
    let all = all_of(table.envs.len());
    let all_but_one = (0..table.envs.len()).map(|env| all & !(1 << env));
    let title = |subset: u64| Title {
        envs: members(subset, &table.envs),
        holders: outcome
            .winner(subset)
            .map(|miner| table.miners[miner].uid)
            .into_iter()
            .collect(),
    };
    Ok(Scoreboard {
        rows: table.miners.iter().enumerate().map(row).collect(),
        awarded: outcome.points.iter().sum(),
        available: settings.scheme.total(table.envs.len(), 1),
        burn: (0.0, 0),
        parameters: rate_parameters(&params),
        thresholds_lowered: false,
        is_approximate: outcome.count.is_approximate(),
        explanation: Vec::new(),
        titles: [all]
            .into_iter()
            .chain(all_but_one)
            .filter(|subset| *subset != 0)
            .map(title)
            .collect(),
    })
}

fn all_of(envs: usize) -> u64 {
    (0..envs).fold(0, |mask, env| mask | 1 << env)
}

fn members(mask: u64, envs: &[String]) -> Vec<String> {
    let named = envs
        .iter()
        .enumerate()
        .filter(|(env, _)| mask >> env & 1 == 1);
    named.map(|(_, name)| name.clone()).collect()
}

fn standing_parameters(params: &Params) -> BTreeMap<String, String> {
    let Params {
        alpha,
        n_max,
        min_gap,
        solve_gap,
        n_min,
        rho,
        phi,
        kappa,
        min_weight,
        ..
    } = params;
    let named: [(&str, &dyn fmt::Display); 9] = [
        ("alpha", alpha),
        ("n_max", n_max),
        ("min_gap", min_gap),
        ("solve_gap", solve_gap),
        ("n_min", n_min),
        ("rho", rho),
        ("phi", phi),
        ("kappa", kappa),
        ("min_weight", min_weight),
    ];
    named
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .collect()
}

fn rate_parameters(params: &RateParams) -> BTreeMap<String, String> {
    let RateParams {
        gaps, min_weight, ..
    } = params;
    let named = [
        ("z_score", gaps.z_score),
        ("min_gap", gaps.min_gap),
        ("max_gap", gaps.max_gap),
        ("min_weight", *min_weight),
    ];
    named
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .collect()
}

fn mean_rate(table: &RateTable, position: usize) -> f64 {
    let scores = &table.miners[position].scores;
    let sum: f64 = scores.iter().map(|score| score.unwrap_or(0.0)).sum();
    if scores.is_empty() {
        0.0
    } else {
        sum / scores.len() as f64
    }
}
