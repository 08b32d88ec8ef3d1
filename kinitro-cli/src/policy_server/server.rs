//! One miner's server, met once per evaluation.

use std::sync::Arc;

use kinitro_core::ids::Hotkey;
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::protocol::wire::{EpisodeId, GripperConvention, Health, Offer, Protocol};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::dialect::{self, Dialect};
use super::signing::Signing;
use super::transport::{Lane, Transport};
use super::unique::Unique;
use super::{Endpoint, Episode, Error, Fault, Network, Parties, Pause, Rules, detect};

/// Health requests to a server that is not ready.
const HEALTH_TRIES: usize = 3;

/// One miner's server: where it is, how it is spoken to, and how many episodes it plays at once.
///
/// What it said of itself holds for as long as this value lives: a server cannot change its protocol during an evaluation.
#[derive(Debug)]
pub struct PolicyServer {
    network: Network,
    endpoint: Endpoint,
    rules: Rules,
    transport: Arc<Transport>,
    dialect: Dialect,
    seats: Arc<Semaphore>,
    /// Names for episodes, telling nothing to servers that compare theirs.
    ids: Unique,
    miner: Option<Hotkey>,
}

/// The right to play one episode, and a lane to do it on.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) lane: Lane,
    _permit: OwnedSemaphorePermit,
}

impl PolicyServer {
    /// Meets a server of which nobody knows whose it is; see [`connect_as`](Self::connect_as).
    ///
    /// # Errors
    /// As `connect_as`.
    pub fn connect(
        network: &Network,
        endpoint: Endpoint,
        rules: Rules,
    ) -> Result<Arc<Self>, Error> {
        Self::connect_as(network, endpoint, rules, Parties::default())
    }

    /// Meets a server: asks for its health, and finds its protocol out if it neither says nor the endpoint demands one.
    ///
    /// Where both parties are known, every request is signed, these included.
    ///
    /// A server that is not ready or not there is asked three times, by default 30 s apart; meanwhile the calling thread waits.
    ///
    /// Must not be called on a thread of an asynchronous runtime, and neither may the methods of an [`Episode`].
    ///
    /// # Errors
    /// [`Error::Unusable`]: every episode of this server ends as its [`outcome`](Error::outcome) says. [`Error::Encryption`];
    /// [`Error::Endpoint`] for a host that no certificate can name.
    pub fn connect_as(
        network: &Network,
        endpoint: Endpoint,
        rules: Rules,
        parties: Parties,
    ) -> Result<Arc<Self>, Error> {
        let transport = Arc::new(Transport::new(
            network.clone(),
            endpoint.clone(),
            rules.addresses,
            rules.deadlines.connect,
            Signing::of(&parties),
        )?);
        let mut lane = transport.lane();
        let single = network.single_seat(&endpoint);
        let met = network.wait(meet(&mut lane, &endpoint, &rules, &single));
        let dialect = met.map_err(|(request, source)| Error::Unusable {
            endpoint: endpoint.clone(),
            request,
            source: Box::new(source),
        })?;
        drop(lane);
        let seats = match dialect.offer.protocol {
            Protocol::V3 => Arc::new(Semaphore::new(rules.max_connections.max(1))),
            Protocol::P2 | Protocol::P1 => single,
        };
        Ok(Arc::new(Self {
            network: network.clone(),
            endpoint,
            rules,
            transport,
            dialect,
            seats,
            ids: Unique::default(),
            miner: parties.miner,
        }))
    }

    /// Where it is.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The protocol that is spoken.
    pub const fn protocol(&self) -> Protocol {
        self.dialect.offer.protocol
    }

    /// Protocol and encodings that are spoken.
    pub const fn offer(&self) -> Offer {
        self.dialect.offer
    }

    /// The gripper's sign in its actions of four numbers.
    pub const fn gripper(&self) -> GripperConvention {
        self.dialect.gripper
    }

    /// Whose images its observations must hold, in this order; empty where it gets none.
    pub fn cameras(&self) -> &[CameraName] {
        &self.dialect.cameras
    }

