//! Many episodes at once on servers that take their time, next to the same episodes with a policy inside the evaluator.

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kinitro_cli::policy_server::{Addresses, Network, PolicyServer, Rules};
use kinitro_core::ids::EnvId;
use kinitro_core::record::Outcome;
use kinitro_sim::episode::{EpisodeRecord, Simulator, TakenAction, View};
use kinitro_sim::models::Models;
use kinitro_sim::rollout::{self, Driver, PolicyStart, RemotePolicy, Seen, ZeroPolicy};

use crate::figures::{median, processor_seconds, quantile, resident_mib};
use crate::gauge::Gauge;
use crate::host::{FORMATS, Hosted, Plan, Served};
use crate::{ENV, start};

const SERVERS: usize = 25;
/// Episodes on each server at once.
const EACH: usize = 8;
const EPISODES: usize = SERVERS * EACH;
const LATENCY: Duration = Duration::from_millis(50);
/// Steps of an episode: enough for its beginning, with about 8 ms, to weigh as it does in practice.
const STEPS: u16 = 200;
/// What an answer may cost beyond the server's time, ms.
const GOAL_MS: f64 = 2.0;

/// What was measured in one round.
struct Round {
    inside: f64,
    steps: f64,
    stalled: f64,
    /// Of the evaluator and of the servers, as a number of cores.
    cores: [f64; 2],
    /// Per answer, what was measured beyond the server's own time, ms.
    beyond: Vec<f64>,
    resident_mib: f64,
}

/// Measures and reports episodes without images, then with two.
pub(crate) fn measure(models: &Models, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (rounds, window) = if is_quick { (1, 2) } else { (3, 5) };
    let window = Duration::from_secs(window);
    let jobs = thread::available_parallelism()?;
    println!(
        "\n{EPISODES} episodes of `{ENV}` at once, {EACH} on each of {SERVERS} servers that answer after {} ms; {jobs} simulate at a time;\n\
         windows of {} s, {rounds} rounds in turn with the same episodes inside the evaluator, medians over rounds",
        LATENCY.as_millis(),
        window.as_secs(),
    );
    println!(
        "{:<12}{:>9}{:>9}{:>8}{:>9}{:>11}{:>9}{:>10}   {:>24}",
        "",
        "steps/s",
        "inside",
        "ratio",
        "stalled",
        "evaluator",
        "servers",
        "memory",
        "answers beyond 50 ms, ms"
    );
    println!(
        "{:<12}{:>9}{:>9}{:>8}{:>9}{:>11}{:>9}{:>10}   {:>8}{:>8}{:>8}",
        "", "", "steps/s", "", "share", "cores", "cores", "MiB each", "p50", "p95", "p99"
    );
    let mut worst: f64 = 0.0;
    for (name, view) in [
        ("state only", View::state_only()),
        ("two images", View::standard()),
    ] {
        let env: EnvId = ENV.parse()?;
        let before_mib = resident_mib();
        let mut simulators = vec![Simulator::new(&env, models, &view)?];
        while simulators.len() < EPISODES {
            simulators.push(simulators[0].duplicate()?);
        }
        let rounds = (0..rounds)
            .map(|_| round(&mut simulators, &env, &view, jobs, window))
            .collect::<Result<Vec<Round>, Box<dyn Error>>>()?;
        let of = |value: fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
        let each = (of(|round| round.resident_mib) - before_mib) / EPISODES as f64;
        let p99 = of(|round| quantile(&round.beyond, 0.99));
        worst = worst.max(p99);
        println!(
            "{name:<12}{:>9.0}{:>9.0}{:>8.2}{:>8.2}%{:>11.2}{:>9.2}{each:>10.1}   {:>8.2}{:>8.2}{p99:>8.2}",
            of(|round| round.steps),
            of(|round| round.inside),
            of(|round| round.steps / round.inside),
            of(|round| 100.0 * round.stalled),
            of(|round| round.cores[0]),
            of(|round| round.cores[1]),
            of(|round| quantile(&round.beyond, 0.5)),
            of(|round| quantile(&round.beyond, 0.95)),
        );
    }
    println!(
        "at most {:.0} steps/s are possible at this latency; p99 beyond it is to stay within {GOAL_MS} ms: {}",
        EPISODES as f64 / LATENCY.as_secs_f64(),
        if worst <= GOAL_MS { "met" } else { "not met" }
    );
    Ok(())
}

