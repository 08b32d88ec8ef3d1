//! P1: four numbers in, four numbers out; JSON only.
//!
//! The server keeps one episode for everybody, so at most one may run at a time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::protocol::policy::{Action, CameraName, Observation};

use super::answer::{self, ACT_ANSWER, ActAnswer};
use super::gripper::GripperConvention;
use super::image::{NestedImage, by_camera};
use super::task::TaskConfig;
use super::value::{Place, Value};
use super::{Encoding, read, write};

/// The cameras that P1 servers get.
pub const CAMERAS: [CameraName; 2] = [CameraName::Corner, CameraName::Gripper];

/// Begins an episode; P2 uses the same request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// The task, and the policy seed.
    pub task_config: TaskConfig,
}

impl ResetRequest {
    /// Appends the JSON body to a buffer.
    pub fn write(&self, out: &mut Vec<u8>) {
        write(self, Encoding::Json, out);
    }

    /// Reads the JSON body, for servers.
    ///
    /// # Errors
    /// [`Error::Json`].
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        read("reset request", Encoding::Json, body)
    }
}

/// Asks for one action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActRequest<'a> {
    /// Hand position x, y, z in meters, gripper opening 0 closed … 1 open.
    pub observation: [f32; 4],
    /// The images by camera; null where images are off.
    pub images: Option<BTreeMap<CameraName, NestedImage<'a>>>,
}

impl<'a> ActRequest<'a> {
    /// Writes an observation as P1 does; without images, `images` becomes null.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a number that is not finite, [`Error::Duplicate`] for a camera that occurs twice.
    pub fn new(observation: &'a Observation) -> Result<Self, Error> {
        let images = by_camera(&observation.images, |_, image| NestedImage::from(image))?;
        Ok(Self {
            observation: super::finite("observation", observation.proprio)?,
            images: Some(images).filter(|images| !images.is_empty()),
        })
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

/// A server's answer to an act request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ActBody {
    action: [f64; 4],
}

impl ActBody {
    /// Says an action in the server's gripper convention.
    pub fn new(action: &Action, convention: GripperConvention) -> Self {
        Self {
            action: list_from_action(action, convention),
        }
    }

    /// Appends the JSON body to a buffer.
    pub fn write(&self, out: &mut Vec<u8>) {
        write(self, Encoding::Json, out);
    }
}

/// The four numbers that say an action in a gripper convention.
pub(super) fn list_from_action(action: &Action, convention: GripperConvention) -> [f64; 4] {
    let [dx, dy, dz, grip] = action.as_array().map(f64::from);
    [dx, dy, dz, convention.wire_from_command(grip)]
}

/// Reads the answer to a reset request; its `episode_id` is the server's own and not used.
///
/// # Errors
/// [`Error::Answer`].
pub fn read_reset(body: &[u8]) -> Result<(), Error> {
    answer::read_reset(Encoding::Json, body, None)
}

/// Reads the answer to an act request: `{"action": [dx, dy, dz, grip]}`.
///
/// # Errors
/// [`Error::Answer`].
pub fn read_act(body: &[u8], convention: GripperConvention) -> Result<ActAnswer, Error> {
    let value = Value::read(ACT_ANSWER, Encoding::Json, body)?;
    let action = answer::action(&Place::root(ACT_ANSWER, &value))?;
    answer::listed(&action, convention).map(ActAnswer::from)
}
