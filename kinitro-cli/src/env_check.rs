//! Episodes of one environment, looked at closely: do they run, do they repeat to the bit, what do they show?

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_sim::episode::{EpisodeRecord, EpisodeStart, View};
use kinitro_sim::rollout;

use crate::bench::Bench;
use crate::evaluate::output::{Moments, encode_png};
use crate::evaluate::{BuiltIn, Error};
use crate::parallel;

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
}

/// What is written about episodes.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The folder; `episode_<number>/` is made in it for each episode.
    pub folder: PathBuf,
    /// Whether every image is kept, or only a picture sheet.
    pub images: Images,
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
    models: &Path,
    mut watch: impl FnMut(u32, &EpisodeRecord),
) -> Result<Vec<EpisodeRecord>, Error> {
    check.validate()?;
    let mut done: Vec<(usize, EpisodeRecord)> = Vec::new();
    let work = |bench: &mut Bench, episode: usize| check.episode(bench, models, episode as u64);
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
        bench: &mut Bench,
        models: &Path,
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
        let simulator = bench
            .simulator(&self.env, models, &self.view)
            .map_err(cannot)?;
        let mut moments = Moments::default();
        let mut written = Ok(());
        let watch = |step, observation: &_| {
            if self.recording.is_some() {
                moments.see(step, observation);
            }
            if written.is_ok() {
                written = self.write_images(episode, step, observation);
            }
        };
        let record = rollout::run_up_to(
            simulator,
            &start,
            &mut actor.driver(),
            self.max_steps,
            watch,
        )
        .map_err(cannot)?;
        written?;
        if let Some(recording) = &self.recording {
            let folder = recording.episode(episode);
            let scene = serde_json::to_vec_pretty(&record.scene)
                .map_err(|source| Error::Json { source })?;
            write(&folder.join("scene.json"), &scene)?;
            if let Some(sheet) = moments.sheet()? {
                write(&folder.join("sheet.png"), &sheet)?;
            }
        }
        Ok(record)
    }

    fn write_images(
        &self,
        episode: u64,
        step: u16,
        observation: &kinitro_core::protocol::policy::Observation,
    ) -> Result<(), Error> {
        let Some(recording) = self
            .recording
            .as_ref()
            .filter(|recording| recording.images == Images::All)
        else {
            return Ok(());
        };
        for image in &observation.images {
            let path = recording
                .episode(episode)
                .join(format!("images/{}_{step:03}.png", image.camera()));
            write(&path, &encode_png(image)?)?;
        }
        Ok(())
    }
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
