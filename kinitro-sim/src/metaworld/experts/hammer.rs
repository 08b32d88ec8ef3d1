//! Hammer: grasp its handle from above, raise the head to the nail, strike along y.
//! Source: Meta-World 3.1.1, `policies/sawyer_hammer_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn hammer(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, [-0.04, 0.0, -0.01]);
    // The nail does not move between episodes; the hand is beside it when the head hits it.
    let strike = add([0.24, 0.71, 0.11], [-0.19, 0.0, 0.05]);
    let target = if see.xy_to(handle) > 0.04 {
        add(handle, [0.0, 0.0, 0.1])
    } else if see.dz_to(handle) > 0.05 && handle[2] < 0.03 {
        add(handle, [0.0, 0.0, 0.03])
    } else if see.xz_to(strike) > 0.02 {
        [strike[0], see.hand[1], strike[2]]
    } else {
        strike
    };
    let effort = if see.is_far_from(handle, 0.04, 0.1) {
        0.0
    } else {
        0.8
    };
    see.move_to(target, 10.0, effort)
}