fn round(
    simulators: &mut [Simulator],
    env: &EnvId,
    view: &View,
    jobs: NonZeroUsize,
    window: Duration,
) -> Result<Round, Box<dyn Error>> {
    let inside = inside(&mut simulators[..jobs.get()], env, window)?;
    let hosted = Hosted::start(Plan {
        servers: SERVERS,
        latency: LATENCY,
        format: FORMATS.len() - 2,
    })?;
    let network = Network::new()?;
    let rules = Rules {
        addresses: Addresses::AllowPrivate,
        cameras: view.cameras.clone(),
        ..Rules::default()
    };
    let connect = |url: &String| -> Result<_, Box<dyn Error>> {
        Ok(PolicyServer::connect(
            &network,
            url.parse()?,
            rules.clone(),
        )?)
    };
    let servers = hosted.urls().iter().map(connect);
    let servers = servers.collect::<Result<Vec<Arc<PolicyServer>>, _>>()?;
    let race = Race::new(Gauge::new(jobs));
    let processes = [std::process::id(), hosted.process()];
    let (taken, figures) = thread::scope(|scope| {
        let players: Vec<_> = simulators
            .iter_mut()
            .enumerate()
            .map(|(index, simulator)| {
                let (server, race) = (&servers[index / EACH], &race);
                scope.spawn(move || race.play(index, simulator, env, server))
            })
            .collect();
        let figures = race.observe(window, processes);
        let taken = players.into_iter().map(|player| {
            let joined = player.join();
            joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        (taken.collect::<Result<Vec<_>, _>>(), figures)
    });
    // Servers are told to end when nobody speaks to them any more.
    drop((servers, network));
    let served = hosted.finish()?;
    Ok(Round {
        inside,
        beyond: beyond(&taken?.concat(), &served)?,
        ..figures
    })
}

/// Control steps per second of as many threads as there are simulators.
fn inside(
    simulators: &mut [Simulator],
    env: &EnvId,
    window: Duration,
) -> Result<f64, kinitro_sim::Error> {
    let (steps, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let jobs = simulators.len();
    thread::scope(|scope| {
        let threads: Vec<_> = simulators
            .iter_mut()
            .enumerate()
            .map(|(index, simulator)| {
                let (steps, is_over) = (&steps, &is_over);
                scope.spawn(move || {
                    for number in (index..).step_by(jobs) {
                        if is_over.load(Ordering::Relaxed) {
                            break;
                        }
                        let driver = &mut Driver::Policy(&mut ZeroPolicy);
                        let start = start(env, number);
                        rollout::run_up_to(simulator, &start, driver, STEPS, |step, _| {
                            steps.fetch_add(u64::from(0 < step), Ordering::Relaxed);
                        })?;
                    }
                    Ok(())
                })
            })
            .collect();
        let begun = Instant::now();
        thread::sleep(window);
        let steps = steps.load(Ordering::Relaxed) as f64;
        let rate = steps / begun.elapsed().as_secs_f64();
        is_over.store(true, Ordering::Relaxed);
        for thread in threads {
            let joined = thread.join();
            joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(rate)
    })
}

/// An answer: policy seed of its episode, step, and the time that the evaluator measured, ms.
type Taken = (u32, u16, f64);

/// What all episodes share.
struct Race {
    gauge: Gauge,
    /// Episodes that have got their first answer.
    begun: AtomicUsize,
    steps: AtomicU64,
    is_measured: AtomicBool,
    is_over: AtomicBool,
}

impl Race {
    fn new(gauge: Gauge) -> Self {
        Self {
            gauge,
            begun: AtomicUsize::new(0),
            steps: AtomicU64::new(0),
            is_measured: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }

    /// Plays episodes on a server until the race is over.
    fn play(
        &self,
        index: usize,
        simulator: &mut Simulator,
        env: &EnvId,
        server: &Arc<PolicyServer>,
    ) -> Result<Vec<Taken>, kinitro_sim::Error> {
        let mut racer = Racer {
            race: self,
            episode: server.episode(&self.gauge),
            seed: 0,
            is_new: true,
            taken: Vec::new(),
        };
        for number in (index..).step_by(EPISODES) {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            let _held = self.gauge.acquire();
            let driver = &mut Driver::Remote(&mut racer);
            let start = start(env, number);
            let record = rollout::run_up_to(simulator, &start, driver, STEPS, |_, _| ())?;
            assert!(
                matches!(record.outcome, Outcome::Unsolved | Outcome::Infrastructure),
                "the servers are good: {:?}",
                racer.episode.failure()
            );
        }
        Ok(racer.taken)
    }

    /// Waits until all episodes have begun, then measures for as long as `window`, and ends the race.
    fn observe(&self, window: Duration, processes: [u32; 2]) -> Round {
        while self.begun.load(Ordering::Relaxed) < EPISODES {
            thread::sleep(Duration::from_millis(10));
        }
        let now = || {
            (
                Instant::now(),
                self.steps.load(Ordering::Relaxed) as f64,
                self.gauge.stalled().as_secs_f64(),
                processes.map(processor_seconds),
            )
        };
        let before = now();
        self.is_measured.store(true, Ordering::Relaxed);
        thread::sleep(window);
        let after = now();
        self.is_measured.store(false, Ordering::Relaxed);
        let resident_mib = resident_mib();
        self.is_over.store(true, Ordering::Relaxed);
        let seconds = (after.0 - before.0).as_secs_f64();
        Round {
            inside: 0.0,
            steps: (after.1 - before.1) / seconds,
            stalled: (after.2 - before.2) / seconds,
            cores: std::array::from_fn(|i| (after.3[i] - before.3[i]) / seconds),
            beyond: Vec::new(),
            resident_mib,
        }
    }
}

/// An episode on a server, for as long as the race goes on.
struct Racer<'a> {
    race: &'a Race,
    episode: kinitro_cli::policy_server::Episode<'a>,
    seed: u32,
    is_new: bool,
    taken: Vec<Taken>,
}

impl RemotePolicy for Racer<'_> {
    fn begin(&mut self, start: &PolicyStart) -> Result<(), Outcome> {
        self.seed = start.seed.value();
        self.episode.begin(start)
    }

    fn act(&mut self, seen: &Seen<'_>) -> Result<TakenAction, Outcome> {
        let race = self.race;
        if race.is_over.load(Ordering::Relaxed) {
            return Err(Outcome::Infrastructure);
        }
        let taken = self.episode.act(seen)?;
        race.steps.fetch_add(1, Ordering::Relaxed);
        if std::mem::take(&mut self.is_new) {
            race.begun.fetch_add(1, Ordering::Relaxed);
        }
        if race.is_measured.load(Ordering::Relaxed) {
            let note = self.episode.answers().last();
            let wire_ms = note.map_or(f64::NAN, |note| note.wire_ms);
            self.taken.push((self.seed, seen.step, wire_ms));
        }
        Ok(taken)
    }

    fn end(&mut self, record: &EpisodeRecord) {
        self.episode.end(record);
    }
}

/// What the evaluator measured for each answer beyond the time that the server really took, ms.
fn beyond(taken: &[Taken], served: &Served) -> Result<Vec<f64>, String> {
    let beyond = |(seed, step, wire_ms): &Taken| {
        let acts = served.get(seed).ok_or("an episode that no server knows")?;
        // A request that was repeated would shift those after it.
        let act = acts.get(usize::from(*step));
        Ok(wire_ms - act.ok_or("an answer that no server knows")?.ms)
    };
    taken.iter().map(beyond).collect()
}
