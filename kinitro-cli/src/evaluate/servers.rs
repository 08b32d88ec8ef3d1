//! Policies behind servers, as the evaluation loop sees them.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use kinitro_chain::HotkeyPair;
use kinitro_core::ids::{Hotkey, PolicyName};
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::protocol::results::WireResult;
use kinitro_core::protocol::wire::Offer;
use kinitro_core::record::outcome::Outcome;
use kinitro_core::signature::Sign;
use kinitro_sim::episode::{EpisodeRecord, TakenAction};
use kinitro_sim::rollout::{PolicyStart, RemotePolicy, Seen};

use super::histogram::Histogram;
use crate::policy_server::{self, AnswerNote, Parties, Pause, PolicyServer, ReceiptNote, Rules};

/// What an evaluation demands of servers, and how much it asks of them at once.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Deadlines, limits and defaults.
    pub rules: Rules,
    /// Episodes that wait for servers at the same time, shared evenly among them; every server gets at least one.
    pub max_concurrent: NonZeroUsize,
    /// Signs the requests to servers whose miner is known.
    pub signer: Option<HotkeyPair>,
    /// Whose server each policy is, as far as that is known.
    pub miners: BTreeMap<PolicyName, Hotkey>,
}

impl ServerSettings {
    /// Episodes on servers at the same time, if nothing else is asked for.
    ///
    /// Each holds a simulator of about 20 MB, so these stay below 1 GB; at 50 ms per answer they keep two cores busy.
    pub const DEFAULT_CONCURRENT: NonZeroUsize = NonZeroUsize::new(32).expect("32 is not 0");
}

impl ServerSettings {
    /// Who asks this policy's server, and who is asked.
    pub(super) fn parties(&self, policy: &PolicyName) -> Parties {
        let signer = self.signer.clone();
        Parties {
            signer: signer.map(|pair| -> Arc<dyn Sign> { Arc::new(pair) }),
            miner: self.miners.get(policy).cloned(),
        }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            max_concurrent: Self::DEFAULT_CONCURRENT,
            signer: None,
            miners: BTreeMap::new(),
        }
    }
}

/// A server that has been met.
pub trait Server: fmt::Debug + Send + Sync {
    /// Protocol and encodings that are spoken.
    fn offer(&self) -> Offer;

    /// Whose images its observations must hold, in this order.
    fn cameras(&self) -> &[CameraName];

    /// How many episodes it plays at once, at least 1.
    fn max_episodes(&self) -> usize;

    /// What plays one episode; `pause` is what to do whenever it waits for the server.
    fn episode<'a>(&'a self, pause: &'a dyn Pause) -> Box<dyn ServerEpisode + 'a>;
}

/// One episode on a server.
pub trait ServerEpisode: RemotePolicy {
    /// How each action came, in the order of the steps.
    fn answers(&self) -> &[AnswerNote];

    /// What went wrong, in one line.
    fn failure(&self) -> Option<&str>;

    /// What the server gave as a receipt, once the episode has ended.
    fn receipt(&self) -> ReceiptNote {
        ReceiptNote::Absent
    }
}

impl Server for Arc<PolicyServer> {
    fn offer(&self) -> Offer {
        PolicyServer::offer(self)
    }

    fn cameras(&self) -> &[CameraName] {
        PolicyServer::cameras(self)
    }

    fn max_episodes(&self) -> usize {
        PolicyServer::max_episodes(self)
    }

    fn episode<'a>(&'a self, pause: &'a dyn Pause) -> Box<dyn ServerEpisode + 'a> {
        Box::new(PolicyServer::episode(self, pause))
    }
}

impl ServerEpisode for policy_server::Episode<'_> {
    fn answers(&self) -> &[AnswerNote] {
        policy_server::Episode::answers(self)
    }

    fn failure(&self) -> Option<&str> {
        policy_server::Episode::failure(self)
    }

    fn receipt(&self) -> ReceiptNote {
        policy_server::Episode::receipt(self).clone()
    }
}

/// A policy whose server could not be met: every episode is over before the first step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Absent;

impl RemotePolicy for Absent {
    fn begin(&mut self, _start: &PolicyStart) -> Result<(), Outcome> {
        Err(Outcome::MinerUnreachable)
    }

    fn act(&mut self, _seen: &Seen<'_>) -> Result<TakenAction, Outcome> {
        Err(Outcome::MinerUnreachable)
    }

