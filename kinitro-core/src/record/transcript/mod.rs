//! `kinitro-transcript/1`: an episode's actions, and what came of them.
//!
//! One line of JSON, the [`Header`], ended by `\n`; then frames of [`FRAME_LEN`] bytes, one per control step, little-endian:
//!
//! | bytes | field |
//! |---|---|
//! | 0–1 | step, u16, 0 for the first |
//! | 2–3 | flags, u16: bit 0 clipped, 1 held, 2 retried, others 0 |
//! | 4–19 | action as applied, 4 × f32, each in `[-1, 1]` |
//! | 20–21 | milliseconds that the answer took, u16, saturated |
//!
//! Together with the episode's key the actions give the whole episode again, and with it every hash in the header.
//! A reader trusts nothing that the header counts.

mod frame;

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use crate::error::{Error, quote};
use crate::ids::{EnvId, EpisodeIndex, Hotkey, PolicyName};
use crate::protocol::policy::CameraName;
use crate::record::hash::{ImageHash, ObservationHash, StateHash};
use crate::record::identity::Identity;
use crate::record::level::{Level, Profile};
use crate::record::outcome::Outcome;
use crate::record::receipt::Receipt;
use crate::record::scene::SceneDigest;
use crate::seed::EpisodeKey;
use crate::units::ImageSize;

pub use frame::{FRAME_LEN, Frame, FrameFlags};

/// The format that is written, and the only one that is read.
pub const FORMAT: &str = "kinitro-transcript/1";
/// Longest header line in bytes, the line's end included.
pub const MAX_HEADER_LEN: usize = 64 * 1024;
/// Most frames: what a u16 step can number.
pub const MAX_FRAMES: usize = 65_535;

const DOCUMENT: &str = "transcript header";

/// The recording of one episode.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// What the episode was and what came of it.
    pub header: Header,
    /// The control steps in order; the position is the step's number.
    pub frames: Vec<Frame>,
}

/// What an episode was and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// What the result depends on besides the policy.
    pub identity: Identity,
    /// The environment.
    pub env: EnvId,
    /// The episode's number in its cycle and environment.
    pub episode: EpisodeIndex,
    /// Where the scene comes from.
    pub key: KeyRecord,
    /// What the policy is called.
    pub policy: PolicyName,
    /// The miner; `None` in local runs, which derive miner keys from the empty text.
    pub hotkey: Option<Hotkey>,
    /// Whose episodes these are.
    pub profile: Profile,
    /// How much the scenes vary.
    pub level: Level,
    /// The cameras in declared order, none twice; empty where nothing was rendered.
    pub cameras: Vec<CameraName>,
    /// Size of every image.
    pub image_size: ImageSize,
    /// Digest of the drawn values.
    pub scene: SceneDigest,
    /// How the episode ended.
    pub outcome: Outcome,
    /// Whether the task was solved at any step. In the evaluation profile the same as the outcome being `success`.
    pub success: bool,
    /// Control steps applied; equal to the number of frames.
    pub steps: u32,
    /// Sum of the rewards.
    pub total_reward: f64,
    /// Hash of the states.
    pub state_hash: StateHash,
    /// Hash of the images; `None` where nothing was rendered.
    pub image_hash: Option<ImageHash>,
    /// Last value of the chain over observations and actions.
    pub observation_hash: ObservationHash,
    /// How long it took; the only part that differs when an episode is repeated.
    pub timing: Timing,
    /// The receipt that the policy's server offered, as it was offered: see [`Receipt::check`]. `None` where there was none, or nothing readable.
    pub receipt: Option<Receipt>,
}

/// Where a scene comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyRecord {
    /// The key itself: a local run, or a cycle whose secret is revealed.
    Revealed(EpisodeKey),
    /// The key follows from the cycle's secret, which is not revealed yet, and the header's environment and episode.
    Sealed {
        /// The cycle.
        cycle: u64,
        /// The round of the cycle, each with its own block.
        round: u32,
    },
}

/// How long an episode took, in milliseconds of wall-clock time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// From reset to verdict.
    pub wall_ms: f64,
    /// Mean of the policy's answers.
    pub act_mean_ms: f64,
    /// Median of the policy's answers.
    pub act_p50_ms: f64,
    /// 95th percentile of the policy's answers.
    pub act_p95_ms: f64,
    /// 99th percentile of the policy's answers.
    pub act_p99_ms: f64,
    /// Slowest answer of the policy.
    pub act_max_ms: f64,
}

impl Timing {
    /// Summarizes the times of the policy's answers, in milliseconds; percentiles by the nearest-rank rule, 0 without answers.
    pub fn from_answers(wall_ms: f64, mut answers_ms: Vec<f64>) -> Self {
        answers_ms.sort_unstable_by(f64::total_cmp);
        let n = answers_ms.len();
        let percentile = |percent: usize| match (n * percent).div_ceil(100) {
            0 => 0.0,
            rank => answers_ms[rank - 1],
        };
        Self {
            wall_ms,
            act_mean_ms: if n == 0 {
                0.0
            } else {
                answers_ms.iter().sum::<f64>() / n as f64
            },
            act_p50_ms: percentile(50),
            act_p95_ms: percentile(95),
            act_p99_ms: percentile(99),
            act_max_ms: percentile(100),
        }
    }
}

