//! Scripted experts: one hand-written policy per task that solves it from the privileged 39-number state.
//!
//! They are references, not competitors: baselines of the evaluation, checks that every task is solvable, and, since their
//! actions equal those of Meta-World 3.1.1's `policies` package to the bit, half of the parity comparison.
//!
//! All of them share one shape. The hand flies to a point that depends on how far it already is ("above the object", "down to
//! it", "to the goal"), as a proportional controller whose gain each task sets, and the gripper closes once the hand is near.
//! Rules are tried from the top; the first that holds decides.
//!
//! Arithmetic is f64 in Meta-World's order with one final rounding to f32. Actions are *not* clipped: the environment does that.
//!
//! An observation's numbers (m, world frame): 0..3 hand, 3 gripper opening (0 closed, 1 open), 4..7 object, 36..39 goal.

mod button_press;
mod door;
mod drawer;
mod peg;
mod pick_place;
mod push;
mod reach;

use super::vector::{distance, distance_xy};

/// A scripted expert: from the 39-number observation (goal included) to `[dx, dy, dz, grip]`, unclipped.
pub type Expert = fn(&[f64; 39]) -> [f32; 4];

/// Every expert by the name of its task, in the order of Meta-World's MT50.
const EXPERTS: &[(&str, Expert)] = &[
    ("button-press-v3", button_press::press),
    ("door-open-v3", door::open),
    ("drawer-close-v3", drawer::close),
    ("drawer-open-v3", drawer::open),
    ("pick-place-v3", pick_place::pick_place),
    ("peg-insert-side-v3", peg::insert_side),
    ("push-v3", push::push),
    ("reach-v3", reach::reach),
];

/// The expert of a task, by the task's name without family (`reach-v3`).
pub fn expert(task_name: &str) -> Option<Expert> {
    EXPERTS
        .iter()
        .find(|(name, _)| *name == task_name)
        .map(|&(_, expert)| expert)
}

/// The numbers of an observation that experts look at.
struct Sight {
    hand: [f64; 3],
    /// 0 closed, 1 open.
    opening: f64,
    object: [f64; 3],
    goal: [f64; 3],
}

impl Sight {
    fn of(o: &[f64; 39]) -> Self {
        Self {
            hand: [o[0], o[1], o[2]],
            opening: o[3],
            object: [o[4], o[5], o[6]],
            goal: [o[36], o[37], o[38]],
        }
    }

    /// Distance from the hand to `point` (m).
    fn distance_to(&self, point: [f64; 3]) -> f64 {
        distance(self.hand, point)
    }

    /// Horizontal distance from the hand to `point` (m).
    fn xy_to(&self, point: [f64; 3]) -> f64 {
        distance_xy(self.hand, point)
    }

    /// Vertical distance from the hand to `point` (m).
    fn dz_to(&self, point: [f64; 3]) -> f64 {
        (self.hand[2] - point[2]).abs()
    }

    /// Whether the hand is farther from `point` than `xy` horizontally or `dz` vertically (m).
    fn is_far_from(&self, point: [f64; 3], xy: f64, dz: f64) -> bool {
        self.xy_to(point) > xy || self.dz_to(point) > dz
    }

    /// The action of a proportional controller: `gain` times the error in units of the action (1 cm each), and gripper `effort`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the one rounding to f32, as in Meta-World's `Action`"
    )]
    fn move_to(&self, target: [f64; 3], gain: f64, effort: f64) -> [f32; 4] {
        let delta = |i: usize| (gain * (target[i] - self.hand[i])) as f32;
        [delta(0), delta(1), delta(2), effort as f32]
    }
}

#[cfg(test)]
mod tests;
