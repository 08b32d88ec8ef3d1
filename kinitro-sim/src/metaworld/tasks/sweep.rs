//! Sweeping: a block slides to the right end of the table, or into a hole in it.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_sweep_v3.py` and `envs/sawyer_sweep_into_goal_v3.py`.

use super::puck::{ARRIVED, GOAL, MARKS, PUCK, PUCK_GEOM, objects_wxyz, objects_xyzw};
use crate::metaworld::reward::{SidedCage, hamacher, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::scene::{Evaluation, Grasp, Placement, RewardV1, Stage, StepView};
use crate::metaworld::spec::{Difficulty, DrawSpace, HandStart, MinDistance, TaskSpec};
use crate::metaworld::vector::{distance, distance_xy};

/// Middle of the hole.
const HOLE: [f64; 3] = [0.0, 0.84, 0.02];

/// `sweep-v3`
pub(super) static SWEEP: TaskSpec = TaskSpec {
    name: "sweep-v3",
    summary: "Sweep a block along the table to a goal at its right end.",
    instruction: "Sweep the block to the right, to the goal marker.",
    difficulty: Difficulty::Medium,
    model: "sawyer_sweep_v3.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.6, 0.02],
        high: &[0.1, 0.7, 0.02],
        min_distance: MinDistance::None,
    },
    goal_space_low: [0.49, 0.6, 0.0],
    goal_space_high: [0.51, 0.7, 0.02],
    marks: MARKS,
    manipulated: &[PUCK],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects: objects_wxyz,
    place: place_beside_goal,
    reward: reward_sweep,
    reward_v1: reward_sweep_v1,
};

/// `sweep-into-v3`
pub(super) static SWEEP_INTO: TaskSpec = TaskSpec {
    name: "sweep-into-v3",
    summary: "Sweep a block into the hole in the table.",
    instruction: "Sweep the block into the hole.",
    model: "sawyer_table_with_hole.xml",
    draw: DrawSpace {
        low: &[-0.1, 0.6, 0.02, -0.001, 0.8399, 0.0199],
        high: &[0.1, 0.7, 0.02, 0.001, 0.8401, 0.0201],
        min_distance: MinDistance::FromPoint {
            point: [HOLE[0], HOLE[1]],
            distance: 0.15,
        },
    },
    goal_space_low: [-0.001, 0.8399, 0.0199],
    goal_space_high: [0.001, 0.8401, 0.0201],
    objects: objects_xyzw,
    place: place_before_hole,
    reward: reward_sweep_into,
    reward_v1: reward_sweep_into_v1,
    ..SWEEP
};

fn place_beside_goal(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    place(stage, [draw[0], draw[1], 0.02], [0.5, draw[1], 0.01])
}

fn place_before_hole(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    // The drawn goal is not used: the hole is where it is.
    let height = stage.scene().body(PUCK)[2];
    place(stage, [draw[0], draw[1], height], HOLE)
}

fn place(stage: &mut Stage<'_>, start: [f64; 3], goal: [f64; 3]) -> Placement {
    stage.put_free_object(start);
    stage.move_site(GOAL, goal);
    Placement {
        travel: distance_xy(start, goal),
        ..Placement::new(start, goal)
    }
}

fn reward_sweep(step: &StepView<'_>) -> Evaluation {
    const CAGE: SidedCage = SidedCage {
        object_radius: 0.02,
        grip_margin: 0.01,
        xz_reach: 0.005,
    };
    reward(step, &CAGE, step.target())
}

/// The height of the block does not matter: it may be on its way through the hole.
fn reward_sweep_into(step: &StepView<'_>) -> Evaluation {
    const CAGE: SidedCage = SidedCage {
        object_radius: 0.02,
        grip_margin: 0.005,
        xz_reach: 0.01,
    };
    let [x, y, _] = step.target();
    reward(step, &CAGE, [x, y, step.object()[2]])
}

/// Rewards having the block between the fingers, and more so the closer it is to `target`.
fn reward(step: &StepView<'_>, cage: &SidedCage, target: [f64; 3]) -> Evaluation {
    let (block, start) = (step.object(), step.object_start());
    let remaining = distance(block, target);
    let in_place = long_tail(remaining, (0.0, ARRIVED), distance(start, target));
    let grasp_reward = cage.reward(step, block, start);
    Evaluation {
        reward: if remaining < ARRIVED {
            10.0
        } else {
            2.0 * grasp_reward + 6.0 * hamacher(grasp_reward, in_place)
        },
        success: remaining <= ARRIVED,
        near_object: f64::from(distance(block, step.tcp()) <= 0.03),
        grasp: Grasp::pinched(step.opening() > 0.0, PUCK_GEOM),
        grasp_reward,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_sweep_v1(step: &StepView<'_>) -> RewardV1 {
    reward_v1(step, has_fallen(step))
}

fn reward_sweep_into_v1(step: &StepView<'_>) -> RewardV1 {
    let y = step.object()[1];
    reward_v1(step, has_fallen(step) && 0.4 < y && y < 1.0)
}

/// Whether the block is below the top of the table.
fn has_fallen(step: &StepView<'_>) -> bool {
    step.object()[2] < step.object_start()[2] - 0.05
}

/// A block that has `arrived` has no way left, and the fingers need not be near it.
fn reward_v1(step: &StepView<'_>, arrived: bool) -> RewardV1 {
    let (block, tcp) = (step.object(), step.tcp());
    let (remaining, refund) = if arrived {
        (0.0, distance(block, tcp))
    } else {
        (distance_xy(block, step.target()), 0.0)
    };
    RewardV1 {
        reward: drive(step, tcp, remaining) + refund,
        success: remaining <= ARRIVED,
        obj_to_target: remaining,
    }
}
