//! The program, as a user runs it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::places::workspace;

/// What a run of the program left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// An executable of the workspace, built in the same profile as the running test.
///
/// # Panics
/// If it has not been built: `cargo test` of the whole workspace does that, `cargo test -p kinitro-tests` does not.
pub fn executable(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in `target/<profile>/deps`");
    let path = profile.join(name);
    assert!(
        path.is_file(),
        "`{}` is missing: run `cargo build` in the profile of the tests first",
        path.display()
    );
    path
}

/// The optimized build of an executable, beside the one of the running test.
///
/// # Panics
/// If it has not been built.
pub fn optimized(name: &str) -> PathBuf {
    let built = executable(name);
    let target = built
        .ancestors()
        .nth(2)
        .expect("executables lie in `target/<profile>`");
    let optimized = target.join("release").join(name);
    assert!(
        optimized.is_file(),
        "`{}` is missing: run `cargo build --release -p kinitro-cli -p kinitro-tests`",
        optimized.display()
    );
    optimized
}

/// `kinitro` in the root of the workspace, where it finds what `deploy/bootstrap.sh` prepared.
pub fn command() -> Command {
    // What a shell runs in its background ignores SIGINT, and so does all that this starts unless told otherwise.
    let mut command = Command::new("env");
    command
        .arg("--default-signal=INT")
        .arg(executable("kinitro"))
        .current_dir(workspace())
        .stdin(Stdio::null());
    // What the developer's shell holds must not decide a test.
    for variable in ["KINITRO_MUJOCO_DIR", "KINITRO_ASSETS_DIR", "COLUMNS"] {
        command.env_remove(variable);
    }
    command
}

/// Runs `kinitro` with these arguments.
///
/// # Panics
/// If it cannot be started.
pub fn kinitro<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Finished {
    let output = command()
        .args(arguments)
        .output()
        .expect("the executable can be started");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
