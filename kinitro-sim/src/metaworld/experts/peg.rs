//! Peg: grasp it, line it up with the hole, push it in.
//! Source: Meta-World 3.1.1, `policies/sawyer_peg_insertion_side_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn insert_side(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let peg = see.object;
    // The box stands at x ≥ −0.35 and its hole at z = 0.16; overshooting in x does no harm.
    let hole = [-0.35, see.goal[1], 0.16];
    let target = if see.xy_to(peg) > 0.04 {
        add(peg, [0.0, 0.0, 0.3])
    } else if see.dz_to(peg) > 0.025 {
        peg
    } else if distance_yz(peg, hole) > 0.03 {
        add(hole, [0.4, 0.0, 0.0])
    } else {
        hole
    };
    let effort = if see.is_far_from(peg, 0.04, 0.15) {
        -1.0
    } else {
        0.6
    };
    see.move_to(target, 25.0, effort)
}

/// Distance of two points seen along x, the axis of the hole (m).
fn distance_yz(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (y, z) = (a[1] - b[1], a[2] - b[2]);
    (y * y + z * z).sqrt()
}
