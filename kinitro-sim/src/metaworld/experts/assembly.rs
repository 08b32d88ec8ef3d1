//! Nut: grasp its handle from above, then hang the ring over the peg, or lift it off.
//! Source: Meta-World 3.1.1, `policies/sawyer_{assembly,disassemble}_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn assemble(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, [-0.02, 0.0, 0.0]);
    // Where the hand is when the ring, 13 cm in front of it, hangs over the peg.
    let over_peg = add(see.goal, [0.12, 0.0, 0.14]);
    let target = if see.xy_to(handle) > 0.02 {
        add(handle, [0.0, 0.0, 0.1])
    } else if see.xy_to(over_peg) <= 0.02 {
        add(over_peg, [0.0, 0.0, -0.2])
    } else if see.dz_to(handle) > 0.05 {
        add(handle, [0.0, 0.0, 0.03])
    } else if see.dz_to(over_peg) > 0.04 {
        [see.hand[0], see.hand[1], over_peg[2]]
    } else {
        over_peg
    };
    let effort = if see.is_far_from(handle, 0.02, 0.12) {
        0.0
    } else {
        0.6
    };
    see.move_to(target, 10.0, effort)
}

pub(super) fn disassemble(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, [-0.02, 0.0, 0.01]);
    let target = if see.xy_to(handle) > 0.02 {
        add(handle, [0.0, 0.0, 0.1])
    } else if see.dz_to(handle) > 0.03 {
        handle
    } else {
        add(see.hand, [0.0, 0.0, 0.1])
    };
    let effort = if see.is_far_from(handle, 0.02, 0.07) {
        0.0
    } else {
        0.8
    };
    see.move_to(target, 10.0, effort)
}
