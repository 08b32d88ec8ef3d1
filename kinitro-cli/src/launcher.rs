//! Starts the part of the program that is linked with MuJoCo.

use std::convert::Infallible;
use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow};
use kinitro_sim::assets::{Asset, Found};

use crate::args::Global;
use crate::error::CliError;
use crate::places::Places;

const ENGINE: &str = "kinitro-engine";

/// Replaces this process by the engine, with the same arguments. Returns only if that failed.
pub fn start(global: &Global) -> CliError {
    match try_start(global) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn try_start(global: &Global) -> Result<Infallible, CliError> {
    let library = Asset::Library.find(&Places::from_environment(global).library)?;
    let mut engine = command(&library)?;
    engine.args(env::args_os().skip(1));
    let cause = engine.exec();
    Err(CliError::missing(anyhow!(cause).context(format!(
        "cannot start `{}`",
        Path::new(engine.get_program()).display()
    ))))
}

/// The engine, set up to load the verified library.
///
/// # Errors
/// [`crate::error::Kind::MissingDependency`] if there is no engine beside this executable.
#[expect(
    clippy::missing_panics_doc,
    reason = "a library that was found has a folder"
)]
pub fn command(library: &Found) -> Result<Command, CliError> {
    let engine = executable()?;
    let folder = library
        .path
        .parent()
        .expect("a library file lies in a folder");
    let mut command = Command::new(engine);
    command.env("LD_LIBRARY_PATH", library_path(folder)?);
    Ok(command)
}

/// `kinitro-engine` beside this executable, symbolic links followed.
fn executable() -> Result<PathBuf, CliError> {
    let own = env::current_exe()
        .and_then(std::fs::canonicalize)
        .context("cannot find the file of this program")?;
    let engine = own.with_file_name(ENGINE);
    if engine.is_file() {
        Ok(engine)
    } else {
        let missing = anyhow!("`{}` is missing", engine.display());
        Err(CliError::missing(missing)
            .with_hint("`kinitro` and `kinitro-engine` are installed together, in one folder"))
    }
}

/// The folder first, then what the user had set.
fn library_path(folder: &Path) -> Result<OsString, CliError> {
    let present = env::var_os("LD_LIBRARY_PATH").filter(|value| !value.is_empty());
    let rest = present.iter().flat_map(env::split_paths);
    let joined = env::join_paths([folder.to_owned()].into_iter().chain(rest));
    joined.map_err(|cause| {
        CliError::failed(anyhow!(cause).context(format!(
            "libraries cannot be loaded from `{}`",
            folder.display()
        )))
    })
}
