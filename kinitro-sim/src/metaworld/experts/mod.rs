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
//! An observation's numbers (m, world frame): 0..3 hand, 3 gripper opening (0 closed, 1 open), 4..7 object, 11..14 second object, 36..39 goal.

mod assembly;
mod basketball;
mod bin_picking;
mod box_close;
mod button_press;
mod coffee;
mod dial_turn;
mod door;
mod door_lock;
mod drawer;
mod faucet;
mod hammer;
mod hand_insert;
mod handle;
mod lever_pull;
mod peg;
mod pick_place;
mod plate_slide;
mod plug;
mod push;
mod reach;
mod shelf_place;
mod soccer;
mod stick;
mod sweep;
mod window;

use super::vector::{distance, distance_xy, distance_xz};

/// A scripted expert: from the 39-number observation (goal included) to `[dx, dy, dz, grip]`, unclipped.
pub type Expert = fn(&[f64; 39]) -> [f32; 4];

/// Every expert by the name of its task, in the order of Meta-World's MT50.
const EXPERTS: &[(&str, Expert)] = &[
    ("assembly-v3", assembly::assemble),
    ("basketball-v3", basketball::basketball),
    ("bin-picking-v3", bin_picking::bin_picking),
    ("box-close-v3", box_close::close),
    ("button-press-topdown-v3", button_press::top),
    ("button-press-topdown-wall-v3", button_press::top_wall),
    ("button-press-v3", button_press::side),
    ("button-press-wall-v3", button_press::side_wall),
    ("coffee-button-v3", coffee::button),
    ("coffee-pull-v3", coffee::pull),
    ("coffee-push-v3", coffee::push),
    ("dial-turn-v3", dial_turn::turn),
    ("disassemble-v3", assembly::disassemble),
    ("door-close-v3", door::close),
    ("door-lock-v3", door_lock::lock),
    ("door-open-v3", door::open),
    ("door-unlock-v3", door_lock::unlock),
    ("hand-insert-v3", hand_insert::hand_insert),
    ("drawer-close-v3", drawer::close),
    ("drawer-open-v3", drawer::open),
    ("faucet-open-v3", faucet::open),
    ("faucet-close-v3", faucet::close),
    ("hammer-v3", hammer::hammer),
    ("handle-press-side-v3", handle::press_side),
    ("handle-press-v3", handle::press),
    ("handle-pull-side-v3", handle::pull_side),
    ("handle-pull-v3", handle::pull),
    ("lever-pull-v3", lever_pull::pull),
    ("pick-place-wall-v3", pick_place::over_wall),
    ("pick-out-of-hole-v3", pick_place::out_of_hole),
    ("pick-place-v3", pick_place::pick_place),
    ("plate-slide-v3", plate_slide::slide),
    ("plate-slide-side-v3", plate_slide::side),
    ("plate-slide-back-v3", plate_slide::back),
    ("plate-slide-back-side-v3", plate_slide::back_side),
    ("peg-insert-side-v3", peg::insert_side),
    ("peg-unplug-side-v3", plug::unplug_side),
    ("soccer-v3", soccer::soccer),
    ("stick-push-v3", stick::push),
    ("stick-pull-v3", stick::pull),
    ("push-v3", push::push),
    ("push-wall-v3", push::around_wall),
    ("push-back-v3", push::back),
    ("reach-v3", reach::reach),
    ("reach-wall-v3", reach::over_wall),
    ("shelf-place-v3", shelf_place::shelf_place),
    ("sweep-into-v3", sweep::into_hole),
    ("sweep-v3", sweep::sweep),
    ("window-open-v3", window::open),
    ("window-close-v3", window::close),
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
    /// Zeros where the task has one object only.
    second_object: [f64; 3],
    goal: [f64; 3],
}

impl Sight {
    fn of(o: &[f64; 39]) -> Self {
        Self {
            hand: [o[0], o[1], o[2]],
            opening: o[3],
            object: [o[4], o[5], o[6]],
            second_object: [o[11], o[12], o[13]],
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

    /// Distance from the hand to `point` seen along y (m).
    fn xz_to(&self, point: [f64; 3]) -> f64 {
        distance_xz(self.hand, point)
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
