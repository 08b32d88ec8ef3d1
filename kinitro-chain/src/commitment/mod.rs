//! What the participants of the subnet publish on chain: payload ⇄ [`Record`], without a node.
//!
//! A payload is at most [`MAX_LEN`] bytes of printable ASCII; white space around it is ignored.
//! The forms are told apart without trial and error, in this order:
//!
//! | form | recognized by | example |
//! |---|---|---|
//! | operator key | `{`, key `t` or `k` | `{"t":"pk","k":"<64 hex>"}`, older `{"type":"backend_pubkey","key":…}` |
//! | JSON | `{` | `{"m":"user/repo","r":"<hex>","d":"<uuid or label>"}`, long keys `model`, `revision`, `deployment_id` |
//! | JSON, sealed | `{` | `{"m":"user/repo","r":"<hex>","e":"<base85>"}` |
//! | colon | a colon | `user/repo:<hex>:<uuid or label>` |
//! | colon, sealed | a colon, third field `e` | `user/repo:<hex>:e:<base85>` |
//! | colon, oldest | a colon, fourth field | `user/repo:<hex>:<uuid>:<image>`; nothing uses the image, so it is checked and dropped |
//! | compact | `k1` | `k1`, then base85 of version (1 byte, `1`), revision (20), UUID (16), repository |
//!
//! Parsing is strict: an unknown or repeated key, a field outside its grammar or an extra field rejects the whole
//! payload, and the [`Error`] says why. An endpoint without repository and revision is rejected too.

mod fields;
mod json;
#[cfg(test)]
mod tests;

pub use fields::{DeploymentId, Endpoint, RepoId, Revision, SealedEndpoint, Slug};

use crate::base85;
use crate::error::{Error, escaped};
use fields::hex_text;

/// Longest payload, in bytes. Source: the variants `Raw0` to `Raw128` of `Data` in Subtensor's Commitments pallet.
pub const MAX_LEN: usize = 128;

/// What begins the compact form.
const COMPACT_PREFIX: &str = "k1";
/// The first byte inside the compact form.
const COMPACT_VERSION: u8 = 1;

/// One published payload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Record {
    /// A miner's policy.
    Miner(Commitment),
    /// The X25519 public key to which miners seal their endpoints, published by the operator of the subnet.
    /// Any 32 bytes: whether they are a safe key is for the sealing to decide.
    OperatorKey([u8; 32]),
}

/// A policy that a miner offers for evaluation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment {
    /// Where the weights and the code are.
    pub repo: RepoId,
    /// Which version of them.
    pub revision: Revision,
    /// Where the policy answers.
    pub endpoint: Endpoint,
}

