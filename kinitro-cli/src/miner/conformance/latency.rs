//! Acts one after the other, and how long they take.

use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use kinitro_core::protocol::wire::limits::{ACT_DEADLINE, STRICT_ACT_DEADLINE};
use kinitro_core::protocol::wire::{Command, EpisodeId};
use kinitro_sim::rollout::Seen;

use super::check::{Check, Subject};
use super::remedy::remedy;
use super::repeat::Likeness;
use super::tape::Tape;
use super::trial::{PATIENCE, SHORT, Stopped, Trial};
use crate::evaluate::histogram::Histogram;
use crate::policy_server::{Caller, Fault, Grace};

/// Answers later than the standard deadline after which it is clear that the server is too slow.
const LATE_ENOUGH: usize = 10;

/// Part of a deadline that the slowest answers may take before the reserve is called small, in percent.
const RESERVE: u32 = 80;

/// A run of acts, one after the other.
#[derive(Default)]
pub(super) struct Pace {
    pub(super) commands: Vec<Command>,
    series: Series,
    resets: Vec<Duration>,
    /// Answers that came at the second attempt, which evaluations make too.
    retried: usize,
    /// Bytes of all requests and of all answers.
    pub(super) request_len: usize,
    pub(super) answer_len: usize,
    stopped: Option<Stopped>,
}

/// The times of consecutive answers.
#[derive(Default)]
struct Series(Vec<Duration>);

impl Series {
    /// In milliseconds, by nearest rank.
    fn percentile(&self, percent: u64) -> f64 {
        let mut histogram = Histogram::default();
        self.0
            .iter()
            .for_each(|wire| histogram.count(wire.as_micros()));
        histogram.percentile(percent) as f64 / 1000.0
    }

    fn misses(&self, deadline: Duration) -> usize {
        self.0.iter().filter(|wire| **wire > deadline).count()
    }

    fn total(&self) -> Duration {
        self.0.iter().sum()
    }

    /// The step at which an evaluation ends an episode that is answered like this, if it does.
    fn ends_at(&self, deadline: Duration) -> Option<u32> {
        let mut grace = Grace::default();
        let mut late = (0_u32..).zip(&self.0).filter(|(_, wire)| **wire > deadline);
        late.find_map(|(step, _)| (!grace.forgives(step)).then_some(step))
    }

    /// The usual percentiles and misses, as text and as numbers.
    fn describe(&self, check: impl FnOnce(String) -> Check) -> Check {
        let [p50, p95, p99, max] = [50, 95, 99, 100].map(|percent| self.percentile(percent));
        let [late, late_strict] =
            [ACT_DEADLINE, STRICT_ACT_DEADLINE].map(|deadline| self.misses(deadline));
        let count = self.0.len();
        check(format!(
            "p50 {p50:.1}, p95 {p95:.1}, p99 {p99:.1}, max {max:.1} ms over {count}; {late} above 500 ms, {late_strict} above 100 ms"
        ))
        .number("answers", count as f64)
        .number("p50_ms", p50)
        .number("p95_ms", p95)
        .number("p99_ms", p99)
        .number("max_ms", max)
        .number("above_500_ms", late as f64)
        .number("above_100_ms", late_strict as f64)
    }
}

