//! `robo`: `kinitro` under its second name.

use std::process::ExitCode;

fn main() -> ExitCode {
    kinitro_cli::main_light()
}
