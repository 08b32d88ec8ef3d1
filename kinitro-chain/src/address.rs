//! SS58 addresses: base58 over a network prefix, a public key and a checksum.
//!
//! Source of the format: the SS58 registry and its description in the Substrate documentation; Bittensor uses the prefix 42.

use kinitro_core::ids::Hotkey;

use crate::error::{Error, escaped};

/// The network prefix of every address on Bittensor.
const PREFIX: u8 = 42;
/// Prefix, public key, checksum.
const LEN: usize = 1 + 32 + CHECKSUM_LEN;
const CHECKSUM_LEN: usize = 2;

/// The address of a public key.
pub fn address(public_key: &[u8; 32]) -> Hotkey {
    let mut bytes = [PREFIX; LEN];
    let (body, sum) = bytes.split_at_mut(LEN - CHECKSUM_LEN);
    body[1..].copy_from_slice(public_key);
    sum.copy_from_slice(&checksum(body));
    bs58::encode(bytes)
        .into_string()
        .parse()
        .expect("base58 of 35 bytes is a hotkey's text")
}

/// The public key of an address.
///
/// # Errors
/// [`Error::InvalidAddress`] for a text of another length, network or checksum.
pub fn public_key(address: &Hotkey) -> Result<[u8; 32], Error> {
    let invalid = |reason| Error::InvalidAddress {
        value: escaped(address.as_str()),
        reason,
    };
    let mut bytes = [0; Hotkey::MAX_LEN];
    let len = bs58::decode(address.as_str())
        .onto(&mut bytes[..])
        .map_err(|_| invalid("not base58"))?;
    let Ok(bytes) = <[u8; LEN]>::try_from(&bytes[..len]) else {
        return Err(invalid("it does not hold 35 bytes"));
    };
    let (body, sum) = bytes.split_at(LEN - CHECKSUM_LEN);
    if checksum(body) != sum {
        return Err(invalid("its checksum is wrong"));
    }
    match body {
        [PREFIX, key @ ..] => Ok(key.try_into().expect("32 bytes are left")),
        _ => Err(invalid("it belongs to another network")),
    }
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_LEN] {
    let hash = blake2b_simd::State::new()
        .update(b"SS58PRE")
        .update(body)
        .finalize();
    [hash.as_bytes()[0], hash.as_bytes()[1]]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The development account //Alice, known to everybody.
    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn addresses_of_other_networks_and_damaged_ones_are_refused() {
        let refusal = |text: &str| {
            let hotkey = text.parse().unwrap();
            public_key(&hotkey).unwrap_err().to_string()
        };
        assert_eq!(
            address(&public_key(&ALICE.parse().unwrap()).unwrap()).as_str(),
            ALICE
        );
        // The same key with prefix 0.
        let polkadot = "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5";
        assert!(refusal(polkadot).contains("another network"));
        assert!(refusal(&ALICE.replace("utQY", "utQZ")).contains("checksum"));
        assert!(refusal(&ALICE[8..]).contains("35 bytes"));
        assert!(refusal("5miner").contains("35 bytes"));
        assert!(refusal(&"z".repeat(64)).contains("35 bytes"));
    }

    proptest! {
        #[test]
        fn every_key_has_one_address(key: [u8; 32]) {
            prop_assert_eq!(public_key(&address(&key)).unwrap(), key);
        }
    }
}
