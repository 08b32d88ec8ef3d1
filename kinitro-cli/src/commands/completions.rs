//! `kinitro completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::args::Cli;
use crate::error::CliError;
use crate::output::Output;

/// Arguments of `kinitro completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell to complete in.
    shell: Shell,
}

impl CompletionsArgs {
    /// Prints the script.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn run(&self, output: &mut Output) -> Result<(), CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "kinitro", &mut script);
        output.text(&String::from_utf8_lossy(&script))
    }
}
