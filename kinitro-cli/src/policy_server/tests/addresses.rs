//! Which addresses are connected to. The outside world is played by one server on loopback.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Instant;

use tokio::net::TcpStream;
use tokio_rustls::rustls::ClientConfig;

use super::super::network::{Pending, World};
use super::super::{Error, Fault, InPlace, encryption};
use super::*;

/// A name service with prepared answers, and connections that are noted and all end at one server.
#[derive(Debug)]
struct Fake {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    dialed: Mutex<Vec<SocketAddr>>,
    /// An address where nobody listens.
    deaf: Option<IpAddr>,
    peer: SocketAddr,
}

impl World for Arc<Fake> {
    fn look_up<'a>(&'a self, _name: &'a str) -> Pending<'a, Vec<IpAddr>> {
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async { Ok(answer.expect("no more look-ups than answers")) })
    }

    fn dial(&self, address: SocketAddr) -> Pending<'_, TcpStream> {
        self.dialed.lock().unwrap().push(address);
        if self.deaf == Some(address.ip()) {
            return Box::pin(async { Err(std::io::ErrorKind::ConnectionRefused.into()) });
        }
        Box::pin(TcpStream::connect(self.peer))
    }

    fn encryption(&self) -> Result<Arc<ClientConfig>, Error> {
        encryption::with_trust_of_the_system()
    }
}

fn fake(peer: &Peer, answers: &[&[&str]], deaf: Option<&str>) -> (Network, Arc<Fake>) {
    let parse = |text: &&str| -> IpAddr { text.parse().unwrap() };
    let fake = Arc::new(Fake {
        answers: answers
            .iter()
            .map(|answer| answer.iter().map(parse).collect())
            .collect::<VecDeque<_>>()
            .into(),
        dialed: Mutex::default(),
        deaf: deaf.map(|text| parse(&text)),
        peer: peer.address(),
    });
    (Network::within(Box::new(Arc::clone(&fake))).unwrap(), fake)
}

fn public_only() -> Rules {
    Rules {
        addresses: Addresses::PublicOnly,
        ..rules()
    }
}

fn is_not_public(error: &Error) -> bool {
    matches!(error, Error::Unusable { source, .. } if matches!(**source, Fault::NotPublic))
}

#[test]
fn addresses_that_are_not_public_are_refused_in_every_notation() {
    let peer = v3_peer(|_| json(ACTION));
    let port = peer.address().port();
    let (network, fake) = fake(&peer, &[], None);
    for host in [
        "127.0.0.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "127.1",
        "%31%32%37.0.0.1",
        "0",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
    ] {
        let endpoint = format!("http://{host}:{port}").parse().unwrap();
        let error = PolicyServer::connect(&network, endpoint, public_only()).unwrap_err();
        assert!(is_not_public(&error), "{host}: {error}");
        assert_eq!(error.outcome(), Outcome::MinerUnreachable);
    }
    assert!(fake.dialed.lock().unwrap().is_empty());
    assert_eq!(peer.connections(), 0);
}

#[test]
fn names_of_addresses_that_are_not_public_are_refused() {
    let peer = v3_peer(|_| json(ACTION));
    for answer in [
        ["127.0.0.1"].as_slice(),
        &["10.0.0.1", "192.168.1.1", "::1"],
        &["169.254.169.254"],
        &["::ffff:169.254.169.254"],
        &[],
    ] {
        let (network, fake) = fake(&peer, &[answer], None);
        let endpoint = "http://miner.example".parse().unwrap();
        let error = PolicyServer::connect(&network, endpoint, public_only()).unwrap_err();
        assert!(is_not_public(&error), "{error}");
        assert!(fake.dialed.lock().unwrap().is_empty());
    }
}

