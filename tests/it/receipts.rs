//! Signed requests and receipts from one end to the other: what a server hashes is what the evaluator records.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use kinitro_chain::{HotkeyPair, Sr25519};
use kinitro_cli::miner::mock::mirror::{Mirror, Scenes};
use kinitro_cli::miner::mock::{Admission, MockServer, Running, Session, Settings as MockSettings};
use kinitro_core::protocol::wire::{Encoding, ImageEncoding};
use kinitro_core::record::{Level, Transcript};
use kinitro_core::seed::CycleSeed;
use kinitro_core::signature::{Sign as _, UnixMillis};
use kinitro_tests::places;
use kinitro_tests::program::{Finished as Run, kinitro};

const SEED: u64 = 7;
const ENV: &str = "metaworld/reach-v3";
/// The operator's secret.
const OPERATOR: [u8; 32] = [1; 32];

fn operator() -> HotkeyPair {
    HotkeyPair::from_seed(&OPERATOR)
}

fn miner() -> HotkeyPair {
    HotkeyPair::from_seed(&[2; 32])
}

/// An expert that obeys the operator and gives receipts.
fn server(encoding: Encoding, image: ImageEncoding) -> Running {
    let scenes = Scenes {
        cycle: CycleSeed::from_local_seed(SEED),
        level: Level::Seed,
        episodes: 10,
        hotkey: None,
    };
    let day = std::time::Duration::from_hours(24);
    let settings = MockSettings {
        encodings: vec![encoding],
        images: vec![image],
        admission: Some(Admission {
            miner: miner().hotkey().clone(),
            signers: vec![operator().hotkey().clone()],
        }),
        session: Some(Session::begin(&miner(), day)),
        ..MockSettings::new(Mirror::new(scenes, 0.0, places::models()))
    };
    MockServer::start(settings).unwrap()
}

/// The operator's hotkey file: the seed as text.
fn hotkey_file(folder: &Path, mode: u32) -> PathBuf {
    let path = folder.join(format!("hotkey-{mode:o}"));
    fs::write(&path, "01".repeat(OPERATOR.len())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn evaluate(policies: &[String], out: &Path, more: &[String]) -> Run {
    let mut line: Vec<String> = [
        "evaluate",
        "--envs",
        ENV,
        "--episodes",
        "1",
        "--allow-private-endpoints",
        "--ready-within",
        "0",
        "--out",
    ]
    .map(str::to_owned)
    .to_vec();
    line.push(out.display().to_string());
    line.push(format!("--seed={SEED}"));
    line.extend(policies.iter().map(|policy| format!("--policy={policy}")));
    line.extend_from_slice(more);
    kinitro(line)
}

#[test]
fn a_transcript_holds_the_miners_word_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let raw = server(Encoding::Json, ImageEncoding::Raw);
    let png = server(Encoding::Msgpack, ImageEncoding::Png);
    let out = dir.path().join("out");
    let run = evaluate(
        &[format!("raw={}", raw.url()), format!("png={}", png.url())],
        &out,
        &[
            format!("--sign-with={}", hotkey_file(dir.path(), 0o600).display()),
            format!("--policy-hotkey=raw={}", miner().hotkey()),
            format!("--policy-hotkey=png={}", miner().hotkey()),
            // Not the order in which a server lists them.
            "--cameras=gripper,corner".to_owned(),
        ],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for (server, name) in [(&raw, "raw"), (&png, "png")] {
        assert_eq!(server.totals().refused, 0);
        assert!(
            run.stderr
                .contains(&format!("policy `{name}`: 1 receipts hold")),
            "{}",
            run.stderr
        );
        let path = out.join(format!("transcripts/{name}/reach-v3/00000.ktr"));
        let header = Transcript::from_bytes(&fs::read(path).unwrap())
            .unwrap()
            .header;
        let receipt = header.receipt.unwrap();
        let now = UnixMillis::new(0).unwrap();
        let check = |hash| receipt.check(hash, Some(miner().hotkey()), now, &Sr25519);
        check(&header.observation_hash).unwrap();
        assert!(header.success);
    }
    let replayed = kinitro(["replay", &out.display().to_string()]);
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
}

#[test]
fn who_cannot_sign_is_told_why() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(Encoding::Json, ImageEncoding::Raw);
    let policy = [format!("mine={}", server.url())];
    let sign_with = |mode| format!("--sign-with={}", hotkey_file(dir.path(), mode).display());
    let hotkey_of = |name: &str| format!("--policy-hotkey={name}={}", miner().hotkey());
    for (more, code, told) in [
        (vec![], 4, "header_missing"),
        (vec![hotkey_of("mine")], 4, "header_missing"),
        (vec![sign_with(0o600)], 2, "--policy-hotkey"),
        (
            vec![sign_with(0o644), hotkey_of("mine")],
            1,
            "run `chmod 600` on it",
        ),
        (
            vec![sign_with(0o600), hotkey_of("other")],
            2,
            "there is no policy `other` behind a server",
        ),
        (
            vec!["--policy-hotkey=mine=5miner".to_owned()],
            2,
            "`5miner` is not an SS58 address",
        ),
        (
            vec![hotkey_of("mine"), hotkey_of("mine")],
            2,
            "policy `mine` is given two hotkeys",
        ),
    ] {
        let run = evaluate(&policy, &dir.path().join("out"), &more);
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
        assert_eq!(run.code, Some(code), "{more:?}: {}", run.stderr);
    }
}
