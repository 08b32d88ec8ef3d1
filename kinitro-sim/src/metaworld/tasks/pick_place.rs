//! Picking: a puck is lifted and brought to a point in the air: from the table, over a wall, or out of a hole.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_pick_place_v3.py`, `envs/sawyer_pick_place_wall_v3.py` and
//! `envs/sawyer_pick_out_of_hole_v3.py`.

use super::puck::{
    ARRIVED, DONE, GOAL, MARKS, PUCK, PUCK_GEOM, Paid, has_arrived, objects_wxyz, objects_xyzw,
    picking_v1, place_as_drawn, way,
};
use crate::metaworld::reward::{
    Cage, Density, Funnel, between_pads, grip, hamacher, keeps_above, long_tail, xz_caging,
};
use crate::metaworld::reward_v1::{Near, PickUp};
use crate::metaworld::scene::{Evaluation, Grasp, RewardV1, StepView};
use crate::metaworld::spec::{Difficulty, DrawSpace, HandStart, MinDistance, TaskSpec};
use crate::metaworld::vector::{distance, distance_xy, weighted_distance};

/// How version 1 sees picking a puck up from the table.
pub(super) const PICK_UP: PickUp = PickUp {
    rise_weight: 2.0,
    lift: 0.04,
    near: Near::USUAL,
};

/// How version 1 sees picking a puck out of the hole.
const PICK_OUT: PickUp = PickUp {
    lift: 0.11,
    ..PICK_UP
};

/// `pick-place-v3`
pub(super) static PICK_PLACE: TaskSpec = TaskSpec {
    name: "pick-place-v3",
    summary: "Pick up a puck and hold it at a point in the air.",
    instruction: "Pick up the puck and bring it to the goal marker.",
    difficulty: Difficulty::Hard,
    model: "sawyer_pick_place_v3.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.6, 0.02, -0.1, 0.8, 0.05],
        high: &[0.1, 0.7, 0.02, 0.1, 0.9, 0.3],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.1, 0.8, 0.05],
    goal_space_high: [0.1, 0.9, 0.3],
    marks: MARKS,
    manipulated: &[PUCK],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects: objects_xyzw,
    place: place_as_drawn,
    reward,
    reward_v1: |step| picking_v1(step, &PICK_UP, DONE),
};

/// `pick-place-wall-v3`
pub(super) static PICK_PLACE_WALL: TaskSpec = TaskSpec {
    name: "pick-place-wall-v3",
    summary: "Pick up a puck and hold it at a point behind a wall.",
    instruction: "Pick up the puck and bring it over the wall to the goal marker.",
    difficulty: Difficulty::VeryHard,
    model: "sawyer_pick_place_wall_v3.xml",
    draw: DrawSpace {
        low: &[-0.05, 0.6, 0.015, -0.05, 0.85, 0.05],
        high: &[0.05, 0.65, 0.015, 0.05, 0.9, 0.3],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.05, 0.85, 0.05],
    goal_space_high: [0.05, 0.9, 0.3],
    reward: reward_wall,
    ..PICK_PLACE
};

/// `pick-out-of-hole-v3`
pub(super) static PICK_OUT_OF_HOLE: TaskSpec = TaskSpec {
    name: "pick-out-of-hole-v3",
    summary: "Pick a puck out of a hole and hold it at a point in the air.",
    instruction: "Pick the puck out of the hole and bring it to the goal marker.",
    model: "sawyer_pick_out_of_hole.xml",
    mocap_low: [-0.5, 0.4, -0.05],
    draw: DrawSpace {
        low: &[0.0, 0.75, 0.02, -0.1, 0.5, 0.15],
        high: &[0.0, 0.75, 0.02, 0.1, 0.6, 0.3],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.1, 0.5, 0.15],
    goal_space_high: [0.1, 0.6, 0.3],
    objects: objects_wxyz,
    reward: reward_out_of_hole,
    reward_v1: reward_out_of_hole_v1,
    ..PICK_PLACE
};

/// Whether the puck is between the open fingers and `height` above its start.
fn is_held(step: &StepView<'_>, height: f64) -> bool {
    distance(step.object(), step.tcp()) < 0.02 && step.opening() > 0.0 && step.lifted(height)
}

