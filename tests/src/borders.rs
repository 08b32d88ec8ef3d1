//! The borders that strangers' bytes cross, each with a check that takes any bytes and panics where a promise is broken.
//!
//! The fuzz targets in `tests/fuzz` include this file, and `tests/it/borders.rs` gives it their corpus.
//! It uses nothing but the crates that parse, so that fuzzing needs no simulator.

use std::error::Error as StdError;

use kinitro_chain::commitment::MAX_LEN;
use kinitro_core::Error;
use kinitro_core::error::QUOTE_LIMIT;
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::limits::{MAX_ANSWER_LEN, MAX_BATCH};
use kinitro_core::protocol::wire::{
    ActAnswer, AnswerRule, ChunkLimit, Command, Encoding, EpisodeId, ErrorAnswer,
    GripperConvention, Health, ResetAnswer, p1, p2, reported_error, v3,
};
use kinitro_core::record::Transcript;
use kinitro_core::record::transcript::MAX_HEADER_LEN;

/// Checks what a border makes of some bytes.
pub type Check = fn(&[u8]) -> Verdict;

/// Every border with its name, which its fuzz target and the folder of its corpus have too.
pub const BORDERS: &[(&str, Check)] = &[
    ("v3_act_json", v3_act_json),
    ("v3_act_msgpack", v3_act_msgpack),
    ("p2_act", p2_act),
    ("p1_act", p1_act),
    ("reset", reset),
    ("receipt", receipt),
    ("health", health),
    ("reported_error", error_body),
    ("commitment", commitment),
    ("transcript", transcript),
];

/// What a border made of some bytes; where it reads them in several ways, of the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They became a value.
    Accepted,
    /// They became an error.
    Refused,
}

/// Longest quotation in characters: each of the quoted ones has at most ten when it is escaped (`\u{10ffff}`), and `…` follows.
const MAX_QUOTATION: usize = 10 * QUOTE_LIMIT + 1;
/// Longest error message in characters: a parser's own words have at most 500, escaped like a quotation, in a sentence of ours.
const MAX_MESSAGE: usize = 10 * 500 + 200;
/// Reset answers are checked as answers to this episode.
const EPISODE: &str = "7c1e0b94";

/// The check of one border.
///
/// # Panics
/// If none has this name.
pub fn named(name: &str) -> Check {
    BORDERS
        .iter()
        .find(|(border, _)| *border == name)
        .expect("every caller names a border")
        .1
}

fn v3_act_json(body: &[u8]) -> Verdict {
    let verdict = v3_act(Encoding::Json, body);
    if verdict == Verdict::Accepted
        && let Some(packed) = packed(body)
    {
        let read = |encoding, body| {
            v3::read_act(encoding, body, GripperConvention::Simulator, widest_chunk())
                .expect("accepted in JSON")
        };
        assert_eq!(
            read(Encoding::Json, body),
            read(Encoding::Msgpack, &packed),
            "the encodings disagree"
        );
    }
    verdict
}

fn v3_act_msgpack(body: &[u8]) -> Verdict {
    v3_act(Encoding::Msgpack, body)
}

/// Reads the body under both conventions and several limits; the answers may differ in the gripper's sign and about the chunk's length only.
fn v3_act(encoding: Encoding, body: &[u8]) -> Verdict {
    let read = |body: &[u8], convention, limit| v3::read_act(encoding, body, convention, limit);
    let widest = read(body, GripperConvention::Simulator, widest_chunk());
    let limits = match &widest {
        // Just enough, and one too few.
        Ok(answer) => [answer.next.len().saturating_sub(1), answer.next.len()],
        Err(_) => [0, ChunkLimit::MAX.into()],
    };
    for (convention, _) in GripperConvention::NAMES {
        for actions in limits {
            let limit = chunk_limit(actions);
            match (&widest, read(body, convention, limit)) {
                (Ok(widest), Ok(answer)) => {
                    assert!(answer.next.len() <= limit.get());
                    assert_eq!(answer.next.len(), widest.next.len());
                    for (command, other) in commands(&answer).zip(commands(widest)) {
                        check_command(command);
                        assert_same_but_for_sign(command, other);
                    }
                    let written = v3_written(encoding, &answer, convention);
                    let again = read(&written, convention, limit).expect("written by us");
                    assert!(commands(&again).eq(commands(&answer).map(unclipped)));
                }
                (Ok(widest), Err(error)) => {
                    check_refusal(&error);
                    assert!(widest.next.len() > limit.get());
                    assert!(matches!(
                        error,
                        Error::Answer {
                            rule: AnswerRule::Chunk,
                            ..
                        }
                    ));
                }
                (Err(_), Err(error)) => check_refusal(&error),
                (Err(error), Ok(_)) => panic!("only the longest chunk is refused: {error}"),
            }
        }
    }
    check_framing(encoding, body, widest.is_ok(), |body| {
        read(body, GripperConvention::Simulator, widest_chunk()).is_ok()
    });
    verdict(&widest)
}

