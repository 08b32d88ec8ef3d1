//! Coffee machine: its button is pressed, or a mug is pushed under it or pulled out.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_coffee_{button,pull,push}_v3.py`.

use super::button_press::IN_SIDE;
use crate::metaworld::reward::{Cage, Density, hamacher, long_tail};
use crate::metaworld::reward_v1::{arrival, drive};
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, GeomMark, HandStart, Marks, MinDistance, SiteMark, TaskSpec,
    point,
};
use crate::metaworld::vector::{add, distance, distance_xy, norm, weighted_distance};

/// Where the coordinates of the mug begin: in this model they come before those of the arm.
const MUG_ADDRESS: usize = 0;

/// Where upstream takes its velocities to begin: where those of the object are in all other models.
const WRONG_MUG_VELOCITY_ADDRESS: usize = 9;

/// How far the machine's middle is behind a mug that stands under it, in meters.
const MUG_TO_MACHINE: f64 = 0.22;

/// How far the button is pressed in, in meters.
const PRESS_DEPTH: f64 = 0.03;

/// Within this distance of the goal the mug has arrived, in meters.
const ARRIVED: f64 = 0.07;

/// Errors over the table count twice.
const OVER_TABLE: [f64; 3] = [2.0, 2.0, 1.0];

const CAGE: Cage = Cage {
    object_radius: 0.02,
    pad_reach: 0.05,
    xz_reach: 0.05,
    effort: 0.7,
    density: Density::Medium(0.04),
};

const MARKS: Marks = Marks {
    bodies: &["obj", "coffee_machine", "cmbutton"],
    sites: &["mug_goal", "coffee_goal", "buttonStart"],
    geoms: &["mug"],
    joints: &[],
};
const MUG: BodyMark = MARKS.body("obj");
const MUG_GEOM: GeomMark = MARKS.geom("mug");
const MACHINE: BodyMark = MARKS.body("coffee_machine");
const BUTTON_BODY: BodyMark = MARKS.body("cmbutton");
const BUTTON_FACE: SiteMark = MARKS.site("buttonStart");
const MUG_GOAL: SiteMark = MARKS.site("mug_goal");
const MACHINE_GOAL: SiteMark = MARKS.site("coffee_goal");

/// `coffee-button-v3`
pub(super) static BUTTON: TaskSpec = TaskSpec {
    name: "coffee-button-v3",
    summary: "Press the button of a coffee machine.",
    instruction: "Press the button of the coffee machine.",
    difficulty: Difficulty::Easy,
    hand_start: HandStart::Remembered,
    draw: DrawSpace {
        low: &[-0.1, 0.8, -0.001],
        high: &[0.1, 0.9, 0.001],
        min_distance: MinDistance::None,
    },
    goal_space_low: [
        -0.1 + -0.001,
        0.8 + (-MUG_TO_MACHINE + PRESS_DEPTH),
        -0.001 + 0.299,
    ],
    goal_space_high: [
        0.1 + 0.001,
        0.9 + (-MUG_TO_MACHINE + PRESS_DEPTH),
        0.001 + 0.301,
    ],
    manipulated: &[BUTTON_BODY],
    goal_marker: Some(MACHINE_GOAL),
    misleading_markers: &[MUG_GOAL],
    objects: |scene| Objects::one(scene.site(BUTTON_FACE), [1.0, 0.0, 0.0, 0.0]),
    place: place_machine,
    reward: |step| IN_SIDE.reward(step),
    reward_v1: |step| IN_SIDE.reward_v1(step),
    ..PULL
};

/// `coffee-pull-v3`
pub(super) static PULL: TaskSpec = TaskSpec {
    name: "coffee-pull-v3",
    summary: "Pull a mug out from under a coffee machine to a goal.",
    instruction: "Pull the mug away from the coffee machine to the goal marker.",
    difficulty: Difficulty::Medium,
    model: "sawyer_coffee.xml",
    hand_init: [0.0, 0.4, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.05, 0.7, -0.001, -0.1, 0.55, -0.001],
        high: &[0.05, 0.75, 0.001, 0.1, 0.65, 0.001],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.1, 0.55, -0.001],
    goal_space_high: [0.1, 0.65, 0.001],
    marks: MARKS,
    manipulated: &[MUG],
    goal_marker: Some(MUG_GOAL),
    // In the other direction this one is where the goal is, and would hide the goal's marker.
    misleading_markers: &[MACHINE_GOAL],
    objects: mug,
    place: |stage, draw| place_mug(stage, draw, point(draw, 0)),
    reward: reward_mug,
    reward_v1: reward_pull_v1,
};

