//! Door: a cabinet door with a handle, pulled open or pushed shut.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_door_v3.py` and `envs/sawyer_door_close_v3.py`.

use std::f64::consts::PI;

use crate::metaworld::reward::{Funnel, gaussian, hamacher, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, GeomMark, HandStart, JointMark, Marks, MinDistance, SiteMark,
    TaskSpec, from_f32, point,
};
use crate::metaworld::vector::{add, distance, distance_xy};

/// The hand must be above this funnel until it is at the handle.
const FUNNEL: Funnel = Funnel {
    radius: 0.12,
    slope: 0.04,
    rim: 0.4,
};

/// Within this distance of the target the door counts as shut, and within that one it earns the full reward, in meters.
const SHUT: f64 = 0.08;
const WELL_SHUT: f64 = 0.05;

/// Angle of the open door, in radians.
#[expect(
    clippy::approx_constant,
    reason = "upstream rounds a quarter turn to four digits"
)]
const OPEN_ANGLE: f64 = -1.5708;

const MARKS: Marks = Marks {
    bodies: &["door", "door_link"],
    sites: &["goal"],
    geoms: &["handle"],
    joints: &["doorjoint"],
};
const DOOR: BodyMark = MARKS.body("door");
const LEAF: BodyMark = MARKS.body("door_link");
const HANDLE: GeomMark = MARKS.geom("handle");
const HINGE: JointMark = MARKS.joint("doorjoint");
const GOAL: SiteMark = MARKS.site("goal");

/// `door-open-v3`
pub(super) static OPEN: TaskSpec = TaskSpec {
    name: "door-open-v3",
    summary: "Pull a door open by its handle.",
    instruction: "Open the door.",
    difficulty: Difficulty::Easy,
    model: "sawyer_door_pull.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[0.0, 0.85, 0.15],
        high: &[0.1, 0.95, 0.15],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.3, 0.4, 0.1499],
    goal_space_high: [-0.2, 0.5, 0.1501],
    marks: MARKS,
    manipulated: &[LEAF],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects,
    place: |stage, draw| place(stage, draw, [-0.3, -0.45, 0.0], 0.0),
    reward: reward_open,
    reward_v1: reward_open_v1,
};

/// `door-close-v3`
pub(super) static CLOSE: TaskSpec = TaskSpec {
    name: "door-close-v3",
    summary: "Push an open door shut.",
    instruction: "Close the door.",
    hand_init: from_f32([-0.5, 0.6, 0.2]),
    goal_space_low: [0.2, 0.65, 0.1499],
    goal_space_high: [0.3, 0.75, 0.1501],
    place: |stage, draw| place(stage, draw, [0.2, -0.2, 0.0], OPEN_ANGLE),
    reward: reward_close,
    reward_v1: reward_close_v1,
    ..OPEN
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.geom(HANDLE), scene.geom_quaternion_xyzw(HANDLE))
}

/// Puts the door where `draw` says, with its leaf at rest at `angle`, and the target of its handle `aside` of it.
fn place(stage: &mut Stage<'_>, draw: &[f64], aside: [f64; 3], angle: f64) -> Placement {
    let door = point(draw, 0);
    let goal = add(door, aside);
    stage.move_body(DOOR, door);
    stage.move_site(GOAL, goal);
    stage.rest_joint(HINGE, angle);
    Placement {
        travel: distance_xy(stage.scene().geom(HANDLE), goal),
        ..Placement::new(door, goal)
    }
}

/// Rewards an open hand behind the handle, and the angle of the door.
fn reward_open(step: &StepView<'_>) -> Evaluation {
    let ready = readiness(step.hand(), add(step.object(), [-0.05, 0.0, 0.0]));
    let opened = opened(step.scene.joint(HINGE));
    let grab = f64::midpoint(f64::from(step.action[3].clamp(-1.0, 1.0)), 1.0);
    let success = is_open(step);
    Evaluation {
        reward: if success {
            10.0
        } else {
            2.0 * hamacher(ready, grab) + 8.0 * opened
        },
        success,
        near_object: ready,
        grasp: Grasp::Known(f64::from(grab >= 0.5)),
        grasp_reward: grab,
        in_place_reward: opened,
        obj_to_target: 0.0,
    }
}

/// How well the hand is placed to pull at `handle`: between handle and door, and until it is there, above a funnel that keeps
/// it from running into the handle.
fn readiness(hand: [f64; 3], handle: [f64; 3]) -> f64 {
    let behind = distance(hand, add(handle, [0.05, 0.03, -0.01]));
    hamacher(
        FUNNEL.clearance(hand, handle),
        long_tail(behind, (0.0, FUNNEL.radius / 2.0), 0.5),
    )
}

/// A fifth for moving the door at all, the rest for its `angle`, which is negative when it is open.
fn opened(angle: f64) -> f64 {
    let moved = f64::from(angle < -PI / 90.0);
    0.2 * moved + 0.8 * long_tail(PI / 2.0 + PI / 6.0 + angle, (0.0, 0.5), PI / 3.0)
}

fn is_open(step: &StepView<'_>) -> bool {
    (step.object()[0] - step.target()[0]).abs() <= 0.08
}

fn reward_open_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance_xy(step.object(), step.target());
    RewardV1 {
        reward: drive(step, step.tcp(), remaining),
        success: is_open(step),
        obj_to_target: 0.0,
    }
}

/// Rewards fingers, and a handle, that come to where the handle of a shut door is.
fn reward_close(step: &StepView<'_>) -> Evaluation {
    let (handle, target) = (step.object(), step.target());
    let remaining = distance(handle, target);
    let margin = distance(step.object_start(), target);
    let in_place = gaussian(remaining, (0.0, WELL_SHUT), margin);

    // Quirk: the margin follows the handle.
    let margin = distance(step.task.hand_init, handle) + 0.1;
    let reach = distance(step.tcp(), target);
    let hand_in_place = gaussian(reach, (0.0, 0.25 * WELL_SHUT), margin);
    Evaluation {
        reward: if remaining < WELL_SHUT {
            10.0
        } else {
            3.0 * hand_in_place + 6.0 * in_place
        },
        success: remaining <= SHUT,
        near_object: 0.0,
        grasp: Grasp::Known(1.0),
        grasp_reward: 1.0,
        in_place_reward: hand_in_place,
        obj_to_target: remaining,
    }
}

fn reward_close_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance_xy(step.object(), step.target());
    RewardV1 {
        reward: drive(step, step.tcp(), remaining),
        success: remaining <= SHUT,
        obj_to_target: remaining,
    }
}
