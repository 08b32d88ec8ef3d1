//! Connections to one server, and single exchanges on them.
//!
//! Nothing is followed, repeated, decompressed or remembered here: a request is sent once, on a connection that is already open,
//! and what comes back within the limits is handed on.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use kinitro_core::protocol::wire::limits::{MAX_ANSWER_LEN, MAX_HEAD_LEN};
use kinitro_core::protocol::wire::signed::Operation;
use kinitro_core::protocol::wire::{Encoding, EpisodeId, v3};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::{AbortHandle, spawn};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Host;

use super::clock::{Clock, Clocked};
use super::network::lock;
use super::signing::Signing;
use super::{Addresses, Endpoint, Error, Fault, Network, encryption};

/// Most addresses of one name that are tried: each has a quarter of the time to connect at least.
const MAX_ADDRESSES: usize = 4;

/// One server as a place to connect to.
#[derive(Debug)]
pub(super) struct Transport {
    network: Network,
    endpoint: Endpoint,
    addresses: Addresses,
    connect_deadline: Duration,
    encryption: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    signing: Option<Signing>,
    /// What the name stood for when it was first looked up, checked; after the first connection the one address that took it.
    /// Later answers of the name service are never asked for.
    pinned: Mutex<Vec<SocketAddr>>,
    /// Open connections that no lane holds.
    idle: Mutex<Vec<Connection>>,
}

/// A request before it is sent.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) operation: Operation,
    pub(super) body: Bytes,
    /// The encoding of body and answer.
    pub(super) encoding: Encoding,
    /// What V3 says in headers.
    pub(super) tags: Option<Tags>,
}

/// What V3 says in headers.
#[derive(Debug)]
pub(super) struct Tags {
    pub(super) episode: EpisodeId,
    /// In act requests.
    pub(super) step: Option<u32>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: Option<HeaderValue>,
    pub(super) body: Vec<u8>,
}

/// One exchange.
#[derive(Debug)]
pub(super) struct Exchange {
    /// From the first byte sent to the last byte received; for what failed, from the moment the finished request was handed to an open
    /// connection until it did. Looking names up, connecting, encoding and parsing are not in it; the network's way there and back is.
    pub(super) wire: Duration,
    pub(super) result: Result<Answer, Fault>,
}

/// A place for one exchange after the other, on one connection for as long as it lasts.
#[derive(Debug)]
pub(super) struct Lane {
    transport: Arc<Transport>,
    connection: Option<Connection>,
}

/// An open connection. Dropped, it is closed at once, whatever the server still wants to say on it.
#[derive(Debug)]
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
    clock: Clock,
}

impl Transport {
    /// # Errors
    /// [`Error::Encryption`]; [`Error::Endpoint`] for a host that no certificate can name.
    pub(super) fn new(
        network: Network,
        endpoint: Endpoint,
        addresses: Addresses,
        connect_deadline: Duration,
        signing: Option<Signing>,
    ) -> Result<Self, Error> {
        let encryption = if endpoint.is_https() {
            Some((network.world().encryption()?, encryption::name(&endpoint)?))
        } else {
            None
        };
        Ok(Self {
            network,
            endpoint,
            addresses,
            connect_deadline,
            encryption,
            signing,
            pinned: Mutex::default(),
            idle: Mutex::default(),
        })
    }

    /// A lane that takes an idle connection over, if there is one.
    pub(super) fn lane(self: &Arc<Self>) -> Lane {
        let connection = lock(&self.idle).pop();
        Lane {
            transport: Arc::clone(self),
            connection,
        }
    }

    async fn open(&self) -> Result<Connection, Fault> {
        let candidates = self.candidates().await?;
        let end = Instant::now() + self.connect_deadline;
        let mut failed = None;
        for (address, left) in candidates.iter().zip((1..=candidates.len()).rev()) {
            // One that swallows everything leaves time for the others.
            let share = end.saturating_duration_since(Instant::now())
                / u32::try_from(left).expect("at most `MAX_ADDRESSES`");
            match timeout(share, self.open_to(*address)).await {
                Ok(Ok(connection)) => {
                    *lock(&self.pinned) = vec![*address];
                    return Ok(connection);
                }
                Ok(Err(fault)) => failed = Some(fault),
                Err(_) => {
                    let source = std::io::ErrorKind::TimedOut.into();
                    failed = Some(Fault::Connect { source });
                }
            }
        }
        Err(failed.unwrap_or(Fault::NotPublic))
    }

    async fn open_to(&self, address: SocketAddr) -> Result<Connection, Fault> {
        let connect = |source| Fault::Connect { source };
        let stream = self.network.world().dial(address).await.map_err(connect)?;
        // A request is written whole: waiting for more to send only adds to the policy's time.
        stream.set_nodelay(true).map_err(connect)?;
        let clock = Clock::default();
        let stream = Clocked::new(stream, clock.clone());
        match &self.encryption {
            None => start(stream, clock).await,
            Some((config, name)) => {
                let connector = TlsConnector::from(Arc::clone(config));
                let stream = connector.connect(name.clone(), stream).await;
                start(stream.map_err(connect)?, clock).await
            }
        }
    }

