//! The executables, as a user meets them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests; the lint exempts only the tests themselves"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const KINITRO: &str = env!("CARGO_BIN_EXE_kinitro");
const ROBO: &str = env!("CARGO_BIN_EXE_robo");
const ENGINE: &str = env!("CARGO_BIN_EXE_kinitro-engine");

/// Runs an executable on a machine that seems to have neither Python nor MuJoCo, and an empty home.
fn bare(program: &str, home: &Path, arguments: &[&str]) -> Output {
    command(program, home)
        .env("PATH", "")
        .args(arguments)
        .output()
        .unwrap()
}

fn command(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in [
        "KINITRO_MUJOCO_DIR",
        "KINITRO_ASSETS_DIR",
        "LD_LIBRARY_PATH",
        "VIRTUAL_ENV",
        "XDG_CACHE_HOME",
    ] {
        command.env_remove(variable);
    }
    command.env("HOME", home).current_dir(home);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Folder with the library that this build was linked with, if it names one.
fn library_folder() -> Option<PathBuf> {
    let folder = option_env!("MUJOCO_DYNAMIC_LINK_DIR").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: MUJOCO_DYNAMIC_LINK_DIR was not set when this was built");
    }
    folder
}

/// Whether an executable cannot start without the MuJoCo library: whether its dynamic section names it as needed.
///
/// A search for the name alone would also find the program's own constants, which a linker may lay out before a zero.
/// Source of the numbers: System V ABI, "ELF-64 Object File Format", program headers and dynamic section.
fn needs_mujoco(program: &str) -> bool {
    const LOAD: u64 = 1;
    const DYNAMIC: u64 = 2;
    const NEEDED: u64 = 1;
    const STRING_TABLE: u64 = 5;
    let file = fs::read(program).unwrap();
    let number = |at: usize, len: usize| {
        let bytes = file[at..at + len].iter().rev();
        bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    let word = |at: usize| number(at, 8);
    let place = |at: usize| usize::try_from(word(at)).unwrap();
    assert!(
        file.starts_with(b"\x7fELF\x02\x01"),
        "64 bits, little-endian"
    );
    let (table, entry, entries) = (place(0x20), number(0x36, 2), number(0x38, 2));
    let segments: Vec<usize> = (0..entries)
        .map(|index| table + usize::try_from(index * entry).unwrap())
        .collect();
    let dynamic = segments
        .iter()
        .find(|at| number(**at, 4) == DYNAMIC)
        .unwrap();
    let (start, len) = (place(dynamic + 0x08), place(dynamic + 0x20));
    let tags = || {
        (start..start + len)
            .step_by(16)
            .map(|at| (word(at), word(at + 8)))
    };
    let (_, strings) = tags().find(|(tag, _)| *tag == STRING_TABLE).unwrap();
    // The table is given by its address in memory.
    let segment = segments.iter().find(|at| {
        let (address, len) = (word(*at + 0x10), word(*at + 0x20));
        number(**at, 4) == LOAD && (address..address + len).contains(&strings)
    });
    let segment = segment.unwrap();
    let strings = word(segment + 0x08) + strings - word(segment + 0x10);
    tags().filter(|(tag, _)| *tag == NEEDED).any(|(_, offset)| {
        let name = &file[usize::try_from(strings + offset).unwrap()..];
        name.starts_with(b"libmujoco.so.3.17.0\0")
    })
}

#[test]
fn only_the_engine_is_linked_with_mujoco() {
    assert!(!needs_mujoco(KINITRO));
    assert!(!needs_mujoco(ROBO));
    assert!(needs_mujoco(ENGINE));
}

#[test]
fn help_needs_nothing_and_both_names_behave_alike() {
    let home = tempfile::tempdir().unwrap();
    for program in [KINITRO, ROBO] {
        let none = bare(program, home.path(), &[]);
        let help = bare(program, home.path(), &["--help"]);
        assert_eq!(none.status.code(), Some(0), "{none:?}");
        assert_eq!(help.status.code(), Some(0));
        assert!(text(&none.stdout).contains("doctor"));
        assert!(
            text(&bare(program, home.path(), &["completions", "bash"]).stdout).contains("kinitro")
        );
    }
}

#[test]
fn wrong_usage_exits_2() {
    let home = tempfile::tempdir().unwrap();
    let output = bare(KINITRO, home.path(), &["no-such-command"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_bare_machine_is_told_what_to_run() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        &["engine-check"][..],
        &["assets", "status"],
        &["doctor"],
        &["doctor", "--json"],
    ] {
        let output = bare(KINITRO, home.path(), arguments);
        assert_eq!(output.status.code(), Some(4), "{arguments:?}: {output:?}");
        let all = text(&output.stdout) + &text(&output.stderr);
        assert!(all.contains("kinitro assets install"), "{all}");
    }
    let report = bare(KINITRO, home.path(), &["doctor", "--json"]).stdout;
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["can_evaluate"], false);
}

#[test]
fn install_without_python_says_what_to_install() {
    let home = tempfile::tempdir().unwrap();
    let output = bare(KINITRO, home.path(), &["assets", "install"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(text(&output.stderr).contains("hint: install Python 3"));
}

#[test]
fn install_refuses_a_wheel_with_another_hash() {
    let home = tempfile::tempdir().unwrap();
    let wheels = tempfile::tempdir().unwrap();
    let file = "mujoco-3.17.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl";
    fs::write(wheels.path().join(file), b"PK").unwrap();
    let from = wheels.path().to_str().unwrap();
    let output = bare(KINITRO, home.path(), &["assets", "install", "--from", from]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains(file));
    let left: Vec<_> = fs::read_dir(home.path().join(".cache/kinitro"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn install_names_a_folder_that_it_cannot_write() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".cache"), b"a file, not a folder").unwrap();
    let output = bare(KINITRO, home.path(), &["assets", "install"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        text(&output.stderr).contains(".cache/kinitro"),
        "{output:?}"
    );
}

#[test]
fn the_engine_starts_with_the_verified_library_and_pins_the_mathematics() {
    let Some(folder) = library_folder() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let check = |folder: &Path| {
        command(KINITRO, home.path())
            .args(["engine-check", "--json", "--mujoco-dir"])
            .arg(folder)
            .output()
            .unwrap()
    };
    let output = check(&folder);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["libm"], "0.2.16");

    fs::write(home.path().join("libmujoco.so.3.17.0"), b"another").unwrap();
    let refused = check(home.path());
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert!(text(&refused.stderr).contains("libmujoco.so.3.17.0"));
}

#[test]
fn a_mock_server_runs_without_mujoco_until_it_is_told_to_stop() {
    let home = tempfile::tempdir().unwrap();
    for (line, policy, signal, code) in [
        ("miner mock --random-actions", "random", "-INT", 130),
        ("mock-miner --no-random-actions", "zero", "-TERM", 143),
    ] {
        let mut child = command(KINITRO, home.path())
            .args(line.split(' '))
            .args(["--port", "0", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(told["policy"], policy);
        let address = told["url"].as_str().unwrap().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(b"GET /health HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");

        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(text(&output.stderr).contains("1 health, 0 reset"));
    }
}

#[test]
fn a_mock_server_says_why_it_does_not_run() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, code, part) in [
        (&["--port", &port][..], 1, "cannot listen on"),
        (&["--policy", "expert"], 4, "kinitro assets install"),
        (&["--policy", "replay:/nonexistent"], 3, "/nonexistent"),
        (&["--policy", "clever"], 2, "`replay:PATH`"),
        (&["--fault", "nonsense"], 2, "known are"),
        (&["--fail-rate", "2"], 2, "[0, 1]"),
        (&["--chunk", "9"], 2, "0 to 8"),
        (&["--protocol", "p0"], 2, "p0"),
    ] {
        let mut line = vec!["miner", "mock"];
        line.extend(arguments);
        let output = bare(KINITRO, home.path(), &line);
        assert_eq!(output.status.code(), Some(code), "{line:?}: {output:?}");
        assert!(text(&output.stderr).contains(part), "{line:?}: {output:?}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let mut child = command(KINITRO, home.path())
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}
