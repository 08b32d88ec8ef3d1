//! `docs/protocol.md` shows exactly what is sent.

use super::super::signed::RequestRule;
use super::golden::{EXAMPLES, HEALTH_P1, NAMED_CHANNELS};
use super::*;

const PAGE: &str = include_str!("../../../../../docs/protocol.md");

/// The text of the code block after the mark `<!-- example: NAME -->`.
fn block(name: &str) -> &'static str {
    let mark = format!("<!-- example: {name} -->\n```");
    let (_, after) = PAGE
        .split_once(&mark)
        .unwrap_or_else(|| panic!("the page lacks the example `{name}`"));
    let (_, after) = after.split_once('\n').unwrap();
    after.split_once("\n```").unwrap().0
}

#[test]
fn examples_are_what_the_encoders_emit() {
    let read_only = [("v3-named", NAMED_CHANNELS), ("health-p1", HEALTH_P1)];
    for (name, text) in EXAMPLES.iter().chain(&read_only) {
        assert_eq!(block(name), *text, "{name}");
    }
    let marks = PAGE.matches("<!-- example: ").count();
    assert_eq!(marks, EXAMPLES.len() + read_only.len());
}

#[test]
fn sizes_are_what_was_measured() {
    for (format, size) in sizes::measured() {
        let row = format!("| {format} | ");
        let (_, rest) = PAGE
            .split_once(&row)
            .unwrap_or_else(|| panic!("the page lacks `{row}`"));
        let (shown, _) = rest.split_once(" |").unwrap();
        let shown: usize = shown.replace(' ', "").parse().unwrap();
        // Which compressor makes the PNG files depends on what else is in the build; 2 % is more than they differ.
        let tolerance = if format.ends_with("PNG") {
            size / 50
        } else {
            0
        };
        assert!(
            shown.abs_diff(size) <= tolerance,
            "{format}: the page shows {shown}, measured are {size}"
        );
    }
}

#[test]
fn codes_of_refused_requests_are_those_of_the_code() {
    let (_, list) = PAGE.split_once("an error whose `code` is ").unwrap();
    let (list, _) = list.split_once(".\n").unwrap();
    let shown: Vec<_> = list.split('`').skip(1).step_by(2).collect();
    let codes: Vec<_> = RequestRule::CODES.iter().map(|(_, code)| *code).collect();
    assert_eq!(shown, codes);
}

#[test]
fn limits_are_those_of_the_code() {
    use super::limits::*;
    use super::signed::FRESHNESS;
    for line in [
        format!("| body of an answer | {} KiB |", MAX_ANSWER_LEN / 1024),
        format!("| head of an answer | {} KiB |", MAX_HEAD_LEN / 1024),
        format!("| nesting of lists and maps | {MAX_DEPTH} levels |"),
        format!("| values in an answer | {MAX_VALUES} |"),
        format!("| further actions in a chunk | {} |", ChunkLimit::MAX),
        format!("| act | {} ms |", ACT_DEADLINE.as_millis()),
        format!(
            "| act, strict profile | {} ms |",
            STRICT_ACT_DEADLINE.as_millis()
        ),
        format!("| reset | {} s |", RESET_DEADLINE.as_secs()),
        format!("| health | {} s |", HEALTH_DEADLINE.as_secs()),
        format!("lies at most {} s before or after", FRESHNESS.as_secs()),
    ] {
        assert!(PAGE.contains(&line), "the page lacks `{line}`");
    }
}
