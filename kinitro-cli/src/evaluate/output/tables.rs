//! An evaluation as tables: for spreadsheets, and for terminals of 100 columns.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, Width, presets,
};
use kinitro_core::protocol::results::{EnvResult, PolicyResult, Results};

use crate::scoreboard::{Scoreboard, short_name};

/// Tables stay within this many columns.
const WIDTH: u16 = 100;
/// Width of a policy's column in the success table: `100 %  72–100` with its frame.
const POLICY_COLUMN: usize = 17;

/// One line per policy and environment.
///
/// # Errors
/// Never in practice: the bytes go to memory.
pub(super) fn results_csv(results: &Results) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "policy",
        "spec",
        "env",
        "successes",
        "trials",
        "rate",
        "wilson_low",
        "wilson_high",
        "mean_steps_to_success",
        "mean_reward",
    ])?;
    for policy in &results.policies {
        for result in &policy.envs {
            table.write_record([
                policy.name.to_string(),
                policy.spec.clone(),
                result.env.to_string(),
                result.successes.to_string(),
                result.trials.to_string(),
                result.rate.get().to_string(),
                result.interval.low.get().to_string(),
                result.interval.high.get().to_string(),
                optional(result.mean_steps_to_success),
                optional(result.mean_reward),
            ])?;
        }
    }
    finish(table)
}

/// One line per episode.
///
/// # Errors
/// As [`results_csv`].
pub(super) fn episodes_csv(results: &Results) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "env",
        "episode",
        "policy",
        "outcome",
        "success",
        "failure",
        "steps",
        "total_reward",
        "state_hash",
        "image_hash",
        "transcript",
    ])?;
    for entry in &results.episodes {
        table.write_record([
            entry.env.to_string(),
            entry.episode.to_string(),
            entry.policy.to_string(),
            entry.outcome.to_string(),
            entry.success.to_string(),
            entry.failure.clone().unwrap_or_default(),
            entry.steps.to_string(),
            entry.total_reward.to_string(),
            entry.state_hash.to_string(),
            entry
                .image_hash
                .map(|hash| hash.to_string())
                .unwrap_or_default(),
            entry.transcript.clone().unwrap_or_default(),
        ])?;
    }
    finish(table)
}

fn optional(number: Option<f64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn finish(table: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    table
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// Success rates: environments downwards, policies across, in as many tables as fit the width.
///
/// Each cell holds the rate and its Wilson interval at 95 %, in percent.
pub fn success_tables(results: &Results) -> Vec<Table> {
    let env_column = results
        .settings
        .envs
        .iter()
        .map(|env| short_name(env.as_str()).len())
        .max()
        .unwrap_or(0)
        .max(4);
    let room = (usize::from(WIDTH).saturating_sub(env_column + 4) / POLICY_COLUMN).max(1);
    results
        .policies
        .chunks(room)
        .map(|policies| success_table(results, policies))
        .collect()
}

fn success_table(results: &Results, policies: &[PolicyResult]) -> Table {
    let mut table = plain_table();
    let title = |policy: &PolicyResult| match policy.score {
        Some(_) => policy.name.to_string(),
        None => format!("({})", policy.name),
    };
    table.set_header(
        [String::new()]
            .into_iter()
            .chain(policies.iter().map(title)),
    );
    for (row, env) in results.settings.envs.iter().enumerate() {
        let cells = policies
            .iter()
            .map(|policy| right(rate_cell(&policy.envs[row])));
        table.add_row(
            [Cell::new(short_name(env.as_str()))]
                .into_iter()
                .chain(cells),
        );
    }
    let means = policies
        .iter()
        .map(|policy| right(format!("{}         ", percent(policy.mean_rate.get()))));
    table.add_row([Cell::new("mean")].into_iter().chain(means));
    table
}

/// `80 %  49–94`, aligned within its column.
fn rate_cell(result: &EnvResult) -> String {
    let whole = |rate: f64| format!("{:.0}", rate * 100.0);
    let interval = format!(
        "{}–{}",
        whole(result.interval.low.get()),
        whole(result.interval.high.get())
    );
    format!("{}  {interval:<7}", percent(result.rate.get()))
}

fn percent(rate: f64) -> String {
    format!("{:.0} %", rate * 100.0)
}

/// How servers answered: one row per policy behind one; `None` where there are none. Times in milliseconds.
pub fn wire_table(results: &Results) -> Option<Table> {
    let mut table = plain_table();
    table.set_header([
        "server", "protocol", "answers", "p50", "p95", "p99", "max", "held", "retried", "failed",
    ]);
    for policy in &results.policies {
        let Some(wire) = &policy.wire else {
            continue;
        };
        let spoken = match (wire.protocol, wire.encoding) {
            (Some(protocol), Some(encoding)) => format!("{protocol} {}", encoding.as_str()),
            _ => "not reached".to_owned(),
        };
        let mut row = vec![Cell::new(&policy.name), Cell::new(spoken)];
        row.push(right(wire.answers.to_string()));
        let times = [wire.p50_ms, wire.p95_ms, wire.p99_ms, wire.max_ms];
        row.extend(times.map(|ms| right(format!("{ms:.1}"))));
        let failed: u64 = wire.failures.values().sum();
        row.extend([wire.held, wire.retried, failed].map(|count| right(count.to_string())));
        table.add_row(row);
    }
    (table.row_count() > 0).then_some(table)
}

/// Who earns what: one row per miner, then what nobody earned. `name` gives a miner's name by uid.
pub fn leaderboard(scoreboard: &Scoreboard, name: impl Fn(u16) -> String) -> Table {
    let mut table = plain_table();
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table.set_header([
        "#", "policy", "mean", "frontier", "points", "share", "weight", "why",
    ]);
    for (place, row) in scoreboard.rows.iter().enumerate() {
        table.add_row([
            right((place + 1).to_string()),
            Cell::new(name(row.uid)),
            right(percent(row.mean_rate)),
            Cell::new(if row.on_frontier { "yes" } else { "" })
                .set_alignment(CellAlignment::Center),
            right(row.points.to_string()),
            right(format!("{:.1} %", row.share * 100.0)),
            right(row.weight.to_string()),
            Cell::new(&row.why),
        ]);
    }
    let (burn, burn_weight) = scoreboard.burn;
    let unearned = scoreboard.available - scoreboard.awarded.min(scoreboard.available);
    table.add_row([
        Cell::new(""),
        Cell::new("(burned)"),
        Cell::new(""),
        Cell::new(""),
        Cell::new(""),
        right(format!("{:.1} %", burn * 100.0)),
        right(burn_weight.to_string()),
        Cell::new(format!(
            "{unearned} of {} points won by nobody",
            scoreboard.available
        )),
    ]);
    // Names and numbers stay whole, only the reasons wrap.
    for column in 0..7 {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if let Some(policy) = table.column_mut(1) {
        policy.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(22)));
    }
    table
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}
