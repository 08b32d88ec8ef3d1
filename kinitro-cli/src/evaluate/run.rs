//! The evaluation loop: every participant on every scene, spread over threads, collected in fixed order.

use std::path::Path;

use kinitro_core::ids::EpisodeIndex;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_sim::episode::{EpisodeRecord, EpisodeStart};
use kinitro_sim::rollout;

use super::Error;
use super::output::Moments;
use super::settings::{Participants, Settings};
use crate::bench::Bench;
use crate::parallel;

/// One episode of one participant, by position in the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// Position of the environment in [`Settings::envs`].
    pub env: usize,
    /// Position in [`Settings::policies`], or beyond for a baseline that runs for the rule only.
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
}

/// Runs all episodes of `settings` on the models below the folder `models`, and returns their verdicts: by environment, then participant, then episode.
///
/// Each worker thread keeps the simulators of one environment at a time and begins every episode with a fresh actor,
/// so no episode depends on which thread ran it or on what ran before.
///
/// # Errors
/// Those of [`Settings::validate`]; [`Error::Simulate`]; [`Error::Interrupted`]; what the observer returns.
pub fn run(
    settings: &Settings,
    models: &Path,
    observer: &mut dyn Observer,
) -> Result<Vec<Verdict>, Error> {
    settings.validate()?;
    let plan = Plan {
        settings,
        models,
        participants: settings.participants(),
        cycle: settings.seed.cycle_seed(),
    };
    let planned = plan.len();
    let mut verdicts = Vec::with_capacity(planned);
    let work = |bench: &mut Bench, index| plan.episode(bench, plan.unit(index));
    parallel::for_each(
        planned,
        settings.jobs,
        work,
        |_, finished: Result<Finished, Error>| {
            let finished = finished?;
            observer.episode(&finished, verdicts.len() + 1, planned)?;
            let record = EpisodeRecord {
                actions: Vec::new(),
                ..finished.record
            };
            verdicts.push(Verdict {
                unit: finished.unit,
                record,
            });
            if observer.is_stopped() && verdicts.len() < planned {
                return Err(Error::Interrupted {
                    done: verdicts.len(),
                    planned,
                });
            }
            Ok(())
        },
    )?;
    verdicts.sort_by_key(|verdict| verdict.unit);
    Ok(verdicts)
}

/// What all threads read.
struct Plan<'a> {
    settings: &'a Settings,
    models: &'a Path,
    participants: Participants,
    cycle: CycleSeed,
}

impl Plan<'_> {
    fn len(&self) -> usize {
        self.settings.envs.len() * self.settings.episodes as usize * self.participants.list().len()
    }

    /// Units go environment by environment, so that a worker needs few models at a time; within one, participants
    /// alternate, which keeps long (failing) and short (solved) episodes mixed.
    fn unit(&self, index: usize) -> Unit {
        let (scenes, participants) = (
            self.settings.episodes as usize,
            self.participants.list().len(),
        );
        let (scene, participant) = (index / participants, index % participants);
        Unit {
            env: scene / scenes,
            participant,
            episode: EpisodeIndex((scene % scenes) as u64),
        }
    }

    fn episode(&self, bench: &mut Bench, unit: Unit) -> Result<Finished, Error> {
        let env = &self.settings.envs[unit.env];
        let key = EpisodeKey::derive(&self.cycle, env, unit.episode);
        let miner_key = MinerKey::derive(&key, None);
        let start = EpisodeStart {
            key,
            miner_key,
            level: self.settings.level,
        };
        let participant = &self.participants.list()[unit.participant];
        let is_pictured = unit.episode.0 == 0 && !participant.view.cameras.is_empty();
        let mut moments = is_pictured.then(Moments::default);
        let mut actor = participant.spec.actor(env)?;
        let record = bench
            .simulator(env, self.models, &participant.view)
            .and_then(|simulator| {
                rollout::run(
                    simulator,
                    &start,
                    &mut actor.driver(),
                    |step, observation| {
                        if let Some(moments) = &mut moments {
                            moments.see(step, observation);
                        }
                    },
                )
            });
        match record {
            Ok(record) => Ok(Finished {
                unit,
                start,
                record,
                moments,
            }),
            Err(source) => {
                let policy = participant.name.to_string();
                Err(Error::Simulate {
                    env: env.clone(),
                    episode: unit.episode,
                    policy,
                    source,
                })
            }
        }
    }
}
