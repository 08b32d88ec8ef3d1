//! What a task's functions are given: a view to read, a stage to set, a step to judge; and what they give back.

use crate::Error;
use crate::physics::Physics;
use crate::physics::handles::{BodyId, GeomId, JointId, SiteId};

use super::sawyer::{Arm, FRAME_SKIP, OBJECT_ADDRESS};
use super::spec::{BodyMark, GeomMark, JointMark, Marks, SiteMark, TaskSpec};
use super::vector::quaternion_xyzw;

/// A task's marks in one compiled model.
#[derive(Debug, Clone)]
pub struct ResolvedMarks {
    bodies: Box<[BodyId]>,
    sites: Box<[SiteId]>,
    geoms: Box<[GeomId]>,
    joints: Box<[JointId]>,
}

impl ResolvedMarks {
    /// Looks up every name.
    ///
    /// # Errors
    /// [`Error::UnknownElement`] for the first name that the model lacks.
    pub fn resolve(marks: &Marks, physics: &Physics) -> Result<Self, Error> {
        Ok(Self {
            bodies: each(marks.bodies, |name| physics.body(name))?,
            sites: each(marks.sites, |name| physics.site(name))?,
            geoms: each(marks.geoms, |name| physics.geom(name))?,
            joints: each(marks.joints, |name| physics.joint(name))?,
        })
    }

    pub(super) fn body(&self, mark: BodyMark) -> BodyId {
        self.bodies[mark.0]
    }

    pub(super) fn site(&self, mark: SiteMark) -> SiteId {
        self.sites[mark.0]
    }
}

fn each<I>(names: &[&str], find: impl Fn(&str) -> Result<I, Error>) -> Result<Box<[I]>, Error> {
    names.iter().map(|name| find(name)).collect()
}

/// The scene as it is, for reading.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    pub(super) physics: &'a Physics,
    pub(super) arm: &'a Arm,
    pub(super) marks: &'a ResolvedMarks,
}

impl Scene<'_> {
    /// Position of a body.
    pub fn body(&self, mark: BodyMark) -> [f64; 3] {
        self.physics.body_position(self.marks.body(mark))
    }

    /// Orientation of a body as MuJoCo gives it, `(w, x, y, z)`.
    pub fn body_quaternion(&self, mark: BodyMark) -> [f64; 4] {
        self.physics.body_quaternion(self.marks.body(mark))
    }

    /// Orientation of a body, computed from its rotation matrix, `(x, y, z, w)`.
    pub fn body_quaternion_xyzw(&self, mark: BodyMark) -> [f64; 4] {
        quaternion_xyzw(&self.physics.body_rotation(self.marks.body(mark)))
    }

    /// Position of a body in the frame of its parent, as the model has it now.
    pub fn model_body(&self, mark: BodyMark) -> [f64; 3] {
        self.physics.model_body_position(self.marks.body(mark))
    }

    /// Position of a site.
    pub fn site(&self, mark: SiteMark) -> [f64; 3] {
        self.physics.site_position(self.marks.site(mark))
    }

    /// Position of a site in the frame of its body, as the model has it now.
    pub fn model_site(&self, mark: SiteMark) -> [f64; 3] {
        self.physics.model_site_position(self.marks.site(mark))
    }

    /// Orientation of a site, computed from its rotation matrix, `(x, y, z, w)`.
    pub fn site_quaternion_xyzw(&self, mark: SiteMark) -> [f64; 4] {
        quaternion_xyzw(&self.physics.site_rotation(self.marks.site(mark)))
    }

    /// Position of a geom.
    pub fn geom(&self, mark: GeomMark) -> [f64; 3] {
        self.physics.geom_position(self.marks.geoms[mark.0])
    }

    /// Orientation of a geom, computed from its rotation matrix, `(x, y, z, w)`.
    pub fn geom_quaternion_xyzw(&self, mark: GeomMark) -> [f64; 4] {
        quaternion_xyzw(&self.physics.geom_rotation(self.marks.geoms[mark.0]))
    }

    /// Position of a joint with one degree of freedom, in meters or radians.
    pub fn joint(&self, mark: JointMark) -> f64 {
        self.physics.qpos()[self.physics.joint_qpos_address(self.marks.joints[mark.0])]
    }

    /// Cosine and sine of the angle of a hinge, computed with the mathematics of the simulation.
    pub fn hinge_cos_sin(&self, mark: JointMark) -> [f64; 2] {
        self.physics.hinge_cos_sin(self.marks.joints[mark.0])
    }

    /// The point between the finger tips.
    pub fn tcp(&self) -> [f64; 3] {
        self.arm.tcp(self.physics)
    }

    /// Tip of the left finger.
    pub fn left_fingertip(&self) -> [f64; 3] {
        self.arm.left_fingertip(self.physics)
    }

    /// Left finger pad.
    pub fn left_pad(&self) -> [f64; 3] {
        self.arm.left_pad(self.physics)
    }

    /// y of the left and of the right finger pad.
    pub fn pads_y(&self) -> [f64; 2] {
        self.arm.pads_y(self.physics)
    }

    /// Where an anchor is now.
    pub fn anchor(&self, anchor: Anchor) -> [f64; 3] {
        match anchor {
            Anchor::Fixed(position) => position,
            Anchor::Body(mark) => self.body(mark),
            Anchor::Site(mark) => self.site(mark),
        }
    }

    /// Whether both finger pads are near enough to a geom to press on it. Needs poses only.
    pub(super) fn may_pinch(&self, mark: GeomMark) -> bool {
        self.arm.may_pinch(self.physics, self.marks.geoms[mark.0])
    }

    pub(super) fn pinches(&self, mark: GeomMark) -> bool {
        self.arm.pinches(self.physics, self.marks.geoms[mark.0])
    }
}

