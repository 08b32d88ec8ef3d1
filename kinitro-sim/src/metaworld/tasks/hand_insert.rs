//! Hand insertion: the hand goes through a hole in the table, with a block between the fingers.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_hand_insert_v3.py`.

use super::puck::{ARRIVED, GOAL, MARKS, PUCK, PUCK_GEOM, Paid, has_arrived, objects_wxyz, way};
use crate::metaworld::reward::{Cage, Density, hamacher};
use crate::metaworld::reward_v1::arrival;
use crate::metaworld::scene::{Evaluation, Placement, RewardV1, Stage, StepView};
use crate::metaworld::spec::{
    Difficulty, DrawSpace, HandStart, MinDistance, TaskSpec, from_f32, point,
};
use crate::metaworld::vector::{distance, distance_xy};

/// Height from which the block is let go, in meters.
const START_HEIGHT: f64 = 0.05;

const CAGE: Cage = Cage {
    object_radius: 0.015,
    pad_reach: 0.05,
    xz_reach: 0.005,
    effort: 1.0,
    density: Density::High,
};

/// `hand-insert-v3`
pub(super) static HAND_INSERT: TaskSpec = TaskSpec {
    name: "hand-insert-v3",
    summary: "Put a block into the hole in the table by hand.",
    instruction: "Grasp the block and put your hand with it into the hole, down to the goal marker.",
    difficulty: Difficulty::Hard,
    model: "sawyer_table_with_hole.xml",
    hand_init: from_f32([0.0, 0.6, 0.2]),
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, -0.15],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.6, 0.05, -0.04, 0.8, -0.0201],
        high: &[0.1, 0.7, 0.05, 0.04, 0.88, -0.0199],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.04, 0.8, -0.0201],
    goal_space_high: [0.04, 0.88, -0.0199],
    marks: MARKS,
    manipulated: &[PUCK],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects: objects_wxyz,
    place,
    reward,
    reward_v1,
};

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let ([x, y, _], goal) = (point(draw, 0), point(draw, 1));
    let start = [x, y, START_HEIGHT];
    stage.put_free_object(start);
    stage.move_site(GOAL, goal);
    Placement::new(start, goal)
}

/// Rewards a firm grip on the block, then its way to the goal.
fn reward(step: &StepView<'_>) -> Evaluation {
    let block = step.object();
    let in_place = way(step, ARRIVED);
    let grasp = CAGE.reward(step, block, step.object_start());

    let mut reward = hamacher(grasp, in_place);
    if distance(block, step.tcp()) < 0.02 && step.opening() > 0.0 {
        reward += 1.0 + 7.0 * in_place;
    }
    if has_arrived(step) {
        reward = 10.0;
    }
    let paid = Paid {
        reward,
        grasp,
        in_place,
    };
    paid.evaluation(step, PUCK_GEOM, ARRIVED)
}

/// Rewards the way of the fingers, first over the hole and then down.
///
/// Quirk: the measured distance is the block's at the start, so that version 1 never sees a success.
fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let (tcp, target) = (step.tcp(), step.target());
    let reach = distance_xy(tcp, target);
    let descent = if reach < 0.05 {
        let travel = (step.task.hand_init[2] - target[2]).abs();
        arrival(travel, (tcp[2] - target[2]).abs())
    } else {
        0.0
    };
    let measured = distance(step.object_start(), target);
    RewardV1 {
        reward: descent - reach,
        success: measured <= ARRIVED,
        obj_to_target: measured,
    }
}
