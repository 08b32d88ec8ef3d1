//! Parity with Python: does our Meta-World equal Meta-World 3.1.1 on MuJoCo 3.17.0, step for step?
//!
//! [`run`] takes reference episodes, recorded just now by the installed Python packages ([`record`]) or earlier into a folder,
//! replays their actions in [`kinitro_sim`] and compares everything that can be seen ([`compare_task`]): state, observation
//! and expert actions to the bit, rewards within [`REWARD_TOLERANCE`] and [`REWARD_V1_TOLERANCE`].
//!
//! [`compare_experts`] asks less of more episodes: that the scripted experts of both succeed in the same ones, after as many steps.
//!
//! Two things decide whether bits can be equal at all, and neither is chosen here:
//!
//! - **The process that calls these must use the host's math library** (libm mode `host`), because Python's MuJoCo does.
//!   With the pinned functions of scored processes the first difference shows within a few steps.
//! - A recording made on another machine is equal to the bit only where that machine's math library computes alike.

mod compare;
mod experts;
mod npz;
mod oracle;
mod report;
mod trace;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use kinitro_sim::metaworld::spec::TaskSpec;

pub use compare::{REWARD_TOLERANCE, REWARD_V1_TOLERANCE, compare_task};
pub use experts::{ExpertEpisode, ExpertOptions, ExpertReport, ExpertRow, compare_experts};
pub use oracle::record;
pub use report::{Field, Mismatch, ParityReport, TaskReport};
pub use trace::{EpisodeTrace, ResetTrace, SeedTrace, StepTrace, TaskTrace};

/// What to compare with what.
#[derive(Debug, Clone)]
pub struct ParityOptions {
    /// Folder of Meta-World's models, as [`kinitro_sim`] takes it.
    pub model_dir: PathBuf,
    /// The tasks to compare.
    pub tasks: Vec<&'static TaskSpec>,
    /// Where the reference episodes come from.
    pub reference: Reference,
}

/// Where reference episodes come from.
#[derive(Debug, Clone)]
pub enum Reference {
    /// Recorded now, into a temporary folder.
    Live {
        /// The Python interpreter that has `metaworld==3.1.1` and `mujoco==3.17.0` installed.
        python: PathBuf,
        /// Seeds of the benchmark `MT1(task, seed)`; its first task is played.
        seeds: Vec<u32>,
    },
    /// Recorded earlier: a folder of `<task>.npz`, with the seeds that they hold.
    Golden {
        /// The folder.
        dir: PathBuf,
    },
}

/// How far a comparison is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// The task at hand.
    pub task: String,
    /// Episodes (theirs) or tasks (ours) that are done.
    pub done: usize,
    /// How many there are of these.
    pub total: usize,
}

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Python plays episodes.
    Theirs,
    /// Ours are played, and compared with them.
    Ours,
}

/// Compares our environments with the reference and stops at the first difference.
///
/// The calling process must run with the host's math library, see the module's documentation.
///
/// # Errors
/// When the reference cannot be recorded or read, or an environment of ours fails. A difference is not an error but part of the
/// report.
pub fn run(
    options: &ParityOptions,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<ParityReport> {
    match &options.reference {
        Reference::Golden { dir } => compare_with(options, dir, progress),
        Reference::Live { python, seeds } => {
            let dir = tempfile::tempdir().context("cannot make a temporary folder")?;
            record(python, &options.tasks, seeds, dir.path(), progress)?;
            compare_with(options, dir.path(), progress)
        }
    }
}

fn compare_with(
    options: &ParityOptions,
    dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<ParityReport> {
    let total = options.tasks.len();
    let mut report = ParityReport {
        equal: Vec::with_capacity(total),
        mismatch: None,
    };
    for (done, task) in options.tasks.iter().enumerate() {
        progress(Progress {
            phase: Phase::Ours,
            task: task.name.to_owned(),
            done,
            total,
        });
        let trace = TaskTrace::read(dir, task.name)?;
        match compare_task(&options.model_dir, task, &trace)? {
            Ok(equal) => report.equal.push(equal),
            Err(mismatch) => {
                report.mismatch = Some(mismatch);
                break;
            }
        }
    }
    Ok(report)
}
