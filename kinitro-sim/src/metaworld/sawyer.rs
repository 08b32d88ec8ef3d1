//! The Sawyer arm: a hand that follows a commanded pose, and a two-finger gripper.

use crate::Error;
use crate::physics::Physics;
use crate::physics::handles::{BodyId, GeomId, SiteId};

use super::vector::{add, distance};

/// Time steps of the model (0.0025 s) in one control step.
pub const FRAME_SKIP: usize = 5;

/// Where the coordinates of the object begin, in positions and in velocities: seven joints of the arm and two fingers
/// come first in every model but the coffee machine's.
pub const OBJECT_ADDRESS: usize = 9;

/// Orientation in which the hand is held, pointing down, `(w, x, y, z)`, not normalized.
const HAND_DOWN: [f64; 4] = [1.0, 0.0, 1.0, 0.0];

/// Pose of the hand relative to the commanded pose, and the weight of rotation in the weld that ties them.
/// Source: Meta-World 3.1.1, `sawyer_xyz_env.py`, `reset_mocap_welds`.
const WELD_QUATERNION: [f64; 4] = [-1.0, 0.0, 0.0, 0.0];
const WELD_TORQUE_SCALE: f64 = 5.0;

/// Control steps in which the hand travels to its start.
const SETTLING_STEPS: usize = 50;

/// Hand motion of one control step for an action component of 1, in meters.
const ACTION_SCALE: f32 = 0.01;

/// Distance of the finger tips that counts as fully open, in meters.
const FULL_OPENING: f64 = 0.1;

/// Handles of the arm in one compiled model.
#[derive(Debug, Clone, Copy)]
pub struct Arm {
    hand: BodyId,
    right_claw: BodyId,
    left_claw: BodyId,
    right_pad: BodyId,
    left_pad: BodyId,
    right_pad_geom: GeomId,
    left_pad_geom: GeomId,
    right_fingertip: SiteId,
    left_fingertip: SiteId,
}

impl Arm {
    /// Finds the arm in a model and ties its hand to the commanded pose as Meta-World does.
    ///
    /// # Errors
    /// [`Error::UnknownElement`] or [`Error::UnsuitableModel`] if the model has no such arm.
    pub fn mount(physics: &mut Physics) -> Result<Self, Error> {
        let required = [
            ("mocap bodies", physics.mocap_count(), 1),
            ("controls", physics.control_count(), 2),
        ];
        for (what, found, expected) in required {
            if found != expected {
                return Err(Error::UnsuitableModel {
                    what,
                    found,
                    expected,
                });
            }
        }
        let arm = Self {
            hand: physics.body("hand")?,
            right_claw: physics.body("rightclaw")?,
            left_claw: physics.body("leftclaw")?,
            right_pad: physics.body("rightpad")?,
            left_pad: physics.body("leftpad")?,
            right_pad_geom: physics.geom("rightpad_geom")?,
            left_pad_geom: physics.geom("leftpad_geom")?,
            right_fingertip: physics.site("rightEndEffector")?,
            left_fingertip: physics.site("leftEndEffector")?,
        };
        arm.weld_hand(physics);
        Ok(arm)
    }

    /// Ties the hand to the commanded pose; again necessary after the model's fields were restored.
    pub fn weld_hand(&self, physics: &mut Physics) {
        physics.set_weld_pose(WELD_QUATERNION, WELD_TORQUE_SCALE);
    }

    /// Brings the open hand to `position`, up to one time step before it counts as settled.
    ///
    /// [`settled`](Self::settled) carries that one out. Apart, since it is what the poses of a settled hand belong to: who goes
    /// back to this moment and carries it out in another scene finds the poses of that scene.
    pub fn settle(&self, physics: &mut Physics, position: [f64; 3]) {
        physics.set_mocap_position(position);
        physics.set_mocap_quaternion(HAND_DOWN);
        physics.set_ctrl([-1.0, 1.0]);
        physics.step(SETTLING_STEPS * FRAME_SKIP - 1);
    }

    /// Carries out the last time step of [`settle`](Self::settle), and leaves the kinematics of its start.
    ///
    /// Quirk: nothing refreshes them afterwards (`sawyer_xyz_env.py`, `_reset_hand`), and some tasks read and return these
    /// slightly stale poses.
    pub fn settled(&self, physics: &mut Physics) {
        physics.step(1);
    }

    /// Carries out one control step (0.0125 s).
    ///
    /// `action` is `[dx, dy, dz, grip]`: the commanded position moves by up to 1 cm per axis and stays in the box between
    /// `low` and `high`; a positive grip closes, a negative one opens. Motion is clipped and scaled in single precision, as
    /// upstream does; the grip is passed on as it is.
    pub fn act(&self, physics: &mut Physics, action: [f32; 4], low: [f64; 3], high: [f64; 3]) {
        let mut position = physics.mocap_position();
        for axis in 0..3 {
            let motion = f64::from(action[axis].clamp(-1.0, 1.0) * ACTION_SCALE);
            position[axis] = (position[axis] + motion).clamp(low[axis], high[axis]);
        }
        physics.set_mocap_position(position);
        physics.set_mocap_quaternion(HAND_DOWN);
        let grip = f64::from(action[3]);
        physics.set_ctrl([grip, -grip]);
        physics.step(FRAME_SKIP);
    }

    /// The body that is called the hand.
    pub fn hand_body(&self) -> BodyId {
        self.hand
    }

    /// Position of the hand, about 4.5 cm above the finger tips.
    pub fn hand(&self, physics: &Physics) -> [f64; 3] {
        physics.body_position(self.hand)
    }

    /// The point between the finger tips.
    pub fn tcp(&self, physics: &Physics) -> [f64; 3] {
        let sum = add(
            physics.site_position(self.right_fingertip),
            physics.site_position(self.left_fingertip),
        );
        sum.map(|coordinate| coordinate / 2.0)
    }

    /// Tip of the left finger.
    pub fn left_fingertip(&self, physics: &Physics) -> [f64; 3] {
        physics.site_position(self.left_fingertip)
    }

    /// How far the gripper is open, from 0 (closed) to 1.
    pub fn opening(&self, physics: &Physics) -> f64 {
        let apart = distance(
            physics.body_position(self.right_claw),
            physics.body_position(self.left_claw),
        );
        (apart / FULL_OPENING).clamp(0.0, 1.0)
    }

    /// Left finger pad.
    pub fn left_pad(&self, physics: &Physics) -> [f64; 3] {
        physics.body_position(self.left_pad)
    }

    /// y of the left and of the right finger pad.
    pub fn pads_y(&self, physics: &Physics) -> [f64; 2] {
        [
            self.left_pad(physics)[1],
            physics.body_position(self.right_pad)[1],
        ]
    }

    /// Whether both finger pads are near enough to a geom to press on it. Needs poses only.
    pub fn may_pinch(&self, physics: &Physics, geom: GeomId) -> bool {
        physics.may_touch(self.left_pad_geom, geom) && physics.may_touch(self.right_pad_geom, geom)
    }

    /// Whether both finger pads press on a geom. Needs contact forces: [`Physics::forward`] must have run.
    pub fn pinches(&self, physics: &Physics, geom: GeomId) -> bool {
        physics.first_row_contact_force(self.left_pad_geom, geom) > 0.0
            && physics.first_row_contact_force(self.right_pad_geom, geom) > 0.0
    }
}
