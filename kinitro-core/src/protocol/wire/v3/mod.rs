//! V3: named episodes, many at once; JSON or msgpack; raw or PNG images.

mod receipt;
mod reset;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::protocol::policy::{self, Action, CameraName};
use crate::record::receipt::Receipt;
use crate::seed::PolicySeed;

use super::answer::{self, ACT_ANSWER, ActAnswer, Command};
use super::gripper::GripperConvention;
use super::image::{EncodedImage, Pixels, encoded};
use super::limits::ChunkLimit;
use super::p1::list_from_action;
use super::rule::AnswerRule;
use super::task::EpisodeId;
use super::value::{Place, Value};
use super::{Encoding, finite, read, write};

pub use receipt::{CloseBody, read_receipt};
pub use reset::{ActionSpace, ObservationSpace, ResetRequest, Task, TaskConfig};

/// The generation's number, in requests and in [`PROTOCOL_HEADER`].
pub const VERSION: u32 = 3;
/// The cameras that V3 servers get unless they declared others.
pub const CAMERAS: [CameraName; 2] = [CameraName::Corner, CameraName::Gripper];

/// Header of every request: [`VERSION`].
pub const PROTOCOL_HEADER: &str = "Kinitro-Protocol";
/// Header of reset, act and close requests: the episode's id.
pub const EPISODE_HEADER: &str = "Kinitro-Episode";
/// Header of act requests: the step's number, 0 for the first.
pub const STEP_HEADER: &str = "Kinitro-Step";
/// Header of every request: milliseconds from its first byte to the answer's last.
pub const DEADLINE_HEADER: &str = "Kinitro-Deadline-Ms";

/// Asks for one action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActRequest<'a> {
    v: u32,
    /// The episode.
    pub episode_id: EpisodeId,
    /// The step, 0 for the first.
    pub step: u32,
    /// What the policy sees.
    pub obs: Observation<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy_seed: Option<u32>,
}

/// What a policy sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation<'a> {
    /// The images by camera; empty where images are off.
    pub rgb: BTreeMap<CameraName, EncodedImage<'a>>,
    /// The robot's own state.
    pub proprio: Proprio,
}

/// The robot's own state.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proprio {
    /// Hand position x, y, z in meters, world frame.
    pub ee_pos: [f32; 3],
    /// The gripper's opening: 0 closed … 1 open. Not called `gripper`, which P2 counts the other way.
    pub gripper_open: [f32; 1],
}

impl<'a> ActRequest<'a> {
    /// Writes an observation as V3 does; `policy_seed` is for servers that keep no episodes.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a number that is not finite, [`Error::Duplicate`] for a camera that occurs twice,
    /// [`Error::Length`] if there is not one PNG file per image.
    pub fn new(
        episode_id: EpisodeId,
        step: u32,
        observation: &'a policy::Observation,
        pixels: Pixels<'a>,
        policy_seed: Option<PolicySeed>,
    ) -> Result<Self, Error> {
        let [x, y, z, opening] = finite("observation", observation.proprio)?;
        let proprio = Proprio {
            ee_pos: [x, y, z],
            gripper_open: [opening],
        };
        Ok(Self {
            v: VERSION,
            episode_id,
            step,
            obs: Observation {
                rgb: encoded(&observation.images, pixels)?,
                proprio,
            },
            policy_seed: policy_seed.map(PolicySeed::value),
        })
    }

    /// Appends the body to a buffer.
    pub fn write(&self, encoding: Encoding, out: &mut Vec<u8>) {
        write(self, encoding, out);
    }
}

impl ActRequest<'static> {
    /// Reads the body, for servers.
    ///
    /// # Errors
    /// [`Error::Json`] or [`Error::Msgpack`]; [`Error::OutOfRange`] for another version.
    pub fn read(encoding: Encoding, body: &[u8]) -> Result<Self, Error> {
        let request: Self = read("act request", encoding, body)?;
        check_version(request.v)?;
        Ok(request)
    }
}

/// Ends an episode. An answer may hold a receipt, see [`read_receipt`]; anything else in it is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseRequest {
    v: u32,
    /// The episode.
    pub episode_id: EpisodeId,
}

impl CloseRequest {
    /// Ends this episode.
    pub const fn new(episode_id: EpisodeId) -> Self {
        Self {
            v: VERSION,
            episode_id,
        }
    }

    /// Appends the body to a buffer.
    pub fn write(&self, encoding: Encoding, out: &mut Vec<u8>) {
        write(self, encoding, out);
    }

    /// Reads the body, for servers.
    ///
    /// # Errors
    /// [`Error::Json`] or [`Error::Msgpack`]; [`Error::OutOfRange`] for another version.
    pub fn read(encoding: Encoding, body: &[u8]) -> Result<Self, Error> {
        let request: Self = read("close request", encoding, body)?;
        check_version(request.v)?;
        Ok(request)
    }
}

fn check_version(found: u32) -> Result<(), Error> {
    if found == VERSION {
        return Ok(());
    }
    Err(Error::OutOfRange {
        what: "v".to_owned(),
        value: found.into(),
        expected: "3",
    })
}

/// A server's answer to an act request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActBody {
    action: [f64; 4],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chunk: Vec<[f64; 4]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

impl ActBody {
    /// Says the action for this step, and those for the next steps, in the server's gripper convention.
    pub fn new(now: &Action, next: &[Action], convention: GripperConvention) -> Self {
        let list = |action| list_from_action(action, convention);
        Self {
            action: list(now),
            chunk: next.iter().map(list).collect(),
            receipt: None,
        }
    }

    /// Adds a receipt over the episode up to and including this action.
    #[must_use]
    pub fn with_receipt(self, receipt: Receipt) -> Self {
        Self {
            receipt: Some(receipt),
            ..self
        }
    }

    /// Appends the body to a buffer.
    pub fn write(&self, encoding: Encoding, out: &mut Vec<u8>) {
        write(self, encoding, out);
    }
}

/// Reads the answer to a reset request; an `episode_id` in it must be the request's.
///
/// # Errors
/// [`Error::Answer`].
pub fn read_reset(encoding: Encoding, body: &[u8], episode_id: &EpisodeId) -> Result<(), Error> {
    answer::read_reset(encoding, body, Some(episode_id))
}

/// Reads the answer to an act request: `{"action": A, "chunk": [A, …]}`, where A is a list of four numbers or named channels as in P2.
///
/// `convention` applies to lists only: the channel `gripper` is 0 open … 1 closed always.
///
/// # Errors
/// [`Error::Answer`].
pub fn read_act(
    encoding: Encoding,
    body: &[u8],
    convention: GripperConvention,
    max_chunk: ChunkLimit,
) -> Result<ActAnswer, Error> {
    let value = Value::read(ACT_ANSWER, encoding, body)?;
    let answer = Place::root(ACT_ANSWER, &value);
    let now = command(&answer::action(&answer)?, convention)?;
    let Some(chunk) = answer.member("chunk")? else {
        return Ok(now.into());
    };
    let items = chunk.list(usize::MAX)?;
    if items.len() > max_chunk.get() {
        return Err(chunk.refuse(AnswerRule::Chunk));
    }
    let next = items
        .map(|item| command(&item, convention))
        .collect::<Result<_, _>>()?;
    Ok(ActAnswer { now, next })
}

fn command(action: &Place<'_>, convention: GripperConvention) -> Result<Command, Error> {
    if action.is_list() {
        answer::listed(action, convention)
    } else {
        answer::named(action)
    }
}
