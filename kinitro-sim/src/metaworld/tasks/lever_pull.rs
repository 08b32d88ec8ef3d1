//! Lever: a rod on a horizontal axis that points to the robot, swung up until it stands upright.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_lever_pull_v3.py`.

use std::f64::consts::PI;

use crate::metaworld::reward::{hamacher, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, GeomMark, HandStart, JointMark, Marks, MinDistance, SiteMark,
    TaskSpec, from_f32, point,
};
use crate::metaworld::vector::{add, distance, weighted_distance};

/// Length of the lever, in meters.
const LEVER_LENGTH: f64 = 0.2;

/// Within this angle of the vertical the lever is up, in radians.
const UPRIGHT: f64 = PI / 24.0;

const MARKS: Marks = Marks {
    bodies: &["lever", "lever_link1"],
    sites: &["goal", "leverStart"],
    geoms: &["objGeom"],
    joints: &["LeverAxis"],
};
const BASE: BodyMark = MARKS.body("lever");
const LEVER: BodyMark = MARKS.body("lever_link1");
const TIP: SiteMark = MARKS.site("leverStart");
const KNOB: GeomMark = MARKS.geom("objGeom");
const AXIS: JointMark = MARKS.joint("LeverAxis");
const GOAL: SiteMark = MARKS.site("goal");

/// `lever-pull-v3`
pub(super) static LEVER_PULL: TaskSpec = TaskSpec {
    name: "lever-pull-v3",
    summary: "Swing a lever up until it stands upright.",
    instruction: "Swing the lever up until it points straight up.",
    difficulty: Difficulty::Easy,
    model: "sawyer_lever_pull.xml",
    hand_init: from_f32([0.0, 0.4, 0.2]),
    hand_start: HandStart::Simulated,
    mocap_low: [-0.5, 0.4, -0.15],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.7, 0.0],
        high: &[0.1, 0.8, 0.0],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.5, 0.4, -0.15],
    goal_space_high: [0.5, 1.0, 0.5],
    marks: MARKS,
    manipulated: &[LEVER],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects,
    place,
    reward,
    reward_v1,
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.site(TIP), scene.geom_quaternion_xyzw(KNOB))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let base = point(draw, 0);
    let goal = add(base, [0.12, 0.0, 0.25 + LEVER_LENGTH]);
    stage.move_body(BASE, base);
    stage.move_site(GOAL, goal);
    Placement {
        part_start: add(base, [0.12, -LEVER_LENGTH, 0.25]),
        travel: distance(goal, base),
        ..Placement::new(base, goal)
    }
}

/// Rewards a hand with its shoulder under the lever, times the way of the lever's tip. Errors across the lever's way count
/// four times, so that the hand comes from below instead of running into it.
fn reward(step: &StepView<'_>) -> Evaluation {
    const ACROSS: [f64; 3] = [4.0, 1.0, 4.0];
    /// The hand's shoulder as seen from the hand, in meters.
    const SHOULDER: [f64; 3] = [0.0, 0.055, 0.07];
    let (tip, tip_start, target) = (step.object(), step.placement.part_start, step.target());
    let below = weighted_distance(add(step.hand(), SHOULDER), tip, ACROSS);
    let margin = weighted_distance(add(step.tcp_start, SHOULDER), tip_start, ACROSS);
    let ready = long_tail(below, (0.0, 0.02), margin);

    // Quirk: upwards is outside the joint's range, whose limit yields because the lever is nearly massless.
    let error = (-step.scene.joint(AXIS) - PI / 2.0).abs();
    let upright = long_tail(error, (0.0, PI / 48.0), PI / 2.0 - PI / 12.0);
    let margin = distance(tip_start, target);
    let in_place = long_tail(distance(tip, target), (0.0, 0.04), margin);
    Evaluation {
        reward: 10.0 * hamacher(ready, in_place),
        success: error <= UPRIGHT,
        near_object: f64::from(below < 0.03),
        grasp: Grasp::Known(f64::from(ready > 0.9)),
        grasp_reward: ready,
        in_place_reward: upright,
        obj_to_target: below,
    }
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance(step.object(), step.target());
    RewardV1 {
        reward: drive(step, step.tcp(), remaining),
        // Quirk: a distance is compared with an angle.
        success: remaining <= UPRIGHT,
        obj_to_target: 0.0,
    }
}