fn p1_act(body: &[u8]) -> Verdict {
    for (convention, _) in GripperConvention::NAMES {
        let answer = p1::read_act(body, convention);
        check_single(body, &answer, convention);
        if let Ok(answer) = &answer {
            let mut written = Vec::new();
            p1::ActBody::new(&answer.now.action, convention).write(&mut written);
            let again = p1::read_act(&written, convention).expect("written by us");
            assert_eq!(again.now, unclipped(answer.now));
        }
    }
    let read = |body: &[u8]| p1::read_act(body, GripperConvention::Simulator);
    let answer = read(body);
    check_framing(Encoding::Json, body, answer.is_ok(), |body| {
        read(body).is_ok()
    });
    verdict(&answer)
}

fn p2_act(body: &[u8]) -> Verdict {
    let answer = p2::read_act(body);
    for (convention, _) in GripperConvention::NAMES {
        check_single(body, &answer, convention);
    }
    if let Ok(answer) = &answer {
        let mut written = Vec::new();
        p2::ActBody::new(&answer.now.action).write(&mut written);
        let again = p2::read_act(&written).expect("written by us").now;
        assert!(!again.clipped);
        let [ours, theirs] = [again, answer.now].map(|command| *command.action.as_array());
        assert_eq!(ours[..3], theirs[..3]);
        // Halved and doubled again, very small numbers lose digits that move nothing.
        assert!((f64::from(ours[3]) - f64::from(theirs[3])).abs() <= f64::EPSILON);
    }
    check_framing(Encoding::Json, body, answer.is_ok(), |body| {
        p2::read_act(body).is_ok()
    });
    verdict(&answer)
}

/// What holds for the answers of P1 and P2: one action, and the one that V3, which reads both, makes of the body.
fn check_single(body: &[u8], answer: &Result<ActAnswer, Error>, convention: GripperConvention) {
    let wider = v3::read_act(Encoding::Json, body, convention, widest_chunk());
    match answer {
        Ok(answer) => {
            assert!(answer.next.is_empty());
            check_command(answer.now);
            match wider {
                Ok(wider) => assert_eq!(wider.now, answer.now),
                // The older generations do not look at `chunk`.
                Err(Error::Answer { at, .. }) => assert!(at.starts_with("chunk")),
                Err(error) => panic!("V3 refuses with another error: {error}"),
            }
        }
        Err(error) => {
            check_refusal(error);
            if wider.is_ok() {
                assert!(
                    p1::read_act(body, convention).is_ok() || p2::read_act(body).is_ok(),
                    "V3 reads the actions of P1 and of P2, and no others"
                );
            }
        }
    }
}

fn reset(body: &[u8]) -> Verdict {
    let episode: EpisodeId = EPISODE.parse().expect("a plain id");
    let older = p1::read_reset(body);
    for encoding in [Encoding::Json, Encoding::Msgpack] {
        let read = |body: &[u8]| v3::read_reset(encoding, body, &episode);
        let answer = read(body);
        check_framing(encoding, body, answer.is_ok(), |body| read(body).is_ok());
        if let Err(error) = &answer {
            check_refusal(error);
        }
        if encoding == Encoding::Msgpack {
            continue;
        }
        match (&older, &answer) {
            (Ok(()), Err(Error::Answer { at, .. })) => assert_eq!(at, "episode_id"),
            (Err(error), Ok(())) => panic!("only the older generations refuse: {error}"),
            _ => {}
        }
        if answer.is_ok()
            && let Some(packed) = packed(body)
        {
            v3::read_reset(Encoding::Msgpack, &packed, &episode).expect("accepted in JSON");
        }
    }
    if let Err(error) = &older {
        check_refusal(error);
    }
    // An answer with whatever text as id: read in both encodings, accepted for that episode only.
    if let Ok(id) = std::str::from_utf8(body) {
        for encoding in [Encoding::Json, Encoding::Msgpack] {
            let mut written = Vec::new();
            ResetAnswer::new(id).write(encoding, &mut written);
            if written.len() <= MAX_ANSWER_LEN {
                let accepted = v3::read_reset(encoding, &written, &episode).is_ok();
                assert_eq!(accepted, id == EPISODE);
            }
        }
    }
    let packed = v3::read_reset(Encoding::Msgpack, body, &episode);
    verdict(&older.or(packed))
}