    /// The checked addresses; looked up the first time only.
    async fn candidates(&self) -> Result<Vec<SocketAddr>, Fault> {
        let pinned = lock(&self.pinned).clone();
        if !pinned.is_empty() {
            return Ok(pinned);
        }
        let found: Vec<IpAddr> = match self.endpoint.host() {
            Host::Ipv4(address) => vec![address.into()],
            Host::Ipv6(address) => vec![address.into()],
            Host::Domain(name) => {
                let found =
                    timeout(self.connect_deadline, self.network.world().look_up(name)).await;
                found
                    .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
                    .map_err(|source| Fault::Name { source })?
            }
        };
        let mut admitted: Vec<SocketAddr> = Vec::new();
        for address in found {
            let address = SocketAddr::new(address, self.endpoint.port());
            if self.addresses.admit(address.ip()) && !admitted.contains(&address) {
                admitted.push(address);
            }
        }
        admitted.truncate(MAX_ADDRESSES);
        if admitted.is_empty() {
            return Err(Fault::NotPublic);
        }
        lock(&self.pinned).clone_from(&admitted);
        Ok(admitted)
    }

    /// The request as it is sent: the one place where headers are made.
    fn request(&self, message: &Message, allowed: Duration) -> Request<Full<Bytes>> {
        let operation = message.operation;
        let path = format!("{}{}", self.endpoint.base(), operation.path());
        let mut request = Request::new(Full::new(message.body.clone()));
        *request.method_mut() = operation.method().parse().expect("GET or POST");
        *request.uri_mut() = path
            .parse()
            .expect("the path of a parsed URL, and a constant");
        let mut set = |name: HeaderName, value: &str| {
            let value = HeaderValue::from_str(value)
                .expect("ASCII: a host, a constant, an id, a number or hexadecimal digits");
            request.headers_mut().insert(name, value);
        };
        set(HOST, self.endpoint.authority());
        set(USER_AGENT, concat!("kinitro/", env!("CARGO_PKG_VERSION")));
        set(ACCEPT, message.encoding.content_type());
        if !message.body.is_empty() {
            set(CONTENT_TYPE, message.encoding.content_type());
        }
        let mut tag = |name: &str, value: &str| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a constant");
            set(name, value);
        };
        if let Some(signing) = &self.signing {
            for (name, value) in signing.headers(operation, &message.body) {
                tag(name, &value);
            }
        }
        if let Some(tags) = &message.tags {
            tag(v3::PROTOCOL_HEADER, &v3::VERSION.to_string());
            tag(v3::EPISODE_HEADER, tags.episode.as_str());
            tag(v3::DEADLINE_HEADER, &allowed.as_millis().to_string());
            if let Some(step) = tags.step {
                tag(v3::STEP_HEADER, &step.to_string());
            }
        }
        request
    }
}

impl Lane {
    /// Opens a connection if there is none, outside of the measured time; then sends a request and waits for its whole answer, at most `allowed`.
    ///
    /// After a fault the connection is closed: an answer that comes later is never read.
    pub(super) async fn call(&mut self, message: &Message, allowed: Duration) -> Exchange {
        self.call_patiently(message, allowed, allowed).await
    }

    /// As [`call`](Self::call), but tells the server another deadline than the one that is kept, for measuring how late it is.
    pub(super) async fn call_patiently(
        &mut self,
        message: &Message,
        told: Duration,
        allowed: Duration,
    ) -> Exchange {
        let request = self.transport.request(message, told);
        let mut connection = match self.ready().await {
            Ok(connection) => connection,
            Err(fault) => {
                return Exchange {
                    wire: Duration::ZERO,
                    result: Err(fault),
                };
            }
        };
        connection.clock.restart();
        let start = Instant::now();
        let result = timeout(allowed, exchange(&mut connection.sender, request)).await;
        let waited = start.elapsed();
        let wire = match &result {
            Ok(Ok(_)) => connection.clock.elapsed().unwrap_or(waited),
            _ => waited,
        };
        let result = result.unwrap_or_else(|_| {
            let limit_ms = allowed.as_millis();
            Err(Fault::Timeout { limit_ms })
        });
        if result.is_ok() {
            self.connection = Some(connection);
        }
        Exchange { wire, result }
    }

    /// Whether there is a connection, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| !connection.sender.is_closed())
    }

    async fn ready(&mut self) -> Result<Connection, Fault> {
        if let Some(mut connection) = self.connection.take()
            // Ready once the previous exchange is put away; an error if the server has closed meanwhile.
            && let Ok(Ok(())) = timeout(self.transport.connect_deadline, connection.sender.ready()).await
        {
            return Ok(connection);
        }
        self.transport.open().await
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if self.is_open() {
            lock(&self.transport.idle).extend(self.connection.take());
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Begins to speak HTTP/1.1 on a stream.
async fn start(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    clock: Clock,
) -> Result<Connection, Fault> {
    let (sender, connection) = http1::Builder::new()
        .max_header_size(MAX_HEAD_LEN)
        .max_buf_size(MAX_HEAD_LEN)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|source| Fault::Lost { source })?;
    // How it ends is told to the request that it ends under.
    let driver = spawn(async { drop(connection.await) }).abort_handle();
    Ok(Connection {
        sender,
        driver,
        clock,
    })
}

async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Answer, Fault> {
    let (head, mut incoming) = sender
        .send_request(request)
        .await
        .map(Response::into_parts)
        .map_err(|source| {
            if source.is_parse() {
                Fault::Head { source }
            } else {
                Fault::Lost { source }
            }
        })?;
    let body = read(&mut incoming).await?;
    Ok(Answer {
        status: head.status.as_u16(),
        content_type: head.headers.get(CONTENT_TYPE).cloned(),
        body,
    })
}

/// Reads a body piece by piece, so that no more than the limit is ever held, whatever its announced length.
async fn read(incoming: &mut Incoming) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|source| Fault::Lost { source })?;
        // Anything else is a trailer.
        if let Ok(data) = frame.into_data() {
            if body.len() + data.len() > MAX_ANSWER_LEN {
                return Err(Fault::Body);
            }
            body.extend_from_slice(&data);
        }
    }
    Ok(body)
}
