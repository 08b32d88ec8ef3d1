//! Whatever a server answers, reading it ends, within the limits, in an action or an error.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::limits::{MAX_ANSWER_LEN, MAX_DEPTH, MAX_VALUES};
use super::super::value::Value;
use super::golden::{EXAMPLES, HEALTH_P1, NAMED_CHANNELS};
use super::*;
use crate::error::QUOTE_LIMIT;
use crate::record::receipt::Receipt;

const CASES: u32 = 2_000;
/// An escaped character has at most 10, as `\u{10ffff}`; the rest of a message is ours.
const MAX_MESSAGE: usize = 10 * QUOTE_LIMIT + 200;

/// Gives a body to every reader of untrusted bytes and checks what must hold of whatever comes out.
fn check(body: &[u8]) {
    for encoding in [Encoding::Json, Encoding::Msgpack] {
        if let Ok(value) = Value::read("answer", encoding, body) {
            let mut used = Used::default();
            used.add(&value, 0);
            assert!(used.values <= MAX_VALUES && used.depth <= MAX_DEPTH);
            assert!(used.text <= body.len());
        }
        assert!(reported_error(encoding, body).chars().count() <= MAX_MESSAGE);
        for (convention, _) in GripperConvention::NAMES {
            for limit in [0, ChunkLimit::MAX] {
                let limit = ChunkLimit::new(limit).unwrap();
                check_act(v3::read_act(encoding, body, convention, limit), limit);
            }
        }
        check_error(v3::read_reset(encoding, body, &episode()));
        check_receipt(v3::read_receipt(encoding, body, &episode()));
        let _ = v3::ResetRequest::read(encoding, body);
        let _ = v3::ActRequest::read(encoding, body);
        let _ = v3::CloseRequest::read(encoding, body);
    }
    let convention = GripperConvention::Documented;
    check_act(p1::read_act(body, convention), ChunkLimit::NONE);
    check_act(p2::read_act(body), ChunkLimit::NONE);
    check_error(p1::read_reset(body));
    check_error(Health::read(body).map(|health| health.offer()));
    let _ = p1::ResetRequest::read(body);
    let _ = p1::ActRequest::read(body);
    let _ = p2::ActRequest::read(body);
}

fn check_act(result: Result<ActAnswer, Error>, limit: ChunkLimit) {
    if let Ok(answer) = &result {
        assert!(answer.next.len() <= limit.get());
        for command in answer.next.iter().chain([&answer.now]) {
            // What is applied is what could have been recorded: finite and in range.
            Action::from_recorded(*command.action.as_array()).unwrap();
        }
    }
    check_error(result);
}

fn check_receipt(result: Result<Option<Receipt>, Error>) {
    if let Ok(Some(receipt)) = &result {
        // What is accepted is what a transcript can hold.
        let json = serde_json::to_string(receipt).unwrap();
        assert_eq!(serde_json::from_str::<Receipt>(&json).unwrap(), *receipt);
        assert_eq!(receipt.episode_id, episode());
    }
    check_error(result);
}

fn check_error<T>(result: Result<T, Error>) {
    if let Err(error) = result {
        assert!(matches!(error, Error::Answer { .. }));
        let message = error.to_string();
        assert!(message.chars().count() <= MAX_MESSAGE);
        assert!(!message.contains(char::is_control));
    }
}

/// What a tree takes.
#[derive(Default)]
struct Used {
    values: usize,
    depth: usize,
    text: usize,
}

impl Used {
    fn add(&mut self, value: &Value, depth: usize) {
        self.values += 1;
        match value {
            Value::Text(text) => self.text += text.len(),
            Value::List(items) => {
                self.depth = self.depth.max(depth + 1);
                for item in items {
                    self.add(item, depth + 1);
                }
            }
            Value::Map(members) => {
                self.depth = self.depth.max(depth + 1);
                for (key, member) in members {
                    self.text += key.len();
                    self.add(member, depth + 1);
                }
            }
            Value::Number(number) => assert!(number.is_finite()),
            Value::Null | Value::Bool(_) | Value::Binary => {}
        }
    }
}

