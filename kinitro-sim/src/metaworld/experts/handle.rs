//! Handles: pressed down from above, or pulled up from below or in the grip.
//! Source: Meta-World 3.1.1, `policies/sawyer_handle_{press,press_side,pull,pull_side}_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn press(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    press_at(&see, add(see.object, [0.0, -0.02, 0.0]), -1.0)
}

pub(super) fn press_side(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    press_at(&see, see.object, 1.0)
}

fn press_at(see: &Sight, handle: [f64; 3], effort: f64) -> [f32; 4] {
    let height = if see.xy_to(handle) > 0.02 { 0.2 } else { -0.5 };
    see.move_to(add(handle, [0.0, 0.0, height]), 25.0, effort)
}

pub(super) fn pull(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, [0.0, -0.04, 0.0]);
    let target = if see.xy_to(handle) > 0.02 {
        handle
    } else if see.dz_to(handle) > 0.02 {
        // Quirk: upstream gives the height alone, which then stands for all three coordinates.
        [handle[2]; 3]
    } else {
        add(handle, [0.0, 0.0, 0.1])
    };
    see.move_to(target, 25.0, 1.0)
}

pub(super) fn pull_side(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = see.object;
    let target = if see.xy_to(handle) > 0.04 {
        add(handle, [0.0, 0.0, 0.1])
    } else if see.dz_to(handle) > 0.03 {
        handle
    } else {
        add(handle, [0.0, 0.0, 1.0])
    };
    let effort = if see.is_far_from(handle, 0.04, 0.04) {
        0.0
    } else {
        0.6
    };
    see.move_to(target, 25.0, effort)
}
