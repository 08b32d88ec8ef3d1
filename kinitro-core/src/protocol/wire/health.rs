//! What a server says about itself.

use serde::Serialize;

use crate::error::Error;
use crate::names;

use super::gripper::GripperConvention;
use super::limits::{MAX_BATCH, MAX_NAME_LEN, MAX_NAMES};
use super::rule::AnswerRule;
use super::value::{Place, Value};
use super::{Encoding, ImageEncoding, Protocol, write};

const HEALTH_ANSWER: &str = "health answer";

/// What a health answer says. Fields and names that are unknown here are ignored: they may belong to later generations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether the server takes requests now: its status is `healthy` or `ok`, and `model_loaded` is not false.
    pub ready: bool,
    /// The generations it speaks; `None` if it does not say, as servers before V3 do not.
    pub protocols: Option<Vec<Protocol>>,
    /// The encodings it reads, in its order; JSON if it does not say.
    pub encodings: Vec<Encoding>,
    /// The image encodings it reads, in its order of preference; raw if it does not say.
    pub images: Vec<ImageEncoding>,
    /// The most requests that it wants to answer together, 1 to [`MAX_BATCH`].
    pub max_batch: Option<u32>,
    /// The gripper's sign in actions of four numbers; `None` if it does not say.
    pub gripper_convention: Option<GripperConvention>,
}

/// The best way to speak to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The newest generation of the offered.
    pub protocol: Protocol,
    /// msgpack where it may be used, which is in V3 only.
    pub encoding: Encoding,
    /// The server's first choice in V3, raw before.
    pub image: ImageEncoding,
}

#[derive(Serialize)]
struct Body<'a> {
    status: &'static str,
    model_loaded: bool,
    uptime_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocols: Option<Vec<&'a str>>,
    encodings: Vec<&'a str>,
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_batch: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gripper_convention: Option<&'a str>,
}

impl Health {
    /// Reads the JSON body of a health answer.
    ///
    /// # Errors
    /// [`Error::Answer`] for a body that breaks the limits, a known field of a wrong type or length, and an unknown gripper convention:
    /// guessing the sign would turn every grasp around.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let value = Value::read(HEALTH_ANSWER, Encoding::Json, body)?;
        let answer = Place::root(HEALTH_ANSWER, &value);
        let is_healthy = match answer.member("status")? {
            Some(status) => matches!(status.text()?, "healthy" | "ok"),
            None => true,
        };
        let is_loaded = answer
            .member("model_loaded")?
            .map_or(Ok(true), |loaded| loaded.boolean())?;
        Ok(Self {
            ready: is_healthy && is_loaded,
            protocols: listed(&answer, "protocols", &Protocol::WIRE_NAMES)?,
            encodings: listed(&answer, "encodings", &Encoding::NAMES)?
                .unwrap_or_else(|| vec![Encoding::default()]),
            images: listed(&answer, "images", &ImageEncoding::NAMES)?
                .unwrap_or_else(|| vec![ImageEncoding::default()]),
            max_batch: answer
                .member("max_batch")?
                .map(|count| batch(&count))
                .transpose()?,
            gripper_convention: answer
                .member("gripper_convention")?
                .map(|name| convention(&name))
                .transpose()?,
        })
    }

    /// Appends the JSON body that says this to a buffer, for servers. `uptime_seconds` must be finite.
    pub fn write(&self, uptime_seconds: f64, out: &mut Vec<u8>) {
        let body = Body {
            status: if self.ready { "healthy" } else { "starting" },
            model_loaded: self.ready,
            uptime_seconds,
            protocols: self
                .protocols
                .as_ref()
                .map(|list| list.iter().map(|protocol| protocol.wire_name()).collect()),
            encodings: self.encodings.iter().map(|item| item.as_str()).collect(),
            images: self.images.iter().map(|item| item.as_str()).collect(),
            max_batch: self.max_batch,
            gripper_convention: self.gripper_convention.map(GripperConvention::as_str),
        };
        write(&body, Encoding::Json, out);
    }

    /// How to speak to this server; `None` if it names no generation that is known here, or none at all and must be probed.
    pub fn offer(&self) -> Option<Offer> {
        let protocol = *self.protocols.as_ref()?.iter().min()?;
        if protocol != Protocol::V3 {
            return Some(Offer {
                protocol,
                encoding: Encoding::Json,
                image: ImageEncoding::Raw,
            });
        }
        let reads_msgpack = self.encodings.contains(&Encoding::Msgpack);
        Some(Offer {
            protocol,
            encoding: if reads_msgpack {
                Encoding::Msgpack
            } else {
                Encoding::Json
            },
            image: self.images.first().copied().unwrap_or_default(),
        })
    }
}

/// The known ones of a list of names, each once, in the list's order.
fn listed<T: Copy + PartialEq>(
    answer: &Place<'_>,
    field: &str,
    table: &[(T, &str)],
) -> Result<Option<Vec<T>>, Error> {
    let Some(list) = answer.member(field)? else {
        return Ok(None);
    };
    let mut known = Vec::new();
    for item in list.list(MAX_NAMES)? {
        let name = item.text()?;
        if name.len() > MAX_NAME_LEN {
            return Err(item.refuse(AnswerRule::Length));
        }
        match table.iter().find(|(_, entry)| *entry == name) {
            Some((value, _)) if !known.contains(value) => known.push(*value),
            _ => {}
        }
    }
    Ok(Some(known))
}

fn batch(count: &Place<'_>) -> Result<u32, Error> {
    let number = count.number()?;
    if number.fract() != 0.0 || !(1.0..=f64::from(MAX_BATCH)).contains(&number) {
        return Err(count.refuse(AnswerRule::Value));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number in 1 to 4096, checked above"
    )]
    Ok(number as u32)
}

fn convention(name: &Place<'_>) -> Result<GripperConvention, Error> {
    names::parse(
        "gripper convention",
        &GripperConvention::NAMES,
        name.text()?,
    )
    .map_err(|_| name.refuse(AnswerRule::Value))
}
