//! Box: grasp the lid by its handle, lift it, let it down on the box.
//! Source: Meta-World 3.1.1, `policies/sawyer_box_close_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn close(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let lid = add(see.object, [0.0, 0.0, 0.02]);
    let on_box = [see.goal[0], see.goal[1], 0.15];
    let target = if see.xy_to(lid) > 0.01 {
        [lid[0], lid[1], 0.2]
    } else if see.dz_to(lid) > 0.05 {
        lid
    } else if see.dz_to(on_box) > 0.04 {
        [see.hand[0], see.hand[1], on_box[2]]
    } else {
        on_box
    };
    let effort = if see.is_far_from(lid, 0.01, 0.13) {
        0.5
    } else {
        1.0
    };
    see.move_to(target, 25.0, effort)
}