/// Receipts are read beside an answer, so bytes without one are no error; only one that is accepted counts as such.
fn receipt(body: &[u8]) -> Verdict {
    let episode: EpisodeId = EPISODE.parse().expect("a plain id");
    let mut verdict = Verdict::Refused;
    for encoding in [Encoding::Json, Encoding::Msgpack] {
        match v3::read_receipt(encoding, body, &episode) {
            Ok(Some(receipt)) => {
                verdict = Verdict::Accepted;
                assert_eq!(receipt.episode_id, episode);
                for encoding in [Encoding::Json, Encoding::Msgpack] {
                    let mut written = Vec::new();
                    v3::CloseBody::new(Some(receipt.clone())).write(encoding, &mut written);
                    let again = v3::read_receipt(encoding, &written, &episode);
                    assert_eq!(again.expect("written by us"), Some(receipt.clone()));
                }
            }
            Ok(None) => {}
            Err(error) => check_refusal(&error),
        }
    }
    verdict
}

fn health(body: &[u8]) -> Verdict {
    let answer = Health::read(body);
    match &answer {
        Ok(health) => {
            let mut written = Vec::new();
            health.write(1.5, &mut written);
            assert_eq!(Health::read(&written).expect("written by us"), *health);
            assert!(
                health
                    .max_batch
                    .is_none_or(|batch| (1..=MAX_BATCH).contains(&batch))
            );
            let listed = health.protocols.as_deref().unwrap_or_default();
            match health.offer() {
                Some(offer) => assert!(listed.iter().all(|protocol| offer.protocol <= *protocol)),
                None => assert!(listed.is_empty()),
            }
        }
        Err(error) => check_refusal(error),
    }
    check_framing(Encoding::Json, body, answer.is_ok(), |body| {
        Health::read(body).is_ok()
    });
    verdict(&answer)
}

fn error_body(body: &[u8]) -> Verdict {
    for encoding in [Encoding::Json, Encoding::Msgpack] {
        check_text(&reported_error(encoding, body), MAX_QUOTATION);
    }
    // What an honest server reports is understood, and alike in both encodings.
    let message = String::from_utf8_lossy(body);
    let reported = [Encoding::Json, Encoding::Msgpack].map(|encoding| {
        let mut written = Vec::new();
        ErrorAnswer::new("code", &message).write(encoding, &mut written);
        (written.len() <= MAX_ANSWER_LEN).then(|| reported_error(encoding, &written))
    });
    if let [Some(json), Some(msgpack)] = reported {
        assert!(json.starts_with("code: "));
        assert_eq!(json, msgpack);
    }
    Verdict::Accepted
}

fn commitment(payload: &[u8]) -> Verdict {
    use kinitro_chain::Record;

    let record = Record::parse(payload);
    match &record {
        Ok(record) => {
            let written = record.write().expect("no longer than what was read");
            assert!(written.len() <= MAX_LEN);
            let again = Record::parse(written.as_bytes()).expect("written by us");
            assert_eq!(again, *record);
            assert_eq!(again.write().expect("written before"), written);
        }
        Err(error) => {
            check_error(error);
            assert!(error.to_string().is_ascii());
        }
    }
    verdict(&record)
}

fn transcript(bytes: &[u8]) -> Verdict {
    let transcript = Transcript::from_bytes(bytes);
    match &transcript {
        Ok(transcript) => {
            let mut written = Vec::new();
            match transcript.write(&mut written) {
                Ok(()) => {
                    let again = Transcript::read(&written[..]).expect("written by us");
                    assert_eq!(again, *transcript);
                    assert_eq!(frames(&written), frames(bytes));
                    let mut rewritten = Vec::new();
                    again.write(&mut rewritten).expect("written before");
                    assert_eq!(rewritten, written);
                }
                // `1e5` becomes `100000.0`, for which a header of the greatest length has no room.
                Err(error) => assert!(bytes.len() > MAX_HEADER_LEN / 2, "{error}"),
            }
            let identity = &transcript.header.identity;
            let mut other = identity.clone();
            other.kinitro.push('+');
            other.engine.version.push('+');
            other.scoring.rule.push('+');
            for difference in identity.differences(&other) {
                check_text(&difference.to_string(), 2 * MAX_QUOTATION + 100);
            }
        }
        Err(error) => check_error(error),
    }
    verdict(&transcript)
}

