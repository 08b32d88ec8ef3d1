//! The mock policy server, spoken to over loopback.

mod caller;
mod faults;
mod mirror;

use std::num::NonZeroUsize;

use kinitro_cli::miner::mock::behaviour::{Random, Zero};
use kinitro_cli::miner::mock::{Settings, Speaks};
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::{
    ChunkLimit, Encoding, GripperConvention, Health, ImageEncoding, Protocol, reported_error,
};
use kinitro_core::seed::PolicySeed;
use kinitro_sim::rollout::{Policy as _, RandomPolicy};
use kinitro_tests::http::{Answer, call};
use serde_json::Value;

use caller::{Caller, forms, seen, serve};

const REACH: &str = "metaworld/reach-v3";
const SIMULATOR: GripperConvention = GripperConvention::Simulator;

fn seed(number: u32) -> PolicySeed {
    PolicySeed::from_wire(number).unwrap()
}

fn speaking(speaks: Speaks) -> Settings {
    Settings {
        speaks,
        ..Settings::new(Zero)
    }
}

fn health(server: &kinitro_cli::miner::mock::Running) -> Answer {
    let patience = std::time::Duration::from_secs(20);
    call(server.address(), "GET /health", &[], b"", patience)
}

/// What the policy inside the evaluator does with this seed.
fn random_actions(number: u32, count: usize) -> Vec<Action> {
    let mut policy = RandomPolicy::seeded(seed(number));
    let act = |_| Action::from_wire(policy.act(&seen([0.0; 4]))).unwrap().0;
    (0..count).map(act).collect()
}

#[test]
fn random_draws_what_the_evaluator_draws_in_every_form() {
    for convention in [SIMULATOR, GripperConvention::Documented] {
        let server = serve(Settings {
            gripper_convention: convention,
            ..Settings::new(Random)
        });
        for form in forms(convention) {
            let caller = Caller::new(&server, form, REACH, "a");
            caller.begin(seed(99));
            let actions: Vec<Action> = (0..20)
                .map(|step| caller.ask(step, &seen([0.0; 4])).now.action)
                .collect();
            // P2 halves and shifts the gripper's number, which is exact for all but the tiniest.
            assert_eq!(actions, random_actions(99, 20), "{form:?}");
        }
    }
}

#[test]
fn episodes_of_v3_keep_apart_and_repeat_what_is_asked_again() {
    let server = serve(Settings::new(Random));
    let [form, ..] = forms(SIMULATOR);
    let callers = [(1, "a"), (2, "b")].map(|(number, id)| {
        let caller = Caller::new(&server, form, REACH, id);
        caller.begin(seed(number));
        (number, caller)
    });
    for step in 0..10 {
        for (number, caller) in &callers {
            let expected = random_actions(*number, 10)[step as usize];
            for _ in 0..2 {
                assert_eq!(caller.ask(step, &seen([0.0; 4])).now.action, expected);
            }
        }
    }
    let (_, first) = &callers[0];
    first.begin(seed(3));
    let again = first.ask(0, &seen([0.0; 4])).now.action;
    assert_eq!(again, random_actions(3, 1)[0]);
}

#[test]
fn the_oldest_episode_is_forgotten_and_a_closed_one_too() {
    let server = serve(Settings {
        max_episodes: NonZeroUsize::new(2).unwrap(),
        ..Settings::new(Zero)
    });
    let [form, ..] = forms(SIMULATOR);
    let callers = ["a", "b", "c"].map(|id| Caller::new(&server, form, REACH, id));
    for caller in &callers {
        caller.begin(seed(1));
    }
    let status = |caller: &Caller| caller.act(0, &seen([0.0; 4])).status();
    assert_eq!(callers.each_ref().map(status), [404, 200, 200]);

    let mut body = Vec::new();
    let id = callers[1].id.clone();
    kinitro_core::protocol::wire::v3::CloseRequest::new(id).write(form.encoding, &mut body);
    assert_eq!(callers[1].post("/close", &body).status(), 200);
    assert_eq!(callers[1].post("/close", &body).status(), 404);
    assert_eq!(callers.each_ref().map(status), [404, 404, 200]);
    let totals = server.totals();
    assert_eq!(
        (totals.reset, totals.act, totals.close, totals.refused),
        (3, 6, 2, 4)
    );
}

