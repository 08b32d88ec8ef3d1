//! Episodes on a server: what makes a remote policy of it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kinitro_core::Error;
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::{AnswerRule, Command, EpisodeId};
use kinitro_core::record::outcome::Outcome;
use kinitro_core::seed::PolicySeed;
use kinitro_sim::episode::{EpisodeRecord, TakenAction};
use kinitro_sim::rollout::{PolicyStart, RemotePolicy, Seen};

use super::dialect::Unwritable;
use super::grace::Grace;
use super::server::{PolicyServer, Seat};
use super::transport::{Answer, Exchange, Lane, Message};
use super::{Fault, Network, ReceiptNote};

/// What to do with whatever the caller occupies while an episode waits for its server.
///
/// Thousands of steps wait most of their time: who simulates on few threads lets another episode go on meanwhile.
pub trait Pause: Sync {
    /// Calls `wait` exactly once, with the occupied set aside.
    fn aside(&self, wait: &mut dyn FnMut());
}

/// Occupies nothing: simply waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct InPlace;

impl Pause for InPlace {
    fn aside(&self, wait: &mut dyn FnMut()) {
        wait();
    }
}

/// How one action came from the server.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AnswerNote {
    /// Milliseconds from the first byte sent to the last byte received, both attempts together; 0 for a further action of a chunk.
    ///
    /// Measured by a monotonic clock on an open connection. Connecting, encoding and parsing are not in it, the way there and back is.
    pub wire_ms: f64,
    /// The deadline was missed and the previous action repeated.
    pub held: bool,
    /// The request was sent a second time.
    pub retried: bool,
}

/// Plays episodes on a server, one after the other; made by [`PolicyServer::episode`].
///
/// | what happens | what becomes of it |
/// |---|---|
/// | a deadline missed | the previous action again, neutral at first; the third within 100 steps: [`Outcome::ActTimeout`] |
/// | connection lost, status 502, 503, 504 | one more attempt within what is left of the deadline, then [`Outcome::PolicyError`] |
/// | any other status than 200, limits exceeded, an answer against the rules | [`Outcome::PolicyError`] |
/// | an action with a number too many or too few, or one that is not finite | [`Outcome::InvalidAction`] |
/// | the reset and its second attempt fail, in whatever way | [`Outcome::ResetFailed`] |
///
/// After a missed deadline the connection is closed, so that the late answer is never taken for the next.
/// Connections are opened before the measured time begins.
pub struct Episode<'a> {
    server: Arc<PolicyServer>,
    pause: &'a dyn Pause,
    under_way: Option<UnderWay>,
    answers: Vec<AnswerNote>,
    reset_ms: f64,
    failure: Option<String>,
    receipt: ReceiptNote,
}

/// What belongs to the episode that is being played.
struct UnderWay {
    seat: Seat,
    id: EpisodeId,
    seed: PolicySeed,
    previous: Action,
    chunk: VecDeque<Command>,
    grace: Grace,
    /// The latest answer to an act request, which may hold a receipt.
    latest: Option<Answer>,
}

impl<'a> Episode<'a> {
    pub(super) fn new(server: Arc<PolicyServer>, pause: &'a dyn Pause) -> Self {
        Self {
            server,
            pause,
            under_way: None,
            answers: Vec::new(),
            reset_ms: 0.0,
            failure: None,
            receipt: ReceiptNote::Absent,
        }
    }

    /// How each action of the latest episode came, in the order of the steps.
    pub fn answers(&self) -> &[AnswerNote] {
        &self.answers
    }

    /// Milliseconds that the latest episode's reset took, both attempts together.
    pub const fn reset_ms(&self) -> f64 {
        self.reset_ms
    }

    /// Why the latest episode failed, in one line of at most 300 characters; what the server said is shortened and escaped.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// What the server gave as a receipt for the latest episode, known once that has ended.
    pub const fn receipt(&self) -> &ReceiptNote {
        &self.receipt
    }

    /// Remembers why the episode ends.
    fn fail(&mut self, fault: &Fault, outcome: Outcome) -> Outcome {
        self.failure = Some(fault.line());
        outcome
    }

    /// A request that cannot be written says nothing about the policy.
    fn blame_self(&mut self, error: &Unwritable) -> Outcome {
        self.failure = Some(format!("cannot write the request: {error}"));
        Outcome::Infrastructure
    }

    /// Remembers an action and how it came.
    fn take(&mut self, command: Command, note: AnswerNote) -> TakenAction {
        self.answers.push(note);
        if let Some(under_way) = &mut self.under_way {
            under_way.previous = command.action;
        }
        TakenAction {
            action: command.action,
            clipped: command.clipped,
        }
    }
}

impl fmt::Debug for Episode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Episode")
            .field("endpoint", &self.server.endpoint())
            .field("answers", &self.answers.len())
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

