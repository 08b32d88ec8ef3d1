//! Sweep: grasp the block from above and drag it to the end of the table, or over the hole.
//! Source: Meta-World 3.1.1, `policies/sawyer_sweep_v3_policy.py` and `policies/sawyer_sweep_into_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn sweep(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let grasp = add(see.object, [0.0, 0.0, 0.015]);
    let end = add(see.goal, [0.0, 0.0, 0.1]);
    // Close to the end the block is let go and given a push.
    let target = if see.hand[0] < 0.2 {
        first_to_block(&see, grasp, end)
    } else {
        end
    };
    let effort = if is_far_from_block(&see) || see.object[0] >= 0.4 {
        -1.0
    } else {
        0.7
    };
    see.move_to(target, 25.0, effort)
}

pub(super) fn into_hole(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let grasp = add(see.object, [-0.005, 0.0, 0.01]);
    let target = first_to_block(&see, grasp, see.goal);
    let effort = if is_far_from_block(&see) { -1.0 } else { 0.7 };
    see.move_to(target, 25.0, effort)
}

/// Over the block, down to where it is grasped, then to `next`.
fn first_to_block(see: &Sight, grasp: [f64; 3], next: [f64; 3]) -> [f64; 3] {
    if see.xy_to(grasp) > 0.04 {
        add(grasp, [0.0, 0.0, 0.3])
    } else if see.dz_to(grasp) > 0.04 {
        grasp
    } else {
        next
    }
}

fn is_far_from_block(see: &Sight) -> bool {
    see.is_far_from(see.object, 0.04, 0.15)
}
