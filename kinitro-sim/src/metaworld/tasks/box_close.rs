//! Box: a lid with a handle is put on an open box.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_box_close_v3.py`.

use crate::metaworld::reward::{Funnel, QUARTER_TURN, hamacher, long_tail, orientation_kept};
use crate::metaworld::reward_v1::{Near, PickUp};
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, GeomMark, HandStart, Marks, MinDistance, SiteMark, TaskSpec,
    from_f32, point,
};
use crate::metaworld::vector::{add, distance, weighted_distance};

/// Within this distance of the target the box is closed, in meters.
const CLOSED: f64 = 0.08;

/// Distance of the lid's quaternion from the ideal one at which nothing is paid any more.
const TILT: f64 = 0.2;

/// Height at which the lid is put down, in meters, in single precision.
const LID_HEIGHT: f64 = from_f32([0.0, 0.0, 0.02])[2];

/// The hand must be above this funnel until it is at the handle.
const FUNNEL: Funnel = Funnel {
    radius: 0.02,
    slope: 0.04,
    rim: 0.4,
};

const PICK_UP: PickUp = PickUp {
    rise_weight: 2.0,
    lift: 0.12,
    near: Near::USUAL,
};

const MARKS: Marks = Marks {
    bodies: &["boxbody", "top_link"],
    sites: &["goal"],
    geoms: &["BoxHandleGeom"],
    joints: &[],
};
const BOX: BodyMark = MARKS.body("boxbody");
const LID: BodyMark = MARKS.body("top_link");
const HANDLE: GeomMark = MARKS.geom("BoxHandleGeom");
const GOAL: SiteMark = MARKS.site("goal");

/// `box-close-v3`
pub(super) static BOX_CLOSE: TaskSpec = TaskSpec {
    name: "box-close-v3",
    summary: "Pick up a lid by its handle and put it on a box.",
    instruction: "Pick up the lid by its handle and put it on the box.",
    difficulty: Difficulty::Medium,
    model: "sawyer_box.xml",
    hand_init: from_f32([0.0, 0.6, 0.2]),
    hand_start: HandStart::Simulated,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.05, 0.5, 0.02, -0.1, 0.7, 0.133],
        high: &[0.05, 0.55, 0.02, 0.1, 0.8, 0.133],
        min_distance: MinDistance::BetweenPlaces(0.25),
    },
    goal_space_low: [-0.1, 0.7, 0.133],
    goal_space_high: [0.1, 0.8, 0.133],
    marks: MARKS,
    manipulated: &[LID],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects,
    place,
    reward,
    reward_v1,
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.body(LID), scene.body_quaternion(LID))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let ([x, y, _], goal) = (point(draw, 0), point(draw, 1));
    let lid = [x, y, LID_HEIGHT];
    let box_height = stage.scene().body(BOX)[2];
    stage.move_body(BOX, [goal[0], goal[1], box_height]);
    // Quirk: the scene moves for one control step before the lid is put down.
    stage.advance();
    stage.put_free_object(lid);
    stage.move_site(GOAL, goal);
    Placement {
        object_height: stage.scene().geom(HANDLE)[2],
        ..Placement::new(lid, goal)
    }
}

/// Rewards a closing hand at the handle, then the way of the lid to the box, all of it only while the lid lies flat.
fn reward(step: &StepView<'_>) -> Evaluation {
    let hand = step.hand();
    let lid = add(step.object(), [0.0, 0.0, 0.02]);
    let ready = hamacher(
        FUNNEL.clearance(hand, lid),
        long_tail(distance(hand, lid), (0.0, FUNNEL.radius), 0.5),
    );
    let grab = f64::midpoint(f64::from(step.action[3].clamp(-1.0, 1.0)), 1.0);

    let error = weighted_distance(step.target(), lid, [1.0, 1.0, 3.0]);
    let lifted = 0.2 * f64::from(lid[2] > 0.04) + 0.8 * long_tail(error, (0.0, 0.05), 0.25);
    let success = is_closed(step);
    let paid = if success {
        10.0
    } else {
        2.0 * hamacher(grab, ready) + 8.0 * lifted
    };
    Evaluation {
        // Quirk: a tilted lid earns less than 10 even when the box is closed.
        reward: paid * orientation_kept(step, QUARTER_TURN, TILT),
        success,
        near_object: ready,
        grasp: Grasp::Known(f64::from(grab >= 0.5)),
        grasp_reward: grab,
        in_place_reward: lifted,
        obj_to_target: 0.0,
    }
}

fn is_closed(step: &StepView<'_>) -> bool {
    distance(step.object(), step.target()) < CLOSED
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance(step.object(), step.target());
    RewardV1 {
        reward: PICK_UP.reward(step, remaining, remaining),
        success: is_closed(step),
        obj_to_target: 0.0,
    }
}
