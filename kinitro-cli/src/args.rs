//! The tree of commands. What a command takes is beside its code, in [`crate::commands`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{assets, completions, env, evaluate, miner, render, replay, test_scoring};

/// Evaluates robot policies on Meta-World tasks, to the bit the same everywhere.
#[derive(Debug, Parser)]
#[command(
    name = "kinitro",
    version,
    after_help = "Exit codes: 0 success, 1 failed, 2 wrong usage, 3 not found, 4 something that is needed is missing."
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; help if nothing.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Folder with the MuJoCo library; `KINITRO_MUJOCO_DIR` if not given.
    #[arg(long, global = true, value_name = "DIR")]
    pub mujoco_dir: Option<PathBuf>,
    /// Folder with the Meta-World models; `KINITRO_ASSETS_DIR` if not given.
    #[arg(long, global = true, value_name = "DIR")]
    pub assets_dir: Option<PathBuf>,
}

/// What `kinitro` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs in the engine.
    #[command(flatten)]
    Engine(EngineCommand),
    /// Runs in the engine or without, as its arguments say.
    #[command(flatten)]
    Either(EitherCommand),
    /// Runs without MuJoCo.
    #[command(flatten)]
    Light(LightCommand),
}

impl Command {
    /// Whether it computes with MuJoCo.
    pub fn needs_engine(&self) -> bool {
        match self {
            Self::Engine(_) => true,
            Self::Light(_) => false,
            Self::Either(command) => command.needs_engine(),
        }
    }
}

/// Commands that compute with MuJoCo.
#[derive(Debug, Subcommand)]
pub enum EngineCommand {
    /// Run policies on the same scenes and score them.
    Evaluate(Box<evaluate::EvaluateArgs>),
    /// Simulate recorded episodes again and check that everything comes out equal.
    Replay(replay::ReplayArgs),
    /// Draw a scene into a picture file: colors, depth or segmentation.
    Render(render::RenderArgs),
    /// The environments, and checks of them.
    #[command(subcommand)]
    Env(env::EnvCommand),
    /// Flat spelling of `env list`.
    #[command(hide = true)]
    ListEnvs(env::ListArgs),
    /// Flat spelling of `env test`.
    #[command(hide = true)]
    TestEnv(env::TestArgs),
    /// Prepare the meshes of all scenes (used by `assets install`).
    #[command(hide = true)]
    PrepareMeshes,
    /// Check the engine that this program is linked with (used by `doctor`).
    #[command(hide = true)]
    EngineCheck,
}

/// Commands that need no MuJoCo.
#[derive(Debug, Subcommand)]
pub enum LightCommand {
    /// Try the scoring rules on a random table, on one of yours, or on recorded cases.
    TestScoring(test_scoring::TestScoringArgs),
    /// Grouped spelling of `test-scoring`.
    #[command(subcommand, hide = true)]
    Scoring(ScoringCommand),
    /// MuJoCo and the Meta-World models: where they are, and getting them.
    #[command(subcommand)]
    Assets(assets::AssetsCommand),
    /// Check whether this machine can evaluate, and say what is missing.
    Doctor,
    /// Print a completion script for a shell.
    Completions(completions::CompletionsArgs),
}

/// Commands of which only some uses need MuJoCo.
#[derive(Debug, Subcommand)]
pub enum EitherCommand {
    /// For miners: what a policy server needs.
    #[command(subcommand)]
    Miner(miner::MinerCommand),
    /// Flat spelling of `miner mock`.
    #[command(hide = true)]
    MockMiner(Box<miner::MockArgs>),
}

impl EitherCommand {
    fn needs_engine(&self) -> bool {
        match self {
            Self::Miner(command) => command.needs_engine(),
            Self::MockMiner(args) => args.needs_engine(),
        }
    }
}

/// The group of `scoring test`.
#[derive(Debug, Subcommand)]
pub enum ScoringCommand {
    /// The same as `test-scoring`.
    Test(test_scoring::TestScoringArgs),
}
