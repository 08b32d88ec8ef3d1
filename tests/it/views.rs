//! What each policy sees: chosen with the policy, drawn for it alone, recorded, shown and replayed.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use kinitro_cli::evaluate::{Lineup, SeedSource, ServerSettings, Settings};
use kinitro_cli::miner::mock::behaviour::Zero;
use kinitro_cli::miner::mock::mirror::{Mirror, Scenes};
use kinitro_cli::miner::mock::{MockServer, Running, Settings as MockSettings, Speaks};
use kinitro_cli::policy_server::{Addresses, Rules};
use kinitro_cli::scoreboard::ScoringSettings;
use kinitro_core::ids::EpisodeIndex;
use kinitro_core::protocol::policy::{Action, CameraName};
use kinitro_core::protocol::results::{PolicyResult, Results};
use kinitro_core::protocol::wire::{Protocol, p2};
use kinitro_core::record::transcript::Header;
use kinitro_core::record::{Level, Transcript};
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::{EpisodeStart, Simulator, TakenAction, View};
use kinitro_tests::places;
use kinitro_tests::program::kinitro;

const SEED: u64 = 7;
const REACH: &str = "metaworld/reach-v3";

/// The expert behind a server that takes V3 episodes with this view only.
fn expert_seeing(view: &str) -> Running {
    let scenes = Scenes {
        cycle: CycleSeed::from_local_seed(SEED),
        level: Level::Seed,
        episodes: 10,
        hotkey: None,
    };
    let settings = MockSettings {
        view: view.parse().unwrap(),
        ..MockSettings::new(Mirror::new(scenes, 0.0, places::models()))
    };
    MockServer::start(settings).unwrap()
}

fn header(out: &Path, policy: &str) -> Header {
    let path = out.join(format!("transcripts/{policy}/reach-v3/00000.ktr"));
    Transcript::from_bytes(&fs::read(path).unwrap())
        .unwrap()
        .header
}

#[test]
fn policies_with_different_views_play_the_same_episode_and_replay_equal() {
    const FAR: &str = "cameras=lerobot_corner2,size=128";
    let server = expert_seeing(FAR);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let far = format!("--policy=far={},{FAR}", server.url());
    let line = [
        "evaluate",
        &far,
        "--policy=near=expert,cameras=gripper+topview",
        "--policy=plain=expert",
        "--policy=blind=expert,cameras=none",
        "--allow-private-endpoints",
        "--evidence=demo",
        "--envs=metaworld/reach-v3",
        "--episodes=1",
        "--seed=7",
        "--out",
        out.to_str().unwrap(),
    ];
    let run = kinitro(line);
    assert_eq!(run.code, Some(0), "{}", run.stderr);

    let headers = ["far", "near", "plain", "blind"].map(|policy| header(&out, policy));
    let seen = headers.each_ref().map(|header| {
        let names: Vec<&str> = header.cameras.iter().map(|name| name.as_str()).collect();
        (names.join("+"), header.image_size.width())
    });
    let expected = [
        ("lerobot_corner2", 128),
        ("gripper+topview", 84),
        ("corner+gripper", 84),
        ("", 84),
    ];
    assert_eq!(seen, expected.map(|(names, side)| (names.to_owned(), side)));
    for header in &headers {
        assert!(header.success);
        assert_eq!(header.state_hash, headers[0].state_hash);
        assert_eq!(header.scene, headers[0].scene);
    }
    let mut images = headers.each_ref().map(|header| header.image_hash).to_vec();
    assert_eq!(images.pop(), Some(None), "nothing was drawn for the last");
    images.dedup();
    assert_eq!(images.len(), 3);
    assert!(images.iter().all(Option::is_some));

    let results = fs::read(out.join("results.json")).unwrap();
    let results = Results::from_json(&results).unwrap();
    let told = |policy: &PolicyResult| (policy.cameras.clone(), policy.image_size);
    for (policy, header) in results.policies.iter().zip(&headers) {
        assert_eq!(told(policy), (header.cameras.clone(), header.image_size));
    }
    assert_eq!(results.policies[1].spec, "expert,cameras=gripper+topview");
    let baselines = &results.policies[headers.len()..];
    assert!(baselines.iter().all(|policy| policy.cameras.is_empty()));

    let report = fs::read_to_string(out.join("report.html")).unwrap();
    for part in [
        "data-row=\"view\" data-field=\"far\" data-value=\"lerobot_corner2, 128 × 128\"",
        "data-row=\"view\" data-field=\"near\" data-value=\"gripper, topview, 84 × 84\"",
        "data-row=\"view\" data-field=\"blind\" data-value=\"nothing\"",
        "aria-label=\"lerobot_corner2, start\"",
        "aria-label=\"topview, end\"",
        "--policy near=expert,cameras=gripper+topview",
    ] {
        assert!(report.contains(part), "{part}");
    }
    assert!(report.contains(&format!(",{FAR}")));

    let replayed = kinitro(["replay", out.to_str().unwrap()]);
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    assert!(replayed.stdout.contains('6'), "{}", replayed.stdout);
}

