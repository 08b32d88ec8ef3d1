//! `kinitro env parity`.

mod experts;

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use kinitro_core::ids::EnvId;
use kinitro_sim::physics::libm::LibmMode;
use serde::Serialize;

use super::{find_tasks, parse_env};
use crate::args::Global;
use crate::engine::Engine;
use crate::error::CliError;
use crate::output::Output;
use crate::parity::{self, ExpertOptions, ParityOptions, ParityReport, Phase, Progress, Reference};
use crate::places::Places;

/// Most seeds that one range may name.
const MAX_SEEDS: u32 = 10_000;

/// Arguments of `kinitro env parity`.
#[derive(Debug, Args)]
pub struct ParityArgs {
    /// Environments, for example `drawer-open-v3` [default: all].
    #[arg(value_name = "ENV", value_parser = parse_env)]
    envs: Vec<EnvId>,
    /// Compare with episodes recorded earlier, one `TASK.npz` per task in this folder, instead of with the installed Python.
    #[arg(long, value_name = "DIR")]
    golden: Option<PathBuf>,
    /// Compare whether and when the scripted experts succeed, within 500 steps, instead of every step.
    #[arg(long, conflicts_with = "golden")]
    experts: bool,
    /// Seeds of the benchmark, separated by commas; `100-119` stands for twenty of them.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = parse_seeds,
        default_value = "0,1,2",
        conflicts_with = "golden"
    )]
    seeds: Vec<RangeInclusive<u32>>,
    /// The interpreter that has metaworld 3.1.1 and mujoco 3.17.0 [default: .venv/bin/python if it exists, else python3].
    #[arg(long, value_name = "FILE", conflicts_with = "golden")]
    python: Option<PathBuf>,
}

impl ParityArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// An unknown environment, a reference that cannot be had, or a difference.
    pub fn run(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        let tasks = find_tasks(&self.envs)?;
        // Python's MuJoCo computes with the host's mathematics, and so must we to be compared with it.
        let engine = Engine::start(LibmMode::Host, &Places::from_environment(global).models)?;
        let model_dir = engine.models.folder().join("sawyer_xyz");
        let seeds = self.seeds.iter().cloned().flatten().collect();
        let python = self.python();
        if self.experts {
            let options = ExpertOptions {
                model_dir,
                tasks,
                seeds,
                python,
            };
            return experts::run(&options, output);
        }
        let reference = match &self.golden {
            Some(dir) => Reference::Golden { dir: dir.clone() },
            None => Reference::Live { python, seeds },
        };
        let options = ParityOptions {
            model_dir,
            tasks,
            reference,
        };
        let report = parity::run(&options, &mut |progress| note(output, &progress))?;
        output.print(&Report::new(&report))?;
        match &report.mismatch {
            Some(mismatch) => Err(CliError::failed(anyhow!("{mismatch}"))),
            None => Ok(()),
        }
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

/// One seed, or the first and the last of several.
fn parse_seeds(text: &str) -> Result<RangeInclusive<u32>, String> {
    let number = |text: &str| text.parse::<u32>().map_err(|error| error.to_string());
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    match last.checked_sub(first) {
        None => Err(format!("{last} comes before {first}")),
        Some(more) if MAX_SEEDS <= more => Err(format!("more than {MAX_SEEDS} seeds")),
        Some(_) => Ok(first..=last),
    }
}

fn note(output: &mut Output, progress: &Progress) {
    let Progress {
        phase,
        task,
        done,
        total,
    } = progress;
    match phase {
        Phase::Theirs => {
            output.note(format_args!("{task} in Python: {done} of {total} episodes"));
        }
        Phase::Ours => output.note(format_args!("{task} here ({} of {total})", done + 1)),
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
