//! What an evaluation leaves behind: a folder of tables, transcripts, pictures and a report.

mod document;
mod folder;
mod reel;
pub mod report;
mod sheet;
mod tables;
mod transcripts;

use std::path::{Path, PathBuf};

use kinitro_core::protocol::results::Results;
use kinitro_core::record::identity::Identity;

pub use document::{identity, results};
pub use folder::{Folder, Occupied, REPORT_HTML, RESULTS_JSON};
pub use reel::Reel;
pub use sheet::{Moments, encode_png};
pub use tables::{leaderboard, success_tables, wire_table};

use super::Error;
use super::lineup::Lineup;
use super::run::Finished;

/// Writes episodes into a [`Folder`] as they finish, and the tables at the end.
#[derive(Debug)]
pub struct Recorder<'a> {
    folder: Folder,
    lineup: &'a Lineup<'a>,
    identity: Identity,
    reel_frames: usize,
    seen: report::Seen,
}

impl<'a> Recorder<'a> {
    /// A recorder for an evaluation of `lineup` under `identity` (see [`identity`]).
    pub fn new(folder: Folder, lineup: &'a Lineup<'a>, identity: Identity) -> Self {
        Self {
            folder,
            lineup,
            identity,
            reel_frames: reel::frames_each(lineup),
            seen: report::Seen::default(),
        }
    }

    /// Writes the episode's transcript, and its picture sheet if it has pictures; keeps what the report shows of it.
    ///
    /// # Errors
    /// [`Error::Record`], [`Error::EncodePicture`], [`Error::Write`].
    pub fn episode(&mut self, finished: &Finished) -> Result<(), Error> {
        let path = PathBuf::from(transcripts::path(self.lineup, finished.unit));
        let mut bytes = Vec::new();
        let transcript = transcripts::transcript(self.lineup, &self.identity, finished);
        transcript
            .write(&mut bytes)
            .map_err(|source| Error::Record {
                operation: "write",
                path: path.clone(),
                source,
            })?;
        self.folder.write(&path, &bytes)?;
        let policy = &self.lineup.participants()[finished.unit.participant].name;
        let env = &self.lineup.settings().envs[finished.unit.env];
        self.seen.transcript(policy, &transcript);
        let Some(moments) = &finished.moments else {
            return Ok(());
        };
        if let Some(png) = moments.sheet()? {
            self.folder.write(
                &Path::new("pictures")
                    .join(env.name())
                    .join(format!("{policy}.png")),
                &png,
            )?;
        }
        if let Some(reel) = Reel::new(moments, self.reel_frames)? {
            self.seen.reel(policy, env, reel);
        }
        Ok(())
    }

    /// Writes the tables and puts everything in its final place.
    ///
    /// # Errors
    /// [`Error::Record`], [`Error::Table`], [`Error::Write`].
    pub fn publish(self, results: &Results) -> Result<(), Error> {
        let json = results.to_json().map_err(|source| Error::Record {
            operation: "write",
            path: RESULTS_JSON.into(),
            source,
        })?;
        let table = |source| Error::Table { source };
        self.folder.write(
            Path::new("results.csv"),
            &tables::results_csv(results).map_err(table)?,
        )?;
        self.folder.write(
            Path::new("episodes.csv"),
            &tables::episodes_csv(results).map_err(table)?,
        )?;
        self.folder
            .write(Path::new(RESULTS_JSON), json.as_bytes())?;
        let report = report::html(results, &self.seen);
        self.folder
            .write(Path::new(REPORT_HTML), report.as_bytes())?;
        self.folder.publish()
    }
}
