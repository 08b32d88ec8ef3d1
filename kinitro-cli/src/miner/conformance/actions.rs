//! What actions look like.

use super::check::{Check, Subject};
use super::latency::Pace;

/// Share of clipped actions from which on the policy's scale is probably wrong.
const MANY_CLIPPED: f64 = 0.5;

/// Actions that are enough to be suspicious if they are all the same.
const ENOUGH: usize = 10;

/// Whether a policy seems to be behind the actions. That they are finite was a condition for being read.
pub(super) fn look(pace: &Pace) -> Check {
    let subject = Subject::Actions;
    let commands = &pace.commands;
    let total = commands.len();
    let clipped = commands.iter().filter(|command| command.clipped).count();
    let share = clipped as f64 / total.max(1) as f64;
    let is_constant = commands
        .windows(2)
        .all(|pair| pair[0].action == pair[1].action);
    let check = if is_constant && total >= ENOUGH {
        Check::warn(
            subject,
            format!("all {total} actions are the same, whatever is shown"),
            "look whether the images reach the policy, and whether it is loaded",
        )
    } else if share > MANY_CLIPPED {
        Check::warn(
            subject,
            format!("{clipped} of {total} are clipped to [-1, 1]"),
            "scale the policy's output: 1 is the largest move of one step",
        )
    } else {
        Check::pass(
            subject,
            format!("{total} finite actions, {clipped} of them clipped"),
        )
    };
    check.number("clipped_share", share)
}
