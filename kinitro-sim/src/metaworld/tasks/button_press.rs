//! Buttons: a button in the side of a box, pressed away from the robot.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_button_press_v3.py`.

use crate::metaworld::reward::{hamacher, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, DrawSpace, JointMark, Marks, MinDistance, SiteMark, TaskSpec, from_f32, point,
};
use crate::metaworld::vector::{add, distance};

/// Within this distance of the hole the button is pressed, in meters.
const PRESSED: f64 = 0.02;

const MARKS: Marks = Marks {
    bodies: &["box", "button"],
    sites: &["hole", "buttonStart"],
    geoms: &[],
    joints: &["btnbox_joint"],
};
const BOX: BodyMark = MARKS.body("box");
const BUTTON: BodyMark = MARKS.body("button");
const HOLE: SiteMark = MARKS.site("hole");
const BUTTON_START: SiteMark = MARKS.site("buttonStart");
const SLIDE: JointMark = MARKS.joint("btnbox_joint");

/// `button-press-v3`
pub(super) static BUTTON_PRESS: TaskSpec = TaskSpec {
    name: "button-press-v3",
    summary: "Press a button in the side of a box.",
    instruction: "Press the button.",
    model: "sawyer_button_press.xml",
    hand_init: from_f32([0.0, 0.4, 0.2]),
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.85, 0.115],
        high: &[0.1, 0.9, 0.115],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.5, 0.4, 0.05],
    goal_space_high: [0.5, 1.0, 0.5],
    marks: MARKS,
    manipulated: &[BUTTON],
    objects,
    place,
    reward,
    reward_v1,
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(
        add(scene.body(BUTTON), [0.0, -0.193, 0.0]),
        scene.body_quaternion(BUTTON),
    )
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let start = point(draw, 0);
    stage.move_body(BOX, start);
    stage.rest_joint(SLIDE, 0.0);
    let hole = stage.scene().site(HOLE);
    let travel = (hole[1] - stage.scene().site(BUTTON_START)[1]).abs();
    Placement {
        travel,
        ..Placement::new(start, hole)
    }
}

/// Rewards open fingers at the button, and its way in.
fn reward(step: &StepView<'_>) -> Evaluation {
    let button = step.object();
    let reach = distance(button, step.tcp());
    // Quirk: the margin follows the button, and any distance from the hole counts, also of a button that is pulled.
    let near = long_tail(reach, (0.0, 0.05), distance(button, step.tcp_start));
    let remaining = (step.target()[1] - button[1]).abs();
    let pressed = long_tail(remaining, (0.0, 0.005), step.placement.travel);
    let mut reward = 2.0 * hamacher(step.opening(), near);
    if reach <= 0.05 {
        reward += 8.0 * pressed;
    }
    Evaluation {
        reward,
        success: remaining <= PRESSED,
        near_object: f64::from(reach <= 0.05),
        grasp: Grasp::Known(f64::from(step.opening() > 0.0)),
        grasp_reward: near,
        in_place_reward: pressed,
        obj_to_target: remaining,
    }
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = (step.object()[1] - step.target()[1]).abs();
    RewardV1 {
        reward: drive(step, step.scene.left_fingertip(), remaining),
        success: remaining <= PRESSED,
        obj_to_target: remaining,
    }
}
