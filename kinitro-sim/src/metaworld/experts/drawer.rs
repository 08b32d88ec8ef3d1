//! Drawer: pulled open behind its handle, or pushed shut from the front.
//! Source: Meta-World 3.1.1, `policies/sawyer_drawer_{open,close}_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn open(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, [0.0, 0.0, -0.02]);
    // Slow approach, then a strong pull.
    let (target, gain) = if see.xy_to(handle) > 0.06 {
        (add(handle, [0.0, 0.0, 0.3]), 4.0)
    } else if see.dz_to(handle) > 0.04 {
        (handle, 4.0)
    } else {
        (add(handle, [0.0, -0.06, 0.0]), 50.0)
    };
    see.move_to(target, gain, -1.0)
}

pub(super) fn close(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, [0.0, 0.0, -0.02]);
    let target = if see.hand[1] > handle[1] {
        // Behind the handle: over it first.
        if see.hand[2] < handle[2] + 0.23 {
            [see.hand[0], see.hand[1], handle[2] + 0.5]
        } else {
            add(handle, [0.0, -0.075, 0.23])
        }
    } else if see.dz_to(handle) > 0.04 {
        add(handle, [0.0, -0.075, 0.0])
    } else {
        handle
    };
    see.move_to(target, 25.0, 1.0)
}
