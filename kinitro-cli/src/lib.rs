//! The command line of Kinitro.
//!
//! Two executables share this library. `kinitro` must start on a machine without MuJoCo, so nothing that [`main_light`]
//! reaches may call the engine: the linker then drops the dependency (a test reads the finished file). `kinitro-engine`
//! reaches everything; `kinitro` finds and verifies the MuJoCo library and replaces itself by the engine where a command
//! needs it ([`launcher`]).
//!
//! A command is a file in [`commands`]: its arguments, and a `run` that parses, builds, calls a library and prints.

pub mod args;
pub mod bench;
pub mod commands;
pub mod engine;
pub mod env_check;
pub mod error;
pub mod evaluate;
pub mod launcher;
pub mod output;
pub mod parallel;
pub mod parity;
pub mod places;
pub mod progress;
pub mod replay;
pub mod scoreboard;
pub mod scoring_table;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use args::{Cli, Command};
use error::CliError;
use output::Output;

/// `kinitro` (and `robo`): runs light commands, and starts the engine for the others.
pub fn main_light() -> ExitCode {
    run(|cli, output| match cli.command {
        Some(Command::Engine(_)) => Err(launcher::start(&cli.global)),
        Some(Command::Light(command)) => commands::run_light(command, &cli.global, output),
        None => output.text(&Cli::command().render_help().to_string()),
    })
}

/// `kinitro-engine`: runs the commands that need MuJoCo.
pub fn main_engine() -> ExitCode {
    run(|cli, output| match cli.command {
        Some(Command::Engine(command)) => commands::run_engine(&command, &cli.global, output),
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
