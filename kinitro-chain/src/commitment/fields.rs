//! The parts of a commitment, each parsed once into a type that cannot hold nonsense.

use std::fmt;
use std::str::FromStr;

use crate::base85;
use crate::error::{Error, escaped};

/// A model repository on the Hugging Face hub, `owner/name`.
///
/// Each part has 1 to 96 characters of `A-Z a-z 0-9 . _ -` and is more than dots, so that it is safe in a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoId(String);

impl RepoId {
    /// The whole id, `owner/name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RepoId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let valid = |part: &str| {
            (1..=96).contains(&part.len())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
                && part.bytes().any(|b| b != b'.')
        };
        match text.split_once('/') {
            Some((owner, name)) if valid(owner) && valid(name) => Ok(Self(text.to_owned())),
            _ => Err(Error::InvalidRepo {
                value: escaped(text),
            }),
        }
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A Git commit hash or the beginning of one: 7 to 40 hexadecimal digits, kept in lower case.
///
/// Only a full hash names one content: tags, branches and later commits can share a prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(String);

impl Revision {
    /// Digits of a full SHA-1 commit hash.
    const FULL_LEN: usize = 40;

    /// The digits, lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether all 40 digits are given, which downloading and verifying a policy require.
    pub fn is_full(&self) -> bool {
        self.0.len() == Self::FULL_LEN
    }

    /// The 20 bytes of a full hash, and nothing for a prefix.
    pub(super) fn to_hash(&self) -> Option<[u8; 20]> {
        hex_bytes(&self.0)
    }

    /// The revision with this full hash.
    pub(super) fn from_hash(hash: [u8; 20]) -> Self {
        Self(hex_text(&hash))
    }
}

impl FromStr for Revision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // Seven digits are the shortest prefix that Git and the hub print.
        if (7..=Self::FULL_LEN).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
        {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Error::InvalidRevision {
                value: escaped(text),
            })
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a miner's policy answers.
///
/// Never a host name: the host is built from the id and a suffix that the operator allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// A deployment, by its UUID.
    Deployment(DeploymentId),
    /// A deployment, by a name that is one DNS label.
    Slug(Slug),
    /// A deployment that only the operator can read.
    Sealed(SealedEndpoint),
}

/// Parses a *public* endpoint: a UUID, otherwise a DNS label. Parse a sealed one with [`SealedEndpoint::from_str`].
impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Deployment(id));
        }
        // RFC 1123, section 2.1, with the length of RFC 1035, section 2.3.4.
        let is_label = (1..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if is_label {
            Ok(Self::Slug(Slug(text.to_ascii_lowercase())))
        } else {
            Err(Error::InvalidEndpoint {
                value: escaped(text),
            })
        }
    }
}

/// The UUID of a deployment; its text is hyphenated and in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeploymentId([u8; 16]);

impl DeploymentId {
    /// The UUID with these bytes, most significant first.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the UUID, most significant first.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for DeploymentId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let groups: Vec<&str> = text.split('-').collect();
        let hyphenated = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
        (hyphenated.then(|| hex_bytes(&groups.concat())).flatten())
            .map(Self)
            .ok_or_else(|| Error::InvalidDeployment {
                value: escaped(text),
            })
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex_text(&self.0);
        f.write_str(&digits[..8])?;
        for group in [8..12, 12..16, 16..20, 20..32] {
            write!(f, "-{}", &digits[group])?;
        }
        Ok(())
    }
}

/// The name of a deployment: one DNS label that is no UUID, kept in lower case. Made by parsing an [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An endpoint encrypted for the operator, 64 bytes that are not interpreted here:
/// the sender's ephemeral X25519 key (32), the encrypted UUID (16) and the authentication tag (16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealedEndpoint([u8; 64]);

impl SealedEndpoint {
    /// Base85 characters of the 64 bytes.
    const TEXT_LEN: usize = 80;

    /// The sealed endpoint with these bytes.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The bytes to be opened.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl FromStr for SealedEndpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong_length = Error::SealedLength {
            len: text.len(),
            expected: Self::TEXT_LEN,
        };
        if text.len() != Self::TEXT_LEN {
            return Err(wrong_length);
        }
        base85::decode(text)?
            .try_into()
            .map(Self)
            .map_err(|_| wrong_length)
    }
}

impl fmt::Display for SealedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base85::encode(&self.0))
    }
}

/// Exactly `N` bytes in hexadecimal of either case.
pub(super) fn hex_bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// `bytes` in lower-case hexadecimal.
pub(super) fn hex_text(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
