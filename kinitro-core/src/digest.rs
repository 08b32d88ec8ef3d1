//! SHA-256 digests as types, and their hexadecimal text.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, quote};

/// A SHA-256 digest of one kind of thing; digests of different kinds cannot be mixed up.
///
/// Text form: 64 lower-case hexadecimal digits; upper case is accepted when reading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest<K> {
    bytes: [u8; 32],
    kind: PhantomData<K>,
}

/// What a [`Digest`] is the digest of.
pub mod kind {
    /// A file's bytes.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum File {}
    /// An evaluation's frozen configuration.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Config {}
    /// An operator's secret, committed to before its cycle.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Secret {}
    /// A finalized block of the chain; not computed here.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Block {}
    /// A scene record.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Scene {}
    /// The physical states of an episode.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum State {}
    /// The images of an episode.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Image {}
    /// The chained observations and actions of an episode.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Observation {}
    /// The results of a mathematics library on a fixed table of inputs.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Libm {}
}

/// Digest of a file or of a set of files.
pub type FileDigest = Digest<kind::File>;
/// Digest of the configuration that a commitment freezes.
pub type ConfigDigest = Digest<kind::Config>;
/// What an operator publishes before a cycle.
pub type SecretCommitment = Digest<kind::Secret>;
/// Hash of a finalized block.
pub type BlockHash = Digest<kind::Block>;
/// Fingerprint of a mathematics library.
pub type LibmFingerprint = Digest<kind::Libm>;

impl<K> Digest<K> {
    /// Wraps 32 bytes that are already a digest.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self {
            bytes,
            kind: PhantomData,
        }
    }

    /// SHA-256 over the parts, one after the other.
    ///
    /// The parts are not separated: whoever mixes variable lengths writes them out as a part of their own.
    pub fn of(parts: &[&[u8]]) -> Self {
        Self::from_bytes(sha256(parts))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl<K> fmt::Display for Digest<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_hex(&self.bytes))
    }
}

impl<K> fmt::Debug for Digest<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl<K> FromStr for Digest<K> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match decode_hex(text) {
            Some(bytes) => Ok(Self::from_bytes(bytes)),
            None => Err(Error::Grammar {
                what: "digest",
                text: quote(text),
                reason: HEX_RULE,
            }),
        }
    }
}

impl<K> Serialize for Digest<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K> Deserialize<'de> for Digest<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

pub(crate) const HEX_RULE: &str = "expected 64 hexadecimal digits";

/// SHA-256 over the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Two lower-case digits per byte.
pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Exactly `N` bytes, two digits of either case each.
pub(crate) fn decode_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let pairs: &[[u8; 2]; N] = pairs.try_into().ok()?;
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_matches_the_published_vector() {
        // Source: FIPS 180-4 examples, SHA-256("abc").
        let abc = FileDigest::of(&[b"a", b"bc"]);
        assert_eq!(
            abc.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            abc.to_string()
                .to_uppercase()
                .parse::<FileDigest>()
                .unwrap(),
            abc
        );
    }

    #[test]
    fn only_64_hexadecimal_digits_are_a_digest() {
        let good = "0".repeat(64);
        assert!(good.parse::<FileDigest>().is_ok());
        for bad in [
            "",
            "00",
            &good[1..],
            &format!("{good}0"),
            &good.replace('0', "g"),
            &"é".repeat(32),
        ] {
            assert!(bad.parse::<FileDigest>().is_err(), "{bad}");
        }
    }
}
