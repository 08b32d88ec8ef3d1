//! Lock: its handle pushed down from above, or up from below.
//! Source: Meta-World 3.1.1, `policies/sawyer_door_{lock,unlock}_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn lock(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, [-0.02, -0.02, 0.0]);
    let target = if see.xy_to(handle) > 0.02 {
        // Back and up first, so that the hand comes from above.
        if see.hand[2] < 0.25 {
            add(see.hand, [0.0, -0.1, 0.1])
        } else {
            add(handle, [0.0, 0.0, 0.3])
        }
    } else if see.dz_to(handle) > 0.02 {
        handle
    } else {
        add(handle, [-0.1, 0.0, -0.1])
    };
    see.move_to(target, 25.0, -1.0)
}

pub(super) fn unlock(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, [-0.04, -0.02, -0.03]);
    let target = if see.xy_to(handle) <= 0.02 {
        add(handle, [0.1, 0.0, 0.01])
    } else if see.hand[2] > 0.15 {
        // Back and down first, so that the hand comes from the side.
        add(see.hand, [0.0, -0.1, -0.1])
    } else {
        handle
    };
    see.move_to(target, 25.0, 1.0)
}
