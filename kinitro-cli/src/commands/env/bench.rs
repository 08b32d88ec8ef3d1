//! `kinitro env bench`.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};
use kinitro_core::ids::EnvId;
use kinitro_sim::physics::libm::LibmMode;

use super::{find_tasks, parse_env};
use crate::args::Global;
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
    /// Rounds per environment; figures are their medians.
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZeroUsize,
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
        let options = BenchOptions {
            models: engine.models,
            tasks,
            threads: self.threads(),
            rounds: self.rounds,
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
        let report = env_bench::run(&options, &mut |event| match event {
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
        })?;
        drop(progress);
        if let Some(path) = &self.chart {
            fs::write(path, env_bench::chart(&report))
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        output.print(&report)
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
