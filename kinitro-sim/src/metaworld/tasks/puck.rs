//! What tasks share in which one loose object, mostly a puck, must come to a goal: the names in their models, where the object
//! is put, and how it is judged.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_{reach,push,pick_place}*_v3.py` and the other classes of this kind.

use crate::metaworld::reward::long_tail;
use crate::metaworld::reward_v1::{PickUp, drive};
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{BodyMark, GeomMark, Marks, SiteMark, point};
use crate::metaworld::vector::{distance, distance_xy};

/// Within this distance of the target the reward is full, in meters.
pub(super) const ARRIVED: f64 = 0.05;

/// Within this distance of the target most of the tasks count as done, in meters.
pub(super) const DONE: f64 = 0.07;

/// The names that most of the models share.
pub(super) const MARKS: Marks = Marks {
    bodies: &["obj"],
    sites: &["goal"],
    geoms: &["objGeom"],
    joints: &[],
};
pub(super) const PUCK: BodyMark = MARKS.body("obj");
pub(super) const PUCK_GEOM: GeomMark = MARKS.geom("objGeom");
pub(super) const GOAL: SiteMark = MARKS.site("goal");

/// The puck's pose, its orientation as `(x, y, z, w)`. Where upstream observes the geom's position: it is the body's.
pub(super) fn objects_xyzw(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.body(PUCK), scene.geom_quaternion_xyzw(PUCK_GEOM))
}

/// The puck's pose, its orientation as `(w, x, y, z)`.
pub(super) fn objects_wxyz(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.body(PUCK), scene.body_quaternion(PUCK))
}

/// Puts puck and goal where the first and the last three drawn numbers say.
pub(super) fn place_as_drawn(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    let (start, goal) = (point(draw, 0), point(draw, 1));
    stage.put_free_object(start);
    stage.move_site(GOAL, goal);
    Placement {
        object_height: stage.scene().geom(PUCK_GEOM)[2],
        ..Placement::new(start, goal)
    }
}

/// How far the object has come on the straight way to the target, full within `arrived` meters of it.
pub(super) fn way(step: &StepView<'_>, arrived: f64) -> f64 {
    let target = step.target();
    let margin = distance(step.object_start(), target);
    long_tail(distance(step.object(), target), (0.0, arrived), margin)
}

/// Whether the object is so close to the target that the reward is full.
pub(super) fn has_arrived(step: &StepView<'_>) -> bool {
    distance(step.object(), step.target()) < ARRIVED
}

/// What a task pays for a step.
pub(super) struct Paid {
    /// In all.
    pub reward: f64,
    /// For having the object between the fingers.
    pub grasp: f64,
    /// For the object's place.
    pub in_place: f64,
}

impl Paid {
    /// Completes what is `paid` with the usual measures, for a task that is done when the object is within `done` meters of the
    /// target. `geom` is what the pads press on.
    pub(super) fn evaluation(self, step: &StepView<'_>, geom: GeomMark, done: f64) -> Evaluation {
        let object = step.object();
        let remaining = distance(object, step.target());
        Evaluation {
            reward: self.reward,
            success: remaining <= done,
            near_object: f64::from(distance(object, step.tcp()) <= 0.03),
            grasp: Grasp::pinched(step.opening() > 0.0 && step.lifted(0.02), geom),
            grasp_reward: self.grasp,
            in_place_reward: self.in_place,
            obj_to_target: remaining,
        }
    }
}

/// Version 1 of tasks in which the object is pushed over the table to within `done` meters of the target.
pub(super) fn pushing_v1(step: &StepView<'_>, done: f64) -> RewardV1 {
    let remaining = distance_xy(step.object(), step.target());
    RewardV1 {
        reward: drive(step, step.tcp(), remaining),
        success: remaining <= done,
        obj_to_target: remaining,
    }
}

/// Version 1 of tasks in which the object is picked up and brought to within `done` meters of the target.
pub(super) fn picking_v1(step: &StepView<'_>, pick_up: &PickUp, done: f64) -> RewardV1 {
    let remaining = distance(step.object(), step.target());
    RewardV1 {
        reward: pick_up.reward(step, remaining, remaining),
        success: remaining <= done,
        obj_to_target: remaining,
    }
}
