//! `kinitro replay`: recorded episodes simulated again and compared.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use kinitro_sim::physics::libm::LibmMode;
use serde::Serialize;

use super::shared;
use crate::args::Global;
use crate::engine::Engine;
use crate::error::CliError;
use crate::output::Output;
use crate::places::Places;
use crate::progress::Progress;
use crate::replay::{self, Finding, Replayed};

/// Up to so many transcripts are listed one by one; of more, only what is wrong.
const LISTED: usize = 20;

/// Arguments of `kinitro replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Transcripts (*.ktr), or folders that hold some, such as the result of `evaluate`.
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Worker threads; results do not depend on it [default: one per core].
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

impl ReplayArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// Unless every transcript is confirmed.
    pub fn run(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        let paths = replay::find(&self.paths)?;
        let engine = Engine::start(LibmMode::Pinned, &Places::from_environment(global).models)?;
        let mut progress = Progress::new("transcripts", paths.len());
        let mut done = 0;
        let replayed = replay::replay(
            &paths,
            &engine.models,
            &engine.identity,
            shared::jobs(self.jobs),
            |_| {
                done += 1;
                progress.done(done, output);
            },
        );
        drop(progress);
        let report = Report::of(&replayed);
        output.print(&report)?;
        match report.transcripts - report.confirmed {
            0 => Ok(()),
            failed => Err(CliError::failed(anyhow!(
                "{failed} of {} transcripts are not confirmed",
                report.transcripts
            ))),
        }
    }
}

impl From<replay::Error> for CliError {
    fn from(error: replay::Error) -> Self {
        Self::not_found(error)
    }
}

#[derive(Debug, Serialize)]
struct Report {
    transcripts: usize,
    confirmed: usize,
    files: Vec<FileReport>,
}

#[derive(Debug, Serialize)]
struct FileReport {
    path: String,
    env: Option<String>,
    policy: Option<String>,
    outcome: Option<String>,
    finding: &'static str,
    details: Vec<String>,
}

impl Report {
    fn of(replayed: &[Replayed]) -> Self {
        let files: Vec<FileReport> = replayed.iter().map(FileReport::of).collect();
        let confirmed = replayed
            .iter()
            .filter(|replayed| matches!(replayed.finding, Finding::Confirmed))
            .count();
        Self {
            transcripts: files.len(),
            confirmed,
            files,
        }
    }
}

impl FileReport {
    fn of(replayed: &Replayed) -> Self {
        let (finding, details) = match &replayed.finding {
            Finding::Confirmed => ("confirmed", Vec::new()),
            Finding::Differs(differences) => {
                let details = differences.iter().map(|difference| {
                    format!(
                        "{} is recorded as `{}` and comes out as `{}`",
                        difference.what, difference.recorded, difference.replayed
                    )
                });
                ("differs", details.collect())
            }
            Finding::OtherIdentity(differences) => {
                let details = differences
                    .iter()
                    .map(|difference| format!("recorded and present {difference}"));
                ("other identity, not compared", details.collect())
            }
            Finding::NotReplayable { reason } => ("not replayable", vec![(*reason).to_owned()]),
            Finding::Unreadable(error) => ("unreadable", chain(error)),
            Finding::Failed(error) => ("simulator failed", chain(error)),
        };
        let header = replayed.header.as_ref();
        Self {
            path: replayed.path.display().to_string(),
            env: header.map(|header| header.env.to_string()),
            policy: header.map(|header| header.policy.to_string()),
            outcome: header.map(|header| header.outcome.to_string()),
            finding,
            details,
        }
    }

    fn is_confirmed(&self) -> bool {
        self.finding == "confirmed"
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in self
            .files
            .iter()
            .filter(|file| self.transcripts <= LISTED || !file.is_confirmed())
        {
            writeln!(f, "{file}")?;
        }
        write!(
            f,
            "{} of {} transcripts confirmed: scene, states, images, outcome and verdict are equal",
            self.confirmed, self.transcripts
        )
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.finding)?;
        if let (true, Some(outcome)) = (self.is_confirmed(), &self.outcome) {
            write!(f, " ({outcome})")?;
        }
        self.details
            .iter()
            .try_for_each(|detail| write!(f, "\n    {detail}"))
    }
}
