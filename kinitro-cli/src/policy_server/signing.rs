//! Who asks and who is asked: signatures on requests, receipts for episodes.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use hyper::body::Bytes;
use kinitro_chain::Sr25519;
use kinitro_core::Error;
use kinitro_core::ids::Hotkey;
use kinitro_core::protocol::wire::signed::{Operation, SignedHeaders};
use kinitro_core::record::{ObservationHash, Receipt};
use kinitro_core::signature::{Nonce, Sign, UnixMillis};

use super::unique::Unique;

/// Who asks and who is asked, as far as that is known. By default nothing is: requests are not signed.
#[derive(Clone, Default)]
pub struct Parties {
    /// Signs the requests, if it is known for whom.
    pub signer: Option<Arc<dyn Sign>>,
    /// The miner whose server it is; its receipts are to be from nobody else.
    pub miner: Option<Hotkey>,
}

impl fmt::Debug for Parties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signer = self.signer.as_ref().map(|signer| signer.hotkey());
        f.debug_struct("Parties")
            .field("signer", &signer)
            .field("miner", &self.miner)
            .finish()
    }
}

/// What a server gave as a receipt for an episode.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ReceiptNote {
    /// None.
    #[default]
    Absent,
    /// One that holds: its hotkey, which is the expected one where one is expected, confirms what was seen and done.
    Holds(Receipt),
    /// One that does not hold; no episode fails for it.
    Refused {
        /// What was offered; `None` where it was malformed.
        receipt: Option<Receipt>,
        /// Why it does not hold, in one line.
        reason: String,
    },
}

impl ReceiptNote {
    /// What a transcript keeps: the receipt as offered, whatever is thought of it here.
    pub fn offered(&self) -> Option<&Receipt> {
        match self {
            Self::Absent => None,
            Self::Holds(receipt) => Some(receipt),
            Self::Refused { receipt, .. } => receipt.as_ref(),
        }
    }

    /// Checks what was read, now.
    pub(super) fn of(
        read: Result<Option<Receipt>, Error>,
        hash: &ObservationHash,
        miner: Option<&Hotkey>,
    ) -> Self {
        let refused = |receipt, error: &Error| Self::Refused {
            receipt,
            reason: error.to_string(),
        };
        match read {
            Ok(None) => Self::Absent,
            Err(error) => refused(None, &error),
            Ok(Some(receipt)) => match receipt.check(hash, miner, now(), &Sr25519) {
                Ok(()) => Self::Holds(receipt),
                Err(error) => refused(Some(receipt), &error),
            },
        }
    }
}

/// What signs the requests to one server.
pub(super) struct Signing {
    signer: Arc<dyn Sign>,
    miner: Hotkey,
    nonces: Unique,
}

impl Signing {
    /// `None` unless both parties are known.
    pub(super) fn of(parties: &Parties) -> Option<Self> {
        Some(Self {
            signer: Arc::clone(parties.signer.as_ref()?),
            miner: parties.miner.clone()?,
            nonces: Unique::default(),
        })
    }

    /// Names and values of a request's headers, good for one attempt now.
    pub(super) fn headers(
        &self,
        operation: Operation,
        body: &Bytes,
    ) -> [(&'static str, String); 5] {
        let nonce = Nonce::from_bytes(self.nonces.next());
        let signer = self.signer.as_ref();
        SignedHeaders::sign(signer, &self.miner, operation, body, now(), nonce).pairs()
    }
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signing({} for {})", self.signer.hotkey(), self.miner)
    }
}

/// The time; 1970 while the system's clock stands before that, which no server takes for fresh.
pub(crate) fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let millis = u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
    UnixMillis::new(millis).unwrap_or(UnixMillis::MAX)
}
