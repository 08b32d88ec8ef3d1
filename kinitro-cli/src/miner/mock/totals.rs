//! What a server has done so far.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::Endpoint;

/// Numbers of requests since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Health requests.
    pub health: u64,
    /// Reset requests.
    pub reset: u64,
    /// Act requests.
    pub act: u64,
    /// Close requests.
    pub close: u64,
    /// Requests, counted above, that were refused with a reason.
    pub refused: u64,
    /// Requests, counted above, that a fault was applied to.
    pub faulty: u64,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            health,
            reset,
            act,
            close,
            refused,
            faulty,
        } = self;
        write!(
            f,
            "{health} health, {reset} reset, {act} act and {close} close requests; {refused} refused, {faulty} made faulty"
        )
    }
}

/// [`Totals`] that many threads count in.
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: [AtomicU64; 4],
    pub(super) refused: Counter,
    pub(super) faulty: Counter,
}

/// One number that many threads count in.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Counters {
    /// Counts a request and returns how many of its kind came before.
    pub(super) fn request(&self, endpoint: Endpoint) -> u64 {
        self.requests[endpoint as usize].fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn read(&self) -> Totals {
        let requests = |endpoint| self.requests[endpoint as usize].load(Ordering::Relaxed);
        Totals {
            health: requests(Endpoint::Health),
            reset: requests(Endpoint::Reset),
            act: requests(Endpoint::Act),
            close: requests(Endpoint::Close),
            refused: self.refused.0.load(Ordering::Relaxed),
            faulty: self.faulty.0.load(Ordering::Relaxed),
        }
    }
}
