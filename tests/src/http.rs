//! An HTTP client that hides nothing: one connection per request, and every byte of the answer.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Answers are read up to so many bytes.
pub const LIMIT: usize = 256 * 1024;

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The server closed the connection.
    Closed,
    /// [`LIMIT`] was reached.
    Limit,
    /// Nothing came for as long as the client had patience.
    Silence,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Every byte, head and body.
    pub bytes: Vec<u8>,
    /// How it ended.
    pub end: End,
    /// From sending to the end.
    pub took: Duration,
}

impl Answer {
    /// The status; 0 if not even that came.
    pub fn status(&self) -> u16 {
        let line = self.bytes.split(|byte| *byte == b'\r').next();
        let line = String::from_utf8_lossy(line.unwrap_or_default());
        let status = line.split(' ').nth(1).and_then(|text| text.parse().ok());
        status.unwrap_or(0)
    }

    /// Status line and headers.
    pub fn head(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..self.head_len()]).into_owned()
    }

    /// What follows the head, as it came.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.head_len()..]
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<String> {
        self.head().lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    }

    fn head_len(&self) -> usize {
        let end = self.bytes.windows(4).position(|four| four == b"\r\n\r\n");
        end.map_or(self.bytes.len(), |end| end + 4)
    }
}

/// Sends a request and reads until the server closes, [`LIMIT`] is reached or nothing comes for `patience`.
///
/// # Panics
/// If the server cannot be reached.
pub fn call(
    server: SocketAddr,
    line: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    patience: Duration,
) -> Answer {
    let mut request = format!(
        "{line} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").expect("writing to a string cannot fail");
    }
    request.push_str("\r\n");
    let mut stream = TcpStream::connect(server).expect("the server listens");
    stream
        .set_read_timeout(Some(patience))
        .expect("patience is not zero");
    let begun = Instant::now();
    let sent = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.write_all(body));
    sent.expect("the server takes the request");
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
    let end = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break End::Closed,
            Ok(len) => bytes.extend_from_slice(&buffer[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break End::Silence,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break End::Closed,
            Err(error) => panic!("cannot read the answer: {error}"),
        }
        if bytes.len() >= LIMIT {
            break End::Limit;
        }
    };
    Answer {
        bytes,
        end,
        took: begun.elapsed(),
    }
}
