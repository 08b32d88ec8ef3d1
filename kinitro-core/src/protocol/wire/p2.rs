//! P2: named channels in and out; JSON only.
//!
//! The server keeps one episode for everybody, so at most one may run at a time.
//! Its models forbid unknown fields: a request with anything more than what is here is answered with status 422.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::protocol::policy::{self, Action, CameraName};
use crate::units::QuatXyzw;

use super::answer::{self, ACT_ANSWER, ActAnswer};
use super::gripper::{closedness_from_command, closedness_from_opening};
use super::image::{RawImage, by_camera};
use super::value::{Place, Value};
use super::{Encoding, finite, read, write};

pub use super::p1::{ResetRequest, read_reset};

/// The cameras that P2 servers get.
pub const CAMERAS: [CameraName; 2] = [CameraName::Corner, CameraName::Corner2];

/// What P2 shows of the hand beyond the observation of the other generations, in the world frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HandState {
    /// Orientation, of unit length.
    pub orientation: QuatXyzw,
    /// Velocity in m/s.
    pub linear_velocity: [f64; 3],
    /// Angular velocity in rad/s.
    pub angular_velocity: [f64; 3],
}

/// Asks for one action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActRequest<'a> {
    /// What the policy sees.
    pub obs: Observation<'a>,
}

/// What a P2 policy sees. Depth images and camera matrices are not offered; their maps are empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation<'a> {
    /// The images by camera.
    pub rgb: BTreeMap<CameraName, RawImage<'a>>,
    depth: Absent,
    /// The robot's own state.
    pub proprio: Proprio,
    cam_intrinsics: Absent,
    cam_extrinsics: Absent,
    /// What P2 has no channel for.
    pub extra: Extra,
}

/// A map that is always empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Absent {}

/// The robot's own state; the order of the fields is the one in which P2 concatenates them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proprio {
    /// Hand position x, y, z in meters, world frame.
    pub ee_pos: [f32; 3],
    /// Hand orientation x, y, z, w.
    pub ee_quat: [f32; 4],
    /// Angular velocity of the hand in rad/s, world frame.
    pub ee_vel_ang: [f32; 3],
    /// Velocity of the hand in m/s, world frame.
    pub ee_vel_lin: [f32; 3],
    /// Closedness: 0 open … 1 closed.
    pub gripper: [f32; 1],
}

/// What P2 has no channel for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// The gripper's opening as the other generations show it: 0 closed … 1 open.
    pub gripper_open: f32,
}

impl<'a> ActRequest<'a> {
    /// Writes an observation as P2 does.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a number that is not finite, [`Error::Duplicate`] for a camera that occurs twice.
    pub fn new(observation: &'a policy::Observation, hand: &HandState) -> Result<Self, Error> {
        let [x, y, z, opening] = finite("observation", observation.proprio)?;
        let obs = Observation {
            rgb: by_camera(&observation.images, |_, image| RawImage::from(image))?,
            depth: Absent {},
            proprio: Proprio {
                ee_pos: [x, y, z],
                ee_quat: rounded("ee_quat", hand.orientation.0)?,
                ee_vel_ang: rounded("ee_vel_ang", hand.angular_velocity)?,
                ee_vel_lin: rounded("ee_vel_lin", hand.linear_velocity)?,
                gripper: [closedness_from_opening(opening)],
            },
            cam_intrinsics: Absent {},
            cam_extrinsics: Absent {},
            extra: Extra {
                gripper_open: opening,
            },
        };
        Ok(Self { obs })
    }

    /// Appends the JSON body to a buffer.
    pub fn write(&self, out: &mut Vec<u8>) {
        write(self, Encoding::Json, out);
    }
}

impl ActRequest<'static> {
    /// Reads the JSON body, for servers.
    ///
    /// # Errors
    /// [`Error::Json`].
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        read("act request", Encoding::Json, body)
    }
}

fn rounded<const N: usize>(what: &str, numbers: [f64; N]) -> Result<[f32; N], Error> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to f32 is the rule; what overflows is refused"
    )]
    finite(what, numbers.map(|number| number as f32))
}

/// A server's answer to an act request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ActBody {
    action: ActionBody,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct ActionBody {
    continuous: Channels,
    discrete: Absent,
    extra: Absent,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Channels {
    ee_twist: [f64; 6],
    gripper: [f64; 1],
}

impl ActBody {
    /// Says an action in named channels, without rotation.
    pub fn new(action: &Action) -> Self {
        let [dx, dy, dz, grip] = action.as_array().map(f64::from);
        let continuous = Channels {
            ee_twist: [dx, dy, dz, 0.0, 0.0, 0.0],
            gripper: [closedness_from_command(grip)],
        };
        Self {
            action: ActionBody {
                continuous,
                discrete: Absent {},
                extra: Absent {},
            },
        }
    }

    /// Appends the JSON body to a buffer.
    pub fn write(&self, out: &mut Vec<u8>) {
        write(self, Encoding::Json, out);
    }
}

/// Reads the answer to an act request: `{"action": {"continuous": {"ee_twist": […6], "gripper": [0…1]}, …}}`.
///
/// # Errors
/// [`Error::Answer`].
pub fn read_act(body: &[u8]) -> Result<ActAnswer, Error> {
    let value = Value::read(ACT_ANSWER, Encoding::Json, body)?;
    let action = answer::action(&Place::root(ACT_ANSWER, &value))?;
    answer::named(&action).map(ActAnswer::from)
}
