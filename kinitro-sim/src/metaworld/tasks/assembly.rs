//! Nut: a ring with a handle is hung over a peg, or lifted off it.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_assembly_peg_v3.py` and `envs/sawyer_disassemble_peg_v3.py`.

use crate::metaworld::reward::{
    Cage, Density, Funnel, QUARTER_TURN, handle_at_hand, long_tail, orientation_kept,
};
use crate::metaworld::reward_v1::{Approach, Near, PickUp, arrival};
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, Marks, MinDistance, SiteMark, TaskSpec, from_f32,
    point,
};
use crate::metaworld::vector::{add, distance, distance_xy, sub, weighted_distance};

/// Half of the handle's length, in meters.
const HANDLE_REACH: f64 = 0.02 / 2.0;

/// Distance of the nut's quaternion from the ideal one at which nothing is paid any more.
const TILT: f64 = 0.4;

/// Height of the ring's center above which the nut is off the table, in meters.
const OFF_TABLE: f64 = 0.02;

/// How far the ring's center may be from the peg's axis when it hangs over it, in meters.
const ALIGNED: f64 = 0.02;

const ASSEMBLY_CAGE: Cage = Cage {
    object_radius: 0.015,
    pad_reach: 0.02,
    xz_reach: 0.01,
    effort: 1.0,
    density: Density::Medium(0.01),
};
const DISASSEMBLY_CAGE: Cage = Cage {
    density: Density::High,
    ..ASSEMBLY_CAGE
};

const ASSEMBLY_PICK_UP: PickUp = PickUp {
    rise_weight: 1.0,
    lift: 0.1,
    near: Near {
        above: 0.04,
        close: 0.04,
        lift: 0.04,
        carry: 0.03,
    },
};
const DISASSEMBLY_PICK_UP: PickUp = PickUp {
    rise_weight: 2.0,
    lift: 0.05,
    ..ASSEMBLY_PICK_UP
};

/// Version 1's reward for the height of a nut around the peg, paid twice.
const SINKING: Approach = Approach {
    weight: 1000.0,
    widths: [0.003, 0.0003],
};

const MARKS: Marks = Marks {
    bodies: &["RoundNut", "peg"],
    sites: &["RoundNut", "RoundNut-8", "pegTop"],
    ..Marks::NONE
};
const NUT: BodyMark = MARKS.body("RoundNut");
const PEG: BodyMark = MARKS.body("peg");
const RING: SiteMark = MARKS.site("RoundNut");
const HANDLE: SiteMark = MARKS.site("RoundNut-8");
const PEG_TOP: SiteMark = MARKS.site("pegTop");

/// `assembly-v3`
pub(super) static ASSEMBLY: TaskSpec = TaskSpec {
    name: "assembly-v3",
    summary: "Pick up a ring by its handle and hang it over a peg.",
    instruction: "Pick up the ring by its handle and put it over the peg.",
    difficulty: Difficulty::Hard,
    model: "sawyer_assembly_peg.xml",
    hand_init: from_f32([0.0, 0.6, 0.2]),
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[0.0, 0.6, 0.02, -0.1, 0.75, 0.1],
        high: &[0.0, 0.6, 0.02, 0.1, 0.85, 0.1],
        min_distance: MinDistance::BetweenPlaces(0.1),
    },
    goal_space_low: [-0.1, 0.75, 0.1],
    goal_space_high: [0.1, 0.85, 0.1],
    marks: MARKS,
    manipulated: &[NUT],
    goal_marker: Some(PEG_TOP),
    misleading_markers: &[],
    objects,
    place: place_beside_peg,
    reward: reward_assembly,
    reward_v1: reward_assembly_v1,
};

/// `disassemble-v3`
pub(super) static DISASSEMBLE: TaskSpec = TaskSpec {
    name: "disassemble-v3",
    summary: "Lift a ring off the peg that it hangs on.",
    instruction: "Pick up the ring by its handle and lift it off the peg.",
    difficulty: Difficulty::VeryHard,
    hand_init: from_f32([0.0, 0.4, 0.2]),
    // The ring falls onto the peg, or beside it.
    hand_start: HandStart::Simulated,
    draw: DrawSpace {
        low: &[0.0, 0.6, 0.025, -0.1, 0.6, 0.1699],
        high: &[0.1, 0.75, 0.02501, 0.1, 0.75, 0.1701],
        min_distance: MinDistance::BetweenPlaces(0.1),
    },
    goal_space_low: [-0.1, 0.6, 0.1699 + 0.005],
    goal_space_high: [0.1, 0.75, 0.1701 + 0.005],
    place: place_around_peg,
    reward: reward_disassembly,
    reward_v1: reward_disassembly_v1,
    ..ASSEMBLY
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.site(HANDLE), scene.body_quaternion(NUT))
}

fn place_beside_peg(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let (nut, peg_top) = (point(draw, 0), point(draw, 1));
    stage.put_free_object(nut);
    stage.move_body(PEG, sub(peg_top, [0.0, 0.0, 0.05]));
    // Quirk: the site is a part of the peg, but is given a place in the world, so that it shows up elsewhere.
    stage.move_site(PEG_TOP, peg_top);
    Placement {
        object_height: stage.scene().site(HANDLE)[2],
        ..Placement::new(nut, peg_top)
    }
}

