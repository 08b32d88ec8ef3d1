//! Peg: a peg is put sideways into a hole in a box.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_peg_insertion_side_v3.py`.

use crate::metaworld::reward::{Cage, Density, hamacher, long_tail, prism};
use crate::metaworld::reward_v1::{Near, PickUp};
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, Marks, MinDistance, SiteMark, TaskSpec, point,
};
use crate::metaworld::vector::{add, distance, weighted_distance};

/// Within this weighted distance of the bottom of the hole the peg is in, in meters.
const INSERTED: f64 = 0.07;

/// The hole's bottom, relative to the box.
const HOLE: [f64; 3] = [0.03, 0.0, 0.13];

/// Errors across the hole count twice.
const ACROSS: [f64; 3] = [1.0, 2.0, 2.0];

const CAGE: Cage = Cage {
    object_radius: 0.0075,
    pad_reach: 0.03,
    xz_reach: 0.005,
    effort: 1.0,
    density: Density::High,
};

const PICK_UP: PickUp = PickUp {
    rise_weight: 1.0,
    lift: 0.11,
    near: Near::USUAL,
};

const MARKS: Marks = Marks {
    bodies: &["peg", "box"],
    sites: &[
        "goal",
        "pegHead",
        "pegGrasp",
        "bottom_right_corner_collision_box_1",
        "top_left_corner_collision_box_1",
        "bottom_right_corner_collision_box_2",
        "top_left_corner_collision_box_2",
    ],
    ..Marks::NONE
};
const PEG: BodyMark = MARKS.body("peg");
const BOX: BodyMark = MARKS.body("box");
const GOAL: SiteMark = MARKS.site("goal");
const PEG_HEAD: SiteMark = MARKS.site("pegHead");
const PEG_GRASP: SiteMark = MARKS.site("pegGrasp");

/// Opposite corners of the two regions before the box in which the head must not wait.
const FIRST_REGION: (SiteMark, SiteMark) = (
    MARKS.site("bottom_right_corner_collision_box_1"),
    MARKS.site("top_left_corner_collision_box_1"),
);
const SECOND_REGION: (SiteMark, SiteMark) = (
    MARKS.site("bottom_right_corner_collision_box_2"),
    MARKS.site("top_left_corner_collision_box_2"),
);

/// `peg-insert-side-v3`
pub(super) static INSERT_SIDE: TaskSpec = TaskSpec {
    name: "peg-insert-side-v3",
    summary: "Put a peg sideways into the hole of a box.",
    instruction: "Insert the peg into the hole in the side of the box.",
    difficulty: Difficulty::Medium,
    model: "sawyer_peg_insertion_side.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[0.0, 0.5, 0.02, -0.35, 0.4, -0.001],
        high: &[0.2, 0.7, 0.02, -0.25, 0.7, 0.001],
        min_distance: MinDistance::BetweenPlaces(0.1),
    },
    goal_space_low: [-0.35 + HOLE[0], 0.4 + HOLE[1], -0.001 + HOLE[2]],
    goal_space_high: [-0.25 + HOLE[0], 0.7 + HOLE[1], 0.001 + HOLE[2]],
    marks: MARKS,
    manipulated: &[PEG],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects,
    place,
    reward,
    reward_v1,
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.site(PEG_GRASP), scene.site_quaternion_xyzw(PEG_GRASP))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let (peg, hole_box) = (point(draw, 0), point(draw, 1));
    // Quirk: the head's "start" is taken before the peg is moved.
    let head_start = stage.scene().site(PEG_HEAD);
    stage.put_free_object(peg);
    stage.move_body(BOX, hole_box);
    let goal = add(hole_box, HOLE);
    stage.move_site(GOAL, goal);
    Placement {
        part_start: head_start,
        object_height: stage.scene().body(PEG)[2],
        ..Placement::new(peg, goal)
    }
}

/// Rewards a firm grip on the peg, then the way of its head into the hole, but not the places right beside it.
fn reward(step: &StepView<'_>) -> Evaluation {
    let (peg, start, target) = (step.object(), step.object_start(), step.target());
    let head = step.scene.site(PEG_HEAD);
    let reach = distance(peg, step.tcp());
    let remaining = weighted_distance(head, target, ACROSS);
    let margin = weighted_distance(step.placement.part_start, target, ACROSS);
    let region = |(zero, one)| prism(head, step.scene.site(zero), step.scene.site(one));
    let clear = hamacher(region(SECOND_REGION), region(FIRST_REGION));
    let in_place = hamacher(long_tail(remaining, (0.0, INSERTED), margin), clear);

    let lifted = step.opening() > 0.0 && step.lifted(0.01);
    let carried = reach < 0.08 && lifted;
    let grasp_reward = if carried {
        1.0
    } else {
        CAGE.reward(step, peg, start)
    };
    let mut reward = hamacher(grasp_reward, in_place);
    if carried {
        reward += 1.0 + 5.0 * in_place;
    }
    if remaining <= INSERTED {
        reward = 10.0;
    }
    Evaluation {
        reward,
        success: remaining <= INSERTED,
        near_object: f64::from(reach <= 0.03),
        grasp: Grasp::Known(f64::from(reach < 0.02 && lifted)),
        grasp_reward,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let target = step.target();
    let remaining = distance(step.object(), target);
    let head_remaining = distance(step.scene.site(PEG_HEAD), target);
    // Close to the hole the grasped point is what pays.
    let to_place = if head_remaining <= 0.05 {
        remaining
    } else {
        head_remaining
    };
    RewardV1 {
        reward: PICK_UP.reward(step, remaining, to_place),
        success: remaining <= INSERTED,
        obj_to_target: remaining,
    }
}
