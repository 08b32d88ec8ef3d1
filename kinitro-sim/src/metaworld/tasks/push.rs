//! Pushing: a puck slides over the table to a goal: away from the robot, around a wall, or back towards the robot.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_push_v3.py`, `envs/sawyer_push_wall_v3.py` and `envs/sawyer_push_back_v3.py`.

use super::puck::{
    ARRIVED, DONE, GOAL, MARKS, PUCK, PUCK_GEOM, Paid, has_arrived, objects_xyzw, pushing_v1, way,
};
use crate::metaworld::reward::{Cage, Density, SidedCage, hamacher, long_tail};
use crate::metaworld::scene::{Evaluation, Placement, Stage, StepView};
use crate::metaworld::spec::{
    Difficulty, DrawSpace, HandStart, MinDistance, TaskSpec, from_f32, point,
};
use crate::metaworld::vector::{distance, distance_xy, weighted_distance};

const CAGE: Cage = Cage {
    object_radius: 0.015,
    pad_reach: 0.05,
    xz_reach: 0.005,
    effort: 1.0,
    density: Density::High,
};

/// The cage of the task in which the puck is pulled back.
const BACK_CAGE: SidedCage = SidedCage {
    object_radius: 0.007,
    grip_margin: 0.003,
    xz_reach: 0.01,
};

/// `push-v3`
pub(super) static PUSH: TaskSpec = TaskSpec {
    name: "push-v3",
    summary: "Push a puck over the table to a goal.",
    instruction: "Push the puck to the goal marker.",
    difficulty: Difficulty::Hard,
    model: "sawyer_push_v3.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.6, 0.02, -0.1, 0.8, 0.01],
        high: &[0.1, 0.7, 0.02, 0.1, 0.9, 0.02],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.1, 0.8, 0.01],
    goal_space_high: [0.1, 0.9, 0.02],
    marks: MARKS,
    manipulated: &[PUCK],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects: objects_xyzw,
    place,
    reward,
    reward_v1: |step| pushing_v1(step, ARRIVED),
};

/// `push-wall-v3`
pub(super) static PUSH_WALL: TaskSpec = TaskSpec {
    name: "push-wall-v3",
    summary: "Push a puck around a wall to a goal.",
    instruction: "Push the puck around the wall to the goal marker behind it.",
    difficulty: Difficulty::Medium,
    model: "sawyer_push_wall_v3.xml",
    draw: DrawSpace {
        low: &[-0.05, 0.6, 0.015, -0.05, 0.85, 0.01],
        high: &[0.05, 0.65, 0.015, 0.05, 0.9, 0.02],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.05, 0.85, 0.01],
    goal_space_high: [0.05, 0.9, 0.02],
    reward: reward_wall,
    reward_v1: |step| pushing_v1(step, DONE),
    ..PUSH
};

/// `push-back-v3`
pub(super) static PUSH_BACK: TaskSpec = TaskSpec {
    name: "push-back-v3",
    summary: "Pull a block over the table towards the robot, to a goal.",
    instruction: "Pull the block back over the table to the goal marker.",
    model: "sawyer_push_back_v3.xml",
    hand_init: from_f32([0.0, 0.6, 0.2]),
    draw: DrawSpace {
        low: &[-0.1, 0.8, 0.02, -0.1, 0.6, 0.0199],
        high: &[0.1, 0.85, 0.02, 0.1, 0.7, 0.0201],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.1, 0.6, 0.0199],
    goal_space_high: [0.1, 0.7, 0.0201],
    reward: reward_back,
    reward_v1: |step| pushing_v1(step, DONE),
    ..PUSH
};

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    // The drawn heights are not used: puck and goal are as high as the puck lies before it is moved.
    let height = stage.scene().body(PUCK)[2];
    let [start, goal] = [point(draw, 0), point(draw, 1)].map(|[x, y, _]| [x, y, height]);
    stage.put_free_object(start);
    stage.move_site(GOAL, goal);
    Placement {
        travel: distance_xy(start, goal),
        ..Placement::new(start, goal)
    }
}

/// Whether the puck is between the open fingers.
fn is_held(step: &StepView<'_>) -> bool {
    distance(step.object(), step.tcp()) < 0.02 && step.opening() > 0.0
}

/// Rewards having the puck between the fingers, then its way to the goal.
fn reward(step: &StepView<'_>) -> Evaluation {
    let in_place = way(step, ARRIVED);
    let grasp = CAGE.reward(step, step.object(), step.object_start());

    let mut reward = 2.0 * grasp;
    if is_held(step) {
        // Quirk: upstream adds the reward so far a second time.
        reward += 1.0 + reward + 5.0 * in_place;
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

/// Rewards having the puck between the fingers, then its way to a point beside the end of the wall, and behind the wall its
/// way to the goal. Errors across count three times on the first way.
fn reward_wall(step: &StepView<'_>) -> Evaluation {
    const ACROSS: [f64; 3] = [3.0, 1.0, 1.0];
    let (puck, start) = (step.object(), step.object_start());
    let corner = [-0.05, 0.77, puck[2]];
    let around = long_tail(
        weighted_distance(puck, corner, ACROSS),
        (0.0, ARRIVED),
        weighted_distance(start, corner, ACROSS),
    );
    let in_place = way(step, ARRIVED);
    let grasp = CAGE.reward(step, puck, start);

    let mut reward = 2.0 * grasp;
    if is_held(step) {
        reward += if puck[1] > 0.75 {
            1.0 + 4.0 + 3.0 * in_place
        } else {
            1.0 + 4.0 * around
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

/// Rewards having the block between the fingers and its way to the goal, more once closed fingers have moved it.
fn reward_back(step: &StepView<'_>) -> Evaluation {
    let (block, start, target) = (step.object(), step.object_start(), step.target());
    let in_place = way(step, ARRIVED);
    let grasp = BACK_CAGE.reward(step, block, start);

    let mut reward = hamacher(grasp, in_place);
    let is_between = distance(block, step.tcp()) < 0.01;
    let is_closed = 0.0 < step.opening() && step.opening() < 0.55;
    let has_moved = distance(start, target) - distance(block, target) > 0.01;
    if is_between && is_closed && has_moved {
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
