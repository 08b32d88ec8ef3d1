//! How one server is spoken to: requests written, answers read.

use std::collections::BTreeSet;

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use kinitro_core::protocol::policy::{CameraName, Image, Observation};
use kinitro_core::protocol::wire::signed::Operation;
use kinitro_core::protocol::wire::{
    self, ActAnswer, ChunkLimit, Encoding, EpisodeId, GripperConvention, ImageEncoding, Offer,
    Pixels, Protocol, p1, p2, reported_error, v3,
};
use kinitro_core::record::Receipt;
use kinitro_core::seed::PolicySeed;
use kinitro_core::units::ImageSize;
use kinitro_sim::rollout::{PolicyStart, Seen};

use super::transport::{Answer, Message, Tags};
use super::{Fault, Rules};
use crate::picture::png_file;

/// How one server is spoken to.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    pub(super) offer: Offer,
    pub(super) gripper: GripperConvention,
    /// What V3 servers are told; the others have no such thing.
    pub(super) max_chunk: ChunkLimit,
    pub(super) cameras: Vec<CameraName>,
    pub(super) image_size: ImageSize,
}

/// Why a request cannot be written; never the server's fault.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwritable {
    #[error(transparent)]
    Message(#[from] kinitro_core::Error),
    #[error(transparent)]
    Picture(#[from] png::EncodingError),
}

/// Asks whether a server is ready.
pub(super) fn health() -> Message {
    Message {
        operation: Operation::Health,
        body: Bytes::new(),
        encoding: Encoding::Json,
        tags: None,
    }
}

/// The body of an answer, if its status says that it is one.
pub(super) fn accepted(answer: &Answer) -> Result<&[u8], Fault> {
    if answer.status == 200 {
        return Ok(&answer.body);
    }
    Err(Fault::Status {
        status: answer.status,
        reported: reported_error(media(answer).unwrap_or_default(), &answer.body),
    })
}

impl Dialect {
    /// What an evaluation under these rules makes of an offer.
    pub(super) fn new(offer: Offer, gripper: GripperConvention, rules: &Rules) -> Self {
        Self {
            offer,
            gripper,
            max_chunk: match offer.protocol {
                Protocol::V3 => rules.max_chunk,
                Protocol::P2 | Protocol::P1 => ChunkLimit::NONE,
            },
            cameras: match offer.protocol {
                // A server reads them from a map: so that it knows their order, which receipts depend on, there is one order.
                Protocol::V3 => rules
                    .cameras
                    .iter()
                    .copied()
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect(),
                Protocol::P2 => p2::CAMERAS.to_vec(),
                Protocol::P1 if rules.p1_images => p1::CAMERAS.to_vec(),
                Protocol::P1 => Vec::new(),
            },
            image_size: rules.image_size,
        }
    }

    /// Begins an episode.
    pub(super) fn reset(
        &self,
        start: &PolicyStart,
        episode: &EpisodeId,
    ) -> Result<Message, Unwritable> {
        let mut body = Vec::new();
        if self.offer.protocol == Protocol::V3 {
            let task = v3::Task {
                env: &start.env,
                seed: start.seed,
                prompt: Some(start.instruction),
                cameras: &self.cameras,
                image_size: self.image_size,
                control_hz: start.control_hz,
                max_steps: start.max_steps.into(),
                max_chunk: self.max_chunk,
                gripper_convention: self.gripper,
            };
            v3::ResetRequest::new(episode.clone(), &task)?.write(self.offer.encoding, &mut body);
        } else {
            let task_config = wire::TaskConfig::new(&start.env, start.seed);
            p1::ResetRequest { task_config }.write(&mut body);
        }
        Ok(self.message(Operation::Reset, body, episode, None))
    }

    /// Asks for an action.
    pub(super) fn act(
        &self,
        sight: &Seen<'_>,
        episode: &EpisodeId,
        seed: PolicySeed,
    ) -> Result<Message, Unwritable> {
        let mut body = Vec::new();
        let step = u32::from(sight.step);
        match self.offer.protocol {
            Protocol::V3 => {
                let files = match self.offer.image {
                    ImageEncoding::Raw => Vec::new(),
                    ImageEncoding::Png => png_files(sight.observation)?,
                };
                let pixels = match self.offer.image {
                    ImageEncoding::Raw => Pixels::Raw,
                    ImageEncoding::Png => Pixels::Png(&files),
                };
                v3::ActRequest::new(episode.clone(), step, sight.observation, pixels, Some(seed))?
                    .write(self.offer.encoding, &mut body);
            }
            Protocol::P2 => p2::ActRequest::new(sight.observation, sight.hand)?.write(&mut body),
            Protocol::P1 => p1::ActRequest::new(sight.observation)?.write(&mut body),
        }
        Ok(self.message(Operation::Act, body, episode, Some(step)))
    }

    /// Ends an episode, where the protocol has such a request.
    pub(super) fn close(&self, episode: &EpisodeId) -> Option<Message> {
        (self.offer.protocol == Protocol::V3).then(|| {
            let mut body = Vec::new();
            v3::CloseRequest::new(episode.clone()).write(self.offer.encoding, &mut body);
            self.message(Operation::Close, body, episode, None)
        })
    }

    fn message(
        &self,
        operation: Operation,
        body: Vec<u8>,
        episode: &EpisodeId,
        step: Option<u32>,
    ) -> Message {
        let tags = Tags {
            episode: episode.clone(),
            step,
        };
        Message {
            operation,
            body: body.into(),
            encoding: self.offer.encoding,
            tags: Some(tags).filter(|_| self.offer.protocol == Protocol::V3),
        }
    }

    /// Whether a reset was accepted.
    pub(super) fn read_reset(&self, answer: &Answer, episode: &EpisodeId) -> Result<(), Fault> {
        let body = accepted(answer)?;
        match self.offer.protocol {
            Protocol::V3 => v3::read_reset(self.encoding(answer)?, body, episode),
            Protocol::P2 | Protocol::P1 => p1::read_reset(body),
        }
        .map_err(|source| Fault::Answer { source })
    }

    /// The action, and what may follow it.
    pub(super) fn read_act(&self, answer: &Answer) -> Result<ActAnswer, Fault> {
        let body = accepted(answer)?;
        match self.offer.protocol {
            Protocol::V3 => {
                let encoding = self.encoding(answer)?;
                v3::read_act(encoding, body, self.gripper, self.max_chunk)
            }
            Protocol::P2 => p2::read_act(body),
            Protocol::P1 => p1::read_act(body, self.gripper),
        }
        .map_err(|source| Fault::Answer { source })
    }

    /// The receipt in the answer to an act or close request.
    pub(super) fn read_receipt(
        &self,
        answer: &Answer,
        episode: &EpisodeId,
    ) -> Result<Option<Receipt>, kinitro_core::Error> {
        match (self.offer.protocol, self.encoding(answer)) {
            (Protocol::V3, Ok(encoding)) if answer.status == 200 => {
                v3::read_receipt(encoding, &answer.body, episode)
            }
            _ => Ok(None),
        }
    }

    /// The encoding that a V3 server says it answers in, or that it was asked in. The older generations never said one that could be relied on.
    fn encoding(&self, answer: &Answer) -> Result<Encoding, Fault> {
        let Some(content_type) = &answer.content_type else {
            return Ok(self.offer.encoding);
        };
        media(answer).ok_or_else(|| Fault::MediaType {
            media_type: quoted(content_type),
        })
    }
}

fn media(answer: &Answer) -> Option<Encoding> {
    let content_type = answer.content_type.as_ref()?.to_str().ok()?;
    Encoding::from_content_type(content_type)
}

fn quoted(value: &HeaderValue) -> String {
    let text = value.as_bytes().escape_ascii();
    text.take(80).map(char::from).collect()
}

fn png_files(observation: &Observation) -> Result<Vec<Vec<u8>>, png::EncodingError> {
    let file = |image: &Image| {
        let (size, rgb) = (image.size(), image.rgb());
        // Every step waits for it, so time counts more than the last tenth of the size.
        png_file((size.width(), size.height()), rgb, |encoder| {
            encoder.set_compression(png::Compression::Fast);
        })
    };
    observation.images.iter().map(file).collect()
}
