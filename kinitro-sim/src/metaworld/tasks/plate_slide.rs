//! Plates: a flat puck slides over the table, into a rack or out of it, away from the robot or to its side.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_plate_slide{,_side,_back,_back_side}_v3.py`.

use crate::metaworld::reward::{hamacher, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, GeomMark, HandStart, JointMark, Marks, MinDistance, SiteMark,
    TaskSpec, from_f32, point,
};
use crate::metaworld::vector::{distance, distance_xy};

/// Within this distance of the goal the puck has arrived, in meters.
const ARRIVED: f64 = 0.07;
/// Within this distance something earns its full reward, in meters.
const FULL_REWARD: f64 = 0.05;

const MARKS: Marks = Marks {
    bodies: &["puck_channel", "puck_goal"],
    sites: &["goal"],
    geoms: &["puck"],
    joints: &["goal_slidex", "goal_slidey"],
};
/// What holds the puck, which has no name of its own.
const CHANNEL: BodyMark = MARKS.body("puck_channel");
const RACK: BodyMark = MARKS.body("puck_goal");
const PUCK: GeomMark = MARKS.geom("puck");
const SLIDE_X: JointMark = MARKS.joint("goal_slidex");
const SLIDE_Y: JointMark = MARKS.joint("goal_slidey");
const GOAL: SiteMark = MARKS.site("goal");

/// `plate-slide-v3`
pub(super) static SLIDE: TaskSpec = TaskSpec {
    name: "plate-slide-v3",
    summary: "Slide a plate forward into a rack.",
    instruction: "Slide the plate away from you into the rack.",
    difficulty: Difficulty::Easy,
    model: "sawyer_plate_slide.xml",
    hand_init: from_f32([0.0, 0.6, 0.2]),
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[0.0, 0.6, 0.0, -0.1, 0.85, 0.0],
        high: &[0.0, 0.6, 0.0, 0.1, 0.9, 0.0],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.1, 0.85, 0.0],
    goal_space_high: [0.1, 0.9, 0.0],
    marks: MARKS,
    manipulated: &[CHANNEL],
    goal_marker: Some(GOAL),
    misleading_markers: &[],
    objects,
    place: place_forward,
    reward: reward_forward,
    reward_v1,
};

/// `plate-slide-side-v3`
pub(super) static SIDE: TaskSpec = TaskSpec {
    name: "plate-slide-side-v3",
    summary: "Slide a plate to the left into a rack.",
    instruction: "Slide the plate sideways into the rack on the left.",
    model: "sawyer_plate_slide_sideway.xml",
    draw: DrawSpace {
        low: &[0.0, 0.6, 0.0, -0.3, 0.54, 0.0],
        high: &[0.0, 0.6, 0.0, -0.25, 0.66, 0.0],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.3, 0.54, 0.0],
    goal_space_high: [-0.25, 0.66, 0.0],
    place: place_side,
    reward: reward_other,
    ..SLIDE
};

/// `plate-slide-back-v3`
pub(super) static BACK: TaskSpec = TaskSpec {
    name: "plate-slide-back-v3",
    summary: "Slide a plate out of a rack toward the robot.",
    instruction: "Slide the plate out of the rack, back to the goal marker.",
    draw: DrawSpace {
        low: &[0.0, 0.85, 0.0, -0.1, 0.6, 0.015],
        high: &[0.0, 0.85, 0.0, 0.1, 0.6, 0.015],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.1, 0.6, 0.015],
    goal_space_high: [0.1, 0.6, 0.015],
    place: place_back,
    reward: reward_other,
    ..SLIDE
};

/// `plate-slide-back-side-v3`
pub(super) static BACK_SIDE: TaskSpec = TaskSpec {
    name: "plate-slide-back-side-v3",
    summary: "Slide a plate sideways out of a rack.",
    instruction: "Slide the plate out of the rack to the right, to the goal marker.",
    draw: DrawSpace {
        low: &[-0.25, 0.6, 0.0, -0.05, 0.6, 0.015],
        high: &[-0.25, 0.6, 0.0, 0.15, 0.6, 0.015],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.05, 0.6, 0.015],
    goal_space_high: [0.15, 0.6, 0.015],
    place: place_back_side,
    ..SIDE
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.geom(PUCK), scene.geom_quaternion_xyzw(PUCK))
}

