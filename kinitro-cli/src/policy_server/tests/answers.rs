//! Servers that behave.

use std::sync::mpsc;
use std::thread;

use kinitro_core::protocol::wire::{
    ChunkLimit, Encoding, GripperConvention, ImageEncoding, Protocol, p1, p2, v3,
};

use super::super::{InPlace, Pause};
use super::*;

const MSGPACK_ACTION: &[u8] =
    b"\x81\xa6action\x94\xcb\x3f\xe0\0\0\0\0\0\0\xca\0\0\0\0\xcb\xbf\xf0\0\0\0\0\0\0\x01";

fn healthy_v3(encodings: &str, images: &str) -> String {
    format!(r#"{{"protocols":["kinitro/3"],"encodings":[{encodings}],"images":[{images}]}}"#)
}

/// Plays three steps and checks what every protocol has in common.
fn check_episode(health: String, action: Reply, pin: &str) -> (Peer, Arc<PolicyServer>) {
    let peer = Peer::new(move |path, _| match path {
        _ if path.ends_with("/health") => json(&health),
        _ if path.ends_with("/act") => action.clone(),
        _ => json(RESET_DONE),
    });
    let server = connect(&peer, pin, rules()).unwrap();
    let observation = observation(server.cameras());
    let mut episode = server.episode(&InPlace);
    episode.begin(&start()).unwrap();
    for step in 0..3 {
        let taken = act(&mut episode, step, &observation).unwrap();
        assert_eq!(taken.action.as_array(), &[0.5, 0.0, -1.0, 1.0]);
        assert!(!taken.clipped);
    }
    episode.end(&record(Outcome::Unsolved));
    assert_eq!(episode.answers().len(), 3);
    for note in episode.answers() {
        assert!(
            note.wire_ms > 0.0 && !note.held && !note.retried,
            "{note:?}"
        );
    }
    assert!(episode.reset_ms() > 0.0);
    assert_eq!(episode.failure(), None);
    assert_eq!(peer.connections(), 1, "kept alive from health to close");
    (peer, server)
}

#[test]
fn v3_in_every_encoding() {
    for (encoding, image) in [
        (Encoding::Json, ImageEncoding::Raw),
        (Encoding::Json, ImageEncoding::Png),
        (Encoding::Msgpack, ImageEncoding::Raw),
        (Encoding::Msgpack, ImageEncoding::Png),
    ] {
        let health = healthy_v3(
            &format!("\"{}\"", encoding.as_str()),
            &format!("\"{}\"", image.as_str()),
        );
        let action = match encoding {
            Encoding::Json => json(ACTION),
            Encoding::Msgpack => {
                let headers = "Content-Type: application/msgpack\r\n";
                Reply::Bytes(peer::response("200 OK", headers, MSGPACK_ACTION))
            }
        };
        let (peer, server) = check_episode(health, action, "");
        assert_eq!(server.protocol(), Protocol::V3);
        assert_eq!(
            (server.offer().encoding, server.offer().image),
            (encoding, image)
        );
        assert_eq!(
            peer.paths(),
            ["/health", "/reset", "/act", "/act", "/act", "/close"]
        );
        let reset = peer.latest("/reset");
        let asked = v3::ResetRequest::read(encoding, &reset.body).unwrap();
        let (id, task) = (asked.episode_id, asked.task_config);
        assert_eq!(task.seed(), start().seed.value());
        assert_eq!(task.prompt(), Some("reach the target"));
        assert_eq!((task.control_hz, task.max_steps), (80.0, 500));
        assert_eq!(task.observation_space.rgb.len(), 2);
        assert!(!reset.headers.contains_key("kinitro-step"));

        let request = peer.latest("/act");
        for (name, value) in [
            ("accept", encoding.content_type()),
            ("content-type", encoding.content_type()),
            ("kinitro-protocol", "3"),
            ("kinitro-episode", id.as_str()),
            ("kinitro-step", "2"),
            ("kinitro-deadline-ms", "20000"),
            ("host", &peer.address().to_string()),
        ] {
            assert_eq!(request.headers[name], value, "{name}");
        }
        let sent = v3::ActRequest::read(encoding, &request.body).unwrap();
        assert_eq!((sent.step, sent.episode_id), (2, id.clone()));
        for original in observation(server.cameras()).images {
            let image_sent = &sent.obs.rgb[&original.camera()];
            assert_eq!(image_sent.enc, image);
            let bytes = image_sent.data.bytes();
            match image {
                ImageEncoding::Raw => assert_eq!(bytes, original.rgb()),
                ImageEncoding::Png => assert_eq!(decoded(bytes), original.rgb()),
            }
        }
        let closed = v3::CloseRequest::read(encoding, &peer.latest("/close").body).unwrap();
        assert_eq!(closed.episode_id, id);
    }
}

fn decoded(file: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file))
        .read_info()
        .unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut rgb).unwrap();
    rgb
}

