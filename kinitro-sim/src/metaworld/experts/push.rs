//! Push: grasp the puck from above and drag it to the goal.
//! Source: Meta-World 3.1.1, `policies/sawyer_push_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn push(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let grasp = add(see.object, [-0.005, 0.0, 0.0]);
    let target = if see.xy_to(grasp) > 0.02 {
        add(grasp, [0.0, 0.0, 0.2])
    } else if see.dz_to(grasp) > 0.04 {
        add(grasp, [0.0, 0.0, 0.03])
    } else {
        see.goal
    };
    let effort = if see.is_far_from(see.object, 0.02, 0.10) {
        0.0
    } else {
        0.6
    };
    see.move_to(target, 10.0, effort)
}
