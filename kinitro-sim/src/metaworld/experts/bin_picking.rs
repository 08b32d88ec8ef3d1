//! Bin picking: grasp the block from above, carry it over to the other bin and let it go there.
//! Source: Meta-World 3.1.1, `policies/sawyer_bin_picking_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

/// Where the hand goes down in the other bin, and how high it flies there (m).
const BIN: [f64; 3] = [0.12, 0.7, 0.02];
const FLIGHT_HEIGHT: f64 = 0.18;

pub(super) fn bin_picking(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let mut grasp = add(see.object, [0.0, 0.0, 0.03]);
    // A block at the wall is dragged away from it, since the fingers need room on either side.
    grasp[1] = grasp[1].clamp(0.675, 0.725);
    let target = if see.xy_to(grasp) > 0.02 {
        add(grasp, [0.0, 0.0, 0.15])
    } else if see.dz_to(grasp) > 0.01 {
        grasp
    } else if see.xy_to(BIN) <= 0.02 {
        BIN
    } else if see.hand[2] < 0.15 {
        add(see.hand, [0.0, 0.0, 0.1])
    } else {
        [BIN[0], BIN[1], FLIGHT_HEIGHT]
    };
    let effort = if see.is_far_from(grasp, 0.02, 0.02) {
        -1.0
    } else {
        0.6
    };
    see.move_to(target, 25.0, effort)
}
