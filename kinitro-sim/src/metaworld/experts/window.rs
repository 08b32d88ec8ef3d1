//! Window: down beside the handle, then pushed along x.
//! Source: Meta-World 3.1.1, `policies/sawyer_window_{open,close}_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn open(observation: &[f64; 39]) -> [f32; 4] {
    push(observation, [-0.03, -0.03, -0.08], 0.3, 0.1)
}

pub(super) fn close(observation: &[f64; 39]) -> [f32; 4] {
    push(observation, [0.03, -0.03, -0.08], 0.25, -0.1)
}

/// From `height` above a point at `beside` the handle down to it, then `along` x (m).
fn push(observation: &[f64; 39], beside: [f64; 3], height: f64, along: f64) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, beside);
    let target = if see.xy_to(handle) > 0.04 {
        add(handle, [0.0, 0.0, height])
    } else if see.dz_to(handle) > 0.02 {
        handle
    } else {
        add(handle, [along, 0.0, 0.0])
    };
    see.move_to(target, 25.0, 1.0)
}
