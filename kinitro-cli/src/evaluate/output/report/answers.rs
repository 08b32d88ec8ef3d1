//! How long policies took to answer.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use kinitro_core::ids::PolicyName;
use kinitro_core::protocol::results::Results;
use kinitro_core::record::transcript::Frame;

use super::markup::Text;

/// Size of a plot, in its own units.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 48.0;

/// How many answers took how many milliseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers(BTreeMap<u16, u64>);

impl Answers {
    pub(super) fn count(&mut self, frames: &[Frame]) {
        for frame in frames {
            *self.0.entry(frame.wire_ms).or_default() += 1;
        }
    }

    fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Milliseconds within which `percent` of the answers came, by the nearest-rank rule; 0 without answers.
    fn percentile(&self, percent: u64) -> u16 {
        let rank = (self.total() * percent).div_ceil(100);
        let within = self.cumulative().find(|(_, within)| *within >= rank);
        within.map_or(0, |(ms, _)| ms)
    }

    /// Milliseconds, and how many answers came within them.
    fn cumulative(&self) -> impl Iterator<Item = (u16, u64)> {
        self.0.iter().scan(0, |within, (ms, count)| {
            *within += count;
            Some((*ms, *within))
        })
    }

    /// The part of the answers that came within a time, drawn over `0..=most` milliseconds.
    fn plot(&self, most: u16) -> String {
        let total = self.total().max(1) as f64;
        let x = |ms: u16| f64::from(ms) / f64::from(most.max(1)) * WIDTH;
        let mut path = format!("M0 {HEIGHT}");
        for (ms, within) in self.cumulative() {
            let height = HEIGHT - within as f64 / total * HEIGHT;
            write!(path, "H{:.1}V{height:.1}", x(ms)).expect("text can always grow");
        }
        format!("{path}H{WIDTH}")
    }
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
        if self.answers.len() < self.results.policies.len() {
            writeln!(
                f,
                "<p>Answers of policies that run inside the evaluator are not timed.</p>"
            )?;
        }
        if !self.answers.is_empty() {
            self.table(f)?;
        }
        writeln!(f, "</section>")
    }
}

impl Section<'_> {
    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slowest = self.answers.values().map(|answers| answers.percentile(100));
        let most = slowest.max().unwrap_or(0);
        write!(
            f,
            "<table class=\"stacked\">\n\
             <caption>Milliseconds from question to answer. The curve is the part of the answers that came within a time, \
             from 0 to {most} ms.</caption>\n<thead><tr><th scope=\"col\">Policy</th>\
             <th scope=\"col\" class=\"n\">Answers</th><th scope=\"col\" class=\"n\">p50</th>\
             <th scope=\"col\" class=\"n\">p95</th><th scope=\"col\" class=\"n\">p99</th>\
             <th scope=\"col\" class=\"n\">Slowest</th><th scope=\"col\">Distribution</th></tr></thead>\n<tbody>\n"
        )?;
        for policy in &self.results.policies {
            let Some(answers) = self.answers.get(&policy.name) else {
                continue;
            };
            let (name, total) = (Text(policy.name.as_str()), answers.total());
            let [p50, p95, p99, max] = [50, 95, 99, 100].map(|percent| answers.percentile(percent));
            writeln!(
                f,
                "<tr data-row=\"answers\" data-policy=\"{name}\" data-answers=\"{total}\" data-p50=\"{p50}\" \
                 data-p95=\"{p95}\" data-p99=\"{p99}\" data-slowest=\"{max}\">\
                 <th scope=\"row\">{name}</th><td class=\"n\" data-label=\"Answers\">{total}</td>\
                 <td class=\"n\" data-label=\"p50\">{p50}</td>\
                 <td class=\"n\" data-label=\"p95\">{p95}</td>\
                 <td class=\"n\" data-label=\"p99\">{p99}</td>\
                 <td class=\"n\" data-label=\"Slowest\">{max}</td>\
                 <td class=\"why\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Distribution of {name}\">\
                 <path d=\"{}\"/></svg></td></tr>",
                answers.plot(most),
            )?;
        }
        writeln!(f, "</tbody>\n</table>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let answers = Answers([(1, 50), (4, 45), (9, 4), (500, 1)].into());
        let at = |percent| answers.percentile(percent);
        assert_eq!([at(50), at(51), at(95), at(99), at(100)], [1, 4, 4, 9, 500]);
        assert_eq!(Answers::default().percentile(99), 0);
    }

    #[test]
    fn the_curve_ends_at_the_top() {
        let answers = Answers([(0, 1), (50, 1)].into());
        assert_eq!(answers.plot(100), "M0 48H0.0V24.0H160.0V0.0H320");
    }
}
