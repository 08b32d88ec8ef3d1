//! Who said something, and when: signatures, keys and times as types.
//!
//! The signatures are sr25519 in the signing context `substrate`, as hotkeys make them everywhere on the chain. They are made and checked
//! outside of this crate, behind [`Sign`] and [`Verify`]; which bytes are signed is said beside what they mean, in
//! [`protocol::wire::signed`](crate::protocol::wire::signed) and [`record::receipt`](crate::record::receipt).
//!
//! All signed bytes are lines of ASCII, each ended by `\n`: first what is signed and the version of that form, then one value per line.
//! No value can hold a line's end, so two different lists of values never give the same bytes, and no signature serves two purposes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::{decode_hex, encode_hex};
use crate::error::{Error, quote};
use crate::ids::Hotkey;

/// Whoever holds a hotkey's secret.
pub trait Sign: Send + Sync {
    /// The hotkey.
    fn hotkey(&self) -> &Hotkey;

    /// Signs these bytes; two signatures over the same bytes differ.
    fn sign(&self, message: &[u8]) -> Signature;
}

/// Whoever can check signatures. An answer of `false` says only that they do not hold, never why.
pub trait Verify: Send + Sync {
    /// Whether this hotkey signed these bytes; `false` too for a hotkey that is no address of the chain.
    fn by_hotkey(&self, hotkey: &Hotkey, message: &[u8], signature: &Signature) -> bool;

    /// Whether this session key signed these bytes.
    fn by_session_key(&self, key: &SessionKey, message: &[u8], signature: &Signature) -> bool;
}

