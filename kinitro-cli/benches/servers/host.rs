//! Servers in a process of their own, so that the evaluator's memory and time can be told from theirs.
//!
//! They answer every act request with the neutral action after a set time, and remember how long each answer really took them:
//! what the evaluator measures beyond that is its own, and the kernel's.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use kinitro_cli::miner::mock::Form;
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::{
    ACT_PATH, Encoding, GripperConvention, HEALTH_PATH, Health, ImageEncoding, Offer, Protocol,
    RESET_PATH, p1, v3,
};

/// First argument of the process that serves.
pub(crate) const FLAG: &str = "--host";

/// What servers may speak.
pub(crate) const FORMATS: [(&str, Offer); 6] = [
    (
        "P1, JSON",
        offer(Protocol::P1, Encoding::Json, ImageEncoding::Raw),
    ),
    (
        "P2, JSON",
        offer(Protocol::P2, Encoding::Json, ImageEncoding::Raw),
    ),
    (
        "V3, JSON, raw",
        offer(Protocol::V3, Encoding::Json, ImageEncoding::Raw),
    ),
    (
        "V3, JSON, PNG",
        offer(Protocol::V3, Encoding::Json, ImageEncoding::Png),
    ),
    (
        "V3, msgpack, raw",
        offer(Protocol::V3, Encoding::Msgpack, ImageEncoding::Raw),
    ),
    (
        "V3, msgpack, PNG",
        offer(Protocol::V3, Encoding::Msgpack, ImageEncoding::Png),
    ),
];

const fn offer(protocol: Protocol, encoding: Encoding, image: ImageEncoding) -> Offer {
    Offer {
        protocol,
        encoding,
        image,
    }
}

/// What a process serves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) servers: usize,
    /// An act request is answered this long after its last byte has come.
    pub(crate) latency: Duration,
    /// Index in [`FORMATS`].
    pub(crate) format: usize,
}

/// A running process of servers.
#[derive(Debug)]
pub(crate) struct Hosted {
    child: Child,
    output: BufReader<ChildStdout>,
    urls: Vec<String>,
}

/// One answered act request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    /// Milliseconds from its last byte to the answer's first.
    pub(crate) ms: f64,
    /// Bytes of its body.
    pub(crate) len: usize,
}

/// The act requests of each episode, by policy seed.
pub(crate) type Served = BTreeMap<u32, Vec<Answered>>;

impl Hosted {
    pub(crate) fn start(plan: Plan) -> Result<Self, Box<dyn Error>> {
        let plan_text = [
            plan.servers.to_string(),
            plan.latency.as_micros().to_string(),
            plan.format.to_string(),
        ];
        let mut child = Command::new(std::env::current_exe()?)
            .arg(FLAG)
            .args(plan_text)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("the servers have no output")?;
        let mut output = BufReader::new(output);
        let mut urls = Vec::new();
        for _ in 0..plan.servers {
            let mut port = String::new();
            output.read_line(&mut port)?;
            urls.push(format!("http://127.0.0.1:{}", port.trim()));
        }
        Ok(Self {
            child,
            output,
            urls,
        })
    }

    pub(crate) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// The process's number.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends the servers and asks what they remember.
    pub(crate) fn finish(mut self) -> Result<Served, Box<dyn Error>> {
        drop(self.child.stdin.take());
        let mut served = Served::new();
        for line in self.output.by_ref().lines() {
            let line = line?;
            let mut words = line.split(' ');
            let seed = words.next().ok_or("an empty line")?.parse()?;
            let mut answered = Vec::new();
            while let (Some(ms), Some(len)) = (words.next(), words.next()) {
                answered.push(Answered {
                    ms: ms.parse()?,
                    len: len.parse()?,
                });
            }
            served.insert(seed, answered);
        }
        self.child.wait()?;
        Ok(served)
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        // Ended already, unless something went wrong.
        drop(self.child.kill());
    }
}

type Episode = Arc<Mutex<Vec<Answered>>>;
type Memory = Arc<Mutex<Vec<(u32, Episode)>>>;

/// Serves until nobody holds the other end of the input, then prints what is remembered.
pub(crate) fn serve(plan: &[String]) -> Result<(), Box<dyn Error>> {
    let [servers, latency, format] = plan else {
        return Err("not a plan".into());
    };
    let plan = Plan {
        servers: servers.parse()?,
        latency: Duration::from_micros(latency.parse()?),
        format: format.parse()?,
    };
    let memory = Memory::default();
    for _ in 0..plan.servers {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        println!("{}", listener.local_addr()?.port());
        let memory = Arc::clone(&memory);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let memory = Arc::clone(&memory);
                // Whatever ends a connection ends it.
                thread::spawn(move || drop(converse(stream, plan, &memory)));
            }
        });
    }
    io::stdin().read_to_end(&mut Vec::new())?;
    for (seed, episode) in lock(&memory).iter() {
        let acts = lock(episode);
        let words = acts.iter().map(|act| format!(" {} {}", act.ms, act.len));
        println!("{seed}{}", words.collect::<String>());
    }
    Ok(())
}

/// Answers one connection's requests.
fn converse(mut stream: TcpStream, plan: Plan, memory: &Memory) -> io::Result<()> {
    let offer = FORMATS[plan.format].1;
    let form = Form {
        protocol: offer.protocol,
        encoding: offer.encoding,
        convention: GripperConvention::default(),
    };
    let action = form.write(&Action::ZERO, &[]);
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(64 * 1024, stream.try_clone()?);
    let mut episode = Episode::default();
    while let Some((path, body)) = request(&mut reader)? {
        let received = Instant::now();
        let (encoding, answer) = match path.as_str() {
            HEALTH_PATH => (Encoding::Json, health(offer)),
            RESET_PATH => {
                episode = Episode::default();
                let seed = seed(offer, &body).ok_or(io::ErrorKind::InvalidData)?;
                lock(memory).push((seed, Arc::clone(&episode)));
                (Encoding::Json, br#"{"status":"ok"}"#.to_vec())
            }
            ACT_PATH => {
                thread::sleep(plan.latency.saturating_sub(received.elapsed()));
                (offer.encoding, action.clone())
            }
            _ => (Encoding::Json, b"{}".to_vec()),
        };
        let mut response = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
            encoding.content_type(),
            answer.len()
        )
        .into_bytes();
        response.extend(answer);
        if path == ACT_PATH {
            let ms = received.elapsed().as_secs_f64() * 1000.0;
            let len = body.len();
            lock(&episode).push(Answered { ms, len });
        }
        stream.write_all(&response)?;
    }
    Ok(())
}

/// The path and the body of the next request; `None` when the other end has closed.
fn request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut len = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            len = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body)?;
    Ok(Some((path, body)))
}

fn health(offer: Offer) -> Vec<u8> {
    let mut body = Vec::new();
    Health {
        ready: true,
        protocols: Some(vec![offer.protocol]),
        encodings: vec![offer.encoding],
        images: vec![offer.image],
        max_batch: None,
        gripper_convention: None,
    }
    .write(0.0, &mut body);
    body
}

fn seed(offer: Offer, body: &[u8]) -> Option<u32> {
    match offer.protocol {
        Protocol::V3 => {
            let request = v3::ResetRequest::read(offer.encoding, body).ok()?;
            Some(request.task_config.seed())
        }
        Protocol::P2 | Protocol::P1 => Some(p1::ResetRequest::read(body).ok()?.task_config.seed()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
