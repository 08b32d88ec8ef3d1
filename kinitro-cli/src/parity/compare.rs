//! Replays recorded episodes in our environments and looks for the first difference.

use std::path::Path;

use anyhow::Context as _;
use kinitro_sim::metaworld::benchmarks::Benchmark;
use kinitro_sim::metaworld::env::{Memory, SawyerEnv, StepOutcome};
use kinitro_sim::metaworld::experts::{self, Expert};
use kinitro_sim::metaworld::spec::TaskSpec;

use super::report::{Field, Mismatch, TaskReport};
use super::trace::{EpisodeTrace, ResetTrace, SeedTrace, StepTrace, TaskTrace};

/// How far rewards (version 2) and the measures beside them may be apart.
///
/// In Python an effort of 0 < a ≤ 1 enters the reward as an f32 and draws a part of the formula into single precision, which
/// moves rewards of up to 10 by at most 1.4e-6 (measured over all 50 tasks); ours stays in f64.
pub const REWARD_TOLERANCE: f64 = 2e-6;

/// How far rewards of version 1 may be apart, relative to max(1, |reward|): they reach thousands, with the same f32 terms.
pub const REWARD_V1_TOLERANCE: f64 = 1e-6;

/// Replays all episodes of `trace` in environments of `task`, each on a fresh one as they were recorded.
///
/// State, observations and expert actions must be equal to the bit, flags equal, rewards and measures within
/// [`REWARD_TOLERANCE`] and [`REWARD_V1_TOLERANCE`]. The process must use the host's math library.
///
/// # Errors
/// When an environment of ours cannot be made or fails. The first difference is the inner `Err`.
pub fn compare_task(
    model_dir: &Path,
    task: &'static TaskSpec,
    trace: &TaskTrace,
) -> anyhow::Result<Result<TaskReport, Mismatch>> {
    let original = SawyerEnv::new(model_dir, task)
        .with_context(|| format!("cannot make an environment of `{}`", task.name))?;
    let mut comparison = Comparison {
        original,
        task,
        report: TaskReport {
            task: task.name,
            episodes: 0,
            steps: 0,
            max_reward_difference: 0.0,
            max_reward_v1_difference: 0.0,
        },
    };
    match comparison.run(trace) {
        Ok(()) => Ok(Ok(comparison.report)),
        Err(Stop::Different(mismatch)) => Ok(Err(*mismatch)),
        Err(Stop::Failed(error)) => {
            Err(error.context(format!("cannot replay the episodes of `{}`", task.name)))
        }
    }
}

/// Why a comparison ends early.
enum Stop {
    Different(Box<Mismatch>),
    Failed(anyhow::Error),
}

impl From<Box<Mismatch>> for Stop {
    fn from(mismatch: Box<Mismatch>) -> Self {
        Self::Different(mismatch)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<kinitro_sim::Error> for Stop {
    fn from(error: kinitro_sim::Error) -> Self {
        Self::Failed(error.into())
    }
}

struct Comparison {
    /// Never reset: fresh environments are its duplicates.
    original: SawyerEnv,
    task: &'static TaskSpec,
    report: TaskReport,
}

impl Comparison {
    fn run(&mut self, trace: &TaskTrace) -> Result<(), Stop> {
        let expert = experts::expert(self.task.name).context("the task has no scripted expert")?;
        let draw = &self.task.draw;
        let [low, high] = &trace.placement_bounds;
        let place = Place {
            task: self.task.name,
            episode: "all episodes",
            step: None,
        };
        place.same(Field::PlacementLow, draw.low, low)?;
        place.same(Field::PlacementHigh, draw.high, high)?;
        for seed in &trace.seeds {
            self.seed(seed, expert)?;
        }
        Ok(())
    }

    fn seed(&mut self, trace: &SeedTrace, expert: Expert) -> Result<(), Stop> {
        let episode = |kind: &str| format!("s{}_{kind}", trace.seed);

        let name = episode("exp");
        let place = self.place(&name);
        let benchmark = Benchmark::mt1(self.task, trace.seed);
        let placement = &benchmark.train[0].placement;
        place.same(Field::Placement, placement, &trace.placement)?;
        let mut env = self.original.duplicate()?;
        let observation = reset(&mut env, &place, &trace.placement, &trace.initial)?;
        self.episode(&mut env, &place, &trace.expert, Some((expert, observation)))?;

        let name = episode("rereset");
        reset(
            &mut env,
            &self.place(&name),
            &trace.placement,
            &trace.second_reset,
        )?;

        let name = episode("rnd");
        let place = self.place(&name);
        let mut env = self.original.duplicate()?;
        reset(&mut env, &place, &trace.placement, &trace.initial)?;
        self.episode(&mut env, &place, &trace.random, None)
    }

    /// Replays an episode; with an expert and the first observation, what it would have done is compared too.
    fn episode(
        &mut self,
        env: &mut SawyerEnv,
        place: &Place<'_>,
        trace: &EpisodeTrace,
        mut expert: Option<(Expert, [f64; 39])>,
    ) -> Result<(), Stop> {
        for (step, theirs) in trace.steps.iter().enumerate() {
            let place = Place {
                step: Some(step),
                ..*place
            };
            if let Some((expert, observation)) = &expert {
                let ours = expert(observation).map(f64::from);
                place.same(Field::ExpertAction, &ours, &theirs.action.map(f64::from))?;
            }
            let outcome = env.step(theirs.action)?;
            self.step(env, &place, &outcome, theirs)?;
            if let Some((_, observation)) = &mut expert {
                *observation = outcome.observation;
            }
        }
        self.report.episodes += 1;
        self.report.steps += trace.steps.len();
        Ok(())
    }

    fn step(
        &mut self,
        env: &SawyerEnv,
        place: &Place<'_>,
        ours: &StepOutcome,
        theirs: &StepTrace,
    ) -> Result<(), Stop> {
        let physics = env.physics();
        // Causes before effects, so that the first difference says most.
        place.same(
            Field::MocapPosition,
            &physics.mocap_position(),
            &theirs.mocap_position,
        )?;
        place.same(Field::Qpos, physics.qpos(), &theirs.qpos)?;
        place.same(Field::Qvel, physics.qvel(), &theirs.qvel)?;
        place.same(Field::Observation, &ours.observation, &theirs.observation)?;
        place.same(
            Field::Truncated,
            &[flag(ours.truncated)],
            &[flag(theirs.truncated)],
        )?;

        let [success, info @ .., unscaled_reward] = theirs.info;
        let our_info = &ours.info;
        let our_info = [
            our_info.near_object,
            our_info.grasp_success,
            our_info.grasp_reward,
            our_info.in_place_reward,
            our_info.obj_to_target,
        ];
        place.same(Field::Success, &[flag(ours.info.success)], &[success])?;
        place.near(Field::Info, &our_info, &info, REWARD_TOLERANCE)?;
        place.near(
            Field::Reward,
            &[ours.reward],
            &[unscaled_reward],
            REWARD_TOLERANCE,
        )?;
        let difference = place.near(
            Field::Reward,
            &[ours.reward],
            &[theirs.reward],
            REWARD_TOLERANCE,
        )?;
        self.report.max_reward_difference = self.report.max_reward_difference.max(difference);

        let v1 = env
            .reward_v1()
            .context("an environment that has made a step has no reward of version 1")?;
        let [reward, success, distance] = theirs.v1;
        let scale = reward.abs().max(1.0);
        let difference = place.near(
            Field::RewardV1,
            &[v1.reward],
            &[reward],
            REWARD_V1_TOLERANCE * scale,
        )?;
        self.report.max_reward_v1_difference =
            self.report.max_reward_v1_difference.max(difference / scale);
        place.same(Field::SuccessV1, &[flag(v1.success)], &[success])?;
        place.near(
            Field::DistanceV1,
            &[v1.obj_to_target],
            &[distance],
            REWARD_TOLERANCE,
        )?;
        Ok(())
    }

    fn place<'a>(&self, episode: &'a str) -> Place<'a> {
        Place {
            task: self.task.name,
            episode,
            step: None,
        }
    }
}

