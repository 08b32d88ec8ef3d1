//! Servers that answer signed requests only, and servers that give receipts.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use kinitro_chain::HotkeyPair;
use kinitro_core::ids::Hotkey;
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::{Encoding, ImageEncoding};
use kinitro_core::record::{Delegation, Receipt};
use kinitro_core::signature::{SessionKey, Sign as _, Signature, UnixMillis};

use super::super::{InPlace, Parties, ReceiptNote};
use super::*;
use crate::miner::mock::behaviour::Random;
use crate::miner::mock::{self, Admission, MockServer, Running, Session};

fn operator() -> HotkeyPair {
    HotkeyPair::from_seed(&[1; 32])
}

fn miner() -> HotkeyPair {
    HotkeyPair::from_seed(&[2; 32])
}

/// The operator asks this miner.
fn parties(miner: &HotkeyPair) -> Parties {
    Parties {
        signer: Some(Arc::new(operator())),
        miner: Some(miner.hotkey().clone()),
    }
}

/// A server of [`miner`] that obeys [`operator`] and gives receipts.
fn guarded(change: impl FnOnce(&mut mock::Settings)) -> Running {
    let mut settings = mock::Settings::new(Random);
    settings.admission = Some(Admission {
        miner: miner().hotkey().clone(),
        signers: vec![operator().hotkey().clone()],
    });
    settings.session = Some(Session::begin(&miner(), LONG));
    change(&mut settings);
    MockServer::start(settings).unwrap()
}

fn meet(url: &str, parties: Parties) -> Result<Arc<PolicyServer>, super::super::Error> {
    let network = Network::new().unwrap();
    PolicyServer::connect_as(&network, url.parse().unwrap(), rules(), parties)
}

/// Plays three steps; what became of the receipt when the evaluator saw what it showed, and when it saw something else.
fn receipt_of(server: &Arc<PolicyServer>, is_same: bool) -> ReceiptNote {
    let mut observation = observation(server.cameras());
    let mut episode = server.episode(&InPlace);
    let mut hasher = ObservationHasher::new();
    episode.begin(&start()).unwrap();
    for step in 0..3 {
        observation.proprio[0] += 0.125;
        let taken = act(&mut episode, step, &observation).unwrap();
        hasher.update(&observation, &taken.action);
    }
    if !is_same {
        hasher.update(&observation, &Action::ZERO);
    }
    episode.end(&EpisodeRecord {
        observation_hash: hasher.finish(),
        ..record(Outcome::Unsolved)
    });
    episode.receipt().clone()
}

#[test]
fn every_request_is_signed_and_a_receipt_comes_back() {
    for (encoding, image) in [
        (Encoding::Json, ImageEncoding::Raw),
        (Encoding::Msgpack, ImageEncoding::Png),
    ] {
        let server = guarded(|settings| {
            settings.encodings = vec![encoding];
            settings.images = vec![image];
        });
        let met = meet(&server.url(), parties(&miner())).unwrap();
        let ReceiptNote::Holds(receipt) = receipt_of(&met, true) else {
            panic!("no receipt that holds");
        };
        assert_eq!(&receipt.delegation.hotkey, miner().hotkey());
        let totals = server.totals();
        assert_eq!((totals.act, totals.close, totals.refused), (3, 1, 0));

        let note = receipt_of(&met, false);
        let ReceiptNote::Refused { reason, .. } = &note else {
            panic!("a receipt over another episode holds");
        };
        assert!(
            reason.contains("does not fit what was seen and done"),
            "{reason}"
        );
        assert!(note.offered().is_some(), "kept as it was offered");
    }
}

#[test]
fn older_generations_are_signed_too() {
    for protocol in ["p1", "p2"] {
        let server = guarded(|_| {});
        let url = format!("{}#{protocol}", server.url());
        let met = meet(&url, parties(&miner())).unwrap();
        assert_eq!(receipt_of(&met, true), ReceiptNote::Absent);
        assert_eq!(server.totals().refused, 0);
    }
}

#[test]
fn unsigned_requests_and_those_for_others_are_refused() {
    let server = guarded(|_| {});
    let stranger = Parties {
        signer: Some(Arc::new(HotkeyPair::from_seed(&[3; 32]))),
        ..parties(&miner())
    };
    let nobody_known = Parties {
        miner: None,
        ..parties(&miner())
    };
    for (parties, code) in [
        (Parties::default(), "header_missing"),
        (nobody_known, "header_missing"),
        (parties(&operator()), "other_recipient"),
        (stranger, "unknown_signer"),
    ] {
        let error = meet(&server.url(), parties).unwrap_err();
        let reason = std::error::Error::source(&error).unwrap().to_string();
        assert!(reason.contains("status 401"), "{reason}");
        assert!(reason.contains(code), "{reason}");
    }
    assert_eq!(server.totals().refused, server.totals().health);
}

