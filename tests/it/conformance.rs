//! What miners are told about their servers: a good one passes, and each fault is found by the check that is about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kinitro_cli::miner::conformance::{self, Report, Settings, Subject, Verdict};
use kinitro_cli::miner::mock::behaviour::{Random, Zero};
use kinitro_cli::miner::mock::mirror::{Mirror, Scenes};
use kinitro_cli::miner::mock::{
    Asked, Behaviour, Faults, MockServer, Player, Refusal, Running, Settings as Mock, Speaks, Start,
};
use kinitro_cli::policy_server::{Addresses, LatencyProfile, Parties, Rules};
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::{Encoding, GripperConvention, Protocol};
use kinitro_core::record::Level;
use kinitro_core::seed::CycleSeed;
use kinitro_tests::places;
use kinitro_tests::program::kinitro;

use Verdict::{Fail, Skipped, Warn};

const SEED: u64 = 3;
/// Its expert's episodes are short.
const REACH: &str = "metaworld/reach-v3";

/// Everything but the gripper, whose check takes longer than all others together; no time that a busy machine could exceed.
fn settings(server: &Running) -> Settings {
    Settings {
        endpoint: server.url().parse().unwrap(),
        env: REACH.parse().unwrap(),
        protocol: Some(Protocol::V3),
        rules: Rules {
            addresses: Addresses::AllowPrivate,
            latency: LatencyProfile::Within(Duration::from_mins(1)),
            max_connections: 3,
            ..Rules::default()
        },
        steps: 14,
        grasps: 0,
        cycle: CycleSeed::from_local_seed(SEED),
        level: Level::Seed,
        parties: Parties::default(),
    }
}

fn run(settings: &Settings) -> Report {
    conformance::run(settings, &places::models(), |_| ()).unwrap()
}

/// What was found besides that all is well, in the order of the checks.
fn findings(report: &Report) -> Vec<(Subject, Verdict)> {
    let checks = report.checks.iter();
    checks
        .filter(|check| check.verdict != Verdict::Pass)
        .map(|check| (check.subject, check.verdict))
        .collect()
}

/// Checks a server; beside what is true of every server here, exactly this must be found.
#[track_caller]
fn check(server: Mock, expected: &[(Subject, Verdict)]) -> Report {
    let server = MockServer::start(server).unwrap();
    let report = run(&settings(&server));
    let mut all = vec![(Subject::Address, Warn)];
    all.extend(expected);
    let no_grasps = (Subject::Gripper, Skipped);
    let found: Vec<_> = findings(&report)
        .into_iter()
        .filter(|finding| *finding != no_grasps)
        .collect();
    assert_eq!(found, all, "{report:#?}");
    let fails = expected.iter().any(|(_, verdict)| *verdict == Fail);
    assert_eq!(report.ready, !fails);
    // Whoever is told that something is wrong is told what to do.
    let silent = |verdict| report.with(verdict).any(|check| check.hint.is_none());
    assert!(!silent(Fail) && !silent(Warn), "{report:#?}");
    report
}

fn with_fault(fault: &str) -> Mock {
    Mock {
        faults: Faults {
            list: vec![fault.parse().unwrap()],
            ..Faults::default()
        },
        ..Mock::new(Random)
    }
}

fn mirror() -> Mirror {
    let scenes = Scenes {
        cycle: CycleSeed::from_local_seed(SEED),
        level: Level::Seed,
        episodes: 20,
        hotkey: None,
    };
    Mirror::new(scenes, 0.0, places::models())
}

/// Checks the gripper of a server; returns its verdict and the hint.
fn grasps(server: Mock, protocol: Protocol) -> (Verdict, String) {
    let server = MockServer::start(server).unwrap();
    let settings = Settings {
        protocol: Some(protocol),
        grasps: 1,
        ..settings(&server)
    };
    let report = run(&settings);
    let others = findings(&report)
        .into_iter()
        .filter(|(subject, _)| !matches!(subject, Subject::Address | Subject::Gripper));
    assert_eq!(others.count(), 0, "{report:#?}");
    let mut checks = report.checks.into_iter();
    let check = checks.find(|check| check.subject == Subject::Gripper);
    let check = check.unwrap();
    let text = format!("{}; {}", check.measured, check.hint.unwrap_or_default());
    (check.verdict, text)
}