/// The scene while it is being set up.
#[derive(Debug)]
pub struct Stage<'a> {
    pub(super) physics: &'a mut Physics,
    pub(super) arm: &'a Arm,
    pub(super) marks: &'a ResolvedMarks,
}

impl Stage<'_> {
    /// The scene as it is. Poses are those of the last computation, which may be older than the last change.
    pub fn scene(&self) -> Scene<'_> {
        Scene {
            physics: self.physics,
            arm: self.arm,
            marks: self.marks,
        }
    }

    /// Moves a body that is fixed to its parent; poses follow at the next computation.
    pub fn move_body(&mut self, mark: BodyMark, position: [f64; 3]) {
        self.physics
            .set_model_body_position(self.marks.body(mark), position);
    }

    /// Moves a site in the frame of its body; poses follow at the next computation.
    pub fn move_site(&mut self, mark: SiteMark, position: [f64; 3]) {
        self.physics
            .set_model_site_position(self.marks.site(mark), position);
    }

    /// Puts the free object at rest at `position`, keeps its orientation, and computes all poses.
    pub fn put_free_object(&mut self, position: [f64; 3]) {
        self.physics.set_qpos(OBJECT_ADDRESS, &position);
        self.physics.set_qvel(OBJECT_ADDRESS, &[0.0; 6]);
        self.physics.forward();
    }

    /// Brings a joint with one degree of freedom to rest at `position`, and computes all poses.
    pub fn rest_joint(&mut self, mark: JointMark, position: f64) {
        let joint = self.marks.joints[mark.0];
        let velocity = self.physics.joint_dof_address(joint);
        self.physics.set_qvel(velocity, &[0.0]);
        self.displace_joint(mark, position);
    }

    /// Brings a joint with one degree of freedom to `position` without changing its velocity, and computes all poses.
    pub fn displace_joint(&mut self, mark: JointMark, position: f64) {
        self.set_joint(mark, position);
        self.physics.forward();
    }

    /// Brings a joint with one degree of freedom to `position` without changing its velocity; poses follow at the next
    /// computation.
    pub fn set_joint(&mut self, mark: JointMark, position: f64) {
        let address = self.physics.joint_qpos_address(self.marks.joints[mark.0]);
        self.physics.set_qpos(address, &[position]);
    }

    /// Overwrites generalized positions from index `start` on, for coordinates that upstream addresses by number; poses
    /// follow at the next computation.
    pub fn set_qpos(&mut self, start: usize, values: &[f64]) {
        self.physics.set_qpos(start, values);
    }

    /// Overwrites generalized velocities from index `start` on, for coordinates that upstream addresses by number.
    pub fn set_qvel(&mut self, start: usize, values: &[f64]) {
        self.physics.set_qvel(start, values);
    }

    /// Computes all poses.
    pub fn forward(&mut self) {
        self.physics.forward();
    }

    /// Lets the scene move for one control step, hand and gripper commanded as they are.
    pub fn advance(&mut self) {
        self.physics.step(FRAME_SKIP);
    }
}

/// A point that is remembered, or one that is looked up whenever it is asked for.
///
/// Quirk: upstream keeps some "initial" points as views into the simulation, so that they move with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Anchor {
    /// A position taken when the scene was placed.
    Fixed([f64; 3]),
    /// Wherever a body is.
    Body(BodyMark),
    /// Wherever a site is.
    Site(SiteMark),
}

/// What must be remembered of a placed scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Where the object, or the hand, must come to.
    pub target: Anchor,
    /// Where the object started.
    pub object_start: Anchor,
    /// Where another part that matters to the task started; the object's start where there is none.
    pub part_start: [f64; 3],
    /// How far the object had to travel, where the task measures it when the scene is placed; else 0.
    pub travel: f64,
    /// Height of the object at rest, where reward version 1 asks for it; else 0.
    pub object_height: f64,
}

impl Placement {
    /// A scene of which only object and target matter.
    pub fn new(object_start: [f64; 3], target: [f64; 3]) -> Self {
        Self {
            target: Anchor::Fixed(target),
            object_start: Anchor::Fixed(object_start),
            part_start: object_start,
            travel: 0.0,
            object_height: 0.0,
        }
    }
}

/// Poses of one or two objects as observed: per object position (3) and quaternion (4), in the order that upstream gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objects(pub(super) [f64; 14]);

impl Objects {
    /// One object; the numbers of the second one are 0.
    pub fn one(position: [f64; 3], quaternion: [f64; 4]) -> Self {
        let mut values = [0.0; 14];
        values[..3].copy_from_slice(&position);
        values[3..7].copy_from_slice(&quaternion);
        Self(values)
    }