/// Bytes whose text form is that many lower-case hexadecimal digits, no other, so that equal values are equal texts.
macro_rules! hex_text {
    ($(#[$doc:meta])* $name:ident, $len:literal bytes, $what:literal, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $len]);

        impl $name {
            /// Wraps the bytes.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode_hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                decode_hex(text)
                    .filter(|_| !text.bytes().any(|b| b.is_ascii_uppercase()))
                    .map(Self)
                    .ok_or_else(|| Error::Grammar {
                        what: $what,
                        text: quote(text),
                        reason: $rule,
                    })
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self, Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

hex_text!(
    /// An sr25519 signature.
    Signature, 64 bytes, "signature", "expected 128 lower-case hexadecimal digits"
);

hex_text!(
    /// The public half of a key that a hotkey lets sign receipts for a while, so that the hotkey itself need not lie on a policy's server.
    SessionKey, 32 bytes, "session key", "expected 64 lower-case hexadecimal digits"
);

hex_text!(
    /// A number that a signer uses once: 16 random bytes.
    Nonce, 16 bytes, "nonce", "expected 32 lower-case hexadecimal digits"
);

/// A point in time: milliseconds since 1970-01-01 00:00 UTC, at most [`UnixMillis::MAX`].
///
/// Text form: decimal digits without leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// The largest number of 15 digits, in the year 33658; a double holds all of them exactly, whatever reads the JSON.
    pub const MAX: Self = Self(999_999_999_999_999);

    /// # Errors
    /// [`Error::OutOfRange`] above [`Self::MAX`].
    pub fn new(millis: u64) -> Result<Self, Error> {
        if millis <= Self::MAX.0 {
            return Ok(Self(millis));
        }
        Err(Error::OutOfRange {
            what: "time".to_owned(),
            value: millis as f64,
            expected: "milliseconds since 1970, of at most 15 digits",
        })
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for UnixMillis {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_decimal = (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let is_canonical = text == "0" || !text.starts_with('0');
        match text.parse() {
            Ok(millis) if is_decimal && is_canonical => Ok(Self(millis)),
            _ => Err(Error::Grammar {
                what: "time",
                text: quote(text),
                reason: "expected milliseconds since 1970 as 1 to 15 digits without leading zeros",
            }),
        }
    }
}

impl TryFrom<u64> for UnixMillis {
    type Error = Error;

    fn try_from(millis: u64) -> Result<Self, Error> {
        Self::new(millis)
    }
}

impl From<UnixMillis> for u64 {
    fn from(time: UnixMillis) -> Self {
        time.0
    }
}

/// The bytes that are signed: the form's name, then one value per line.
pub(crate) fn signed_lines(form: &str, values: &[&dyn fmt::Display]) -> Vec<u8> {
    let mut text = format!("{form}\n");
    for value in values {
        text.push_str(&value.to_string());
        text.push('\n');
    }
    text.into_bytes()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::sha256;

    /// Signs by hashing: good enough to see which bytes are signed by whom.
    #[derive(Debug)]
    pub(crate) struct FakeKeys(Hotkey);

    impl FakeKeys {
        pub(crate) fn of(hotkey: &str) -> Self {
            Self(hotkey.parse().unwrap())
        }

        pub(crate) fn session_key() -> SessionKey {
            SessionKey::from_bytes([7; 32])
        }

        pub(crate) fn sign_as(who: &[u8], message: &[u8]) -> Signature {
            let halves = [sha256(&[b"0", who, message]), sha256(&[b"1", who, message])];
            Signature::from_bytes(*halves.as_flattened().first_chunk().unwrap())
        }
    }

    impl Sign for FakeKeys {
        fn hotkey(&self) -> &Hotkey {
            &self.0
        }

        fn sign(&self, message: &[u8]) -> Signature {
            Self::sign_as(self.0.as_str().as_bytes(), message)
        }
    }

    /// Checks what [`FakeKeys`] sign.
    #[derive(Debug)]
    pub(crate) struct FakeVerifier;

    impl Verify for FakeVerifier {
        fn by_hotkey(&self, hotkey: &Hotkey, message: &[u8], signature: &Signature) -> bool {
            FakeKeys::sign_as(hotkey.as_str().as_bytes(), message) == *signature
        }

        fn by_session_key(&self, key: &SessionKey, message: &[u8], signature: &Signature) -> bool {
            FakeKeys::sign_as(key.as_bytes(), message) == *signature
        }
    }

    #[test]
    fn every_value_has_one_text() {
        let hex = "0123456789abcdef0123456789abcdef";
        let nonce: Nonce = hex.parse().unwrap();
        assert_eq!(nonce.to_string(), hex);
        for bad in ["", &hex[1..], &hex.to_uppercase(), &format!("0x{hex}"), " "] {
            assert!(bad.parse::<Nonce>().is_err(), "{bad}");
        }
        for good in ["0", "1", "1767225600000", "999999999999999"] {
            assert_eq!(good.parse::<UnixMillis>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "01",
            "+1",
            "-1",
            "1.0",
            "1e3",
            " 1",
            "1000000000000000",
            "٣",
        ] {
            assert!(bad.parse::<UnixMillis>().is_err(), "{bad}");
        }
        assert!(UnixMillis::new(UnixMillis::MAX.get() + 1).is_err());
    }

    proptest! {
        #[test]
        fn texts_and_json_are_read_back(bytes: [u8; 32], millis in 0..=UnixMillis::MAX.get()) {
            let key = SessionKey::from_bytes(bytes);
            prop_assert_eq!(key.to_string().parse::<SessionKey>().unwrap(), key);
            let time = UnixMillis::new(millis).unwrap();
            let json = serde_json::to_string(&(key, time)).unwrap();
            prop_assert_eq!(serde_json::from_str::<(SessionKey, UnixMillis)>(&json).unwrap(), (key, time));
        }

        #[test]
        fn whatever_parses_prints_as_it_was_written(text in "[0-9a-fA-F]{30,34}|[0-9]{1,17}|.*") {
            if let Ok(nonce) = text.parse::<Nonce>() {
                prop_assert_eq!(nonce.to_string(), &*text);
            }
            if let Ok(time) = text.parse::<UnixMillis>() {
                prop_assert_eq!(time.to_string(), text);
            }
        }
    }
}
