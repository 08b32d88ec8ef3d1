//! How policies behind servers answered: how fast, and what went wrong.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use kinitro_core::ids::PolicyName;
use kinitro_core::protocol::results::{PolicyResult, Results, WireResult};

use super::markup::Text;
use crate::evaluate::histogram::Histogram;

/// Size of a plot, in its own units.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 48.0;

/// Answers by the milliseconds that they took.
pub(super) type Answers = Histogram<u16>;

/// The part of the answers that came within a time, drawn over `0..=most` milliseconds.
fn plot(answers: &Answers, most: u16) -> String {
    let total = answers.total().max(1) as f64;
    let x = |ms: u16| f64::from(ms) / f64::from(most.max(1)) * WIDTH;
    let mut path = format!("M0 {HEIGHT}");
    for (ms, within) in answers.cumulative() {
        let height = HEIGHT - within as f64 / total * HEIGHT;
        write!(path, "H{:.1}V{height:.1}", x(ms)).expect("text can always grow");
    }
    format!("{path}H{WIDTH}")
}

pub(super) struct Section<'a> {
    pub(super) results: &'a Results,
    pub(super) answers: &'a BTreeMap<PolicyName, Answers>,
}

impl fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<section id=\"answers\" aria-labelledby=\"answers-title\">\n\
             <h2 id=\"answers-title\">Answer times</h2>\n"
        )?;
        if self.served().count() < self.results.policies.len() {
            writeln!(
                f,
                "<p>Answers of policies that run inside the evaluator are not timed.</p>"
            )?;
        }
        if self.served().next().is_some() {
            self.table(f)?;
        }
        writeln!(f, "</section>")
    }
}

impl Section<'_> {
    /// The policies behind servers.
    fn served(&self) -> impl Iterator<Item = (&PolicyResult, &WireResult)> {
        let policies = self.results.policies.iter();
        policies.filter_map(|policy| policy.wire.as_ref().map(|wire| (policy, wire)))
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slowest = self.answers.values().map(|answers| answers.percentile(100));
        let most = slowest.max().unwrap_or(0);
        write!(
            f,
            "<table class=\"stacked\">\n\
             <caption>Milliseconds from question to answer. Held: the deadline was missed and the action before repeated. \
             The curve is the part of the answers that came within a time, from 0 to {most} ms.</caption>\n<thead><tr>\
             <th scope=\"col\">Policy</th><th scope=\"col\">Protocol</th>"
        )?;
        for title in [
            "Answers", "p50", "p95", "p99", "Slowest", "Held", "Retried", "Failed",
        ] {
            write!(f, "<th scope=\"col\" class=\"n\">{title}</th>")?;
        }
        writeln!(
            f,
            "<th scope=\"col\">Distribution</th></tr></thead>\n<tbody>"
        )?;
        for (policy, wire) in self.served() {
            self.row(policy, wire, most, f)?;
        }
        writeln!(f, "</tbody>\n</table>")
    }

    fn row(
        &self,
        policy: &PolicyResult,
        wire: &WireResult,
        most: u16,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let name = Text(policy.name.as_str());
        let spoken = match (wire.protocol, wire.encoding) {
            (Some(protocol), Some(encoding)) => format!("{protocol}, {}", encoding.as_str()),
            _ => "not reached".to_owned(),
        };
        let failed: u64 = wire.failures.values().sum();
        let counts = [
            ("answers", "Answers", wire.answers),
            ("held", "Held", wire.held),
            ("retried", "Retried", wire.retried),
            ("failed", "Failed", failed),
        ];
        let times = [
            ("p50", "p50", wire.p50_ms),
            ("p95", "p95", wire.p95_ms),
            ("p99", "p99", wire.p99_ms),
            ("slowest", "Slowest", wire.max_ms),
        ];
        write!(f, "<tr data-row=\"answers\" data-policy=\"{name}\"")?;
        for (key, _, count) in counts {
            write!(f, " data-{key}=\"{count}\"")?;
        }
        for (key, _, ms) in times {
            write!(f, " data-{key}=\"{ms}\"")?;
        }
        write!(
            f,
            "><th scope=\"row\">{name}</th><td data-label=\"Protocol\">{spoken}</td>"
        )?;
        let [answers, rest @ ..] = counts.map(|(_, label, count)| (label, count.to_string()));
        let times = times.map(|(_, label, ms)| (label, format!("{ms:.1}")));
        for (label, value) in [answers].into_iter().chain(times).chain(rest) {
            write!(f, "<td class=\"n\" data-label=\"{label}\">{value}</td>")?;
        }
        write!(f, "<td class=\"why\">")?;
        for (outcome, count) in &wire.failures {
            let outcome = outcome.as_str().replace('_', " ");
            write!(f, "{count} × {} ", Text(&outcome))?;
        }
        if let Some(answers) = self.answers.get(&policy.name) {
            write!(
                f,
                "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Distribution of {name}\">\
                 <path d=\"{}\"/></svg>",
                plot(answers, most)
            )?;
        }
        writeln!(f, "</td></tr>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_ends_at_the_top() {
        let mut answers = Answers::default();
        answers.count(0);
        answers.count(50);
        assert_eq!(plot(&answers, 100), "M0 48H0.0V24.0H160.0V0.0H320");
    }
}
