//! Servers at addresses that are not public are not even connected to, unless that is asked for.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use kinitro_cli::policy_server::{Addresses, Rules};
use kinitro_core::record::outcome::Outcome;
use kinitro_sim::episode::View;
use kinitro_tests::program::{Finished, kinitro};

use super::{Entry, evaluate, rules, settings};

const FLAG: &str = "--allow-private-endpoints";
/// This machine, as literals of every kind and as a name that the system looks up.
const HOSTS: [&str; 9] = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "%31%32%37.0.0.1",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "localhost",
];

/// Notes whoever connects.
fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Checks that nobody has connected so far, and that it would have been noted.
fn check_untouched(listener: &TcpListener) {
    let nobody = listener.accept().map(|_| ()).unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
    let _somebody = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    listener.accept().unwrap();
}

#[test]
fn an_evaluation_connects_to_no_private_address_in_any_notation() {
    let (listener, port) = listener();
    let hosts = HOSTS.iter().enumerate();
    let attackers = hosts.map(|(number, host)| -> Entry {
        (
            format!("attacker{number}"),
            format!("http://{host}:{port}#v3"),
        )
    });
    let zero = ("zero".to_owned(), "zero".to_owned());
    let policies: Vec<Entry> = [zero].into_iter().chain(attackers).collect();
    let rules = Rules {
        addresses: Addresses::PublicOnly,
        ..rules(Duration::from_secs(2))
    };
    let results = evaluate(&settings(&policies, 1, View::state_only(), rules), |_| ());
    for (name, spec) in &policies[1..] {
        let ended = &results[&(name.clone(), 0)];
        assert_eq!(ended.record.outcome, Outcome::MinerUnreachable, "{spec}");
        let failure = ended.exchange.failure.as_deref().unwrap();
        assert!(
            failure.contains("none of its addresses is public"),
            "{spec}: {failure}"
        );
    }
    check_untouched(&listener);
}

fn evaluate_on_command_line(port: u16, more: &[&str], folder: &Path) -> Finished {
    let mine = format!("mine=http://127.0.0.1:{port}");
    let out = folder.join("out").display().to_string();
    let fixed = [
        "evaluate",
        "--policy",
        &mine,
        "--envs",
        "metaworld/reach-v3",
        "--episodes",
        "1",
        "--cameras",
        "none",
        "--out",
        &out,
    ];
    kinitro(fixed.iter().chain(more))
}

#[test]
fn the_command_names_the_flag() {
    let (listener, port) = listener();
    let folder = tempfile::tempdir().unwrap();
    let alone = evaluate_on_command_line(port, &[], folder.path());
    assert_eq!(alone.code, Some(4), "{alone:?}");
    assert!(
        alone.stderr.contains("none of its addresses is public"),
        "{}",
        alone.stderr
    );
    assert!(alone.stderr.contains(FLAG), "{}", alone.stderr);
    let among_others =
        evaluate_on_command_line(port, &["--policy", "zero=zero", "--force"], folder.path());
    assert_eq!(among_others.code, Some(0), "{among_others:?}");
    assert!(
        among_others.stderr.contains("`mine` is unreachable"),
        "{among_others:?}"
    );
    assert!(among_others.stderr.contains(FLAG), "{among_others:?}");
    check_untouched(&listener);
}
