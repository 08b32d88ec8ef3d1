//! Receipts: a miner's word that this is what its policy saw and did.
//!
//! A policy's server need not hold the miner's hotkey. The hotkey delegates to a *session key* until some time, by signing the lines
//!
//! ```text
//! kinitro/session/1
//! 5FHneW…                    the hotkey
//! 8eaf04…                    the session key, hexadecimal
//! 1769817600000              until when
//! ```
//!
//! and after an episode the session key signs
//!
//! ```text
//! kinitro/receipt/1
//! 5FHneW…                    the hotkey
//! 7c1e0b94                   the episode's id
//! 5d4140…                    the last value of the chain over observations and actions, hexadecimal
//! ```
//!
//! A transcript holds the receipt that was offered, and no verdict on it: whoever reads it checks for himself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::ids::Hotkey;
use crate::names;
use crate::protocol::wire::EpisodeId;
use crate::record::hash::ObservationHash;
use crate::signature::{SessionKey, Sign, Signature, UnixMillis, Verify, signed_lines};

/// First line of what a hotkey signs to delegate.
const SESSION_FORM: &str = "kinitro/session/1";
/// First line of what a session key signs.
const RECEIPT_FORM: &str = "kinitro/receipt/1";

/// A hotkey's permission for a session key to sign receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Who delegates.
    pub hotkey: Hotkey,
    /// To whom.
    pub session_key: SessionKey,
    /// The last moment at which the session key may sign.
    pub expires: UnixMillis,
    /// By the hotkey, over [`Delegation::signed_bytes`].
    pub signature: Signature,
}

impl Delegation {
    /// Delegates to a session key.
    pub fn sign(signer: &dyn Sign, session_key: SessionKey, expires: UnixMillis) -> Self {
        let hotkey = signer.hotkey().clone();
        let signature = signer.sign(&Self::signed_bytes(&hotkey, &session_key, expires));
        Self {
            hotkey,
            session_key,
            expires,
            signature,
        }
    }

    /// The bytes that the hotkey signs.
    pub fn signed_bytes(hotkey: &Hotkey, key: &SessionKey, expires: UnixMillis) -> Vec<u8> {
        signed_lines(SESSION_FORM, &[hotkey, key, &expires])
    }
}

/// A session key's signature over an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// What the episode was called towards the server.
    pub episode_id: EpisodeId,
    /// Who signs, and on whose behalf.
    pub delegation: Delegation,
    /// By the session key, over [`Receipt::signed_bytes`].
    pub signature: Signature,
}

impl Receipt {
    /// The bytes that the session key signs; `hash` is what [`ObservationHasher`](super::hash::ObservationHasher) ends with.
    pub fn signed_bytes(hotkey: &Hotkey, episode: &EpisodeId, hash: &ObservationHash) -> Vec<u8> {
        signed_lines(RECEIPT_FORM, &[hotkey, episode, hash])
    }

    /// Whether this proves that the miner `expected`, or whoever it names where none is expected, saw and did what `hash` says.
    ///
    /// `at` is when the receipt was given.
    ///
    /// # Errors
    /// [`Error::Receipt`] with what is wrong.
    pub fn check(
        &self,
        hash: &ObservationHash,
        expected: Option<&Hotkey>,
        at: UnixMillis,
        verifier: &dyn Verify,
    ) -> Result<(), Error> {
        let Delegation {
            hotkey,
            session_key,
            expires,
            signature,
        } = &self.delegation;
        let rule = if expected.is_some_and(|expected| expected != hotkey) {
            ReceiptRule::Hotkey
        } else if *expires < at {
            ReceiptRule::Expired
        } else if !verifier.by_hotkey(
            hotkey,
            &Delegation::signed_bytes(hotkey, session_key, *expires),
            signature,
        ) {
            ReceiptRule::Delegation
        } else if !verifier.by_session_key(
            session_key,
            &Self::signed_bytes(hotkey, &self.episode_id, hash),
            &self.signature,
        ) {
            ReceiptRule::Signature
        } else {
            return Ok(());
        };
        Err(Error::Receipt { rule })
    }
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReceiptRule {
    /// It is another miner's.
    Hotkey,
    /// The delegation had ended.
    Expired,
    /// The hotkey did not delegate to this session key until this time.
    Delegation,
    /// The session key did not sign this episode's id and hash.
    Signature,
}

impl ReceiptRule {
    const TEXTS: [(Self, &'static str); 4] = [
        (Self::Hotkey, "it is another hotkey's"),
        (Self::Expired, "its delegation has expired"),
        (
            Self::Delegation,
            "the hotkey's signature does not fit the delegation",
        ),
        (
            Self::Signature,
            "the session key's signature does not fit what was seen and done",
        ),
    ];
}

impl fmt::Display for ReceiptRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(names::name(&Self::TEXTS, self))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::signature::tests::{FakeKeys, FakeVerifier};

