//! Door: pulled open behind its handle.
//! Source: Meta-World 3.1.1, `policies/sawyer_door_open_v3_policy.py` (which also alters the caller's observation; ours does not).

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn open(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let handle = add(see.object, [-0.05, 0.0, 0.0]);
    let target = if see.xy_to(handle) > 0.12 {
        add(handle, [0.06, 0.02, 0.2])
    } else if see.dz_to(handle) > 0.04 {
        add(handle, [0.06, 0.02, 0.0])
    } else {
        handle
    };
    see.move_to(target, 25.0, 1.0)
}
