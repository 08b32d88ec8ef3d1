//! What a server does with signed requests: whether one is for it, from somebody it obeys, fresh, genuine and new.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::error::Error;
use crate::ids::Hotkey;
use crate::signature::{Nonce, UnixMillis, Verify};

use super::{
    NONCE_HEADER, Operation, RequestRule, SIGNATURE_HEADER, SIGNED_BY_HEADER, SIGNED_FOR_HEADER,
    SignedHeaders, Stamp, TIMESTAMP_HEADER, refuse,
};

/// How far a request's timestamp may lie before or after the server's clock.
///
/// Wide enough for clocks that nobody looks after, narrow enough that the nonces to remember stay few.
pub const FRESHNESS: Duration = Duration::from_secs(30);

/// Whether a request of this time is fresh at `now`: at most [`FRESHNESS`] before or after it.
pub fn is_fresh(timestamp: UnixMillis, now: UnixMillis) -> bool {
    u128::from(timestamp.get().abs_diff(now.get())) <= FRESHNESS.as_millis()
}

/// What stands before a server that obeys signed requests only.
#[derive(Debug, Clone)]
pub struct Guard {
    own: Hotkey,
    signers: Vec<Hotkey>,
    memory: NonceMemory,
}

impl Guard {
    /// The server of `own` obeys `signers`: the operator, and itself to be tested.
    pub const fn new(own: Hotkey, signers: Vec<Hotkey>, memory: NonceMemory) -> Self {
        Self {
            own,
            signers,
            memory,
        }
    }

    /// Lets a request in, once.
    ///
    /// The cheap rules come first; the nonce is remembered last, when the signature holds.
    ///
    /// # Errors
    /// [`Error::Request`] with the rule that is broken.
    pub fn admit(
        &mut self,
        headers: &SignedHeaders,
        operation: Operation,
        body: &[u8],
        now: UnixMillis,
        verifier: &dyn Verify,
    ) -> Result<(), Error> {
        let SignedHeaders { stamp, signature } = headers;
        if stamp.signed_for != self.own {
            let found = stamp.signed_for.to_string();
            return Err(refuse(RequestRule::Recipient, SIGNED_FOR_HEADER, found));
        }
        if !self.signers.contains(&stamp.signed_by) {
            let found = stamp.signed_by.to_string();
            return Err(refuse(RequestRule::Signer, SIGNED_BY_HEADER, found));
        }
        self.memory.check_age(stamp.timestamp, now)?;
        let message = stamp.signed_bytes(operation, body);
        if !verifier.by_hotkey(&stamp.signed_by, &message, signature) {
            let found = signature.to_string();
            return Err(refuse(RequestRule::Signature, SIGNATURE_HEADER, found));
        }
        self.memory.admit(stamp, now)
    }
}

/// The requests that were answered, for as long as they could be repeated, within a fixed amount of memory.
///
/// What is forgotten to stay within it is not taken for new afterwards: everything as old or older is refused.
#[derive(Debug, Clone)]
pub struct NonceMemory {
    seen: BTreeSet<(UnixMillis, Nonce)>,
    capacity: usize,
    /// Up to this time, itself included, requests may have been forgotten.
    forgotten: Option<UnixMillis>,
}

impl NonceMemory {
    /// Two thousand requests per second throughout the window; some 5 MiB.
    pub const DEFAULT_CAPACITY: usize = 1 << 17;

    /// Remembers at most `capacity` requests, at least one.
    pub const fn new(capacity: usize) -> Self {
        Self {
            seen: BTreeSet::new(),
            capacity: if capacity == 0 { 1 } else { capacity },
            forgotten: None,
        }
    }

    /// Takes note of a request that is verified; an unverified one would let strangers fill the memory.
    ///
    /// # Errors
    /// [`Error::Request`] with [`RequestRule::Stale`] or [`RequestRule::Replayed`].
    pub fn admit(&mut self, stamp: &Stamp, now: UnixMillis) -> Result<(), Error> {
        let Stamp {
            timestamp, nonce, ..
        } = *stamp;
        self.check_age(timestamp, now)?;
        // What is stale at `now` may be forgotten; if the clock is set back, `forgotten` still knows.
        while let Some(&(oldest, _)) = self.seen.first()
            && (oldest < now && !is_fresh(oldest, now))
        {
            self.forget_oldest();
        }
        if self.seen.contains(&(timestamp, nonce)) {
            let found = nonce.to_string();
            return Err(refuse(RequestRule::Replayed, NONCE_HEADER, found));
        }
        if self.seen.len() == self.capacity {
            if self
                .seen
                .first()
                .is_some_and(|(oldest, _)| timestamp <= *oldest)
            {
                return Err(stale(timestamp));
            }
            self.forget_oldest();
        }
        self.seen.insert((timestamp, nonce));
        Ok(())
    }

    /// The number of remembered requests.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    fn check_age(&self, timestamp: UnixMillis, now: UnixMillis) -> Result<(), Error> {
        let is_forgotten = self.forgotten.is_some_and(|last| timestamp <= last);
        if is_fresh(timestamp, now) && !is_forgotten {
            return Ok(());
        }
        Err(stale(timestamp))
    }

    fn forget_oldest(&mut self) {
        if let Some((timestamp, _)) = self.seen.pop_first() {
            self.forgotten = self.forgotten.max(Some(timestamp));
        }
    }
}

fn stale(timestamp: UnixMillis) -> Error {
    let found = timestamp.to_string();
    refuse(RequestRule::Stale, TIMESTAMP_HEADER, found)
}
