//! The report through its public border: what its tables say, what it cannot be made to do, and its bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use kinitro_cli::evaluate::output::report::{self, Seen};
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::results::{Results, WireResult};
use kinitro_core::protocol::wire::{Encoding, Protocol};
use kinitro_core::record::transcript::{Frame, FrameFlags, Timing};
use kinitro_core::record::{Outcome, Transcript};
use kinitro_tests::program::kinitro;
use tempfile::TempDir;

/// One evaluation: what it printed, its report and its results.
struct Evaluated {
    printed: String,
    html: String,
    results: Results,
}

/// Runs `kinitro evaluate` with these arguments, split at spaces, into the folder `out`.
#[track_caller]
fn evaluate(out: &Path, arguments: &str) -> Evaluated {
    let out_text = out.to_str().unwrap();
    let line = arguments.split_whitespace();
    let finished = kinitro(
        ["evaluate"]
            .into_iter()
            .chain(line)
            .chain(["--out", out_text]),
    );
    assert_eq!(finished.code, Some(0), "{arguments}\n{}", finished.stderr);
    Evaluated {
        printed: finished.stdout,
        html: fs::read_to_string(out.join("report.html")).unwrap(),
        results: Results::from_json(&fs::read(out.join("results.json")).unwrap()).unwrap(),
    }
}

/// A short evaluation with pictures in two environments.
const SMALL: &str = "--policy teacher=expert --policy shaky=expert:noise=0.3 \
                     --envs metaworld/reach-v3,metaworld/button-press-v3 --episodes 3 --seed 7 --evidence demo";

/// [`SMALL`] with two threads, run once for all tests.
static SHARED: LazyLock<(TempDir, Evaluated)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let evaluated = evaluate(&dir.path().join("out"), &format!("{SMALL} --jobs 2"));
    (dir, evaluated)
});

type Attributes = BTreeMap<String, String>;

/// The `data-…` attributes of every element that has the attribute `data-<mark>`.
fn marked(html: &str, mark: &str) -> Vec<Attributes> {
    let tags = html.split('<').filter_map(|part| part.split_once('>'));
    let attributes = tags.map(|(tag, _)| attributes(tag));
    attributes
        .filter(|found| found.contains_key(mark))
        .collect()
}

fn attributes(tag: &str) -> Attributes {
    let mut found = Attributes::new();
    for part in tag.split(" data-").skip(1) {
        if let Some((name, rest)) = part.split_once("=\"") {
            let (value, _) = rest.split_once('"').unwrap();
            found.insert(name.to_owned(), value.to_owned());
        }
    }
    found
}

fn number(attributes: &Attributes, name: &str) -> f64 {
    attributes[name].parse().unwrap()
}