#[test]
fn chunks_are_answered_where_they_are_announced() {
    let server = serve(Settings {
        chunk: ChunkLimit::new(3).unwrap(),
        ..Settings::new(Random)
    });
    for form in forms(SIMULATOR) {
        for (announced, expected) in [(0, 0), (2, 2), (8, 3)] {
            let expected = if form.protocol == Protocol::V3 {
                expected
            } else {
                0
            };
            let caller = Caller {
                max_chunk: ChunkLimit::new(announced).unwrap(),
                ..Caller::new(&server, form, REACH, "a")
            };
            caller.begin(seed(4));
            let mut actions = Vec::new();
            while actions.len() < 12 {
                let step = u32::try_from(actions.len()).unwrap();
                let answer = caller.ask(step, &seen([0.0; 4]));
                assert_eq!(
                    answer.next.len(),
                    expected,
                    "{form:?}, {announced} announced"
                );
                actions.push(answer.now.action);
                actions.extend(answer.next.iter().map(|command| command.action));
            }
            assert_eq!(actions, random_actions(4, actions.len()), "{form:?}");
        }
    }
}

#[test]
fn health_says_what_is_spoken() {
    let settings = Settings {
        encodings: vec![Encoding::Json],
        images: vec![ImageEncoding::Png, ImageEncoding::Raw],
        gripper_convention: GripperConvention::Documented,
        ..Settings::new(Zero)
    };
    let all = vec![Protocol::V3, Protocol::P2, Protocol::P1];
    for (speaks, protocols) in [
        (Speaks::All, all),
        (Speaks::Only(Protocol::V3), vec![Protocol::V3]),
    ] {
        let server = serve(Settings {
            speaks,
            ..settings.clone()
        });
        let expected = Health {
            ready: true,
            protocols: Some(protocols),
            encodings: settings.encodings.clone(),
            images: settings.images.clone(),
            max_batch: None,
            gripper_convention: Some(GripperConvention::Documented),
        };
        assert_eq!(Health::read(health(&server).body()).unwrap(), expected);
    }
    for protocol in [Protocol::P2, Protocol::P1] {
        let server = serve(speaking(Speaks::Only(protocol)));
        let body: Value = serde_json::from_slice(health(&server).body()).unwrap();
        let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["model_loaded", "status", "uptime_seconds"]);
        assert_eq!(body["status"], "healthy");
    }
}

#[test]
fn old_servers_refuse_what_they_do_not_know() {
    let [v3, _, p2, p1] = forms(SIMULATOR);
    let json_v3 = forms(SIMULATOR)[1];
    for (own, others) in [
        (p1, [p2, json_v3]),
        (p2, [p1, json_v3]),
        (json_v3, [p1, p2]),
    ] {
        let server = serve(speaking(Speaks::Only(own.protocol)));
        let caller = Caller::new(&server, own, REACH, "a");
        caller.begin(seed(1));
        caller.ask(0, &seen([0.0; 4]));
        for other in others {
            let stranger = Caller::new(&server, other, REACH, "a");
            let body = stranger.act_body(0, &seen([0.0; 4]));
            let answer = caller.post("/act", &body);
            assert_eq!(answer.status(), 422, "{own:?} {other:?}");
            let is_old = own.protocol != Protocol::V3;
            let told: Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(told["detail"].is_string(), is_old, "{told}");
            assert!(!reported_error(Encoding::Json, answer.body()).is_empty());
        }
        if own.protocol != Protocol::V3 {
            let stranger = Caller::new(&server, v3, REACH, "a");
            assert_eq!(stranger.reset(seed(1)).status(), 415);
        }
    }
}

#[test]
fn unknown_fields_encodings_and_paths_are_refused() {
    let server = serve(Settings {
        encodings: vec![Encoding::Json],
        ..Settings::new(Zero)
    });
    let [msgpack, _, p2, p1] = forms(SIMULATOR);
    assert_eq!(
        Caller::new(&server, msgpack, REACH, "a")
            .reset(seed(1))
            .status(),
        415
    );
    for form in [p2, p1] {
        let caller = Caller::new(&server, form, REACH, "a");
        caller.begin(seed(1));
        let body = String::from_utf8(caller.act_body(0, &seen([0.0; 4]))).unwrap();
        let more = body.replacen('{', r#"{"seed":1,"#, 1);
        assert_eq!(caller.post("/act", more.as_bytes()).status(), 422);
        assert_eq!(caller.post("/act", body.as_bytes()).status(), 200);
        assert_eq!(caller.post("/act", b"[1").status(), 422);
        assert_eq!(caller.post("/else", b"{}").status(), 404);
    }
}
