//! Plates: pushed into the rack from outside, or dragged out of it from within.
//! Source: Meta-World 3.1.1, `policies/sawyer_plate_slide{,_side,_back,_back_side}_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn slide(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let puck = add(see.object, [0.0, -0.055, 0.03]);
    let target = if see.xy_to(puck) > 0.03 {
        add(puck, [0.0, 0.0, 0.1])
    } else if see.dz_to(puck) > 0.04 {
        puck
    } else {
        [see.goal[0], 0.9, puck[2]]
    };
    see.move_to(target, 10.0, -1.0)
}

pub(super) fn side(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let puck = add(see.object, [0.07, 0.0, -0.005]);
    let target = if see.xy_to(puck) > 0.04 {
        add(puck, [0.0, 0.0, 0.1])
    } else if see.dz_to(puck) > 0.04 {
        puck
    } else if see.hand[0] > -0.2 {
        [see.hand[0] - 0.1, 0.6, see.hand[2]]
    } else {
        add(puck, [-0.1, 0.0, 0.0])
    };
    see.move_to(target, 25.0, 1.0)
}

pub(super) fn back(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let puck = add(see.object, [0.0, -0.065, 0.025]);
    let target = if see.xy_to(puck) > 0.01 {
        add(puck, [0.0, 0.0, 0.1])
    } else if see.dz_to(puck) > 0.04 {
        puck
    } else if see.hand[1] > 0.7 {
        add(see.hand, [0.0, -0.1, 0.0])
    } else if see.hand[1] > 0.6 {
        [0.15, 0.55, see.hand[2]]
    } else {
        [see.hand[0] - 0.1, 0.55, see.hand[2]]
    };
    see.move_to(target, 10.0, -1.0)
}

pub(super) fn back_side(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let puck = add(see.object, [0.023, 0.0, 0.025]);
    let target = if see.xy_to(puck) > 0.01 {
        add(puck, [0.0, 0.0, 0.07])
    } else if see.dz_to(puck) > 0.04 {
        puck
    } else {
        [see.hand[0] + 0.1, 0.6, see.hand[2]]
    };
    see.move_to(target, 10.0, 1.0)
}
