//! Where the workspace keeps what tests need.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use kinitro_sim::models::Models;
use kinitro_sim::render::store::MeshStore;

/// The root of the checkout.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package is a folder of the workspace")
}

/// The interpreter of the virtual environment that `deploy/bootstrap.sh` makes.
pub fn python() -> PathBuf {
    workspace().join(".venv/bin/python")
}

/// Meta-World's folder `assets` in that environment.
///
/// # Panics
/// If it is not there.
pub fn model_folder() -> PathBuf {
    let lib = workspace().join(".venv/lib");
    let entries = std::fs::read_dir(&lib)
        .unwrap_or_else(|_| panic!("`{}` is missing: run deploy/bootstrap.sh", lib.display()));
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("site-packages/metaworld/assets"))
        .find(|assets| assets.is_dir())
        .expect("Meta-World is not installed in .venv: run deploy/bootstrap.sh")
}

/// The models in that folder, with the meshes that all tests of a process share.
///
/// # Panics
/// If they are not there.
pub fn models() -> Models {
    static MESHES: LazyLock<MeshStore> = LazyLock::new(MeshStore::in_memory);
    Models::new(model_folder(), MESHES.clone())
}

/// The folder of recorded data, if `KINITRO_TEST_DATA` names one; otherwise says that `what` is skipped.
pub fn test_data(what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("KINITRO_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: {what}, since KINITRO_TEST_DATA names no folder of recorded data");
    }
    folder
}

/// Whether the environment variable `KINITRO_TEST_FULL` is set, to anything: suites that otherwise take samples of their cases
/// then run them all.
pub fn full() -> bool {
    std::env::var_os("KINITRO_TEST_FULL").is_some()
}

/// Whether this machine has OpenGL; otherwise says that `what` is skipped.
#[cfg(feature = "gl")]
pub fn opengl(what: &str) -> bool {
    let devices = kinitro_sim::physics::gl::devices();
    if let Err(reason) = &devices {
        println!("skipped: {what}, since {reason}");
    }
    devices.is_ok()
}
