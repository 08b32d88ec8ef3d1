//! What is kept of an episode while it runs: pictures, and a video.

use std::path::PathBuf;

use kinitro_core::protocol::policy::{Image, Observation};
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::{Episode, EpisodeRecord, EpisodeStart, Status};

use super::{Clip, EnvCheck, Images, write};
use crate::evaluate::Error;
use crate::evaluate::output::{Moments, encode_png};
use crate::painter::{Brush, Painter};
use crate::video::Video;

/// Watches one episode.
pub(super) struct Recorder<'a> {
    check: &'a EnvCheck,
    episode: u64,
    start: &'a EpisodeStart,
    painter: &'a mut Option<Painter>,
    moments: Moments,
    video: Option<Video>,
    failure: Option<Failure>,
}

/// Why nothing more is kept; the episode itself goes on.
enum Failure {
    Draw(kinitro_sim::Error),
    Write(Error),
}

impl From<kinitro_sim::Error> for Failure {
    fn from(reason: kinitro_sim::Error) -> Self {
        Self::Draw(reason)
    }
}

impl From<Error> for Failure {
    fn from(reason: Error) -> Self {
        Self::Write(reason)
    }
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        check: &'a EnvCheck,
        episode: u64,
        start: &'a EpisodeStart,
        painter: &'a mut Option<Painter>,
    ) -> Self {
        let video = |clip: &Clip| Video::new(check.clip_path(clip, episode), clip.every);
        Self {
            check,
            episode,
            start,
            painter,
            moments: Moments::default(),
            video: check.clip.as_ref().map(video),
            failure: None,
        }
    }

    /// Called at every step, the first and the last included.
    pub(super) fn see(&mut self, episode: &Episode<'_>) {
        if self.failure.is_none() {
            self.failure = self.keep(episode).err();
        }
    }

    fn keep(&mut self, episode: &Episode<'_>) -> Result<(), Failure> {
        let (check, step) = (self.check, episode.steps());
        if step == 0 && check.paints() {
            self.begin(episode)?;
        }
        let last = episode.status() != Status::Running || step == check.max_steps;
        if let Some(recording) = &check.recording {
            let observation = episode.observation();
            if check.brush.renderer == Brush::Own {
                self.record(step, observation)?;
            } else if last || recording.images == Images::All || self.moments.keeps(step) {
                let drawn = Observation {
                    proprio: observation.proprio,
                    images: self.paint(episode, check.view.size)?,
                };
                self.record(step, &drawn)?;
            }
        }
        if let Some(clip) = &check.clip
            && (last || step.is_multiple_of(clip.every))
        {
            let images = self.paint(episode, clip.size)?;
            if let Some(video) = &mut self.video {
                let pushed = video.push(&images);
                pushed.map_err(|source| cannot_write(video.path().to_owned(), source))?;
            }
        }
        Ok(())
    }

    /// Gets the painter ready for an episode at its first step.
    fn begin(&mut self, episode: &Episode<'_>) -> Result<(), kinitro_sim::Error> {
        let environment = episode.environment();
        let painter = match self.painter {
            Some(painter) => painter,
            None => self
                .painter
                .insert(Painter::new(&self.check.brush, environment)?),
        };
        painter.dress(environment, self.start)
    }

    fn paint(
        &mut self,
        episode: &Episode<'_>,
        size: ImageSize,
    ) -> Result<Vec<Image>, kinitro_sim::Error> {
        let painter = self.painter.as_mut();
        let painter = painter.expect("the first step of every episode makes one");
        painter.images(episode, &self.check.view.cameras, size)
    }

    fn record(&mut self, step: u16, observation: &Observation) -> Result<(), Error> {
        self.moments.see(step, observation);
        let recording = self.check.recording.as_ref();
        let Some(recording) = recording.filter(|recording| recording.images == Images::All) else {
            return Ok(());
        };
        for image in &observation.images {
            let path = recording
                .episode(self.episode)
                .join(format!("images/{}_{step:03}.png", image.camera()));
            write(&path, &encode_png(image)?)?;
        }
        Ok(())
    }

    /// Completes the files; `cannot` says which episode could not be drawn.
    ///
    /// # Errors
    /// What went wrong first.
    pub(super) fn finish(
        self,
        record: &EpisodeRecord,
        cannot: impl FnOnce(kinitro_sim::Error) -> Error,
    ) -> Result<(), Error> {
        match self.failure {
            None => {}
            Some(Failure::Draw(reason)) => return Err(cannot(reason)),
            Some(Failure::Write(reason)) => return Err(reason),
        }
        if let Some(video) = self.video {
            let path = video.path().to_owned();
            video
                .finish()
                .map_err(|source| cannot_write(path, source))?;
        }
        let Some(recording) = &self.check.recording else {
            return Ok(());
        };
        let folder = recording.episode(self.episode);
        let scene =
            serde_json::to_vec_pretty(&record.scene).map_err(|source| Error::Json { source })?;
        write(&folder.join("scene.json"), &scene)?;
        match self.moments.sheet()? {
            Some(sheet) => write(&folder.join("sheet.png"), &sheet),
            None => Ok(()),
        }
    }
}

fn cannot_write(path: PathBuf, source: std::io::Error) -> Error {
    Error::Write { path, source }
}