impl Trial<'_> {
    /// Shows both episodes in turn until as many answers have come as are wanted.
    pub(super) fn pace(&self) -> Pace {
        let mut pace = Pace::default();
        let mut caller = self.caller();
        for tape in self.tapes.iter().cycle() {
            if let Err(stopped) = self.pace_episode(&mut caller, tape, &mut pace) {
                pace.stopped = Some(stopped);
                return pace;
            }
            if self.is_enough(&pace) {
                return pace;
            }
        }
        pace
    }

    fn is_enough(&self, pace: &Pace) -> bool {
        pace.len() >= self.settings.steps || pace.series.misses(ACT_DEADLINE) >= LATE_ENOUGH
    }

    fn pace_episode(
        &self,
        caller: &mut Caller<'_>,
        tape: &Tape,
        pace: &mut Pace,
    ) -> Result<(), Stopped> {
        let id = self.probe.new_id();
        let begun = caller.reset(&tape.start, &id);
        pace.resets.push(begun.wire);
        begun.result.map_err(|fault| Stopped {
            request: Subject::Reset,
            step: pace.len(),
            fault,
        })?;
        for seen in tape.frames() {
            if self.is_enough(pace) {
                break;
            }
            pace.ask(caller, tape, &id, &seen)?;
        }
        caller.close(&id);
        Ok(())
    }

    /// What an evaluation makes of the times.
    pub(super) fn latency(&self, pace: &Pace) -> Check {
        let subject = Subject::Latency;
        let slowest_reset = pace.resets.iter().max().copied().unwrap_or_default();
        let check = if pace.retried > 0 {
            let times = pace.retried;
            pace.series.describe(|text| {
                Check::warn(
                    subject,
                    format!("{text}; {times} only at the second attempt"),
                    "keep connections open between requests, and look for restarts of workers or proxies",
                )
            })
        } else {
            self.judge(subject, &pace.series)
        };
        check
            .number("retried", pace.retried as f64)
            .number("reset_max_ms", slowest_reset.as_secs_f64() * 1000.0)
    }

    fn judge(&self, subject: Subject, series: &Series) -> Check {
        let deadline = self.settings.rules.latency.deadline();
        let limit = deadline.as_millis();
        let strict = match series.ends_at(STRICT_ACT_DEADLINE) {
            Some(step) if deadline > STRICT_ACT_DEADLINE => {
                format!("; the strict profile would end an episode at step {step}")
            }
            _ => String::new(),
        };
        let slowest = Duration::from_secs_f64(series.percentile(99) / 1000.0);
        series.describe(|text| {
            let text = format!("{text}{strict}");
            if let Some(step) = series.ends_at(deadline) {
                Check::fail(
                    subject,
                    format!("{text}; more than 2 in 100 above {limit} ms: episodes end at step {step}"),
                    format!(
                        "answer within {limit} ms, the way there and back included: use a smaller or compiled network, \
                         a GPU, and a host near the evaluator"
                    ),
                )
            } else if series.misses(deadline) > 0 {
                Check::warn(
                    subject,
                    format!("{text}; forgiven, the previous action is repeated"),
                    format!("look for what stops the server now and then: above {limit} ms an action is lost"),
                )
            } else if slowest > deadline * RESERVE / 100 {
                Check::warn(
                    subject,
                    text,
                    format!("leave more of the {limit} ms to the network between the evaluator and you"),
                )
            } else {
                Check::pass(subject, text)
            }
        })
    }

    /// The same with as many episodes at once as an evaluation plays; `alone` are the actions otherwise.
    pub(super) fn parallel_latency(&self, alone: Option<&[Vec<Command>; 2]>) -> Check {
        let subject = Subject::ParallelLatency;
        let lanes = self.settings.rules.max_connections.max(1);
        let steps = (self.settings.steps / lanes).max(SHORT);
        let played = self.begin_side_by_side(lanes).and_then(|begun| {
            thread::scope(|scope| {
                let play = |(caller, id)| scope.spawn(move || self.pace_lane(caller, &id, steps));
                // All are under way before one is waited for.
                let threads: Vec<_> = begun.into_iter().map(play).collect();
                let joined = threads.into_iter().map(ScopedJoinHandle::join);
                let paces = joined.map(|pace| pace.unwrap_or_else(|panic| resume_unwind(panic)));
                paces.collect::<Result<Vec<Pace>, Stopped>>()
            })
        });
        let paces = match played {
            Ok(paces) => paces,
            Err(stopped) => {
                return Check::fail(
                    subject,
                    format!("{lanes} episodes at once: {}", stopped.line()),
                    remedy(&stopped.fault),
                );
            }
        };
        if let Some([alone, _]) = alone
            && let Some(by) =
                paces
                    .iter()
                    .find_map(|pace| match Likeness::of(alone, &pace.commands) {
                        Likeness::Different(by) => Some(by),
                        Likeness::Equal | Likeness::Alike(_) => None,
                    })
        {
            return Check::fail(
                subject,
                format!("{lanes} episodes at once: other actions than alone, by up to {by:.3}"),
                "requests come on several connections at once: lock what they share, and keep the state of each `episode_id` apart",
            );
        }
        // Misses are forgiven episode by episode, so the one that is worst off decides.
        let deadline = self.settings.rules.latency.deadline();
        let series = paces.iter().map(|pace| &pace.series);
        let worst = series.max_by_key(|series| (series.misses(deadline), series.total()));
        let check = self.judge(subject, worst.expect("there is at least one lane"));
        Check {
            measured: format!("{lanes} episodes at once, the slowest: {}", check.measured),
            ..check
        }
        .number("episodes", lanes as f64)
    }

    /// So many episodes, each on a connection of its own. Only their acts are compared, so they begin before the first of these.
    fn begin_side_by_side(&self, lanes: usize) -> Result<Vec<(Caller<'_>, EpisodeId)>, Stopped> {
        let begin = |_| {
            let mut caller = self.caller();
            let id = self.begin(&mut caller, &self.tapes[0].start)?;
            Ok((caller, id))
        };
        (0..lanes).map(begin).collect()
    }

    fn pace_lane(
        &self,
        mut caller: Caller<'_>,
        id: &EpisodeId,
        steps: usize,
    ) -> Result<Pace, Stopped> {
        let (mut pace, tape) = (Pace::default(), &self.tapes[0]);
        for seen in tape.frames().take(steps) {
            pace.ask(&mut caller, tape, id, &seen)?;
        }
        caller.close(id);
        Ok(pace)
    }
}

