//! The command line through its public border: arguments in, exit codes, texts and files out.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kinitro_core::protocol::results::Results;
use kinitro_core::record::Transcript;
use kinitro_tests::places::workspace;
use kinitro_tests::program::{Finished, command, executable, kinitro};
use serde_json::Value;

mod scoring;
mod speed;

/// One cheap environment with an expert that solves it in a few dozen steps.
const REACH: &str = "metaworld/reach-v3";

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Runs a line of arguments and expects this exit code.
#[track_caller]
fn check(line: &str, code: i32) -> Finished {
    let finished = kinitro(words(line));
    assert_eq!(
        finished.code,
        Some(code),
        "kinitro {line}\n{}{}",
        finished.stdout,
        finished.stderr
    );
    finished
}

/// Runs a line that must fail with this exit code and exactly one error that contains all these parts.
#[track_caller]
fn check_error(line: &str, code: i32, parts: &[&str]) {
    let finished = check(line, code);
    let errors = finished
        .stderr
        .lines()
        .filter(|line| line.starts_with("error:"))
        .count();
    assert_eq!(errors, 1, "kinitro {line}\n{}", finished.stderr);
    for part in parts {
        assert!(
            finished.stderr.contains(part),
            "kinitro {line}: `{part}` is not in\n{}",
            finished.stderr
        );
    }
}

#[track_caller]
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// An evaluation of two policies on one environment, two episodes each; returns its folder.
fn evaluate(root: &Path, name: &str, more: &str) -> PathBuf {
    let out = root.join(name);
    let line = format!(
        "evaluate --policy teacher=expert --policy shaky=expert:noise=0.3 --envs {REACH} --episodes 2 --seed 7 \
         --evidence demo --out {} {more}",
        out.display()
    );
    check(&line, 0);
    out
}

#[test]
fn help_tells_what_there_is() {
    for (name, line) in [
        ("kinitro", "--help"),
        ("evaluate", "evaluate --help"),
        ("replay", "replay --help"),
        ("render", "render --help"),
        ("miner", "miner --help"),
        ("miner-mock", "miner mock --help"),
        ("miner-test", "miner test --help"),
        ("env", "env --help"),
        ("env-test", "env test --help"),
        ("env-parity", "env parity --help"),
        ("env-bench", "env bench --help"),
        ("test-scoring", "test-scoring --help"),
    ] {
        insta::assert_snapshot!(format!("help-{name}"), check(line, 0).stdout);
    }
    assert_eq!(check("", 0).stdout, check("--help", 0).stdout);
}

#[test]
fn bad_arguments_are_one_error_and_exit_code_2() {
    let policy = "evaluate --policy a=expert";
    for (line, parts) in [
        ("evaluate --envs core8", &["--policy <NAME=SPEC>"][..]),
        (
            "evaluate --policy expert",
            &["NAME=SPEC", "`expert:noise=SIGMA`"],
        ),
        ("evaluate --policy a=export", &["a=export", "`random`"]),
        ("evaluate --policy a=expert:noise=x", &["not a number"]),
        ("evaluate --policy a/b=expert", &["policy name"]),
        (
            "evaluate --policy a=http://localhost:8001/?q=1",
            &["a query is not possible", "#v3|p2|p1"],
        ),
        (
            "evaluate --policy a=http://localhost:8001#p9",
            &["`v3`, `p2` or `p1`"],
        ),
        (&format!("{policy} --max-concurrent 0"), &["0"]),
        (
            &format!("{policy} --latency-profile fast"),
            &["standard, strict"],
        ),
        (
            "evaluate --policy a=expert --policy a=zero",
            &["`a` is used twice"],
        ),
        ("evaluate --policy zero=expert", &["kept for the baseline"]),
        (
            &format!("{policy} --envs nonsense"),
            &["unknown environment group `nonsense`", "core8"],
        ),
        (
            &format!("{policy} --level easy"),
            &["'easy'", "none, seed, hard"],
        ),
        ("env parity --seeds 9-5", &["5 comes before 9"]),
        ("env parity --seeds 0-4294967295", &["more than"]),
        ("env parity --seeds 1,x", &["'x'", "invalid digit"]),
        (
            "env parity --experts --golden traces",
            &["cannot be used with"],
        ),
        (&format!("{policy} --episodes 0"), &["episodes"]),
        (
            &format!("{policy} --temperature 0"),
            &["not a positive number"],
        ),
        (&format!("{policy} --cameras corner,corner"), &["cameras"]),
        (
            &format!("{policy} --cameras front"),
            &["unknown camera `front`"],
        ),
        (&format!("{policy} --image-size 100"), &["100"]),
        (
            &format!("{policy} --seed 1 --block 2"),
            &["cannot be used with"],
        ),
        (&format!("{policy} --block 2"), &["--block-hash"]),
        (
            &format!(
                "{policy} --block 2 --block-hash {} --secret short",
                "0".repeat(64)
            ),
            &["operator secret"],
        ),
        ("test-scoring --rule best", &["standing_pareto"]),
        ("test-scoring --n-envs 65", &["65"]),
        ("env test reach-v3 --episodes 0", &["0"]),
        (
            "env bench --compare isaac",
            &["isaac", "envpool, metaworld"],
        ),
        ("env bench --seconds 0", &["0.001 to 60"]),
        ("env bench --threads 0", &["0"]),
        ("replay", &["<FILE|DIR>"]),
        ("nonsense", &["nonsense"]),
    ] {
        check_error(line, 2, parts);
    }
}

