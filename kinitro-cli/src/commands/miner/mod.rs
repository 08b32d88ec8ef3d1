//! `kinitro miner`: what miners use.

mod mock;
mod stop;
mod test;

use anyhow::anyhow;
use clap::Subcommand;

use crate::args::Global;
use crate::error::CliError;
use crate::output::Output;

pub use mock::MockArgs;
pub use test::TestArgs;

/// What `kinitro miner` can do.
#[derive(Debug, Subcommand)]
pub enum MinerCommand {
    /// Run a policy server that speaks every protocol, and fails on demand.
    Mock(Box<MockArgs>),
    /// Try a policy server out: everything that an evaluation would hold against it, and how to fix it.
    Test(Box<TestArgs>),
}

impl MinerCommand {
    /// Whether it computes with MuJoCo.
    pub fn needs_engine(&self) -> bool {
        match self {
            Self::Mock(args) => args.needs_engine(),
            Self::Test(_) => true,
        }
    }

    /// Runs a command that needs no MuJoCo.
    ///
    /// # Errors
    /// As the command says.
    pub fn run_light(&self, output: &mut Output) -> Result<(), CliError> {
        match self {
            Self::Mock(args) => args.run_light(output),
            Self::Test(_) => Err(CliError::usage(anyhow!("tests need the engine"))),
        }
    }

    /// Runs a command that needs MuJoCo.
    ///
    /// # Errors
    /// As the command says.
    pub fn run_engine(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        match self {
            Self::Mock(args) => args.run_engine(global, output),
            Self::Test(args) => args.run(global, output),
        }
    }
}
