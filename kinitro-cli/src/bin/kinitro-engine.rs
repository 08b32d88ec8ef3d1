//! `kinitro-engine`: the part of `kinitro` that is linked with MuJoCo. `kinitro` starts it with the verified library.

use std::process::ExitCode;

fn main() -> ExitCode {
    kinitro_cli::main_engine()
}
