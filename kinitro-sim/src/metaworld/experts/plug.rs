//! Plug: come down around it, then draw it out along x.
//! Source: Meta-World 3.1.1, `policies/sawyer_peg_unplug_side_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

/// Height of the hand around the plug (m).
const HEIGHT: f64 = 0.15;

pub(super) fn unplug_side(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let plug = add(see.object, [-0.02, 0.0, 0.035]);
    let target = if see.xy_to(plug) > 0.04 {
        add(plug, [0.0, 0.0, 0.2])
    } else if (see.hand[2] - HEIGHT).abs() > 0.02 {
        [plug[0], plug[1], HEIGHT]
    } else {
        add(see.hand, [0.01, 0.0, 0.0])
    };
    let effort = if see.is_far_from(plug, 0.04, 0.15) {
        -1.0
    } else {
        0.1
    };
    see.move_to(target, 25.0, effort)
}