/// Passes bytes on to `to`, and keeps what was sent on each connection.
struct Eavesdropper {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Eavesdropper {
    fn before(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        // Ends with the test's process: nobody connects any more.
        thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, mut server) = (client.unwrap(), TcpStream::connect(to).unwrap());
                let number = {
                    let mut heard = keep.lock().unwrap();
                    heard.push(Vec::new());
                    heard.len() - 1
                };
                let (mut answers, mut back) =
                    (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || std::io::copy(&mut answers, &mut back));
                let keep = Arc::clone(&keep);
                thread::spawn(move || {
                    let mut buffer = [0; 4096];
                    while let Ok(count @ 1..) = client.read(&mut buffer) {
                        keep.lock().unwrap()[number].extend_from_slice(&buffer[..count]);
                        server.write_all(&buffer[..count]).unwrap();
                    }
                    let _ = server.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, heard }
    }
}

#[test]
fn a_request_that_was_listened_in_on_is_not_answered_again() {
    let server = guarded(|_| {});
    let listening = Eavesdropper::before(server.address());
    let url = format!("http://{}", listening.address);
    let met = meet(&url, parties(&miner())).unwrap();
    assert!(matches!(receipt_of(&met, true), ReceiptNote::Holds(_)));
    let before = server.totals();
    assert_eq!(before.refused, 0);

    let heard = listening.heard.lock().unwrap().concat();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(&heard).unwrap();
    let mut answers = String::new();
    let mut buffer = [0; 4096];
    // Health, reset, three acts, close.
    while answers.matches("replayed_request").count() < 6 {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "{answers}");
        answers.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    assert_eq!(answers.matches("HTTP/1.1").count(), 6);
    assert_eq!(answers.matches("HTTP/1.1 401").count(), 6);
    assert_eq!(server.totals().refused - before.refused, 6);
}

/// What becomes of a receipt that a server puts into its answers.
fn note_of(act_answer: &str, close_answer: &str, expected: Option<Hotkey>) -> ReceiptNote {
    let (act_answer, close_answer) = (act_answer.to_owned(), close_answer.to_owned());
    let peer = Peer::new(move |path, _| match path {
        "/health" => json(HEALTHY_V3),
        "/act" => json(&act_answer),
        "/close" => json(&close_answer),
        _ => json(RESET_DONE),
    });
    let parties = Parties {
        signer: None,
        miner: expected,
    };
    let met = meet(&peer.url(""), parties).unwrap();
    receipt_of(&met, true)
}

#[test]
fn bad_receipts_are_reported_and_harm_nothing() {
    // Well formed, but nobody can know the episode's id beforehand.
    let foreign = serde_json::to_string(&Receipt {
        episode_id: "7c1e0b94".parse().unwrap(),
        delegation: Delegation {
            hotkey: miner().hotkey().clone(),
            session_key: SessionKey::from_bytes([7; 32]),
            expires: UnixMillis::MAX,
            signature: Signature::from_bytes([0; 64]),
        },
        signature: Signature::from_bytes([0; 64]),
    })
    .unwrap();
    let with = |receipt: &str| format!(r#"{{"action":[0,0,0,0],"receipt":{receipt}}}"#);
    for (receipt, reason) in [
        ("1", "of the wrong type, at `receipt`"),
        ("{}", "a required field is missing, at `receipt.episode_id`"),
        (
            foreign.as_str(),
            "not an accepted value, at `receipt.episode_id`",
        ),
    ] {
        for (act, close) in [
            (with(receipt), "{}".to_owned()),
            (with("null"), with(receipt)),
            (with(receipt), "<html>".to_owned()),
        ] {
            let ReceiptNote::Refused {
                receipt,
                reason: told,
            } = note_of(&act, &close, None)
            else {
                panic!("{act} {close}");
            };
            assert_eq!(receipt, None);
            assert!(told.contains(reason), "{told}");
        }
    }
    assert_eq!(note_of(&with("null"), "[]", None), ReceiptNote::Absent);
}

#[test]
fn receipts_of_another_miner_or_an_ended_session_do_not_hold() {
    let note = |session, expected: Option<&HotkeyPair>| {
        let server = guarded(|settings| {
            settings.admission = None;
            settings.session = Some(session);
        });
        let parties = Parties {
            signer: None,
            miner: expected.map(|pair| pair.hotkey().clone()),
        };
        receipt_of(&meet(&server.url(), parties).unwrap(), true)
    };
    let ended = Session::begin(&miner(), Duration::ZERO);
    thread::sleep(Duration::from_millis(2));
    for (session, expected, reason) in [
        (Session::begin(&miner(), LONG), Some(miner()), None),
        (Session::begin(&miner(), LONG), None, None),
        (
            Session::begin(&miner(), LONG),
            Some(operator()),
            Some("another hotkey's"),
        ),
        (ended, Some(miner()), Some("expired")),
    ] {
        match (note(session, expected.as_ref()), reason) {
            (ReceiptNote::Holds(_), None) => {}
            (ReceiptNote::Refused { reason: told, .. }, Some(reason)) => {
                assert!(told.contains(reason), "{told}");
            }
            (note, reason) => panic!("{note:?}, expected {reason:?}"),
        }
    }
}
