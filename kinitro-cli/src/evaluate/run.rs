//! The evaluation loop: every participant on every scene, spread over threads, collected in fixed order.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use kinitro_core::ids::EpisodeIndex;
use kinitro_core::protocol::policy::Observation;
use kinitro_core::record::outcome::Outcome;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_sim::episode::{EpisodeRecord, EpisodeStart, Simulator, TakenAction};
use kinitro_sim::models::Models;
use kinitro_sim::rollout::{self, Driver, PolicyStart, RemotePolicy, Seen};

use super::Error;
use super::lineup::{Lane, Lineup, Participant, Reach};
use super::output::Moments;
use super::permits::Permits;
use super::servers::{Absent, Exchange, ServerEpisode, WireTally};
use crate::bench::{Bench, Originals};
use crate::parallel::{self, Queue};

/// One episode of one participant, by position in the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// Position of the environment in [`Settings::envs`](super::Settings::envs).
    pub env: usize,
    /// Position in [`Lineup::participants`].
    pub participant: usize,
    /// Number of the scene.
    pub episode: EpisodeIndex,
}

/// A finished episode with everything about it.
#[derive(Debug)]
pub struct Finished {
    /// Which one.
    pub unit: Unit,
    /// The keys it was begun with.
    pub start: EpisodeStart,
    /// What happened.
    pub record: EpisodeRecord,
    /// What is known of the exchange with its server; `None` for policies inside the evaluator.
    pub exchange: Option<Exchange>,
    /// What was seen, for the first episode of a policy in an environment when there are cameras.
    pub moments: Option<Moments>,
}

/// Told about an evaluation while it runs, always on the thread that called [`run`].
pub trait Observer {
    /// An episode has finished; their order is not fixed. `done` of `planned` have, this one included.
    ///
    /// # Errors
    /// Whatever it returns ends the evaluation.
    fn episode(&mut self, finished: &Finished, done: usize, planned: usize) -> Result<(), Error>;

    /// Whether to give up; asked after each episode.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// What each episode came to, in fixed order, without its actions.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Which episode.
    pub unit: Unit,
    /// Its record; `actions` is empty, since transcripts hold them.
    pub record: EpisodeRecord,
    /// What went wrong, in one line, where a server ended the episode.
    pub failure: Option<String>,
}

/// Everything that was played.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// By environment, then participant, then episode.
    pub verdicts: Vec<Verdict>,
    /// By participant; `None` for policies inside the evaluator.
    pub wire: Vec<Option<WireTally>>,
}

/// Runs all episodes of `lineup` on the models below the folder `models`.
///
/// Every server has threads of its own, one for each of its episodes at a time, and policies inside the evaluator share
/// [`jobs`](super::Settings::jobs) threads. Of all these, `jobs` simulate at any moment, with servers one more: a thread gives its turn up exactly
/// while it waits for its server. Each keeps the simulators of one environment at a time and begins every episode with a fresh actor, so no episode depends on
/// which thread ran it, on what ran before, or on what other servers do.
///
/// # Errors
/// [`Error::Simulate`]; [`Error::Ask`]; [`Error::Interrupted`]; what the observer returns.
pub fn run(
    lineup: &Lineup<'_>,
    models: &Models,
    observer: &mut dyn Observer,
) -> Result<Played, Error> {
    let settings = lineup.settings();
    let scenes = settings.envs.len() * settings.episodes as usize;
    let planned = scenes * lineup.participants().len();
    let units_left = |_| AtomicUsize::new(planned / settings.envs.len());
    let plan = Plan {
        lineup,
        cycle: settings.seed.cycle_seed(),
        lanes: lineup.lanes(),
        originals: Originals::new(models),
        permits: if lineup.has_servers() {
            Permits::beside_network(settings.jobs)
        } else {
            Permits::new(settings.jobs)
        },
        is_over: AtomicBool::new(false),
        units_left: (0..settings.envs.len()).map(units_left).collect(),
    };
    let queues: Vec<Queue> = plan.lanes.iter().map(|lane| lane.queue(scenes)).collect();
    let tallies = lineup.participants().iter();
    let mut wire: Vec<Option<WireTally>> = tallies
        .map(|participant| {
            (!matches!(participant.reach, Reach::Inside(_))).then(WireTally::default)
        })
        .collect();
    let mut verdicts = Vec::with_capacity(planned);
    let mut take = |finished: Result<Finished, Error>| {
        let finished = finished?;
        observer.episode(&finished, verdicts.len() + 1, planned)?;
        let Finished {
            unit,
            record,
            exchange,
            ..
        } = finished;
        if let (Some(tally), Some(exchange)) = (&mut wire[unit.participant], &exchange) {
            tally.count(&exchange.answers);
        }
        verdicts.push(Verdict {
            unit,
            record: EpisodeRecord {
                actions: Vec::new(),
                ..record
            },
            failure: exchange.and_then(|exchange| exchange.failure),
        });
        if observer.is_stopped() && verdicts.len() < planned {
            return Err(Error::Interrupted {
                done: verdicts.len(),
                planned,
            });
        }
        Ok(())
    };
    parallel::for_each_queued(
        &queues,
        |bench: &mut Bench, lane, index| plan.episode(bench, plan.unit(lane, index)),
        |_, _, finished| {
            let taken = take(finished);
            plan.is_over.fetch_or(taken.is_err(), Ordering::Relaxed);
            taken
        },
    )?;
    verdicts.sort_by_key(|verdict| verdict.unit);
    Ok(Played { verdicts, wire })
}

