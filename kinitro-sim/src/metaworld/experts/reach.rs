//! Reach: the hand goes straight to the goal, or up first if a wall is in its way.
//! Source: Meta-World 3.1.1, `policies/sawyer_reach_v3_policy.py` and `policies/sawyer_reach_wall_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn reach(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    see.move_to(see.goal, 5.0, 0.0)
}

pub(super) fn over_wall(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let [x, y, z] = see.hand;
    let is_before_wall = (-0.1..=0.3).contains(&x) && (0.6..=0.8).contains(&y) && z < 0.25;
    let target = if is_before_wall {
        add(see.goal, [0.0, 0.0, 1.0])
    } else {
        see.goal
    };
    see.move_to(target, 5.0, 0.0)
}