/// `coffee-push-v3`
pub(super) static PUSH: TaskSpec = TaskSpec {
    name: "coffee-push-v3",
    summary: "Push a mug under a coffee machine.",
    instruction: "Push the mug under the coffee machine to the goal marker.",
    draw: DrawSpace {
        low: &[-0.1, 0.55, -0.001, -0.05, 0.7, -0.001],
        high: &[0.1, 0.65, 0.001, 0.05, 0.75, 0.001],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.05, 0.7, -0.001],
    goal_space_high: [0.05, 0.75, 0.001],
    place: |stage, draw| place_mug(stage, draw, point(draw, 1)),
    reward_v1: reward_push_v1,
    ..PULL
};

/// Puts the mug at `position`, keeps its orientation, and computes all poses.
fn put_mug(stage: &mut Stage<'_>, position: [f64; 3]) {
    stage.set_qpos(MUG_ADDRESS, &position);
    // Quirk: this stops arm and fingers, not the mug.
    stage.set_qvel(WRONG_MUG_VELOCITY_ADDRESS, &[0.0; 6]);
    stage.forward();
}

fn place_machine(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let machine = point(draw, 0);
    stage.move_body(MACHINE, machine);
    put_mug(stage, add(machine, [0.0, -MUG_TO_MACHINE, 0.0]));
    let face = add(machine, [0.0, -MUG_TO_MACHINE, 0.3]);
    let target = add(face, [0.0, PRESS_DEPTH, 0.0]);
    let start = stage.scene().site(BUTTON_FACE);
    Placement {
        part_start: start,
        travel: (start[1] - target[1]).abs(),
        ..Placement::new(machine, target)
    }
}

fn mug(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.body(MUG), scene.geom_quaternion_xyzw(MUG_GEOM))
}

/// Places the mug, and the machine so that a mug at `under_machine` stands under it.
fn place_mug(stage: &mut Stage<'_>, draw: &[f64], under_machine: [f64; 3]) -> Placement {
    let (start, goal) = (point(draw, 0), point(draw, 1));
    put_mug(stage, start);
    stage.move_body(MACHINE, add(under_machine, [0.0, MUG_TO_MACHINE, 0.0]));
    stage.move_site(MUG_GOAL, goal);
    Placement {
        travel: distance_xy(start, goal),
        ..Placement::new(start, goal)
    }
}

/// Rewards having the mug between the fingers, then its way to the goal.
fn reward_mug(step: &StepView<'_>) -> Evaluation {
    const RADIUS: f64 = 0.05;
    let (mug, start, target) = (step.object(), step.object_start(), step.target());
    let reach = distance(mug, step.tcp());
    let error = weighted_distance(mug, target, OVER_TABLE);
    let margin = weighted_distance(start, target, OVER_TABLE);
    let in_place = long_tail(error, (0.0, RADIUS), margin);
    let grasp_reward = CAGE.reward(step, mug, start);

    let mut reward = hamacher(grasp_reward, in_place);
    if reach < 0.04 && step.opening() > 0.0 {
        reward += 1.0 + 5.0 * in_place;
    }
    if error < RADIUS {
        reward = 10.0;
    }
    let remaining = distance(mug, target);
    Evaluation {
        reward,
        success: remaining <= ARRIVED,
        near_object: f64::from(reach <= 0.03),
        grasp: Grasp::pinched(step.opening() > 0.0, MUG_GEOM),
        grasp_reward,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_push_v1(step: &StepView<'_>) -> RewardV1 {
    let paid = drive(step, step.tcp(), distance_xy(step.object(), step.target()));
    judge_v1(step, paid)
}

fn reward_pull_v1(step: &StepView<'_>) -> RewardV1 {
    let (mug, target) = (step.object(), step.target());
    let reach = distance(step.tcp(), mug);
    // Quirk: the mug's place is taken for the hand's distance from it.
    let from_origin = norm([mug[0], mug[1], step.tcp_start[2]]);
    let closing = if reach < 0.05 {
        f64::from(step.action[3]).max(0.0) / 50.0
    } else {
        0.0
    };
    let approach = if from_origin < 0.05 {
        0.1 - reach + closing
    } else {
        -from_origin
    };
    let place = if reach < 0.05 {
        arrival(step.placement.travel, distance_xy(mug, target))
    } else {
        0.0
    };
    judge_v1(step, approach + place)
}

fn judge_v1(step: &StepView<'_>, reward: f64) -> RewardV1 {
    let remaining = distance(step.object(), step.target());
    RewardV1 {
        reward,
        success: remaining <= ARRIVED,
        obj_to_target: remaining,
    }
}
