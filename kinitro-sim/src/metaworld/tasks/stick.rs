//! Stick: a stick pushes a thermos over the table, or is put through its handle and pulls it.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_stick_push_v3.py` and `envs/sawyer_stick_pull_v3.py`.

use crate::metaworld::reward::{Cage, Density, hamacher, long_tail};
use crate::metaworld::reward_v1::{Approach, Near, PickUp};
use crate::metaworld::scene::{
    Anchor, Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, GeomMark, HandStart, Marks, MinDistance, SiteMark, TaskSpec,
};
use crate::metaworld::vector::{add, distance, distance_xy, weighted_distance};

/// Within this distance of the target the thermos has arrived, in meters.
const ARRIVED: f64 = 0.12;

/// Where the coordinates of the thermos begin, which slides along x and y.
const THERMOS_ADDRESS: usize = 16;

/// Height of the stick on the table, in meters.
const STICK_HEIGHT: f64 = 0.02;

/// Where the fingers are to grip the stick that pushes, relative to its center.
const PUSHING_GRIP: [f64; 3] = [0.015, 0.0, 0.0];

/// Center of the thermos, relative to the middle of its handle: as observed when it is pushed, and as the reward for pulling has it.
const OBSERVED_CENTER: [f64; 3] = [0.0, 0.09, 0.0];
const PULLED_CENTER: [f64; 3] = [0.05, 0.0, 0.0];

const PUSH_CAGE: Cage = Cage {
    object_radius: 0.04,
    pad_reach: 0.05,
    xz_reach: 0.01,
    effort: 1.0,
    density: Density::High,
};
const PULL_CAGE: Cage = Cage {
    object_radius: 0.014,
    ..PUSH_CAGE
};

const PICK_UP: PickUp = PickUp {
    rise_weight: 0.0,
    lift: 0.04,
    near: Near::ANYWHERE,
};

/// Version 1's rewards for the way of the thermos.
const PUSHED: Approach = Approach {
    weight: 2000.0,
    widths: [0.001, 0.0001],
};
const PULLED: Approach = Approach {
    weight: 2000.0,
    ..Approach::USUAL
};

const MARKS: Marks = Marks {
    bodies: &["stick", "object"],
    sites: &["goal", "insertion", "stick_end"],
    geoms: &["objGeom"],
    joints: &[],
};
const STICK: BodyMark = MARKS.body("stick");
const STICK_GEOM: GeomMark = MARKS.geom("objGeom");
const STICK_END: SiteMark = MARKS.site("stick_end");
const THERMOS: BodyMark = MARKS.body("object");
const HANDLE: SiteMark = MARKS.site("insertion");
const GOAL: SiteMark = MARKS.site("goal");

/// `stick-push-v3`
pub(super) static PUSH: TaskSpec = TaskSpec {
    name: "stick-push-v3",
    summary: "Pick up a stick and push a thermos to a goal with it.",
    instruction: "Pick up the stick and push the thermos to the goal marker with it.",
    difficulty: Difficulty::VeryHard,
    model: "sawyer_stick_obj.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.08, 0.58, 0.0, 0.399, 0.55, 0.1319],
        high: &[-0.03, 0.62, 0.001, 0.401, 0.6, 0.1321],
        min_distance: MinDistance::BetweenPlaces(0.1),
    },
    goal_space_low: [0.399, 0.55, 0.1319],
    goal_space_high: [0.401, 0.6, 0.1321],
    marks: MARKS,
    manipulated: &[STICK, THERMOS],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects: |scene| stick_and(scene, add(scene.site(HANDLE), OBSERVED_CENTER)),
    place: place_to_push,
    reward: reward_push,
    reward_v1: reward_push_v1,
};

