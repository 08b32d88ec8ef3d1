//! Window: a sash with a handle slides sideways in a frame, to open it or to close it.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_window_{open,close}_v3.py`.

use crate::metaworld::reward::{FallOff, hamacher, long_tail, tolerance};
use crate::metaworld::reward_v1::{Approach, REACHED};
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, JointMark, Marks, MinDistance, SiteMark, TaskSpec,
    from_f32, point,
};
use crate::metaworld::vector::{add, distance};

/// How far the sash slides, in meters.
const TRAVEL: f64 = 0.2;

/// Within this distance of its goal the handle has arrived, in meters.
const ARRIVED: f64 = 0.05;

const MARKS: Marks = Marks {
    bodies: &["window", "windowb_a"],
    sites: &["goal", "handleOpenStart", "handleCloseStart"],
    geoms: &[],
    joints: &["window_slide"],
};
const WINDOW: BodyMark = MARKS.body("window");
const SASH: BodyMark = MARKS.body("windowb_a");
const SLIDE: JointMark = MARKS.joint("window_slide");
const GOAL: SiteMark = MARKS.site("goal");
/// The sides of the handle that the fingers push against.
const LEFT: SiteMark = MARKS.site("handleOpenStart");
const RIGHT: SiteMark = MARKS.site("handleCloseStart");

/// `window-open-v3`
pub(super) static OPEN: TaskSpec = TaskSpec {
    name: "window-open-v3",
    summary: "Push a window open to the right.",
    instruction: "Open the window by sliding it to the right.",
    difficulty: Difficulty::Easy,
    model: "sawyer_window_horizontal.xml",
    hand_init: from_f32([0.0, 0.4, 0.2]),
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.7, 0.16],
        high: &[0.1, 0.9, 0.16],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.5, 0.4, 0.05],
    goal_space_high: [0.5, 1.0, 0.5],
    marks: MARKS,
    manipulated: &[SASH],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects: |scene| handle_at(scene, LEFT),
    place: place_closed,
    reward: |step| reward(step, step.object_start(), FallOff::LongTail),
    reward_v1,
};

/// `window-close-v3`
pub(super) static CLOSE: TaskSpec = TaskSpec {
    name: "window-close-v3",
    summary: "Push an open window shut.",
    instruction: "Close the window by sliding it to the left.",
    draw: DrawSpace {
        low: &[0.0, 0.75, 0.2],
        high: &[0.0, 0.9, 0.2],
        min_distance: MinDistance::None,
    },
    objects: |scene| handle_at(scene, RIGHT),
    place: place_open,
    reward: |step| reward(step, step.placement.part_start, FallOff::Gaussian),
    ..OPEN
};

fn handle_at(scene: &Scene<'_>, side: SiteMark) -> Objects {
    Objects::one(scene.site(side), [0.0; 4])
}

fn place_closed(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let window = point(draw, 0);
    let goal = add(window, [TRAVEL, 0.0, 0.0]);
    stage.move_body(WINDOW, window);
    // Quirk: this is where the handle was before the window was moved.
    let handle = stage.scene().site(LEFT);
    stage.set_joint(SLIDE, 0.0);
    stage.move_site(GOAL, goal);
    Placement {
        part_start: handle,
        ..Placement::new(window, goal)
    }
}

fn place_open(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let window = point(draw, 0);
    stage.move_body(WINDOW, window);
    // Quirk: reckoned from where the handle was before the window was moved, with the sash shut.
    let handle = add(stage.scene().site(RIGHT), [TRAVEL, 0.0, 0.0]);
    stage.set_joint(SLIDE, TRAVEL);
    stage.move_site(GOAL, window);
    Placement {
        part_start: handle,
        ..Placement::new(window, window)
    }
}

/// Rewards the fingers at the handle, and its way to the goal from `start`.
fn reward(step: &StepView<'_>, start: [f64; 3], fall_off: FallOff) -> Evaluation {
    const HANDLE_RADIUS: f64 = 0.02;
    let (handle, target) = (step.object(), step.target());
    let remaining = (handle[0] - target[0]).abs();
    let margin = ((start[0] - target[0]).abs() - ARRIVED).abs();
    let in_place = long_tail(remaining, (0.0, ARRIVED), margin);

    let reach = distance(handle, step.tcp());
    let margin = (distance(step.placement.part_start, step.tcp_start) - HANDLE_RADIUS).abs();
    let near = tolerance(reach, (0.0, HANDLE_RADIUS), margin, fall_off);
    Evaluation {
        reward: 10.0 * hamacher(near, in_place),
        success: remaining <= ARRIVED,
        near_object: f64::from(reach <= 0.05),
        grasp: Grasp::Known(1.0),
        grasp_reward: near,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = (step.object()[0] - step.target()[0]).abs();
    let reach = distance(step.object(), step.tcp());
    // Quirk: unlike in other tasks, being far from the goal costs.
    let paid = if reach < REACHED {
        Approach::USUAL.paid(TRAVEL, remaining)
    } else {
        0.0
    };
    RewardV1 {
        reward: paid - reach,
        success: remaining <= ARRIVED,
        obj_to_target: remaining,
    }
}
