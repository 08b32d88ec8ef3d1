//! `kinitro engine-check`: what `doctor` asks of the engine.

use std::fmt;

use kinitro_sim::physics::libm::{self, LibmMode};
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::output::Output;

/// What the engine says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub struct EngineReport {
    /// Version of the crate that the mathematics is pinned to.
    pub libm: String,
    /// Fingerprint of the pinned mathematics, in hexadecimal.
    pub fingerprint: String,
}

impl fmt::Display for EngineReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "libm {} {}", self.libm, self.fingerprint)
    }
}

/// Pins the mathematics, and reports.
///
/// # Errors
/// If the pin or its self-check fails.
pub fn run(output: &mut Output) -> Result<(), CliError> {
    let status = libm::init(LibmMode::Pinned)?;
    output.print(&EngineReport {
        libm: status.crate_version.to_owned(),
        fingerprint: status.fingerprint.to_string(),
    })
}
