//! Button: line up with it, then push it in along y.
//! Source: Meta-World 3.1.1, `policies/sawyer_button_press_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn press(observation: &[f64; 39]) -> [f32; 4] {
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