#[test]
fn a_good_server_passes_everything_in_every_protocol() {
    let server = MockServer::start(Mock::new(mirror())).unwrap();
    let settings = Settings {
        protocol: None,
        grasps: 1,
        ..settings(&server)
    };
    let report = run(&settings);
    assert_eq!(findings(&report), [(Subject::Address, Warn)], "{report:#?}");
    assert!(report.ready);
    let of = |protocol| {
        let checks = report.checks.iter();
        checks.filter(move |check| check.protocol == protocol)
    };
    let counts = [
        None,
        Some(Protocol::V3),
        Some(Protocol::P2),
        Some(Protocol::P1),
    ]
    .map(|protocol| of(protocol).count());
    assert_eq!(counts, [4, 14, 9, 9]);
    for check in report
        .checks
        .iter()
        .filter(|check| check.subject == Subject::Latency)
    {
        assert_eq!(check.numbers["answers"], 14.0);
        assert!(
            check.numbers["p50_ms"] > 0.0 && check.numbers["p50_ms"] <= check.numbers["max_ms"]
        );
    }
}

#[test]
fn servers_that_lack_something_are_told_so() {
    check(with_fault("close/status=404"), &[(Subject::Close, Warn)]);
    check(Mock::new(Zero), &[(Subject::Actions, Warn)]);
    let json = Mock {
        encodings: vec![Encoding::Json],
        ..Mock::new(Random)
    };
    check(json, &[(Subject::Payload, Warn)]);
    let old = Mock {
        speaks: Speaks::Only(Protocol::P1),
        ..Mock::new(Random)
    };
    let server = MockServer::start(old).unwrap();
    let settings = Settings {
        protocol: None,
        ..settings(&server)
    };
    let expected = [
        (Subject::Address, Warn),
        (Subject::Protocols, Warn),
        (Subject::Convention, Warn),
        (Subject::Payload, Warn),
        (Subject::Gripper, Skipped),
    ];
    assert_eq!(findings(&run(&settings)), expected);
}

#[test]
fn a_health_that_is_none_ends_it() {
    for fault in [
        "health/garbage",
        "unready",
        "health/status=503",
        "health/redirect=http://127.0.0.1:1/",
    ] {
        let report = check(with_fault(fault), &[(Subject::Health, Fail)]);
        assert_eq!(report.checks.len(), 2, "{fault}: {report:#?}");
    }
}

#[test]
fn private_addresses_are_for_trying_out_only() {
    let server = MockServer::start(Mock::new(Random)).unwrap();
    let mut settings = settings(&server);
    settings.rules.addresses = Addresses::PublicOnly;
    assert_eq!(findings(&run(&settings)), [(Subject::Address, Fail)]);
    assert_eq!(server.totals().health, 0);
}

/// What cannot be told without actions.
const ON_ACTIONS: [(Subject, Verdict); 8] = [
    (Subject::Latency, Skipped),
    (Subject::Payload, Skipped),
    (Subject::Actions, Skipped),
    (Subject::Determinism, Skipped),
    (Subject::Independence, Skipped),
    (Subject::TwoEpisodes, Skipped),
    (Subject::ParallelLatency, Skipped),
    (Subject::Encodings, Skipped),
];

#[test]
fn answers_that_are_no_actions_fail_as_such() {
    for (fault, hint) in [
        ("nan", "NaN"),
        ("wrong-length", "four numbers"),
        ("status=500", "log"),
        ("garbage", "msgpack"),
        ("huge-header", "16 KiB"),
        ("endless-body", "64 KiB"),
        ("disconnect", "crash"),
    ] {
        let mut expected = vec![(Subject::Act, Fail)];
        expected.extend(ON_ACTIONS);
        let report = check(with_fault(fault), &expected);
        let act = report.with(Fail).next().unwrap();
        assert!(
            act.hint.as_ref().unwrap().contains(hint),
            "{fault}: {act:?}"
        );
    }
}