    /// How many episodes are played at once: 1 for P1 and P2, whose servers keep one episode for everybody.
    ///
    /// That one is shared by all that are connected to the same endpoint through the same [`Network`].
    pub fn max_episodes(&self) -> usize {
        match self.protocol() {
            Protocol::V3 => self.rules.max_connections.max(1),
            Protocol::P2 | Protocol::P1 => 1,
        }
    }

    /// What plays episodes on this server, one after the other; `pause` is what to do meanwhile whenever it waits for the server.
    ///
    /// [`begin`](kinitro_sim::rollout::RemotePolicy::begin) waits while [`max_episodes`](Self::max_episodes) others are under way,
    /// which is from their `begin` to their `end` or drop. A thread that begins a second episode before it has ended its first waits for itself.
    pub fn episode<'a>(self: &Arc<Self>, pause: &'a dyn Pause) -> Episode<'a> {
        Episode::new(Arc::clone(self), pause)
    }

    pub(super) const fn network(&self) -> &Network {
        &self.network
    }

    pub(super) const fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(super) const fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The miner whose server it is, if that is known.
    pub(super) const fn miner(&self) -> Option<&Hotkey> {
        self.miner.as_ref()
    }

    pub(super) fn new_id(&self) -> EpisodeId {
        self.ids.next_episode()
    }

    /// Waits until fewer than [`max_episodes`](Self::max_episodes) are under way.
    pub(super) async fn seat(&self) -> Seat {
        let permit = Arc::clone(&self.seats).acquire_owned().await;
        Seat {
            _permit: permit.expect("nobody closes the semaphore"),
            lane: self.transport.lane(),
        }
    }
}

/// How to speak to a server; or which request failed, and how.
async fn meet(
    lane: &mut Lane,
    endpoint: &Endpoint,
    rules: &Rules,
    single: &Semaphore,
) -> Result<Dialect, (&'static str, Fault)> {
    let mut health = healthy(lane, rules)
        .await
        .map_err(|fault| ("health", fault))?;
    if let Some(pin) = endpoint.pin() {
        health.protocols = Some(vec![pin]);
    }
    let offer = if let Some(offer) = health.offer() {
        offer
    } else {
        // Whatever it turns out to speak, its one episode may be under way.
        let _seat = single.acquire().await;
        let found = detect::protocol(lane, rules)
            .await
            .map_err(|fault| ("reset", fault))?;
        detect::offer(found)
    };
    let gripper = health.gripper_convention.unwrap_or(rules.gripper);
    Ok(Dialect::new(offer, gripper, rules))
}

/// What a server says of itself once it is ready.
async fn healthy(lane: &mut Lane, rules: &Rules) -> Result<Health, Fault> {
    let mut tries = 1;
    loop {
        match ask_health(lane, rules).await {
            Ok(health) => return Ok(health),
            Err(fault) if tries == HEALTH_TRIES || !may_pass(&fault) => return Err(fault),
            Err(_) => tries += 1,
        }
        sleep(rules.deadlines.health_pause).await;
    }
}

async fn ask_health(lane: &mut Lane, rules: &Rules) -> Result<Health, Fault> {
    let exchange = lane.call(&dialect::health(), rules.deadlines.health).await;
    let answer = exchange.result?;
    let health = Health::read(dialect::accepted(&answer)?);
    let health = health.map_err(|source| Fault::Answer { source })?;
    if health.ready {
        Ok(health)
    } else {
        Err(Fault::NotReady)
    }
}

/// Whether a server that is just starting may answer so.
fn may_pass(fault: &Fault) -> bool {
    match fault {
        Fault::Name { .. }
        | Fault::Connect { .. }
        | Fault::Timeout { .. }
        | Fault::Lost { .. }
        | Fault::NotReady => true,
        // A redirect stays one; what stands before a starting server says 404, 502 or 503.
        Fault::Status { status, .. } => !(300..400).contains(status),
        Fault::NotPublic
        | Fault::Head { .. }
        | Fault::Body
        | Fault::MediaType { .. }
        | Fault::Answer { .. } => false,
    }
}
