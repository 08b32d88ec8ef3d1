//! Basketball: grasp the ball from above, lift it, carry it over the hoop.
//! Source: Meta-World 3.1.1, `policies/sawyer_basketball_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn basketball(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let grasp = add(see.object, [0.0, 0.0, 0.01]);
    let hoop = [see.goal[0], 0.875, 0.35];
    let target = if see.xy_to(grasp) > 0.04 {
        add(grasp, [0.0, 0.0, 0.3])
    } else if see.dz_to(grasp) > 0.025 {
        grasp
    } else if (grasp[2] - hoop[2]).abs() > 0.025 {
        [see.hand[0], see.hand[1], hoop[2]]
    } else {
        hoop
    };
    let effort = if see.is_far_from(see.object, 0.04, 0.15) {
        -1.0
    } else {
        0.6
    };
    see.move_to(target, 25.0, effort)
}
