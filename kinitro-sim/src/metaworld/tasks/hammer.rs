//! Hammer: a hammer drives a nail into a block.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_hammer_v3.py`.

use crate::metaworld::reward::{Cage, Density, handle_at_hand, long_tail, orientation_kept};
use crate::metaworld::reward_v1::{Near, PickUp, arrival};
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, GeomMark, HandStart, JointMark, Marks, MinDistance, SiteMark,
    TaskSpec, point,
};
use crate::metaworld::vector::{add, distance};

/// Half of the handle's length, in meters.
const HANDLE_REACH: f64 = 0.14 / 2.0;

/// Where the block stands in every episode.
const BLOCK_POSITION: [f64; 3] = [0.24, 0.85, 0.0];

/// The face of the hammer's head, relative to the hammer.
const FACE: [f64; 3] = [0.16, 0.06, 0.0];

/// The hammer as it lies on the table, `(w, x, y, z)`.
const LYING: [f64; 4] = [1.0, 0.0, 0.0, 0.0];

/// Distance of the hammer's quaternion from that at which nothing is paid any more.
const TILT: f64 = 0.4;

/// How deep the nail must be, in meters.
const DRIVEN_IN: f64 = 0.09;

const CAGE: Cage = Cage {
    object_radius: 0.015,
    pad_reach: 0.02,
    xz_reach: 0.01,
    effort: 1.0,
    density: Density::High,
};

const PICK_UP: PickUp = PickUp {
    rise_weight: 0.0,
    lift: 0.09,
    near: Near::ANYWHERE,
};

const MARKS: Marks = Marks {
    bodies: &["hammer", "box", "nail_link"],
    sites: &["goal", "nailHead"],
    geoms: &["HammerHead"],
    joints: &["NailSlideJoint"],
};
const HAMMER: BodyMark = MARKS.body("hammer");
const BLOCK: BodyMark = MARKS.body("box");
const NAIL: BodyMark = MARKS.body("nail_link");
const GOAL: SiteMark = MARKS.site("goal");
const NAIL_HEAD: SiteMark = MARKS.site("nailHead");
const HAMMER_HEAD: GeomMark = MARKS.geom("HammerHead");
const NAIL_SLIDE: JointMark = MARKS.joint("NailSlideJoint");

/// `hammer-v3`
pub(super) static HAMMER_NAIL: TaskSpec = TaskSpec {
    name: "hammer-v3",
    summary: "Pick up a hammer and drive a nail into a block.",
    instruction: "Pick up the hammer and hit the nail into the block with it.",
    difficulty: Difficulty::Medium,
    model: "sawyer_hammer.xml",
    hand_init: [0.0, 0.4, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.4, 0.0],
        high: &[0.1, 0.5, 0.0],
        min_distance: MinDistance::None,
    },
    goal_space_low: [0.2399, 0.7399, 0.109],
    goal_space_high: [0.2401, 0.7401, 0.111],
    marks: MARKS,
    manipulated: &[HAMMER, NAIL],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects,
    place,
    reward,
    reward_v1,
};

fn objects(scene: &Scene<'_>) -> Objects {
    let parts = [HAMMER, NAIL];
    Objects::two(
        parts.map(|part| scene.body(part)),
        parts.map(|part| scene.body_quaternion(part)),
    )
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let hammer = point(draw, 0);
    stage.move_body(BLOCK, BLOCK_POSITION);
    let target = stage.scene().site(GOAL);
    stage.put_free_object(hammer);
    Placement {
        object_height: stage.scene().body(HAMMER)[2],
        ..Placement::new(hammer, target)
    }
}

/// Rewards a grip on the handle and the way of the head to the nail, both only while the hammer lies flat.
fn reward(step: &StepView<'_>) -> Evaluation {
    let flat = orientation_kept(step, LYING, TILT);
    let grasp_reward = CAGE.reward(
        step,
        handle_at_hand(step, HANDLE_REACH),
        step.object_start(),
    );
    let face = add(step.object(), FACE);
    let moved = f64::from(face[2] > 0.02);
    let in_place = 0.1 * moved + 0.9 * long_tail(distance(step.target(), face), (0.0, 0.02), 0.2);

    let mut reward = (2.0 * grasp_reward + 6.0 * in_place) * flat;
    let success = is_driven_in(step);
    // A nail that went in without the hammer does not pay.
    if success && reward > 5.0 {
        reward = 10.0;
    }
    Evaluation {
        reward,
        success,
        near_object: flat,
        grasp: Grasp::Known(f64::from(grasp_reward >= 0.5)),
        grasp_reward,
        in_place_reward: in_place,
        obj_to_target: 0.0,
    }
}

fn is_driven_in(step: &StepView<'_>) -> bool {
    step.scene.joint(NAIL_SLIDE) > DRIVEN_IN
}

/// Quirk: the marks of nail and goal are fixed to the block, so that their distance never changes.
fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let (hammer, start, target) = (step.object(), step.object_start(), step.target());
    let nail = step.scene.site(NAIL_HEAD);
    let strike = distance(nail, step.scene.geom(HAMMER_HEAD));
    let held = PICK_UP.is_picked(step, hammer[2]) && !PICK_UP.is_dropped(step, hammer[2], strike);
    let place = if held && distance(hammer, step.tcp()) < PICK_UP.near.carry {
        let lifted_height = PICK_UP.lifted_height(step);
        let lift = distance([start[0], start[1], lifted_height], start);
        let travel = lift + lifted_height + (start[1] - target[1]).abs();
        arrival(travel, strike + (nail[1] - target[1]).abs())
    } else {
        0.0
    };
    RewardV1 {
        reward: PICK_UP.reach(step) + PICK_UP.pick(step, hammer[2], held) + place,
        success: is_driven_in(step),
        obj_to_target: 0.0,
    }
}
