//! `kinitro env parity`.

use std::fmt;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use kinitro_core::ids::EnvId;
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::metaworld::tasks;
use kinitro_sim::physics::libm::LibmMode;
use serde::Serialize;

use super::parse_env;
use crate::args::Global;
use crate::engine::Engine;
use crate::error::CliError;
use crate::output::Output;
use crate::parity::{self, ParityOptions, ParityReport, Phase, Reference};
use crate::places::Places;

/// Arguments of `kinitro env parity`.
#[derive(Debug, Args)]
pub struct ParityArgs {
    /// Environments, for example `drawer-open-v3` [default: all].
    #[arg(value_name = "ENV", value_parser = parse_env)]
    envs: Vec<EnvId>,
    /// Compare with episodes recorded earlier, one `TASK.npz` per task in this folder, instead of with the installed Python.
    #[arg(long, value_name = "DIR")]
    golden: Option<PathBuf>,
    /// Seeds of the benchmark, separated by commas.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "0,1,2",
        conflicts_with = "golden"
    )]
    seeds: Vec<u32>,
    /// The interpreter that has metaworld 3.1.1 and mujoco 3.17.0 [default: .venv/bin/python if it exists, else python3].
    #[arg(long, value_name = "FILE", conflicts_with = "golden")]
    python: Option<PathBuf>,
}

impl ParityArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// An unknown environment, a reference that cannot be had, or the first difference.
    pub fn run(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        let tasks = self.tasks()?;
        // Python's MuJoCo computes with the host's mathematics, and so must we to be compared with it.
        let engine = Engine::start(LibmMode::Host, &Places::from_environment(global).models)?;
        let reference = match &self.golden {
            Some(dir) => Reference::Golden { dir: dir.clone() },
            None => Reference::Live {
                python: self.python(),
                seeds: self.seeds.clone(),
            },
        };
        let options = ParityOptions {
            model_dir: engine.models.join("sawyer_xyz"),
            tasks,
            reference,
        };
        let report = parity::run(&options, &mut |progress| {
            let (done, total, task) = (progress.done, progress.total, &progress.task);
            match progress.phase {
                Phase::Recording => {
                    output.note(format_args!("recording {task}: {done} of {total} episodes"));
                }
                Phase::Comparing => {
                    output.note(format_args!("comparing {task} ({} of {total})", done + 1));
                }
            }
        })?;
        output.print(&Report::new(&report))?;
        match &report.mismatch {
            Some(mismatch) => Err(CliError::failed(anyhow!("{mismatch}"))),
            None => Ok(()),
        }
    }

    fn tasks(&self) -> Result<Vec<&'static TaskSpec>, CliError> {
        if self.envs.is_empty() {
            return Ok(tasks::TASKS.to_vec());
        }
        let find = |env: &EnvId| match env.family() {
            "metaworld" => tasks::find(env.name()),
            _ => None,
        };
        let unknown = |env: &EnvId| {
            let error = anyhow!("unknown environment `{env}`");
            CliError::not_found(error).with_hint("`kinitro env list` shows what there is")
        };
        self.envs
            .iter()
            .map(|env| find(env).ok_or_else(|| unknown(env)))
            .collect()
    }

    fn python(&self) -> PathBuf {
        let local = PathBuf::from(".venv/bin/python");
        self.python.clone().unwrap_or_else(|| {
            if local.exists() {
                local
            } else {
                "python3".into()
            }
        })
    }
}

#[derive(Debug, Serialize)]
struct Report {
    equal: Vec<TaskReport>,
    mismatch: Option<Mismatch>,
}

#[derive(Debug, Serialize)]
struct TaskReport {
    task: &'static str,
    episodes: usize,
    steps: usize,
    max_reward_difference: f64,
    max_reward_v1_difference: f64,
}

#[derive(Debug, Serialize)]
struct Mismatch {
    task: String,
    episode: String,
    step: Option<usize>,
    field: String,
    index: usize,
    ours: f64,
    theirs: f64,
}

impl Report {
    fn new(report: &ParityReport) -> Self {
        let equal = report.equal.iter().map(|task| TaskReport {
            task: task.task,
            episodes: task.episodes,
            steps: task.steps,
            max_reward_difference: task.max_reward_difference,
            max_reward_v1_difference: task.max_reward_v1_difference,
        });
        let mismatch = report.mismatch.as_ref().map(|mismatch| Mismatch {
            task: mismatch.task.clone(),
            episode: mismatch.episode.clone(),
            step: mismatch.step,
            field: mismatch.field.to_string(),
            index: mismatch.index,
            ours: mismatch.ours,
            theirs: mismatch.theirs,
        });
        Self {
            equal: equal.collect(),
            mismatch,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for task in &self.equal {
            let TaskReport {
                task,
                episodes,
                steps,
                max_reward_difference: v2,
                max_reward_v1_difference: v1,
            } = task;
            writeln!(
                f,
                "{task:24} {episodes:2} episodes, {steps:5} steps equal to the bit; rewards within {v2:.1e} (v2), {v1:.1e} (v1)"
            )?;
        }
        write!(f, "{} tasks equal", self.equal.len())
    }
}