#[test]
fn views_that_cannot_be_are_refused() {
    let cases: [(&str, &[&str]); 11] = [
        (
            "evaluate --policy a=expert --cameras corner,corner2,gripper",
            &["limit of 2 cameras"],
        ),
        (
            "evaluate --policy a=expert,cameras=front",
            &["unknown camera `front`", "lerobot_corner2"],
        ),
        (
            "evaluate --policy a=expert,cameras=corner+gripper+topview",
            &["limit of 2 cameras"],
        ),
        (
            "evaluate --policy a=expert,size=100",
            &["`100`", "84, 128, 224"],
        ),
        (
            "evaluate --policy a=http://localhost:8001#p1,cameras=corner",
            &["`a` cannot choose", "corner and gripper"],
        ),
        (
            "miner mock --protocol p2 --view size=128",
            &["`--view` is for V3"],
        ),
        (
            "miner test http://localhost:8001 --view cameras=front",
            &["unknown camera `front`"],
        ),
        (
            "env bench --cameras corner --compare envpool",
            &["draws no images"],
        ),
        ("env bench --cameras none", &["names none"]),
        ("env bench --cameras corner --threads 2", &["--threads"]),
        ("env bench --size 128", &["--cameras"]),
    ];
    for (line, parts) in cases {
        check_error(line, 2, parts);
    }
}

#[test]
fn what_does_not_exist_is_exit_code_3() {
    for (line, part) in [
        (
            "evaluate --policy a=expert --envs metaworld/reach-v9",
            "`metaworld/reach-v9`",
        ),
        ("env test metaworld/reach-v9", "`metaworld/reach-v9`"),
        ("env parity reach-v9", "`metaworld/reach-v9`"),
        ("env bench reach-v9", "`metaworld/reach-v9`"),
        ("env list --family gym", "`gym`"),
        ("replay /nonexistent/file.ktr", "/nonexistent/file.ktr"),
        (
            "test-scoring --input /nonexistent.json",
            "/nonexistent.json",
        ),
        (
            "test-scoring --golden /nonexistent.json.gz",
            "/nonexistent.json.gz",
        ),
    ] {
        check_error(line, 3, &[part]);
    }
}

#[test]
fn a_missing_library_or_model_is_exit_code_4_and_names_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let evaluate = format!(
        "evaluate --policy a=expert --out {}/out",
        dir.path().display()
    );
    for line in [
        &format!("{evaluate} --mujoco-dir /nonexistent"),
        &format!("{evaluate} --assets-dir /nonexistent"),
        "env test reach-v3 --assets-dir /nonexistent",
        "replay . --mujoco-dir /nonexistent",
    ] {
        check_error(line, 4, &["kinitro assets install"]);
    }
    assert!(!dir.path().join("out").exists());
}

/// The loader may take another file than the one that was found: what is loaded is what is compared.
#[test]
fn an_altered_library_is_refused_by_the_engine_itself() {
    let dir = tempfile::tempdir().unwrap();
    let name = kinitro_sim::assets::LIBRARY_FILE;
    let mut library = fs::read(workspace().join(".deps/mujoco").join(name)).unwrap();
    library.push(0);
    fs::write(dir.path().join(name), library).unwrap();
    let output = Command::new(executable("kinitro-engine"))
        .args(["env", "test", "reach-v3", "--episodes", "1"])
        .current_dir(workspace())
        .env("LD_LIBRARY_PATH", dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(
        said.contains("is not a file of the MuJoCo 3.17.0 library"),
        "{said}"
    );
}

#[test]
fn an_unwritable_or_foreign_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let line = format!("evaluate --policy a=zero --envs {REACH} --episodes 1 --out");
    check_error(
        &format!("{line} {}/out", file.display()),
        1,
        &["cannot write", "file/out"],
    );
    check_error(
        &format!("{line} {}", dir.path().display()),
        2,
        &["not empty", "--force"],
    );
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "a refused folder is left alone"
    );
}

