//! Lever: down before its tip and under it, then lift it from below.
//! Source: Meta-World 3.1.1, `policies/sawyer_lever_pull_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn pull(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let front = add(see.object, [0.0, -0.055, 0.0]);
    let target = if see.xy_to(front) > 0.02 {
        add(front, [0.0, 0.0, -0.1])
    } else if see.dz_to(front) > 0.02 {
        front
    } else {
        add(front, [0.0, 0.08, 0.02])
    };
    see.move_to(target, 25.0, 1.0)
}