#[test]
fn its_tables_are_those_of_the_results() {
    let (dir, evaluated) = &*SHARED;
    let Evaluated {
        printed,
        html,
        results,
    } = evaluated;
    let out = dir.path().join("out");
    assert_ne!(results.totals.awarded.0, 0, "nothing to compare");

    let rows = marked(html, "row");
    let row = |kind: &str, key: &str, value: &str| {
        let mut fitting = rows.iter().filter(|row| {
            row["row"] == kind && (key.is_empty() || row.get(key).is_some_and(|is| is == value))
        });
        let row = fitting
            .next()
            .unwrap_or_else(|| panic!("no row {kind} {value}"));
        assert!(fitting.next().is_none(), "two rows {kind} {value}");
        row
    };
    let order: Vec<&str> = rows
        .iter()
        .filter(|row| row["row"] == "policy")
        .map(|row| row["policy"].as_str())
        .collect();
    assert_eq!(order, ["teacher", "shaky"], "precedence");
    for policy in &results.policies {
        let kind = if policy.score.is_some() {
            "policy"
        } else {
            "baseline"
        };
        let row = row(kind, "policy", policy.name.as_str());
        assert_eq!(number(row, "mean-rate"), policy.mean_rate.get());
        if let Some(score) = &policy.score {
            assert_eq!(row["frontier"], score.frontier.to_string());
            assert_eq!(row["points"], score.points.0.to_string());
            assert_eq!(number(row, "weight"), score.weight.get());
            assert_eq!(row["weight-u16"], score.weight_u16.to_string());
        }
    }
    let (burn, totals) = (row("burn", "", ""), &results.totals);
    assert_eq!(burn["awarded"], totals.awarded.0.to_string());
    assert_eq!(burn["available"], totals.available.0.to_string());
    assert_eq!(number(burn, "weight"), totals.burn_weight.get());
    assert_eq!(burn["weight-u16"], totals.burn_weight_u16.to_string());

    let cells = marked(html, "cell");
    assert_eq!(
        cells.len(),
        results.policies.len() * results.settings.envs.len()
    );
    for policy in &results.policies {
        for result in &policy.envs {
            let is_it = |cell: &&Attributes| {
                cell["policy"] == policy.name.as_str() && cell["env"] == result.env.as_str()
            };
            let cell = cells.iter().find(is_it).unwrap();
            assert_eq!(cell["successes"], result.successes.to_string());
            assert_eq!(cell["trials"], result.trials.to_string());
            assert_eq!(number(cell, "rate"), result.rate.get());
            assert_eq!(number(cell, "low"), result.interval.low.get());
            assert_eq!(number(cell, "high"), result.interval.high.get());
        }
    }

    let firsts = results.episodes.iter().filter(|entry| entry.episode.0 == 0);
    let shown = marked(html, "episode");
    assert_eq!(shown.len(), firsts.clone().count());
    for (entry, shown) in firsts.zip(&shown) {
        assert_eq!(
            (&shown["policy"], &shown["env"]),
            (&entry.policy.to_string(), &entry.env.to_string())
        );
        assert_eq!(
            (&shown["outcome"], &shown["steps"]),
            (&entry.outcome.to_string(), &entry.steps.to_string())
        );
    }
    let reels = marked(html, "frames");
    assert_eq!(
        reels.len(),
        4,
        "two policies in two environments; baselines look at nothing"
    );
    for (field, value) in results.identity.fields() {
        assert_eq!(row("identity", "field", field)["value"], value);
    }
    for (name, value) in &results.settings.rule_parameters {
        assert_eq!(row("settings", "field", name)["value"], *value);
    }
    assert_eq!(marked(html, "why").len(), 2);
    assert!(html.contains("class=\"banner\"") && html.contains("Nothing in this report is proven"));
    assert!(html.contains("are not timed"));

    // Every file that it refers to is there, and it is the first file that the user is told of.
    let links = html.split("href=\"./").skip(1);
    for link in links.map(|rest| rest.split_once('"').unwrap().0) {
        assert!(out.join(link).exists(), "{link}");
    }
    let paths = printed.find("report.html").unwrap()..printed.find("results.json").unwrap();
    assert!(!paths.is_empty(), "{printed}");
}

#[test]
fn it_loads_nothing_and_stays_small() {
    let html = &SHARED.1.html;
    assert!(html.contains("content=\"default-src 'none'; img-src data:;"));
    let text = html.to_lowercase();
    for forbidden in [
        "http:", "https:", "src=\"", "@import", "<link", "<iframe", "fetch(", "\"//",
    ] {
        assert!(!text.contains(forbidden), "{forbidden}");
    }
    for url in html.split("url(").skip(1) {
        assert!(url.starts_with("data:image/jpeg;base64,"));
    }
    // 4 policies in 8 environments have eight times the reels of this evaluation, and must stay below 6 MB.
    assert!(html.len() < 6_000_000 / 8, "{} bytes", html.len());
}

#[test]
fn the_number_of_threads_leaves_no_trace_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let one = evaluate(&dir.path().join("out"), &format!("{SMALL} --jobs 1"));
    assert!(one.html == SHARED.1.html, "the report differs");
}

#[test]
fn its_command_repeats_the_evaluation() {
    let dir = tempfile::tempdir().unwrap();
    let first = evaluate(
        &dir.path().join("a"),
        "--policy b=expert:noise=0.2 --policy a=zero --envs metaworld/reach-v3 --episodes 2 --level none --seed 3 \
         --cameras none --rule epsilon_pareto --scheme equal --temperature 1/3",
    );
    let (_, command) = first.html.split_once("data-command=\"evaluate\">").unwrap();
    let (command, _) = command.split_once("</code>").unwrap();
    let arguments = command
        .strip_prefix("kinitro evaluate")
        .unwrap()
        .replace("\\\n", " ");
    let second = evaluate(&dir.path().join("b"), &arguments);
    assert_eq!(first.results, second.results);
    assert!(first.html == second.html);
    assert!(first.html.contains("there are no pictures"));
    assert!(!first.html.contains("DEMONSTRATION"));
}

