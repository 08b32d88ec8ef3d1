//! Evaluations with servers that misbehave: each fault ends its own episodes as the table says, in time, and nobody else's change.

mod addresses;
mod faults;
mod memory;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use kinitro_cli::evaluate::servers::Exchange;
use kinitro_cli::evaluate::{
    self, Error, Finished, Lineup, Observer, SeedSource, ServerSettings, Settings,
};
use kinitro_cli::miner::mock::mirror::{Mirror, Scenes};
use kinitro_cli::miner::mock::{self, Behaviour, Faults, MockServer, Running};
use kinitro_cli::policy_server::{Addresses, Deadlines, LatencyProfile, Rules};
use kinitro_cli::scoreboard::ScoringSettings;
use kinitro_core::record::Level;
use kinitro_core::seed::CycleSeed;
use kinitro_sim::episode::{EpisodeRecord, View};
use kinitro_tests::places;

const SEED: u64 = 5;

/// A policy: its name, and what follows the equals sign on the command line.
type Entry = (String, String);

/// What became of an episode.
#[derive(Debug, Clone)]
struct Ended {
    record: EpisodeRecord,
    /// Empty for policies inside the evaluator.
    exchange: Exchange,
}

/// By name of the policy and number of the episode.
type Results = BTreeMap<(String, u64), Ended>;

/// Rules for servers on this machine, which have `deadline` for everything.
fn rules(deadline: Duration) -> Rules {
    Rules {
        addresses: Addresses::AllowPrivate,
        latency: LatencyProfile::Within(deadline),
        deadlines: Deadlines {
            connect: deadline,
            health: deadline,
            health_pause: Duration::from_millis(1),
            reset: deadline,
            close: deadline,
        },
        ..Rules::default()
    }
}

/// An evaluation in one environment, with one episode at a time on each server.
fn settings(policies: &[Entry], episodes: u32, view: View, rules: Rules) -> Settings {
    let policies = policies.iter();
    Settings {
        policies: policies
            .map(|(name, spec)| format!("{name}={spec}").parse().unwrap())
            .collect(),
        envs: vec!["metaworld/reach-v3".parse().unwrap()],
        episodes,
        level: Level::Seed,
        seed: SeedSource::Local { seed: SEED },
        view,
        servers: ServerSettings {
            rules,
            max_concurrent: NonZeroUsize::MIN,
            ..ServerSettings::default()
        },
        scoring: ScoringSettings::default(),
        jobs: NonZeroUsize::new(2).unwrap(),
    }
}

/// Runs an evaluation; `watch` is told how many episodes have finished.
fn evaluate(settings: &Settings, watch: impl FnMut(usize)) -> Results {
    let lineup = Lineup::meet(settings).unwrap();
    let mut collector = Collector {
        lineup: &lineup,
        results: Results::new(),
        watch,
    };
    evaluate::run(&lineup, &places::models(), &mut collector).unwrap();
    collector.results
}

struct Collector<'a, W> {
    lineup: &'a Lineup<'a>,
    results: Results,
    watch: W,
}

impl<W: FnMut(usize)> Observer for Collector<'_, W> {
    fn episode(&mut self, finished: &Finished, done: usize, _planned: usize) -> Result<(), Error> {
        let participant = &self.lineup.participants()[finished.unit.participant];
        let ended = Ended {
            record: finished.record.clone(),
            exchange: finished.exchange.clone().unwrap_or_default(),
        };
        self.results.insert(
            (participant.name.to_string(), finished.unit.episode.0),
            ended,
        );
        (self.watch)(done);
        Ok(())
    }
}

/// A server that acts so, but for these faults.
fn server(behaviour: impl Behaviour, faults: Faults) -> Running {
    let settings = mock::Settings {
        faults,
        ..mock::Settings::new(behaviour)
    };
    MockServer::start(settings).unwrap()
}

/// The scripted expert of evaluations with [`settings`].
fn mirror() -> Mirror {
    let scenes = Scenes {
        cycle: CycleSeed::from_local_seed(SEED),
        level: Level::Seed,
        episodes: 16,
        hotkey: None,
    };
    Mirror::new(scenes, 0.0, places::models())
}

/// One fault in the mock's grammar, at every request that it concerns.
fn always(fault: &str) -> Faults {
    Faults {
        list: vec![fault.parse().unwrap()],
        ..Faults::default()
    }
}
