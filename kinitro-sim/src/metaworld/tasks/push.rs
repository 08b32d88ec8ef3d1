//! Pushing: a puck slides over the table to a goal.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_push_v3.py`.

use crate::metaworld::reward::{Cage, Density, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, DrawSpace, GeomMark, Marks, MinDistance, SiteMark, TaskSpec, point,
};
use crate::metaworld::vector::{distance, distance_xy};

/// Within this distance of the target the puck has arrived, in meters.
const ARRIVED: f64 = 0.05;

const CAGE: Cage = Cage {
    object_radius: 0.015,
    pad_reach: 0.05,
    xz_reach: 0.005,
    effort: 1.0,
    density: Density::High,
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

/// `push-v3`
pub(super) static PUSH: TaskSpec = TaskSpec {
    name: "push-v3",
    summary: "Push a puck over the table to a goal.",
    instruction: "Push the puck to the goal marker.",
    model: "sawyer_push_v3.xml",
    hand_init: [0.0, 0.6, 0.2],
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.6, 0.02, -0.1, 0.8, 0.01],
        high: &[0.1, 0.7, 0.02, 0.1, 0.9, 0.02],
        min_distance: MinDistance::BetweenPlaces(0.15),
    },
    goal_space_low: [-0.1, 0.8, 0.01],
    goal_space_high: [0.1, 0.9, 0.02],
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
    // The drawn heights are not used: puck and goal are as high as the puck lies before it is moved.
    let height = stage.scene().body(PUCK)[2];
    let [start, goal] = [point(draw, 0), point(draw, 1)].map(|[x, y, _]| [x, y, height]);
    stage.put_free_object(start);
    stage.move_site(GOAL, goal);
    Placement {
        travel: distance_xy(start, goal),
        ..Placement::new(start, goal)
    }
}

/// Rewards having the puck between the fingers, then its way to the goal.
fn reward(step: &StepView<'_>) -> Evaluation {
    let (puck, start, target) = (step.object(), step.object_start(), step.target());
    let reach = distance(puck, step.tcp());
    let remaining = distance(puck, target);
    let in_place = long_tail(remaining, (0.0, ARRIVED), distance(start, target));
    let grasp_reward = CAGE.reward(step, puck, start);

    let mut reward = 2.0 * grasp_reward;
    if reach < 0.02 && step.opening() > 0.0 {
        // Quirk: upstream adds the reward so far a second time.
        reward += 1.0 + reward + 5.0 * in_place;
    }
    if remaining < ARRIVED {
        reward = 10.0;
    }
    Evaluation {
        reward,
        success: remaining <= ARRIVED,
        near_object: f64::from(reach <= 0.03),
        grasp: Grasp::pinched(step.opening() > 0.0 && step.lifted(0.02), PUCK_GEOM),
        grasp_reward,
        in_place_reward: in_place,
        obj_to_target: remaining,
    }
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance_xy(step.object(), step.target());
    RewardV1 {
        reward: drive(step, step.tcp(), remaining),
        success: remaining <= ARRIVED,
        obj_to_target: remaining,
    }
}
