//! A server asked one request at a time, to find out what evaluations would make of it.
//!
//! Nothing is repeated, forgiven or held here: a request is sent once, and what came of it is told with its size and its time.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::protocol::wire::signed::Operation;
use kinitro_core::protocol::wire::{
    ActAnswer, EpisodeId, GripperConvention, Health, Offer, Protocol,
};
use kinitro_core::seed::PolicySeed;
use kinitro_sim::rollout::{PolicyStart, Seen};

use super::dialect::{self, Dialect};
use super::signing::Signing;
use super::transport::{Answer, Exchange, Lane, Message, Tags, Transport};
use super::unique::Unique;
use super::{Endpoint, Error, Fault, Network, Parties, Rules, detect};

/// Why requests can always be written here.
const WRITABLE: &str = "rendered observations are finite and show no camera twice";

/// A server that is tried out, under the rules of an evaluation.
#[derive(Debug)]
pub struct Probe {
    network: Network,
    transport: Arc<Transport>,
    rules: Rules,
    ids: Unique,
}

/// One way to speak to a server, on a connection of its own that stays open as in an evaluation.
#[derive(Debug)]
pub struct Caller<'a> {
    probe: &'a Probe,
    lane: Lane,
    dialect: Dialect,
}

/// One request and what came of it.
#[derive(Debug)]
pub struct Exchanged<T> {
    /// Bytes of the request's body.
    pub request_len: usize,
    /// Bytes of the answer's body; 0 if none came.
    pub answer_len: usize,
    /// From the finished request on an open connection to the last byte of its answer, or to the failure.
    pub wire: Duration,
    /// What the answer says.
    pub result: Result<T, Fault>,
}

impl Probe {
    /// Nothing is sent yet. Where both parties are known, every request will be signed.
    ///
    /// # Errors
    /// [`Error::Encryption`]; [`Error::Endpoint`] for a host that no certificate can name.
    pub fn new(
        network: &Network,
        endpoint: &Endpoint,
        rules: Rules,
        parties: &Parties,
    ) -> Result<Self, Error> {
        let transport = Transport::new(
            network.clone(),
            endpoint.clone(),
            rules.addresses,
            rules.deadlines.connect,
            Signing::of(parties),
        )?;
        Ok(Self {
            network: network.clone(),
            transport: Arc::new(transport),
            rules,
            ids: Unique::default(),
        })
    }

    /// What the server says of itself, whether it is ready or not.
    pub fn health(&self) -> Exchanged<Health> {
        let (mut lane, message) = (self.transport.lane(), dialect::health());
        let allowed = self.rules.deadlines.health;
        let exchange = self.network.wait(lane.call(&message, allowed));
        told(&message, exchange, |answer| {
            Health::read(dialect::accepted(answer)?).map_err(|source| Fault::Answer { source })
        })
    }

    /// Finds out which protocol a server speaks that does not say; as an evaluation does it, outside of any episode.
    ///
    /// # Errors
    /// That of the reset request.
    pub fn detect(&self) -> Result<Protocol, Fault> {
        let mut lane = self.transport.lane();
        self.network.wait(detect::protocol(&mut lane, &self.rules))
    }

    /// Speaks in this way; `gripper` is the sign in actions of four numbers.
    pub fn caller(&self, offer: Offer, gripper: GripperConvention) -> Caller<'_> {
        Caller {
            probe: self,
            lane: self.transport.lane(),
            dialect: Dialect::new(offer, gripper, &self.rules),
        }
    }

    /// A name for another episode.
    pub fn new_id(&self) -> EpisodeId {
        self.ids.next_episode()
    }
}

impl Caller<'_> {
    /// Whose images an observation must hold, in this order.
    pub fn cameras(&self) -> &[CameraName] {
        &self.dialect.cameras
    }

    /// Begins an episode.
    pub fn reset(&mut self, start: &PolicyStart, episode: &EpisodeId) -> Exchanged<()> {
        let message = self.dialect.reset(start, episode).expect(WRITABLE);
        let allowed = self.probe.rules.deadlines.reset;
        let exchange = self.probe.network.wait(self.lane.call(&message, allowed));
        told(&message, exchange, |answer| {
            self.dialect.read_reset(answer, episode)
        })
    }

    /// Asks for an action. The server is told the deadline of the rules, but waited for up to `patience`.
    pub fn act(
        &mut self,
        seen: &Seen<'_>,
        episode: &EpisodeId,
        policy_seed: PolicySeed,
        patience: Duration,
    ) -> Exchanged<ActAnswer> {
        let message = self
            .dialect
            .act(seen, episode, policy_seed)
            .expect(WRITABLE);
        let exchange = self.send(&message, patience);
        told(&message, exchange, |answer| self.dialect.read_act(answer))
    }

    /// Bytes that asking so has.
    pub fn act_len(&self, seen: &Seen<'_>, episode: &EpisodeId, policy_seed: PolicySeed) -> usize {
        let message = self.dialect.act(seen, episode, policy_seed);
        message.expect(WRITABLE).body.len()
    }

    /// Ends an episode; tells the status. `None` where the protocol has no such request.
    pub fn close(&mut self, episode: &EpisodeId) -> Option<Exchanged<u16>> {
        let message = self.dialect.close(episode)?;
        let allowed = self.probe.rules.deadlines.close;
        let exchange = self.probe.network.wait(self.lane.call(&message, allowed));
        Some(told(&message, exchange, |answer| Ok(answer.status)))
    }

    /// Sends an act request that has these bytes for a body; tells the status.
    pub fn act_with(
        &mut self,
        body: &[u8],
        episode: &EpisodeId,
        patience: Duration,
    ) -> Exchanged<u16> {
        let tags = Tags {
            episode: episode.clone(),
            step: Some(0),
        };
        let message = Message {
            operation: Operation::Act,
            body: Bytes::copy_from_slice(body),
            encoding: self.dialect.offer.encoding,
            tags: Some(tags).filter(|_| self.dialect.offer.protocol == Protocol::V3),
        };
        let exchange = self.send(&message, patience);
        told(&message, exchange, |answer| Ok(answer.status))
    }

    fn send(&mut self, message: &Message, patience: Duration) -> Exchange {
        let deadline = self.probe.rules.latency.deadline();
        let sending = self.lane.call_patiently(message, deadline, patience);
        self.probe.network.wait(sending)
    }
}

fn told<T>(
    message: &Message,
    exchange: Exchange,
    read: impl FnOnce(&Answer) -> Result<T, Fault>,
) -> Exchanged<T> {
    let answer_len = exchange
        .result
        .as_ref()
        .map_or(0, |answer| answer.body.len());
    Exchanged {
        request_len: message.body.len(),
        answer_len,
        wire: exchange.wire,
        result: exchange.result.and_then(|answer| read(&answer)),
    }
}
