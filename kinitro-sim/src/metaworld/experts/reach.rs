//! Reach: the hand goes straight to the goal.
//! Source: Meta-World 3.1.1, `policies/sawyer_reach_v3_policy.py`.

use super::Sight;

pub(super) fn reach(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    see.move_to(see.goal, 5.0, 0.0)
}