#[test]
fn results_agree_with_their_transcripts_and_tables() {
    let dir = tempfile::tempdir().unwrap();
    let out = evaluate(dir.path(), "a", "--cameras corner");
    let results = Results::from_json(&fs::read(out.join("results.json")).unwrap()).unwrap();
    assert_eq!(
        results.episodes.len(),
        8,
        "two policies and two baselines, two episodes each"
    );
    assert!(results.settings.thresholds_lowered);
    for entry in &results.episodes {
        let path = out.join(entry.transcript.as_ref().unwrap());
        let transcript = Transcript::read(fs::File::open(path).unwrap()).unwrap();
        let header = &transcript.header;
        assert_eq!(
            (&header.env, &header.policy, header.episode),
            (&entry.env, &entry.policy, entry.episode)
        );
        assert_eq!(
            (header.outcome, header.steps, header.state_hash),
            (entry.outcome, entry.steps, entry.state_hash)
        );
        assert_eq!(header.image_hash, entry.image_hash);
        let is_policy = ["teacher", "shaky"].contains(&entry.policy.as_str());
        assert_eq!(
            entry.image_hash.is_some(),
            is_policy,
            "baselines look at nothing"
        );
    }
    // Paired: the same scene for everybody.
    let scene = |policy: &str| {
        let path = out.join(format!("transcripts/{policy}/reach-v3/00001.ktr"));
        Transcript::read(fs::File::open(path).unwrap())
            .unwrap()
            .header
            .scene
    };
    assert_eq!(scene("teacher"), scene("zero"));

    let lines = |name: &str| {
        fs::read_to_string(out.join(name))
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines("episodes.csv").len(), 1 + 8);
    let table = lines("results.csv");
    assert_eq!(table.len(), 1 + 4);
    assert!(
        table[1].starts_with("teacher,expert,metaworld/reach-v3,2,2,1,"),
        "{}",
        table[1]
    );
    for policy in ["teacher", "shaky"] {
        let png = fs::read(out.join(format!("pictures/reach-v3/{policy}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG"));
    }
    assert!(!out.join(".partial").exists());
    check(&format!("replay {}", out.display()), 0);
}

#[test]
fn the_number_of_threads_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let read = |jobs: u32| {
        let out = evaluate(
            dir.path(),
            &format!("jobs-{jobs}"),
            &format!("--cameras none --jobs {jobs}"),
        );
        let transcript = fs::read(out.join("transcripts/shaky/reach-v3/00001.ktr")).unwrap();
        (fs::read(out.join("results.json")).unwrap(), transcript)
    };
    assert!(read(1) == read(2), "results.json or a transcript differ");
}

#[test]
fn an_interrupted_evaluation_is_no_result() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let line =
        format!("evaluate --policy a=zero --envs {REACH} --episodes 10000 --cameras none --out");
    let mut child = command()
        .args(words(&line))
        .arg(&out)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !out.join(".partial/transcripts").exists() {
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "ended before anything was written"
        );
        std::thread::yield_now();
    }
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupt.success());
    // Shells report a process that SIGINT ended as 130.
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    assert!(!out.join("results.json").exists());
}

#[test]
fn json_is_the_published_document() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let line = format!(
        "evaluate --json --policy a=zero --envs {REACH} --episodes 1 --cameras none --out {}",
        out.display()
    );
    let printed = check(&line, 0).stdout;
    assert_eq!(
        printed.trim_end(),
        fs::read_to_string(out.join("results.json"))
            .unwrap()
            .trim_end()
    );
    Results::from_json(printed.as_bytes()).unwrap();
}

#[test]
fn a_round_of_a_network_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let (secret, out) = (dir.path().join("secret"), dir.path().join("out"));
    fs::write(&secret, format!("{}\n", "a5".repeat(32))).unwrap();
    let hash = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let line = format!(
        "evaluate --policy a=zero --envs metaworld/pick-place-v3 --episodes 1 --cameras none --block 4200000 \
         --block-hash {hash} --secret @{} --out {}",
        secret.display(),
        out.display()
    );
    check(&line, 0);
    let transcript = fs::read(out.join("transcripts/a/pick-place-v3/00000.ktr")).unwrap();
    // The published test vector of this block, hash and secret.
    let key = "2a540fc3d1ce9010c92f2eb7e23a924650d9e607cad895a43a8af5aca98d2242";
    with_header(&transcript, |header| {
        assert_eq!(header["key"]["revealed"], key);
    });
    let results = fs::read_to_string(out.join("results.json")).unwrap();
    assert!(results.contains(hash) && !results.contains(&"a5".repeat(32)));
}