/// `stick-pull-v3`
pub(super) static PULL: TaskSpec = TaskSpec {
    name: "stick-pull-v3",
    summary: "Pick up a stick, put it through a thermos' handle and pull the thermos to a goal.",
    instruction: "Pick up the stick, put it through the handle of the thermos and pull the thermos to the goal marker.",
    mocap_low: [-0.5, 0.35, 0.05],
    draw: DrawSpace {
        low: &[-0.1, 0.55, 0.0, 0.35, 0.45, 0.0199],
        high: &[0.0, 0.65, 0.001, 0.45, 0.55, 0.0201],
        min_distance: MinDistance::BetweenPlaces(0.1),
    },
    goal_space_low: [0.35, 0.45, 0.0199],
    goal_space_high: [0.45, 0.55, 0.0201],
    objects: |scene| stick_and(scene, scene.site(HANDLE)),
    place: place_to_pull,
    reward: reward_pull,
    reward_v1: reward_pull_v1,
    ..PUSH
};

/// The stick, and a point of the thermos, which has no observed orientation.
fn stick_and(scene: &Scene<'_>, thermos: [f64; 3]) -> Objects {
    Objects::two(
        [scene.body(STICK), thermos],
        [scene.body_quaternion_xyzw(STICK), [0.0; 4]],
    )
}

fn place_to_push(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let height = stage.scene().site(HANDLE)[2];
    place(stage, draw, height, [0.0, 0.0])
}

fn place_to_pull(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    place(stage, draw, STICK_HEIGHT, [0.0, 0.09])
}

/// The drawn heights are not used. The object of the placement is the thermos, the other part the stick.
fn place(stage: &mut Stage<'_>, draw: &[f64], goal_height: f64, thermos: [f64; 2]) -> Placement {
    let stick = [draw[0], draw[1], STICK_HEIGHT];
    let goal = [draw[3], draw[4], goal_height];
    stage.put_free_object(stick);
    stage.set_qpos(THERMOS_ADDRESS, &thermos);
    // Quirk: velocities begin one number earlier than positions, so that this stops the thermos along y only.
    stage.set_qvel(THERMOS_ADDRESS, &[0.0]);
    stage.forward();
    stage.move_site(GOAL, goal);
    Placement {
        // Quirk: this body stays where it is, its part is what slides.
        object_start: Anchor::Fixed(stage.scene().body(THERMOS)),
        part_start: stick,
        object_height: stage.scene().body(STICK)[2],
        ..Placement::new(stick, goal)
    }
}

/// Whether the stick, gripped at `grip`, is held above the table.
fn is_held(step: &StepView<'_>, grip: [f64; 3]) -> bool {
    distance(grip, step.tcp()) < 0.02 && step.opening() > 0.0 && is_raised(step, grip[2])
}

fn is_raised(step: &StepView<'_>, height: f64) -> bool {
    height - 0.01 > step.placement.part_start[2]
}

/// Rewards a grip on the stick, then the way of stick and thermos to the goal.
fn reward_push(step: &StepView<'_>) -> Evaluation {
    let (stick, target) = (step.placement.part_start, step.target());
    let grip = add(step.object(), PUSHING_GRIP);
    let closeness = |point, start| {
        let margin = distance(start, target) - ARRIVED;
        long_tail(distance(point, target), (0.0, ARRIVED), margin)
    };
    let stick_in_place = closeness(grip, stick);
    let remaining = distance(step.second_object(), target);
    let arrived = remaining <= ARRIVED;

    let (grasp_reward, reward) = if is_held(step, grip) {
        let in_place = closeness(step.second_object(), step.object_start());
        let carried = 2.0 + 5.0 * stick_in_place + 3.0 * in_place;
        (1.0, if arrived { 10.0 } else { carried })
    } else {
        // Quirk: the stick's start, not the thermos', is what the grip's margins are measured from.
        let caged = PUSH_CAGE.reward(step, grip, stick);
        (caged, caged)
    };
    let lifted = step.opening() > 0.0 && is_raised(step, step.object()[2]);
    Evaluation {
        reward,
        success: arrived && lifted,
        near_object: f64::from(distance(grip, step.tcp()) <= 0.03),
        grasp: Grasp::pinched_for_success(lifted, STICK_GEOM),
        grasp_reward,
        in_place_reward: stick_in_place,
        obj_to_target: remaining,
    }
}

