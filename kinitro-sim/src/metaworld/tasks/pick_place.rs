//! Picking: a puck is lifted and brought to a point in the air.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_pick_place_v3.py`.

use crate::metaworld::reward::{grip, hamacher, long_tail, xz_caging};
use crate::metaworld::reward_v1::PickUp;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, DrawSpace, GeomMark, Marks, MinDistance, SiteMark, TaskSpec, point,
};
use crate::metaworld::vector::distance;

/// Within this distance of the target the reward is full, in meters.
const ARRIVED: f64 = 0.05;

/// Within this distance of the target the task counts as done, in meters.
const DONE: f64 = 0.07;

const PICK_UP: PickUp = PickUp {
    rise_weight: 2.0,
    lift: 0.04,
};

const MARKS: Marks = Marks {
    bodies: &["obj"],
    sites: &["goal"],
    geoms: &["objGeom"],
    joints: &[],
};
const PUCK: BodyMark = MARKS.body("obj");
const PUCK_GEOM: GeomMark = MARKS.geom("objGeom");
const GOAL: SiteMark = MARKS.site("goal");

/// `pick-place-v3`
pub(super) static PICK_PLACE: TaskSpec = TaskSpec {
    name: "pick-place-v3",
    summary: "Pick up a puck and hold it at a point in the air.",
    instruction: "Pick up the puck and bring it to the goal marker.",
    model: "sawyer_pick_place_v3.xml",
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
    manipulated: &[PUCK],
    objects,
    place,
    reward,
    reward_v1,
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.body(PUCK), scene.geom_quaternion_xyzw(PUCK_GEOM))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let (start, goal) = (point(draw, 0), point(draw, 1));
    stage.put_free_object(start);
    stage.move_site(GOAL, goal);
    Placement {
        object_height: stage.scene().geom(PUCK_GEOM)[2],
        ..Placement::new(start, goal)
    }
}

/// Rewards a firm grip on the puck, then its way to the goal once it is off the table.
fn reward(step: &StepView<'_>) -> Evaluation {
    let (puck, start, target) = (step.object(), step.object_start(), step.target());
    let reach = distance(puck, step.tcp());
    let remaining = distance(puck, target);
    let in_place = long_tail(remaining, (0.0, ARRIVED), distance(start, target));
    let grasp_reward = cage(step, puck, start);

    let mut reward = hamacher(grasp_reward, in_place);
    if reach < 0.02 && step.opening() > 0.0 && step.lifted(0.01) {
        reward += 1.0 + 5.0 * in_place;
    }
    if remaining < ARRIVED {
        reward = 10.0;
    }
    Evaluation {
        reward,
        success: remaining <= DONE,
        near_object: f64::from(reach <= 0.03),
        grasp: Grasp::pinched(step.opening() > 0.0 && step.lifted(0.02), PUCK_GEOM),
        grasp_reward,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

/// The task's own variant of the caging reward: each pad must be on its own side of the puck.
fn cage(step: &StepView<'_>, puck: [f64; 3], start: [f64; 3]) -> f64 {
    const PAD_REACH: f64 = 0.05;
    let [left, right] = step.scene.pads_y();
    let side = |gap: f64| long_tail(gap, (0.015, PAD_REACH), (gap.abs() - PAD_REACH).abs());
    let beside = hamacher(side(left - puck[1]), side(puck[1] - right));
    let caging = hamacher(beside, xz_caging(step, puck, start, 0.005));
    let gripping = hamacher(caging, grip(caging, step.closing(1.0)));
    f64::midpoint(gripping, caging)
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance(step.object(), step.target());
    RewardV1 {
        reward: PICK_UP.reward(step, remaining, remaining),
        success: remaining <= DONE,
        obj_to_target: remaining,
    }
}
