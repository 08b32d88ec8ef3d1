//! The beginning of an episode: what a V3 server is told about the task.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::ids::EnvId;
use crate::protocol::policy::CameraName;
use crate::seed::PolicySeed;
use crate::units::ImageSize;

use super::super::gripper::GripperConvention;
use super::super::image::shape;
use super::super::limits::ChunkLimit;
use super::super::task::EpisodeId;
use super::super::{Encoding, read, write};
use super::{VERSION, check_version};

/// Begins an episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    v: u32,
    /// What the episode is called from now on.
    pub episode_id: EpisodeId,
    /// The task, and the policy seed.
    pub task_config: TaskConfig,
}

/// What an evaluation tells about a task; becomes a [`TaskConfig`].
#[derive(Debug, Clone, PartialEq)]
pub struct Task<'a> {
    /// The environment.
    pub env: &'a EnvId,
    /// The only seed that a policy may see.
    pub seed: PolicySeed,
    /// The instruction in words, where the environment has one.
    pub prompt: Option<&'a str>,
    /// Whose images are sent; empty where none are.
    pub cameras: &'a [CameraName],
    /// Size of every image.
    pub image_size: ImageSize,
    /// Control steps per second of simulated time.
    pub control_hz: f64,
    /// Control steps after which the episode ends.
    pub max_steps: u32,
    /// How many further actions an answer may carry.
    pub max_chunk: ChunkLimit,
    /// The gripper's sign in actions of four numbers.
    pub gripper_convention: GripperConvention,
}

/// The task of a reset request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskConfig {
    env_id: EnvId,
    env_name: String,
    task_name: String,
    seed: u32,
    task_id: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task_prompt: Option<String>,
    /// What an action is.
    pub action_space: ActionSpace,
    /// What an observation is.
    pub observation_space: ObservationSpace,
    /// Control steps per second of simulated time.
    pub control_hz: f64,
    /// Control steps after which the episode ends.
    pub max_steps: u32,
    /// How many further actions an answer may carry; absent where none.
    #[serde(default, skip_serializing_if = "ChunkLimit::is_none")]
    pub max_chunk: ChunkLimit,
}

/// Four numbers: `dx`, `dy`, `dz` as fractions of the largest move per step in the world frame, and `grip`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionSpace {
    shape: [u32; 1],
    low: f64,
    high: f64,
    names: [Cow<'static, str>; 4],
    /// Which sign of `grip` closes.
    pub gripper_convention: GripperConvention,
}

/// Shapes of what is sent with every act request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservationSpace {
    proprio: ProprioSpace,
    /// Height, width and 3, by camera.
    pub rgb: BTreeMap<CameraName, [u32; 3]>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProprioSpace {
    ee_pos: [u32; 1],
    gripper_open: [u32; 1],
}

impl From<&Task<'_>> for TaskConfig {
    fn from(task: &Task<'_>) -> Self {
        let image_shape = shape(task.image_size);
        Self {
            env_id: task.env.clone(),
            env_name: task.env.family().to_owned(),
            task_name: task.env.name().to_owned(),
            seed: task.seed.value(),
            task_id: task.seed.value(),
            task_prompt: task.prompt.map(str::to_owned),
            action_space: ActionSpace {
                shape: [4],
                low: -1.0,
                high: 1.0,
                names: ["dx", "dy", "dz", "grip"].map(Cow::Borrowed),
                gripper_convention: task.gripper_convention,
            },
            observation_space: ObservationSpace {
                proprio: ProprioSpace {
                    ee_pos: [3],
                    gripper_open: [1],
                },
                rgb: task
                    .cameras
                    .iter()
                    .map(|camera| (*camera, image_shape))
                    .collect(),
            },
            control_hz: task.control_hz,
            max_steps: task.max_steps,
            max_chunk: task.max_chunk,
        }
    }
}

impl TaskConfig {
    /// The environment.
    pub const fn env(&self) -> &EnvId {
        &self.env_id
    }

    /// The policy seed.
    pub const fn seed(&self) -> u32 {
        self.seed
    }

    /// The instruction in words.
    pub fn prompt(&self) -> Option<&str> {
        self.task_prompt.as_deref()
    }
}

impl ResetRequest {
    /// # Errors
    /// [`Error::OutOfRange`] if `control_hz` is not finite and positive.
    pub fn new(episode_id: EpisodeId, task: &Task<'_>) -> Result<Self, Error> {
        if !(task.control_hz.is_finite() && task.control_hz > 0.0) {
            return Err(Error::OutOfRange {
                what: "control_hz".to_owned(),
                value: task.control_hz,
                expected: "a positive number",
            });
        }
        Ok(Self {
            v: VERSION,
            episode_id,
            task_config: task.into(),
        })
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
        let request: Self = read("reset request", encoding, body)?;
        check_version(request.v)?;
        Ok(request)
    }
}
