//! The two executables: the parsed command line is run here or handed to the engine.

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args::{Cli, Command};
use crate::error::CliError;
use crate::output::Output;
use crate::{commands, launcher};

/// `kinitro` (and `robo`): runs light commands, and starts the engine for the others.
pub fn main_light() -> ExitCode {
    run(|cli, output| match cli.command {
        Some(command) if command.needs_engine() => Err(launcher::start(&cli.global)),
        Some(Command::Light(command)) => commands::run_light(command, &cli.global, output),
        Some(Command::Either(command)) => commands::run_either_light(&command, output),
        // The engine's commands are gone to it already.
        Some(Command::Engine(_)) | None => output.text(&Cli::command().render_help().to_string()),
    })
}

/// `kinitro-engine`: runs the commands that need MuJoCo.
pub fn main_engine() -> ExitCode {
    run(|cli, output| match cli.command {
        Some(Command::Engine(command)) => commands::run_engine(&command, &cli.global, output),
        Some(Command::Either(command)) => {
            commands::run_either_engine(&command, &cli.global, output)
        }
        _ => Err(CliError::usage(anyhow::anyhow!(
            "this is a part of `kinitro`; use that"
        ))),
    })
}

fn run(command: impl FnOnce(Cli, &mut Output) -> Result<(), CliError>) -> ExitCode {
    let matches = Cli::command().try_get_matches();
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        // Help and version come this way too; clap knows their exit codes.
        Err(message) => {
            let code = message.exit_code();
            return match message.print() {
                Ok(()) => ExitCode::from(u8::try_from(code).unwrap_or(2)),
                Err(_) => ExitCode::SUCCESS,
            };
        }
    };
    let mut output = Output::new(cli.global.json);
    match command(cli, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.fail(&error),
    }
}
