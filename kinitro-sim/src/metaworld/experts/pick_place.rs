//! Pick and place: grasp the puck from above, wait for the gripper, carry it to the goal.
//! Source: Meta-World 3.1.1, `policies/sawyer_pick_place_v3_policy.py`.

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