impl Pace {
    /// Whether every observation was answered with an action, sooner or later.
    pub(super) fn act(&self) -> Check {
        let (subject, answered) = (Subject::Act, self.commands.len());
        match &self.stopped {
            Some(stopped) => Check::fail(
                subject,
                format!("after {answered} answers, {}", stopped.line()),
                remedy(&stopped.fault),
            ),
            None if answered == 0 => {
                let limit_ms = PATIENCE.as_millis();
                let fault = Fault::Timeout { limit_ms };
                Check::fail(subject, fault.line(), remedy(&fault))
            }
            None => Check::pass(
                subject,
                format!("{answered} rendered observations answered"),
            ),
        }
    }

    /// How many acts there were.
    pub(super) fn len(&self) -> usize {
        self.series.0.len()
    }

    /// One more act, with the one retry that evaluations make. What is later than the patience counts as taking that long.
    fn ask(
        &mut self,
        caller: &mut Caller<'_>,
        tape: &Tape,
        id: &EpisodeId,
        seen: &Seen<'_>,
    ) -> Result<(), Stopped> {
        let mut asked = caller.act(seen, id, tape.start.seed, PATIENCE);
        let mut wire = asked.wire;
        if asked.result.as_ref().is_err_and(deserves_retry) {
            self.retried += 1;
            asked = caller.act(seen, id, tape.start.seed, PATIENCE);
            wire += asked.wire;
        }
        self.request_len += asked.request_len;
        self.answer_len += asked.answer_len;
        self.series.0.push(wire);
        match asked.result {
            Ok(answer) => self.commands.push(answer.now),
            Err(Fault::Timeout { .. }) => {}
            Err(fault) => {
                return Err(Stopped {
                    request: Subject::Act,
                    step: seen.step.into(),
                    fault,
                });
            }
        }
        Ok(())
    }
}

/// Whether an evaluation would ask once more.
fn deserves_retry(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Connect { .. }
            | Fault::Lost { .. }
            | Fault::Status {
                status: 502..=504,
                ..
            }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(milliseconds: impl IntoIterator<Item = u64>) -> Series {
        Series(
            milliseconds
                .into_iter()
                .map(Duration::from_millis)
                .collect(),
        )
    }

    #[test]
    fn percentiles_misses_and_the_end_of_an_episode() {
        let even = series(1..=100);
        assert_eq!(
            [50, 95, 99, 100].map(|percent| even.percentile(percent)),
            [50.0, 95.0, 99.0, 100.0]
        );
        assert_eq!(even.misses(STRICT_ACT_DEADLINE), 0);
        let late = |steps: &[usize]| {
            series((0..300).map(|step| if steps.contains(&step) { 600 } else { 1 }))
        };
        assert_eq!(late(&[0, 1]).ends_at(ACT_DEADLINE), None);
        assert_eq!(late(&[0, 1, 99]).ends_at(ACT_DEADLINE), Some(99));
        assert_eq!(late(&[0, 1, 100]).ends_at(ACT_DEADLINE), None);
        assert_eq!(late(&[7, 8, 9]).misses(ACT_DEADLINE), 3);
    }
}