#[test]
fn foreign_text_stays_text() {
    let dir = tempfile::tempdir().unwrap();
    let mut results = evaluate(
        &dir.path().join("out"),
        "--policy a=zero --envs metaworld/reach-v3 --episodes 1 --cameras none",
    )
    .results;
    let hostile = "\"><script>alert('x')</script><img src=x onerror=alert(1)>'`</style></code>&lt;";
    results.policies[0].spec = hostile.to_owned();
    results.settings.scheme = hostile.to_owned();
    results.identity.kinitro = hostile.to_owned();
    results.identity.scoring.rule = hostile.to_owned();
    let parameters = &mut results.settings.rule_parameters;
    parameters.insert(hostile.to_owned(), hostile.to_owned());
    results.explanation.sentences = ["`a`: ", "`a` ", "  ", "General: "]
        .map(|start| format!("{start}{hostile}"))
        .into();
    results.episodes[0].transcript = Some(hostile.to_owned());
    let html = report::html(&results, &Seen::default());
    assert_eq!(html.matches("<script").count(), 1, "its own script alone");
    assert_eq!(html.matches("</style>").count(), 1);
    assert!(!html.contains("<img") && !html.contains("x onerror=alert(1)>"));
    assert!(html.matches("&lt;script&gt;alert(&#39;x&#39;)").count() >= 8);
}

#[test]
fn answers_are_shown_where_they_were_timed() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let mut results = evaluate(
        &out,
        "--policy a=zero --policy b=random --envs metaworld/reach-v3 --episodes 1 --cameras none",
    )
    .results;
    let path = out.join(results.episodes[0].transcript.as_ref().unwrap());
    let mut transcript = Transcript::read(fs::File::open(path).unwrap()).unwrap();
    let mut seen = Seen::default();
    let [a, b] = [0, 1].map(|position| results.policies[position].name.clone());
    seen.transcript(&b, &transcript);
    // Ninety-eight answers within 20 ms, one after 90 ms, one after 480 ms.
    transcript.frames = [20_u16; 98]
        .into_iter()
        .chain([90, 480])
        .map(|wire_ms| Frame {
            action: Action::from_recorded([0.0; 4]).unwrap(),
            flags: FrameFlags::default(),
            wire_ms,
        })
        .collect();
    let times = transcript
        .frames
        .iter()
        .map(|frame| f64::from(frame.wire_ms));
    transcript.header.timing = Timing::from_answers(5000.0, times.collect());
    seen.transcript(&a, &transcript);
    results.policies[0].wire = Some(WireResult {
        protocol: Some(Protocol::V3),
        encoding: Some(Encoding::Msgpack),
        answers: 100,
        p50_ms: 19.75,
        p95_ms: 20.25,
        p99_ms: 90.01,
        max_ms: 480.5,
        held: 2,
        retried: 1,
        failures: BTreeMap::from([(Outcome::ActTimeout, 3)]),
    });
    results.episodes[0].failure = Some("a <script> of theirs".to_owned());
    let html = report::html(&results, &seen);
    let rows = marked(&html, "row");
    let rows: Vec<_> = rows.iter().filter(|row| row["row"] == "answers").collect();
    assert_eq!(rows.len(), 1);
    let expected = [
        ("policy", "a"),
        ("answers", "100"),
        ("p50", "19.75"),
        ("p95", "20.25"),
        ("p99", "90.01"),
        ("slowest", "480.5"),
        ("held", "2"),
        ("retried", "1"),
        ("failed", "3"),
    ];
    for (name, value) in expected {
        assert_eq!(rows[0][name], value, "{name}");
    }
    assert_eq!(html.matches("<svg").count(), 1);
    assert!(html.contains("3 × act timeout") && html.contains("v3, msgpack"));
    assert!(html.contains("a &lt;script&gt; of theirs"));
    assert!(html.contains("are not timed"), "the other policy's are not");
}
