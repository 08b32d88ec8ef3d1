//! A miner's server that does what a test tells it to, byte by byte.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a server does with a request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Sends these bytes and stays connected.
    Bytes(Vec<u8>),
    /// Sends these bytes and closes.
    Last(Vec<u8>),
    /// Never answers.
    Hang,
    /// Sends these bytes, then one byte at a time for as long as somebody listens.
    Drip(Vec<u8>),
    /// Sends these bytes, then as much as somebody takes.
    Endless(Vec<u8>),
    /// Resets the connection without having read the request's body.
    Reset,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) line: String,
    /// Names in lower case.
    pub(super) headers: HashMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// From a path, and how many requests for it came before.
type Script = dyn Fn(&str, usize) -> Reply + Send + Sync;

/// A server on a loopback port of its own.
pub(super) struct Peer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<thread::JoinHandle<()>>,
}

struct Shared {
    script: Box<Script>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    stop: AtomicBool,
}

impl Peer {
    pub(super) fn new(script: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let address = listener.local_addr().unwrap();
        let accepting = Arc::clone(&shared);
        let listening = thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stop.load(Ordering::SeqCst) {
                    return;
                }
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                let shared = Arc::clone(&accepting);
                // Ends when the client closes.
                thread::spawn(move || shared.serve(stream.unwrap()));
            }
        });
        Self {
            address,
            shared,
            listening: Some(listening),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, with what may follow.
    pub(super) fn url(&self, rest: &str) -> String {
        format!("http://{}{rest}", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// What came so far.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The paths of what came so far.
    pub(super) fn paths(&self) -> Vec<String> {
        let requests = self.requests();
        requests
            .iter()
            .map(|request| request.path().to_owned())
            .collect()
    }

    /// The latest request for a path.
    pub(super) fn latest(&self, path: &str) -> Request {
        let mut requests = self.requests();
        requests.retain(|request| request.path() == path);
        requests.pop().unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(listening) = self.listening.take() {
            listening.join().unwrap();
        }
    }
}

impl Request {
    fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }

    fn read_head(reader: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end() {
                "" => break,
                text => lines.push(text.to_owned()),
            }
        }
        let headers = lines.split_off(1);
        let header = |line: &String| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_lowercase(), value.trim().to_owned())
        };
        Some(Self {
            line: lines.pop().unwrap(),
            headers: headers.iter().map(header).collect(),
            body: Vec::new(),
        })
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream);
        while let Some(mut request) = Request::read_head(&mut reader) {
            let path = request.path().to_owned();
            let (reply, length) = {
                let mut requests = self.requests.lock().unwrap();
                let before = requests.iter().filter(|earlier| earlier.path() == path);
                let reply = (self.script)(&path, before.count());
                let length = request.headers.get("content-length");
                let length: usize = length.map_or(0, |text| text.parse().unwrap());
                if let Reply::Reset = reply {
                    requests.push(request);
                    // The system resets a connection that is closed with bytes unread.
                    return;
                }
                (reply, length)
            };
            request.body.resize(length, 0);
            if reader.read_exact(&mut request.body).is_err() {
                return;
            }
            self.requests.lock().unwrap().push(request);
            if !perform(reply, &mut reader) {
                return;
            }
        }
    }
}

/// Does what was told; says whether the connection goes on.
fn perform(reply: Reply, reader: &mut BufReader<TcpStream>) -> bool {
    let stream = reader.get_mut();
    match reply {
        Reply::Bytes(bytes) => stream.write_all(&bytes).is_ok(),
        Reply::Last(bytes) => {
            // A client that has closed already is no failure of this server.
            let _ = stream.write_all(&bytes);
            false
        }
        Reply::Hang => {
            let _ = stream.read_to_end(&mut Vec::new());
            false
        }
        Reply::Drip(bytes) => {
            let mut written = stream.write_all(&bytes);
            while written.is_ok() {
                thread::sleep(Duration::from_millis(5));
                written = stream.write_all(b" ");
            }
            false
        }
        Reply::Endless(bytes) => {
            let mut written = stream.write_all(&bytes);
            while written.is_ok() {
                written = stream.write_all(&[b' '; 4096]);
            }
            false
        }
        Reply::Reset => false,
    }
}

/// An answer with status 200 and a JSON body.
pub(super) fn json(body: &str) -> Reply {
    Reply::Bytes(response(
        "200 OK",
        "Content-Type: application/json\r\n",
        body.as_bytes(),
    ))
}

/// An answer with status 200 after which the connection is closed, so that the next request needs a new one.
pub(super) fn once(body: &str) -> Reply {
    Reply::Last(response("200 OK", "Connection: close\r\n", body.as_bytes()))
}

/// The bytes of an answer.
pub(super) fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
