//! What each fault comes to, and that it comes to nothing for the others.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use kinitro_cli::miner::mock::behaviour::Random;
use kinitro_cli::miner::mock::{Faults, Running};
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::record::outcome::Outcome::{
    self, ActTimeout, InvalidAction, MinerUnreachable, PolicyError, ResetFailed, Success,
};
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::View;

use super::{Ended, Entry, always, evaluate, mirror, rules, server, settings};

/// For each request. So long that no good answer misses it where tests share two cores.
const DEADLINE: Duration = Duration::from_millis(1500);
const EPISODES: u32 = 2;

/// Fault, how its episodes end, after how many steps. After `#` stands a protocol to speak, the newest otherwise.
const TABLE: [(&str, Outcome, u16); 26] = [
    // Two misses are forgiven, so that two actions are taken.
    ("hang", ActTimeout, 2),
    ("slow-body=200", ActTimeout, 2),
    ("slow-body=200#p1", ActTimeout, 2),
    ("endless-body", PolicyError, 0),
    ("huge-header", PolicyError, 0),
    ("redirect=HERE", PolicyError, 0),
    ("disconnect", PolicyError, 0),
    ("disconnect#p2", PolicyError, 0),
    ("garbage", PolicyError, 0),
    ("status=404", PolicyError, 0),
    ("status=500", PolicyError, 0),
    // Asked a second time at once, and no better.
    ("status=503", PolicyError, 0),
    ("nan", InvalidAction, 0),
    ("nan#p1", InvalidAction, 0),
    ("wrong-length", InvalidAction, 0),
    ("wrong-length#p2", InvalidAction, 0),
    ("reset/hang", ResetFailed, 0),
    ("reset/endless-body", ResetFailed, 0),
    ("reset/status=500", ResetFailed, 0),
    ("reset/redirect=HERE", ResetFailed, 0),
    ("unready", MinerUnreachable, 0),
    ("health/hang", MinerUnreachable, 0),
    ("health/huge-header", MinerUnreachable, 0),
    ("health/endless-body", MinerUnreachable, 0),
    ("health/redirect=HERE", MinerUnreachable, 0),
    ("health/status=500", MinerUnreachable, 0),
];

/// Faults after the episode, which come too late to change anything.
const TOO_LATE: [&str; 3] = ["close/hang", "close/endless-body", "close/disconnect"];

/// A policy behind a server that misbehaves, and what becomes of its episodes.
struct Attacker {
    fault: String,
    policy: Entry,
    outcome: Outcome,
    steps: u16,
    /// Counts how often the fault struck, where there is a count.
    server: Option<Running>,
}

impl Attacker {
    fn new(number: usize, url: &str, row: (&str, Outcome, u16), server: Option<Running>) -> Self {
        let (fault, outcome, steps) = row;
        let pin = fault.split_once('#').map_or("v3", |(_, pin)| pin);
        Self {
            fault: fault.to_owned(),
            policy: (format!("attacker{number}"), format!("{url}#{pin}")),
            outcome,
            steps,
            server,
        }
    }

    fn check(&self, ended: &Ended) {
        let Ended { record, exchange } = ended;
        let fault = &self.fault;
        assert_eq!(
            (record.outcome, record.steps),
            (self.outcome, self.steps),
            "{fault}: {exchange:?}"
        );
        assert_eq!(
            exchange.failure.is_some(),
            self.outcome.is_policy_failure(),
            "{fault}: {exchange:?}"
        );
        // The tests may share their cores with others: four times what is allowed.
        let allowed_ms = 4.0 * DEADLINE.as_secs_f64() * 1000.0;
        for answer in &exchange.answers {
            assert!(answer.wire_ms < allowed_ms, "{fault}: {answer:?}");
        }
        // Two resets, the misses forgiven, the one that is not, and a close request; all good answers together count as one more.
        let wall_ms = exchange.wall_ms;
        assert!(wall_ms < 7.0 * allowed_ms, "{fault}: {wall_ms} ms");
        if let Some(server) = &self.server {
            assert_ne!(server.totals().faulty, 0, "{fault} never struck");
        }
    }
}

/// One attacker per row of the table; `HERE` becomes the address of `elsewhere`.
fn attackers(elsewhere: &TcpListener) -> Vec<Attacker> {
    let here = url(elsewhere);
    let attacker = |(number, row): (usize, &(&str, Outcome, u16))| {
        let fault = row.0.split('#').next().unwrap().replace("HERE", &here);
        let server = server(Random, always(&fault));
        Attacker::new(number, &server.url(), *row, Some(server))
    };
    TABLE.iter().enumerate().map(attacker).collect()
}

fn listener() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

fn url(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().unwrap())
}

/// The name of the policy behind a server with a fault of its close requests.
fn name(fault: &str) -> String {
    fault.replace('/', "-")
}

#[test]
fn every_fault_has_its_outcome_and_changes_nobody_elses() {
    let (elsewhere, silent) = (listener(), listener());
    let good = server(mirror(), Faults::default());
    let mut policies: Vec<Entry> = vec![
        ("expert".into(), "expert".into()),
        ("good".into(), good.url()),
    ];
    let view = View {
        cameras: vec![CameraName::Corner],
        size: ImageSize::new(16, 16).unwrap(),
    };
    let play = |policies: &[Entry]| {
        let settings = settings(policies, EPISODES, view.clone(), rules(DEADLINE));
        evaluate(&settings, |_| ())
    };
    let undisturbed = play(&policies);

    let mut attackers = attackers(&elsewhere);
    let slow = server(
        Random,
        Faults {
            latency: 2 * DEADLINE,
            ..Faults::default()
        },
    );
    let row = ("latency", ActTimeout, 2);
    attackers.push(Attacker::new(TABLE.len(), &slow.url(), row, None));
    // The system accepts connections to it, and nobody ever reads from them.
    let row = ("silence", MinerUnreachable, 0);
    attackers.push(Attacker::new(TABLE.len() + 1, &url(&silent), row, None));
    policies.extend(attackers.iter().map(|attacker| attacker.policy.clone()));
    let late = TOO_LATE.map(|fault| (fault, server(mirror(), always(fault))));
    policies.extend(
        late.iter()
            .map(|(fault, server)| (name(fault), server.url())),
    );
    let results = play(&policies);

    for ((name, episode), expected) in &undisturbed {
        let found = &results[&(name.clone(), *episode)];
        assert_eq!(found.record, expected.record, "{name} {episode}");
    }
    for episode in 0..EPISODES.into() {
        let record = |name: &str| &results[&(name.to_owned(), episode)].record;
        let (expert, good) = (record("expert"), record("good"));
        assert_eq!(
            (expert.outcome, expert.image_hash.is_some()),
            (Success, true)
        );
        // Servers send commands that are clipped already, which the record tells.
        assert_eq!(
            (&good.state_hash, &good.image_hash),
            (&expert.state_hash, &expert.image_hash)
        );
        for (fault, server) in &late {
            assert_eq!(record(&name(fault)), good, "{fault}");
            assert_ne!(server.totals().faulty, 0, "{fault} never struck");
        }
        for attacker in &attackers {
            attacker.check(&results[&(attacker.policy.0.clone(), episode)]);
        }
    }
    let nobody = elsewhere.accept().map(|_| ()).unwrap_err();
    assert_eq!(
        nobody.kind(),
        ErrorKind::WouldBlock,
        "a redirect was followed"
    );
}