/// The second place of `draw` is not used.
fn place_around_peg(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let nut = point(draw, 0);
    stage.move_body(PEG, add(nut, [0.0, 0.0, 0.03]));
    stage.move_site(PEG_TOP, add(nut, [0.0, 0.0, 0.08]));
    stage.forward();
    stage.put_free_object(nut);
    Placement {
        object_height: stage.scene().body(NUT)[2],
        ..Placement::new(nut, add(nut, [0.0, 0.0, 0.15]))
    }
}

/// Rewards a grip on the handle and the way of the ring over the peg, both only while the nut lies flat.
fn reward_assembly(step: &StepView<'_>) -> Evaluation {
    let (ring, peg_top) = (step.scene.site(RING), step.target());
    let radius = distance_xy(ring, peg_top);
    let success = radius < ALIGNED && peg_top[2] > ring[2];

    // A ring that hangs on the peg has more room than one on the way there.
    let funnel = Funnel {
        radius: if success { ALIGNED } else { ALIGNED / 2.0 },
        slope: 0.02,
        rim: 0.2,
    };
    let above = [peg_top[0], peg_top[1], funnel.floor(radius)];
    let error = weighted_distance(above, ring, [1.0, 1.0, 3.0]);
    let moved = f64::from(ring[2] > OFF_TABLE || radius < funnel.radius);
    let in_place = 0.1 * moved + 0.9 * long_tail(error, (0.0, 0.02), 0.4);
    judge(step, &ASSEMBLY_CAGE, in_place, success)
}

/// Rewards a grip on the handle and the height of the ring, both only while the nut lies flat.
fn reward_disassembly(step: &StepView<'_>) -> Evaluation {
    let ring = step.scene.site(RING);
    let above = add(step.target(), [0.0, 0.0, 0.1]);
    let moved = f64::from(ring[2] > OFF_TABLE);
    let in_place = 0.1 * moved + 0.9 * long_tail(distance(above, ring), (0.0, 0.02), 0.2);
    judge(step, &DISASSEMBLY_CAGE, in_place, is_off_peg(step))
}

fn judge(step: &StepView<'_>, cage: &Cage, in_place: f64, success: bool) -> Evaluation {
    let flat = orientation_kept(step, QUARTER_TURN, TILT);
    let grasp_reward = cage.reward(
        step,
        handle_at_hand(step, HANDLE_REACH),
        step.object_start(),
    );
    Evaluation {
        reward: if success {
            10.0
        } else {
            (2.0 * grasp_reward + 6.0 * in_place) * flat
        },
        success,
        near_object: flat,
        grasp: Grasp::Known(f64::from(grasp_reward >= 0.5)),
        grasp_reward,
        in_place_reward: in_place,
        obj_to_target: 0.0,
    }
}

fn is_off_peg(step: &StepView<'_>) -> bool {
    step.object()[2] > step.target()[2]
}

/// The handle is what the hand reaches for, the center of the nut what must come to the peg.
fn reward_assembly_v1(step: &StepView<'_>) -> RewardV1 {
    let (nut, target) = (step.scene.body(NUT), step.target());
    let lifted_height = ASSEMBLY_PICK_UP.lifted_height(step);
    let reach = distance(step.object(), step.tcp());
    let remaining = distance_xy(nut, target);
    let height = (nut[2] - step.placement.object_height).abs();

    let picked = ASSEMBLY_PICK_UP.is_picked(step, nut[2]) && reach < ASSEMBLY_PICK_UP.near.carry;
    let held = picked && !ASSEMBLY_PICK_UP.is_dropped(step, nut[2], remaining);
    let placed = (nut[0] - target[0]).abs() < 0.03 && (nut[1] - target[1]).abs() < 0.03;
    let mut place = 0.0;
    if placed || held {
        place += Approach::USUAL.paid(ASSEMBLY_PICK_UP.travel(step), remaining);
        if placed {
            place += 2.0 * SINKING.paid(lifted_height, height);
        }
    }
    let pick = ASSEMBLY_PICK_UP.pick(step, nut[2], placed || held);
    RewardV1 {
        reward: ASSEMBLY_PICK_UP.reach(step) + pick + place.max(0.0),
        success: placed && height <= 0.04,
        obj_to_target: 0.0,
    }
}

/// Quirk: a nut that is no longer around the peg earns the full height without being held.
fn reward_disassembly_v1(step: &StepView<'_>) -> RewardV1 {
    let height = step.object()[2];
    let reach = distance(step.object(), step.tcp());
    let remaining = distance(step.object(), step.target());
    let picked = DISASSEMBLY_PICK_UP.is_picked(step, height) && reach < 0.04;
    let held = picked && !DISASSEMBLY_PICK_UP.is_dropped(step, height, remaining);
    let place = if held && reach < DISASSEMBLY_PICK_UP.near.carry {
        arrival(DISASSEMBLY_PICK_UP.travel(step), remaining)
    } else {
        0.0
    };

    let (nut, peg) = (step.scene.body(NUT), step.scene.model_body(PEG));
    let away = (nut[0] - peg[0]).abs() > 0.05 || (nut[1] - peg[1]).abs() > 0.05;
    let pick = if away {
        100.0 * DISASSEMBLY_PICK_UP.lifted_height(step)
    } else {
        DISASSEMBLY_PICK_UP.reach(step) + DISASSEMBLY_PICK_UP.pick(step, height, held)
    };
    RewardV1 {
        reward: pick + place,
        success: is_off_peg(step),
        obj_to_target: 0.0,
    }
}