/// Resets to a recorded placement, compares the state after it and returns our observation.
fn reset(
    env: &mut SawyerEnv,
    place: &Place<'_>,
    placement: &[f64],
    theirs: &ResetTrace,
) -> Result<[f64; 39], Stop> {
    let observation = env.reset_parity(placement)?;
    let Memory {
        target, tcp_start, ..
    } = env
        .memory()
        .context("an environment that has been reset remembers nothing")?;
    let physics = env.physics();
    place.same(
        Field::MocapPosition,
        &physics.mocap_position(),
        &theirs.mocap_position,
    )?;
    place.same(Field::Qpos, physics.qpos(), &theirs.qpos)?;
    place.same(Field::Qvel, physics.qvel(), &theirs.qvel)?;
    place.same(Field::InitTcp, &tcp_start, &theirs.init_tcp)?;
    place.same(Field::Target, &target, &theirs.target)?;
    place.same(Field::Observation, &observation, &theirs.observation)?;
    Ok(observation)
}

/// Where in a recording values are compared.
struct Place<'a> {
    task: &'static str,
    episode: &'a str,
    step: Option<usize>,
}

impl Place<'_> {
    /// Requires equal bits.
    fn same(&self, field: Field, ours: &[f64], theirs: &[f64]) -> Result<(), Box<Mismatch>> {
        self.all(field, ours, theirs, |ours, theirs| {
            ours.to_bits() == theirs.to_bits()
        })
    }

    /// Requires a distance of at most `tolerance`; returns the largest.
    fn near(
        &self,
        field: Field,
        ours: &[f64],
        theirs: &[f64],
        tolerance: f64,
    ) -> Result<f64, Box<Mismatch>> {
        let mut largest: f64 = 0.0;
        self.all(field, ours, theirs, |ours, theirs| {
            let difference = (ours - theirs).abs();
            largest = largest.max(difference);
            difference <= tolerance
        })?;
        Ok(largest)
    }

    fn all(
        &self,
        field: Field,
        ours: &[f64],
        theirs: &[f64],
        mut equal: impl FnMut(f64, f64) -> bool,
    ) -> Result<(), Box<Mismatch>> {
        for index in 0..ours.len().max(theirs.len()) {
            let [ours, theirs] = [ours, theirs].map(|values| values.get(index).copied());
            if !matches!((ours, theirs), (Some(ours), Some(theirs)) if equal(ours, theirs)) {
                return Err(Box::new(Mismatch {
                    task: self.task.to_owned(),
                    episode: self.episode.to_owned(),
                    step: self.step,
                    field,
                    index,
                    ours: ours.unwrap_or(f64::NAN),
                    theirs: theirs.unwrap_or(f64::NAN),
                }));
            }
        }
        Ok(())
    }
}

fn flag(value: bool) -> f64 {
    f64::from(u8::from(value))
}
