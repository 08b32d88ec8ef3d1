//! `kinitro env parity --experts`.

use std::fmt;

use anyhow::anyhow;
use serde::Serialize;

use super::note;
use crate::error::CliError;
use crate::output::Output;
use crate::parity::{ExpertOptions, ExpertReport, ExpertRow, compare_experts};

/// Compares, prints the table, and fails if there is a difference.
///
/// # Errors
/// A Python that cannot play, a failure of the simulator, or a difference.
pub(super) fn run(options: &ExpertOptions, output: &mut Output) -> Result<(), CliError> {
    let report = compare_experts(options, &mut |progress| note(output, &progress))?;
    output.print(&Report::new(&report))?;
    let mut differences = report.differences();
    let Some((task, episode)) = differences.next() else {
        return Ok(());
    };
    let count = 1 + differences.count();
    let (ours, theirs) = (Step(episode.ours), Step(episode.theirs));
    Err(CliError::failed(anyhow!(
        "{count} episodes differ; the first is {task}, seed {}: first success {ours} here, {theirs} in Python",
        episode.seed
    )))
}

#[derive(Debug, Serialize)]
struct Report {
    tasks: Vec<TaskReport>,
    episodes: usize,
    successes: usize,
    python_successes: usize,
    /// Episodes that are not equal.
    differences: usize,
}

#[derive(Debug, Serialize)]
struct TaskReport {
    task: &'static str,
    successes: usize,
    failed_seeds: Vec<u32>,
    /// First successful step, from 0, over the successes; of an even number the mean of the two in the middle, rounded down.
    median_step: Option<u32>,
    max_step: Option<u32>,
    episodes: Vec<EpisodeReport>,
}

#[derive(Debug, Serialize)]
struct EpisodeReport {
    seed: u32,
    first_success: Option<u32>,
    python_first_success: Option<u32>,
}

impl Report {
    fn new(report: &ExpertReport) -> Self {
        let tasks: Vec<TaskReport> = report.rows.iter().map(TaskReport::new).collect();
        let theirs = report.rows.iter().flat_map(|row| &row.episodes);
        Self {
            episodes: tasks.iter().map(|task| task.episodes.len()).sum(),
            successes: tasks.iter().map(|task| task.successes).sum(),
            python_successes: theirs.filter(|episode| episode.theirs.is_some()).count(),
            differences: report.differences().count(),
            tasks,
        }
    }
}

impl TaskReport {
    fn new(row: &ExpertRow) -> Self {
        let steps = row.steps();
        let episodes = row.episodes.iter().map(|episode| EpisodeReport {
            seed: episode.seed,
            first_success: episode.ours,
            python_first_success: episode.theirs,
        });
        Self {
            task: row.task,
            successes: steps.len(),
            failed_seeds: row.failed_seeds(),
            median_step: median(&steps),
            max_step: steps.last().copied(),
            episodes: episodes.collect(),
        }
    }
}

fn median(ascending: &[u32]) -> Option<u32> {
    let upper = *ascending.get(ascending.len() / 2)?;
    Some(u32::midpoint(ascending[(ascending.len() - 1) / 2], upper))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:29} {:>7}  {:>11}  {:>7}  failed seeds",
            "task", "solved", "median step", "maximum"
        )?;
        for task in &self.tasks {
            let failed: Vec<String> = task.failed_seeds.iter().map(u32::to_string).collect();
            let failed = match &failed[..] {
                [] => "none".to_owned(),
                seeds => seeds.join(", "),
            };
            writeln!(
                f,
                "{:29} {:>7}  {:>11}  {:>7}  {}",
                task.task,
                format!("{}/{}", task.successes, task.episodes.len()),
                Step(task.median_step).to_string(),
                Step(task.max_step).to_string(),
                failed
            )?;
            for episode in &task.episodes {
                let (ours, theirs) = (episode.first_success, episode.python_first_success);
                if ours != theirs {
                    let seed = episode.seed;
                    let (ours, theirs) = (Step(ours), Step(theirs));
                    writeln!(f, "  seed {seed}: {ours} here, {theirs} in Python")?;
                }
            }
        }
        write!(
            f,
            "{} of {} solved here, {} in Python; {} episodes differ",
            self.successes, self.episodes, self.python_successes, self.differences
        )
    }
}

/// A step that there may not be.
struct Step(Option<u32>);

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(step) => write!(f, "{step}"),
            None => f.write_str("never"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1, 7, 90]), Some(7));
        assert_eq!(median(&[1, 114, 117, 500]), Some(115));
    }
}
