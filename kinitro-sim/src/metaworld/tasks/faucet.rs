//! Faucet: a handle on a vertical axis that points to the robot, turned to its right or to its left.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_faucet_open_v3.py` and `envs/sawyer_faucet_close_v3.py`.

use crate::metaworld::reward::{gaussian, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, Marks, MinDistance, SiteMark, TaskSpec, point,
};
use crate::metaworld::vector::{add, distance};

/// Length of the handle, in meters.
const HANDLE_LENGTH: f64 = 0.175;

/// Within this distance of the target the handle is turned, in meters.
const TURNED: f64 = 0.07;

/// Distance of the fingers from the handle that is near enough, in meters.
const REACH: f64 = 0.01;

const MARKS: Marks = Marks {
    bodies: &["faucetBase", "faucet_link2"],
    sites: &[
        "handleStartOpen",
        "handleStartClose",
        "goal_open",
        "goal_close",
    ],
    ..Marks::NONE
};
const BASE: BodyMark = MARKS.body("faucetBase");
const HANDLE: BodyMark = MARKS.body("faucet_link2");
const LEFT_OF_TIP: SiteMark = MARKS.site("handleStartOpen");
const RIGHT_OF_TIP: SiteMark = MARKS.site("handleStartClose");
const GOAL_OPEN: SiteMark = MARKS.site("goal_open");
const GOAL_CLOSE: SiteMark = MARKS.site("goal_close");

/// `faucet-open-v3`
pub(super) static OPEN: TaskSpec = TaskSpec {
    name: "faucet-open-v3",
    summary: "Turn the handle of a faucet to the right.",
    instruction: "Open the faucet by turning its handle to the right.",
    difficulty: Difficulty::Easy,
    model: "sawyer_faucet.xml",
    hand_init: [0.0, 0.4, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, -0.15],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.05, 0.8, 0.0],
        high: &[0.05, 0.85, 0.0],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.5, 0.4, -0.15],
    goal_space_high: [0.5, 1.0, 0.5],
    marks: MARKS,
    manipulated: &[HANDLE],
    goal_marker: Some(GOAL_OPEN),
    misleading_markers: &[GOAL_CLOSE],
    objects: |scene| objects(scene, LEFT_OF_TIP),
    place: |stage, draw| place(stage, draw, HANDLE_LENGTH, GOAL_OPEN),
    reward: |step| reward(step, add(step.object(), [-0.04, 0.0, 0.03])),
    reward_v1,
};

/// `faucet-close-v3`
pub(super) static CLOSE: TaskSpec = TaskSpec {
    name: "faucet-close-v3",
    summary: "Turn the handle of a faucet to the left.",
    instruction: "Close the faucet by turning its handle to the left.",
    draw: DrawSpace {
        low: &[-0.1, 0.8, 0.0],
        high: &[0.1, 0.85, 0.0],
        min_distance: MinDistance::None,
    },
    goal_marker: Some(GOAL_CLOSE),
    misleading_markers: &[GOAL_OPEN],
    objects: |scene| objects(scene, RIGHT_OF_TIP),
    place: |stage, draw| {
        let placement = place(stage, draw, -HANDLE_LENGTH, GOAL_CLOSE);
        stage.forward();
        placement
    },
    reward: |step| reward(step, step.object()),
    ..OPEN
};

fn objects(scene: &Scene<'_>, tip: SiteMark) -> Objects {
    Objects::one(
        add(scene.site(tip), [0.0, 0.0, -0.01]),
        scene.body_quaternion(BASE),
    )
}

/// Puts the faucet where `draw` says, and its goal `aside` of the axis.
fn place(stage: &mut Stage<'_>, draw: &[f64], aside: f64, marker: SiteMark) -> Placement {
    let base = point(draw, 0);
    let goal = add(base, [aside, 0.0, 0.125]);
    stage.move_body(BASE, base);
    stage.move_site(marker, goal);
    Placement {
        travel: distance(goal, base),
        ..Placement::new(base, goal)
    }
}

/// Rewards fingers at the point `push` that moves with the handle, and the way of that point.
fn reward(step: &StepView<'_>, push: [f64; 3]) -> Evaluation {
    let (start, target) = (step.object_start(), step.target());
    let remaining = distance(push, target);
    let margin = (distance(start, target) - TURNED).abs();
    let in_place = long_tail(remaining, (0.0, TURNED), margin);

    let reach = distance(push, step.tcp());
    let margin = (distance(start, step.tcp_start) - REACH).abs();
    let near = gaussian(reach, (0.0, REACH), margin);
    let success = remaining <= TURNED;
    Evaluation {
        reward: if success {
            10.0
        } else {
            (2.0 * near + 3.0 * in_place) * 2.0
        },
        success,
        near_object: f64::from(reach <= REACH),
        grasp: Grasp::Known(1.0),
        grasp_reward: near,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance(step.object(), step.target());
    RewardV1 {
        reward: drive(step, step.tcp(), remaining),
        success: remaining <= TURNED,
        obj_to_target: remaining,
    }
}
