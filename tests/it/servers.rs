//! Policies behind servers: the same episodes as inside the evaluator, and nobody else's business.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use kinitro_cli::evaluate::lineup::Reach;
use kinitro_cli::evaluate::servers::{Server, ServerEpisode};
use kinitro_cli::evaluate::{
    self, BuiltIn, Error, Finished, Lineup, Observer, Played, SeedSource, ServerSettings, Settings,
    Verdict,
};
use kinitro_cli::miner::mock::behaviour::{Random, Zero};
use kinitro_cli::miner::mock::mirror::{Mirror, Scenes};
use kinitro_cli::miner::mock::{MockServer, Running, Settings as MockSettings, Speaks};
use kinitro_cli::policy_server::{Addresses, AnswerNote, Deadlines, Pause, Rules};
use kinitro_cli::scoreboard::ScoringSettings;
use kinitro_core::protocol::policy::{Action, CameraName};
use kinitro_core::protocol::results::Results;
use kinitro_core::protocol::wire::{
    Encoding, GripperConvention, ImageEncoding, Offer, Protocol, p2,
};
use kinitro_core::record::{Level, Outcome, Transcript};
use kinitro_core::seed::CycleSeed;
use kinitro_sim::episode::{EpisodeRecord, TakenAction, View};
use kinitro_sim::rollout::{PolicyStart, RemotePolicy, Seen};
use kinitro_tests::places;
use kinitro_tests::program::{Finished as Run, kinitro};

const SEED: u64 = 7;
/// An expert solves it in a few dozen steps.
const REACH: &str = "metaworld/reach-v3";
/// Solved by grasping only, so a wrong sign of the gripper shows.
const PICK_PLACE: &str = "metaworld/pick-place-v3";

fn settings(policies: &[String], envs: &[&str], episodes: u32) -> Settings {
    Settings {
        policies: policies.iter().map(|spec| spec.parse().unwrap()).collect(),
        envs: envs.iter().map(|env| env.parse().unwrap()).collect(),
        episodes,
        level: Level::Seed,
        seed: SeedSource::Local { seed: SEED },
        view: View::state_only(),
        servers: ServerSettings {
            rules: Rules {
                addresses: Addresses::AllowPrivate,
                p1_images: false,
                deadlines: Deadlines {
                    health_pause: std::time::Duration::ZERO,
                    ..Deadlines::default()
                },
                ..Rules::default()
            },
            ..ServerSettings::default()
        },
        scoring: ScoringSettings::default(),
        jobs: NonZeroUsize::new(2).unwrap(),
    }
}

/// Watches nothing.
struct Nobody;

impl Observer for Nobody {
    fn episode(&mut self, _: &Finished, _: usize, _: usize) -> Result<(), Error> {
        Ok(())
    }
}

fn play(settings: &Settings) -> BTreeMap<String, Vec<EpisodeRecord>> {
    let lineup = Lineup::meet(settings).unwrap();
    let played = evaluate::run(&lineup, &places::models(), &mut Nobody).unwrap();
    by_policy(&lineup, played)
}

/// What each policy did, environment by environment and episode by episode.
fn by_policy(lineup: &Lineup<'_>, played: Played) -> BTreeMap<String, Vec<EpisodeRecord>> {
    let mut records = BTreeMap::<_, Vec<_>>::new();
    for Verdict { unit, record, .. } in played.verdicts {
        let name = lineup.participants()[unit.participant].name.to_string();
        records.entry(name).or_default().push(record);
    }
    records
}

fn expert() -> Mirror {
    let scenes = Scenes {
        cycle: CycleSeed::from_local_seed(SEED),
        level: Level::Seed,
        episodes: 10,
        hotkey: None,
    };
    Mirror::new(scenes, 0.0, places::models())
}

fn speaking(protocol: Protocol, convention: GripperConvention) -> Running {
    let settings = MockSettings {
        speaks: Speaks::Only(protocol),
        gripper_convention: convention,
        ..MockSettings::new(expert())
    };
    MockServer::start(settings).unwrap()
}