/// Rewards a firm grip on the puck, then its way to the goal once it is off the table.
fn reward(step: &StepView<'_>) -> Evaluation {
    let in_place = way(step, ARRIVED);
    let grasp = cage(step, step.object(), step.object_start());

    let mut reward = hamacher(grasp, in_place);
    if is_held(step, 0.01) {
        reward += 1.0 + 5.0 * in_place;
    }
    if has_arrived(step) {
        reward = 10.0;
    }
    let paid = Paid {
        reward,
        grasp,
        in_place,
    };
    paid.evaluation(step, PUCK_GEOM, DONE)
}

/// The task's own variant of the caging reward: each pad must be on its own side of the puck.
fn cage(step: &StepView<'_>, puck: [f64; 3], start: [f64; 3]) -> f64 {
    let caging = hamacher(
        between_pads(step, puck, (0.015, 0.05)),
        xz_caging(step, puck, start, 0.005),
    );
    let gripping = hamacher(caging, grip(caging, step.closing(1.0)));
    f64::midpoint(gripping, caging)
}

/// Rewards a firm grip on the puck, then its way to a point above the wall, and behind the wall its way to the goal. Errors in
/// height count three times on the first way.
fn reward_wall(step: &StepView<'_>) -> Evaluation {
    const CAGE: Cage = Cage {
        object_radius: 0.015,
        pad_reach: 0.05,
        xz_reach: 0.005,
        effort: 1.0,
        density: Density::None,
    };
    const UP: [f64; 3] = [1.0, 1.0, 3.0];
    let (puck, start) = (step.object(), step.object_start());
    let above_wall = [step.target()[0], 0.77, 0.25];
    let over = long_tail(
        weighted_distance(puck, above_wall, UP),
        (0.0, ARRIVED),
        weighted_distance(start, above_wall, UP),
    );
    let in_place = way(step, ARRIVED);
    let grasp = CAGE.reward(step, puck, start);

    let mut reward = hamacher(grasp, over);
    if is_held(step, 0.015) {
        reward += if puck[1] > 0.75 {
            1.0 + 4.0 + 3.0 * in_place
        } else {
            1.0 + 4.0 * over
        };
    }
    if has_arrived(step) {
        reward = 10.0;
    }
    let paid = Paid {
        reward,
        grasp,
        in_place,
    };
    paid.evaluation(step, PUCK_GEOM, DONE)
}

/// Rewards a grip on the puck, then its way to the goal while the hand keeps clear of the rim of the hole.
fn reward_out_of_hole(step: &StepView<'_>) -> Evaluation {
    const CAGE: Cage = Cage {
        object_radius: 0.015,
        pad_reach: 0.02,
        xz_reach: 0.03,
        effort: 0.1,
        density: Density::High,
    };
    const RIM: Funnel = Funnel {
        radius: 0.03,
        slope: 0.015,
        rim: 0.15,
    };
    let (puck, start, tcp) = (step.object(), step.object_start(), step.tcp());
    let clear = keeps_above(RIM.floor(distance_xy(tcp, start)), tcp[2], 0.02);
    let in_place = way(step, 0.02);
    let grasp = CAGE.reward(step, puck, start);

    let mut reward = hamacher(grasp, in_place);
    // Fingers that are farther closed than the puck allows have nothing between them.
    let held = distance(puck, tcp) < 0.04 && step.lifted(0.02) && step.opening() >= 0.33;
    if held {
        reward += 1.0 + 5.0 * hamacher(in_place, clear);
    }
    if has_arrived(step) {
        reward = 10.0;
    }
    let paid = Paid {
        reward,
        grasp,
        in_place,
    };
    Evaluation {
        grasp: Grasp::Known(f64::from(held)),
        ..paid.evaluation(step, PUCK_GEOM, DONE)
    }
}

/// As from the table, but heights are paid from 2 cm below the bottom of the hole on.
fn reward_out_of_hole_v1(step: &StepView<'_>) -> RewardV1 {
    let judged = picking_v1(step, &PICK_OUT, DONE);
    let height = step.object()[2];
    let held = PICK_OUT.is_picked(step, height)
        && !PICK_OUT.is_dropped(step, height, judged.obj_to_target);
    let is_height_paid = PICK_OUT.pick(step, height, held) > 0.0;
    let unpaid = if is_height_paid {
        100.0 * (step.placement.object_height - 0.02)
    } else {
        0.0
    };
    RewardV1 {
        reward: judged.reward - unpaid,
        ..judged
    }
}
