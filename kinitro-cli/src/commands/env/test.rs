//! `kinitro env test`.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use kinitro_core::ids::EnvId;
use kinitro_core::record::Level;
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::EpisodeRecord;
use kinitro_sim::physics::libm::LibmMode;
use serde::Serialize;

use super::parse_env;
use crate::args::Global;
use crate::commands::shared::{self, ViewArgs};
use crate::engine::Engine;
use crate::env_check::{self, Clip, EnvCheck, Images, Recording};
use crate::error::CliError;
use crate::evaluate::BuiltIn;
use crate::output::Output;
use crate::painter::BrushArgs;
use crate::places::Places;
use crate::progress::Progress;
use crate::video::Format;

/// Arguments of `kinitro env test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// The environment, for example `metaworld/reach-v3` or `reach-v3`.
    #[arg(value_name = "ENV", value_parser = parse_env)]
    env: EnvId,
    /// Number of episodes.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    episodes: u32,
    /// Any number; the same one gives the same scenes as `evaluate --seed`.
    #[arg(long, short, default_value_t = 0)]
    seed: u64,
    /// How much varies between scenes: none (placement only), seed (also physics and start noise) or hard (wider ranges of
    /// physics, gravity tilted, commands delayed).
    #[arg(long, default_value = "seed", value_parser = shared::level())]
    level: Level,
    /// Act by the scripted expert instead of at random.
    #[arg(long)]
    expert: bool,
    /// Give an unsolved episode up after so many steps.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=500))]
    max_steps: u16,
    /// Record results, scenes and a picture sheet per episode into this folder.
    #[arg(long, short, value_name = "DIR")]
    record_dir: Option<PathBuf>,
    /// Also record every image of every step.
    #[arg(long, requires = "record_dir")]
    save_images: bool,
    /// Make a video of each episode, what the cameras see side by side: `*.gif`, `*.y4m` for ffmpeg, or a folder of PNG files.
    #[arg(long, value_name = "FILE|DIR")]
    video: Option<PathBuf>,
    /// Size of each camera's image in the video, pixels: a side, or width × height as `640x480`.
    #[arg(long, value_name = "N|WxH", default_value = "480", requires = "video", value_parser = shared::parse_size)]
    video_size: ImageSize,
    /// A frame of the video at every so many control steps of 12.5 ms; it plays in real time.
    #[arg(long, value_name = "N", default_value_t = 4, requires = "video", value_parser = clap::value_parser!(u16).range(1..=500))]
    video_every: u16,
    #[command(flatten)]
    brush: BrushArgs,
    /// Run everything twice and compare all hashes.
    #[arg(long)]
    check_determinism: bool,
    /// Threads that share the episodes; results do not depend on it.
    #[arg(long, value_name = "N", default_value = "1")]
    threads: NonZeroUsize,
    /// Mathematics of the engine; `host` is for tests, its results never count.
    #[arg(long, hide = true, value_enum, default_value_t = Libm::Pinned)]
    libm: Libm,
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Libm {
    Pinned,
    Host,
}

impl TestArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// An unknown environment, a missing asset, a failure of the simulator, or two runs that differ.
    pub fn run(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        let mode = match self.libm {
            Libm::Pinned => LibmMode::Pinned,
            Libm::Host => LibmMode::Host,
        };
        let check = self.check()?;
        check.validate()?;
        self.brush.check()?;
        let engine = Engine::start(mode, &Places::from_environment(global).models)?;
        let runs = if self.check_determinism { 2 } else { 1 };
        let mut progress = Progress::new("episodes", check.episodes as usize * runs);
        let mut done = 0;
        let mut watch = |output: &mut Output| {
            done += 1;
            progress.done(done, output);
        };
        let records = env_check::run(&check, &engine.models, |_, _| watch(output))?;
        let mut difference = None;
        if self.check_determinism {
            // The second run records nothing: it would only write the same files again.
            let again = EnvCheck {
                recording: None,
                clip: None,
                ..check.clone()
            };
            let second = env_check::run(&again, &engine.models, |_, _| watch(output))?;
            difference = env_check::first_difference(&records, &second);
        }
        drop(progress);
        let report = Report::new(
            &check,
            mode,
            &records,
            self.check_determinism.then_some(difference.is_none()),
        );
        if let Some(recording) = &check.recording {
            let json = serde_json::to_vec_pretty(&report).map_err(CliError::failed)?;
            env_check::write(&recording.folder.join("metadata.json"), &json)?;
        }
        output.print(&report)?;
        difference.map_or(Ok(()), |(episode, what)| {
            Err(CliError::failed(anyhow!(
                "episode {episode} differs between two runs in `{what}`"
            )))
        })
    }

    fn check(&self) -> Result<EnvCheck, CliError> {
        let images = if self.save_images {
            Images::All
        } else {
            Images::Sheet
        };
        let clip = match &self.video {
            Some(_) if self.view.view()?.cameras.is_empty() => {
                return Err(CliError::usage(anyhow!("a video needs a camera")));
            }
            Some(path) => {
                Format::of(path).map_err(|reason| CliError::usage(anyhow!(reason)))?;
                Some(Clip {
                    path: path.clone(),
                    size: self.video_size,
                    every: self.video_every,
                })
            }
            None => None,
        };
        Ok(EnvCheck {
            env: self.env.clone(),
            episodes: self.episodes,
            seed: self.seed,
            level: self.level,
            actor: if self.expert {
                BuiltIn::Expert { noise: 0.0 }
            } else {
                BuiltIn::Random
            },
            view: self.view.view()?,
            max_steps: self.max_steps,
            threads: self.threads,
            recording: self.record_dir.as_ref().map(|folder| Recording {
                folder: folder.clone(),
                images,
            }),
            clip,
            brush: self.brush.clone(),
        })
    }
}

