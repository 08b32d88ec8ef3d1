//! Whom a server obeys, and in whose name it gives receipts.

use std::io::Cursor;
use std::sync::Mutex;
use std::time::Duration;

use kinitro_chain::{SessionPair, Sr25519};
use kinitro_core::ids::Hotkey;
use kinitro_core::protocol::policy::{CameraName, Image, Observation};
use kinitro_core::protocol::wire::signed::{
    Guard, NonceMemory, Operation, RequestRule, SIGNATURE_HEADER, SignedHeaders,
};
use kinitro_core::protocol::wire::{EncodedImage, EpisodeId, ImageEncoding, v3};
use kinitro_core::record::{Delegation, ObservationHash, Receipt};
use kinitro_core::signature::{Sign, UnixMillis};
use kinitro_core::units::ImageSize;

use super::app::Request;
use super::behaviour::Refusal;
use super::episodes::lock;
use super::fault::Endpoint;
use crate::policy_server::now;

/// Whose requests a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The miner whose server it is: requests must be signed for it.
    pub miner: Hotkey,
    /// Who may sign.
    pub signers: Vec<Hotkey>,
}

/// What a server signs receipts with.
#[derive(Debug, Clone)]
pub struct Session {
    pair: SessionPair,
    delegation: Delegation,
}

impl Session {
    /// A new session key that this hotkey lets sign for so long.
    pub fn begin(hotkey: &dyn Sign, lasting: Duration) -> Self {
        let pair = SessionPair::generate();
        let lasting = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
        let expires = UnixMillis::new(now().get().saturating_add(lasting));
        let delegation = Delegation::sign(hotkey, pair.key(), expires.unwrap_or(UnixMillis::MAX));
        Self { pair, delegation }
    }

    /// A receipt over an episode.
    pub(super) fn receipt(&self, episode_id: EpisodeId, hash: &ObservationHash) -> Receipt {
        let message = Receipt::signed_bytes(&self.delegation.hotkey, &episode_id, hash);
        Receipt {
            episode_id,
            delegation: self.delegation.clone(),
            signature: self.pair.sign(&message),
        }
    }
}

/// Lets requests in.
#[derive(Debug)]
pub(super) struct Door(Option<Mutex<Guard>>);

impl Door {
    /// Open to everybody unless told otherwise.
    pub(super) fn new(admission: Option<&Admission>) -> Self {
        let guard = |Admission { miner, signers }: &Admission| {
            let memory = NonceMemory::new(NonceMemory::DEFAULT_CAPACITY);
            Mutex::new(Guard::new(miner.clone(), signers.clone(), memory))
        };
        Self(admission.map(guard))
    }

    /// Whether a request may come in.
    pub(super) fn admit(&self, endpoint: Endpoint, request: &Request) -> Result<(), Refusal> {
        let Some(guard) = &self.0 else {
            return Ok(());
        };
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
        let admitted = SignedHeaders::read(headers).and_then(|headers| {
            let headers = headers.ok_or(kinitro_core::Error::Request {
                rule: RequestRule::Missing,
                header: SIGNATURE_HEADER,
                found: "nothing".to_owned(),
            })?;
            let operation = operation(endpoint);
            lock(guard).admit(&headers, operation, &request.body, now(), &Sr25519)
        });
        admitted.map_err(|error| match &error {
            kinitro_core::Error::Request { rule, .. } => {
                Refusal::new(401, rule.code(), error.to_string())
            }
            _ => Refusal::new(401, "bad_request", error.to_string()),
        })
    }
}

fn operation(endpoint: Endpoint) -> Operation {
    match endpoint {
        Endpoint::Health => Operation::Health,
        Endpoint::Reset => Operation::Reset,
        Endpoint::Act => Operation::Act,
        Endpoint::Close => Operation::Close,
    }
}

/// Everything that an act request shows, images decoded: what a receipt is about.
pub(super) fn view(request: &v3::ActRequest<'_>) -> Result<Observation, Refusal> {
    let v3::Observation { rgb, proprio } = &request.obs;
    let ([x, y, z], [opening]) = (proprio.ee_pos, proprio.gripper_open);
    let image = |(camera, image): (&_, &_)| {
        picture(*camera, image).ok_or_else(|| {
            let message = format!("the image of `{camera}` cannot be decoded");
            Refusal::new(422, "bad_request", message)
        })
    };
    Ok(Observation {
        proprio: [x, y, z, opening],
        images: rgb.iter().map(image).collect::<Result<_, _>>()?,
    })
}

/// The pixels behind an image; `None` if they are not what its shape says.
fn picture(camera: CameraName, image: &EncodedImage<'_>) -> Option<Image> {
    let [height, width, 3] = image.shape else {
        return None;
    };
    let size = ImageSize::new(width, height).ok()?;
    let bytes = image.data.bytes();
    let rgb = match image.enc {
        ImageEncoding::Raw => bytes.to_vec(),
        ImageEncoding::Png => decoded(bytes, size)?,
    };
    Image::new(camera, size, rgb).ok()
}

fn decoded(file: &[u8], size: ImageSize) -> Option<Vec<u8>> {
    let mut reader = png::Decoder::new(Cursor::new(file)).read_info().ok()?;
    let has_shape = reader.info().size() == (size.width(), size.height())
        && reader.output_color_type() == (png::ColorType::Rgb, png::BitDepth::Eight);
    if !has_shape {
        return None;
    }
    let mut rgb = vec![0; size.rgb_len()];
    reader.next_frame(&mut rgb).ok()?;
    Some(rgb)
}
