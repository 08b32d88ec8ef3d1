//! Signed requests: whose they are, whom they are for, and that they are new.
//!
//! A request that is signed carries five headers. The signature covers the bytes of [`Stamp::signed_bytes`]:
//!
//! ```text
//! kinitro/request/1
//! POST                       the method
//! /act                       the path as the protocol names it; what a base URL puts before it is not signed
//! 9f86d0…                    SHA-256 of the body, hexadecimal; of no bytes where there is no body
//! 1767225600000              Kinitro-Timestamp
//! 00112233445566778899aabbccddeeff   Kinitro-Nonce
//! 5Grwva…                    Kinitro-Signed-By
//! 5FHneW…                    Kinitro-Signed-For
//! ```
//!
//! Without the base URL a server verifies the same bytes behind a proxy that rewrites paths.
//! [`Guard`] is what a server does with them: all rules in the one order in which a stranger can neither fill its memory nor make it verify at will.

mod guard;

use std::fmt;
use std::str::FromStr;

use crate::digest::{encode_hex, sha256};
use crate::error::Error;
use crate::ids::Hotkey;
use crate::names;
use crate::signature::{Nonce, Sign, Signature, UnixMillis, signed_lines};

use super::value::quote_bytes;
use super::{ACT_PATH, CLOSE_PATH, HEALTH_PATH, RESET_PATH};

pub use guard::{FRESHNESS, Guard, NonceMemory, is_fresh};

/// Header: when the request was signed, a [`UnixMillis`].
pub const TIMESTAMP_HEADER: &str = "Kinitro-Timestamp";
/// Header: the request's [`Nonce`].
pub const NONCE_HEADER: &str = "Kinitro-Nonce";
/// Header: the [`Hotkey`] that signed.
pub const SIGNED_BY_HEADER: &str = "Kinitro-Signed-By";
/// Header: the [`Hotkey`] whose server is meant, so that nobody can pass the request on to another miner.
pub const SIGNED_FOR_HEADER: &str = "Kinitro-Signed-For";
/// Header: the [`Signature`].
pub const SIGNATURE_HEADER: &str = "Kinitro-Signature";

/// First line of the signed bytes.
const FORM: &str = "kinitro/request/1";

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `GET /health`
    Health,
    /// `POST /reset`
    Reset,
    /// `POST /act`
    Act,
    /// `POST /close`
    Close,
}

impl Operation {
    /// Every operation with its path.
    pub const PATHS: [(Self, &'static str); 4] = [
        (Self::Health, HEALTH_PATH),
        (Self::Reset, RESET_PATH),
        (Self::Act, ACT_PATH),
        (Self::Close, CLOSE_PATH),
    ];

    /// The HTTP method.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Health => "GET",
            Self::Reset | Self::Act | Self::Close => "POST",
        }
    }

    /// The path, without what a base URL puts before it.
    pub fn path(self) -> &'static str {
        names::name(&Self::PATHS, &self)
    }
}

/// Who signs for whom, and when: the headers but for the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When it was signed.
    pub timestamp: UnixMillis,
    /// What makes two equal requests of one moment different.
    pub nonce: Nonce,
    /// Who signs.
    pub signed_by: Hotkey,
    /// Whose server is meant.
    pub signed_for: Hotkey,
}

impl Stamp {
    /// The bytes that are signed.
    pub fn signed_bytes(&self, operation: Operation, body: &[u8]) -> Vec<u8> {
        let body = encode_hex(&sha256(&[body]));
        let Self {
            timestamp,
            nonce,
            signed_by,
            signed_for,
        } = self;
        signed_lines(
            FORM,
            &[
                &operation.method(),
                &operation.path(),
                &body,
                timestamp,
                nonce,
                signed_by,
                signed_for,
            ],
        )
    }
}

/// The five headers of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// What is signed besides the request itself.
    pub stamp: Stamp,
    /// Over [`Stamp::signed_bytes`].
    pub signature: Signature,
}

impl SignedHeaders {
    /// Signs a request for the server of `signed_for`. Each request, retries included, needs a nonce of its own.
    pub fn sign(
        signer: &dyn Sign,
        signed_for: &Hotkey,
        operation: Operation,
        body: &[u8],
        timestamp: UnixMillis,
        nonce: Nonce,
    ) -> Self {
        let stamp = Stamp {
            timestamp,
            nonce,
            signed_by: signer.hotkey().clone(),
            signed_for: signed_for.clone(),
        };
        let signature = signer.sign(&stamp.signed_bytes(operation, body));
        Self { stamp, signature }
    }

