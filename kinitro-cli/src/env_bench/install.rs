//! Virtual environments with the pinned packages of a peer.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use kinitro_core::digest::FileDigest;

use super::peer::Peer;

/// Time for one step of an installation; some hundred megabytes are fetched.
const LIMIT: Duration = Duration::from_mins(15);
/// How often a running step is looked at.
const POLL: Duration = Duration::from_millis(50);
/// Says, inside the environment, from which requirements it was made; written last.
const STAMP: &str = ".kinitro-stamp";

/// Where a peer is installed.
#[derive(Debug)]
pub(super) struct PeerHome {
    pub(super) peer: Peer,
    /// The virtual environment; replaced if it is not the one that is needed.
    pub(super) folder: PathBuf,
}

impl PeerHome {
    /// The interpreter with the peer's packages; `begun` is called if they have to be installed first.
    ///
    /// # Errors
    /// Without Python or an index that has the pinned files, or if a step takes too long; with the last words of that step.
    pub(super) fn install(
        &self,
        python: &Path,
        begun: &mut dyn FnMut(),
    ) -> anyhow::Result<PathBuf> {
        let requirements = requirements(self.peer);
        let expected = FileDigest::of(&[requirements.as_bytes()]).to_string();
        let stamp = self.folder.join(STAMP);
        let interpreter = self.folder.join("bin/python");
        if fs::read_to_string(&stamp).is_ok_and(|found| found == expected) {
            return Ok(interpreter);
        }
        begun();
        let unwritable = || format!("cannot write to `{}`", self.folder.display());
        let work = tempfile::tempdir().context("cannot make a temporary folder")?;
        let list = work.path().join("requirements.txt");
        fs::write(&list, requirements)
            .with_context(|| format!("cannot write `{}`", list.display()))?;
        fs::create_dir_all(&self.folder).with_context(unwritable)?;

        let mut environment = Command::new(python);
        environment
            .args(["-m", "venv", "--clear"])
            .arg(&self.folder);
        let mut packages = Command::new(&interpreter);
        packages
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-input"])
            .args([
                "--disable-pip-version-check",
                "--only-binary=:all:",
                "--require-hashes",
            ])
            .arg("--requirement")
            .arg(&list);
        for step in [environment, packages] {
            run(step, work.path(), LIMIT)
                .with_context(|| format!("cannot install `{}`", self.peer.name()))?;
        }
        fs::write(&stamp, expected).with_context(unwritable)?;
        Ok(interpreter)
    }
}

fn requirements(peer: Peer) -> &'static str {
    match peer {
        Peer::EnvPool => include_str!("peers/envpool.txt"),
        Peer::MetaWorld => include_str!("peers/metaworld.txt"),
    }
}

/// Runs a command to its end; its output goes to a file in `folder`.
fn run(mut command: Command, folder: &Path, limit: Duration) -> anyhow::Result<()> {
    let said = folder.join("output.txt");
    let output = File::create(&said).and_then(|file| Ok((file.try_clone()?, file)));
    let (stdout, stderr) = output.with_context(|| format!("cannot write `{}`", said.display()))?;
    let program = command.get_program().to_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .with_context(|| format!("cannot run `{}`", program.display()))?;
    let ended = wait(&mut || child.try_wait(), limit).context("cannot wait for a process")?;
    let Some(status) = ended else {
        let _ = child.kill();
        let _ = child.wait();
        bail!(
            "`{}` did not end within {} s",
            program.display(),
            limit.as_secs_f64()
        );
    };
    if !status.success() {
        let said = fs::read(&said).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let last_words = said.trim().lines().last().unwrap_or("it said nothing");
        bail!("`{}` ended with {status}: {last_words}", program.display());
    }
    Ok(())
}

/// Waits until there is a status; none if there was none in time.
fn wait(
    status: &mut dyn FnMut() -> io::Result<Option<ExitStatus>>,
    limit: Duration,
) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = status()? {
            return Ok(Some(status));
        }
        if begun.elapsed() > limit {
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn failure(command: Command, limit: Duration) -> String {
        let folder = tempfile::tempdir().unwrap();
        format!("{:#}", run(command, folder.path(), limit).unwrap_err())
    }

    #[test]
    fn a_step_that_fails_is_reported_with_its_last_words() {
        let failed = failure(shell("echo first; echo no such file >&2; exit 2"), LIMIT);
        assert_eq!(failed, "`sh` ended with exit status: 2: no such file");
        let missing = failure(Command::new("/nonexistent/python"), LIMIT);
        assert!(missing.starts_with("cannot run `/nonexistent/python`"));
    }

    #[test]
    fn a_step_that_hangs_is_given_up() {
        let hung = failure(shell("exec sleep 1000"), Duration::from_millis(200));
        assert_eq!(hung, "`sh` did not end within 0.2 s");
    }

    #[test]
    fn what_is_installed_is_used_and_what_is_not_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let home = PeerHome {
            peer: Peer::EnvPool,
            folder: dir.path().join("envpool"),
        };
        let missing = Path::new("/nonexistent/python");
        let mut begun = 0;
        let failed = home.install(missing, &mut || begun += 1).unwrap_err();
        assert!(format!("{failed:#}").starts_with("cannot install `envpool`: cannot run"));
        assert_eq!(begun, 1);
        let digest = FileDigest::of(&[requirements(Peer::EnvPool).as_bytes()]);
        fs::write(home.folder.join(STAMP), digest.to_string()).unwrap();
        let python = home.install(missing, &mut || begun += 1).unwrap();
        assert_eq!((python, begun), (home.folder.join("bin/python"), 1));
    }

    #[test]
    fn every_requirement_is_pinned_and_the_peers_are_among_them() {
        for peer in Peer::ALL {
            let requirements = requirements(peer);
            assert!(requirements.contains(&format!("\n{}=={} ", peer.name(), peer.version())));
            let packages = requirements
                .lines()
                .filter(|line| line.contains("=="))
                .count();
            let lines = requirements
                .lines()
                .filter(|line| line.ends_with('\\'))
                .count();
            let hashes = requirements.matches("--hash=sha256:").count();
            // Every line but the last of a package ends with a backslash.
            assert!(packages <= hashes && lines == hashes, "{}", peer.name());
        }
    }
}