/// A transcript with its header changed.
fn with_header(transcript: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let end = transcript.iter().position(|&byte| byte == b'\n').unwrap();
    let mut header: Value = serde_json::from_slice(&transcript[..end]).unwrap();
    change(&mut header);
    [
        serde_json::to_vec(&header).unwrap().as_slice(),
        &transcript[end..],
    ]
    .concat()
}

#[test]
fn replay_finds_every_change() {
    let dir = tempfile::tempdir().unwrap();
    let out = evaluate(dir.path(), "a", "--cameras none");
    let path = out.join("transcripts/teacher/reach-v3/00000.ktr");
    let original = fs::read(&path).unwrap();
    let check_found = |changed: &[u8], finding: &str, detail: &str| {
        assert_ne!(changed, original, "nothing was changed");
        fs::write(&path, changed).unwrap();
        let report = check(&format!("replay --json {}", path.display()), 1).stdout;
        let file = &json(&report)["files"][0];
        assert_eq!(file["finding"], finding, "{report}");
        let details: Vec<&str> = file["details"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert!(
            details.iter().any(|found| found.contains(detail)),
            "`{detail}` is not in {details:?}"
        );
    };

    // One component of the sixth action.
    let mut action = original.clone();
    let frames = action.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    action[frames + 5 * 22 + 4..][..4].copy_from_slice(&0.5_f32.to_le_bytes());
    check_found(&action, "differs", "state_hash");

    let key = |header: &mut Value| header["key"]["revealed"] = "11".repeat(32).into();
    check_found(&with_header(&original, key), "differs", "scene");
    let verdict = |header: &mut Value| {
        header["outcome"] = "unsolved".into();
        header["success"] = false.into();
    };
    check_found(
        &with_header(&original, verdict),
        "differs",
        "outcome is recorded as `unsolved` and comes out as `success`",
    );
    let half_a_verdict = |header: &mut Value| header["success"] = false.into();
    check_found(
        &with_header(&original, half_a_verdict),
        "unreadable",
        "success",
    );
    let engine = |header: &mut Value| header["identity"]["engine"]["version"] = "3.16.0".into();
    check_found(
        &with_header(&original, engine),
        "other identity, not compared",
        "engine.version",
    );
    check_found(
        &original[..original.len() - 1],
        "unreadable",
        "bytes of a frame",
    );
    check_found(b"not a transcript", "unreadable", "header");

    fs::write(&path, &original).unwrap();
    check(&format!("replay {}", out.display()), 0);
}

#[test]
fn environments_are_listed_and_tested() {
    let list = json(&check("env list --json", 0).stdout);
    let environments = list["families"][0]["environments"].as_array().unwrap();
    assert!(
        environments
            .iter()
            .any(|env| env["id"] == REACH && env["expert"] == true)
    );
    assert_eq!(
        check("list-envs", 0),
        check("env list --family metaworld", 0)
    );

    let line = "env test reach-v3 --expert --episodes 3 --cameras none --json";
    let once = check(&format!("{line} --check-determinism"), 0).stdout;
    assert_eq!(json(&once)["deterministic"], true);
    assert_eq!(json(&once)["successes"], 3);
    let threads = check(&format!("{line} --threads 2"), 0).stdout;
    assert_eq!(json(&once)["episodes"], json(&threads)["episodes"]);
    let alias = check(&line.replace("env test", "test-env"), 0).stdout;
    assert_eq!(json(&alias), json(&threads));

    let dir = tempfile::tempdir().unwrap();
    let record = dir.path().join("record");
    let short = "env test reach-v3 --episodes 1 --max-steps 2 --cameras corner --save-images";
    let text = check(&format!("{short} --record-dir {}", record.display()), 0).stdout;
    assert!(
        text.contains("0 of 1 solved") && text.contains("2 steps"),
        "{text}"
    );
    for file in [
        "metadata.json",
        "episode_00000/scene.json",
        "episode_00000/sheet.png",
        "episode_00000/images/corner_002.png",
    ] {
        assert!(record.join(file).is_file(), "{file}");
    }
}