#[test]
fn simple_policies_behind_servers_do_the_same_as_inside() {
    let only = |protocol| {
        let settings = MockSettings {
            speaks: Speaks::Only(protocol),
            ..MockSettings::new(Random)
        };
        MockServer::start(settings).unwrap()
    };
    let [v3, p1] = [Protocol::V3, Protocol::P1].map(only);
    let zero = MockServer::start(MockSettings::new(Zero)).unwrap();
    // What the servers speak is found out.
    let policies = [
        format!("random_v3={}", v3.url()),
        format!("random_p1={}", p1.url()),
        format!("zero_v3={}#v3", zero.url()),
    ];
    let records = play(&settings(&policies, &[REACH], 2));
    for (name, record) in &records {
        let inside = name.split('_').next().unwrap();
        assert_eq!(record, &records[inside], "{name}");
    }
    assert_eq!(records.len(), 5);
    assert!(records["random"].iter().all(|record| record.steps == 500));
}

/// The record of the expert in the only episode in `env`.
fn inside(env: &str, cameras: &[CameraName]) -> EpisodeRecord {
    let mut settings = settings(&["inside=expert".to_owned()], &[env], 1);
    settings.view.cameras = cameras.to_vec();
    let record = play(&settings)["inside"][0].clone();
    assert!(record.success);
    record
}

#[test]
fn mirrored_experts_see_the_same_images_and_reach_the_same_states_in_every_protocol() {
    let servers = [Protocol::V3, Protocol::P2, Protocol::P1]
        .map(|protocol| speaking(protocol, GripperConvention::Simulator));
    // What they speak is found out, which takes an episode of no run.
    let [v3, p2, p1] = servers.each_ref().map(Running::url);
    let policies = [format!("v3={v3}"), format!("p2={p2}"), format!("p1={p1}")];
    let mut asked = settings(&policies, &[REACH], 1);
    asked.view = View::standard();
    asked.servers.rules.p1_images = true;
    let records = play(&asked);
    let standard = inside(REACH, &View::standard().cameras);
    let of_p2 = inside(REACH, &p2::CAMERAS);
    assert_ne!(standard.image_hash, of_p2.image_hash);
    for (name, expected) in [("v3", &standard), ("p2", &of_p2), ("p1", &standard)] {
        assert_eq!(records[name][0], *expected, "{name}");
    }
}

#[test]
fn mirrored_experts_grasp_with_both_signs_of_the_gripper() {
    use GripperConvention::{Documented, Simulator};

    let verdict = |record: &EpisodeRecord| (record.outcome, record.steps, record.state_hash);
    let expected = verdict(&inside(PICK_PLACE, &[]));
    // What the evaluation takes for granted, and what the servers do: only P1 servers do not say it, and P2 has one sign.
    for (assumed, p1_does, p1_agrees) in [
        (Simulator, Simulator, true),
        (Documented, Documented, true),
        (Simulator, Documented, false),
    ] {
        let servers = [
            ("v3", speaking(Protocol::V3, Simulator)),
            ("v3_other", speaking(Protocol::V3, Documented)),
            ("p1", speaking(Protocol::P1, p1_does)),
            ("p2", speaking(Protocol::P2, Simulator)),
        ];
        // P2 always has images, which take long to draw: once is enough.
        let taken = if assumed == Simulator && p1_agrees {
            4
        } else {
            3
        };
        let policies = servers[..taken]
            .iter()
            .map(|(name, server)| format!("{name}={}", server.url()));
        let mut asked = settings(&policies.collect::<Vec<_>>(), &[PICK_PLACE], 1);
        asked.servers.rules.gripper = assumed;
        let records = play(&asked);
        for (name, _) in &servers[..taken] {
            let is_equal = verdict(&records[*name][0]) == expected;
            assert_eq!(is_equal, *name != "p1" || p1_agrees, "{name} {assumed}");
        }
    }
}

#[test]
fn how_much_runs_at_once_leaves_no_trace() {
    let server = MockServer::start(MockSettings::new(Random)).unwrap();
    let policies = [format!("a={}", server.url()), "b=random".to_owned()];
    let records = |jobs: usize, max_concurrent: usize| {
        let mut settings = settings(&policies, &[REACH, PICK_PLACE], 3);
        settings.jobs = NonZeroUsize::new(jobs).unwrap();
        settings.servers.max_concurrent = NonZeroUsize::new(max_concurrent).unwrap();
        play(&settings)
    };
    let one = records(1, 1);
    assert_eq!(records(3, 32), one);
    assert_eq!(one["a"], one["b"]);
}

/// A server whose episodes begin only when `begun` of them are there, or when somebody outside comes to the barrier.
#[derive(Debug)]
struct Waiting {
    begun: Arc<Barrier>,
    max_episodes: usize,
    running: AtomicUsize,
}