#[test]
fn p2_gets_its_channels_and_nothing_of_v3() {
    let health = r#"{"protocols":["kinitro/2"]}"#.to_owned();
    let (peer, server) = check_episode(health, json(ACTION_P2), "");
    assert_eq!(
        (server.protocol(), server.max_episodes()),
        (Protocol::P2, 1)
    );
    assert_eq!(peer.paths(), ["/health", "/reset", "/act", "/act", "/act"]);
    let request = peer.latest("/act");
    assert!(
        !request
            .headers
            .keys()
            .any(|name| name.starts_with("kinitro"))
    );
    let sent = p2::ActRequest::read(&request.body).unwrap();
    assert_eq!(sent.obs.proprio.ee_vel_lin, [0.25, 0.0, -0.5]);
    assert_eq!(sent.obs.rgb.len(), 2);
}

#[test]
fn p1_gets_numbers_and_images_if_they_are_on() {
    let health = r#"{"protocols":["kinitro/1"]}"#;
    let (peer, server) = check_episode(health.to_owned(), json(ACTION), "/base/");
    assert_eq!(
        (server.protocol(), server.max_episodes()),
        (Protocol::P1, 1)
    );
    let sent = p1::ActRequest::read(&peer.latest("/base/act").body).unwrap();
    assert_eq!(sent.observation, [0.1, 0.6, 0.2, 0.75]);
    assert_eq!(sent.images.unwrap().len(), 2);

    let peer = Peer::new(move |path, _| match path {
        "/health" => json(health),
        _ => json(ACTION),
    });
    let without = Rules {
        p1_images: false,
        ..rules()
    };
    let server = connect(&peer, "", without).unwrap();
    assert!(server.cameras().is_empty());
}

#[test]
fn the_old_generations_need_not_say_what_they_send() {
    let html = || {
        Reply::Bytes(peer::response(
            "200 OK",
            "Content-Type: text/html\r\n",
            ACTION.as_bytes(),
        ))
    };
    check_episode(HEALTHY.to_owned(), html(), "#p1");
}

