//! `kinitro test-scoring`: the scoring rules on random tables, on a table of yours, or on recorded cases.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use kinitro_core::seed::CycleSeed;
use kinitro_scoring::golden;
use serde::Serialize;

use super::shared::ScoringArgs;
use crate::error::{CliError, Kind};
use crate::evaluate::output::leaderboard;
use crate::output::Output;
use crate::scoreboard::{
    ESTIMATED, LOWERED, Scoreboard, ScoringSettings, score_outcomes, score_success_rates,
};
use crate::scoring_table::{self, FORMAT_HELP, InputError, NamedTable, RandomTable, Table};

/// Arguments of `kinitro test-scoring`.
#[derive(Debug, Args)]
#[command(after_help = FORMAT_HELP)]
pub struct TestScoringArgs {
    /// Miners of a random table.
    #[arg(long, value_name = "N", default_value_t = 5)]
    n_miners: u16,
    /// Environments of a random table.
    #[arg(long, value_name = "N", default_value_t = 3)]
    n_envs: usize,
    /// Episodes per miner and environment of a random table.
    #[arg(long, value_name = "N", default_value_t = 50)]
    episodes_per_env: usize,
    /// Decides the random table, and which subsets are drawn where there are too many to count.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Score the table in this file instead; the format is below.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["n_miners", "n_envs", "episodes_per_env"])]
    input: Option<PathBuf>,
    /// Check the recorded cases in this file (*.json.gz, of the compatible or of the default rule) instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input", "n_miners", "n_envs", "episodes_per_env", "rule", "scheme", "temperature", "evidence"])]
    golden: Option<PathBuf>,
    #[command(flatten)]
    scoring: ScoringArgs,
}

impl TestScoringArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// Bad arguments or files; the first recorded case that comes out differently.
    pub fn run(&self, output: &mut Output) -> Result<(), CliError> {
        if let Some(path) = &self.golden {
            return check_golden(path, output);
        }
        let settings = self.scoring.settings();
        let table = match &self.input {
            Some(path) => scoring_table::read(path)?,
            None => scoring_table::draw(&RandomTable {
                miners: self.n_miners,
                envs: self.n_envs,
                episodes: self.episodes_per_env,
                seed: self.seed,
            })
            .map_err(CliError::usage)?,
        };
        let seed = CycleSeed::from_local_seed(self.seed);
        let scored = match &table.table {
            Table::Outcomes(outcomes) => score_outcomes(outcomes, &settings, seed),
            Table::Rates(rates) => score_success_rates(rates, &settings, seed),
        };
        output.print(&Report::new(
            &table,
            &settings,
            scored.map_err(CliError::usage)?,
        ))
    }
}

impl From<InputError> for CliError {
    fn from(error: InputError) -> Self {
        let kind = match error {
            InputError::Read { .. } => Kind::NotFound,
            _ => Kind::Usage,
        };
        Self::new(kind, error)
    }
}

/// What is printed; rows are in the order of the scoreboard.
#[derive(Debug, Serialize)]
struct Report {
    rule: String,
    scheme: String,
    temperature: f64,
    thresholds_lowered: bool,
    approximate: bool,
    miners: Vec<MinerReport>,
    /// As text, since it may exceed what JSON readers hold exactly.
    awarded: String,
    available: String,
    burn: f64,
    burn_u16: u16,
    explanation: Vec<String>,
    #[serde(skip)]
    scoreboard: Scoreboard,
}

#[derive(Debug, Serialize)]
struct MinerReport {
    uid: u16,
    name: String,
    mean_rate: f64,
    frontier: bool,
    points: String,
    weight: f64,
    weight_u16: u16,
    why: String,
}

impl Report {
    fn new(table: &NamedTable, settings: &ScoringSettings, scoreboard: Scoreboard) -> Self {
        let name = |uid: u16| {
            table
                .names
                .iter()
                .find(|(named, _)| *named == uid)
                .map(|(_, name)| name.clone())
                .unwrap_or_default()
        };
        let miners = scoreboard.rows.iter().map(|row| MinerReport {
            uid: row.uid,
            name: name(row.uid),
            mean_rate: row.mean_rate,
            frontier: row.on_frontier,
            points: row.points.to_string(),
            weight: row.share,
            weight_u16: row.weight,
            why: row.why.clone(),
        });
        Self {
            rule: settings.rule.to_string(),
            scheme: settings.scheme.to_string(),
            temperature: settings.temperature.to_f64(),
            thresholds_lowered: scoreboard.thresholds_lowered,
            approximate: scoreboard.is_approximate,
            miners: miners.collect(),
            awarded: scoreboard.awarded.to_string(),
            available: scoreboard.available.to_string(),
            burn: scoreboard.burn.0,
            burn_u16: scoreboard.burn.1,
            explanation: scoreboard.explanation.clone(),
            scoreboard,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Rule {}, scheme {}, temperature {}\n",
            self.rule, self.scheme, self.temperature
        )?;
        let name = |uid: u16| {
            self.miners
                .iter()
                .find(|miner| miner.uid == uid)
                .map(|miner| miner.name.clone())
                .unwrap_or_default()
        };
        writeln!(f, "{}", leaderboard(&self.scoreboard, name))?;
        if self.thresholds_lowered {
            writeln!(f, "\n{LOWERED}")?;
        }
        if self.approximate {
            writeln!(f, "\n{ESTIMATED}")?;
        }
        if !self.explanation.is_empty() {
            writeln!(f)?;
        }
        self.explanation
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Checks recorded cases, all of them or up to the first difference.
fn check_golden(path: &Path, output: &mut Output) -> Result<(), CliError> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()));
    let bytes = bytes.map_err(|error| CliError::new(Kind::NotFound, error))?;
    let checked =
        golden::check_gz(&bytes).with_context(|| format!("cannot check `{}`", path.display()))?;
    let mismatch = checked.mismatch.as_ref().map(ToString::to_string);
    output.print(&GoldenReport {
        schema: checked.schema,
        cases: checked.cases,
        values: checked.values,
        mismatch: mismatch.clone(),
    })?;
    mismatch.map_or(Ok(()), |mismatch| Err(CliError::failed(anyhow!(mismatch))))
}

#[derive(Debug, Serialize)]
struct GoldenReport {
    schema: String,
    cases: usize,
    values: usize,
    mismatch: Option<String>,
}

impl fmt::Display for GoldenReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.mismatch.is_none() {
            "all equal"
        } else {
            "then a difference"
        };
        write!(
            f,
            "{}: {} cases, {} values compared, {verdict}",
            self.schema, self.cases, self.values
        )
    }
}
