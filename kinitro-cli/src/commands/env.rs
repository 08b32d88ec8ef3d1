//! `kinitro env`: the environments, and checks of them.

mod list;
mod parity;
mod test;

use clap::Subcommand;
use kinitro_core::ids::EnvId;

use crate::args::Global;
use crate::error::CliError;
use crate::output::Output;

pub use list::ListArgs;
pub use parity::ParityArgs;
pub use test::TestArgs;

/// What `kinitro env` can do.
#[derive(Debug, Subcommand)]
pub enum EnvCommand {
    /// List the environments by family.
    List(ListArgs),
    /// Run a few episodes of an environment and look at them closely.
    Test(TestArgs),
    /// Compare environments step by step with Python Meta-World.
    Parity(ParityArgs),
}

impl EnvCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command says.
    pub fn run(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        match self {
            Self::List(args) => args.run(output),
            Self::Test(args) => args.run(global, output),
            Self::Parity(args) => args.run(global, output),
        }
    }
}

/// Reads an environment's id; one without a family is Meta-World's.
///
/// # Errors
/// Of an ill-formed id.
pub fn parse_env(text: &str) -> Result<EnvId, kinitro_core::Error> {
    if text.contains('/') {
        text.parse()
    } else {
        format!("metaworld/{text}").parse()
    }
}