    /// Names and values as they are sent.
    pub fn pairs(&self) -> [(&'static str, String); 5] {
        let stamp = &self.stamp;
        [
            (TIMESTAMP_HEADER, stamp.timestamp.to_string()),
            (NONCE_HEADER, stamp.nonce.to_string()),
            (SIGNED_BY_HEADER, stamp.signed_by.to_string()),
            (SIGNED_FOR_HEADER, stamp.signed_for.to_string()),
            (SIGNATURE_HEADER, self.signature.to_string()),
        ]
    }

    /// Finds the five among a request's headers; `None` if it has not one of them, which is an unsigned request.
    ///
    /// Names are compared without regard to case, as HTTP wants it; values must be exactly as [`Self::pairs`] writes them.
    ///
    /// # Errors
    /// [`Error::Request`] if some but not all are there, one is there twice, or a value is malformed.
    pub fn read<'h>(
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) -> Result<Option<Self>, Error> {
        const NAMES: [&str; 5] = [
            TIMESTAMP_HEADER,
            NONCE_HEADER,
            SIGNED_BY_HEADER,
            SIGNED_FOR_HEADER,
            SIGNATURE_HEADER,
        ];
        let mut values: [Option<&[u8]>; 5] = [None; 5];
        for (name, value) in headers {
            let Some(index) = NAMES.iter().position(|own| own.eq_ignore_ascii_case(name)) else {
                continue;
            };
            if values[index].replace(value).is_some() {
                return Err(refuse(RequestRule::Twice, NAMES[index], quote_bytes(value)));
            }
        }
        if values == [None; 5] {
            return Ok(None);
        }
        let [timestamp, nonce, signed_by, signed_for, signature] = values;
        Ok(Some(Self {
            stamp: Stamp {
                timestamp: parse(TIMESTAMP_HEADER, timestamp)?,
                nonce: parse(NONCE_HEADER, nonce)?,
                signed_by: parse(SIGNED_BY_HEADER, signed_by)?,
                signed_for: parse(SIGNED_FOR_HEADER, signed_for)?,
            },
            signature: parse(SIGNATURE_HEADER, signature)?,
        }))
    }
}

fn parse<T: FromStr>(header: &'static str, value: Option<&[u8]>) -> Result<T, Error> {
    let value = value.ok_or_else(|| refuse(RequestRule::Missing, header, "nothing".to_owned()))?;
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| refuse(RequestRule::Malformed, header, quote_bytes(value)))
}

fn refuse(rule: RequestRule, header: &'static str, found: String) -> Error {
    Error::Request {
        rule,
        header,
        found,
    }
}

/// A rule that a request breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestRule {
    /// A header is not there.
    Missing,
    /// A header is there twice.
    Twice,
    /// A value is not written as it must be.
    Malformed,
    /// The request is for another miner's server.
    Recipient,
    /// The server takes no orders from this hotkey.
    Signer,
    /// The timestamp lies too far from the server's clock, or so far back that its nonces are forgotten.
    Stale,
    /// The signature does not fit the request.
    Signature,
    /// The request was answered before.
    Replayed,
}

impl RequestRule {
    /// Every rule with its code in an error answer.
    pub const CODES: [(Self, &'static str); 8] = [
        (Self::Missing, "header_missing"),
        (Self::Twice, "header_twice"),
        (Self::Malformed, "header_malformed"),
        (Self::Recipient, "other_recipient"),
        (Self::Signer, "unknown_signer"),
        (Self::Stale, "stale_request"),
        (Self::Signature, "bad_signature"),
        (Self::Replayed, "replayed_request"),
    ];

    /// The code in an error answer.
    pub fn code(self) -> &'static str {
        names::name(&Self::CODES, &self)
    }
}

impl fmt::Display for RequestRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Missing => "a header is missing",
            Self::Twice => "a header is there twice",
            Self::Malformed => "not well formed",
            Self::Recipient => "meant for another server",
            Self::Signer => "not a hotkey that is obeyed here",
            Self::Stale => "not within 30 s of this server's clock, or too old to tell whether it is a repetition",
            Self::Signature => "does not fit the request",
            Self::Replayed => "seen before",
        })
    }
}

#[cfg(test)]
mod tests;
