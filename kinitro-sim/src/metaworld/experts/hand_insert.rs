//! Hand insertion: grasp the block from above, carry it over the hole, go down.
//! Source: Meta-World 3.1.1, `policies/sawyer_hand_insert_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn hand_insert(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let target = if see.xy_to(see.object) > 0.02 {
        add(see.object, [0.0, 0.0, 0.1])
    } else if see.dz_to(see.object) > 0.05 {
        add(see.object, [0.0, 0.0, 0.03])
    } else if see.xy_to(see.goal) > 0.04 {
        [see.goal[0], see.goal[1], see.hand[2]]
    } else {
        see.goal
    };
    let effort = if see.is_far_from(see.object, 0.02, 0.1) {
        0.0
    } else {
        0.65
    };
    see.move_to(target, 10.0, effort)
}
