//! The same episodes give the same bits: with other processor features, threads and optimization.

use std::path::PathBuf;
use std::process::Command;

use kinitro_sim::registry;
use kinitro_tests::{places, program};
use serde_json::Value;

/// Takes from glibc the code for newer processors, as if this one had no such instructions.
pub(crate) const OLD_PROCESSOR: &str = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4";

/// Hashes of two episodes of an environment, its expert acting, through both default cameras.
fn episodes(program: &PathBuf, env: &str, arguments: &[&str], tunables: Option<&str>) -> Value {
    let mut command = Command::new(program);
    command.current_dir(places::workspace());
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

/// Everything that may not matter is changed at once: where that changes nothing, none of it matters. Only where it does, or in
/// full suites, each is changed alone, to tell which.
#[test]
fn bits_do_not_depend_on_build_processor_or_threads() {
    let (debug, release) = (
        program::executable("kinitro"),
        program::optimized("kinitro"),
    );
    let alone = [
        ("2 threads", &release, &["--threads", "2"][..], None),
        ("8 threads", &release, &["--threads", "8"], None),
        ("old processor", &release, &[], Some(OLD_PROCESSOR)),
        ("debug build", &debug, &[], None),
    ];
    for env in registry::ids() {
        let env = env.as_str();
        let expected = episodes(&release, env, &[], None);
        let other = episodes(&debug, env, &["--threads", "8"], Some(OLD_PROCESSOR));
        if other != expected || places::full() {
            for (change, program, arguments, tunables) in alone {
                let changed = episodes(program, env, arguments, tunables);
                assert_eq!(changed, expected, "{env}: {change}");
            }
        }
        assert_eq!(
            other, expected,
            "{env}: debug build, 8 threads, old processor"
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
    let release = program::optimized("kinitro");
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
