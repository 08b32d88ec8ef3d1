//! What a comparison reports.

use std::fmt;

/// What a comparison found.
#[derive(Debug, Clone)]
pub struct ParityReport {
    /// The tasks that are equal throughout, in the order of the options.
    pub equal: Vec<TaskReport>,
    /// The first difference; nothing after it was compared.
    pub mismatch: Option<Mismatch>,
}

/// What was compared for a task, all of it equal.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskReport {
    /// The task's name, for example `reach-v3`.
    pub task: &'static str,
    /// Number of episodes.
    pub episodes: usize,
    /// Number of steps over all episodes.
    pub steps: usize,
    /// Largest difference of a reward, version 2.
    pub max_reward_difference: f64,
    /// Largest difference of a reward of version 1, relative to max(1, |reward|).
    pub max_reward_v1_difference: f64,
}

/// The first value that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The task's name, for example `reach-v3`.
    pub task: String,
    /// The recording's name of the episode: `s1_exp` and `s1_rnd` are expert and random actions of seed 1, `s1_rereset` the
    /// reset after the former.
    pub episode: String,
    /// The step, from 0; none for the state after a reset.
    pub step: Option<usize>,
    /// What differs.
    pub field: Field,
    /// Which of the field's numbers, from 0.
    pub index: usize,
    /// Our number; NaN if we have none at that index.
    pub ours: f64,
    /// The reference's number; NaN if it has none at that index.
    pub theirs: f64,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Lower bounds of placement vectors.
    PlacementLow,
    /// Upper bounds of placement vectors.
    PlacementHigh,
    /// The placement vector that the benchmark draws for the seed.
    Placement,
    /// The action that the scripted expert chooses from our last observation.
    ExpertAction,
    /// Position of the mocap body.
    MocapPosition,
    /// Generalised positions.
    Qpos,
    /// Generalised velocities.
    Qvel,
    /// The 39 numbers of the observation.
    Observation,
    /// The task's target after a reset.
    Target,
    /// Tool center before the first step.
    InitTcp,
    /// Success, as 0 or 1.
    Success,
    /// Reward, version 2.
    Reward,
    /// Object near, grasped, grasp reward, in-place reward, object to target.
    Info,
    /// Whether the time limit ends the episode, as 0 or 1.
    Truncated,
    /// Reward, version 1.
    RewardV1,
    /// Success by version 1, as 0 or 1.
    SuccessV1,
    /// Distance of the object to the target by version 1.
    DistanceV1,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlacementLow => "lower placement bound",
            Self::PlacementHigh => "upper placement bound",
            Self::Placement => "placement",
            Self::ExpertAction => "expert action",
            Self::MocapPosition => "mocap position",
            Self::Qpos => "qpos",
            Self::Qvel => "qvel",
            Self::Observation => "observation",
            Self::Target => "target",
            Self::InitTcp => "initial tool center",
            Self::Success => "success",
            Self::Reward => "reward",
            Self::Info => "info",
            Self::Truncated => "truncated",
            Self::RewardV1 => "reward v1",
            Self::SuccessV1 => "success v1",
            Self::DistanceV1 => "object to target v1",
        })
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            task,
            episode,
            step,
            field,
            index,
            ours,
            theirs,
        } = self;
        write!(f, "{task}, {episode}, ")?;
        match step {
            Some(step) => write!(f, "step {step}")?,
            None => f.write_str("after the reset")?,
        }
        write!(
            f,
            ": {field}[{index}] is {ours:?} here and {theirs:?} in Python"
        )
    }
}
