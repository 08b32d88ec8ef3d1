//! Servers behind TLS: a proxy that decrypts, before a server that does not.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::super::network::{Pending, World};
use super::super::{Error, Fault, InPlace, encryption};
use super::*;

const AUTHORITY: &[u8] = include_bytes!("certificates/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("certificates/server.pem");
const KEY: &[u8] = include_bytes!("certificates/server.key");

/// Every name is that of a proxy on loopback, whose authority is trusted or not.
#[derive(Debug)]
struct Fake {
    proxy: SocketAddr,
    trusted: bool,
}

impl World for Fake {
    fn look_up<'a>(&'a self, _name: &'a str) -> Pending<'a, Vec<IpAddr>> {
        Box::pin(async { Ok(vec![Ipv4Addr::LOCALHOST.into()]) })
    }

    fn dial(&self, _address: SocketAddr) -> Pending<'_, TcpStream> {
        Box::pin(TcpStream::connect(self.proxy))
    }

    fn encryption(&self) -> Result<Arc<ClientConfig>, Error> {
        if !self.trusted {
            return encryption::with_trust_of_the_system();
        }
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(AUTHORITY).unwrap())
            .unwrap();
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots.into(), encryption::provider());
        encryption::with_trust_by(verifier.build().unwrap())
    }
}

/// Starts a proxy that presents the certificate of `miner.example`; it ends with the runtime.
fn decrypt(runtime: &Runtime, peer: SocketAddr) -> SocketAddr {
    let config = ServerConfig::builder_with_provider(encryption::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust the certificate goes away here.
            if let Ok(mut inside) = acceptor.accept(stream).await {
                let mut outside = TcpStream::connect(peer).await.unwrap();
                tokio::spawn(async move {
                    let _ = copy_bidirectional(&mut inside, &mut outside).await;
                });
            }
        }
    });
    address
}

fn connect_encrypted(
    peer: &Peer,
    host: &str,
    trusted: bool,
) -> (Runtime, Result<Arc<PolicyServer>, Error>) {
    let runtime = Runtime::new().unwrap();
    let proxy = decrypt(&runtime, peer.address());
    let network = Network::within(Box::new(Fake { proxy, trusted })).unwrap();
    let endpoint = format!("https://{host}").parse().unwrap();
    (runtime, PolicyServer::connect(&network, endpoint, rules()))
}

#[test]
fn episodes_are_played_on_one_encrypted_connection() {
    let peer = v3_peer(|_| json(ACTION));
    let (_proxy, server) = connect_encrypted(&peer, "miner.example", true);
    let server = server.unwrap();
    let seen = observation(server.cameras());
    let mut episode = server.episode(&InPlace);
    episode.begin(&start()).unwrap();
    assert_eq!(play(&mut episode, &seen, 5), (5, None));
    assert_eq!(peer.connections(), 1);
    assert_eq!(peer.latest("/act").headers["host"], "miner.example");
}

#[test]
fn certificates_of_others_are_refused() {
    for (host, trusted) in [
        ("other.example", true),
        ("127.0.0.1", true),
        ("miner.example", false),
    ] {
        let peer = v3_peer(|_| json(ACTION));
        let (_proxy, server) = connect_encrypted(&peer, host, trusted);
        let Err(Error::Unusable { source, .. }) = server else {
            panic!("{host} was trusted");
        };
        assert!(matches!(*source, Fault::Connect { .. }), "{source}");
        assert!(source.line().contains("certificate"), "{}", source.line());
        assert!(peer.paths().is_empty());
    }
}
