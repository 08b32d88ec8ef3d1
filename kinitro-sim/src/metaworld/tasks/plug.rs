//! Plug: a plug is drawn sideways out of a socket.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_peg_unplug_side_v3.py`.

use crate::metaworld::reward::{Cage, Density, long_tail};
use crate::metaworld::reward_v1::arrival;
use crate::metaworld::sawyer::OBJECT_ADDRESS;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, Marks, MinDistance, SiteMark, TaskSpec, point,
};
use crate::metaworld::vector::{add, distance, distance_xy};

/// Within this distance of the target the reward is full, in meters.
const ARRIVED: f64 = 0.05;

/// Within this distance of the target the plug counts as out, in meters.
const OUT: f64 = 0.07;

/// The plug in its socket, relative to the box.
const PLUGGED: [f64; 3] = [0.044, 0.0, 0.131];

/// The observed goals lie within the boxes' places, moved by this.
const GOAL_OFFSET: [f64; 3] = [0.194, 0.0, 0.131];

const CAGE: Cage = Cage {
    object_radius: 0.025,
    pad_reach: 0.05,
    xz_reach: 0.005,
    effort: 0.8,
    density: Density::High,
};

const MARKS: Marks = Marks {
    bodies: &["plug1", "box"],
    sites: &["goal", "pegEnd", "hole"],
    ..Marks::NONE
};
const PLUG: BodyMark = MARKS.body("plug1");
const BOX: BodyMark = MARKS.body("box");
const GOAL: SiteMark = MARKS.site("goal");
const PLUG_END: SiteMark = MARKS.site("pegEnd");
const HOLE: SiteMark = MARKS.site("hole");

/// `peg-unplug-side-v3`
pub(super) static UNPLUG_SIDE: TaskSpec = TaskSpec {
    name: "peg-unplug-side-v3",
    summary: "Draw a plug sideways out of its socket.",
    instruction: "Pull the plug out of the socket in the side of the box.",
    difficulty: Difficulty::Easy,
    model: "sawyer_peg_unplug_side.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Simulated,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.25, 0.6, -0.001],
        high: &[-0.15, 0.8, 0.001],
        min_distance: MinDistance::None,
    },
    goal_space_low: [
        -0.25 + GOAL_OFFSET[0],
        0.6 + GOAL_OFFSET[1],
        -0.001 + GOAL_OFFSET[2],
    ],
    goal_space_high: [
        -0.15 + GOAL_OFFSET[0],
        0.8 + GOAL_OFFSET[1],
        0.001 + GOAL_OFFSET[2],
    ],
    marks: MARKS,
    manipulated: &[PLUG],
    goal_marker: Some(GOAL),
    misleading_markers: &[HOLE],
    objects,
    place,
    reward,
    reward_v1,
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.site(PLUG_END), scene.body_quaternion(PLUG))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let socket = point(draw, 0);
    let plug = add(socket, PLUGGED);
    stage.move_body(BOX, socket);
    // Quirk: the plug keeps the angular velocity with which it fell while the hand settled.
    stage.set_qpos(OBJECT_ADDRESS, &plug);
    stage.set_qpos(OBJECT_ADDRESS + 3, &[1.0, 0.0, 0.0, 0.0]);
    stage.set_qvel(OBJECT_ADDRESS, &[0.0; 3]);
    stage.forward();

    let end = stage.scene().site(PLUG_END);
    let goal = add(plug, [0.15, 0.0, 0.0]);
    stage.move_site(GOAL, goal);
    Placement {
        travel: distance(goal, end),
        ..Placement::new(end, goal)
    }
}

/// Rewards a grip on the plug, then its way once it has left the socket.
fn reward(step: &StepView<'_>) -> Evaluation {
    let (plug, start, target) = (step.object(), step.object_start(), step.target());
    let reach = distance(plug, step.tcp());
    let remaining = distance(plug, target);
    let grasp_reward = CAGE.reward(step, plug, start);
    let in_place = long_tail(remaining, (0.0, ARRIVED), distance(start, target));

    let drawn = step.opening() > 0.5 && plug[0] - start[0] > 0.015;
    let mut reward = 2.0 * grasp_reward;
    if drawn && reach < 0.035 {
        reward += 1.0 + 5.0 * in_place;
    }
    if remaining <= ARRIVED {
        reward = 10.0;
    }
    Evaluation {
        reward,
        success: remaining <= OUT,
        near_object: f64::from(reach <= 0.03),
        grasp: Grasp::Known(f64::from(drawn)),
        grasp_reward,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let (plug, tcp) = (step.object(), step.tcp());
    let (reach, reach_xy) = (distance(plug, tcp), distance_xy(plug, tcp));
    let remaining = distance_xy(plug, step.target());
    let reward = if reach < 0.05 {
        let closing = f64::from(step.action[3]).max(0.0) / 50.0;
        closing - reach + arrival(step.placement.travel, remaining)
    } else if reach_xy < 0.05 {
        -reach
    } else {
        -reach_xy - 2.0 * (tcp[2] - step.task.hand_init[2]).abs()
    };
    RewardV1 {
        reward,
        success: remaining <= OUT,
        obj_to_target: remaining,
    }
}
