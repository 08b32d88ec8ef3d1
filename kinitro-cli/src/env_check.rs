//! Episodes of one environment, looked at closely: do they run, do they repeat to the bit, what do they show?

mod recorder;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::{EpisodeRecord, EpisodeStart, View};
use kinitro_sim::models::Models;
use kinitro_sim::rollout;

use crate::bench::Bench;
use crate::evaluate::{BuiltIn, Error};
use crate::painter::{Brush, BrushArgs, Painter};
use crate::parallel;
use recorder::Recorder;

/// What is run.
#[derive(Debug, Clone)]
pub struct EnvCheck {
    /// The environment.
    pub env: EnvId,
    /// Number of episodes, from episode 0 on.
    pub episodes: u32,
    /// Where scenes come from, as a local run.
    pub seed: u64,
    /// How much varies between scenes.
    pub level: Level,
    /// Who acts.
    pub actor: BuiltIn,
    /// What is seen.
    pub view: View,
    /// Control steps after which an unsolved episode is given up.
    pub max_steps: u16,
    /// Threads that share the episodes; the result does not depend on it.
    pub threads: NonZeroUsize,
    /// Where episodes are recorded, if they are.
    pub recording: Option<Recording>,
    /// The video that is made, if one is.
    pub clip: Option<Clip>,
    /// Who draws what is recorded; what is seen and hashed is always our own renderer's.
    pub brush: BrushArgs,
}

/// What is written about episodes.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The folder; `episode_<number>/` is made in it for each episode.
    pub folder: PathBuf,
    /// Whether every image is kept, or only a picture sheet.
    pub images: Images,
}

/// A video of each episode.
#[derive(Debug, Clone)]
pub struct Clip {
    /// The file or folder; with several episodes, `-<number>` is put before its extension.
    pub path: PathBuf,
    /// Size of each camera's image in it.
    pub size: ImageSize,
    /// Control steps from one frame to the next.
    pub every: u16,
}

/// Which images are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// A picture sheet per episode.
    Sheet,
    /// Beside it, every image of every step as `images/<camera>_<step>.png`.
    All,
}

/// Runs the episodes; `watch` is told about each as it is done, in no fixed order. The result is in order.
///
/// # Errors
/// [`Error::UnknownEnv`], [`Error::NoExpert`], [`Error::Simulate`], and those of writing.
pub fn run(
    check: &EnvCheck,
    models: &Models,
    mut watch: impl FnMut(u32, &EpisodeRecord),
) -> Result<Vec<EpisodeRecord>, Error> {
    check.validate()?;
    let mut done: Vec<(usize, EpisodeRecord)> = Vec::new();
    let work = |desk: &mut Desk, episode: usize| check.episode(desk, models, episode as u64);
    parallel::for_each(
        check.episodes as usize,
        check.threads,
        work,
        |episode, record: Result<EpisodeRecord, Error>| {
            let record = record?;
            watch(
                u32::try_from(episode).expect("below the number of episodes"),
                &record,
            );
            done.push((episode, record));
            Ok(())
        },
    )?;
    done.sort_by_key(|(episode, _)| *episode);
    Ok(done.into_iter().map(|(_, record)| record).collect())
}

/// The first episode of two runs that is not equal to the bit, and what differs in it.
pub fn first_difference(
    first: &[EpisodeRecord],
    second: &[EpisodeRecord],
) -> Option<(usize, &'static str)> {
    let differs = |(a, b): (&EpisodeRecord, &EpisodeRecord)| {
        let checks = [
            ("scene", a.scene.digest() == b.scene.digest()),
            ("outcome", a.outcome == b.outcome),
            ("steps", a.steps == b.steps),
            (
                "total_reward",
                a.total_reward.to_bits() == b.total_reward.to_bits(),
            ),
            ("state_hash", a.state_hash == b.state_hash),
            ("image_hash", a.image_hash == b.image_hash),
            ("observation_hash", a.observation_hash == b.observation_hash),
        ];
        checks
            .into_iter()
            .find(|(_, equal)| !equal)
            .map(|(what, _)| what)
    };
    first
        .iter()
        .zip(second)
        .enumerate()
        .find_map(|(episode, pair)| differs(pair).map(|what| (episode, what)))
}

impl EnvCheck {
    /// Checks what can be checked without simulating.
    ///
    /// # Errors
    /// [`Error::UnknownEnv`], [`Error::NoExpert`].
    pub fn validate(&self) -> Result<(), Error> {
        if !kinitro_sim::registry::ids().contains(&self.env) {
            return Err(Error::UnknownEnv {
                id: self.env.clone(),
            });
        }
        self.actor.actor(&self.env).map(drop)
    }

    fn episode(
        &self,
        desk: &mut Desk,
        models: &Models,
        episode: u64,
    ) -> Result<EpisodeRecord, Error> {
        let index = EpisodeIndex(episode);
        let key = EpisodeKey::derive(&CycleSeed::from_local_seed(self.seed), &self.env, index);
        let start = EpisodeStart {
            miner_key: MinerKey::derive(&key, None),
            key,
            level: self.level,
        };
        let cannot = |source| Error::Simulate {
            env: self.env.clone(),
            episode: index,
            policy: self.actor.to_string(),
            source,
        };
        let mut actor = self.actor.actor(&self.env)?;
        let Desk { bench, painter } = desk;
        let simulator = bench
            .simulator(&self.env, models, &self.view)
            .map_err(cannot)?;
        let mut recorder = Recorder::new(self, episode, &start, painter);
        let record = rollout::run_watched(
            simulator,
            &start,
            &mut actor.driver(),
            self.max_steps,
            |episode| recorder.see(episode),
        )
        .map_err(cannot)?;
        recorder.finish(&record, cannot)?;
        Ok(record)
    }

    /// Where the video of an episode goes.
    fn clip_path(&self, clip: &Clip, episode: u64) -> PathBuf {
        if self.episodes == 1 {
            return clip.path.clone();
        }
        let stem = clip.path.file_stem().unwrap_or_default();
        let mut name = stem.to_os_string();
        name.push(format!("-{episode}"));
        if let Some(extension) = clip.path.extension() {
            name.push(".");
            name.push(extension);
        }
        clip.path.with_file_name(name)
    }

    /// Whether pictures are drawn beside those that are seen.
    fn paints(&self) -> bool {
        self.clip.is_some() || (self.recording.is_some() && self.brush.renderer == Brush::Gl)
    }
}

/// What a thread keeps from one episode to the next.
#[derive(Debug, Default)]
struct Desk {
    bench: Bench,
    /// Made when first needed.
    painter: Option<Painter>,
}

impl Recording {
    /// The folder of one episode.
    pub fn episode(&self, episode: u64) -> PathBuf {
        self.folder.join(format!("episode_{episode:05}"))
    }
}

/// Writes a file and the folders above it.
///
/// # Errors
/// [`Error::Write`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder
        .and_then(|()| fs::write(path, bytes))
        .map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
        })
}
