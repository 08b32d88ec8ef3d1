//! Where a Python process looks for the models, and the check of the library that it has loaded.

#![expect(
    clippy::doc_markdown,
    reason = "the functions are documented for readers in Python"
)]

use std::env;
use std::path::PathBuf;

use kinitro_sim::assets::{Asset, AssetPlaces};
use pyo3::prelude::*;

use crate::errors;

/// Compares a MuJoCo library file with the pinned release.
///
/// Raises:
///     AssetError: It is missing, unreadable, or different.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "arguments of Python functions are converted into owned values"
)]
pub(crate) fn verify_library(py: Python<'_>, path: PathBuf) -> PyResult<()> {
    py.detach(|| Asset::Library.verify(&path))
        .map_err(errors::of_simulator)
}

/// Where the models may be: the folder that the caller names, `KINITRO_ASSETS_DIR`, the installed package `metaworld`
/// (which is found without being imported: its import takes long and changes the process), the per-user cache.
pub(crate) fn model_places(py: Python<'_>, folder: Option<PathBuf>) -> PyResult<AssetPlaces> {
    Ok(AssetPlaces {
        flag: folder,
        environment: variable_path("KINITRO_ASSETS_DIR"),
        site_packages: site_packages_of(py, "metaworld")?,
        cache: cache_folder(),
    })
}

/// The folders that hold the installed package `name`; none if there is no such package.
fn site_packages_of(py: Python<'_>, name: &str) -> PyResult<Vec<PathBuf>> {
    let spec = py
        .import("importlib.util")?
        .call_method1("find_spec", (name,))?;
    if spec.is_none() {
        return Ok(Vec::new());
    }
    let folders: Option<Vec<PathBuf>> = spec.getattr("submodule_search_locations")?.extract()?;
    Ok(folders
        .unwrap_or_default()
        .into_iter()
        .filter_map(|folder| folder.parent().map(PathBuf::from))
        .collect())
}

/// What `kinitro assets install` fills: `$KINITRO_CACHE_DIR`, `$XDG_CACHE_HOME/kinitro`, or `~/.cache/kinitro`; none without a home.
fn cache_folder() -> Option<PathBuf> {
    if let Some(own) = variable_path("KINITRO_CACHE_DIR") {
        return Some(own);
    }
    variable_path("XDG_CACHE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| variable_path("HOME").map(|home| home.join(".cache")))
        .map(|base| base.join("kinitro"))
}

fn variable_path(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
