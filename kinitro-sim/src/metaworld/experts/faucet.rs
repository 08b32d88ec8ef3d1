//! Faucet: down beside the handle, then push it around.
//! Source: Meta-World 3.1.1, `policies/sawyer_faucet_{open,close}_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn open(observation: &[f64; 39]) -> [f32; 4] {
    turn(observation, [-0.04, 0.0, 0.03], [0.1, 0.05, 0.0])
}

pub(super) fn close(observation: &[f64; 39]) -> [f32; 4] {
    turn(observation, [0.04, 0.0, 0.03], [-0.1, 0.05, 0.0])
}

/// Goes to the point `beside` the handle, then `push`es.
fn turn(observation: &[f64; 39], beside: [f64; 3], push: [f64; 3]) -> [f32; 4] {
    let see = Sight::of(observation);
    let side = add(see.object, beside);
    let target = if see.xy_to(side) > 0.04 {
        add(side, [0.0, 0.0, 0.1])
    } else if see.dz_to(side) > 0.04 {
        side
    } else {
        add(side, push)
    };
    see.move_to(target, 25.0, 1.0)
}
