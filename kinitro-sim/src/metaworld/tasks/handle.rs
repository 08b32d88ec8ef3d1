//! Handles: a handle slides up and down in the front of a box, which faces the robot or stands on its left with the handle to
//! its right. It is pressed down or pulled up.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_handle_{press,press_side,pull,pull_side}_v3.py`.

use crate::metaworld::reward::{Cage, Density, hamacher, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::sawyer::OBJECT_ADDRESS;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, Marks, MinDistance, SiteMark, TaskSpec, point,
};
use crate::metaworld::vector::distance;

/// Where the handle's slide is at the start, in meters below its upper end.
const UP: f64 = -0.001;
const DOWN: f64 = -0.1;

/// Within this distance of its goal the handle is down, in meters.
const PRESSED: f64 = 0.02;
/// Within this distance of its goal the handle is up: the vertical one, and the spatial one of the handle to the side.
const PULLED: f64 = 0.05;
const PULLED_SIDE: f64 = 0.08;
/// Within this distance of the goal a pulled handle earns the full reward, in meters.
const FULL_REWARD: f64 = 0.05;

const CAGE: Cage = Cage {
    object_radius: 0.022,
    pad_reach: 0.05,
    xz_reach: 0.01,
    effort: 1.0,
    density: Density::High,
};
const CAGE_SIDE: Cage = Cage {
    object_radius: 0.032,
    pad_reach: 0.06,
    ..CAGE
};

const MARKS: Marks = Marks {
    bodies: &["box", "handle_link"],
    sites: &[
        "goalPress",
        "goalPull",
        "handleStart",
        "handleRight",
        "handleCenter",
    ],
    ..Marks::NONE
};
const BOX: BodyMark = MARKS.body("box");
const HANDLE: BodyMark = MARKS.body("handle_link");
const GOAL_DOWN: SiteMark = MARKS.site("goalPress");
const GOAL_UP: SiteMark = MARKS.site("goalPull");
const TOP: SiteMark = MARKS.site("handleStart");
const RIGHT: SiteMark = MARKS.site("handleRight");
const CENTER: SiteMark = MARKS.site("handleCenter");

/// `handle-press-v3`
pub(super) static PRESS: TaskSpec = TaskSpec {
    name: "handle-press-v3",
    summary: "Press a handle down.",
    instruction: "Press the handle of the box all the way down.",
    difficulty: Difficulty::Easy,
    model: "sawyer_handle_press.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Simulated,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.8, -0.001],
        high: &[0.1, 0.9, 0.001],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.1, 0.55, 0.04],
    goal_space_high: [0.1, 0.7, 0.08],
    marks: MARKS,
    manipulated: &[HANDLE],
    goal_marker: Some(GOAL_DOWN),
    misleading_markers: &[GOAL_UP],
    objects: |scene| handle_at(scene, TOP),
    place: place_up,
    reward: reward_press,
    reward_v1: |step| reward_v1(step, PRESSED),
};

/// `handle-press-side-v3`
pub(super) static PRESS_SIDE: TaskSpec = TaskSpec {
    name: "handle-press-side-v3",
    summary: "Press a handle down that points to the side.",
    instruction: "Press the handle at the side of the box all the way down.",
    model: "sawyer_handle_press_sideways.xml",
    draw: DrawSpace {
        low: &[-0.35, 0.65, -0.001],
        high: &[-0.25, 0.75, 0.001],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.5, 0.4, 0.05],
    goal_space_high: [0.5, 1.0, 0.5],
    ..PRESS
};

/// `handle-pull-v3`
pub(super) static PULL: TaskSpec = TaskSpec {
    name: "handle-pull-v3",
    summary: "Pull a handle up.",
    instruction: "Pull the handle of the box up.",
    goal_space_high: [0.1, 0.7, 0.18],
    goal_marker: Some(GOAL_UP),
    misleading_markers: &[GOAL_DOWN],
    objects: |scene| handle_at(scene, RIGHT),
    place: place_down,
    reward: reward_pull,
    reward_v1: |step| reward_v1(step, PULLED),
    ..PRESS
};

/// `handle-pull-side-v3`
pub(super) static PULL_SIDE: TaskSpec = TaskSpec {
    name: "handle-pull-side-v3",
    summary: "Pull a handle up that points to the side.",
    instruction: "Pull the handle at the side of the box up.",
    draw: DrawSpace {
        low: &[-0.35, 0.65, 0.0],
        high: &[-0.25, 0.75, 0.0],
        min_distance: MinDistance::None,
    },
    goal_marker: PULL.goal_marker,
    misleading_markers: PULL.misleading_markers,
    objects: |scene| handle_at(scene, CENTER),
    place: place_down_side,
    reward: reward_pull_side,
    reward_v1: |step| reward_v1(step, PULLED_SIDE),
    ..PRESS_SIDE
};

fn handle_at(scene: &Scene<'_>, part: SiteMark) -> Objects {
    Objects::one(scene.site(part), [0.0; 4])
}

