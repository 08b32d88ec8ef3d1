//! Recorded reference episodes of one task, parsed once from their `.npz` file.
//!
//! File layout: keys `s<seed>_exp_*` (expert episode, its reset and its placement), `s<seed>_rereset_*` (a second reset after
//! that episode) and `s<seed>_rnd_*` (random actions from the same initial state); `facts_json` lists the seeds. Row `t` of an
//! array by step is the state *after* step `t`. Units: m, rad, s; quaternions w, x, y, z.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use super::npz::Npz;

/// Longest episode that is read: Meta-World ends episodes after 500 steps.
const MAX_STEPS: usize = 500;

/// Most degrees of freedom that a scene may have; Meta-World's have up to 17.
const MAX_COORDINATES: usize = 64;

/// Most seeds that a file may hold.
const MAX_SEEDS: usize = 1000;

/// The reference episodes of one task.
#[derive(Debug, Clone)]
pub struct TaskTrace {
    /// The task's name, for example `reach-v3`.
    pub task: String,
    /// Bounds of the placement vectors, low then high (m, world frame).
    pub placement_bounds: [Vec<f64>; 2],
    /// One entry per recorded seed, in the file's order.
    pub seeds: Vec<SeedTrace>,
}

/// What was recorded for one seed of a task.
#[derive(Debug, Clone)]
pub struct SeedTrace {
    /// Seed of the benchmark `MT1(task, seed)` whose first task this is.
    pub seed: u32,
    /// The placement vector of that task (m, world frame).
    pub placement: Vec<f64>,
    /// State after the reset of a fresh environment.
    pub initial: ResetTrace,
    /// State after a second reset, made after the expert episode.
    pub second_reset: ResetTrace,
    /// The episode of Meta-World's scripted expert.
    pub expert: EpisodeTrace,
    /// The episode of random actions, on another fresh environment.
    pub random: EpisodeTrace,
}

/// State after a reset.
#[derive(Debug, Clone)]
pub struct ResetTrace {
    /// The observation that the reset returned, unclipped.
    pub observation: [f64; 39],
    /// Generalised positions.
    pub qpos: Vec<f64>,
    /// Generalised velocities.
    pub qvel: Vec<f64>,
    /// Position of the mocap body that leads the hand (m, world frame).
    pub mocap_position: [f64; 3],
    /// The task's target (m, world frame).
    pub target: [f64; 3],
    /// Tool center after settling (m, world frame).
    pub init_tcp: [f64; 3],
}

/// Actions and what came of them, step by step.
#[derive(Debug, Clone)]
pub struct EpisodeTrace {
    /// At least one step, at most 500.
    pub steps: Vec<StepTrace>,
}

/// One step: the action and the state after it.
#[derive(Debug, Clone)]
pub struct StepTrace {
    /// As given to the environment, unclipped.
    pub action: [f32; 4],
    /// The observation that the step returned, clipped.
    pub observation: [f64; 39],
    /// Generalised positions.
    pub qpos: Vec<f64>,
    /// Generalised velocities.
    pub qvel: Vec<f64>,
    /// Position of the mocap body (m, world frame).
    pub mocap_position: [f64; 3],
    /// Reward, version 2.
    pub reward: f64,
    /// Success, object near, grasped, grasp reward, in-place reward, object to target, unscaled reward.
    pub info: [f64; 7],
    /// Whether this was the last step of the time limit.
    pub truncated: bool,
    /// What reward version 1 says: reward, success, object to target.
    pub v1: [f64; 3],
}

impl TaskTrace {
    /// Reads the recording of `task` from the folder `dir`.
    ///
    /// # Errors
    /// When the file is missing, broken, larger than a recording can be, or of another task.
    pub fn read(dir: &Path, task: &str) -> anyhow::Result<Self> {
        let path = dir.join(format!("{task}.npz"));
        let mut npz = Npz::open(&path)?;
        let facts =
            Facts::read(&mut npz).with_context(|| format!("bad facts in `{}`", path.display()))?;
        ensure!(
            facts.task == task,
            "`{}` holds task `{}`",
            path.display(),
            facts.task
        );
        let placement_bounds = [
            npz.array("reset_space_low")?.1,
            npz.array("reset_space_high")?.1,
        ];
        let seeds = facts
            .seeds
            .iter()
            .map(|&seed| SeedTrace::read(&mut npz, seed))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            task: facts.task,
            placement_bounds,
            seeds,
        })
    }
}

