//! Reaching: the fingers go to a point in the air, freely or over a wall. An object lies around and does not matter.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_reach_v3.py` and `envs/sawyer_reach_wall_v3.py`.

use super::puck::{ARRIVED, GOAL, MARKS, PUCK, objects_xyzw, place_as_drawn};
use crate::metaworld::reward::long_tail;
use crate::metaworld::reward_v1::arrival;
use crate::metaworld::scene::{Evaluation, Grasp, Placement, RewardV1, Stage, StepView};
use crate::metaworld::spec::{Difficulty, DrawSpace, HandStart, MinDistance, TaskSpec, point};
use crate::metaworld::vector::distance;

/// `reach-v3`
pub(super) static REACH: TaskSpec = TaskSpec {
    name: "reach-v3",
    summary: "Bring the finger tips to a point in the air.",
    instruction: "Move the gripper to the goal marker.",
    difficulty: Difficulty::Easy,
    model: "sawyer_reach_v3.xml",
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
    place,
    reward,
    reward_v1,
};

/// `reach-wall-v3`
pub(super) static REACH_WALL: TaskSpec = TaskSpec {
    name: "reach-wall-v3",
    summary: "Bring the finger tips to a point behind a wall.",
    instruction: "Move the gripper over the wall to the goal marker.",
    model: "sawyer_reach_wall_v3.xml",
    draw: DrawSpace {
        low: &[-0.05, 0.6, 0.015, -0.05, 0.85, 0.05],
        high: &[0.05, 0.65, 0.015, 0.05, 0.9, 0.3],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.05, 0.85, 0.05],
    goal_space_high: [0.05, 0.9, 0.3],
    reward: reward_wall,
    ..REACH
};

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let travel = distance(stage.scene().tcp(), point(draw, 1));
    Placement {
        travel,
        ..place_as_drawn(stage, draw)
    }
}

fn reward(step: &StepView<'_>) -> Evaluation {
    let target = step.target();
    let remaining = distance(step.tcp(), target);
    let in_place = long_tail(
        remaining,
        (0.0, ARRIVED),
        distance(step.task.hand_init, target),
    );
    Evaluation {
        reward: 10.0 * in_place,
        success: remaining <= ARRIVED,
        near_object: remaining,
        grasp: Grasp::Known(1.0),
        grasp_reward: remaining,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

/// As without a wall, but nothing is said about the object.
fn reward_wall(step: &StepView<'_>) -> Evaluation {
    Evaluation {
        near_object: 0.0,
        grasp: Grasp::Known(0.0),
        grasp_reward: 0.0,
        ..reward(step)
    }
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance(step.tcp(), step.target());
    RewardV1 {
        reward: arrival(step.placement.travel, remaining),
        success: remaining <= ARRIVED,
        obj_to_target: remaining,
    }
}