/// Puts the box at `place` with its handle at `slide`.
fn put_box(stage: &mut Stage<'_>, place: [f64; 3], slide: f64) {
    stage.move_body(BOX, place);
    // The slide is addressed by number, since its joint has no name.
    stage.set_qpos(OBJECT_ADDRESS, &[slide]);
    stage.set_qvel(OBJECT_ADDRESS, &[0.0]);
    stage.forward();
}

fn place_up(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let start = point(draw, 0);
    put_box(stage, start, UP);
    let (top, goal) = (stage.scene().site(TOP), stage.scene().site(GOAL_DOWN));
    Placement {
        part_start: top,
        travel: (top[2] - goal[2]).abs(),
        ..Placement::new(start, goal)
    }
}

fn place_down(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let start = point(draw, 0);
    put_box(stage, start, DOWN);
    let goal = stage.scene().site(GOAL_UP);
    // Quirk: the handle's height in its own frame is compared with the goal's in the world frame.
    let travel = (stage.scene().model_site(TOP)[2] - goal[2]).abs();
    Placement {
        travel,
        ..Placement::new(start, goal)
    }
}

fn place_down_side(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    put_box(stage, point(draw, 0), DOWN);
    let scene = stage.scene();
    let goal = scene.site(GOAL_UP);
    Placement {
        travel: (scene.site(TOP)[2] - goal[2]).abs(),
        ..Placement::new(scene.site(CENTER), goal)
    }
}

/// Rewards the fingers at the handle, and its way down.
fn reward_press(step: &StepView<'_>) -> Evaluation {
    const HANDLE_RADIUS: f64 = 0.02;
    let handle = step.object();
    let remaining = height_to_go(step);
    let margin = (step.placement.travel - PRESSED).abs();
    let in_place = long_tail(remaining, (0.0, PRESSED), margin);

    let reach = distance(handle, step.tcp());
    let margin = (distance(step.placement.part_start, step.tcp_start) - HANDLE_RADIUS).abs();
    let near = long_tail(reach, (0.0, HANDLE_RADIUS), margin);
    let success = remaining <= PRESSED;
    let reward = if success {
        1.0
    } else {
        hamacher(near, in_place)
    };
    Evaluation {
        reward: reward * 10.0,
        success,
        near_object: f64::from(reach <= 0.05),
        grasp: Grasp::Known(1.0),
        grasp_reward: near,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_pull(step: &StepView<'_>) -> Evaluation {
    let base = step.object_start();
    Pull {
        cage: CAGE,
        remaining: height_to_go(step),
        way: (step.target()[2] - base[2]).abs(),
        // Quirk: a depth is compared with a height, which holds wherever the handle is.
        raised: step.object()[1] - 0.01 > base[2],
        done: PULLED,
    }
    .evaluate(step)
}

fn reward_pull_side(step: &StepView<'_>) -> Evaluation {
    Pull {
        cage: CAGE_SIDE,
        remaining: distance(step.object(), step.target()),
        way: distance(step.object_start(), step.target()),
        raised: step.lifted(0.01),
        done: PULLED_SIDE,
    }
    .evaluate(step)
}

/// What the two pulling tasks measure in their own ways. Lengths in meters.
struct Pull {
    cage: Cage,
    /// How far the handle is from its goal.
    remaining: f64,
    /// How far it was at the start.
    way: f64,
    /// Whether it has left its lower end.
    raised: bool,
    /// The distance from the goal that counts as success.
    done: f64,
}

impl Pull {
    /// Rewards having the handle between the fingers, then its way up.
    fn evaluate(&self, step: &StepView<'_>) -> Evaluation {
        let handle = step.object();
        let in_place = long_tail(self.remaining, (0.0, FULL_REWARD), self.way);
        let grasp_reward = self.cage.reward(step, handle, step.object_start());
        let reach = distance(handle, step.tcp());
        let opened = step.opening() > 0.0;

        let mut reward = hamacher(grasp_reward, in_place);
        if reach < 0.035 && opened && self.raised {
            reward += 1.0 + 5.0 * in_place;
        }
        if self.remaining < FULL_REWARD {
            reward = 10.0;
        }
        Evaluation {
            reward,
            success: self.remaining <= self.done,
            near_object: f64::from(reach <= 0.05),
            grasp: Grasp::Known(f64::from(opened && step.lifted(0.03))),
            grasp_reward,
            in_place_reward: in_place,
            obj_to_target: self.remaining,
        }
    }
}

fn height_to_go(step: &StepView<'_>) -> f64 {
    (step.object()[2] - step.target()[2]).abs()
}

fn reward_v1(step: &StepView<'_>, done: f64) -> RewardV1 {
    let remaining = height_to_go(step);
    RewardV1 {
        reward: drive(step, step.scene.left_fingertip(), remaining),
        success: remaining <= done,
        obj_to_target: remaining,
    }
}
