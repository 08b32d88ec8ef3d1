//! The client against servers that behave well, badly, and worse. Loopback only.

mod addresses;
mod answers;
mod encrypted;
mod faults;
mod meeting;
mod peer;
#[cfg(feature = "cli")]
mod signing;

use std::sync::Arc;
use std::time::Duration;

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::{CameraName, Image, Observation};
use kinitro_core::protocol::wire::p2::HandState;
use kinitro_core::record::hash::{ObservationHasher, StateHasher};
use kinitro_core::record::outcome::Outcome;
use kinitro_core::record::scene::SceneRecord;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::{ImageSize, QuatXyzw};
use kinitro_sim::episode::{EpisodeRecord, TakenAction};
use kinitro_sim::rollout::{PolicyStart, RemotePolicy as _, Seen};

use super::{Addresses, Deadlines, Episode, LatencyProfile, Network, PolicyServer, Rules};
use peer::{Peer, Reply, json};

/// So long that only a server that never answers misses it, even where the tests share two cores.
const LONG: Duration = Duration::from_secs(20);
/// What servers that never answer are waited for.
const SHORT: Duration = Duration::from_millis(60);
/// By when the tests must be over that wait for servers that never answer.
const BOUND: Duration = Duration::from_secs(15);

const HAND: HandState = HandState {
    orientation: QuatXyzw([0.0, 1.0, 0.0, 0.0]),
    linear_velocity: [0.25, 0.0, -0.5],
    angular_velocity: [0.0; 3],
};

/// A server on loopback is fine, and nothing is waited for that does not come at once.
fn rules() -> Rules {
    Rules {
        addresses: Addresses::AllowPrivate,
        latency: LatencyProfile::Within(LONG),
        deadlines: Deadlines {
            connect: LONG,
            health: LONG,
            health_pause: Duration::from_millis(1),
            reset: LONG,
            close: LONG,
        },
        ..Rules::default()
    }
}

fn connect(peer: &Peer, pin: &str, rules: Rules) -> Result<Arc<PolicyServer>, super::Error> {
    let network = Network::new().unwrap();
    PolicyServer::connect(&network, peer.url(pin).parse().unwrap(), rules)
}

fn start() -> PolicyStart {
    let env: EnvId = "metaworld/reach-v3".parse().unwrap();
    let key = EpisodeKey::derive(&CycleSeed::from_local_seed(7), &env, EpisodeIndex(3));
    PolicyStart {
        env,
        instruction: "reach the target",
        seed: MinerKey::derive(&key, None).policy_seed(),
        control_hz: 80.0,
        max_steps: 500,
    }
}

fn observation(cameras: &[CameraName]) -> Observation {
    let size = ImageSize::DEFAULT;
    let image = |camera: &CameraName| {
        let rgb = (0..size.rgb_len())
            .map(|i| u8::try_from(i % 251).unwrap())
            .collect();
        Image::new(*camera, size, rgb).unwrap()
    };
    Observation {
        proprio: [0.1, 0.6, 0.2, 0.75],
        images: cameras.iter().map(image).collect(),
    }
}

/// Asks for the action of one step.
fn act(
    episode: &mut Episode<'_>,
    step: u16,
    observation: &Observation,
) -> Result<TakenAction, Outcome> {
    episode.act(&Seen {
        step,
        observation,
        hand: &HAND,
    })
}

/// Plays until an outcome ends the episode; how many steps it took.
fn play(
    episode: &mut Episode<'_>,
    observation: &Observation,
    steps: u16,
) -> (u16, Option<Outcome>) {
    for step in 0..steps {
        if let Err(outcome) = act(episode, step, observation) {
            return (step, Some(outcome));
        }
    }
    (steps, None)
}

fn record(outcome: Outcome) -> EpisodeRecord {
    EpisodeRecord {
        scene: SceneRecord::default(),
        outcome,
        success: false,
        steps: 0,
        total_reward: 0.0,
        state_hash: StateHasher::new().finish(),
        image_hash: None,
        observation_hash: ObservationHasher::new().finish(),
        actions: Vec::new(),
    }
}

const HEALTHY: &str = r#"{"status":"healthy","model_loaded":true,"uptime_seconds":1.5}"#;
const HEALTHY_V3: &str = r#"{"status":"healthy","protocols":["kinitro/3"]}"#;
const RESET_DONE: &str = r#"{"status":"ok"}"#;
const ACTION: &str = r#"{"action":[0.5,0.0,-1.0,1.0]}"#;
const ACTION_P2: &str = r#"{"action":{"continuous":{"ee_twist":[0.5,0,-1,0,0,0],"gripper":[1]},"discrete":{},"extra":{}}}"#;

/// A V3 server that behaves until it is asked to act.
fn v3_peer(act: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Peer {
    Peer::new(move |path, before| match path {
        "/health" => json(HEALTHY_V3),
        "/act" => act(before),
        _ => json(RESET_DONE),
    })
}
