//! Shelf: grasp the block from above, lift it in front of the shelf, go forward over the board.
//! Source: Meta-World 3.1.1, `policies/sawyer_shelf_place_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

/// Height at which the hand moves to the shelf (m).
const CARRY_HEIGHT: f64 = 0.3;

pub(super) fn shelf_place(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let grasp = add(see.object, [-0.005, 0.0, 0.015]);
    let target = if see.xy_to(grasp) > 0.04 {
        add(grasp, [0.0, 0.0, 0.3])
    } else if see.dz_to(grasp) > 0.04 {
        grasp
    } else if (see.hand[0] - see.goal[0]).abs() > 0.02 {
        [see.goal[0], see.hand[1], CARRY_HEIGHT]
    } else if see.hand[2] < CARRY_HEIGHT {
        add(see.hand, [0.0, 0.0, 0.3])
    } else {
        add(see.hand, [0.0, 0.05, 0.0])
    };
    let effort = if see.is_far_from(see.object, 0.04, 0.15) {
        -1.0
    } else {
        0.7
    };
    see.move_to(target, 25.0, effort)
}
