//! Button: line up with it, then push it in along y, or down.
//! Source: Meta-World 3.1.1, `policies/sawyer_button_press{,_wall,_topdown,_topdown_wall}_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn side(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let button = add(see.object, [0.0, 0.0, -0.07]);
    let target = if is_close(see.hand[0], button[0]) && is_close(see.hand[2], button[2]) {
        [button[0], button[1] + 0.02, button[2]]
    } else {
        [button[0], see.hand[1] - 0.1, button[2]]
    };
    see.move_to(target, 25.0, 0.0)
}

/// NumPy's `isclose(value, reference, atol=0.02)` for finite numbers; its default relative tolerance is 1e-5.
fn is_close(value: f64, reference: f64) -> bool {
    (value - reference).abs() <= 0.02 + 1e-5 * reference.abs()
}

pub(super) fn side_wall(observation: &[f64; 39]) -> [f32; 4] {
    /// Height at which the hand passes over the wall (m).
    const OVER_WALL: f64 = 0.3;
    let see = Sight::of(observation);
    let button = add(see.object, [0.0, 0.0, 0.04]);
    let (target, effort) = if (see.hand[0] - button[0]).abs() > 0.02 {
        ([button[0], see.hand[1], OVER_WALL], 1.0)
    } else if button[1] - see.hand[1] > 0.09 {
        ([button[0], button[1], OVER_WALL], 1.0)
    } else if see.dz_to(button) > 0.02 {
        (add(button, [0.0, -0.05, 0.0]), 1.0)
    } else {
        (add(button, [0.0, -0.02, 0.0]), -1.0)
    };
    see.move_to(target, 15.0, effort)
}

pub(super) fn top(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    see.move_to(down_on(&see, see.object), 25.0, 1.0)
}

pub(super) fn top_wall(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let button = add(see.object, [0.0, -0.06, 0.0]);
    see.move_to(down_on(&see, button), 25.0, -1.0)
}

/// Above the button, then down.
fn down_on(see: &Sight, button: [f64; 3]) -> [f64; 3] {
    if see.xy_to(button) > 0.04 {
        add(button, [0.0, 0.0, 0.1])
    } else {
        button
    }
}