#[test]
fn a_server_that_is_shown_something_else_says_so() {
    let server = expert_seeing("cameras=lerobot_corner2,size=128");
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let far = format!("--policy=far={},cameras=lerobot_corner2", server.url());
    let run = kinitro([
        "evaluate",
        &far,
        "--allow-private-endpoints",
        "--envs=metaworld/reach-v3",
        "--episodes=1",
        "--seed=7",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let results = fs::read(out.join("results.json")).unwrap();
    let results = Results::from_json(&results).unwrap();
    let failure = results.episodes[0].failure.as_ref().unwrap();
    let told = "this policy sees `cameras=lerobot_corner2,size=128`";
    assert!(failure.contains(told), "{failure}");
}

#[test]
fn a_server_is_tried_out_with_what_its_policy_sees() {
    let server = expert_seeing("cameras=corner3,size=224");
    let test = |view: &[&str]| {
        let url = format!("{}#v3", server.url());
        let mut line = vec!["miner", "test", &url, "--allow-private-endpoints", "--json"];
        line.extend(["--env=reach-v3", "--seed=7", "--steps=3", "--grasps=0"]);
        line.extend(view);
        kinitro(line)
    };
    let run = test(&["--view=cameras=corner3,size=224"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["cameras"], serde_json::json!(["corner3"]));
    assert_eq!(report["image_size"]["width"], 224);
    let run = test(&[]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("reset"), "{}", run.stderr);
}

#[test]
fn the_earlier_protocols_keep_their_cameras() {
    let settings = MockSettings {
        speaks: Speaks::Only(Protocol::P2),
        ..MockSettings::new(Zero)
    };
    let server = MockServer::start(settings).unwrap();
    let policy = format!("old={},cameras=topview,size=128", server.url());
    let settings = Settings {
        policies: vec![policy.parse().unwrap()],
        envs: vec![REACH.parse().unwrap()],
        episodes: 1,
        level: Level::Seed,
        seed: SeedSource::Local { seed: SEED },
        view: View::state_only(),
        servers: ServerSettings {
            rules: Rules {
                addresses: Addresses::AllowPrivate,
                ..Rules::default()
            },
            ..ServerSettings::default()
        },
        scoring: ScoringSettings::default(),
        jobs: NonZeroUsize::MIN,
    };
    let lineup = Lineup::meet(&settings).unwrap();
    let view = &lineup.participants()[0].view;
    assert_eq!(view.cameras, p2::CAMERAS);
    assert_eq!(view.size.width(), 128);
}

#[test]
fn the_picture_of_lerobot_is_that_of_corner4() {
    let env = REACH.parse().unwrap();
    let view = View {
        cameras: vec![
            CameraName::LerobotCorner2,
            CameraName::Corner4,
            CameraName::Corner2,
        ],
        size: ImageSize::new(128, 128).unwrap(),
    };
    let key = EpisodeKey::derive(&CycleSeed::from_local_seed(SEED), &env, EpisodeIndex(0));
    let start = EpisodeStart {
        miner_key: MinerKey::derive(&key, None),
        key,
        level: Level::Seed,
    };
    let mut simulator = Simulator::new(&env, &places::models(), &view).unwrap();
    let mut episode = simulator.begin(&start).unwrap();
    for _ in 0..5 {
        let [lerobot, corner4, corner2] = &episode.observation().images[..] else {
            panic!("three cameras")
        };
        assert_eq!(lerobot.rgb(), corner4.rgb());
        assert_ne!(lerobot.rgb(), corner2.rgb());
        let (action, clipped) = Action::from_wire([1.0, 0.0, 0.0, 0.0]).unwrap();
        episode.apply(TakenAction { action, clipped }).unwrap();
    }
}