impl Server for Waiting {
    fn offer(&self) -> Offer {
        Offer {
            protocol: Protocol::V3,
            encoding: Encoding::Json,
            image: ImageEncoding::Raw,
        }
    }

    fn cameras(&self) -> &[CameraName] {
        &[]
    }

    fn max_episodes(&self) -> usize {
        self.max_episodes
    }

    fn episode<'a>(&'a self, pause: &'a dyn Pause) -> Box<dyn ServerEpisode + 'a> {
        Box::new(WaitingEpisode {
            server: self,
            pause,
            answers: Vec::new(),
        })
    }
}

struct WaitingEpisode<'a> {
    server: &'a Waiting,
    pause: &'a dyn Pause,
    answers: Vec<AnswerNote>,
}

impl RemotePolicy for WaitingEpisode<'_> {
    fn begin(&mut self, _: &PolicyStart) -> Result<(), Outcome> {
        let running = self.server.running.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(running <= self.server.max_episodes);
        self.pause.aside(&mut || {
            self.server.begun.wait();
        });
        Ok(())
    }

    fn act(&mut self, seen: &Seen<'_>) -> Result<TakenAction, Outcome> {
        if seen.step == 2 {
            return Err(Outcome::ActTimeout);
        }
        self.answers.push(AnswerNote {
            wire_ms: 1.5,
            held: seen.step == 1,
            retried: false,
        });
        Ok(TakenAction {
            action: Action::ZERO,
            clipped: false,
        })
    }

    fn end(&mut self, record: &EpisodeRecord) {
        assert_eq!(record.outcome, Outcome::ActTimeout);
        self.server.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl ServerEpisode for WaitingEpisode<'_> {
    fn answers(&self) -> &[AnswerNote] {
        &self.answers
    }

    fn failure(&self) -> Option<&str> {
        Some("tired")
    }
}

/// With one permit to simulate: four episodes of one server wait for each other, and another server's only episode at a time waits
/// until all others are over.
#[test]
fn waiting_holds_up_nobody_else() {
    /// Lets the last server begin when everybody else is done.
    struct Opener {
        others: usize,
        gate: Arc<Barrier>,
        order: Vec<usize>,
    }

    impl Observer for Opener {
        fn episode(&mut self, finished: &Finished, done: usize, _: usize) -> Result<(), Error> {
            self.order.push(finished.unit.participant);
            if done >= self.others {
                // Once for each episode of the hanging server, of which the last needs nobody after it.
                if done < self.others + 4 {
                    self.gate.wait();
                }
            }
            Ok(())
        }
    }

    let policies = ["together=http://127.0.0.1:1", "hanging=http://127.0.0.1:2"];
    let mut settings = settings(&policies.map(str::to_owned), &[REACH], 4);
    settings.jobs = NonZeroUsize::MIN;
    let server = |begun: &Arc<Barrier>, max_episodes| {
        Reach::Server(Box::new(Waiting {
            begun: Arc::clone(begun),
            max_episodes,
            running: AtomicUsize::new(0),
        }))
    };
    let gate = Arc::new(Barrier::new(2));
    let together = server(&Arc::new(Barrier::new(4)), 4);
    let lineup = Lineup::of(&settings, vec![together, server(&gate, 1)]);
    // Two servers and two baselines, four episodes each.
    let mut opener = Opener {
        others: 12,
        gate,
        order: Vec::new(),
    };
    let played = evaluate::run(&lineup, &places::models(), &mut opener).unwrap();
    assert!(
        opener.order[..12]
            .iter()
            .all(|&participant| participant != 1)
    );
    for verdict in &played.verdicts[..8] {
        assert_eq!(
            (verdict.record.outcome, verdict.record.steps),
            (Outcome::ActTimeout, 2)
        );
        assert_eq!(verdict.failure.as_deref(), Some("tired"));
    }
    assert!(played.wire[0].is_some() && played.wire[3].is_none());
}

fn run(line: &str) -> Run {
    kinitro(line.split_whitespace())
}