/// JSON documents, many of which look like answers.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let key = prop_oneof![
        3 => prop::sample::select(vec![
            "action", "chunk", "continuous", "discrete", "extra", "ee_twist", "gripper", "status",
            "episode_id", "error", "detail", "code", "message", "protocols", "encodings", "images",
            "max_batch", "gripper_convention", "model_loaded", "receipt", "delegation", "hotkey",
            "session_key", "expires", "signature",
        ]).prop_map(str::to_owned),
        1 => ".{0,8}",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,100}".prop_map(Into::into),
        prop::collection::vec(-2.0..2.0_f64, 4..=7).prop_map(Into::into),
    ];
    leaf.prop_recursive(10, 200, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// msgpack whose length prefixes lie.
fn msgpack_soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            0x81, 0x82, 0x8f, 0x91, 0x94, 0x9f, 0xc4, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xd4, 0xd8,
            0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf_u8,
        ])
        .prop_map(|marker| vec![marker]),
        Just(b"\xa6action".to_vec()),
        Just(b"\xa5chunk".to_vec()),
        Just(vec![0xff; 4]),
        Just(vec![0x94, 0, 0, 0, 1]),
        any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..200).prop_map(|pieces| pieces.concat())
}

/// A message that a reader accepts, in JSON or msgpack.
fn valid() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<&str> = EXAMPLES
        .iter()
        .map(|(_, text)| *text)
        .filter(|text| text.starts_with('{'))
        .chain([NAMED_CHANNELS, HEALTH_P1])
        .collect();
    (prop::sample::select(texts), any::<bool>()).prop_map(|(text, packed)| {
        if !packed {
            return text.as_bytes().to_vec();
        }
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        rmp_serde::to_vec(&value).unwrap()
    })
}

#[derive(Debug, Clone)]
enum Damage {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
    Repeat(Index, Index),
}

impl Damage {
    fn apply(&self, body: &mut Vec<u8>) {
        if body.is_empty() {
            return;
        }
        match self {
            Self::Set(at, byte) => *at.get_mut(body) = *byte,
            Self::Insert(at, byte) => body.insert(at.index(body.len()), *byte),
            Self::Remove(at) => {
                body.remove(at.index(body.len()));
            }
            Self::Cut(at) => body.truncate(at.index(body.len())),
            Self::Repeat(from, to) => {
                let part = body[from.index(body.len())..].to_vec();
                let at = to.index(body.len());
                body.splice(at..at, part);
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"{}[]\",:0-eE.\\\xdd\xdf\xc1".to_vec())
    ];
    prop_oneof![
        (any::<Index>(), byte.clone()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (any::<Index>(), byte).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        any::<Index>().prop_map(Damage::Remove),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn arbitrary_bytes(body in prop::collection::vec(any::<u8>(), 0..2048)) {
        check(&body);
    }

    #[test]
    fn arbitrary_json(value in json()) {
        let body = serde_json::to_vec(&value).unwrap();
        check(&body);
        // An independent reading of P1's rule: whatever is accepted is four numbers.
        if p1::read_act(&body, GripperConvention::Simulator).is_ok() {
            let list = value["action"].as_array().unwrap();
            prop_assert!(list.len() == 4 && list.iter().all(serde_json::Value::is_number));
        }
    }

    #[test]
    fn arbitrary_msgpack(value in json()) {
        check(&rmp_serde::to_vec(&value).unwrap());
    }

    #[test]
    fn lying_msgpack(body in msgpack_soup()) {
        check(&body);
    }

    #[test]
    fn damaged_messages(body in valid(), damages in prop::collection::vec(damage(), 1..6)) {
        let mut body = body;
        for damage in &damages {
            damage.apply(&mut body);
        }
        check(&body);
    }
}

#[test]
fn bombs_end_at_the_limits() {
    let brackets = "[".repeat(MAX_ANSWER_LEN);
    let pairs = format!("[{}[]]", "[],".repeat(MAX_ANSWER_LEN / 3 - 2));
    let maps = r#"{"a":"#.repeat(MAX_ANSWER_LEN / 5);
    let keys: Vec<_> = (0..6_000).map(|key| format!(r#""{key}":0"#)).collect();
    let keys = format!("{{{}}}", keys.join(","));
    let long_text = format!(r#"{{"action":"{}"}}"#, "é".repeat(MAX_ANSWER_LEN / 2 - 20));
    let long_number = format!(
        r#"{{"action":[0,0,0,1{}]}}"#,
        "0".repeat(MAX_ANSWER_LEN - 40)
    );
    for bomb in [brackets, pairs, maps, keys, long_text, long_number] {
        assert!(bomb.len() <= MAX_ANSWER_LEN);
        check(bomb.as_bytes());
        assert!(p1::read_act(bomb.as_bytes(), GripperConvention::Simulator).is_err());
    }
    for marker in [0xdd, 0xdf, 0xdb, 0xc6, 0xc9] {
        check(&[marker, 0xff, 0xff, 0xff, 0xff]);
    }
    for byte in [0xdd, 0xdf, 0xdb, 0xc6, 0xc9, 0x91, 0x81] {
        check(&vec![byte; MAX_ANSWER_LEN]);
    }
    check(&vec![0; MAX_ANSWER_LEN + 1]);
}
