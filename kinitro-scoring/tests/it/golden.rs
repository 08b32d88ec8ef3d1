//! The rules against recorded cases.
use std::path::PathBuf;

use kinitro_scoring::golden::{Report, check_gz, check_json};

/// Checks one recorded file, or says why not.
fn check(name: &str) -> Option<Report> {
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    let Some(data) = std::env::var_os("KINITRO_TEST_DATA") else {
        eprintln!("skipped: KINITRO_TEST_DATA is not set, so there is no `golden/scoring/{name}`");
        return None;
    };
    let path = PathBuf::from(data).join("golden/scoring").join(name);
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()));
    Some(check_gz(&bytes).unwrap())
}

#[test]
fn compatible_rules_agree_with_all_recorded_cases() {
    if let Some(report) = check("reference_cases.json.gz") {
        assert_eq!(
            report.mismatch,
            None,
            "{}",
            report.mismatch.as_ref().unwrap()
        );
        assert_eq!(report.cases, 258);
        assert!(report.values > 100_000, "{report:?}");
    }
}

#[test]
fn the_default_rule_agrees_with_all_recorded_cases() {
    if let Some(report) = check("standing_cases.json.gz") {
        assert_eq!(
            report.mismatch,
            None,
            "{}",
            report.mismatch.as_ref().unwrap()
        );
        assert_eq!(report.cases, 189);
    }
}

/// One miner that succeeds always, in one environment; `points` is what the file claims it earns.
fn tiny_file(points: u32) -> String {
    let (won, lost) = ("1".repeat(40), "0".repeat(40));
    format!(
        r#"{{"schema":"standing_pareto/1","defaults":{{}},"evalues":[{{"u":1,"d":0,"num":"3","den":"2"}}],"cases":[{{
        "id":5,"kind":"single","envs":1,"params":{{"n_max":4}},"baselines":[["{lost}"]],
        "miners":[{{"uid":9,"hotkey":"5A","commits":[[1,0,"x"]],"outcomes":["{won}"]}}],
        "expected":{{"order":[9],"threshold":[120,1],"above":[1],"better":[[0]],"perfect_tie":[[0]],"wins":[[0]],
        "outclasses":[[0]],"topples":[[0]],"follower":[0],"winners":[9],"sizes":[[0,1]],"points":[{points}],"total":1,
        "weights":[[1,1]],"u16":[65535],"burn_u16":0}}}}]}}"#
    )
}

#[test]
fn a_mismatch_names_case_and_field() {
    assert_eq!(check_json(tiny_file(1).as_bytes()).unwrap().mismatch, None);
    let mismatch = check_json(tiny_file(2).as_bytes())
        .unwrap()
        .mismatch
        .unwrap();
    assert_eq!(
        mismatch.to_string(),
        "case 5 (single), points: expected [2], found [1]"
    );
}

#[test]
fn parsing_is_strict() {
    assert!(check_json(tiny_file(1).replace("\"kind\"", "\"kin\"").as_bytes()).is_err());
    assert!(
        check_json(
            tiny_file(1)
                .replace("standing_pareto/1", "other/1")
                .as_bytes()
        )
        .is_err()
    );
    assert!(
        check_json(
            tiny_file(1)
                .replace("\"n_max\":4", "\"n_mas\":4")
                .as_bytes()
        )
        .is_err()
    );
    assert!(check_gz(b"not gzip").is_err());
}
