//! Dial: a knob on a vertical axis, turned by pushing its rim.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_dial_turn_v3.py`.

use crate::metaworld::reward::{gaussian, hamacher, long_tail};
use crate::metaworld::reward_v1::Approach;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, JointMark, Marks, MinDistance, SiteMark, TaskSpec,
    from_f32, point,
};
use crate::metaworld::vector::{add, distance};

/// Distance of the dial's mark from its axis, in meters.
const DIAL_RADIUS: f64 = 0.05;

/// Within this distance of the target the mark is there, in meters.
const TURNED: f64 = 0.07;

/// Distance of the fingers from where they should push that is near enough, in meters.
const REACH: f64 = 0.005;

/// Where the fingers should push, as seen from the mark.
const PUSH: [f64; 3] = [0.05, 0.02, 0.09];

/// How reward version 1 pays for the mark's place.
const ARRIVAL_V1: Approach = Approach {
    widths: [0.001, 0.0001],
    ..Approach::USUAL
};

const MARKS: Marks = Marks {
    bodies: &["dial"],
    sites: &["goal"],
    geoms: &[],
    joints: &["knob_Joint_1"],
};
const DIAL: BodyMark = MARKS.body("dial");
const KNOB: JointMark = MARKS.joint("knob_Joint_1");
const GOAL: SiteMark = MARKS.site("goal");

/// `dial-turn-v3`
pub(super) static DIAL_TURN: TaskSpec = TaskSpec {
    name: "dial-turn-v3",
    summary: "Turn a dial until its mark points away from the robot.",
    instruction: "Turn the dial until its red mark points away from you.",
    difficulty: Difficulty::Easy,
    model: "sawyer_dial.xml",
    hand_init: from_f32([0.0, 0.6, 0.2]),
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.7, 0.0],
        high: &[0.1, 0.8, 0.0],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.1, 0.73, 0.0299],
    goal_space_high: [0.1, 0.83, 0.0301],
    marks: MARKS,
    manipulated: &[DIAL],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects: |scene| Objects::one(mark(scene), scene.body_quaternion(DIAL)),
    place,
    reward,
    reward_v1,
};

/// The mark on the rim, at the height of the dial's foot. It points to the robot at first.
fn mark(scene: &Scene<'_>) -> [f64; 3] {
    let [cosine, sine] = scene.hinge_cos_sin(KNOB);
    let rim = [sine, -cosine, 0.0].map(|part| part * DIAL_RADIUS);
    add(scene.body(DIAL), rim)
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let dial = point(draw, 0);
    let goal = add(dial, [0.0, 0.03, 0.03]);
    stage.move_body(DIAL, dial);
    // Quirk: poses are not refreshed yet; only the second pass of a reset finds the dial in its new place.
    let push = add(mark(&stage.scene()), PUSH);
    stage.move_site(GOAL, goal);
    Placement {
        part_start: push,
        travel: (goal[1] - dial[1]).abs(),
        ..Placement::new(dial, goal)
    }
}

/// Rewards closed fingers beside the mark, times the way of the mark.
fn reward(step: &StepView<'_>) -> Evaluation {
    let (mark, target) = (step.object(), step.target());
    let push_start = step.placement.part_start;
    let remaining = distance(mark, target);
    // Quirk: the margin is the way of the fingers, not of the mark.
    let margin = (distance(push_start, target) - TURNED).abs();
    let in_place = long_tail(remaining, (0.0, TURNED), margin);

    let reach = distance(add(mark, PUSH), step.tcp());
    let margin = (distance(push_start, step.tcp_start) - REACH).abs();
    let near = hamacher(gaussian(reach, (0.0, REACH), margin), step.closing(1.0));
    Evaluation {
        reward: 10.0 * hamacher(near, in_place),
        success: remaining <= TURNED,
        near_object: f64::from(reach <= 0.01),
        grasp: Grasp::Known(1.0),
        grasp_reward: near,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = (step.object()[1] - step.target()[1]).abs();
    RewardV1 {
        reward: ARRIVAL_V1.drive(step, step.tcp(), remaining),
        success: remaining <= TURNED,
        obj_to_target: remaining,
    }
}