/// What all threads share.
struct Plan<'a> {
    lineup: &'a Lineup<'a>,
    cycle: CycleSeed,
    lanes: Vec<Lane>,
    originals: Originals<'a>,
    permits: Permits,
    /// The evaluation has failed: what still runs is not wanted any more.
    is_over: AtomicBool,
    /// Units of each environment that have not been finished.
    units_left: Vec<AtomicUsize>,
}

impl Plan<'_> {
    /// Units of a lane go environment by environment, so that a thread needs few models at a time; within one, its participants
    /// alternate, which keeps long (failing) and short (solved) episodes mixed.
    fn unit(&self, lane: usize, index: usize) -> Unit {
        let (members, scenes) = (
            &self.lanes[lane].members,
            self.lineup.settings().episodes as usize,
        );
        let scene = index / members.len();
        Unit {
            env: scene / scenes,
            participant: members[index % members.len()],
            episode: EpisodeIndex((scene % scenes) as u64),
        }
    }

    fn episode(&self, bench: &mut Bench, unit: Unit) -> Result<Finished, Error> {
        let settings = self.lineup.settings();
        let env = &settings.envs[unit.env];
        let participant = &self.lineup.participants()[unit.participant];
        let key = EpisodeKey::derive(&self.cycle, env, unit.episode);
        let start = EpisodeStart {
            miner_key: MinerKey::derive(&key, None),
            key,
            level: settings.level,
        };
        let is_pictured = unit.episode.0 == 0 && !participant.view.cameras.is_empty();
        let mut moments = is_pictured.then(Moments::default);
        let watch = |step: u16, observation: &Observation| {
            if let Some(moments) = &mut moments {
                moments.see(step, observation);
            }
        };
        let permit = self.permits.acquire();
        let simulate = |source| Error::Simulate {
            env: env.clone(),
            episode: unit.episode,
            policy: participant.name.to_string(),
            source,
        };
        let simulator = bench
            .duplicate(&self.originals, env, &participant.view)
            .map_err(simulate)?;
        let (record, exchange) = self
            .play(simulator, &start, participant, watch)
            .map_err(simulate)?;
        drop(permit);
        if self.units_left[unit.env].fetch_sub(1, Ordering::Relaxed) == 1 {
            self.originals.forget(env);
        }
        if record.outcome == Outcome::Infrastructure {
            return Err(Error::Ask {
                env: env.clone(),
                episode: unit.episode,
                policy: participant.name.clone(),
                reason: exchange
                    .and_then(|exchange| exchange.failure)
                    .unwrap_or_default(),
            });
        }
        Ok(Finished {
            unit,
            start,
            record,
            exchange,
            moments,
        })
    }

    /// Plays one episode; the caller holds a permit.
    fn play(
        &self,
        simulator: &mut Simulator,
        start: &EpisodeStart,
        participant: &Participant,
        mut watch: impl FnMut(u16, &Observation),
    ) -> Result<(EpisodeRecord, Option<Exchange>), kinitro_sim::Error> {
        let server = match &participant.reach {
            Reach::Inside(policy) => {
                let actor = policy.actor(&simulator.spec().id);
                let mut actor = actor.expect("checked with the settings");
                let watch = |step: u16, observation: &Observation| {
                    self.permits.pass_on();
                    watch(step, observation);
                };
                let record = rollout::run(simulator, start, &mut actor.driver(), watch)?;
                return Ok((record, None));
            }
            Reach::Nowhere { reason } => {
                let record =
                    rollout::run(simulator, start, &mut Driver::Remote(&mut Absent), watch)?;
                let failure = Some(reason.clone());
                let exchange = Exchange {
                    failure,
                    ..Exchange::default()
                };
                return Ok((record, Some(exchange)));
            }
            Reach::Server(server) => server,
        };
        let begun = Instant::now();
        let mut policy = Wanted {
            episode: server.episode(&self.permits),
            is_over: &self.is_over,
        };
        let record = rollout::run(simulator, start, &mut Driver::Remote(&mut policy), watch)?;
        let exchange = Exchange {
            answers: policy.episode.answers().to_vec(),
            wall_ms: begun.elapsed().as_secs_f64() * 1000.0,
            failure: match record.outcome {
                Outcome::Infrastructure => policy.episode.failure(),
                outcome if outcome.is_policy_failure() => policy.episode.failure(),
                _ => None,
            }
            .map(ToOwned::to_owned),
            receipt: policy.episode.receipt(),
        };
        Ok((record, Some(exchange)))
    }
}

/// An episode on a server for as long as anybody wants its result: slow ones would hold up the end of a failed evaluation for minutes.
struct Wanted<'a> {
    episode: Box<dyn ServerEpisode + 'a>,
    is_over: &'a AtomicBool,
}

impl RemotePolicy for Wanted<'_> {
    fn begin(&mut self, start: &PolicyStart) -> Result<(), Outcome> {
        self.episode.begin(start)
    }

    fn act(&mut self, seen: &Seen<'_>) -> Result<TakenAction, Outcome> {
        if self.is_over.load(Ordering::Relaxed) {
            return Err(Outcome::Infrastructure);
        }
        self.episode.act(seen)
    }

    fn end(&mut self, record: &EpisodeRecord) {
        self.episode.end(record);
    }
}
