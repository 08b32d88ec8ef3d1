//! Door: pulled open behind its handle, or pushed shut from its far side.
//! Source: Meta-World 3.1.1, `policies/sawyer_door_{open,close}_v3_policy.py` (which also alter the caller's observation; ours do not).

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn open(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, [-0.05, 0.0, 0.0]);
    let target = if see.xy_to(handle) > 0.12 {
        add(handle, [0.06, 0.02, 0.2])
    } else if see.dz_to(handle) > 0.04 {
        add(handle, [0.06, 0.02, 0.0])
    } else {
        handle
    };
    see.move_to(target, 25.0, 1.0)
}

pub(super) fn close(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let beyond = add(see.object, [0.05, 0.12, 0.1]);
    let target = if see.hand[0] > beyond[0] {
        // On the wrong side: over the door first.
        if see.hand[2] < beyond[2] + 0.2 {
            [see.hand[0], see.hand[1], beyond[2] + 0.25]
        } else {
            [beyond[0] - 0.02, beyond[1], see.hand[2]]
        }
    } else if see.dz_to(beyond) > 0.04 {
        add(beyond, [-0.02, 0.0, 0.0])
    } else {
        see.goal
    };
    see.move_to(target, 25.0, 1.0)
}
