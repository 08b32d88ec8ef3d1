//! Every fault, as its bytes show it.

use std::time::{Duration, Instant};

use kinitro_cli::miner::mock::behaviour::Random;
use kinitro_cli::miner::mock::fault::Fault;
use kinitro_cli::miner::mock::{Faults, Form, Settings};
use kinitro_core::Error;
use kinitro_core::protocol::wire::limits::MAX_HEAD_LEN;
use kinitro_core::protocol::wire::{AnswerRule, Encoding, Health, Protocol};
use kinitro_tests::http::{Answer, End};

use super::caller::{Caller, forms, seen, serve};
use super::{REACH, SIMULATOR, health, random_actions, seed};

fn faulty(faults: &[&str]) -> Settings {
    let list: Vec<Fault> = faults.iter().map(|text| text.parse().unwrap()).collect();
    Settings {
        faults: Faults {
            list,
            ..Faults::default()
        },
        ..Settings::new(Random)
    }
}

/// The answer to the first act request, in every form, of a server with this fault.
fn answers(fault: &str, patience: Duration) -> Vec<(Form, Caller, Answer)> {
    let server = serve(faulty(&[fault]));
    let answers: Vec<_> = forms(SIMULATOR)
        .into_iter()
        .map(|form| {
            let caller = Caller::new(&server, form, REACH, "a");
            caller.begin(seed(1));
            let impatient = Caller { patience, ..caller };
            let answer = impatient.act(0, &seen([0.0; 4]));
            (form, impatient, answer)
        })
        .collect();
    assert_eq!(server.totals().faulty, 4);
    answers
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

#[test]
fn bad_actions_break_their_rule() {
    for (form, caller, answer) in answers("nan", LONG) {
        assert_eq!(answer.status(), 200);
        let read = caller.read(&answer);
        let rule = AnswerRule::NotFinite;
        assert!(
            matches!(read, Err(Error::Answer { rule: found, .. }) if found == rule),
            "{form:?}: {read:?}"
        );
        if form.encoding == Encoding::Json {
            assert!(String::from_utf8_lossy(answer.body()).contains("NaN"));
        }
    }
    for (form, caller, answer) in answers("wrong-length", LONG) {
        let read = caller.read(&answer);
        let rule = AnswerRule::Length;
        assert!(
            matches!(read, Err(Error::Answer { rule: found, .. }) if found == rule),
            "{form:?}: {read:?}"
        );
    }
    for (form, caller, answer) in answers("garbage", LONG) {
        let read = caller.read(&answer);
        assert_eq!(answer.status(), 200);
        let rule = AnswerRule::Malformed;
        assert!(
            matches!(read, Err(Error::Answer { rule: found, .. }) if found == rule),
            "{form:?}: {read:?}"
        );
    }
}

#[test]
fn statuses_and_redirects_are_plain_answers() {
    for (form, _, answer) in answers("status=503", LONG) {
        assert_eq!(answer.status(), 503, "{form:?}");
    }
    for (form, _, answer) in answers("redirect=http://192.0.2.1/act", LONG) {
        assert_eq!(answer.status(), 307, "{form:?}");
        let target = answer.header("location");
        assert_eq!(target.as_deref(), Some("http://192.0.2.1/act"));
    }
}

#[test]
fn a_huge_header_comes_with_a_good_answer() {
    for (form, caller, answer) in answers("huge-header", LONG) {
        assert!(answer.head().len() > MAX_HEAD_LEN, "{form:?}");
        let action = caller.read(&answer).unwrap().now.action;
        assert_eq!(action, random_actions(1, 1)[0]);
    }
}

#[test]
fn bodies_drip_or_never_end() {
    for (form, caller, answer) in answers("slow-body=5", LONG) {
        let len = u32::try_from(answer.body().len()).unwrap();
        assert!(answer.took >= Duration::from_millis(5) * len, "{form:?}");
        assert_eq!(answer.header("content-length"), Some(len.to_string()));
        let action = caller.read(&answer).unwrap().now.action;
        assert_eq!(action, random_actions(1, 1)[0]);
    }
    for (form, _, answer) in answers("endless-body", LONG) {
        assert_eq!((answer.status(), answer.end), (200, End::Limit), "{form:?}");
    }
}

#[test]
fn a_connection_ends_without_a_byte_or_stays_silent() {
    for (form, _, answer) in answers("disconnect", LONG) {
        assert_eq!(answer.end, End::Closed, "{form:?}");
        assert!(answer.bytes.is_empty(), "{:?}", answer.bytes);
    }
    for (form, _, answer) in answers("hang", SHORT) {
        assert_eq!(answer.end, End::Silence, "{form:?}");
        assert!(answer.bytes.is_empty(), "{:?}", answer.bytes);
    }
}

#[test]
fn reset_and_health_fail_where_it_says_so() {
    let server = serve(faulty(&[
        "reset/disconnect",
        "unready=2",
        "health/huge-header",
    ]));
    let ready = |_| Health::read(health(&server).body()).unwrap().ready;
    assert_eq!([0, 1, 2, 3].map(ready), [false, false, true, true]);
    assert!(health(&server).head().len() > MAX_HEAD_LEN);
    for form in forms(SIMULATOR) {
        let caller = Caller::new(&server, form, REACH, "a");
        assert!(caller.reset(seed(1)).bytes.is_empty());
    }
}

/// The statuses of three times the same 30 steps.
fn statuses(fault_seed: u64) -> Vec<u16> {
    let mut settings = faulty(&["status=502@0.3"]);
    settings.faults.seed = fault_seed;
    let server = serve(settings);
    let caller = Caller::new(&server, forms(SIMULATOR)[0], REACH, "a");
    caller.begin(seed(1));
    let ask = |step| [0, 1, 2].map(|_| caller.act(step, &seen([0.0; 4])).status());
    (0..30).flat_map(ask).collect()
}

#[test]
fn faults_repeat_and_a_second_try_may_succeed() {
    let first = statuses(1);
    assert_eq!(first, statuses(1));
    assert_ne!(first, statuses(2));
    let tries: Vec<&[u16]> = first.chunks(3).collect();
    assert!(tries.iter().any(|tries| tries[0] == 502 && tries[1] == 200));
    assert!(tries.iter().any(|tries| tries[0] == 200));
}

#[test]
fn what_fails_does_not_shift_what_is_drawn() {
    let server = serve(faulty(&["disconnect@0.5"]));
    for form in forms(SIMULATOR) {
        let caller = Caller::new(&server, form, REACH, "a");
        caller.begin(seed(9));
        for (step, expected) in (0..).zip(random_actions(9, 10)) {
            let answer = std::iter::repeat_with(|| caller.act(step, &seen([0.0; 4])))
                .find(|answer| answer.status() == 200);
            let action = caller.read(&answer.unwrap()).unwrap().now.action;
            assert_eq!(action, expected, "{form:?} step {step}");
        }
    }
}

#[test]
fn answers_wait_for_their_latency() {
    let mut settings = faulty(&[]);
    settings.faults.latency = Duration::from_millis(60);
    settings.faults.jitter = Duration::from_millis(40);
    let server = serve(settings);
    let caller = Caller::new(&server, forms(SIMULATOR)[3], REACH, "a");
    assert_eq!(caller.form.protocol, Protocol::P1);
    caller.begin(seed(1));
    for step in 0..5 {
        let answer = caller.act(step, &seen([0.0; 4]));
        assert!(answer.took >= Duration::from_millis(60), "{answer:?}");
    }
}

#[test]
fn a_server_stops_in_spite_of_open_requests() {
    let server = serve(faulty(&["hang", "health/endless-body"]));
    let caller = Caller::new(&server, forms(SIMULATOR)[0], REACH, "a");
    caller.begin(seed(1));
    let patient = Caller {
        patience: LONG,
        ..caller
    };
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| patient.act(0, &seen([0.0; 4])));
        while server.totals().act == 0 {
            std::thread::yield_now();
        }
        let begun = Instant::now();
        drop(server);
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(waiting.join().unwrap().end, End::Closed);
    });
}
