//! Pick and place: grasp the puck from above and carry it to the goal, over the wall if there is one, or out of a hole.
//! Source: Meta-World 3.1.1, `policies/sawyer_pick_place_v3_policy.py`, `policies/sawyer_pick_place_wall_v3_policy.py` and
//! `policies/sawyer_pick_out_of_hole_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

/// Gripper opening below which the fingers hold the puck.
const GRASPED: f64 = 0.73;

/// Distance between hand and puck below which the gripper closes (m).
const CLOSING_DISTANCE: f64 = 0.07;

pub(super) fn pick_place(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let grasp = add(see.object, [-0.005, 0.0, 0.0]);
    let target = if see.xy_to(grasp) > 0.02 {
        add(grasp, [0.0, 0.0, 0.1])
    } else if see.dz_to(grasp) > 0.05 && grasp[2] < 0.04 {
        add(grasp, [0.0, 0.0, 0.03])
    } else if see.opening > GRASPED {
        see.hand
    } else {
        see.goal
    };
    let effort = if see.distance_to(see.object) < CLOSING_DISTANCE {
        1.0
    } else {
        0.0
    };
    see.move_to(target, 10.0, effort)
}

pub(super) fn over_wall(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let [x, y, z] = see.hand;
    let grasp = add(see.object, [-0.005, 0.0, 0.0]);
    let is_before_wall = (-0.15..=0.35).contains(&x) && (0.6..=0.8).contains(&y);
    let target = if see.xy_to(grasp) > 0.015 {
        add(grasp, [0.0, 0.0, 0.1])
    } else if see.dz_to(grasp) > 0.04 && grasp[2] < 0.03 {
        add(grasp, [0.0, 0.0, 0.03])
    } else if is_before_wall && z < 0.25 {
        add(see.hand, [0.0, 0.0, 1.0])
    } else if is_before_wall && z < 0.35 {
        [see.goal[0], see.goal[1], z]
    } else if see.dz_to(see.goal) > 0.01 {
        [x, y, see.goal[2]]
    } else {
        see.goal
    };
    let effort = if see.is_far_from(see.object, 0.015, 0.1) {
        0.0
    } else {
        0.9
    };
    see.move_to(target, 10.0, effort)
}

pub(super) fn out_of_hole(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let grasp = add(see.object, [0.0, 0.0, 0.02]);
    let target = if see.xy_to(grasp) > 0.02 {
        add(grasp, [0.0, 0.0, 0.15])
    } else if see.dz_to(grasp) > 0.01 {
        grasp
    } else if see.dz_to(see.goal) > 0.04 {
        [see.hand[0], see.hand[1], see.goal[2]]
    } else {
        see.goal
    };
    let effort = if see.is_far_from(grasp, 0.02, 0.15) {
        0.0
    } else {
        0.1
    };
    see.move_to(target, 25.0, effort)
}
