//! Whether the same again gives the same again.

use kinitro_core::protocol::wire::Command;

use super::check::{Check, Subject};
use super::remedy::remedy;
use super::trial::{SHORT, Stopped, Trial, ask};

/// How far apart two answers to the same observation may be: graphics processors do not add in a fixed order.
/// Of the actions, [`LIKE_SHARE`] may differ by no more than this plus [`RELATIVE`] of their size in each number, and none by more than [`MOST`].
const ABSOLUTE: f64 = 1e-3;
const RELATIVE: f64 = 1e-2;
const LIKE_SHARE: f64 = 0.95;
const MOST: f64 = 0.2;

/// How much two runs of actions are alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Likeness {
    /// To the bit.
    Equal,
    /// Up to this difference, within what is tolerated.
    Alike(f64),
    /// By this largest difference, more than is tolerated.
    Different(f64),
}

impl Likeness {
    /// Compares actions one by one; runs of different lengths by the shorter.
    pub(super) fn of(first: &[Command], second: &[Command]) -> Self {
        let (mut largest, mut total, mut alike) = (0.0_f64, 0_usize, 0_usize);
        for (a, b) in first.iter().zip(second) {
            let numbers = a.action.as_array().iter().zip(b.action.as_array());
            let mut is_alike = true;
            for (a, b) in numbers.map(|(a, b)| (f64::from(*a), f64::from(*b))) {
                let difference = (a - b).abs();
                largest = largest.max(difference);
                is_alike &= difference <= ABSOLUTE + RELATIVE * a.abs().max(b.abs());
            }
            total += 1;
            alike += usize::from(is_alike);
        }
        if largest == 0.0 {
            Self::Equal
        } else if largest <= MOST && alike as f64 >= LIKE_SHARE * total as f64 {
            Self::Alike(largest)
        } else {
            Self::Different(largest)
        }
    }

    /// The largest difference.
    pub(super) const fn largest(self) -> f64 {
        match self {
            Self::Equal => 0.0,
            Self::Alike(largest) | Self::Different(largest) => largest,
        }
    }
}

impl Trial<'_> {
    /// The same seed and observations twice; where they give the same actions, also these.
    ///
    /// The episode is played once before, so that a server which carries something over carries the same over to both.
    pub(super) fn determinism(&self) -> (Check, Option<[Vec<Command>; 2]>) {
        let [tape, other] = &self.tapes;
        let runs = || -> Result<_, Stopped> {
            let mut caller = self.caller();
            self.play(&mut caller, tape, SHORT)?;
            let first = self.play(&mut caller, tape, SHORT)?;
            let second = self.play(&mut caller, tape, SHORT)?;
            Ok([first, second])
        };
        let [first, second] = match runs() {
            Ok(runs) => runs,
            Err(stopped) => return (refused(Subject::Determinism, &stopped), None),
        };
        let likeness = Likeness::of(&first, &second);
        let check = judged(
            Subject::Determinism,
            likeness,
            "the same seed and observations twice",
            "draw all randomness from `task_config.seed`, at every /reset anew; fix the seeds of your libraries, and switch dropout off",
        );
        if let Likeness::Different(_) = likeness {
            return (check, None);
        }
        match self.play(&mut self.caller(), other, SHORT) {
            Ok(others) => (check, Some([first, others])),
            Err(stopped) => (refused(Subject::Determinism, &stopped), None),
        }
    }

    /// The first episode once more, after another one.
    pub(super) fn independence(&self, alone: &[Vec<Command>; 2]) -> Check {
        let subject = Subject::Independence;
        match self.play(&mut self.caller(), &self.tapes[0], SHORT) {
            Ok(again) => judged(
                subject,
                Likeness::of(&alone[0], &again),
                "with another episode in between",
                "forget everything at /reset: recurrent state, stacked frames, planned actions, random generators",
            ),
            Err(stopped) => refused(subject, &stopped),
        }
    }

    /// Both episodes at once, step by step in turn.
    pub(super) fn two_episodes(&self, alone: &[Vec<Command>; 2]) -> Check {
        let subject = Subject::TwoEpisodes;
        match self.in_turn() {
            Ok(together) => {
                let likenesses = [0, 1].map(|n| Likeness::of(&alone[n], &together[n]));
                let [first, second] = likenesses;
                let worse = if first.largest() < second.largest() {
                    second
                } else {
                    first
                };
                judged(
                    subject,
                    worse,
                    "two episodes in turn",
                    "keep the state of each `episode_id` apart: evaluations play several at once",
                )
            }
            Err(stopped) => Check::fail(
                subject,
                stopped.line(),
                "keep the state of each `episode_id` apart: evaluations play several at once",
            ),
        }
    }

    fn in_turn(&self) -> Result<[Vec<Command>; 2], Stopped> {
        let [first, second] = &self.tapes;
        let mut callers = [self.caller(), self.caller()];
        let ids = [
            self.begin(&mut callers[0], &first.start)?,
            self.begin(&mut callers[1], &second.start)?,
        ];
        let mut actions = [Vec::new(), Vec::new()];
        for seen in first.frames().zip(second.frames()).take(SHORT) {
            actions[0].push(ask(&mut callers[0], &first.start, &ids[0], &seen.0)?);
            actions[1].push(ask(&mut callers[1], &second.start, &ids[1], &seen.1)?);
        }
        for (caller, id) in callers.iter_mut().zip(&ids) {
            caller.close(id);
        }
        Ok(actions)
    }
}

fn judged(subject: Subject, likeness: Likeness, how: &str, hint: &str) -> Check {
    let check = match likeness {
        Likeness::Equal => Check::pass(subject, format!("equal actions, {how}")),
        Likeness::Alike(by) => Check::pass(
            subject,
            format!("actions differ by up to {by:.1e}, within the tolerance, {how}"),
        ),
        Likeness::Different(by) => Check::fail(
            subject,
            format!("actions differ by up to {by:.3}, {how}"),
            hint,
        ),
    };
    check.number("largest_difference", likeness.largest())
}

fn refused(subject: Subject, stopped: &Stopped) -> Check {
    Check::fail(subject, stopped.line(), remedy(&stopped.fault))
}

#[cfg(test)]
mod tests {
    use kinitro_core::protocol::policy::Action;

    use super::*;

    fn commands(numbers: impl IntoIterator<Item = f64>) -> Vec<Command> {
        let command = |number| {
            let (action, clipped) = Action::from_wire([0.0, number, 0.0, 1.0]).unwrap();
            Command { action, clipped }
        };
        numbers.into_iter().map(command).collect()
    }

    #[test]
    fn small_differences_are_tolerated_large_ones_and_many_are_not() {
        let first = commands([0.5; 40]);
        let changed = |count: usize, by: f64| {
            let numbers = (0..40).map(|n| if n < count { 0.5 + by } else { 0.5 });
            Likeness::of(&first, &commands(numbers))
        };
        assert_eq!(changed(0, 0.1), Likeness::Equal);
        assert!(matches!(changed(40, 0.005), Likeness::Alike(_)));
        assert!(matches!(changed(2, 0.1), Likeness::Alike(_)));
        assert!(matches!(changed(3, 0.1), Likeness::Different(_)));
        assert!(matches!(changed(1, 0.3), Likeness::Different(_)));
    }
}
