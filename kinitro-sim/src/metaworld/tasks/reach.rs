//! Reaching: the fingers go to a point in the air. An object lies around and does not matter.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_reach_v3.py`.

use crate::metaworld::reward::long_tail;
use crate::metaworld::reward_v1::arrival;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, DrawSpace, GeomMark, Marks, MinDistance, SiteMark, TaskSpec, point,
};
use crate::metaworld::vector::distance;

/// Within this distance of the target the fingers have arrived, in meters.
const ARRIVED: f64 = 0.05;

const MARKS: Marks = Marks {
    bodies: &["obj"],
    sites: &["goal"],
    geoms: &["objGeom"],
    joints: &[],
};
const OBJECT: BodyMark = MARKS.body("obj");
const OBJECT_GEOM: GeomMark = MARKS.geom("objGeom");
const GOAL: SiteMark = MARKS.site("goal");

/// `reach-v3`
pub(super) static REACH: TaskSpec = TaskSpec {
    name: "reach-v3",
    summary: "Bring the finger tips to a point in the air.",
    instruction: "Move the gripper to the goal marker.",
    model: "sawyer_reach_v3.xml",
    hand_init: [0.0, 0.6, 0.2],
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.6, 0.02, -0.1, 0.8, 0.05],
        high: &[0.1, 0.7, 0.02, 0.1, 0.9, 0.3],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.1, 0.8, 0.05],
    goal_space_high: [0.1, 0.9, 0.3],
    marks: MARKS,
    manipulated: &[OBJECT],
    objects,
    place,
    reward,
    reward_v1,
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.body(OBJECT), scene.geom_quaternion_xyzw(OBJECT_GEOM))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let (object, goal) = (point(draw, 0), point(draw, 1));
    let travel = distance(stage.scene().tcp(), goal);
    stage.put_free_object(object);
    stage.move_site(GOAL, goal);
    Placement {
        travel,
        ..Placement::new(object, goal)
    }
}

fn reward(step: &StepView<'_>) -> Evaluation {
    let target = step.target();
    let remaining = distance(step.tcp(), target);
    let in_place = long_tail(
        remaining,
        (0.0, ARRIVED),
        distance(step.task.hand_init, target),
    );
    Evaluation {
        reward: 10.0 * in_place,
        success: remaining <= ARRIVED,
        near_object: remaining,
        grasp: Grasp::Known(1.0),
        grasp_reward: remaining,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance(step.tcp(), step.target());
    RewardV1 {
        reward: arrival(step.placement.travel, remaining),
        success: remaining <= ARRIVED,
        obj_to_target: remaining,
    }
}
