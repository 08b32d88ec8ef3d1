//! Permits to simulate that keep the time in which one was idle although an episode could have gone on.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kinitro_cli::evaluate::permits::{Permit, Permits};
use kinitro_cli::policy_server::Pause;

/// [`Permits`] under observation.
#[derive(Debug)]
pub(crate) struct Gauge {
    permits: Permits,
    count: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The latest change.
    since: Instant,
    /// Episodes that hold a permit and are awake.
    computing: usize,
    /// Episodes that have their answer and no permit.
    ready: usize,
    stalled: Duration,
}

/// The right to simulate, returned when dropped.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    gauge: &'a Gauge,
    _permit: Permit<'a>,
}

impl Gauge {
    pub(crate) fn new(count: NonZeroUsize) -> Self {
        Self {
            permits: Permits::beside_network(count),
            count: count.get(),
            state: Mutex::new(State {
                since: Instant::now(),
                computing: 0,
                ready: 0,
                stalled: Duration::ZERO,
            }),
        }
    }

    /// Waits for a permit.
    pub(crate) fn acquire(&self) -> Held<'_> {
        self.change(|state| state.ready += 1);
        let permit = self.permits.acquire();
        self.change(|state| {
            state.ready -= 1;
            state.computing += 1;
        });
        Held {
            gauge: self,
            _permit: permit,
        }
    }

    /// How long so far fewer episodes computed than might, although another could have gone on. The time from a permit being handed over
    /// to its new holder waking up is in it.
    pub(crate) fn stalled(&self) -> Duration {
        self.change(|state| state.stalled)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if state.computing < self.count && 0 < state.ready {
            let idle = now - state.since;
            state.stalled += idle;
        }
        state.since = now;
        change(&mut state)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.gauge.change(|state| state.computing -= 1);
    }
}

impl Pause for Gauge {
    fn aside(&self, wait: &mut dyn FnMut()) {
        self.change(|state| state.computing -= 1);
        self.permits.aside(&mut || {
            wait();
            self.change(|state| state.ready += 1);
        });
        self.change(|state| {
            state.ready -= 1;
            state.computing += 1;
        });
    }
}
