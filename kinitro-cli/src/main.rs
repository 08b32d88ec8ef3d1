//! `kinitro`: parses the command line, runs what needs no MuJoCo, and starts the engine for the rest.

use std::process::ExitCode;

fn main() -> ExitCode {
    kinitro_cli::main_light()
}
