//! Lock: a handle on the face of a door, turned down to lock it or up to unlock it.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_door_lock_v3.py` and `envs/sawyer_door_unlock_v3.py`.

use crate::metaworld::reward::{hamacher, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::sawyer::OBJECT_ADDRESS;
use crate::metaworld::scene::{
    Anchor, Evaluation, Grasp, Objects, Placement, RewardV1, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, Marks, MinDistance, SiteMark, TaskSpec, from_f32,
    point,
};
use crate::metaworld::vector::{add, distance, weighted_distance};

/// Within this distance of the target, along one axis, the handle is turned, in meters.
const TURNED: f64 = 0.02;

/// How far the handle goes along that axis, in meters.
const TRAVEL: f64 = 0.1;

/// Angle of the locked handle, in radians.
#[expect(
    clippy::approx_constant,
    reason = "upstream rounds a quarter turn to four digits"
)]
const LOCKED: f64 = 1.5708;

/// What the errors of the fingers count along the axes: little across the door.
const ACROSS: [f64; 3] = [0.25, 1.0, 0.5];

const MARKS: Marks = Marks {
    bodies: &["door", "door_link", "lock_link"],
    sites: &[
        "lockStartLock",
        "lockStartUnlock",
        "goal_lock",
        "goal_unlock",
    ],
    ..Marks::NONE
};
const DOOR: BodyMark = MARKS.body("door");
const LEAF: BodyMark = MARKS.body("door_link");
const LOCK: BodyMark = MARKS.body("lock_link");
const TOP_OF_HANDLE: SiteMark = MARKS.site("lockStartLock");
const BOTTOM_OF_HANDLE: SiteMark = MARKS.site("lockStartUnlock");
const GOAL_LOCK: SiteMark = MARKS.site("goal_lock");
const GOAL_UNLOCK: SiteMark = MARKS.site("goal_unlock");

/// `door-lock-v3`
pub(super) static LOCKING: TaskSpec = TaskSpec {
    name: "door-lock-v3",
    summary: "Lock a door by turning the handle of its lock down.",
    instruction: "Lock the door by turning the handle of the lock clockwise until it points down.",
    difficulty: Difficulty::Easy,
    model: "sawyer_door_lock.xml",
    hand_init: from_f32([0.0, 0.6, 0.2]),
    hand_start: HandStart::Simulated,
    mocap_low: [-0.5, 0.4, -0.15],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.8, 0.15],
        high: &[0.1, 0.85, 0.15],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.5, 0.4, -0.15],
    goal_space_high: [0.5, 1.0, 0.5],
    marks: MARKS,
    manipulated: &[LOCK],
    goal_marker: Some(GOAL_LOCK),
    misleading_markers: &[GOAL_UNLOCK],
    objects: |scene| Objects::one(scene.site(TOP_OF_HANDLE), scene.body_quaternion(LEAF)),
    place: place_unlocked,
    reward: reward_lock,
    reward_v1,
};

/// `door-unlock-v3`
pub(super) static UNLOCKING: TaskSpec = TaskSpec {
    name: "door-unlock-v3",
    summary: "Unlock a door by turning the handle of its lock up.",
    instruction: "Unlock the door by turning the handle of the lock counterclockwise until it points right.",
    goal_space_low: [0.0, 0.64, 0.21],
    goal_space_high: [0.2, 0.7, 0.2111],
    goal_marker: Some(GOAL_UNLOCK),
    misleading_markers: &[GOAL_LOCK],
    objects: |scene| Objects::one(scene.site(BOTTOM_OF_HANDLE), scene.body_quaternion(LEAF)),
    place: place_locked,
    reward: reward_unlock,
    ..LOCKING
};

fn place_unlocked(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    stage.move_body(DOOR, point(draw, 0));
    stage.advance();
    placement(stage, [0.0, -0.04, -TRAVEL])
}

fn place_locked(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    stage.move_body(DOOR, point(draw, 0));
    // The hinge of the lock has no name; it is the only joint that is not the arm's.
    stage.set_qpos(OBJECT_ADDRESS, &[LOCKED]);
    stage.set_qvel(OBJECT_ADDRESS, &[0.0]);
    stage.forward();
    placement(stage, [TRAVEL, -0.04, 0.0])
}

/// A target `aside` of where the lock's hinge is now.
fn placement(stage: &Stage<'_>, aside: [f64; 3]) -> Placement {
    let hinge = stage.scene().body(LOCK);
    let target = add(hinge, aside);
    Placement {
        // Quirk: the lock's start is a view into the simulation, but its hinge does not move.
        object_start: Anchor::Body(LOCK),
        travel: distance(target, hinge),
        ..Placement::new(hinge, target)
    }
}

/// Rewards an open hand with its left pad at the handle, and the handle's way down.
fn reward_lock(step: &StepView<'_>) -> Evaluation {
    let handle = step.object();
    let reach = weighted_distance(handle, step.scene.left_pad(), ACROSS);
    // Quirk: the margin is the pad's present distance, not the one at the start.
    let near = long_tail(reach, (0.0, 0.01), reach);
    let remaining = (step.target()[2] - handle[2]).abs();
    evaluation(
        step,
        2.0 * hamacher(step.opening(), near),
        (reach, near),
        remaining,
    )
}

/// Rewards a hand with its shoulder at the handle, and the handle's way up.
fn reward_unlock(step: &StepView<'_>) -> Evaluation {
    /// The hand's shoulder as seen from the hand, in meters.
    const SHOULDER: [f64; 3] = [0.0, 0.055, 0.07];
    let handle = step.object();
    let reach = weighted_distance(add(step.hand(), SHOULDER), handle, ACROSS);
    let margin = weighted_distance(add(step.tcp_start, SHOULDER), step.object_start(), ACROSS);
    let near = long_tail(reach, (0.0, 0.02), margin);
    let remaining = (step.target()[0] - handle[0]).abs();
    evaluation(step, 2.0 * near, (reach, near), remaining)
}

/// Adds what is paid for the handle's place to what is `paid` for the fingers at it.
fn evaluation(
    step: &StepView<'_>,
    paid: f64,
    (reach, near): (f64, f64),
    remaining: f64,
) -> Evaluation {
    let turned = long_tail(remaining, (0.0, 0.005), TRAVEL);
    Evaluation {
        reward: paid + 8.0 * turned,
        success: remaining <= TURNED,
        near_object: f64::from(reach <= 0.05),
        grasp: Grasp::Known(f64::from(step.opening() > 0.0)),
        grasp_reward: near,
        in_place_reward: turned,
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