#[test]
fn without_reset_nothing_else_is_tried() {
    let mut expected = vec![(Subject::Reset, Fail), (Subject::Act, Skipped)];
    expected.extend(ON_ACTIONS);
    expected.extend([
        (Subject::Close, Skipped),
        (Subject::UnknownEpisode, Skipped),
        (Subject::BadRequest, Skipped),
    ]);
    check(with_fault("reset/status=500"), &expected);
}

#[test]
fn a_slow_server_fails_by_time_alone() {
    let faults = Faults {
        latency: Duration::from_millis(150),
        ..Faults::default()
    };
    let server = Mock {
        faults,
        ..Mock::new(Random)
    };
    let server = MockServer::start(server).unwrap();
    let mut settings = settings(&server);
    settings.rules.latency = LatencyProfile::Strict;
    settings.grasps = 1;
    let report = run(&settings);
    let expected = [
        (Subject::Address, Warn),
        (Subject::Latency, Fail),
        (Subject::ParallelLatency, Skipped),
        (Subject::Gripper, Skipped),
    ];
    assert_eq!(findings(&report), expected);
    let latency = report.with(Fail).next().unwrap();
    assert!(
        latency.measured.contains("episodes end at step 2"),
        "{latency:?}"
    );
    assert_eq!(latency.numbers["above_100_ms"], 14.0);
}

/// Acts by the policy seed, the number of the answer, and what is remembered across episodes.
#[derive(Debug, Clone)]
struct Forgetful {
    kind: Kind,
    memory: Arc<AtomicU32>,
    seed: u32,
    number: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Draws anew every time.
    Dice,
    /// Carries the seed of the episode before over.
    Leaky,
    /// Keeps one episode for everybody.
    Single,
}

impl Behaviour for Forgetful {
    fn begin(&self, start: &Start<'_>) -> Result<Box<dyn Player>, Refusal> {
        let mut player = self.clone();
        if self.kind != Kind::Dice {
            player.seed = self.memory.swap(start.seed.value(), Ordering::Relaxed);
        }
        Ok(Box::new(player))
    }
}

impl Player for Forgetful {
    fn act(&mut self, asked: &Asked) -> Result<Vec<Action>, Refusal> {
        self.number += 1;
        let base = match self.kind {
            Kind::Dice => self.memory.fetch_add(1, Ordering::Relaxed),
            Kind::Leaky => self.seed % 97,
            Kind::Single => self.memory.load(Ordering::Relaxed) % 97,
        };
        let mixed = (base * 31 + self.number * 17) % 101;
        let number = f64::from(mixed) / 50.0 - 1.0;
        let (action, _) = Action::from_wire([number, -number, 0.0, 0.0]).unwrap();
        Ok(vec![action; asked.count])
    }
}

#[test]
fn what_does_not_repeat_is_found_by_how_it_does_not() {
    let server = |kind| {
        Mock::new(Forgetful {
            kind,
            memory: Arc::default(),
            seed: 0,
            number: 0,
        })
    };
    check(
        server(Kind::Dice),
        &[
            (Subject::Determinism, Fail),
            (Subject::Independence, Skipped),
            (Subject::TwoEpisodes, Skipped),
        ],
    );
    check(
        server(Kind::Leaky),
        &[
            (Subject::Independence, Fail),
            (Subject::TwoEpisodes, Skipped),
        ],
    );
    check(server(Kind::Single), &[(Subject::TwoEpisodes, Fail)]);
}

/// The scripted expert that says its gripper's number with the other sign than its server announces.
#[derive(Debug)]
struct WrongSign(Mirror);

struct Turned(Box<dyn Player>);

impl Behaviour for WrongSign {
    fn begin(&self, start: &Start<'_>) -> Result<Box<dyn Player>, Refusal> {
        Ok(Box::new(Turned(self.0.begin(start)?)))
    }
}

