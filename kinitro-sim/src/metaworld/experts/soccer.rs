//! Soccer: go down behind the ball, seen from the goal, and push it.
//! Source: Meta-World 3.1.1, `policies/sawyer_soccer_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

/// Distance of the point to push from behind the ball (m).
const BEHIND: f64 = 0.03;

pub(super) fn soccer(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let ball = add(see.object, [0.0, 0.0, 0.03]);
    let height = if see.xy_to(ball) < 0.02 { 0.1 } else { 0.03 };
    let off_center = ball[0] - see.goal[0];
    let [x, y, _] = if off_center < -0.05 {
        add(ball, [-BEHIND, 0.0, 0.0])
    } else if off_center > 0.05 {
        add(ball, [BEHIND, 0.0, 0.0])
    } else {
        add(ball, [0.0, -BEHIND, 0.0])
    };
    let behind = [x, y, height];
    let target = if see.distance_to(behind) > 0.01 {
        behind
    } else {
        ball
    };
    see.move_to(target, 25.0, 1.0)
}
