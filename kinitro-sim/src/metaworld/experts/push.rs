//! Push: grasp the puck from above and drag it to the goal, around the wall if there is one.
//! Source: Meta-World 3.1.1, `policies/sawyer_push_v3_policy.py`, `policies/sawyer_push_wall_v3_policy.py` and
//! `policies/sawyer_push_back_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn push(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    drag(&see, see.goal)
}

pub(super) fn around_wall(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let [x, y, _] = grasp(&see);
    let is_before_wall = (-0.1..=0.3).contains(&x) && (0.65..=0.75).contains(&y);
    let is_beside_wall = -0.15 < x && x < 0.05 || 0.15 < x && x < 0.35;
    let next = if is_before_wall {
        add(see.hand, [-1.0, 0.0, 0.0])
    } else if is_beside_wall && (0.695..=0.755).contains(&y) {
        add(see.hand, [0.0, 1.0, 0.0])
    } else {
        see.goal
    };
    drag(&see, next)
}

/// Where the puck is grasped.
fn grasp(see: &Sight) -> [f64; 3] {
    add(see.object, [-0.005, 0.0, 0.0])
}

/// Grasps the puck, then goes to `next`.
fn drag(see: &Sight, next: [f64; 3]) -> [f32; 4] {
    let grasp = grasp(see);
    let target = if see.xy_to(grasp) > 0.02 {
        add(grasp, [0.0, 0.0, 0.2])
    } else if see.dz_to(grasp) > 0.04 {
        add(grasp, [0.0, 0.0, 0.03])
    } else {
        next
    };
    let effort = if see.is_far_from(see.object, 0.02, 0.10) {
        0.0
    } else {
        0.6
    };
    see.move_to(target, 10.0, effort)
}

pub(super) fn back(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let target = if see.xy_to(see.object) > 0.04 {
        add(see.object, [0.0, 0.0, 0.3])
    } else if see.dz_to(see.object) > 0.055 {
        see.object
    } else {
        add(see.goal, [0.0, 0.0, see.hand[2]])
    };
    let effort = if see.is_far_from(see.object, 0.04, 0.05) {
        0.0
    } else {
        0.9
    };
    see.move_to(target, 10.0, effort)
}