    fn end(&mut self, _record: &EpisodeRecord) {}
}

/// What is known of one episode on a server besides its record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exchange {
    /// How each action came, in the order of the steps.
    pub answers: Vec<AnswerNote>,
    /// Milliseconds from the beginning of the episode to its end, waiting for a turn to simulate included.
    pub wall_ms: f64,
    /// What went wrong, in one line.
    pub failure: Option<String>,
    /// What the server gave as a receipt.
    pub receipt: ReceiptNote,
}

/// The answers of one server, counted over all episodes; the order of counting leaves no trace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WireTally {
    /// Times in steps of [`RESOLUTION_MS`].
    times: Histogram<u32>,
    held: u64,
    retried: u64,
}

/// Times of answers are rounded to this many milliseconds.
const RESOLUTION_MS: f64 = 0.01;

impl WireTally {
    /// Counts the answers of one episode.
    pub fn count(&mut self, answers: &[AnswerNote]) {
        for answer in answers {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "times are not negative, and beyond 11 hours all are equally long"
            )]
            self.times
                .count((answer.wire_ms / RESOLUTION_MS).round() as u32);
            self.held += u64::from(answer.held);
            self.retried += u64::from(answer.retried);
        }
    }

    /// For the results; `offer` is `None` if the server was never met.
    pub(super) fn result(&self, offer: Option<Offer>) -> WireResult {
        // Dividing by a whole number gives the shortest decimals.
        let ms = |percent| f64::from(self.times.percentile(percent)) / (1.0 / RESOLUTION_MS);
        WireResult {
            protocol: offer.map(|offer| offer.protocol),
            encoding: offer.map(|offer| offer.encoding),
            answers: self.times.total(),
            p50_ms: ms(50),
            p95_ms: ms(95),
            p99_ms: ms(99),
            max_ms: ms(100),
            held: self.held,
            retried: self.retried,
            failures: BTreeMap::new(),
        }
    }
}

/// Shares places out evenly: round by round one to everybody who takes more, until `total` are given; everybody gets at least one.
pub(super) fn shares(wanted: &[usize], total: usize) -> Vec<NonZeroUsize> {
    let mut shares = vec![NonZeroUsize::MIN; wanted.len()];
    let mut left = total.saturating_sub(wanted.len());
    loop {
        let before = left;
        for (share, wanted) in shares.iter_mut().zip(wanted) {
            if 0 < left && share.get() < *wanted {
                *share = share.saturating_add(1);
                left -= 1;
            }
        }
        if left == before {
            return shares;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shared_evenly_and_nobody_goes_without() {
        for (wanted, total, expected) in [
            (&[][..], 32, &[][..]),
            (&[8], 32, &[8]),
            (&[8, 8, 8], 32, &[8, 8, 8]),
            (&[8, 1, 8], 10, &[5, 1, 4]),
            (&[8, 8, 8, 8, 8], 32, &[7, 7, 6, 6, 6]),
            (&[1, 8, 8], 1, &[1, 1, 1]),
            (&[8, 8], 200, &[8, 8]),
        ] {
            let shares = shares(wanted, total);
            let shares: Vec<usize> = shares.into_iter().map(NonZeroUsize::get).collect();
            assert_eq!(shares, expected, "{wanted:?} {total}");
        }
    }

    #[test]
    fn times_are_counted_to_a_hundredth_of_a_millisecond() {
        let mut tally = WireTally::default();
        let note = |wire_ms, held, retried| AnswerNote {
            wire_ms,
            held,
            retried,
        };
        tally.count(&[note(3.251, false, false), note(500.0, true, true)]);
        tally.count(&[note(3.254, false, true)]);
        let offer = Offer {
            protocol: kinitro_core::protocol::wire::Protocol::P2,
            encoding: kinitro_core::protocol::wire::Encoding::Json,
            image: kinitro_core::protocol::wire::ImageEncoding::Raw,
        };
        let result = tally.result(Some(offer));
        assert_eq!(
            (result.p50_ms, result.p95_ms, result.max_ms),
            (3.25, 500.0, 500.0)
        );
        assert_eq!((result.answers, result.held, result.retried), (3, 1, 2));
        assert_eq!(WireTally::default().result(None).max_ms, 0.0);
    }
}
