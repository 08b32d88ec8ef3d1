//! `test-scoring`.

use std::fs;

use kinitro_tests::places::test_data;
use serde_json::Value;

use super::{check, check_error, json};

#[test]
fn scoring_can_be_tried() {
    let line = "test-scoring --n-miners 4 --n-envs 3 --episodes-per-env 400 --seed 3";
    let scored = check(line, 0);
    assert_eq!(
        scored,
        check(&line.replace("test-scoring", "scoring test"), 0)
    );
    let report = json(&check(&format!("{line} --json"), 0).stdout);
    let weights = report["miners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|miner| miner["weight_u16"].as_u64().unwrap());
    assert_eq!(
        weights.sum::<u64>() + report["burn_u16"].as_u64().unwrap(),
        65_535
    );
    let dethroned = check("test-scoring --n-miners 3", 0).stdout;
    assert!(
        dethroned.contains("held titles until `miner-1` took them"),
        "{dethroned}"
    );
    for rule in ["first_commit", "epsilon_pareto"] {
        check(
            &format!("{line} --rule {rule} --scheme equal --temperature 0.5"),
            0,
        );
    }

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("table.json");
    fs::write(
        &file,
        r#"{"environments": ["a"], "miners": [{"name": "x", "scores": [0.5]}]}"#,
    )
    .unwrap();
    check_error(
        &format!("test-scoring --input {}", file.display()),
        2,
        &["needs the outcome of every episode"],
    );
    check(
        &format!(
            "test-scoring --rule first_commit --input {}",
            file.display()
        ),
        0,
    );
    fs::write(&file, "[]").unwrap();
    check_error(
        &format!("test-scoring --input {}", file.display()),
        2,
        &["is not a table"],
    );
}

#[test]
fn recorded_scoring_cases_are_checked() {
    let Some(data) = test_data("checking recorded scoring cases") else {
        return;
    };
    for file in ["reference_cases.json.gz", "standing_cases.json.gz"] {
        let path = data.join("golden/scoring").join(file);
        let report = check(
            &format!("test-scoring --json --golden {}", path.display()),
            0,
        )
        .stdout;
        assert!(json(&report)["cases"].as_u64().unwrap() > 100, "{report}");
        assert_eq!(json(&report)["mismatch"], Value::Null);
    }
}
