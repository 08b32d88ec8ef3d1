//! What one act request weighs and takes in every format, on real pictures, with a server that answers at once.

use std::error::Error;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use kinitro_cli::policy_server::{Addresses, Episode, Network, Pause, PolicyServer, Rules};
use kinitro_core::ids::EnvId;
use kinitro_core::record::Outcome;
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::{EpisodeRecord, Simulator, TakenAction, View};
use kinitro_sim::models::Models;
use kinitro_sim::rollout::{self, Driver, PolicyStart, RemotePolicy, Seen};

use crate::figures::{median, quantile};
use crate::host::{FORMATS, Hosted, Plan};
use crate::{ENV, start};

/// Steps of one episode.
const STEPS: u16 = 100;

/// One format under measurement.
struct Case {
    name: &'static str,
    hosted: Hosted,
    server: Arc<PolicyServer>,
    simulator: Simulator,
    times: Times,
}

/// Milliseconds, per act request.
#[derive(Default)]
struct Times {
    encode: Vec<f64>,
    exchange: Vec<f64>,
    decode: Vec<f64>,
}

/// Measures and reports every format.
pub(crate) fn measure(models: &Models, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let rounds = if is_quick { 1 } else { 5 };
    println!(
        "\nOne act request with two rendered images of 84 × 84 pixels, one at a time, servers that answer at once on this machine;\n\
         `{ENV}`, {rounds} episodes of {STEPS} steps in turn; bytes and ms"
    );
    println!(
        "{:<20}{:>10}{:>10}{:>18}{:>10}{:>10}",
        "", "bytes", "encode", "exchange, median", "p95", "decode"
    );
    let env: EnvId = ENV.parse()?;
    let network = Network::new()?;
    let mut cases = Vec::new();
    for (format, (name, _)) in FORMATS.into_iter().enumerate() {
        let hosted = Hosted::start(Plan {
            servers: 1,
            latency: Duration::ZERO,
            format,
        })?;
        let rules = Rules {
            addresses: Addresses::AllowPrivate,
            ..Rules::default()
        };
        let server = PolicyServer::connect(&network, hosted.urls()[0].parse()?, rules)?;
        let view = View {
            cameras: server.cameras().to_vec(),
            size: ImageSize::DEFAULT,
        };
        cases.push(Case {
            name,
            hosted,
            server,
            simulator: Simulator::new(&env, models, &view)?,
            times: Times::default(),
        });
    }
    for round in 0..rounds {
        for case in &mut cases {
            case.play(&env, round)?;
        }
    }
    for Case {
        name,
        hosted,
        server,
        times,
        ..
    } in cases
    {
        drop(server);
        let served = hosted.finish()?;
        let lens: Vec<f64> = served
            .values()
            .flatten()
            .map(|act| act.len as f64)
            .collect();
        println!(
            "{name:<20}{:>10.0}{:>10.3}{:>18.3}{:>10.3}{:>10.3}",
            median(&lens),
            median(&times.encode),
            median(&times.exchange),
            quantile(&times.exchange, 0.95),
            median(&times.decode)
        );
    }
    Ok(())
}

impl Case {
    /// Plays one episode.
    fn play(&mut self, env: &EnvId, number: usize) -> Result<(), kinitro_sim::Error> {
        let stopwatch = Stopwatch::default();
        let mut timed = Timed {
            episode: self.server.episode(&stopwatch),
            stopwatch: &stopwatch,
            times: &mut self.times,
        };
        let driver = &mut Driver::Remote(&mut timed);
        let start = start(env, number);
        let record = rollout::run_up_to(&mut self.simulator, &start, driver, STEPS, |_, _| ())?;
        assert_eq!(record.outcome, Outcome::Unsolved, "the servers are good");
        Ok(())
    }
}

/// Notes when the latest wait began and ended: before it a request is written, after it an answer is read.
#[derive(Debug, Default)]
struct Stopwatch(Mutex<Option<(Instant, Instant)>>);

impl Pause for Stopwatch {
    fn aside(&self, wait: &mut dyn FnMut()) {
        let begun = Instant::now();
        wait();
        *self.0.lock().expect("nobody panics with it") = Some((begun, Instant::now()));
    }
}

struct Timed<'a> {
    episode: Episode<'a>,
    stopwatch: &'a Stopwatch,
    times: &'a mut Times,
}

impl RemotePolicy for Timed<'_> {
    fn begin(&mut self, start: &PolicyStart) -> Result<(), Outcome> {
        self.episode.begin(start)
    }

    fn act(&mut self, seen: &Seen<'_>) -> Result<TakenAction, Outcome> {
        let asked = Instant::now();
        let taken = self.episode.act(seen)?;
        let done = Instant::now();
        let waited = *self.stopwatch.0.lock().expect("nobody panics with it");
        let (begun, ended) = waited.expect("every step waits for its answer");
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let note = self.episode.answers().last().expect("there is an action");
        self.times.encode.push(ms(begun - asked));
        self.times.exchange.push(note.wire_ms);
        self.times.decode.push(ms(done - ended));
        Ok(taken)
    }

    fn end(&mut self, record: &EpisodeRecord) {
        self.episode.end(record);
    }
}