#[test]
fn the_first_answer_of_the_name_service_stays() {
    let peer = Peer::new(move |path, _| match path {
        "/health" => peer::once(HEALTHY_V3),
        "/act" => peer::once(ACTION),
        _ => peer::once(RESET_DONE),
    });
    // The second look-up would lead home; it never happens.
    let answers: [&[&str]; 2] = [&["10.0.0.1", "8.8.8.8", "127.0.0.1"], &["127.0.0.1"]];
    let (network, fake) = fake(&peer, &answers, None);
    let endpoint = "http://miner.example:8001".parse().unwrap();
    let server = PolicyServer::connect(&network, endpoint, public_only()).unwrap();
    let seen = observation(server.cameras());
    let mut episode = server.episode(&InPlace);
    episode.begin(&start()).unwrap();
    assert_eq!(play(&mut episode, &seen, 3), (3, None));
    assert_eq!(
        *fake.dialed.lock().unwrap(),
        vec!["8.8.8.8:8001".parse().unwrap(); 5]
    );
    assert_eq!(fake.answers.lock().unwrap().len(), 1);
    assert_eq!(peer.latest("/act").headers["host"], "miner.example:8001");
}

#[test]
fn the_address_that_took_the_first_connection_stays() {
    let peer = Peer::new(move |path, _| match path {
        "/health" => peer::once(HEALTHY_V3),
        _ => peer::once(RESET_DONE),
    });
    let (network, fake) = fake(
        &peer,
        &[&["8.8.4.4", "8.8.8.8", "8.8.4.4"]],
        Some("8.8.4.4"),
    );
    let endpoint = "http://miner.example".parse().unwrap();
    let server = PolicyServer::connect(&network, endpoint, public_only()).unwrap();
    let mut episode = server.episode(&InPlace);
    episode.begin(&start()).unwrap();
    let dialed = ["8.8.4.4:80", "8.8.8.8:80", "8.8.8.8:80"].map(|text| text.parse().unwrap());
    assert_eq!(*fake.dialed.lock().unwrap(), dialed);
}

#[test]
fn a_name_is_not_looked_up_again_where_nobody_listens() {
    let peer = v3_peer(|_| json(ACTION));
    let (network, fake) = fake(&peer, &[&["8.8.4.4"], &["8.8.8.8"]], Some("8.8.4.4"));
    let endpoint = "http://miner.example".parse().unwrap();
    let error = PolicyServer::connect(&network, endpoint, public_only()).unwrap_err();
    assert_eq!(error.outcome(), Outcome::MinerUnreachable);
    assert_eq!(
        *fake.dialed.lock().unwrap(),
        vec!["8.8.4.4:80".parse().unwrap(); 3]
    );
    assert_eq!(fake.answers.lock().unwrap().len(), 1);
}

/// A name service that blocks a thread, as the system's does when its servers are gone.
#[derive(Debug)]
struct Stuck(Mutex<Option<std::sync::mpsc::Receiver<()>>>);

impl World for Stuck {
    fn look_up<'a>(&'a self, _name: &'a str) -> Pending<'a, Vec<IpAddr>> {
        let never = self.0.lock().unwrap().take();
        Box::pin(async {
            let blocked = tokio::task::spawn_blocking(move || never.map(|never| never.recv()));
            blocked.await.unwrap();
            Ok(Vec::new())
        })
    }

    fn dial(&self, _address: SocketAddr) -> Pending<'_, TcpStream> {
        Box::pin(async { Err(std::io::ErrorKind::ConnectionRefused.into()) })
    }

    fn encryption(&self) -> Result<Arc<ClientConfig>, Error> {
        encryption::with_trust_of_the_system()
    }
}

#[test]
fn a_name_service_that_never_answers_holds_nobody_up() {
    let (hold, never) = std::sync::mpsc::channel();
    let begun = Instant::now();
    let network = Network::within(Box::new(Stuck(Mutex::new(Some(never))))).unwrap();
    let mut rules = public_only();
    rules.deadlines.connect = SHORT;
    let endpoint = "http://miner.example".parse().unwrap();
    let error = PolicyServer::connect(&network, endpoint, rules).unwrap_err();
    assert_eq!(error.outcome(), Outcome::MinerUnreachable);
    drop(network);
    assert!(begun.elapsed() < BOUND);
    drop(hold);
}
