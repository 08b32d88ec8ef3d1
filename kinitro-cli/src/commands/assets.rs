//! `kinitro assets`: where MuJoCo and the models are, and getting them.

mod install;
mod wheel;

use std::fmt;

use clap::Subcommand;
use kinitro_sim::assets::{Asset, Origin};
use serde::Serialize;

use crate::args::Global;
use crate::error::CliError;
use crate::output::Output;
use crate::places::Places;

pub use install::InstallArgs;

/// What `kinitro assets` can do.
#[derive(Debug, Subcommand)]
pub enum AssetsCommand {
    /// Say which library and models would be used.
    Status,
    /// Get the pinned library and models into the per-user cache.
    Install(InstallArgs),
}

impl AssetsCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command says; `status` fails if something is missing.
    pub fn run(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        match self {
            Self::Status => status(global, output),
            Self::Install(args) => args.run(output),
        }
    }
}

/// One asset, found or not.
#[derive(Debug, Serialize)]
pub(super) struct AssetStatus {
    name: &'static str,
    pub(super) path: Option<String>,
    origin: Option<&'static str>,
    pub(super) problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Status {
    library: AssetStatus,
    models: AssetStatus,
}

fn status(global: &Global, output: &mut Output) -> Result<(), CliError> {
    let places = Places::from_environment(global);
    let library = Asset::Library.find(&places.library);
    let models = Asset::Models.find(&places.models);
    output.print(&Status {
        library: AssetStatus::of(Asset::Library, &library),
        models: AssetStatus::of(Asset::Models, &models),
    })?;
    library.and(models)?;
    Ok(())
}

impl AssetStatus {
    pub(super) fn of(
        asset: Asset,
        result: &Result<kinitro_sim::assets::Found, kinitro_sim::Error>,
    ) -> Self {
        let found = result.as_ref().ok();
        Self {
            name: asset.name(),
            path: found.map(|found| found.path.display().to_string()),
            origin: found.map(|found| match found.origin {
                Origin::Flag => "flag",
                Origin::Environment => "environment",
                Origin::PythonPackage => "python",
                Origin::Cache => "cache",
            }),
            problem: result.as_ref().err().map(ToString::to_string),
        }
    }
}

impl fmt::Display for AssetStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.origin, &self.problem) {
            (Some(path), Some(origin), _) => write!(f, "{}: {path} ({origin})", self.name),
            (.., Some(problem)) => write!(f, "{}: {problem}", self.name),
            _ => write!(f, "{}: unknown", self.name),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.library, self.models)
    }
}
