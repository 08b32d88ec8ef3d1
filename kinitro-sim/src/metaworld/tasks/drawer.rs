//! Drawer: a cabinet with one drawer, pulled open or pushed shut.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_drawer_open_v3.py` and `envs/sawyer_drawer_close_v3.py`.

use crate::metaworld::reward::{gaussian, hamacher, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, JointMark, Marks, MinDistance, SiteMark, TaskSpec,
    from_f32, point,
};
use crate::metaworld::vector::{add, distance, weighted_distance};

/// How far the drawer is pulled out in the one task, and stands out at the start of the other, in meters.
const OPEN_TRAVEL: f64 = 0.2;
const CLOSE_TRAVEL: f64 = 0.15;

/// Within this distance of the target the drawer counts as shut, in meters.
const SHUT: f64 = 0.05 + 0.015;

const CABINETS: DrawSpace = DrawSpace {
    low: &[-0.1, 0.9, 0.0],
    high: &[0.1, 0.9, 0.0],
    min_distance: MinDistance::None,
};

const MARKS: Marks = Marks {
    bodies: &["drawer", "drawer_link"],
    sites: &["goal"],
    geoms: &[],
    joints: &["goal_slidey"],
};
const CABINET: BodyMark = MARKS.body("drawer");
const DRAWER: BodyMark = MARKS.body("drawer_link");
const SLIDE: JointMark = MARKS.joint("goal_slidey");
const GOAL: SiteMark = MARKS.site("goal");

/// `drawer-open-v3`
pub(super) static OPEN: TaskSpec = TaskSpec {
    name: "drawer-open-v3",
    summary: "Pull the drawer out by its handle.",
    instruction: "Open the drawer.",
    difficulty: Difficulty::Easy,
    model: "sawyer_drawer.xml",
    hand_init: from_f32([0.0, 0.6, 0.2]),
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: CABINETS,
    goal_space_low: [-0.5, 0.4, 0.05],
    goal_space_high: [0.5, 1.0, 0.5],
    marks: MARKS,
    manipulated: &[DRAWER],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects: handle_to_pull,
    place: place_shut,
    reward: reward_open,
    reward_v1: reward_open_v1,
};

/// `drawer-close-v3`
pub(super) static CLOSE: TaskSpec = TaskSpec {
    name: "drawer-close-v3",
    summary: "Push the open drawer shut.",
    instruction: "Close the drawer.",
    difficulty: Difficulty::Easy,
    objects: handle_to_push,
    place: place_open,
    reward: reward_close,
    reward_v1: reward_close_v1,
    ..OPEN
};

fn handle_to_pull(scene: &Scene<'_>) -> Objects {
    Objects::one(
        add(scene.body(DRAWER), [0.0, -0.16, 0.0]),
        scene.body_quaternion(DRAWER),
    )
}

fn place_shut(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let cabinet = point(draw, 0);
    let goal = add(cabinet, [0.0, -0.16 - OPEN_TRAVEL, 0.09]);
    stage.move_body(CABINET, cabinet);
    stage.move_site(GOAL, goal);
    Placement {
        travel: OPEN_TRAVEL,
        ..Placement::new(cabinet, goal)
    }
}

/// Rewards caging the handle and its way out, half each. The hand's error across counts three times its error in height, so
/// that it comes down on the handle instead of running into it.
fn reward_open(step: &StepView<'_>) -> Evaluation {
    const ACROSS: [f64; 3] = [3.0, 3.0, 1.0];
    let (handle, hand, target) = (step.object(), step.hand(), step.target());
    let remaining = distance(handle, target);
    let opening = long_tail(remaining, (0.0, 0.02), OPEN_TRAVEL);

    let shut = add(target, [0.0, OPEN_TRAVEL, 0.0]);
    let margin = weighted_distance(shut, step.tcp_start, ACROSS);
    let caging = long_tail(weighted_distance(handle, hand, ACROSS), (0.0, 0.01), margin);
    Evaluation {
        reward: (caging + opening) * 5.0,
        success: remaining <= 0.03,
        near_object: f64::from(distance(handle, hand) <= 0.03),
        grasp: Grasp::Known(f64::from(step.opening() > 0.0)),
        grasp_reward: caging,
        in_place_reward: opening,
        obj_to_target: remaining,
    }
}

fn reward_open_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = (step.object()[1] - step.target()[1]).abs();
    RewardV1 {
        reward: drive(step, step.tcp(), remaining),
        success: remaining <= 0.03,
        obj_to_target: remaining,
    }
}

fn handle_to_push(scene: &Scene<'_>) -> Objects {
    Objects::one(add(scene.body(DRAWER), [0.0, -0.16, 0.05]), [0.0; 4])
}

fn place_open(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let cabinet = point(draw, 0);
    let goal = add(cabinet, [0.0, -0.16, 0.09]);
    stage.move_body(CABINET, cabinet);
    stage.displace_joint(SLIDE, -CLOSE_TRAVEL);
    stage.move_site(GOAL, goal);
    let handle = handle_to_push(&stage.scene()).position();
    Placement {
        travel: CLOSE_TRAVEL,
        ..Placement::new(handle, goal)
    }
}

/// Rewards a closed hand at the handle, and the handle's way in.
fn reward_close(step: &StepView<'_>) -> Evaluation {
    const RADIUS: f64 = 0.05;
    const HANDLE_RADIUS: f64 = 0.005;
    let (handle, start, target) = (step.object(), step.object_start(), step.target());
    let remaining = distance(handle, target);
    let in_place = long_tail(
        remaining,
        (0.0, RADIUS),
        (distance(start, target) - RADIUS).abs(),
    );

    let reach = distance(handle, step.tcp());
    let margin = (distance(start, step.tcp_start) - HANDLE_RADIUS).abs();
    let near = hamacher(
        gaussian(reach, (0.0, HANDLE_RADIUS), margin),
        step.closing(1.0),
    );
    let reward = if remaining <= SHUT {
        1.0
    } else {
        hamacher(near, in_place)
    };
    Evaluation {
        reward: reward * 10.0,
        success: remaining <= SHUT,
        near_object: f64::from(reach <= 0.01),
        grasp: Grasp::Known(1.0),
        grasp_reward: near,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_close_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = (step.object()[1] - step.target()[1]).abs();
    RewardV1 {
        reward: drive(step, step.tcp(), remaining),
        success: remaining <= SHUT,
        obj_to_target: remaining,
    }
}
