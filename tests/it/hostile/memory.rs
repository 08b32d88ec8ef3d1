//! What a thousand faulty episodes leave behind.

use std::fs;
use std::time::Duration;

use kinitro_cli::miner::mock::Running;
use kinitro_cli::miner::mock::behaviour::Random;
use kinitro_sim::episode::View;
use kinitro_tests::process::alone;

use super::{Entry, always, evaluate, rules, server, settings};

/// So short that a thousand episodes take seconds. Good answers may miss it too: here everybody misbehaves.
const DEADLINE: Duration = Duration::from_millis(30);
const FAULTS: [&str; 16] = [
    "hang",
    "slow-body=10",
    "endless-body",
    "huge-header",
    "redirect=http://127.0.0.1:9/",
    "disconnect",
    "garbage",
    "status=500",
    "status=503",
    "nan",
    "wrong-length",
    "reset/hang",
    "reset/endless-body",
    "reset/disconnect",
    "reset/garbage",
    "unready",
];
/// Policies behind each server.
const NAMES: usize = 8;
/// Of each policy.
const EPISODES: u32 = 8;
/// By then all threads have begun.
const WARM: usize = 50;
const MOST_GROWTH_KIB: u64 = 64 * 1024;

#[test]
fn a_thousand_faulty_episodes_leave_nothing_behind() {
    const NAME: &str = "hostile::memory::a_thousand_faulty_episodes_leave_nothing_behind";
    alone(NAME, &[], || {
        let server = |fault: &&str| server(Random, always(fault));
        let servers: Vec<Running> = FAULTS.iter().map(server).collect();
        let policies: Vec<Entry> = (0..NAMES * FAULTS.len())
            .map(|number| {
                (
                    format!("attacker{number}"),
                    format!("{}#v3", servers[number % FAULTS.len()].url()),
                )
            })
            .collect();
        let settings = settings(&policies, EPISODES, View::state_only(), rules(DEADLINE));
        let (mut warm, mut most) = (0, 0);
        let results = evaluate(&settings, |done| {
            let resident = resident_kib();
            if done == WARM {
                warm = resident;
            }
            most = most.max(resident);
        });
        let faulty = results
            .values()
            .filter(|ended| ended.record.outcome.is_policy_failure());
        assert_eq!(faulty.count(), 1024);
        println!("{warm} KiB after {WARM} episodes, {most} KiB at most");
        assert!(0 < warm && most - warm <= MOST_GROWTH_KIB, "{warm} {most}");
    });
}

/// Memory of this process that is not swapped out, KiB.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().strip_suffix(" kB").unwrap();
    number.parse().unwrap()
}
