//! A small evaluation, its round trip, and one damage at a time.

use super::*;
use crate::record::identity::tests::identity;

const REACH: &str = "metaworld/reach-v3";
const PUSH: &str = "metaworld/push-v3";

fn entry(env: &str, episode: u64, policy: &str, outcome: Outcome, steps: u32) -> EpisodeEntry {
    EpisodeEntry {
        env: env.parse().unwrap(),
        episode: EpisodeIndex(episode),
        policy: policy.parse().unwrap(),
        outcome,
        success: outcome == Outcome::Success,
        failure: None,
        steps,
        total_reward: 0.1 * f64::from(steps),
        state_hash: StateHash::of(&[b"state"]),
        image_hash: None,
        transcript: Some(format!("transcripts/{policy}/{episode}.ktr")),
    }
}

/// An expert that solves, and a zero policy that does not; one episode is void.
fn results() -> Results {
    let mut episodes = Vec::new();
    for env in [REACH, PUSH] {
        for episode in 0..3 {
            episodes.push(entry(
                env,
                episode,
                "expert",
                Outcome::Success,
                40 + u32::try_from(episode).unwrap(),
            ));
            episodes.push(entry(env, episode, "zero", Outcome::Unsolved, 500));
        }
    }
    episodes.last_mut().unwrap().outcome = Outcome::Infrastructure;
    let envs: Vec<EnvId> = vec![REACH.parse().unwrap(), PUSH.parse().unwrap()];
    let policy = |name: &str, score: Option<PolicyScore>| {
        let name: PolicyName = name.parse().unwrap();
        let tally = tally(&episodes);
        let envs: Vec<EnvResult> = envs
            .iter()
            .map(|env| tally[&(&name, env)].clone())
            .collect();
        PolicyResult {
            spec: name.to_string(),
            name,
            hotkey: None,
            cameras: vec![CameraName::Corner, CameraName::Gripper],
            image_size: ImageSize::DEFAULT,
            mean_rate: mean_rate(&envs),
            envs,
            score,
            wire: None,
        }
    };
    let score = PolicyScore {
        frontier: true,
        points: BigCount(2),
        subsets: BigCount(1),
        weight: UnitInterval::new(0.75).unwrap(),
        weight_u16: 49_151,
    };
    let policies = vec![policy("expert", Some(score)), policy("zero", None)];
    let totals = Totals {
        awarded: BigCount(2),
        available: BigCount(2),
        burn_weight: UnitInterval::new(0.25).unwrap(),
        burn_weight_u16: 16_383,
        approximate: false,
    };
    let titles = vec![Title {
        envs: envs.clone(),
        holders: vec!["expert".parse().unwrap()],
    }];
    let settings = Settings {
        envs,
        episodes: 3,
        profile: Profile::Evaluation,
        level: Level::Seed,
        seed: SeedRecord::Local(7),
        cameras: vec![CameraName::Corner],
        image_size: ImageSize::DEFAULT,
        servers: None,
        rule_parameters: BTreeMap::from([("min_gap".to_owned(), "1/50".to_owned())]),
        scheme: "linear".to_owned(),
        temperature: 1.0,
        thresholds_lowered: true,
    };
    Results {
        format: FORMAT.to_owned(),
        identity: identity(),
        settings,
        policies,
        totals,
        explanation: Explanation {
            sentences: vec!["`expert` holds both.".to_owned()],
            titles,
        },
        episodes,
    }
}

/// The same, the expert behind a server that missed one deadline and failed one episode.
fn served() -> Results {
    let mut results = results();
    let failed = results
        .episodes
        .iter_mut()
        .find(|entry| entry.policy.as_str() == "expert")
        .unwrap();
    failed.outcome = Outcome::ActTimeout;
    failed.success = false;
    failed.failure = Some("no whole answer within 500 ms".to_owned());
    let tally = tally(&results.episodes);
    let expert = &mut results.policies[0];
    expert.envs = results
        .settings
        .envs
        .iter()
        .map(|env| tally[&(&expert.name, env)].clone())
        .collect();
    expert.mean_rate = mean_rate(&expert.envs);
    expert.wire = Some(WireResult {
        protocol: Some(Protocol::V3),
        encoding: Some(Encoding::Msgpack),
        answers: 2 * (40 + 41 + 42),
        p50_ms: 3.25,
        p95_ms: 4.0,
        p99_ms: 4.0,
        max_ms: 501.5,
        held: 2,
        retried: 1,
        failures: BTreeMap::from([(Outcome::ActTimeout, 1)]),
    });
    results.settings.servers = Some(ServerRules {
        act_deadline_ms: 500.0,
        gripper_convention: GripperConvention::Simulator,
        p1_images: true,
        private_endpoints: true,
    });
    results
}

#[track_caller]
fn check_refused(damage: impl FnOnce(&mut Results), message: &str) {
    check_refused_of(results(), damage, message);
}

#[track_caller]
fn check_refused_of(results: Results, damage: impl FnOnce(&mut Results), message: &str) {
    let mut damaged = results;
    damage(&mut damaged);
    let found = damaged.to_json().unwrap_err().to_string();
    assert!(found.contains(message), "{found}");
    // What a foreign writer does not check, the reader does. A number that is not finite has no JSON at all.
    let json = serde_json::to_vec(&damaged).unwrap();
    assert!(Results::from_json(&json).is_err());
}

#[test]
fn what_is_written_is_read() {
    let json = results().to_json().unwrap();
    assert_eq!(Results::from_json(json.as_bytes()).unwrap(), results());
    let json = served().to_json().unwrap();
    assert_eq!(Results::from_json(json.as_bytes()).unwrap(), served());
    for part in [
        "\"protocol\": \"v3\"",
        "\"encoding\": \"msgpack\"",
        "\"act_timeout\": 1",
    ] {
        assert!(json.contains(part), "{part}");
    }
}

