//! `kinitro env bench`.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};
use kinitro_core::ids::EnvId;
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::View;
use kinitro_sim::physics::libm::LibmMode;

use super::{find_tasks, parse_env};
use crate::args::Global;
use crate::commands::shared::Cameras;
use crate::engine::Engine;
use crate::env_bench::{self, BenchOptions, Machine, Peer};
use crate::error::CliError;
use crate::output::Output;
use crate::places::{self, Places};
use crate::progress::Progress;

/// Arguments of `kinitro env bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Environments, for example `drawer-open-v3` [default: all].
    #[arg(value_name = "ENV", value_parser = parse_env)]
    envs: Vec<EnvId>,
    /// Also measure others, interleaved: `envpool` (EnvPool 1.2.5) and `metaworld` (Python Meta-World 3.1.1 on MuJoCo 3.17.0).
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    compare: Vec<Other>,
    /// Threads to spread environments over, separated by commas [default: 1, 2, 4 … up to the number of cores].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    threads: Vec<NonZeroUsize>,
    /// Measure steps with the images of these cameras, named as in `evaluate`, on one core; and what an image costs.
    #[arg(long, value_name = "LIST", conflicts_with_all = ["threads", "chart"])]
    cameras: Option<Cameras>,
    /// Side of these square images, pixels.
    #[arg(long, value_name = "PIXELS", default_value = "84", requires = "cameras", value_parser = clap::value_parser!(u32).range(16..=1024))]
    size: u32,
    /// Rounds per environment; figures are their medians [default: 3, with images 1].
    #[arg(long, value_name = "N")]
    rounds: Option<NonZeroUsize>,
    /// Shortest time that each system is measured for in a round.
    #[arg(long, value_name = "S", default_value_t = 0.3, value_parser = seconds)]
    seconds: f64,
    /// Seed of actions and placements.
    #[arg(long, short, default_value_t = 0)]
    seed: u32,
    /// Folder for the virtual environments of the others [default: peers, in the user's cache].
    #[arg(long, value_name = "DIR")]
    peers: Option<PathBuf>,
    /// The interpreter that these are made with, Python 3.11 to 3.14.
    #[arg(long, value_name = "FILE", default_value = "python3")]
    python: PathBuf,
    /// Draw the ratios of all environments.
    #[arg(long, value_name = "FILE.svg")]
    chart: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Other {
    Envpool,
    Metaworld,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=60.0).contains(&seconds) => Ok(seconds),
        _ => Err("not a number of seconds from 0.001 to 60".to_owned()),
    }
}

impl BenchArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// An unknown environment, a missing asset, a failure of our environments, a chart that cannot be written. A peer that fails
    /// is part of the report.
    pub fn run(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        let tasks = find_tasks(&self.envs)?;
        let engine = Engine::start(LibmMode::Pinned, &Places::from_environment(global).models)?;
        let view = self.view()?;
        let options = BenchOptions {
            models: engine.models,
            tasks,
            threads: self.threads(),
            rounds: self.rounds(),
            slice: Duration::from_secs_f64(self.seconds),
            compare: self.compare(),
            peers: self.peers()?,
            python: self.python.clone(),
            seed: self.seed,
        };
        for warning in Machine::read().warnings() {
            output.note(format_args!("warning: {warning}"));
        }
        let total = options.tasks.len() * options.rounds.get();
        let mut progress = Progress::new("rounds", total);
        let mut watch = |event| match event {
            env_bench::Progress::Installing(peer) => output.note(format_args!(
                "installing {} {} in `{}`",
                peer.name(),
                peer.version(),
                options.peers.display()
            )),
            env_bench::Progress::Lost(peer, reason) => {
                output.note(format_args!(
                    "warning: no figures of {}: {reason}",
                    peer.name()
                ));
            }
            env_bench::Progress::Rounds(done) => progress.done(done, output),
        };
        if let Some(view) = view {
            let report = env_bench::run_with_images(&options, &view, &mut watch)?;
            drop(progress);
            return output.print(&report);
        }
        let report = env_bench::run(&options, &mut watch)?;
        drop(progress);
        if let Some(path) = &self.chart {
            fs::write(path, env_bench::chart(&report))
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        output.print(&report)
    }

    /// The images to measure with, if there are any.
    fn view(&self) -> Result<Option<View>, CliError> {
        let Some(cameras) = &self.cameras else {
            return Ok(None);
        };
        if self.compare.contains(&Other::Envpool) {
            return Err(CliError::usage(anyhow!(
                "EnvPool's Meta-World draws no images: `--compare metaworld` does"
            )));
        }
        let cameras = cameras.list().to_vec();
        if cameras.is_empty() {
            return Err(CliError::usage(anyhow!("`--cameras` names none")));
        }
        let size = ImageSize::new(self.size, self.size).map_err(CliError::usage)?;
        Ok(Some(View { cameras, size }))
    }

    fn rounds(&self) -> NonZeroUsize {
        const ROUNDS: NonZeroUsize = NonZeroUsize::new(3).expect("3 is not 0");
        let default = if self.cameras.is_some() {
            // Python draws some five steps per second: all tasks take nine minutes so.
            NonZeroUsize::MIN
        } else {
            ROUNDS
        };
        self.rounds.unwrap_or(default)
    }

    /// Powers of two up to the number of cores, and that number itself.
    fn threads(&self) -> Vec<NonZeroUsize> {
        if !self.threads.is_empty() {
            return self.threads.clone();
        }
        let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let powers = std::iter::successors(Some(NonZeroUsize::MIN), |threads| {
            threads.checked_mul(NonZeroUsize::new(2)?)
        });
        powers
            .take_while(|threads| *threads < cores)
            .chain([cores])
            .collect()
    }

    fn compare(&self) -> Vec<Peer> {
        let wanted = |peer: &Peer| {
            self.compare.contains(&match peer {
                Peer::EnvPool => Other::Envpool,
                Peer::MetaWorld => Other::Metaworld,
            })
        };
        Peer::ALL.into_iter().filter(wanted).collect()
    }

    fn peers(&self) -> Result<PathBuf, CliError> {
        let default = || places::cache_folder().map(|cache| cache.join("peers"));
        self.peers.clone().or_else(default).ok_or_else(|| {
            CliError::missing(anyhow!("there is no folder for the cache"))
                .with_hint("set `XDG_CACHE_HOME` or `HOME`, or use `--peers DIR`")
        })
    }
}
