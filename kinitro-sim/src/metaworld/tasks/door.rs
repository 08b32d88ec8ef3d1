//! Door: a cabinet door with a handle, pulled open.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_door_v3.py`.

use std::f64::consts::PI;

use crate::metaworld::reward::{hamacher, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, DrawSpace, GeomMark, JointMark, Marks, MinDistance, SiteMark, TaskSpec, point,
};
use crate::metaworld::vector::{add, distance, distance_xy};

/// The hand must be above a funnel around the handle that begins at this radius, in meters.
const FUNNEL_RADIUS: f64 = 0.12;

const MARKS: Marks = Marks {
    bodies: &["door", "door_link"],
    sites: &["goal"],
    geoms: &["handle"],
    joints: &["doorjoint"],
};
const DOOR: BodyMark = MARKS.body("door");
const LEAF: BodyMark = MARKS.body("door_link");
const HANDLE: GeomMark = MARKS.geom("handle");
const HINGE: JointMark = MARKS.joint("doorjoint");
const GOAL: SiteMark = MARKS.site("goal");

/// `door-open-v3`
pub(super) static OPEN: TaskSpec = TaskSpec {
    name: "door-open-v3",
    summary: "Pull a door open by its handle.",
    instruction: "Open the door.",
    model: "sawyer_door_pull.xml",
    hand_init: [0.0, 0.6, 0.2],
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[0.0, 0.85, 0.15],
        high: &[0.1, 0.95, 0.15],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.3, 0.4, 0.1499],
    goal_space_high: [-0.2, 0.5, 0.1501],
    marks: MARKS,
    manipulated: &[LEAF],
    objects,
    place,
    reward,
    reward_v1,
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.geom(HANDLE), scene.geom_quaternion_xyzw(HANDLE))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let door = point(draw, 0);
    let goal = add(door, [-0.3, -0.45, 0.0]);
    stage.move_body(DOOR, door);
    stage.move_site(GOAL, goal);
    stage.rest_joint(HINGE, 0.0);
    Placement {
        travel: distance_xy(stage.scene().geom(HANDLE), goal),
        ..Placement::new(door, goal)
    }
}

/// Rewards an open hand behind the handle, and the angle of the door.
fn reward(step: &StepView<'_>) -> Evaluation {
    let ready = readiness(step.hand(), add(step.object(), [-0.05, 0.0, 0.0]));
    let opened = opened(step.scene.joint(HINGE));
    let grab = f64::midpoint(f64::from(step.action[3].clamp(-1.0, 1.0)), 1.0);
    let success = is_open(step);
    Evaluation {
        reward: if success {
            10.0
        } else {
            2.0 * hamacher(ready, grab) + 8.0 * opened
        },
        success,
        near_object: ready,
        grasp: Grasp::Known(f64::from(grab >= 0.5)),
        grasp_reward: grab,
        in_place_reward: opened,
        obj_to_target: 0.0,
    }
}

/// How well the hand is placed to pull at `handle`: between handle and door, and until it is there, above a funnel that keeps
/// it from running into the handle.
fn readiness(hand: [f64; 3], handle: [f64; 3]) -> f64 {
    let radius = distance_xy(hand, handle);
    let floor = if radius <= FUNNEL_RADIUS {
        0.0
    } else {
        0.04 * libm::log(radius - FUNNEL_RADIUS) + 0.4
    };
    let above = if hand[2] >= floor {
        1.0
    } else {
        long_tail(floor - hand[2], (0.0, 0.01), floor / 2.0)
    };
    let behind = distance(hand, add(handle, [0.05, 0.03, -0.01]));
    hamacher(above, long_tail(behind, (0.0, FUNNEL_RADIUS / 2.0), 0.5))
}

/// A fifth for moving the door at all, the rest for its `angle`, which is negative when it is open.
fn opened(angle: f64) -> f64 {
    let moved = f64::from(angle < -PI / 90.0);
    0.2 * moved + 0.8 * long_tail(PI / 2.0 + PI / 6.0 + angle, (0.0, 0.5), PI / 3.0)
}

fn is_open(step: &StepView<'_>) -> bool {
    (step.object()[0] - step.target()[0]).abs() <= 0.08
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance_xy(step.object(), step.target());
    RewardV1 {
        reward: drive(step, step.tcp(), remaining),
        success: is_open(step),
        obj_to_target: 0.0,
    }
}