    const EXPIRES: u64 = 2_000;

    fn time(millis: u64) -> UnixMillis {
        UnixMillis::new(millis).unwrap()
    }

    fn hash() -> ObservationHash {
        ObservationHash::of(&[b"seen"])
    }

    /// A receipt of miner `5miner` for episode `7c1e0b94`.
    pub(crate) fn receipt() -> Receipt {
        let key = FakeKeys::session_key();
        let delegation = Delegation::sign(&FakeKeys::of("5miner"), key, time(EXPIRES));
        let episode_id = "7c1e0b94".parse().unwrap();
        let message = Receipt::signed_bytes(&delegation.hotkey, &episode_id, &hash());
        Receipt {
            episode_id,
            signature: FakeKeys::sign_as(key.as_bytes(), &message),
            delegation,
        }
    }

    fn fault(receipt: &Receipt, hash: &ObservationHash, at: u64) -> Option<ReceiptRule> {
        let miner = "5miner".parse().unwrap();
        match receipt.check(hash, Some(&miner), time(at), &FakeVerifier) {
            Ok(()) => None,
            Err(Error::Receipt { rule }) => Some(rule),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_receipt_holds_for_its_episode_and_no_other() {
        use ReceiptRule as R;
        assert_eq!(fault(&receipt(), &hash(), EXPIRES), None);
        assert_eq!(fault(&receipt(), &hash(), EXPIRES + 1), Some(R::Expired));
        let other_hash = ObservationHash::of(&[b"else"]);
        assert_eq!(fault(&receipt(), &other_hash, 0), Some(R::Signature));

        let changed = |change: fn(&mut Receipt)| {
            let mut receipt = receipt();
            change(&mut receipt);
            fault(&receipt, &hash(), 0)
        };
        assert_eq!(
            changed(|r| r.episode_id = "7c1e0b95".parse().unwrap()),
            Some(R::Signature)
        );
        assert_eq!(
            changed(|r| r.delegation.hotkey = "5other".parse().unwrap()),
            Some(R::Hotkey)
        );
        assert_eq!(
            changed(|r| r.delegation.expires = time(EXPIRES + 1)),
            Some(R::Delegation)
        );
        assert_eq!(
            changed(|r| r.delegation.session_key = SessionKey::from_bytes([8; 32])),
            Some(R::Delegation)
        );
        assert_eq!(
            changed(|r| r.signature = r.delegation.signature),
            Some(R::Signature)
        );
    }

    #[test]
    fn where_nobody_is_expected_the_named_hotkey_must_still_have_signed() {
        let at = time(0);
        let check = |receipt: &Receipt| receipt.check(&hash(), None, at, &FakeVerifier);
        assert!(check(&receipt()).is_ok());
        let mut renamed = receipt();
        renamed.delegation.hotkey = "5other".parse().unwrap();
        assert!(check(&renamed).is_err());
    }

    #[test]
    fn signed_bytes_are_as_documented() {
        let Receipt {
            delegation,
            episode_id,
            ..
        } = receipt();
        let Delegation {
            hotkey,
            session_key,
            expires,
            ..
        } = delegation;
        let session = format!("kinitro/session/1\n5miner\n{}\n2000\n", "07".repeat(32));
        assert_eq!(
            Delegation::signed_bytes(&hotkey, &session_key, expires),
            session.as_bytes()
        );
        let told = format!("kinitro/receipt/1\n5miner\n7c1e0b94\n{}\n", hash());
        assert_eq!(
            Receipt::signed_bytes(&hotkey, &episode_id, &hash()),
            told.as_bytes()
        );
    }
}
