//! `env bench`.

use std::fs;

use serde_json::Value;

use super::{check, json};

#[test]
fn speed_with_images_is_measured_on_one_core() {
    let line = "env bench reach-v3 --seconds 0.001 --cameras corner,gripper --size 128 --json";
    let report = json(&check(line, 0).stdout);
    let summary = &report["summary"];
    let rate = |name: &str| summary[name].as_f64().unwrap();
    let with_images = rate("steps_per_second_with_images");
    assert!(0.0 < with_images && with_images < rate("steps_per_second_without_images"));
    assert_eq!(summary["metaworld_images_mean_ratio"], Value::Null);
    for side in ["84", "128", "224", "480"] {
        assert!(summary["picture_ms"][side].as_f64() > Some(0.0), "{side}");
    }
    assert_eq!(report["image_size"]["width"], 128);
    assert_eq!(report["cameras"], serde_json::json!(["corner", "gripper"]));
    assert!(report["core"].is_u64());
}

#[test]
fn speed_is_measured_and_summed_up() {
    let dir = tempfile::tempdir().unwrap();
    let (chart, peers) = (dir.path().join("chart.svg"), dir.path().join("peers"));
    let line = format!(
        "env bench reach-v3 --rounds 1 --seconds 0.001 --threads 2 --compare envpool --peers {} --python /nonexistent \
         --chart {} --json",
        peers.display(),
        chart.display()
    );
    let finished = check(&line, 0);
    let report = json(&finished.stdout);
    let shape = |index: usize| &report["tasks"][0]["shapes"][index];
    for (index, environments, threads) in [(0, 1, 1), (1, 16, 2)] {
        let shape = shape(index);
        assert_eq!(
            (&shape["environments"], &shape["threads"]),
            (&environments.into(), &threads.into())
        );
        for system in ["kinitro", "kinitro_without_info", "floor"] {
            assert!(shape[system]["median"].as_f64() > Some(0.0), "{system}");
        }
        assert!(shape["mj_step_share"].as_f64() > Some(0.0));
    }
    assert_eq!(shape(2), &Value::Null);
    assert!(report["machine"]["cores"].as_u64() > Some(0));

    // The summary comes last, and what was not measured is there as null.
    let summary = &report["summary"];
    assert!(finished.stdout.trim_end().ends_with("}}"));
    assert!(
        finished
            .stdout
            .contains("\"summary\":{\"envpool_mean_ratio\":null,")
    );
    for name in ["envpool_worst_ratio", "metaworld_mean_ratio"] {
        assert!(summary.get(name).is_some_and(Value::is_null), "{name}");
    }
    for name in [
        "mj_step_share",
        "reset_ms_median",
        "reset_ms_median_randomized",
    ] {
        assert!(summary[name].as_f64() > Some(0.0), "{name}");
    }

    // A peer that cannot be had is never passed over in silence.
    let failure = report["peers"][0]["failure"].as_str().unwrap();
    assert!(failure.contains("`/nonexistent`"), "{failure}");
    let warning = format!("warning: no figures of envpool: {failure}");
    assert!(finished.stderr.contains(&warning), "{}", finished.stderr);
    assert!(fs::read_to_string(chart).unwrap().contains("not measured"));
}
