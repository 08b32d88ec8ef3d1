//! `kinitro prepare-meshes`: what `assets install` has the engine do.

use std::fmt;

use kinitro_sim::models::Models;
use kinitro_sim::physics::libm::{self, LibmMode};
use serde::{Deserialize, Serialize};

use crate::args::Global;
use crate::error::CliError;
use crate::output::Output;
use crate::places::Places;
use crate::progress::Progress;

/// What the engine has prepared.
#[derive(Debug, Serialize, Deserialize)]
pub struct PreparedMeshes {
    /// Meshes in the cache, ready to be drawn.
    pub ready: usize,
    /// Meshes of all scenes.
    pub all: usize,
}

impl fmt::Display for PreparedMeshes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} meshes prepared", self.ready, self.all)
    }
}

/// Prepares the meshes of all scenes into the per-user cache; those that are there already are only checked.
///
/// # Errors
/// If the models are missing, or a mesh comes out differently than the image specification says.
pub fn run(global: &Global, output: &mut Output) -> Result<(), CliError> {
    // As in evaluations: compiling a model turns its meshes.
    libm::init(LibmMode::Pinned)?;
    let models = Models::find(&Places::from_environment(global).models)?;
    let files = models.files();
    let mut progress = Progress::new("models looked through for meshes", files.len());
    for (index, file) in files.iter().enumerate() {
        models.prepare(file)?;
        progress.done(index + 1, output);
    }
    drop(progress);
    let holding = models.meshes().holding();
    output.print(&PreparedMeshes {
        ready: holding.ready,
        all: holding.ready + holding.missing + holding.unusable,
    })
}