/// The frames of a transcript that was accepted.
fn frames(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("a header ends with its line");
    &bytes[end + 1..]
}

fn verdict<T, E>(result: &Result<T, E>) -> Verdict {
    if result.is_ok() {
        Verdict::Accepted
    } else {
        Verdict::Refused
    }
}

fn chunk_limit(actions: usize) -> ChunkLimit {
    u8::try_from(actions)
        .ok()
        .and_then(|actions| ChunkLimit::new(actions).ok())
        .expect("no answer holds more than the longest chunk")
}

fn widest_chunk() -> ChunkLimit {
    chunk_limit(ChunkLimit::MAX.into())
}

fn commands(answer: &ActAnswer) -> impl Iterator<Item = Command> {
    std::iter::once(answer.now).chain(answer.next.iter().copied())
}

/// The command as it is read from an answer that needed no clipping.
fn unclipped(command: Command) -> Command {
    Command {
        clipped: false,
        ..command
    }
}

fn v3_written(encoding: Encoding, answer: &ActAnswer, convention: GripperConvention) -> Vec<u8> {
    let next: Vec<_> = answer.next.iter().map(|command| command.action).collect();
    let mut written = Vec::new();
    v3::ActBody::new(&answer.now.action, &next, convention).write(encoding, &mut written);
    written
}

/// A command can be applied: its numbers are finite and in range, and clipping leaves a number at an end of it.
fn check_command(command: Command) {
    let numbers = *command.action.as_array();
    Action::from_recorded(numbers).expect("finite and in [-1, 1]");
    assert!(!command.clipped || numbers.iter().any(|number| number.abs() == 1.0));
}

fn assert_same_but_for_sign(command: Command, other: Command) {
    let ([x, y, z, grip], [other_x, other_y, other_z, other_grip]) =
        (*command.action.as_array(), *other.action.as_array());
    assert_eq!(
        [x, y, z, grip.abs()],
        [other_x, other_y, other_z, other_grip.abs()]
    );
    assert_eq!(command.clipped, other.clipped);
}

/// An accepted body is one whole document: neither with a tail nor without its end is it accepted.
fn check_framing(
    encoding: Encoding,
    body: &[u8],
    is_accepted: bool,
    accepts: impl Fn(&[u8]) -> bool,
) {
    if !is_accepted {
        return;
    }
    let (document, tail) = match encoding {
        Encoding::Json => (body.trim_ascii_end(), b'0'),
        Encoding::Msgpack => (body, 0xc0),
    };
    let (_, beginning) = document.split_last().expect("nothing is no document");
    assert!(!accepts(beginning), "accepted without its end");
    assert!(!accepts(&[body, &[tail]].concat()), "accepted with a tail");
}

/// A JSON document in msgpack, if that is short enough for an answer.
fn packed(json: &[u8]) -> Option<Vec<u8>> {
    let value: serde_json::Value = serde_json::from_slice(json).expect("accepted before");
    let packed = rmp_serde::to_vec(&value).expect("every JSON document has a form in msgpack");
    Some(packed).filter(|packed| packed.len() <= MAX_ANSWER_LEN)
}

/// An answer is refused with the rule that it breaks, and a bounded quotation of what breaks it.
fn check_refusal(error: &Error) {
    let Error::Answer { found, .. } = error else {
        panic!("refused without a rule: {error}");
    };
    let is_escaped = found.contains('\\');
    check_text(
        found,
        if is_escaped {
            MAX_QUOTATION
        } else {
            QUOTE_LIMIT + 1
        },
    );
    check_error(error);
}

fn check_error(error: &dyn StdError) {
    let mut next = Some(error);
    while let Some(error) = next {
        check_text(&error.to_string(), MAX_MESSAGE);
        next = error.source();
    }
}

/// A text may be printed: bounded, in one line, without anything that steers a terminal or turns the direction of writing.
fn check_text(text: &str, limit: usize) {
    assert!(text.chars().count() <= limit, "too long: {text}");
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    assert!(!text.contains(steers), "not printable: {text:?}");
}