/// Rewards a grip on the stick, then the way of its end to the handle, then that of stick and thermos to the goal.
fn reward_pull(step: &StepView<'_>) -> Evaluation {
    const RADIUS: f64 = 0.05;
    const HEIGHT_TWICE: [f64; 3] = [1.0, 1.0, 2.0];
    let (stick, stick_start) = (step.object(), step.placement.part_start);
    let (thermos_start, target) = (step.object_start(), step.target());
    let handle = step.second_object();
    let center = add(handle, PULLED_CENTER);
    let remaining = distance(handle, target);
    let pulled = is_inserted(step) && remaining <= ARRIVED;

    let margin = weighted_distance(stick_start, add(thermos_start, PULLED_CENTER), HEIGHT_TWICE);
    let gap = weighted_distance(stick, center, HEIGHT_TWICE);
    let at_thermos = long_tail(gap, (0.0, RADIUS), margin);
    let held = is_held(step, stick);
    let grasp_reward = if held {
        1.0
    } else {
        PULL_CAGE.reward(step, stick, thermos_start)
    };
    let mut reward = hamacher(grasp_reward, at_thermos);
    if held && pulled {
        reward = 10.0;
    } else if held && is_inserted(step) {
        let closeness = |point, start| {
            let margin = distance(start, target);
            long_tail(distance(point, target), (0.0, RADIUS), margin)
        };
        reward += 6.0 + 2.0 * closeness(stick, stick_start) + closeness(center, thermos_start);
    } else if held {
        reward += 1.0 + 5.0 * at_thermos;
    }
    Evaluation {
        reward,
        success: pulled,
        near_object: f64::from(distance(stick, step.tcp()) <= 0.03),
        grasp: Grasp::pinched(step.opening() > 0.0 && step.lifted(0.02), STICK_GEOM),
        grasp_reward,
        in_place_reward: at_thermos,
        obj_to_target: remaining,
    }
}

/// Whether the stick's end is through the handle.
fn is_inserted(step: &StepView<'_>) -> bool {
    let (handle, end) = (step.second_object(), step.scene.site(STICK_END));
    end[0] >= handle[0] && (end[1] - handle[1]).abs() <= 0.04 && (end[2] - handle[2]).abs() <= 0.06
}

/// Quirk: this version can say that the stick is held, and with it that the task is done, at no step.
fn reward_push_v1(step: &StepView<'_>) -> RewardV1 {
    RewardV1 {
        success: false,
        ..reward_carry_v1(step, &PUSHED)
    }
}

fn reward_pull_v1(step: &StepView<'_>) -> RewardV1 {
    RewardV1 {
        success: is_inserted(step) && distance(step.second_object(), step.target()) <= ARRIVED,
        ..reward_carry_v1(step, &PULLED)
    }
}

/// Paid for lifting the stick, for its way to the thermos, and by `way` for that of the thermos. Not successful.
fn reward_carry_v1(step: &StepView<'_>, way: &Approach) -> RewardV1 {
    let (stick, start, target) = (step.object(), step.object_start(), step.target());
    // Quirk: upstream reads the thermos' place from where the stick's height and orientation are.
    let [x, y, ..] = step.quaternion();
    let thermos = [stick[2], x, y];
    let remaining = distance_xy(thermos, target);
    let gap = distance(stick, thermos);

    let held = PICK_UP.is_picked(step, stick[2]) && !PICK_UP.is_dropped(step, stick[2], remaining);
    let mut place = 0.0;
    if held && distance(stick, step.tcp()) < PICK_UP.near.carry {
        let lifted_height = PICK_UP.lifted_height(step);
        let above = [start[0], start[1], lifted_height];
        let travel = distance(above, step.placement.part_start) + lifted_height;
        place += Approach::USUAL.paid(travel, gap);
        if gap < 0.05 {
            place += way.paid(distance_xy(start, target), remaining);
        }
    }
    RewardV1 {
        reward: PICK_UP.reach(step) + PICK_UP.pick(step, stick[2], held) + place.max(0.0),
        success: false,
        obj_to_target: remaining,
    }
}
