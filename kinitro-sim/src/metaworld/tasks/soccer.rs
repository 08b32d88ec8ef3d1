//! Soccer: a ball rolls into a goal.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_soccer_v3.py`.

use super::puck::{DONE, Paid, pushing_v1};
use crate::metaworld::reward::{SidedCage, long_tail};
use crate::metaworld::scene::{Evaluation, Objects, Placement, Scene, Stage, StepView};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, GeomMark, HandStart, Marks, MinDistance, SiteMark, TaskSpec,
    point,
};
use crate::metaworld::vector::{distance_xy, weighted_distance};

/// Height of the ball's center on the table, in meters.
const BALL_HEIGHT: f64 = 0.03;

const CAGE: SidedCage = SidedCage {
    object_radius: 0.013,
    grip_margin: 0.01,
    xz_reach: 0.005,
};

const MARKS: Marks = Marks {
    bodies: &["soccer_ball", "goal_whole"],
    sites: &["goal"],
    geoms: &["objGeom"],
    joints: &[],
};
const BALL: BodyMark = MARKS.body("soccer_ball");
const NET: BodyMark = MARKS.body("goal_whole");
const GOAL: SiteMark = MARKS.site("goal");
const BALL_GEOM: GeomMark = MARKS.geom("objGeom");

/// `soccer-v3`
pub(super) static SOCCER: TaskSpec = TaskSpec {
    name: "soccer-v3",
    summary: "Push a ball into a soccer goal.",
    instruction: "Push the ball into the soccer goal.",
    difficulty: Difficulty::Medium,
    model: "sawyer_soccer.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.6, 0.03, -0.1, 0.8, 0.0],
        high: &[0.1, 0.7, 0.03, 0.1, 0.9, 0.0],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.1, 0.8, 0.0],
    goal_space_high: [0.1, 0.9, 0.0],
    marks: MARKS,
    manipulated: &[BALL],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects,
    place,
    reward,
    reward_v1: |step| pushing_v1(step, DONE),
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.body(BALL), scene.body_quaternion_xyzw(BALL))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let ([x, y, _], goal) = (point(draw, 0), point(draw, 1));
    let start = [x, y, BALL_HEIGHT];
    stage.move_body(NET, goal);
    stage.put_free_object(start);
    stage.move_site(GOAL, goal);
    Placement {
        travel: distance_xy(start, goal),
        ..Placement::new(start, goal)
    }
}

/// Rewards having the ball between the fingers, and its place; less if it has passed the goal line beside the goal.
fn reward(step: &StepView<'_>) -> Evaluation {
    /// Errors across count three times, so that the ball goes between the posts.
    const ACROSS: [f64; 3] = [3.0, 1.0, 1.0];
    const RADIUS: f64 = 0.07;
    let (ball, start, target) = (step.object(), step.object_start(), step.target());
    let remaining = weighted_distance(ball, target, ACROSS);
    // Quirk: the margin is how far the ball has rolled, not how far it has to, so that little is paid before it rolls.
    let margin = weighted_distance(ball, start, ACROSS);
    let mut in_place = long_tail(remaining, (0.0, RADIUS), margin);
    let line = target[1] - 0.1;
    if ball[1] > line && (ball[0] - target[0]).abs() > 0.1 {
        in_place = (in_place - 2.0 * ((ball[1] - line) / (1.0 - line))).clamp(0.0, 1.0);
    }
    let grasp = CAGE.reward(step, ball, start);
    let reward = if remaining < RADIUS {
        10.0
    } else {
        3.0 * grasp + 6.5 * in_place
    };
    let paid = Paid {
        reward,
        grasp,
        in_place,
    };
    paid.evaluation(step, BALL_GEOM, DONE)
}
