//! `kinitro env`: the environments, and checks of them.

mod bench;
mod list;
mod parity;
mod test;

use anyhow::anyhow;
use clap::Subcommand;
use kinitro_core::ids::EnvId;
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::metaworld::tasks;

use crate::args::Global;
use crate::error::CliError;
use crate::output::Output;

pub use bench::BenchArgs;
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
    /// Measure how fast environments step and reset, and compare with other implementations.
    Bench(BenchArgs),
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
            Self::Bench(args) => args.run(global, output),
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

/// The Meta-World tasks of these names; all of them if there are none.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] for an environment that is none.
fn find_tasks(envs: &[EnvId]) -> Result<Vec<&'static TaskSpec>, CliError> {
    if envs.is_empty() {
        return Ok(tasks::TASKS.to_vec());
    }
    let find = |env: &EnvId| match env.family() {
        "metaworld" => tasks::find(env.name()),
        _ => None,
    };
    let unknown = |env: &EnvId| {
        let error = anyhow!("unknown environment `{env}`");
        CliError::not_found(error).with_hint("`kinitro env list` shows what there is")
    };
    envs.iter()
        .map(|env| find(env).ok_or_else(|| unknown(env)))
        .collect()
}
