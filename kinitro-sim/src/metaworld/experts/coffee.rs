//! Coffee machine: press its button, pull the mug out from under it, push it there.
//! Source: Meta-World 3.1.1, `policies/sawyer_coffee_{button,pull,push}_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn button(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let button = add(see.object, [0.0, 0.0, -0.07]);
    let target = if see.xz_to(button) > 0.02 {
        [button[0], see.hand[1], button[2]]
    } else {
        add(button, [0.0, 0.2, 0.0])
    };
    see.move_to(target, 10.0, -1.0)
}

pub(super) fn pull(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let grasp = add(see.object, [-0.005, 0.0, 0.05]);
    let target = approach(&see, grasp, 0.15).unwrap_or(see.goal);
    see.move_to(target, 10.0, effort(&see, 0.7))
}

pub(super) fn push(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let grasp = add(see.object, [0.01, 0.0, 0.05]);
    let target = approach(&see, grasp, 0.2).unwrap_or([see.goal[0], see.goal[1], 0.1]);
    see.move_to(target, 10.0, effort(&see, 0.5))
}

/// Where the hand must go to come down around the mug from `clearance` above (m); nowhere once it is there.
fn approach(see: &Sight, grasp: [f64; 3], clearance: f64) -> Option<[f64; 3]> {
    if see.xy_to(grasp) > 0.06 {
        Some(add(grasp, [0.0, 0.0, clearance]))
    } else if see.dz_to(grasp) > 0.02 {
        Some(grasp)
    } else {
        None
    }
}

/// Open on the way to the mug, then closed with `grip`.
fn effort(see: &Sight, grip: f64) -> f64 {
    let mug = add(see.object, [0.01, 0.0, 0.05]);
    if see.is_far_from(mug, 0.06, 0.1) {
        -1.0
    } else {
        grip
    }
}
