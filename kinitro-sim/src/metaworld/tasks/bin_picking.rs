//! Bin picking: a block is moved from one bin to the other.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_bin_picking_v3.py`.

use super::puck::ARRIVED;
use crate::metaworld::reward::{Cage, Density, Funnel, hamacher, keeps_above, long_tail};
use crate::metaworld::reward_v1::{Near, PickUp, arrival};
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, Marks, MinDistance, TaskSpec,
};
use crate::metaworld::vector::{distance, distance_xy};

/// How version 1 sees picking the block up.
const PICK_UP: PickUp = PickUp {
    rise_weight: 1.0,
    lift: 0.1,
    near: Near {
        above: 0.06,
        ..Near::USUAL
    },
};

const CAGE: Cage = Cage {
    object_radius: 0.015,
    pad_reach: 0.05,
    xz_reach: 0.01,
    effort: 0.7,
    density: Density::High,
};

/// The hand goes down only within the bins, so that it does not run into their walls.
const WALLS: Funnel = Funnel {
    radius: 0.03,
    slope: 0.02,
    rim: 0.2,
};

const MARKS: Marks = Marks {
    bodies: &["obj", "bin_goal"],
    ..Marks::NONE
};
const BLOCK: BodyMark = MARKS.body("obj");
const BIN: BodyMark = MARKS.body("bin_goal");

/// `bin-picking-v3`
pub(super) static BIN_PICKING: TaskSpec = TaskSpec {
    name: "bin-picking-v3",
    summary: "Move a block from one bin to the other.",
    instruction: "Pick up the block and put it into the other bin.",
    difficulty: Difficulty::Medium,
    model: "sawyer_bin_picking.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.07],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.21, 0.65, 0.02, 0.1199, 0.699, -0.001],
        high: &[-0.03, 0.75, 0.02, 0.1201, 0.701, 0.001],
        min_distance: MinDistance::None,
    },
    goal_space_low: [0.1199, 0.699, -0.001],
    goal_space_high: [0.1201, 0.701, 0.001],
    marks: MARKS,
    manipulated: &[BLOCK],
    goal_marker: None,
    misleading_markers: &[],
    objects,
    place,
    reward,
    reward_v1,
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.body(BLOCK), scene.body_quaternion(BLOCK))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    // Of the drawn numbers two are used: the bin is where it is, and the block as high as it lies before it is moved.
    let start = [draw[0], draw[1], stage.scene().body(BLOCK)[2]];
    stage.put_free_object(start);
    let scene = stage.scene();
    Placement {
        object_height: scene.body(BLOCK)[2],
        ..Placement::new(start, scene.body(BIN))
    }
}

/// Rewards a grip on the block, then its way to the other bin while the hand keeps clear of the walls.
fn reward(step: &StepView<'_>) -> Evaluation {
    let (block, start, target) = (step.object(), step.object_start(), step.target());
    let hand = step.hand();
    let remaining = distance(block, target);
    // Quirk: the way is measured from where the block is observed first, one step after the start.
    let margin = distance(step.first_object, target);
    let in_place = long_tail(remaining, (0.0, ARRIVED), margin);
    let [floor, other_floor] = [start, target].map(|bin| WALLS.floor(distance_xy(hand, bin)));
    let clear = keeps_above(floor.min(other_floor), hand[2], 0.05);
    let grasp = CAGE.reward(step, block, start);

    let mut reward = hamacher(grasp, in_place);
    let near = distance(block, hand) < 0.04;
    // Fingers that are farther closed than the block allows have nothing between them.
    let held = near && step.lifted(0.02) && step.opening() >= 0.43;
    if held {
        reward += 1.0 + 5.0 * hamacher(clear, in_place);
    }
    if remaining < ARRIVED {
        reward = 10.0;
    }
    Evaluation {
        reward,
        success: remaining <= ARRIVED,
        near_object: f64::from(near),
        grasp: Grasp::Known(f64::from(held)),
        grasp_reward: grasp,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

/// Above the bin, opening the gripper is paid as well; once the block lies in it, nothing else but the place.
fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let (block, target) = (step.object(), step.target());
    let remaining = distance_xy(block, target);
    let travel = distance_xy(step.object_start(), target) + PICK_UP.lifted_height(step);
    let arrival = arrival(travel, remaining);
    let letting_go = -200.0 * f64::from(step.action[3]);

    let height = block[2];
    let is_above = (0..2).all(|axis| (block[axis] - target[axis]).abs() < 0.05);
    let is_placed = is_above && height < step.placement.object_height + 0.05;
    let reward = if is_placed {
        letting_go + arrival
    } else {
        let held = PICK_UP.is_picked(step, height) && !PICK_UP.is_dropped(step, height, remaining);
        let mut reward = PICK_UP.reach(step) + PICK_UP.pick(step, height, held);
        if held && distance(block, step.tcp()) < PICK_UP.near.carry {
            reward += arrival;
            if is_above {
                reward += letting_go;
            }
        }
        reward
    };
    RewardV1 {
        reward,
        success: remaining <= ARRIVED,
        obj_to_target: remaining,
    }
}
