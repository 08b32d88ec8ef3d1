//! The generated page about fidelity.

use std::fmt::Write as _;

use super::{Comparison, LARGEST_ERROR, LEAST_AGREEMENT, worst};

/// A table of all tasks, and what stands out; `shown` are the pictures of the sheet. `device` says what MuJoCo drew with.
pub fn page(comparisons: &[Comparison], shown: &[Comparison], device: &str) -> String {
    let mut page = format!(
        "# Fidelity\n\nWritten by `cargo xtask-gl fidelity`, where MuJoCo drew on the device `{device}`: another one may round a little differently.\n\n\
         Our pictures against those of MuJoCo's own renderer, {} of 84 × 84 pixels: every task, four cameras, five states of an episode of \
         the scripted expert, from the first to the last. Both with shadows, MuJoCo without reflections and with one sample per pixel. \
         *Agreement* is the share of pixels that show the same geom or site, or two whose surfaces are less than 1 mm apart, so that rounding decides \
         which of them is seen; *exact* counts the same geom or site only. *Error* is the mean absolute difference of colors in steps of 1/255; \
         the last column is that against MuJoCo's default of four samples per pixel.\n\n",
        comparisons.len()
    );
    let total = Line::of(comparisons);
    let mut tell = |text: String| page.push_str(&text);
    if let Some([agreement, error]) = worst(comparisons) {
        tell(format!(
            "Over all pictures {:.2} % of the pixels agree, {:.2} % exactly, and the error is {:.2}.\n\
             Lowest agreement: {:.2} % ({}).\nLargest error: {:.2} ({}).\n",
            100.0 * total.agreement,
            100.0 * total.exact,
            total.error,
            100.0 * agreement.agreement,
            agreement.label(),
            error.error,
            error.label(),
        ));
    }
    let failing = comparisons
        .iter()
        .filter(|comparison| !comparison.holds())
        .count();
    tell(format!(
        "{failing} pictures have less than {:.0} % or more than {LARGEST_ERROR:.0}.\n\n",
        100.0 * LEAST_AGREEMENT
    ));
    tell(
        "| task | agreement % | worst | exact % | error | worst | four samples |\n|---|---|---|---|---|---|---|\n"
            .to_owned(),
    );
    let tasks = comparisons.chunk_by(|a, b| a.env == b.env);
    let rows = tasks.map(|of_task| (format!("`{}`", of_task[0].env), Line::of(of_task)));
    for (name, line) in rows.chain([("all".to_owned(), total)]) {
        let smooth = line
            .smooth_error
            .map_or("–".to_owned(), |error| format!("{error:.2}"));
        writeln!(
            page,
            "| {name} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {smooth} |",
            100.0 * line.agreement,
            100.0 * line.worst_agreement,
            100.0 * line.exact,
            line.error,
            line.worst_error
        )
        .expect("writing to a string cannot fail");
    }
    page.push_str(
        "\n## Side by side\n\nOurs, MuJoCo's, and the difference times four; two scenes in each row, from the left and from the top:\n\n",
    );
    for (number, comparison) in (1..).zip(shown) {
        let (label, agreement, error) = (
            comparison.label(),
            100.0 * comparison.agreement,
            comparison.error,
        );
        writeln!(page, "{number}. {label}: {agreement:.2} %, {error:.2}")
            .expect("writing to a string cannot fail");
    }
    page.push_str(
        "\n![Pictures of both renderers and their differences](../images/fidelity.png)\n",
    );
    page
}

/// What some comparisons come to together.
struct Line {
    agreement: f64,
    worst_agreement: f64,
    exact: f64,
    error: f64,
    worst_error: f64,
    smooth_error: Option<f64>,
}

impl Line {
    fn of(comparisons: &[Comparison]) -> Self {
        let count = comparisons.len().max(1) as f64;
        let mean = |number: &dyn Fn(&Comparison) -> f64| {
            comparisons.iter().map(number).sum::<f64>() / count
        };
        let smooth: Option<Vec<f64>> = comparisons
            .iter()
            .map(|comparison| comparison.smooth_error)
            .collect();
        Self {
            agreement: mean(&|comparison| comparison.agreement),
            worst_agreement: comparisons
                .iter()
                .map(|comparison| comparison.agreement)
                .fold(1.0, f64::min),
            exact: mean(&|comparison| comparison.exact),
            error: mean(&|comparison| comparison.error),
            worst_error: comparisons
                .iter()
                .map(|comparison| comparison.error)
                .fold(0.0, f64::max),
            smooth_error: smooth.map(|errors| errors.iter().sum::<f64>() / count),
        }
    }
}