#[test]
fn what_is_said_of_servers_must_follow_from_the_episodes() {
    let check = |damage: fn(&mut WireResult), message: &str| {
        let damage = |r: &mut Results| damage(r.policies[0].wire.as_mut().unwrap());
        check_refused_of(served(), damage, message);
    };
    check(|wire| wire.answers += 1, "not the steps");
    check(|wire| wire.failures.clear(), "failures are not");
    check(|wire| wire.held = 1000, "more answers were held");
    check(|wire| wire.protocol = None, "without a protocol");
    check(|wire| wire.p95_ms = 5.0, "not in order");
    check(|wire| wire.p50_ms = -1.0, "not in order");
    check(|wire| wire.max_ms = f64::INFINITY, "not in order");
    check_refused_of(served(), |r| r.settings.servers = None, "the reverse");
    check_refused_of(
        served(),
        |r| r.settings.servers.as_mut().unwrap().act_deadline_ms = 0.0,
        "act_deadline_ms",
    );
    check_refused(
        |r| r.episodes[0].failure = Some("bored".to_owned()),
        "tells of a failure",
    );
}

#[test]
fn void_episodes_count_for_nobody() {
    let results = results();
    let [expert, zero] = &results.policies[..] else {
        panic!("two policies")
    };
    let counts = |policy: &PolicyResult| {
        policy
            .envs
            .iter()
            .map(|e| (e.successes, e.trials))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (counts(expert), counts(zero)),
        (vec![(3, 3), (2, 2)], vec![(0, 3), (0, 2)])
    );
    assert_eq!(expert.envs[0].mean_steps_to_success, Some(41.0));
    assert_eq!(expert.envs[1].mean_steps_to_success, Some(40.5));
    assert_eq!(
        (zero.envs[0].mean_steps_to_success, zero.envs[0].mean_reward),
        (None, Some(50.0))
    );
    assert_eq!(
        (expert.mean_rate, zero.mean_rate),
        (UnitInterval::ONE, UnitInterval::ZERO)
    );
}

#[test]
fn numbers_must_follow_from_the_episodes() {
    check_refused(
        |r| r.policies[0].envs[0].successes = 2,
        "`expert` in `metaworld/reach-v3` differs from its episodes",
    );
    check_refused(
        |r| r.policies[1].envs[0].rate = UnitInterval::ONE,
        "differs from its episodes",
    );
    check_refused(
        |r| r.policies[1].envs[0].mean_reward = None,
        "differs from its episodes",
    );
    check_refused(
        |r| r.policies[0].mean_rate = UnitInterval::ZERO,
        "mean rate",
    );
    check_refused(|r| drop(r.episodes.remove(0)), "differs from its episodes");
    check_refused(|r| drop(r.policies[0].envs.pop()), "other environments");
}

#[test]
fn episodes_must_make_sense() {
    check_refused(|r| r.episodes[1] = r.episodes[0].clone(), "occurs twice");
    check_refused(|r| r.episodes[0].success = false, "contradict");
    check_refused(
        |r| r.episodes[0].episode = EpisodeIndex(3),
        "beyond the episodes",
    );
    check_refused(
        |r| r.episodes[0].policy = "nobody".parse().unwrap(),
        "not listed",
    );
    check_refused(|r| r.episodes[0].total_reward = f64::NAN, "finite");
    for path in [
        "../secret",
        "/etc/passwd",
        "a//b",
        "a/./b",
        "C:x",
        "a\\b",
        "",
    ] {
        check_refused(
            |r| r.episodes[0].transcript = Some(path.to_owned()),
            "not a file below",
        );
    }
}

#[test]
fn settings_and_totals_must_make_sense() {
    check_refused(
        |r| r.format = "kinitro-results/2".to_owned(),
        "unsupported format",
    );
    check_refused(|r| r.settings.temperature = 0.0, "temperature");
    check_refused(|r| r.settings.episodes = 0, "no episode");
    let twice = "camera `corner` occurs twice";
    check_refused(|r| r.settings.cameras.push(CameraName::Corner), twice);
    check_refused(|r| r.policies[1].cameras.push(CameraName::Corner), twice);
    check_refused(
        |r| r.totals.burn_weight = UnitInterval::ONE,
        "do not add up to 1",
    );
    check_refused(|r| r.totals.burn_weight_u16 = 16_385, "more than 65535");
    check_refused(
        |r| r.totals.awarded = BigCount(1),
        "do not add up to what was awarded",
    );
    check_refused(|r| r.totals.available = BigCount(1), "than there are");
    check_refused(|r| r.policies[0].score = None, "no policy is scored");
    check_refused(
        |r| r.explanation.titles[0].holders = vec!["zero".parse().unwrap()],
        "a title names",
    );
}

#[test]
fn documents_of_another_shape_are_refused() {
    let json = results().to_json().unwrap();
    for (from, to) in [
        ("\"episodes\": 3", "\"episodes\": 3, \"weather\": 1"),
        ("\"episodes\": 3", "\"episodes\": -3"),
        ("\"weight\": 0.75", "\"weight\": 1.75"),
        ("\"weight_u16\": 49151", "\"weight_u16\": 65536"),
        ("\"points\": \"2\"", "\"points\": 2"),
        ("\"width\": 84", "\"width\": 0"),
    ] {
        let edited = json.replacen(from, to, 1);
        assert_ne!(edited, json, "nothing to edit: {from}");
        assert!(
            matches!(
                Results::from_json(edited.as_bytes()),
                Err(Error::Json { .. })
            ),
            "{to}"
        );
    }
    assert!(Results::from_json(b"[]").is_err());
}