impl Record {
    /// Reads a payload in any of the [forms](self).
    ///
    /// # Errors
    /// The first reason, in reading order, for which the payload is not a record.
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let text = printable(payload)?;
        if text.starts_with('{') {
            return json::parse(text);
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            return Err(Error::NotAnObject);
        }
        if text.contains(':') {
            return parse_colon(text).map(Self::Miner);
        }
        if let Some(digits) = text.strip_prefix(COMPACT_PREFIX) {
            return parse_compact(digits).map(Self::Miner);
        }
        match text.parse::<DeploymentId>() {
            Ok(_) => Err(Error::EndpointOnly),
            Err(_) => Err(Error::UnknownFormat),
        }
    }

    /// Writes the payload: an operator key as JSON, a commitment as [`Commitment::write`] does.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] for a commitment too long for every form.
    pub fn write(&self) -> Result<String, Error> {
        match self {
            Self::Miner(commitment) => commitment.write(),
            Self::OperatorKey(key) => Ok(format!(r#"{{"t":"pk","k":"{}"}}"#, hex_text(key))),
        }
    }
}

impl Commitment {
    /// Writes the payload: JSON with short keys if that fits into [`MAX_LEN`], otherwise the colon form,
    /// otherwise the compact form, which exists for a full revision and a deployment UUID.
    /// The revision is never shortened.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if the shortest form is too long.
    pub fn write(&self) -> Result<String, Error> {
        let forms = [
            Some(self.to_json()),
            Some(self.to_colon()),
            self.to_compact(),
        ];
        let mut shortest = usize::MAX;
        for form in forms.into_iter().flatten() {
            if form.len() <= MAX_LEN {
                return Ok(form);
            }
            shortest = shortest.min(form.len());
        }
        Err(Error::DoesNotFit {
            len: shortest,
            max: MAX_LEN,
        })
    }

    /// No field can hold a character that JSON escapes.
    fn to_json(&self) -> String {
        let Self {
            repo,
            revision,
            endpoint,
        } = self;
        let (key, value) = match endpoint {
            Endpoint::Deployment(id) => ("d", id.to_string()),
            Endpoint::Slug(slug) => ("d", slug.to_string()),
            Endpoint::Sealed(sealed) => ("e", sealed.to_string()),
        };
        format!(r#"{{"m":"{repo}","r":"{revision}","{key}":"{value}"}}"#)
    }

    /// No field can hold a colon.
    fn to_colon(&self) -> String {
        let Self {
            repo,
            revision,
            endpoint,
        } = self;
        match endpoint {
            Endpoint::Deployment(id) => format!("{repo}:{revision}:{id}"),
            Endpoint::Slug(slug) => format!("{repo}:{revision}:{slug}"),
            Endpoint::Sealed(sealed) => format!("{repo}:{revision}:e:{sealed}"),
        }
    }

    fn to_compact(&self) -> Option<String> {
        let Endpoint::Deployment(id) = &self.endpoint else {
            return None;
        };
        let hash = self.revision.to_hash()?;
        let bytes = [
            &[COMPACT_VERSION],
            &hash[..],
            id.as_bytes(),
            self.repo.as_str().as_bytes(),
        ]
        .concat();
        Some(format!("{COMPACT_PREFIX}{}", base85::encode(&bytes)))
    }
}

/// The payload as text without surrounding white space.
fn printable(payload: &[u8]) -> Result<&str, Error> {
    if payload.len() > MAX_LEN {
        return Err(Error::TooLong {
            len: payload.len(),
            max: MAX_LEN,
        });
    }
    // What JSON calls white space, and no other control character.
    let is_allowed = |byte: u8| byte.is_ascii_graphic() || b" \t\r\n".contains(&byte);
    if let Some(offset) = payload.iter().position(|&byte| !is_allowed(byte)) {
        return Err(Error::NotPrintable {
            byte: payload[offset],
            offset,
        });
    }
    let text = std::str::from_utf8(payload)
        .expect("ASCII is UTF-8")
        .trim_ascii();
    if text.is_empty() {
        Err(Error::Empty)
    } else {
        Ok(text)
    }
}

fn parse_colon(text: &str) -> Result<Commitment, Error> {
    // An image reference may itself hold colons (`registry:5000/user/image:tag`).
    let fields: Vec<&str> = text.splitn(4, ':').collect();
    let (repo, revision, endpoint) = match fields[..] {
        ["e", _] => return Err(Error::EndpointOnly),
        [repo, revision, endpoint] => (repo, revision, endpoint.parse()),
        [repo, revision, "e", sealed] => (repo, revision, sealed.parse().map(Endpoint::Sealed)),
        [repo, revision, id, image] => (repo, revision, oldest_endpoint(id, image)),
        _ => return Err(Error::TooFewFields),
    };
    Ok(Commitment {
        repo: repo.parse()?,
        revision: revision.parse()?,
        endpoint: endpoint?,
    })
}

/// The endpoint of the oldest form, whose hosts gave out UUIDs only.
/// Nothing else is accepted, since `https://…` as third field would otherwise be the label `https` and an image.
fn oldest_endpoint(id: &str, image: &str) -> Result<Endpoint, Error> {
    let endpoint = id.parse().map(Endpoint::Deployment)?;
    let is_reference = image.starts_with(|c: char| c.is_ascii_alphanumeric())
        && image
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b));
    if is_reference {
        Ok(endpoint)
    } else {
        Err(Error::InvalidImage {
            value: escaped(image),
        })
    }
}

fn parse_compact(digits: &str) -> Result<Commitment, Error> {
    let bytes = base85::decode(digits)?;
    let too_short = || Error::CompactLength { len: bytes.len() };
    let (&version, rest) = bytes.split_first().ok_or_else(too_short)?;
    if version != COMPACT_VERSION {
        return Err(Error::CompactVersion { version });
    }
    let (&hash, rest) = rest.split_first_chunk().ok_or_else(too_short)?;
    let (&id, repo) = rest.split_first_chunk().ok_or_else(too_short)?;
    Ok(Commitment {
        repo: String::from_utf8_lossy(repo).parse()?,
        revision: Revision::from_hash(hash),
        endpoint: Endpoint::Deployment(DeploymentId::from_bytes(id)),
    })
}
