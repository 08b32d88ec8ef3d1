//! The environment's answer to where MuJoCo and the models may be.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kinitro_sim::assets::AssetPlaces;

use crate::args::Global;

/// Where to look for both kinds of asset.
#[derive(Debug)]
pub struct Places {
    /// For the MuJoCo library.
    pub library: AssetPlaces,
    /// For the models.
    pub models: AssetPlaces,
}

impl Places {
    /// From the command line, the environment variables, and the Python installations of this machine.
    pub fn from_environment(global: &Global) -> Self {
        let site_packages = site_packages();
        let places = |flag: &Option<PathBuf>, variable: &str| AssetPlaces {
            flag: flag.clone(),
            environment: variable_path(variable),
            site_packages: site_packages.clone(),
            cache: cache_folder(),
        };
        Self {
            library: places(&global.mujoco_dir, "KINITRO_MUJOCO_DIR"),
            models: places(&global.assets_dir, "KINITRO_ASSETS_DIR"),
        }
    }
}

/// The per-user cache: `$KINITRO_CACHE_DIR`, `$XDG_CACHE_HOME/kinitro`, or `~/.cache/kinitro`; none without a home.
pub fn cache_folder() -> Option<PathBuf> {
    if let Some(own) = variable_path("KINITRO_CACHE_DIR") {
        return Some(own);
    }
    let base = variable_path("XDG_CACHE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| variable_path("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("kinitro"))
}

fn variable_path(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Folders of installed packages: of the active virtual environment, of `.venv` here, and of `python3`.
fn site_packages() -> Vec<PathBuf> {
    let here = env::current_dir().ok().map(|folder| folder.join(".venv"));
    let mut folders: Vec<PathBuf> = [variable_path("VIRTUAL_ENV"), here]
        .into_iter()
        .flatten()
        .flat_map(|environment| environment_packages(&environment))
        .collect();
    for folder in interpreter_packages() {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// `lib/python3.*/site-packages` of a virtual environment, without running anything in it.
fn environment_packages(environment: &Path) -> Vec<PathBuf> {
    let Ok(versions) = fs::read_dir(environment.join("lib")) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = versions
        .flatten()
        .map(|entry| entry.path().join("site-packages"))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.sort();
    folders
}

/// Where the `python3` on the search path looks for packages.
fn interpreter_packages() -> Vec<PathBuf> {
    let script = "import sys; print('\\n'.join(p for p in sys.path if p.endswith('-packages')))";
    let output = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(PathBuf::from)
            .collect(),
        _ => Vec::new(),
    }
}
