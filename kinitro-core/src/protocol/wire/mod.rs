//! The messages between the evaluator and a policy's HTTP server, in three generations.
//!
//! | | [`v3`] | [`p2`] | [`p1`] |
//! |---|---|---|---|
//! | body | JSON or msgpack | JSON | JSON |
//! | images | raw or PNG | raw in base64 | nested lists |
//! | action | 4 numbers, or named channels; further actions if announced | named channels | 4 numbers |
//! | episodes at once | many | one | one |
//!
//! The evaluator writes requests and reads answers; a server of ours does the reverse with the same types.
//! Requests can hold a [`PolicySeed`](crate::seed::PolicySeed) and no other seed or key: there is no field that would take one.
//!
//! Who sends a request is proven by the headers of [`signed`], which are the same for all generations.
//!
//! # Answers are hostile
//! An answer is read into a tree under the limits of [`limits`], then taken apart by name: whatever breaks a rule becomes
//! [`Error::Answer`] with that [`AnswerRule`], the place, and at most 80 escaped characters of what stands there.
//! Fields that no rule speaks of are ignored beside an action, and refused within one.
//!
//! ```
//! use kinitro_core::Error;
//! use kinitro_core::protocol::wire::{AnswerRule, GripperConvention, p1};
//!
//! let answer = p1::read_act(br#"{"action": [0.5, 0, -2, 1]}"#, GripperConvention::Simulator)?;
//! assert_eq!(answer.now.action.as_array(), &[0.5, 0.0, -1.0, 1.0]);
//! assert!(answer.now.clipped);
//!
//! let refused = p1::read_act(br#"{"action": [0.5, 0, 1]}"#, GripperConvention::Simulator);
//! assert!(matches!(refused, Err(Error::Answer { rule: AnswerRule::Length, .. })));
//! # Ok::<(), Error>(())
//! ```

pub mod gripper;
pub mod limits;
pub mod p1;
pub mod p2;
pub mod signed;
pub mod v3;

mod answer;
mod health;
mod image;
mod rule;
mod task;
mod value;

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::names;

pub use answer::{ActAnswer, Command, ErrorAnswer, ResetAnswer, reported_error};
pub use gripper::GripperConvention;
pub use health::{Health, Offer};
pub use image::{Blob, Dtype, EncodedImage, NestedImage, Pixels, RawImage};
pub use limits::ChunkLimit;
pub use rule::AnswerRule;
pub use task::{EpisodeId, TaskConfig};

/// Path of the health request.
pub const HEALTH_PATH: &str = "/health";
/// Path of the reset request.
pub const RESET_PATH: &str = "/reset";
/// Path of the act request.
pub const ACT_PATH: &str = "/act";
/// Path of the close request; V3 only, and a server need not have it.
pub const CLOSE_PATH: &str = "/close";

/// A generation of the protocol, newest first in the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Named episodes, JSON or msgpack, raw or PNG images.
    V3,
    /// Named observation and action channels, base64 images.
    P2,
    /// Four numbers in, four numbers out, images as nested lists.
    P1,
}

impl Protocol {
    /// Every generation with its short name, the one that pins it in a URL's fragment.
    pub const NAMES: [(Self, &'static str); 3] =
        [(Self::V3, "v3"), (Self::P2, "p2"), (Self::P1, "p1")];
    /// Every generation with its name in a health answer.
    pub const WIRE_NAMES: [(Self, &'static str); 3] = [
        (Self::V3, "kinitro/3"),
        (Self::P2, "kinitro/2"),
        (Self::P1, "kinitro/1"),
    ];

    /// The short name.
    pub fn as_str(self) -> &'static str {
        names::name(&Self::NAMES, &self)
    }

    /// The name in a health answer.
    pub fn wire_name(self) -> &'static str {
        names::name(&Self::WIRE_NAMES, &self)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Protocol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        names::parse("protocol", &Self::NAMES, text)
    }
}

/// How a message is written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Compact JSON.
    #[default]
    Json,
    /// msgpack with maps keyed by field names.
    Msgpack,
}

impl Encoding {
    /// Every encoding with its name in a health answer.
    pub const NAMES: [(Self, &'static str); 2] = [(Self::Json, "json"), (Self::Msgpack, "msgpack")];

    /// The name in a health answer.
    pub fn as_str(self) -> &'static str {
        names::name(&Self::NAMES, &self)
    }

    /// The media type of a body.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Msgpack => "application/msgpack",
        }
    }

    /// The encoding that a `Content-Type` names, parameters such as a character set ignored.
    pub fn from_content_type(header: &str) -> Option<Self> {
        let media_type = header.split(';').next().unwrap_or_default().trim();
        [Self::Json, Self::Msgpack]
            .into_iter()
            .find(|encoding| encoding.content_type().eq_ignore_ascii_case(media_type))
    }
}

/// How the pixels of an image are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageEncoding {
    /// `height × width × 3` bytes.
    #[default]
    Raw,
    /// A PNG file, 8 bits RGB.
    Png,
}

impl ImageEncoding {
    /// Every encoding with its name on the wire.
    pub const NAMES: [(Self, &'static str); 2] = [(Self::Raw, "raw"), (Self::Png, "png")];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        names::name(&Self::NAMES, &self)
    }
}

/// Appends a message of ours to a buffer.
fn write(message: &impl Serialize, encoding: Encoding, out: &mut Vec<u8>) {
    const INFALLIBLE: &str = "a buffer takes every byte, and our messages' keys are texts";
    match encoding {
        Encoding::Json => serde_json::to_writer(out, message).expect(INFALLIBLE),
        Encoding::Msgpack => message
            .serialize(&mut rmp_serde::Serializer::new(out).with_struct_map())
            .expect(INFALLIBLE),
    }
}

/// Reads a message that is a request, for servers; their HTTP layer bounds its length.
fn read<T: DeserializeOwned>(
    document: &'static str,
    encoding: Encoding,
    body: &[u8],
) -> Result<T, Error> {
    match encoding {
        Encoding::Json => {
            serde_json::from_slice(body).map_err(|source| Error::json(document, source))
        }
        Encoding::Msgpack => {
            rmp_serde::from_slice(body).map_err(|source| Error::msgpack(document, source))
        }
    }
}

/// Refuses a number that JSON would turn into null.
fn finite<const N: usize>(what: &str, numbers: [f32; N]) -> Result<[f32; N], Error> {
    match numbers.iter().position(|number| !number.is_finite()) {
        None => Ok(numbers),
        Some(index) => Err(Error::OutOfRange {
            what: format!("{what}[{index}]"),
            value: numbers[index].into(),
            expected: "a finite number",
        }),
    }
}

#[cfg(test)]
mod tests;