    /// Two objects.
    pub fn two(positions: [[f64; 3]; 2], quaternions: [[f64; 4]; 2]) -> Self {
        let mut values = [0.0; 14];
        for (object, pose) in values.chunks_exact_mut(7).enumerate() {
            pose[..3].copy_from_slice(&positions[object]);
            pose[3..].copy_from_slice(&quaternions[object]);
        }
        Self(values)
    }

    /// Position of the first object.
    pub fn position(&self) -> [f64; 3] {
        [self.0[0], self.0[1], self.0[2]]
    }
}

/// A finished control step, to be judged.
#[derive(Debug, Clone, Copy)]
pub struct StepView<'a> {
    /// The scene after the step. Contact forces are not computed.
    pub scene: Scene<'a>,
    /// The task that is being done.
    pub task: &'static TaskSpec,
    /// What was remembered when the scene was placed.
    pub placement: &'a Placement,
    /// Where the point between the finger tips was before the first step.
    pub tcp_start: [f64; 3],
    /// The 39 observed numbers, clipped to the observation space.
    pub observation: &'a [f64; 39],
    /// The action, not clipped.
    pub action: [f32; 4],
    /// Where the first object was observed at the first step of the episode.
    pub first_object: [f64; 3],
}

impl StepView<'_> {
    /// Observed position of the hand.
    pub fn hand(&self) -> [f64; 3] {
        [
            self.observation[0],
            self.observation[1],
            self.observation[2],
        ]
    }

    /// Observed opening of the gripper, from 0 (closed) to 1.
    pub fn opening(&self) -> f64 {
        self.observation[3]
    }

    /// Observed position of the first object.
    pub fn object(&self) -> [f64; 3] {
        [
            self.observation[4],
            self.observation[5],
            self.observation[6],
        ]
    }

    /// Observed orientation of the first object, in the task's own order of components.
    pub fn quaternion(&self) -> [f64; 4] {
        [
            self.observation[7],
            self.observation[8],
            self.observation[9],
            self.observation[10],
        ]
    }

    /// Observed position of the second object.
    pub fn second_object(&self) -> [f64; 3] {
        [
            self.observation[11],
            self.observation[12],
            self.observation[13],
        ]
    }

    /// The point between the finger tips.
    pub fn tcp(&self) -> [f64; 3] {
        self.scene.tcp()
    }

    /// Where the object, or the hand, must come to. Not clipped, not hidden.
    pub fn target(&self) -> [f64; 3] {
        self.scene.anchor(self.placement.target)
    }

    /// Where the object started.
    pub fn object_start(&self) -> [f64; 3] {
        self.scene.anchor(self.placement.object_start)
    }

    /// Whether the object is more than `height` above its start.
    pub fn lifted(&self, height: f64) -> bool {
        self.object()[2] - height > self.object_start()[2]
    }

    /// Commanded closing effort, from 0 to `full`, as a fraction of `full`.
    pub fn closing(&self, full: f64) -> f64 {
        f64::from(self.action[3]).max(0.0).min(full) / full
    }
}

/// What a task says about a step.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation {
    /// Reward, usually in `[0, 10]`.
    pub reward: f64,
    /// Whether the task counts as done at this step.
    pub success: bool,
    /// Meta-World's measure of that name: mostly 1 near the object and 0 elsewhere, a distance in `reach-v3`.
    pub near_object: f64,
    /// Whether the object is held.
    pub grasp: Grasp,
    /// Part of the reward that is paid for grasping.
    pub grasp_reward: f64,
    /// Part of the reward that is paid for the object's place.
    pub in_place_reward: f64,
    /// Distance of the object (sometimes of a part of it, or of one coordinate) from the target.
    pub obj_to_target: f64,
}

/// Whether the object is held, as far as a task can tell from poses.
#[derive(Debug, Clone, Copy)]
pub enum Grasp {
    /// The answer: 1 or 0.
    Known(f64),
    /// It is if both finger pads press on this geom. Only then are contact forces computed.
    IfPinched(GeomMark),
    /// As [`IfPinched`](Self::IfPinched), and without it the task does not count as done.
    IfPinchedForSuccess(GeomMark),
}

impl Grasp {
    /// The object is held if `lifted` and both finger pads press on `geom`.
    pub fn pinched(lifted: bool, geom: GeomMark) -> Self {
        if lifted {
            Self::IfPinched(geom)
        } else {
            Self::Known(0.0)
        }
    }

    /// As [`pinched`](Self::pinched), in a task that counts as done only while the object is held.
    pub fn pinched_for_success(lifted: bool, geom: GeomMark) -> Self {
        if lifted {
            Self::IfPinchedForSuccess(geom)
        } else {
            Self::Known(0.0)
        }
    }
}

/// What reward version 1 says about a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RewardV1 {
    /// Reward, without a common range.
    pub reward: f64,
    /// Whether the task counts as done at this step.
    pub success: bool,
    /// The distance that version 1 judges by.
    pub obj_to_target: f64,
}
