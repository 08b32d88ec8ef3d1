//! Basketball: a ball is lifted above a hoop.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_basketball_v3.py`.

use super::puck::picking_v1;
use crate::metaworld::reward::{Cage, Density, hamacher, long_tail};
use crate::metaworld::reward_v1::{Near, PickUp};
use crate::metaworld::scene::{
    Anchor, Evaluation, Grasp, Objects, Placement, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, GeomMark, HandStart, Marks, MinDistance, SiteMark, TaskSpec,
    from_f32, point,
};
use crate::metaworld::vector::{distance, weighted_distance};

/// Within this distance of the point above the hoop the ball has arrived, in meters, errors in height counting twice.
const ARRIVED: f64 = 0.08;

/// Height of the ball's center on the table, in meters; upstream keeps it in single precision.
const BALL_HEIGHT: f64 = 0.03_f32 as f64;

/// How version 1 sees picking the ball up.
const PICK_UP: PickUp = PickUp {
    rise_weight: 2.0,
    lift: 0.3,
    near: Near::USUAL,
};

const CAGE: Cage = Cage {
    object_radius: 0.025,
    pad_reach: 0.06,
    xz_reach: 0.005,
    effort: 1.0,
    density: Density::High,
};

const MARKS: Marks = Marks {
    bodies: &["bsktball", "basket_goal"],
    sites: &["goal"],
    geoms: &["objGeom"],
    joints: &[],
};
const BALL: BodyMark = MARKS.body("bsktball");
const BALL_GEOM: GeomMark = MARKS.geom("objGeom");
const BASKET: BodyMark = MARKS.body("basket_goal");
const HOOP: SiteMark = MARKS.site("goal");

/// Lower and upper corner of the box in which the foot of the basket stands.
const BASKET_LOW: [f64; 3] = [-0.1, 0.85, 0.0];
const BASKET_HIGH: [f64; 3] = [0.1, 0.9 + 1e-7, 0.0];

/// `basketball-v3`
pub(super) static BASKETBALL: TaskSpec = TaskSpec {
    name: "basketball-v3",
    summary: "Bring a ball to the rim of a basketball hoop, from above.",
    instruction: "Pick up the ball and dunk it into the hoop.",
    difficulty: Difficulty::Medium,
    model: "sawyer_basketball.xml",
    hand_init: from_f32([0.0, 0.6, 0.2]),
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[
            -0.1,
            0.6,
            0.0299,
            BASKET_LOW[0],
            BASKET_LOW[1],
            BASKET_LOW[2],
        ],
        high: &[
            0.1,
            0.7,
            0.0301,
            BASKET_HIGH[0],
            BASKET_HIGH[1],
            BASKET_HIGH[2],
        ],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [BASKET_LOW[0], BASKET_LOW[1] - 0.083, BASKET_LOW[2] + 0.2499],
    goal_space_high: [
        BASKET_HIGH[0],
        BASKET_HIGH[1] - 0.083,
        BASKET_HIGH[2] + 0.2501,
    ],
    marks: MARKS,
    manipulated: &[BALL],
    goal_marker: Some(HOOP),
    misleading_markers: &[],
    objects,
    place,
    reward,
    reward_v1: |step| picking_v1(step, &PICK_UP, ARRIVED),
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.body(BALL), scene.body_quaternion(BALL))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let ([x, y, _], basket) = (point(draw, 0), point(draw, 1));
    let start = [x, y, BALL_HEIGHT];
    stage.move_body(BASKET, basket);
    stage.put_free_object(start);
    let scene = stage.scene();
    Placement {
        target: Anchor::Site(HOOP),
        object_height: scene.geom(BALL_GEOM)[2],
        ..Placement::new(start, scene.site(HOOP))
    }
}

/// Rewards a firm grip on the ball, then its way to a point above the hoop once it is off the table.
fn reward(step: &StepView<'_>) -> Evaluation {
    const UP: [f64; 3] = [1.0, 1.0, 2.0];
    let (ball, start) = (step.object(), step.object_start());
    let [x, y, _] = step.target();
    let above_hoop = [x, y, 0.3];
    let remaining = weighted_distance(ball, above_hoop, UP);
    let margin = weighted_distance(start, above_hoop, UP);
    let in_place = long_tail(remaining, (0.0, ARRIVED), margin);

    let reach = distance(ball, step.tcp());
    let held = reach < 0.035 && step.opening() > 0.0 && step.lifted(0.01);
    let grasp_reward = if held {
        1.0
    } else {
        CAGE.reward(step, ball, start)
    };
    let mut reward = hamacher(grasp_reward, in_place);
    if held {
        reward += 1.0 + 5.0 * in_place;
    }
    if remaining < ARRIVED {
        reward = 10.0;
    }
    Evaluation {
        reward,
        success: remaining <= ARRIVED,
        near_object: f64::from(reach <= 0.05),
        grasp: Grasp::Known(f64::from(step.opening() > 0.0 && step.lifted(0.03))),
        grasp_reward,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}
