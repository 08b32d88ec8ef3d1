//! Whether the scripted experts succeed in the same episodes as in Python.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use kinitro_sim::metaworld::benchmarks::Benchmark;
use kinitro_sim::metaworld::env::{SawyerEnv, TIME_LIMIT};
use kinitro_sim::metaworld::experts::{self, Expert};
use kinitro_sim::metaworld::spec::TaskSpec;

use super::oracle::play_experts;
use super::{Phase, Progress};

/// Which experts to compare with those of the installed Python.
#[derive(Debug, Clone)]
pub struct ExpertOptions {
    /// Folder of Meta-World's models, as [`kinitro_sim`] takes it.
    pub model_dir: PathBuf,
    /// The tasks.
    pub tasks: Vec<&'static TaskSpec>,
    /// Seeds of the benchmark `MT1(task, seed)`; its first task is played.
    pub seeds: Vec<u32>,
    /// The Python interpreter that has `metaworld==3.1.1` and `mujoco==3.17.0` installed.
    pub python: PathBuf,
}

/// What the experts of both sides achieved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpertReport {
    /// One row per task, in the order of the options.
    pub rows: Vec<ExpertRow>,
}

/// What both experts of a task achieved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpertRow {
    /// The task's name, for example `reach-v3`.
    pub task: &'static str,
    /// One per seed, in the order of the options.
    pub episodes: Vec<ExpertEpisode>,
}

/// One placement, played by the experts of both sides until they succeed, at most 500 steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpertEpisode {
    /// Seed of the benchmark whose first task this is.
    pub seed: u32,
    /// The first step, from 0, after which ours has succeeded; `None` if it did not.
    pub ours: Option<u32>,
    /// Likewise for Python's.
    pub theirs: Option<u32>,
}

impl ExpertEpisode {
    /// Whether both succeed after the same step, or both fail.
    pub fn is_equal(&self) -> bool {
        self.ours == self.theirs
    }
}

impl ExpertRow {
    /// The seeds for which our expert does not succeed.
    pub fn failed_seeds(&self) -> Vec<u32> {
        let failed = self.episodes.iter().filter(|one| one.ours.is_none());
        failed.map(|one| one.seed).collect()
    }

    /// The steps after which our expert has succeeded, ascending.
    pub fn steps(&self) -> Vec<u32> {
        let mut steps: Vec<u32> = self.episodes.iter().filter_map(|one| one.ours).collect();
        steps.sort_unstable();
        steps
    }
}

impl ExpertReport {
    /// The episodes that are not equal, each with its task.
    pub fn differences(&self) -> impl Iterator<Item = (&'static str, ExpertEpisode)> {
        self.rows.iter().flat_map(|row| {
            let different = row.episodes.iter().filter(|episode| !episode.is_equal());
            different.map(|&episode| (row.task, episode))
        })
    }
}

/// Has the experts of both sides play, all episodes, whether they differ or not.
///
/// The calling process must run with the host's math library, see the [module's documentation](super).
///
/// # Errors
/// When Python cannot play, or an environment of ours fails. A difference is not an error but part of the report.
pub fn compare_experts(
    options: &ExpertOptions,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<ExpertReport> {
    let ExpertOptions {
        model_dir,
        tasks,
        seeds,
        python,
    } = options;
    let mut theirs = play_experts(python, tasks, seeds, progress)?.into_iter();
    let mut rows = Vec::with_capacity(tasks.len());
    for (done, task) in tasks.iter().enumerate() {
        progress(Progress {
            phase: Phase::Ours,
            task: task.name.to_owned(),
            done,
            total: tasks.len(),
        });
        let ours = play(model_dir, task, seeds)
            .with_context(|| format!("cannot play the episodes of `{}`", task.name))?;
        // Takes as many as there are seeds: ours come first, so that none of theirs is lost when they end.
        let both = seeds.iter().zip(ours).zip(theirs.by_ref());
        let episodes = both.map(|((&seed, ours), theirs)| ExpertEpisode { seed, ours, theirs });
        rows.push(ExpertRow {
            task: task.name,
            episodes: episodes.collect(),
        });
    }
    Ok(ExpertReport { rows })
}

/// Our expert of a task: the first successful step for each seed.
fn play(
    model_dir: &Path,
    task: &'static TaskSpec,
    seeds: &[u32],
) -> anyhow::Result<Vec<Option<u32>>> {
    let expert = experts::expert(task.name).context("the task has no scripted expert")?;
    let mut env = SawyerEnv::new(model_dir, task)?;
    seeds
        .iter()
        .map(|&seed| Ok(first_success(&mut env, expert, seed)?))
        .collect()
}

fn first_success(
    env: &mut SawyerEnv,
    expert: Expert,
    seed: u32,
) -> Result<Option<u32>, kinitro_sim::Error> {
    let placed = &Benchmark::mt1(env.task(), seed).train[0];
    let mut observation = placed.begin(env)?;
    for step in 0..TIME_LIMIT {
        let outcome = env.step(expert(&observation))?;
        if outcome.info.success {
            return Ok(Some(step));
        }
        observation = outcome.observation;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(seed: u32, ours: Option<u32>, theirs: Option<u32>) -> ExpertEpisode {
        ExpertEpisode { seed, ours, theirs }
    }

    #[test]
    fn another_step_and_another_verdict_are_differences() {
        let (later, unsolved) = (episode(1, Some(8), Some(9)), episode(2, None, Some(3)));
        let row = ExpertRow {
            task: "reach-v3",
            episodes: vec![
                episode(0, Some(9), Some(9)),
                later,
                unsolved,
                episode(3, None, None),
            ],
        };
        assert_eq!(row.failed_seeds(), [2, 3]);
        assert_eq!(row.steps(), [8, 9]);
        let report = ExpertReport { rows: vec![row] };
        let found: Vec<_> = report.differences().collect();
        assert_eq!(found, [("reach-v3", later), ("reach-v3", unsolved)]);
    }
}