#[test]
fn hostile_servers_lose_their_own_episodes_only() {
    let dir = tempfile::tempdir().unwrap();
    let serve = |fault: &str| {
        let mut settings = MockSettings::new(Random);
        settings.faults.list.push(fault.parse().unwrap());
        MockServer::start(settings).unwrap()
    };
    let faults = [
        ("hang", Outcome::ActTimeout),
        ("garbage", Outcome::PolicyError),
        ("redirect=http://127.0.0.1:9/", Outcome::PolicyError),
        ("disconnect", Outcome::PolicyError),
        ("endless-body", Outcome::PolicyError),
        ("wrong-length", Outcome::InvalidAction),
        ("nan", Outcome::InvalidAction),
        ("reset/status=500", Outcome::ResetFailed),
        ("health/status=404", Outcome::MinerUnreachable),
    ];
    let servers: Vec<Running> = faults.iter().map(|(fault, _)| serve(fault)).collect();
    let attacks = servers.iter().enumerate();
    let attacks: Vec<String> = attacks
        .map(|(index, server)| format!("--policy s{index}={}", server.url()))
        .collect();
    let evaluation = |name: &str, more: &str| {
        let out = dir.path().join(name);
        let line = format!(
            "evaluate --policy good=expert {more} --envs {REACH} --episodes 2 --seed {SEED} --cameras none \
             --allow-private-endpoints --ready-within 0 --out {}",
            out.display()
        );
        let finished = run(&line);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        let json = fs::read(out.join("results.json")).unwrap();
        (Results::from_json(&json).unwrap(), finished)
    };
    let (quiet, _) = evaluation("quiet", "");
    let (attacked, said) = evaluation("attacked", &attacks.join(" "));
    assert!(
        said.stderr.contains("policy `s8` is unreachable"),
        "{}",
        said.stderr
    );
    assert!(said.stdout.contains("not reached"), "{}", said.stdout);

    let of = |results: &Results, name: &str| {
        let entries = results.episodes.iter();
        entries
            .filter(|entry| entry.policy.as_str() == name)
            .cloned()
            .collect::<Vec<_>>()
    };
    for name in ["good", "zero", "random"] {
        assert_eq!(of(&attacked, name), of(&quiet, name), "{name}");
    }
    for (index, (fault, outcome)) in faults.iter().enumerate() {
        let name = format!("s{index}");
        for entry in of(&attacked, &name) {
            assert_eq!(entry.outcome, *outcome, "{fault}: {:?}", entry.failure);
            assert!(entry.failure.is_some(), "{fault}");
            let path = dir.path().join("attacked").join(entry.transcript.unwrap());
            let transcript = Transcript::read(fs::File::open(path).unwrap()).unwrap();
            let held = transcript.frames.iter().filter(|frame| frame.flags.held);
            assert_eq!(
                held.count(),
                if *fault == "hang" { 2 } else { 0 },
                "{fault}"
            );
        }
        let policy = attacked
            .policies
            .iter()
            .find(|policy| policy.name.as_str() == name);
        let wire = policy.unwrap().wire.as_ref().unwrap();
        assert_eq!(wire.failures, BTreeMap::from([(*outcome, 2)]), "{fault}");
        assert_eq!(
            wire.protocol.is_none(),
            *outcome == Outcome::MinerUnreachable
        );
    }
    // Transcripts that end by a failure of the policy are confirmed like all others.
    let replayed = run(&format!("replay {}", dir.path().join("attacked").display()));
    assert_eq!(
        replayed.code,
        Some(0),
        "{}{}",
        replayed.stdout,
        replayed.stderr
    );
}

#[test]
fn an_evaluation_of_nobody_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    // Port 9 of this machine: nobody listens there, and without permission nobody asks.
    for (more, part) in [
        ("", "none of its addresses is public"),
        ("--allow-private-endpoints", "cannot connect"),
    ] {
        let finished = run(&format!(
            "evaluate --policy a=http://127.0.0.1:9 --envs {REACH} --ready-within 0 {more} --out {}",
            out.display()
        ));
        assert_eq!(finished.code, Some(4), "{}", finished.stderr);
        for part in [part, "`a`", "hint: start the servers first"] {
            assert!(finished.stderr.contains(part), "{}", finished.stderr);
        }
        assert!(!out.join("results.json").exists());
    }
}

#[test]
fn two_names_for_one_server_share_its_threads() {
    let built_in = BuiltIn::Zero.to_string();
    let server = MockServer::start(MockSettings::new(Zero)).unwrap();
    let policies = [
        format!("a={}#v3", server.url()),
        format!("b={}#p1", server.url()),
        format!("c={built_in}"),
    ];
    // The P1 side keeps one episode for everybody; if both ran at once, nothing would be said about it, so only the results are checked.
    let records = play(&settings(&policies, &[REACH], 3));
    assert_eq!(records["a"], records["c"]);
    assert_eq!(records["b"], records["c"]);
}