#[test]
fn the_convention_of_the_gripper_comes_from_the_server_or_the_rules() {
    let say = |convention: &str| format!(r#"{{"protocols":["kinitro/1"]{convention}}}"#);
    for (health, default, expected) in [
        (say(""), GripperConvention::Documented, -1.0),
        (
            say(r#","gripper_convention":"simulator""#),
            GripperConvention::Documented,
            1.0,
        ),
        (
            say(r#","gripper_convention":"documented""#),
            GripperConvention::Simulator,
            -1.0,
        ),
    ] {
        let peer = Peer::new(move |path, _| match path {
            "/health" => json(&health),
            "/act" => json(r#"{"action":[3,0,0,1]}"#),
            _ => json(RESET_DONE),
        });
        let rules = Rules {
            gripper: default,
            ..rules()
        };
        let server = connect(&peer, "", rules).unwrap();
        let mut episode = server.episode(&InPlace);
        episode.begin(&start()).unwrap();
        let taken = act(&mut episode, 0, &observation(&[])).unwrap();
        assert_eq!(taken.action.as_array(), &[1.0, 0.0, 0.0, expected]);
        assert!(taken.clipped);
    }
}

#[test]
fn announced_chunks_are_used_up_without_asking() {
    let peer = v3_peer(|_| json(r#"{"action":[0.1,0,0,0],"chunk":[[0.2,0,0,0],[0.3,0,0,7]]}"#));
    let max_chunk = ChunkLimit::new(2).unwrap();
    let server = connect(
        &peer,
        "",
        Rules {
            max_chunk,
            ..rules()
        },
    )
    .unwrap();
    let seen = observation(server.cameras());
    let mut episode = server.episode(&InPlace);
    episode.begin(&start()).unwrap();
    let mut motions = Vec::new();
    for step in 0..4 {
        let taken = act(&mut episode, step, &seen).unwrap();
        motions.push((taken.action.as_array()[0], taken.clipped));
    }
    assert_eq!(
        motions,
        [(0.1, false), (0.2, false), (0.3, true), (0.1, false)]
    );
    let asked: Vec<bool> = episode
        .answers()
        .iter()
        .map(|note| note.wire_ms > 0.0)
        .collect();
    assert_eq!(asked, [true, false, false, true]);
    let steps: Vec<String> = peer
        .requests()
        .iter()
        .filter_map(|request| request.headers.get("kinitro-step").cloned())
        .collect();
    assert_eq!(steps, ["0", "3"]);
    let reset = v3::ResetRequest::read(Encoding::Json, &peer.latest("/reset").body).unwrap();
    assert_eq!(reset.task_config.max_chunk, max_chunk);
}

#[test]
fn episodes_follow_each_other_on_one_connection_under_different_names() {
    let peer = v3_peer(|_| json(ACTION));
    let server = connect(&peer, "", rules()).unwrap();
    let seen = observation(server.cameras());
    let mut episode = server.episode(&InPlace);
    let mut names = Vec::new();
    for _ in 0..3 {
        episode.begin(&start()).unwrap();
        act(&mut episode, 0, &seen).unwrap();
        assert_eq!(episode.answers().len(), 1, "those of the latest episode");
        episode.end(&record(Outcome::Success));
        names.push(peer.latest("/act").headers["kinitro-episode"].clone());
    }
    names.dedup();
    assert_eq!(names.len(), 3);
    assert_eq!(peer.connections(), 1);
}

/// Says when an episode begins to wait.
struct Announce(mpsc::Sender<()>);

impl Pause for Announce {
    fn aside(&self, wait: &mut dyn FnMut()) {
        // Nobody listens after the first time.
        let _ = self.0.send(());
        wait();
    }
}

#[test]
fn servers_with_one_episode_for_everybody_play_one_at_a_time() {
    let peer = Peer::new(|path, _| match path {
        "/health" => json(r#"{"protocols":["kinitro/1"]}"#),
        "/act" => json(ACTION),
        _ => json(RESET_DONE),
    });
    let network = Network::new().unwrap();
    // Two policies that name the same server.
    let connect = |pin| PolicyServer::connect(&network, peer.url(pin).parse().unwrap(), rules());
    let (server, other) = (connect("").unwrap(), connect("/#p1").unwrap());
    let seen = observation(server.cameras());
    let mut first = server.episode(&InPlace);
    first.begin(&start()).unwrap();
    thread::scope(|scope| {
        let (waits, waiting) = mpsc::channel();
        let other = &other;
        let second = scope.spawn(move || {
            let pause = Announce(waits);
            let mut second = other.episode(&pause);
            second.begin(&start())
        });
        waiting.recv().unwrap();
        assert_eq!(play(&mut first, &seen, 20), (20, None));
        first.end(&record(Outcome::Unsolved));
        second.join().unwrap().unwrap();
    });
    let mut expected = vec!["/health", "/health", "/reset"];
    expected.extend(["/act"; 20]);
    expected.push("/reset");
    assert_eq!(peer.paths(), expected);
}

#[test]
fn v3_servers_play_several_at_once_up_to_the_limit() {
    let peer = v3_peer(|_| json(ACTION));
    let rules = Rules {
        max_connections: 2,
        ..rules()
    };
    let server = connect(&peer, "", rules).unwrap();
    assert_eq!(server.max_episodes(), 2);
    let seen = observation(server.cameras());
    let mut first = server.episode(&InPlace);
    let mut second = server.episode(&InPlace);
    first.begin(&start()).unwrap();
    second.begin(&start()).unwrap();
    thread::scope(|scope| {
        let (waits, waiting) = mpsc::channel();
        let server = &server;
        let third = scope.spawn(move || {
            let pause = Announce(waits);
            let mut third = server.episode(&pause);
            third.begin(&start())
        });
        waiting.recv().unwrap();
        assert_eq!(play(&mut first, &seen, 10), (10, None));
        assert_eq!(play(&mut second, &seen, 10), (10, None));
        let resets = peer.paths().iter().filter(|path| *path == "/reset").count();
        assert_eq!(resets, 2, "the third waits");
        // Dropped without an end, it gives its place back too.
        drop(first);
        third.join().unwrap().unwrap();
    });
    assert_eq!(peer.connections(), 2);
}