impl SeedTrace {
    fn read(npz: &mut Npz, seed: u32) -> anyhow::Result<Self> {
        let expert = format!("s{seed}_exp");
        Ok(Self {
            seed,
            placement: npz.array(&format!("{expert}_rand_vec"))?.1,
            initial: ResetTrace::read(npz, &expert)?,
            second_reset: ResetTrace::read(npz, &format!("s{seed}_rereset"))?,
            expert: EpisodeTrace::read(npz, &expert)?,
            random: EpisodeTrace::read(npz, &format!("s{seed}_rnd"))?,
        })
    }
}

impl ResetTrace {
    fn read(npz: &mut Npz, prefix: &str) -> anyhow::Result<Self> {
        Ok(Self {
            observation: npz.vector(&format!("{prefix}_init_obs"))?,
            qpos: npz.array(&format!("{prefix}_init_qpos"))?.1,
            qvel: npz.array(&format!("{prefix}_init_qvel"))?.1,
            mocap_position: npz.vector(&format!("{prefix}_init_mocap_pos"))?,
            target: npz.vector(&format!("{prefix}_target_pos"))?,
            init_tcp: npz.vector(&format!("{prefix}_init_tcp"))?,
        })
    }
}

impl EpisodeTrace {
    fn read(npz: &mut Npz, prefix: &str) -> anyhow::Result<Self> {
        let actions = npz.rows::<f32, 4>(&format!("{prefix}_action"))?;
        let count = actions.len();
        if count == 0 || MAX_STEPS < count {
            bail!("episode `{prefix}` has {count} steps, but needs 1 to {MAX_STEPS}");
        }
        let observations = npz.rows::<f64, 39>(&format!("{prefix}_obs"))?;
        let positions = coordinates(npz, &format!("{prefix}_qpos"))?;
        let velocities = coordinates(npz, &format!("{prefix}_qvel"))?;
        let mocap_positions = npz.rows::<f64, 3>(&format!("{prefix}_mocap_pos"))?;
        let rewards = npz.array::<f64>(&format!("{prefix}_reward"))?.1;
        let infos = npz.rows::<f64, 7>(&format!("{prefix}_info"))?;
        let truncations = npz.array::<bool>(&format!("{prefix}_truncated"))?.1;
        let mut v1 = |what: &str| anyhow::Ok(npz.array::<f64>(&format!("{prefix}_{what}_v1"))?.1);
        let [rewards_v1, successes_v1, distances_v1] =
            [v1("reward")?, v1("success")?, v1("obj_to_target")?];
        let lengths = [
            observations.len(),
            positions.len(),
            velocities.len(),
            mocap_positions.len(),
            rewards.len(),
            infos.len(),
            truncations.len(),
            rewards_v1.len(),
            successes_v1.len(),
            distances_v1.len(),
        ];
        ensure!(
            lengths.iter().all(|&length| length == count),
            "the arrays of episode `{prefix}` differ in length"
        );
        let steps = actions.iter().enumerate().map(|(t, &action)| StepTrace {
            action,
            observation: observations[t],
            qpos: positions[t].clone(),
            qvel: velocities[t].clone(),
            mocap_position: mocap_positions[t],
            reward: rewards[t],
            info: infos[t],
            truncated: truncations[t],
            v1: [rewards_v1[t], successes_v1[t], distances_v1[t]],
        });
        Ok(Self {
            steps: steps.collect(),
        })
    }
}

/// The array `name` as rows whose width depends on the scene.
fn coordinates(npz: &mut Npz, name: &str) -> anyhow::Result<Vec<Vec<f64>>> {
    let (shape, elements) = npz.array::<f64>(name)?;
    match shape[..] {
        [_, columns @ 1..=MAX_COORDINATES] => Ok(elements
            .chunks_exact(columns)
            .map(<[f64]>::to_vec)
            .collect()),
        _ => bail!("array `{name}` has shape {shape:?}, but needs 1 to {MAX_COORDINATES} columns"),
    }
}

/// What a recording says of itself; only what is needed here.
#[derive(Deserialize)]
struct Facts {
    task: String,
    seeds: Vec<u32>,
}

impl Facts {
    fn read(npz: &mut Npz) -> anyhow::Result<Self> {
        let (_, json) = npz.array::<u8>("facts_json")?;
        let facts: Self = serde_json::from_slice(&json)?;
        ensure!(
            (1..=MAX_SEEDS).contains(&facts.seeds.len()),
            "{} seeds, but 1 to {MAX_SEEDS} are expected",
            facts.seeds.len()
        );
        Ok(facts)
    }
}
