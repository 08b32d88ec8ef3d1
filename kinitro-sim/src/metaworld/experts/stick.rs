//! Stick: grasp it, bring its end to the thermos (pushing) or into its handle (pulling), then move both to the goal.
//! Source: Meta-World 3.1.1, `policies/sawyer_stick_{push,pull}_v3_policy.py`.

use super::Sight;
use crate::metaworld::vector::add;

pub(super) fn push(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let stick = add(see.object, [0.015, 0.0, 0.03]);
    let target =
        lead(&see, stick, see.second_object).unwrap_or_else(|| add(see.goal, [0.0, 0.0, 0.132]));
    see.move_to(target, 10.0, effort(&see, stick))
}

pub(super) fn pull(observation: &[f64; 39]) -> [f32; 4] {
    let see = Sight::of(observation);
    let stick = add(see.object, [-0.015, 0.0, 0.03]);
    let handle = add(see.second_object, [-0.015, 0.0, 0.03]);
    let target = lead(&see, stick, handle).unwrap_or_else(|| add(see.goal, [-0.05, 0.0, 0.0]));
    see.move_to(target, 25.0, effort(&see, stick))
}

/// Where the hand must go to grasp the stick and lead it to `meeting`; nowhere once it has come that far along x.
fn lead(see: &Sight, stick: [f64; 3], meeting: [f64; 3]) -> Option<[f64; 3]> {
    if (stick[0] - meeting[0]).abs() <= 0.04 {
        return None;
    }
    Some(if see.xy_to(stick) > 0.02 {
        add(stick, [0.0, 0.0, 0.1])
    } else if see.dz_to(stick) > 0.02 {
        stick
    } else if (stick[1] - meeting[1]).abs() > 0.02 {
        [stick[0], meeting[1], stick[2]]
    } else if (stick[2] - meeting[2]).abs() > 0.02 {
        [stick[0], meeting[1], meeting[2]]
    } else {
        meeting
    })
}

fn effort(see: &Sight, stick: [f64; 3]) -> f64 {
    if see.is_far_from(stick, 0.02, 0.1) {
        -1.0
    } else {
        0.7
    }
}