impl Transcript {
    /// Writes header and frames.
    ///
    /// # Errors
    /// If the transcript contradicts itself or holds numbers that are not finite, so that nobody could read it; and if writing fails.
    pub fn write(&self, mut to: impl Write) -> Result<(), Error> {
        self.check()?;
        let mut bytes =
            serde_json::to_vec(&self.header).map_err(|source| Error::json(DOCUMENT, source))?;
        bytes.push(b'\n');
        if bytes.len() > MAX_HEADER_LEN {
            return Err(header_too_large());
        }
        for (step, frame) in (0..=u16::MAX).zip(&self.frames) {
            bytes.extend(frame.to_bytes(step));
        }
        to.write_all(&bytes).map_err(|source| Error::Io {
            operation: "write transcript",
            source,
        })
    }

    /// Reads a transcript to its end, at most as many bytes as the format allows.
    ///
    /// # Errors
    /// As [`Transcript::from_bytes`]; and if reading fails.
    pub fn read(from: impl Read) -> Result<Self, Error> {
        // One byte more than allowed shows that there is too much.
        let limit = MAX_HEADER_LEN + MAX_FRAMES * FRAME_LEN + 1;
        let mut bytes = Vec::new();
        from.take(limit as u64)
            .read_to_end(&mut bytes)
            .map_err(|source| Error::Io {
                operation: "read transcript",
                source,
            })?;
        Self::from_bytes(&bytes)
    }

    /// Reads a transcript.
    ///
    /// # Errors
    /// One error for each way to be wrong: no header line, a header or frames beyond their limits, another format, JSON of another shape,
    /// a part of a frame at the end, steps out of order, unknown flags, actions outside `[-1, 1]`, counts that contradict the frames.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let Some(end) = bytes
            .iter()
            .take(MAX_HEADER_LEN)
            .position(|byte| *byte == b'\n')
        else {
            return Err(if bytes.len() < MAX_HEADER_LEN {
                Error::TruncatedHeader
            } else {
                header_too_large()
            });
        };
        let header = Header::from_json(&bytes[..end])?;
        let (frames, trailing) = bytes[end + 1..].as_chunks::<FRAME_LEN>();
        if frames.len() > MAX_FRAMES {
            return Err(frames_too_many());
        }
        if !trailing.is_empty() {
            return Err(Error::PartialFrame {
                trailing: trailing.len(),
                frame_len: FRAME_LEN,
            });
        }
        let frames = frames
            .iter()
            .enumerate()
            .map(|(index, frame)| Frame::from_bytes(index, frame));
        let transcript = Self {
            header,
            frames: frames.collect::<Result<_, _>>()?,
        };
        transcript.check()?;
        Ok(transcript)
    }

    /// What holds for every transcript beyond the types of its fields.
    fn check(&self) -> Result<(), Error> {
        let header = &self.header;
        if header.format != FORMAT {
            return Err(Error::UnsupportedFormat {
                found: quote(&header.format),
                expected: FORMAT,
            });
        }
        if self.frames.len() > MAX_FRAMES {
            return Err(frames_too_many());
        }
        let inconsistent = |reason: String| {
            Err(Error::Inconsistent {
                document: "transcript",
                reason,
            })
        };
        if header.steps as usize != self.frames.len() {
            return inconsistent(format!(
                "{} steps, {} frames",
                header.steps,
                self.frames.len()
            ));
        }
        if !header.outcome.agrees_with(header.success, header.profile) {
            return inconsistent(format!(
                "outcome `{}`, success {}",
                header.outcome, header.success
            ));
        }
        for (position, camera) in header.cameras.iter().enumerate() {
            if header.cameras[..position].contains(camera) {
                return Err(Error::Duplicate {
                    what: "camera",
                    name: camera.to_string(),
                });
            }
        }
        if header.image_hash.is_some() && header.cameras.is_empty() {
            return inconsistent("an image hash, but no camera".to_owned());
        }
        if !header.total_reward.is_finite() {
            let (what, value) = ("total_reward".to_owned(), header.total_reward);
            return Err(Error::OutOfRange {
                what,
                value,
                expected: "a finite number",
            });
        }
        header.timing.check()
    }
}

impl Header {
    /// Reads the header line, looking at the format before anything else.
    fn from_json(line: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Probe {
            format: String,
        }
        let json_error = |source| Error::json(DOCUMENT, source);
        let probe: Probe = serde_json::from_slice(line).map_err(json_error)?;
        if probe.format != FORMAT {
            return Err(Error::UnsupportedFormat {
                found: quote(&probe.format),
                expected: FORMAT,
            });
        }
        serde_json::from_slice(line).map_err(json_error)
    }
}

impl Timing {
    fn check(&self) -> Result<(), Error> {
        let Self {
            wall_ms,
            act_mean_ms,
            act_p50_ms,
            act_p95_ms,
            act_p99_ms,
            act_max_ms,
        } = *self;
        let all = [
            ("timing.wall_ms", wall_ms),
            ("timing.act_mean_ms", act_mean_ms),
            ("timing.act_p50_ms", act_p50_ms),
            ("timing.act_p95_ms", act_p95_ms),
            ("timing.act_p99_ms", act_p99_ms),
            ("timing.act_max_ms", act_max_ms),
        ];
        match all
            .into_iter()
            .find(|(_, value)| !(0.0..f64::INFINITY).contains(value))
        {
            None => Ok(()),
            Some((what, value)) => Err(Error::OutOfRange {
                what: what.to_owned(),
                value,
                expected: "a finite number of at least 0",
            }),
        }
    }
}

fn header_too_large() -> Error {
    Error::TooLarge {
        what: DOCUMENT,
        unit: "bytes",
        limit: MAX_HEADER_LEN,
    }
}

fn frames_too_many() -> Error {
    Error::TooLarge {
        what: "transcript",
        unit: "frames",
        limit: MAX_FRAMES,
    }
}

#[cfg(test)]
mod tests;
