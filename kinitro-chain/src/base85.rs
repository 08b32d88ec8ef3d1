//! Base85 text as Python's `base64.b85encode` writes it: groups of 4 bytes, most significant digit first,
//! a last group of `n < 4` bytes cut to `n + 1` digits.

use crate::Error;

/// The digits in the order of their values. Source: RFC 1924, section 4.2.
/// No quote, colon, comma, slash or backslash, so a blob needs no escape in JSON and never splits a colon form.
const ALPHABET: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// Writes `bytes` as base85: 5 characters for each 4 bytes, `n + 1` for the `n` that remain.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(4) * 5);
    for group in bytes.chunks(4) {
        let mut padded = [0; 4];
        padded[..group.len()].copy_from_slice(group);
        let value = u32::from_be_bytes(padded);
        for exponent in (0..5).rev().take(group.len() + 1) {
            let digit = value / 85_u32.pow(exponent) % 85;
            text.push(char::from(ALPHABET[digit as usize]));
        }
    }
    text
}

/// Reads base85. Accepts exactly what [`encode`] writes, so that bytes have one spelling.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(text.len() / 5 * 4 + 3);
    for (index, group) in text.as_bytes().chunks(5).enumerate() {
        // A cut group is filled up with the highest digit: its leading bytes are then those that were encoded.
        let mut digits = [84; 5];
        for (at, (digit, &byte)) in digits.iter_mut().zip(group).enumerate() {
            let offset = index * 5 + at;
            *digit = digit_of(byte).ok_or(Error::Base85Character { byte, offset })?;
        }
        let value = digits.iter().fold(0, |value, digit| value * 85 + digit);
        let value = u32::try_from(value).map_err(|_| Error::Base85NotCanonical)?;
        bytes.extend_from_slice(&value.to_be_bytes()[..group.len() - 1]);
    }
    if encode(&bytes) == text {
        Ok(bytes)
    } else {
        Err(Error::Base85NotCanonical)
    }
}

fn digit_of(byte: u8) -> Option<u64> {
    let mut digits = (0..).zip(ALPHABET);
    digits.find_map(|(digit, &letter)| (letter == byte).then_some(digit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn agrees_with_python() {
        // Written by `base64.b85encode` of Python 3.11.
        let python: &[(&[u8], &str)] = &[
            (b"", ""),
            (b"\0", "00"),
            (b"\xff", "{{"),
            (b"\xff\xff\xff", "|Ns9"),
            (b"\xff\xff\xff\xff", "|NsC0"),
            (b"Kinitro", "OKEOtbaHP"),
            (b"hello world!", "Xk~0{Zy<MXa%^NF"),
        ];
        for (bytes, text) in python {
            assert_eq!(encode(bytes), *text);
            assert_eq!(decode(text).unwrap(), *bytes);
        }
    }

    #[test]
    fn only_the_written_spelling_is_read() {
        for text in [
            "0",      // A digit alone holds no byte.
            "01",     // The low digit of `00` holds no bits of the one byte.
            "|NsC1",  // 2^32.
            "~~~~~",  // 85^5 - 1, the largest group.
            "000000", // A whole group and a digit alone.
        ] {
            assert!(
                matches!(decode(text), Err(Error::Base85NotCanonical)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_foreign_character_is_named_with_its_place() {
        for byte in (0..=127_u8).filter(|byte| !ALPHABET.contains(byte)) {
            let text = format!("000000{}", char::from(byte));
            let error = decode(&text).unwrap_err();
            assert!(
                matches!(error, Error::Base85Character { byte: b, offset: 6 } if b == byte),
                "{error}"
            );
        }
        assert!(matches!(
            decode("é"),
            Err(Error::Base85Character {
                byte: 0xc3,
                offset: 0
            })
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn bytes_survive(bytes in prop::collection::vec(any::<u8>(), 0..=128)) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), (bytes.len() * 5).div_ceil(4));
            prop_assert_eq!(decode(&text).unwrap(), bytes);
        }

        #[test]
        fn texts_have_one_meaning(text in "[!-~]{0,130}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
