//! The same episodes give the same bits: with other processor features, threads and optimization.

use std::path::PathBuf;
use std::process::Command;

use kinitro_sim::registry;
use kinitro_tests::program;
use serde_json::Value;

/// Takes from glibc the code for newer processors, as if this one had no such instructions.
const OLD_PROCESSOR: &str = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4";

/// Hashes of two episodes of an environment, its expert acting, through both default cameras.
fn episodes(program: &PathBuf, env: &str, arguments: &[&str], tunables: Option<&str>) -> Value {
    let mut command = Command::new(program);
    command.current_dir(kinitro_tests::places::workspace());
    command.args([
        "env",
        "test",
        env,
        "--expert",
        "--episodes",
        "2",
        "--seed",
        "11",
        "--json",
    ]);
    command.args(arguments);
    command.envs(tunables.map(|tunables| ("GLIBC_TUNABLES", tunables)));
    let output = command.output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{env} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Value = serde_json::from_str(&text).expect("the program prints JSON");
    let episodes = report["episodes"].clone();
    let hashes =
        |episode: &Value| episode["state_hash"].is_string() && episode["image_hash"].is_string();
    let listed = episodes.as_array().expect("the report lists episodes");
    assert!(listed.len() == 2 && listed.iter().all(hashes), "{text}");
    episodes
}

/// The optimized program.
fn release() -> PathBuf {
    let debug = program::executable("kinitro");
    let target = debug
        .ancestors()
        .nth(2)
        .expect("executables lie in `target/<profile>`");
    let release = target.join("release/kinitro");
    assert!(
        release.is_file(),
        "`{}` is missing: run `cargo build --release -p kinitro-cli`",
        release.display()
    );
    release
}

#[test]
fn bits_do_not_depend_on_build_processor_or_threads() {
    let (debug, release) = (program::executable("kinitro"), release());
    for env in registry::ids() {
        let env = env.as_str();
        let expected = episodes(&release, env, &[], None);
        for threads in ["2", "8"] {
            assert_eq!(
                episodes(&release, env, &["--threads", threads], None),
                expected,
                "{env}: {threads} threads"
            );
        }
        assert_eq!(
            episodes(&release, env, &[], Some(OLD_PROCESSOR)),
            expected,
            "{env}: old processor"
        );
        assert_eq!(
            episodes(&debug, env, &[], None),
            expected,
            "{env}: debug build"
        );
    }
}

/// Without the pin the masked run differs on a processor with FMA, so the test above can fail.
#[test]
fn without_the_pin_the_processor_shows() {
    if !std::arch::is_x86_feature_detected!("fma") {
        println!("skipped: this processor has no FMA, so there is nothing to mask");
        return;
    }
    let release = release();
    let differs = |env: &kinitro_core::ids::EnvId| {
        let host = ["--libm", "host", "--cameras", "gripper"];
        let run = |tunables| episodes(&release, env.as_str(), &host, tunables);
        run(None)[0]["state_hash"] != run(Some(OLD_PROCESSOR))[0]["state_hash"]
    };
    assert!(
        registry::ids().iter().any(differs),
        "the host's mathematics gives the same bits with and without FMA"
    );
}