impl Player for Turned {
    fn act(&mut self, asked: &Asked) -> Result<Vec<Action>, Refusal> {
        let turned = |action: Action| {
            let [dx, dy, dz, grip] = *action.as_array();
            Action::from_recorded([dx, dy, dz, -grip]).unwrap()
        };
        Ok(self.0.act(asked)?.into_iter().map(turned).collect())
    }
}

/// Closes once the hand is low, from what every policy sees; `sign` 1 is the right one.
#[derive(Debug, Clone, Copy)]
struct Reflex {
    sign: f32,
    is_closed: bool,
}

impl Reflex {
    /// The expert's hand comes to a stop at 7 cm.
    const LOW: f32 = 0.08;

    fn new(sign: f32) -> Self {
        Self {
            sign,
            is_closed: false,
        }
    }
}

impl Behaviour for Reflex {
    fn begin(&self, _start: &Start<'_>) -> Result<Box<dyn Player>, Refusal> {
        Ok(Box::new(*self))
    }
}

impl Player for Reflex {
    fn act(&mut self, asked: &Asked) -> Result<Vec<Action>, Refusal> {
        self.is_closed |= asked.proprio[2] < Self::LOW;
        let grip = if self.is_closed {
            self.sign
        } else {
            -self.sign
        };
        // It moves as well, which is not looked at here, but makes it differ from a server that answers always the same.
        let action = Action::from_recorded([asked.proprio[0], 0.0, 0.0, grip]).unwrap();
        Ok(vec![action; asked.count])
    }
}

#[test]
fn an_inverted_gripper_is_found_whoever_acts() {
    let documented = |behaviour| Mock {
        gripper_convention: GripperConvention::Documented,
        ..behaviour
    };
    let is = |(verdict, text): (Verdict, String), expected: Verdict, part: &str| {
        assert_eq!(verdict, expected, "{text}");
        assert!(text.contains(part), "{text}");
    };
    let (v3, p2) = (Protocol::V3, Protocol::P2);
    is(
        grasps(Mock::new(Reflex::new(1.0)), v3),
        Verdict::Pass,
        "in 1 of 1 scenes as announced",
    );
    is(
        grasps(Mock::new(Reflex::new(-1.0)), v3),
        Fail,
        "convention\": \"documented\"",
    );
    is(
        grasps(documented(Mock::new(mirror())), v3),
        Verdict::Pass,
        "in 1 of 1 scenes as announced",
    );
    is(
        grasps(documented(Mock::new(WrongSign(mirror()))), v3),
        Fail,
        "convention\": \"simulator\"",
    );
    is(grasps(Mock::new(WrongSign(mirror())), p2), Fail, "1 minus");
    // Draws at random, and lifts nothing on purpose.
    is(grasps(Mock::new(Random), v3), Warn, "no telling");
}

#[test]
fn the_command_prints_what_was_found_and_exits_by_it() {
    let good = MockServer::start(Mock::new(Random)).unwrap();
    let bad = MockServer::start(with_fault("nan")).unwrap();
    for (server, code, line) in [
        (&good, 0, "Ready for evaluation: 0 failed"),
        (&bad, 1, "Not ready for evaluation: 1 failed"),
    ] {
        let url = server.url();
        let arguments = format!(
            "miner test {url}#v3 --allow-private-endpoints --env reach-v3 --steps 10 --grasps 0"
        );
        let finished = kinitro(arguments.split(' '));
        assert_eq!(finished.code, Some(code), "{}", finished.stderr);
        assert!(finished.stdout.contains(line), "{}", finished.stdout);
        let json = kinitro(format!("{arguments} --json").split(' '));
        let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(report["ready"], code == 0);
        let act = report["checks"].as_array().unwrap().iter();
        let act = act.clone().find(|check| check["check"] == "act").unwrap();
        assert_eq!(act["verdict"], if code == 0 { "pass" } else { "fail" });
        assert_eq!(act["protocol"], "v3");
        assert_eq!(act["hint"].is_null(), code == 0);
    }
}
