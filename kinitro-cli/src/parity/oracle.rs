//! Runs the Python side: a script of ours that plays the installed Meta-World.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context as _, bail, ensure};
use kinitro_sim::metaworld::spec::TaskSpec;
use serde::Deserialize;

use super::{Phase, Progress};

const SCRIPT: &str = include_str!("oracle.py");

/// `np.linalg.norm`, which two entries of every observation go through, adds in another order on some processors; the kernel for
/// Haswell adds plainly from left to right, as we do. One thread, so that no sum is split; no rendering.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("OPENBLAS_CORETYPE", "Haswell"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("OMP_NUM_THREADS", "1"),
    ("MUJOCO_GL", "disable"),
];

/// What the script prints, one JSON object per line.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Episode {
        task: String,
        done: usize,
        total: usize,
        outcome: Option<Outcome>,
    },
    Error {
        error: String,
    },
}

/// How an expert's episode went.
#[derive(Deserialize)]
struct Outcome {
    seed: u32,
    first_success: Option<u32>,
}

/// What is left when the script has ended.
struct Ending {
    status: ExitStatus,
    /// The reason that it gave for failing.
    reason: Option<String>,
    /// Task and outcome of each expert's episode, in the order of playing.
    outcomes: Vec<(String, Outcome)>,
}

/// Records the reference episodes of Python Meta-World 3.1.1 as `<task>.npz` for every task into the folder `dir`.
///
/// `python` must have `metaworld==3.1.1` and `mujoco==3.17.0`; `seeds` are those of the benchmark `MT1(task, seed)`.
///
/// # Errors
/// When Python cannot be started, lacks the packages in the right versions, or fails; with its own words.
pub fn record(
    python: &Path,
    tasks: &[&TaskSpec],
    seeds: &[u32],
    dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<()> {
    let out: [&OsStr; 2] = ["--out".as_ref(), dir.as_ref()];
    play(python, &out, (tasks, seeds), dir, progress)?;
    Ok(())
}

/// Has Meta-World's own scripted experts play the first task of `MT1(task, seed)`, task by task, for at most 500 steps. Returns
/// the first step, from 0, after which each has succeeded, in the order of playing; `None` if it did not.
///
/// # Errors
/// As those of [`record`].
pub(super) fn play_experts(
    python: &Path,
    tasks: &[&TaskSpec],
    seeds: &[u32],
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<Vec<Option<u32>>> {
    let dir = tempfile::tempdir().context("cannot make a temporary folder")?;
    let arguments = ["--experts".as_ref()];
    let outcomes = play(python, &arguments, (tasks, seeds), dir.path(), progress)?;
    let expected = tasks
        .iter()
        .flat_map(|task| seeds.iter().map(|&seed| (task.name, seed)));
    let played = outcomes
        .iter()
        .map(|(task, outcome)| (task.as_str(), outcome.seed));
    ensure!(
        played.eq(expected),
        "Python has played other episodes than it was asked for"
    );
    Ok(outcomes
        .into_iter()
        .map(|(_, outcome)| outcome.first_success)
        .collect())
}

/// Runs the script with `arguments`; `dir` takes it and its error messages.
fn play(
    python: &Path,
    arguments: &[&OsStr],
    (tasks, seeds): (&[&TaskSpec], &[u32]),
    dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<Vec<(String, Outcome)>> {
    let script = dir.join("oracle.py");
    fs::write(&script, SCRIPT).with_context(|| format!("cannot write `{}`", script.display()))?;
    let complaints = dir.join("stderr.txt");
    let stderr = File::create(&complaints)
        .with_context(|| format!("cannot write `{}`", complaints.display()))?;

    // `-I`: neither the user's site packages nor PYTHONPATH nor the current folder may decide what is imported.
    let child = Command::new(python)
        .arg("-I")
        .arg(&script)
        .args(arguments)
        .arg("--tasks")
        .args(tasks.iter().map(|task| task.name))
        .arg("--seeds")
        .args(seeds.iter().map(u32::to_string))
        .envs(ENVIRONMENT)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .with_context(|| format!("cannot start Python `{}`", python.display()))?;
    let ending = follow(child, progress)?;
    explain(ending.status, ending.reason, &complaints)?;
    Ok(ending.outcomes)
}

/// Passes the script's progress on until it ends.
fn follow(mut child: Child, progress: &mut dyn FnMut(Progress)) -> anyhow::Result<Ending> {
    let stdout = child
        .stdout
        .take()
        .expect("the child's output was asked for as a pipe");
    let mut reason = None;
    let mut outcomes = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let line = line.context("cannot read the output of the Python script")?;
        match serde_json::from_str(&line) {
            Ok(Message::Episode {
                task,
                done,
                total,
                outcome,
            }) => {
                outcomes.extend(outcome.map(|outcome| (task.clone(), outcome)));
                progress(Progress {
                    phase: Phase::Theirs,
                    task,
                    done,
                    total,
                });
            }
            Ok(Message::Error { error }) => reason = Some(error),
            // Libraries may print what they like.
            Err(_) => {}
        }
    }
    let status = child.wait().context("cannot wait for the Python script")?;
    Ok(Ending {
        status,
        reason,
        outcomes,
    })
}

fn explain(status: ExitStatus, reason: Option<String>, complaints: &Path) -> anyhow::Result<()> {
    if let Some(reason) = reason {
        bail!("cannot play Meta-World: {reason}");
    }
    if !status.success() {
        let complaints = fs::read_to_string(complaints).unwrap_or_default();
        let last_words = complaints.lines().last().unwrap_or("it said nothing");
        bail!("the Python script ended with {status}: {last_words}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record_with(python: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let result = record(Path::new(python), &[], &[0], dir.path(), &mut |_| ());
        format!("{:#}", result.unwrap_err())
    }

    #[test]
    fn a_python_that_does_not_exist_is_named() {
        let message = record_with("/nonexistent/python");
        assert!(
            message.starts_with("cannot start Python `/nonexistent/python`"),
            "{message}"
        );
    }

    #[test]
    fn a_python_that_fails_is_reported_with_its_status() {
        let message = record_with("false");
        assert!(
            message.starts_with("the Python script ended with exit status: 1"),
            "{message}"
        );
    }

    #[test]
    fn the_scripts_own_reason_is_passed_on() {
        let status = Command::new("false").status().unwrap();
        let error = explain(
            status,
            Some("package is missing".to_owned()),
            Path::new("/nonexistent"),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot play Meta-World: package is missing"
        );
    }
}
