//! A miner's server, tried out: everything that an evaluation would hold against it, and what to do about it.
//!
//! ```text
//! meeting: address, health, what is announced ─▶ for each protocol: Trial ─▶ Check … ─▶ Report
//!                                                             ▲
//!             expert's episodes, rendered once: Tape ─────────┘        grasp: live episodes
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | `check` | [`Check`], [`Verdict`], [`Report`] |
//! | `meeting` | address, health, protocols, gripper convention |
//! | `tape` | observations of real episodes |
//! | `trial` | one protocol of one server, and which checks build on which |
//! | `answers` | reset, encodings, close, wrong requests |
//! | `latency` | acts and how long they take, alone and side by side |
//! | `payload` | how large they are |
//! | `repeat` | determinism, independence, two episodes at once |
//! | `actions` | what actions look like |
//! | `grasp` | the gripper's sign, by playing it both ways |
//! | `remedy` | what to do about a request that failed |
//!
//! Checks do not stand in for one another: a slow server fails `latency` and nothing else, one that answers NaN fails `act`,
//! and what cannot be told without actions is skipped. All but `latency` therefore wait far longer than an evaluation would.

mod actions;
mod answers;
mod check;
mod grasp;
mod latency;
mod meeting;
mod payload;
mod remedy;
mod repeat;
mod tape;
mod trial;

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::protocol::wire::Protocol;
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_sim::episode::{EpisodeStart, View};
use kinitro_sim::metaworld::experts::{self, Expert};
use kinitro_sim::models::Models;

use crate::bench::Bench;
use crate::evaluate::Error;
use crate::policy_server::{Endpoint, Network, Parties, Rules};

pub use check::{Check, Report, Subject, Verdict};

use tape::Tape;
use trial::Trial;

/// What is tried out, and how thoroughly.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server.
    pub endpoint: Endpoint,
    /// Whose observations it is shown.
    pub env: EnvId,
    /// The only protocol to check; otherwise the endpoint's pin, otherwise all that the server announces.
    pub protocol: Option<Protocol>,
    /// What an evaluation would demand.
    pub rules: Rules,
    /// Who asks, and whose server it is: with both, requests are signed.
    pub parties: Parties,
    /// Act requests whose time is measured.
    pub steps: usize,
    /// Scenes in which the gripper's sign is tried; none where 0.
    pub grasps: u32,
    /// Where scenes come from.
    pub cycle: CycleSeed,
    /// How much varies between scenes.
    pub level: Level,
}

impl Settings {
    /// One episode of an environment, as a local evaluation begins it.
    fn start(&self, env: &EnvId, episode: u64) -> EpisodeStart {
        let key = EpisodeKey::derive(&self.cycle, env, EpisodeIndex(episode));
        EpisodeStart {
            miner_key: MinerKey::derive(&key, None),
            key,
            level: self.level,
        }
    }

    /// The expert of an environment.
    fn expert(env: &EnvId) -> Result<Expert, Error> {
        if !kinitro_sim::registry::ids().contains(env) {
            return Err(Error::UnknownEnv { id: env.clone() });
        }
        experts::expert(env.name()).ok_or_else(|| Error::NoExpert { env: env.clone() })
    }
}

/// Checks a server; `models` is Meta-World's folder `assets`. `watch` is told of each check as it is done.
///
/// # Errors
/// [`Error::UnknownEnv`], [`Error::NoExpert`], [`Error::Network`], [`Error::Simulate`]: never what the server does.
pub fn run(
    settings: &Settings,
    models: &Models,
    mut watch: impl FnMut(&Check),
) -> Result<Report, Error> {
    let expert = Settings::expert(&settings.env)?;
    let network = Network::new().map_err(|source| Error::Network { source })?;
    let mut checks = Vec::new();
    let mut found = |check: Check| {
        watch(&check);
        checks.push(check);
    };
    if let Some(meeting) = meeting::meet(&network, settings, &mut found)? {
        let mut bench = Bench::default();
        let tapes = tapes(settings, models, &mut bench, expert)?;
        for offer in &meeting.offers {
            let mut found = |check: Check| found(check.within(offer.protocol));
            Trial::new(settings, &meeting, *offer, &tapes).run(&mut bench, models, &mut found)?;
        }
    }
    Ok(Report {
        url: settings.endpoint.to_string(),
        env: settings.env.to_string(),
        cameras: settings.rules.cameras.clone(),
        image_size: settings.rules.image_size,
        ready: checks.iter().all(|check| check.verdict != Verdict::Fail),
        checks,
    })
}

/// Two episodes, seen by every camera that any protocol shows.
fn tapes(
    settings: &Settings,
    models: &Models,
    bench: &mut Bench,
    expert: Expert,
) -> Result<[Tape; 2], Error> {
    let mut cameras = vec![CameraName::Corner, CameraName::Corner2, CameraName::Gripper];
    cameras.extend(settings.rules.cameras.iter().copied());
    cameras.sort_unstable();
    cameras.dedup();
    let view = View {
        cameras,
        size: settings.rules.image_size,
    };
    let mut tape = |episode| {
        let start = settings.start(&settings.env, episode);
        bench
            .simulator(&settings.env, models, &view)
            .and_then(|simulator| Tape::record(simulator, &start, expert, settings.steps))
            .map_err(|source| simulation(&settings.env, episode, source))
    };
    Ok([tape(0)?, tape(1)?])
}

fn simulation(env: &EnvId, episode: u64, source: kinitro_sim::Error) -> Error {
    Error::Simulate {
        env: env.clone(),
        episode: EpisodeIndex(episode),
        policy: "expert".to_owned(),
        source,
    }
}