fn place_forward(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    stage.move_body(RACK, point(draw, 1));
    place(stage, draw, [0.0, 0.0])
}

/// Quirk: the rack stays where the model has it, while the goal moves.
fn place_side(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    place(stage, draw, [0.0, 0.0])
}

/// Quirk: rack and puck stay where the model has them; the drawn start of the puck is only what the reward measures from.
fn place_back(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let placement = place(stage, draw, [0.0, 0.15]);
    out_of_rack(stage, placement)
}

fn place_back_side(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    stage.move_body(RACK, point(draw, 0));
    let placement = place(stage, draw, [-0.15, 0.0]);
    out_of_rack(stage, placement)
}

/// Puts the puck at `slide`, the positions of its joints in meters, and the goal where it was drawn.
fn place(stage: &mut Stage<'_>, draw: &[f64], [x, y]: [f64; 2]) -> Placement {
    let (start, goal) = (point(draw, 0), point(draw, 1));
    stage.set_joint(SLIDE_X, x);
    stage.displace_joint(SLIDE_Y, y);
    stage.move_site(GOAL, goal);
    Placement {
        travel: distance_xy(start, goal),
        ..Placement::new(start, goal)
    }
}

/// The way out of the rack is measured from where the puck is, not from where it was drawn.
fn out_of_rack(stage: &Stage<'_>, placement: Placement) -> Placement {
    let scene = stage.scene();
    Placement {
        travel: distance_xy(scene.geom(PUCK), scene.anchor(placement.target)),
        ..placement
    }
}

/// What both rewards measure. Lengths in meters.
struct Progress {
    /// Distance of the fingers from the puck, and what it earns.
    reach: f64,
    near: f64,
    /// Distance of the puck from the goal, and what it earns.
    remaining: f64,
    in_place: f64,
}

impl Progress {
    /// Both margins are `less` shorter than the ways at the start.
    fn of(step: &StepView<'_>, less: f64) -> Self {
        let (puck, start, target) = (step.object(), step.object_start(), step.target());
        let earned = |d, way: f64| long_tail(d, (0.0, FULL_REWARD), way - less);
        let (reach, remaining) = (distance(step.tcp(), puck), distance(puck, target));
        Self {
            reach,
            near: earned(reach, distance(step.tcp_start, start)),
            remaining,
            in_place: earned(remaining, distance(start, target)),
        }
    }

    fn evaluate(&self, reward: f64) -> Evaluation {
        Evaluation {
            reward: if self.remaining < FULL_REWARD {
                10.0
            } else {
                reward
            },
            success: self.remaining <= ARRIVED,
            near_object: f64::from(self.reach <= 0.03),
            grasp: Grasp::Known(0.0),
            grasp_reward: self.near,
            in_place_reward: self.in_place,
            obj_to_target: self.remaining,
        }
    }
}

/// Rewards the fingers at the puck and its way to the goal together.
fn reward_forward(step: &StepView<'_>) -> Evaluation {
    let progress = Progress::of(step, 0.0);
    progress.evaluate(8.0 * hamacher(progress.near, progress.in_place))
}

/// Rewards the way of the fingers to the puck, and once they are low and at it, only its way to the goal.
fn reward_other(step: &StepView<'_>) -> Evaluation {
    let progress = Progress::of(step, FULL_REWARD);
    let at_puck = step.tcp()[2] <= 0.03 && progress.reach < 0.07;
    progress.evaluate(if at_puck {
        2.0 + 7.0 * progress.in_place
    } else {
        1.5 * progress.near
    })
}

fn reward_v1(step: &StepView<'_>) -> RewardV1 {
    let remaining = distance_xy(step.object(), step.target());
    RewardV1 {
        reward: drive(step, step.tcp(), remaining),
        success: remaining <= ARRIVED,
        obj_to_target: remaining,
    }
}
