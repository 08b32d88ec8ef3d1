//! One file per command.

pub mod assets;
pub mod completions;
pub mod doctor;
pub mod engine_check;
pub mod env;
pub mod evaluate;
pub mod miner;
pub mod prepare_meshes;
pub mod render;
pub mod replay;
pub mod shared;
pub mod test_scoring;

use crate::args::{EitherCommand, EngineCommand, Global, LightCommand, ScoringCommand};
use crate::error::CliError;
use crate::output::Output;

/// Runs a command that does not need MuJoCo. Nothing reached from here may call the engine.
///
/// # Errors
/// As the command says.
pub fn run_light(
    command: LightCommand,
    global: &Global,
    output: &mut Output,
) -> Result<(), CliError> {
    match command {
        LightCommand::TestScoring(args) | LightCommand::Scoring(ScoringCommand::Test(args)) => {
            args.run(output)
        }
        LightCommand::Assets(command) => command.run(global, output),
        LightCommand::Doctor => doctor::run(global, output),
        LightCommand::Completions(args) => args.run(output),
    }
}

/// Runs a command that needs MuJoCo.
///
/// # Errors
/// As the command says.
pub fn run_engine(
    command: &EngineCommand,
    global: &Global,
    output: &mut Output,
) -> Result<(), CliError> {
    match command {
        EngineCommand::Evaluate(args) => args.run(global, output),
        EngineCommand::Replay(args) => args.run(global, output),
        EngineCommand::Render(args) => args.run(global, output),
        EngineCommand::Env(command) => command.run(global, output),
        EngineCommand::ListEnvs(args) => args.run(output),
        EngineCommand::TestEnv(args) => args.run(global, output),
        EngineCommand::PrepareMeshes => prepare_meshes::run(global, output),
        EngineCommand::EngineCheck => engine_check::run(output),
    }
}

/// Runs a use of a command that does not need MuJoCo. Nothing reached from here may call the engine.
///
/// # Errors
/// As the command says.
pub fn run_either_light(command: &EitherCommand, output: &mut Output) -> Result<(), CliError> {
    match command {
        EitherCommand::Miner(command) => command.run_light(output),
        EitherCommand::MockMiner(args) => args.run_light(output),
    }
}

/// Runs a use of a command that needs MuJoCo.
///
/// # Errors
/// As the command says.
pub fn run_either_engine(
    command: &EitherCommand,
    global: &Global,
    output: &mut Output,
) -> Result<(), CliError> {
    match command {
        EitherCommand::Miner(command) => command.run_engine(global, output),
        EitherCommand::MockMiner(args) => args.run_engine(global, output),
    }
}