impl RemotePolicy for Episode<'_> {
    fn begin(&mut self, start: &PolicyStart) -> Result<(), Outcome> {
        // An episode that was never ended gives its seat back first.
        self.under_way = None;
        self.answers.clear();
        self.reset_ms = 0.0;
        self.failure = None;
        self.receipt = ReceiptNote::Absent;
        let (server, pause) = (Arc::clone(&self.server), self.pause);
        let (network, dialect) = (server.network(), server.dialect());
        let id = server.new_id();
        let message = dialect
            .reset(start, &id)
            .map_err(|error| self.blame_self(&error))?;
        let mut seat = wait(pause, network, server.seat());
        let allowed = server.rules().deadlines.reset;
        let mut is_second = false;
        loop {
            let exchange = wait(pause, network, seat.lane.call(&message, allowed));
            self.reset_ms += milliseconds(exchange.wire);
            let read = |answer| dialect.read_reset(&answer, &id);
            match exchange.result.and_then(read) {
                Ok(()) => break,
                Err(fault) if is_second => return Err(self.fail(&fault, Outcome::ResetFailed)),
                Err(_) => is_second = true,
            }
        }
        self.under_way = Some(UnderWay {
            seat,
            id,
            seed: start.seed,
            previous: Action::ZERO,
            chunk: VecDeque::new(),
            grace: Grace::default(),
            latest: None,
        });
        Ok(())
    }

    fn act(&mut self, seen: &Seen<'_>) -> Result<TakenAction, Outcome> {
        let (server, pause) = (Arc::clone(&self.server), self.pause);
        let under_way = self
            .under_way
            .as_mut()
            .expect("`begin` succeeds before `act` in every rollout");
        if let Some(command) = under_way.chunk.pop_front() {
            return Ok(self.take(command, AnswerNote::default()));
        }
        let dialect = server.dialect();
        let message = match dialect.act(seen, &under_way.id, under_way.seed) {
            Ok(message) => message,
            Err(error) => return Err(self.blame_self(&error)),
        };
        let allowed = server.rules().latency.deadline();
        let asking = ask(&mut under_way.seat.lane, &message, allowed);
        let (Exchange { wire, result }, retried) = wait(pause, server.network(), asking);
        let mut note = AnswerNote {
            wire_ms: milliseconds(wire),
            held: false,
            retried,
        };
        let read = |answer: Answer| Ok((dialect.read_act(&answer)?, answer));
        match result.and_then(read) {
            Ok((actions, answer)) => {
                under_way.chunk = actions.next.into();
                under_way.latest = Some(answer);
                Ok(self.take(actions.now, note))
            }
            Err(Fault::Timeout { .. }) if under_way.grace.forgives(seen.step.into()) => {
                note.held = true;
                let command = Command {
                    action: under_way.previous,
                    clipped: false,
                };
                Ok(self.take(command, note))
            }
            Err(fault) => Err(self.fail(&fault, outcome(&fault))),
        }
    }

    fn end(&mut self, record: &EpisodeRecord) {
        let Some(mut under_way) = self.under_way.take() else {
            return;
        };
        let dialect = self.server.dialect();
        let note = |answer: &Answer| {
            let read = dialect.read_receipt(answer, &under_way.id);
            ReceiptNote::of(read, &record.observation_hash, self.server.miner())
        };
        let mut receipt = under_way.latest.as_ref().map(note).unwrap_or_default();
        // A server that has just lost its connection or let a deadline pass is not worth another wait.
        if under_way.seat.lane.is_open()
            && let Some(message) = dialect.close(&under_way.id)
        {
            let allowed = self.server.rules().deadlines.close;
            let closing = under_way.seat.lane.call(&message, allowed);
            let exchange = wait(self.pause, self.server.network(), closing);
            // A receipt over the whole episode takes the place of one that came with an action.
            match exchange.result.as_ref().map(note) {
                Ok(ReceiptNote::Absent) | Err(_) => {}
                Ok(closing) => receipt = closing,
            }
        }
        self.receipt = receipt;
    }
}

/// Waits for the network with the occupied set aside.
fn wait<T>(pause: &dyn Pause, network: &Network, pending: impl Future<Output = T>) -> T {
    let (mut pending, mut result) = (Some(pending), None);
    pause.aside(&mut || {
        if let Some(pending) = pending.take() {
            result = Some(network.wait(pending));
        }
    });
    result.expect("`Pause::aside` calls what it is given")
}

/// Asks for an action, a second time where the first attempt failed in a way that proxies and restarts cause; says whether it did.
async fn ask(lane: &mut Lane, message: &Message, allowed: Duration) -> (Exchange, bool) {
    let first = lane.call(message, allowed).await;
    if !deserves_retry(&first) {
        return (first, false);
    }
    let left = allowed.saturating_sub(first.wire);
    let mut second = lane.call(message, left).await;
    if let Err(Fault::Timeout { limit_ms }) = &mut second.result {
        // Both attempts share it.
        *limit_ms = allowed.as_millis();
    }
    let wire = first.wire + second.wire;
    (Exchange { wire, ..second }, true)
}

fn deserves_retry(exchange: &Exchange) -> bool {
    match &exchange.result {
        Ok(answer) => matches!(answer.status, 502..=504),
        Err(fault) => matches!(fault, Fault::Connect { .. } | Fault::Lost { .. }),
    }
}

/// How an act request that failed ends the episode.
fn outcome(fault: &Fault) -> Outcome {
    match fault {
        Fault::Timeout { .. } => Outcome::ActTimeout,
        Fault::Answer {
            source:
                Error::Answer {
                    rule: AnswerRule::Length | AnswerRule::NotFinite,
                    ..
                },
        } => Outcome::InvalidAction,
        _ => Outcome::PolicyError,
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