#[derive(Debug, Serialize)]
struct Report {
    env: String,
    policy: String,
    level: String,
    seed: u64,
    libm: String,
    cameras: Vec<String>,
    image_shape: [u32; 3],
    episodes: Vec<EpisodeReport>,
    successes: usize,
    mean_reward: f64,
    /// Whether two runs were equal; `None` if there was one.
    deterministic: Option<bool>,
    recorded_in: Option<String>,
    /// As given; with several episodes each has a number before the extension.
    video: Option<String>,
}

#[derive(Debug, Serialize)]
struct EpisodeReport {
    episode: usize,
    outcome: String,
    success: bool,
    steps: u16,
    total_reward: f64,
    scene: String,
    state_hash: String,
    image_hash: Option<String>,
    observation_hash: String,
}

impl Report {
    fn new(
        check: &EnvCheck,
        mode: LibmMode,
        records: &[EpisodeRecord],
        deterministic: Option<bool>,
    ) -> Self {
        let episodes = records
            .iter()
            .enumerate()
            .map(|(episode, record)| EpisodeReport {
                episode,
                outcome: record.outcome.to_string(),
                success: record.success,
                steps: record.steps,
                total_reward: record.total_reward,
                scene: record.scene.digest().to_string(),
                state_hash: record.state_hash.to_string(),
                image_hash: record.image_hash.map(|hash| hash.to_string()),
                observation_hash: record.observation_hash.to_string(),
            });
        let total: f64 = records.iter().map(|record| record.total_reward).sum();
        Self {
            env: check.env.to_string(),
            policy: check.actor.to_string(),
            level: check.level.to_string(),
            seed: check.seed,
            libm: mode.to_string(),
            cameras: check.view.cameras.iter().map(ToString::to_string).collect(),
            image_shape: [check.view.size.height(), check.view.size.width(), 3],
            episodes: episodes.collect(),
            successes: records.iter().filter(|record| record.success).count(),
            mean_reward: total / records.len().max(1) as f64,
            deterministic,
            recorded_in: check
                .recording
                .as_ref()
                .map(|recording| recording.folder.display().to_string()),
            video: check
                .clip
                .as_ref()
                .map(|clip| clip.path.display().to_string()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} with policy {}, level {}, seed {}",
            self.env, self.policy, self.level, self.seed
        )?;
        let [height, width, channels] = self.image_shape;
        match self.cameras.as_slice() {
            [] => writeln!(f, "observation: 4 numbers; no images")?,
            cameras => writeln!(
                f,
                "observation: 4 numbers; images {height}×{width}×{channels} from {}",
                cameras.join(", ")
            )?,
        }
        writeln!(f, "action: 4 numbers in [-1, 1]\n")?;
        for episode in &self.episodes {
            let verdict = if episode.success { "SUCCESS" } else { "FAIL" };
            let EpisodeReport {
                episode,
                outcome,
                steps,
                total_reward,
                state_hash,
                ..
            } = episode;
            writeln!(
                f,
                "episode {episode:3}  {verdict:7}  {outcome:12}  {steps:3} steps  reward {total_reward:9.3}  states {}…",
                &state_hash[..16]
            )?;
        }
        write!(
            f,
            "\n{} of {} solved, mean reward {:.3}",
            self.successes,
            self.episodes.len(),
            self.mean_reward
        )?;
        match self.deterministic {
            Some(true) => write!(f, "\ntwo runs are equal to the bit")?,
            Some(false) => write!(f, "\ntwo runs DIFFER")?,
            None => {}
        }
        if let Some(folder) = &self.recorded_in {
            write!(f, "\nrecorded in {folder}")?;
        }
        match &self.video {
            Some(path) => write!(f, "\nvideo in {path}"),
            None => Ok(()),
        }
    }
}
