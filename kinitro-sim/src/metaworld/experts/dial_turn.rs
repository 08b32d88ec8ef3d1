//! Dial: down to the right of its mark, then push across.
//! Source: Meta-World 3.1.1, `policies/sawyer_dial_turn_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn turn(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let push = add(see.object, [0.05, 0.02, 0.09]);
    let target = if see.xy_to(push) > 0.02 {
        [push[0], push[1], 0.2]
    } else if see.dz_to(push) > 0.02 {
        push
    } else {
        add(push, [-0.05, 0.005, 0.0])
    };
    see.move_to(target, 10.0, 1.0)
}
