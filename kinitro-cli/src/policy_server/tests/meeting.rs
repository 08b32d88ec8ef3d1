//! Meeting a server: health, pins, and finding the protocol out.

use std::time::Instant;

use kinitro_core::protocol::wire::{Encoding, ImageEncoding, Protocol, p2};

use super::super::{Error, Fault};
use super::*;

fn check_refused(peer: &Peer, requests: usize, reason: &str) {
    let error = connect(peer, "", rules()).unwrap_err();
    assert_eq!(error.outcome(), Outcome::MinerUnreachable);
    let Error::Unusable { source, .. } = &error else {
        panic!("{error}");
    };
    assert!(source.line().contains(reason), "{}", source.line());
    assert_eq!(peer.paths(), vec!["/health"; requests]);
}

#[test]
fn servers_that_are_starting_are_asked_again() {
    for starting in [
        json(r#"{"status":"starting"}"#),
        json(r#"{"status":"healthy","model_loaded":false}"#),
        Reply::Bytes(peer::response("503 Service Unavailable", "", b"")),
        Reply::Last(Vec::new()),
    ] {
        let peer = Peer::new(move |_, before| {
            if before < 2 {
                starting.clone()
            } else {
                json(HEALTHY_V3)
            }
        });
        let server = connect(&peer, "", rules()).unwrap();
        assert_eq!(server.protocol(), Protocol::V3);
        assert_eq!(peer.paths(), ["/health"; 3]);
    }
}

#[test]
fn servers_that_stay_unready_are_given_up() {
    let reply = |reply: Reply| Peer::new(move |_, _| reply.clone());
    check_refused(&reply(json(r#"{"status":"starting"}"#)), 3, "not ready");
    check_refused(
        &reply(Reply::Bytes(peer::response(
            "404 Not Found",
            "",
            b"no such page",
        ))),
        3,
        "no such page",
    );
    check_refused(&reply(Reply::Reset), 3, "lost");
}

#[test]
fn what_no_waiting_can_mend_is_refused_at_once() {
    let elsewhere = Peer::new(|_, _| json(HEALTHY_V3));
    let location = format!("Location: {}\r\n", elsewhere.url("/health"));
    let redirect = Reply::Bytes(peer::response("302 Found", &location, b""));
    for (reply, reason) in [
        (redirect, "status 302"),
        (json("hello"), "well formed"),
        (
            json(r#"{"gripper_convention":"upside_down"}"#),
            "upside_down",
        ),
        (
            Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            "64 KiB",
        ),
        (Reply::Last(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec()), "HTTP"),
    ] {
        check_refused(&Peer::new(move |_, _| reply.clone()), 1, reason);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn silence_is_waited_for_no_longer_than_said() {
    let peer = Peer::new(|_, _| Reply::Hang);
    let mut rules = rules();
    rules.deadlines.health = SHORT;
    let begun = Instant::now();
    let error = connect(&peer, "", rules).unwrap_err();
    assert!((3 * SHORT..BOUND).contains(&begun.elapsed()));
    assert_eq!(error.outcome(), Outcome::MinerUnreachable);
}

#[test]
fn a_port_where_nobody_listens_is_said_to_be_one() {
    let url = {
        let gone = Peer::new(|_, _| Reply::Hang);
        gone.url("")
    };
    let network = Network::new().unwrap();
    let error = PolicyServer::connect(&network, url.parse().unwrap(), rules()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot use `{url}`: the health request failed")
    );
    let Error::Unusable { source, .. } = error else {
        panic!("{error}");
    };
    assert!(matches!(*source, Fault::Connect { .. }), "{source}");
}

#[test]
fn encryption_is_demanded_where_the_endpoint_says_so() {
    let peer = Peer::new(|_, _| json(HEALTHY_V3));
    let network = Network::new().unwrap();
    let endpoint = format!("https://{}", peer.address()).parse().unwrap();
    let error = PolicyServer::connect(&network, endpoint, rules()).unwrap_err();
    assert_eq!(error.outcome(), Outcome::MinerUnreachable);
    assert!(peer.paths().is_empty(), "nothing was said in the clear");
}

/// A server that does not say what it speaks, and answers act requests so.
fn check_found_out(act: Reply, protocol: Protocol) {
    let peer = Peer::new(move |path, before| match path {
        "/health" => json(HEALTHY),
        "/act" if before == 0 => act.clone(),
        "/act" => json(if protocol == Protocol::P2 {
            ACTION_P2
        } else {
            ACTION
        }),
        _ => json(RESET_DONE),
    });
    let server = connect(&peer, "", rules()).unwrap();
    assert_eq!(server.protocol(), protocol);
    assert_eq!(peer.paths(), ["/health", "/reset", "/act", "/reset"]);
    let probe = p2::ActRequest::read(&peer.latest("/act").body).unwrap();
    for image in probe.obs.rgb.values() {
        assert_eq!(image.shape, [84, 84, 3]);
        assert_eq!(image.data.bytes().len(), 84 * 84 * 3);
    }
    let mut episode = server.episode(&super::super::InPlace);
    episode.begin(&start()).unwrap();
    act_once(&mut episode, &server);
}

fn act_once(episode: &mut Episode<'_>, server: &PolicyServer) {
    let taken = act(episode, 0, &observation(server.cameras())).unwrap();
    assert_eq!(taken.action.as_array(), &[0.5, 0.0, -1.0, 1.0]);
}

#[test]
fn protocols_are_found_out() {
    check_found_out(json(ACTION_P2), Protocol::P2);
    for p1 in [
        json(ACTION),
        json("{}"),
        Reply::Bytes(peer::response("422 Unprocessable Entity", "", b"")),
        Reply::Bytes(peer::response("500 Internal Server Error", "", b"KeyError")),
    ] {
        check_found_out(p1, Protocol::P1);
    }
}

/// A server that closes the connection on the first act request, and answers later ones so.
fn check_found_out_at_the_second_attempt(act: Reply, protocol: Protocol) {
    let peer = Peer::new(move |path, before| match path {
        "/health" => json(HEALTHY),
        "/act" if before == 0 => Reply::Last(Vec::new()),
        "/act" => act.clone(),
        _ => json(RESET_DONE),
    });
    assert_eq!(connect(&peer, "", rules()).unwrap().protocol(), protocol);
    let asked = ["/health", "/reset", "/act", "/reset", "/act", "/reset"];
    assert_eq!(peer.paths(), asked);
}

#[test]
fn no_answer_says_nothing_about_the_protocol() {
    check_found_out_at_the_second_attempt(json(ACTION_P2), Protocol::P2);
    // Some servers die of a request that they do not understand.
    check_found_out_at_the_second_attempt(Reply::Last(Vec::new()), Protocol::P1);
}

#[test]
fn protocols_unknown_here_do_not_count() {
    let health = r#"{"protocols":["kinitro/9"]}"#;
    let peer = Peer::new(move |path, _| match path {
        "/health" => json(health),
        _ => json(ACTION),
    });
    assert_eq!(
        connect(&peer, "", rules()).unwrap().protocol(),
        Protocol::P1
    );
}

#[test]
fn a_server_whose_reset_fails_cannot_be_found_out() {
    let peer = Peer::new(|path, _| match path {
        "/health" => json(HEALTHY),
        _ => Reply::Bytes(peer::response("500 Internal Server Error", "", b"")),
    });
    let error = connect(&peer, "", rules()).unwrap_err();
    assert!(
        error.to_string().ends_with("the reset request failed"),
        "{error}"
    );
    assert_eq!(peer.paths(), ["/health", "/reset", "/reset"]);
}

#[test]
fn pins_overrule_what_the_server_says() {
    let health = r#"{"protocols":["kinitro/3","kinitro/2","kinitro/1"],"encodings":["msgpack"],"images":["png"]}"#;
    for (pin, protocol, encoding, image) in [
        ("", Protocol::V3, Encoding::Msgpack, ImageEncoding::Png),
        ("#v3", Protocol::V3, Encoding::Msgpack, ImageEncoding::Png),
        ("#p2", Protocol::P2, Encoding::Json, ImageEncoding::Raw),
        ("#p1", Protocol::P1, Encoding::Json, ImageEncoding::Raw),
    ] {
        let peer = Peer::new(move |_, _| json(health));
        let offer = connect(&peer, pin, rules()).unwrap().offer();
        assert_eq!(
            (offer.protocol, offer.encoding, offer.image),
            (protocol, encoding, image)
        );
        assert_eq!(peer.paths(), ["/health"]);
    }
    let silent = Peer::new(|_, _| json(HEALTHY));
    let offer = connect(&silent, "#v3", rules()).unwrap().offer();
    assert_eq!(
        (offer.protocol, offer.encoding),
        (Protocol::V3, Encoding::Json)
    );
}
