//! Headers, the guard's rules one by one, and its memory.

use proptest::prelude::*;

use super::*;
use crate::signature::tests::{FakeKeys, FakeVerifier};

const NOW: u64 = 1_767_225_600_000;
const WINDOW: u64 = 30_000;

fn time(millis: u64) -> UnixMillis {
    UnixMillis::new(millis).unwrap()
}

fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Nonce::from_bytes(bytes)
}

fn signed(by: &str, timestamp: u64, number: u64) -> SignedHeaders {
    SignedHeaders::sign(
        &FakeKeys::of(by),
        &"5miner".parse().unwrap(),
        Operation::Act,
        b"body",
        time(timestamp),
        nonce(number),
    )
}

fn read(pairs: &[(&str, String)]) -> Result<Option<SignedHeaders>, Error> {
    SignedHeaders::read(pairs.iter().map(|(name, value)| (*name, value.as_bytes())))
}

fn rule<T: fmt::Debug>(result: Result<T, Error>) -> RequestRule {
    match result {
        Err(Error::Request { rule, .. }) => rule,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn guard(capacity: usize) -> Guard {
    let signers = vec!["5operator".parse().unwrap(), "5miner".parse().unwrap()];
    Guard::new(
        "5miner".parse().unwrap(),
        signers,
        NonceMemory::new(capacity),
    )
}

fn admit(guard: &mut Guard, headers: &SignedHeaders, now: u64) -> Result<(), Error> {
    guard.admit(headers, Operation::Act, b"body", time(now), &FakeVerifier)
}

#[test]
fn headers_are_read_back_among_others_in_any_case() {
    let headers = signed("5operator", NOW, 1);
    let mut pairs: Vec<_> = headers.pairs().to_vec();
    pairs.insert(0, ("Content-Type", "application/json".to_owned()));
    pairs[1].0 = "kinitro-TIMESTAMP";
    assert_eq!(read(&pairs).unwrap(), Some(headers));
    assert_eq!(read(&pairs[..1]).unwrap(), None);
}

#[test]
fn headers_must_be_complete_single_and_canonical() {
    let pairs = signed("5operator", NOW, 1).pairs();
    for index in 0..pairs.len() {
        let mut some = pairs.to_vec();
        some.remove(index);
        assert_eq!(rule(read(&some)), RequestRule::Missing);
        let mut twice = pairs.to_vec();
        twice.push(pairs[index].clone());
        assert_eq!(rule(read(&twice)), RequestRule::Twice);
        let value = &pairs[index].1;
        for bad in [
            String::new(),
            format!(" {value}"),
            format!("{value}\n"),
            format!("0{value}"),
            "x".repeat(10_000),
        ] {
            let mut changed = pairs.to_vec();
            changed[index].1.clone_from(&bad);
            let error = read(&changed).unwrap_err();
            assert!(error.to_string().len() < 1_000);
            assert_eq!(rule(Err::<(), _>(error)), RequestRule::Malformed, "{bad}");
        }
    }
    let upper = pairs.map(|(name, value)| (name, value.to_uppercase()));
    assert_eq!(rule(read(&upper)), RequestRule::Malformed);
}

#[test]
fn signed_bytes_are_as_documented() {
    let SignedHeaders { stamp, .. } = signed("5operator", NOW, 0xab);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let nonce = "000000000000000000000000000000ab";
    assert_eq!(
        stamp.signed_bytes(Operation::Health, b""),
        format!(
            "kinitro/request/1\nGET\n/health\n{empty}\n1767225600000\n{nonce}\n5operator\n5miner\n"
        )
        .as_bytes()
    );
    for (operation, path) in Operation::PATHS {
        let text = String::from_utf8(stamp.signed_bytes(operation, b"x")).unwrap();
        assert!(text.contains(&format!("\n{}\n{path}\n", operation.method())));
    }
}

#[test]
fn a_request_is_let_in_once() {
    let mut guard = guard(8);
    let request = signed("5operator", NOW, 1);
    admit(&mut guard, &request, NOW).unwrap();
    assert_eq!(
        rule(admit(&mut guard, &request, NOW + 1)),
        RequestRule::Replayed
    );
    admit(&mut guard, &signed("5operator", NOW, 2), NOW).unwrap();
    admit(&mut guard, &signed("5miner", NOW, 3), NOW).unwrap();
}

#[test]
fn strangers_and_changed_requests_stay_outside() {
    use RequestRule as R;
    let mut guard = guard(8);
    let stranger = signed("5stranger", NOW, 1);
    assert_eq!(rule(admit(&mut guard, &stranger, NOW)), R::Signer);

    let request = signed("5operator", NOW, 1);
    let changed = |change: fn(&mut SignedHeaders)| {
        let mut headers = request.clone();
        change(&mut headers);
        headers
    };
    let passed_on = changed(|h| h.stamp.signed_for = "5other".parse().unwrap());
    assert_eq!(rule(admit(&mut guard, &passed_on, NOW)), R::Recipient);
    for headers in [
        changed(|h| h.stamp.nonce = nonce(2)),
        changed(|h| h.stamp.timestamp = time(NOW + 1)),
        changed(|h| h.stamp.signed_by = "5miner".parse().unwrap()),
        changed(|h| h.signature = Signature::from_bytes([0; 64])),
    ] {
        assert_eq!(rule(admit(&mut guard, &headers, NOW)), R::Signature);
    }
    for (operation, body) in [(Operation::Act, &b"bodY"[..]), (Operation::Reset, b"body")] {
        let result = guard.admit(&request, operation, body, time(NOW), &FakeVerifier);
        assert_eq!(rule(result), R::Signature);
    }
    // None of these attempts used the genuine request's nonce up.
    admit(&mut guard, &request, NOW).unwrap();
}

#[test]
fn only_fresh_requests_are_let_in() {
    for (timestamp, is_in) in [
        (NOW - WINDOW, true),
        (NOW - WINDOW - 1, false),
        (NOW + WINDOW, true),
        (NOW + WINDOW + 1, false),
    ] {
        assert_eq!(is_fresh(time(timestamp), time(NOW)), is_in);
        let result = admit(&mut guard(8), &signed("5operator", timestamp, 1), NOW);
        assert_eq!(result.is_ok(), is_in, "{timestamp}");
    }
}

#[test]
fn a_clock_that_is_set_back_brings_no_request_back() {
    let mut guard = guard(8);
    let request = signed("5operator", NOW, 1);
    admit(&mut guard, &request, NOW).unwrap();
    let later = NOW + WINDOW + 1;
    admit(&mut guard, &signed("5operator", later, 2), later).unwrap();
    assert_eq!(rule(admit(&mut guard, &request, NOW)), RequestRule::Stale);
}

#[test]
fn a_full_memory_forgets_the_oldest_and_refuses_what_is_as_old() {
    let mut guard = guard(2);
    for number in 0..3 {
        admit(&mut guard, &signed("5operator", NOW + number, number), NOW).unwrap();
    }
    for old in [signed("5operator", NOW, 0), signed("5operator", NOW, 9)] {
        assert_eq!(rule(admit(&mut guard, &old, NOW)), RequestRule::Stale);
    }
    let remembered = signed("5operator", NOW + 1, 1);
    assert_eq!(
        rule(admit(&mut guard, &remembered, NOW)),
        RequestRule::Replayed
    );
    // As old as the oldest of a full memory: it cannot be remembered, so it is refused, and pushes nothing out.
    let as_old = signed("5operator", NOW + 1, 9);
    assert_eq!(rule(admit(&mut guard, &as_old, NOW)), RequestRule::Stale);
    admit(&mut guard, &signed("5operator", NOW + 9, 9), NOW).unwrap();
}

proptest! {
    #[test]
    fn nothing_is_let_in_twice_and_memory_stays_bounded(
        capacity in 0_usize..6,
        requests in prop::collection::vec((0_u64..90_000, 0_u64..4, 0_u64..90_000), 1..200),
    ) {
        let mut memory = NonceMemory::new(capacity);
        let mut admitted = std::collections::BTreeSet::new();
        for (timestamp, number, now) in requests {
            let stamp = signed("5operator", timestamp, number).stamp;
            if memory.admit(&stamp, time(now)).is_ok() {
                prop_assert!(admitted.insert((timestamp, number)), "twice");
                prop_assert!(is_fresh(time(timestamp), time(now)));
            }
            prop_assert!(memory.len() <= capacity.max(1));
        }
    }

    #[test]
    fn arbitrary_headers_do_no_harm(
        values in prop::collection::vec((0_usize..6, prop::collection::vec(any::<u8>(), 0..200)), 0..12),
    ) {
        const NAMES: [&str; 6] = [
            TIMESTAMP_HEADER, NONCE_HEADER, SIGNED_BY_HEADER, SIGNED_FOR_HEADER, SIGNATURE_HEADER, "Host",
        ];
        let headers = values.iter().map(|(name, value)| (NAMES[*name], &value[..]));
        if let Ok(Some(read)) = SignedHeaders::read(headers) {
            for (name, value) in read.pairs() {
                prop_assert!(values.iter().any(|(n, v)| NAMES[*n] == name && v == value.as_bytes()));
            }
        }
    }

    #[test]
    fn different_requests_are_different_bytes(
        first in (0_usize..4, any::<[u8; 2]>(), 0_u64..3, 0_u64..3, "5[a-c]", "5[a-c]"),
        second in (0_usize..4, any::<[u8; 2]>(), 0_u64..3, 0_u64..3, "5[a-c]", "5[a-c]"),
    ) {
        let bytes = |(operation, body, timestamp, number, by, to): &(usize, [u8; 2], u64, u64, String, String)| {
            let stamp = Stamp {
                timestamp: time(*timestamp),
                nonce: nonce(*number),
                signed_by: by.parse().unwrap(),
                signed_for: to.parse().unwrap(),
            };
            stamp.signed_bytes(Operation::PATHS[*operation].0, body)
        };
        prop_assert_eq!(bytes(&first) == bytes(&second), first == second);
    }
}
