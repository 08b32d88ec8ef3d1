//! Other implementations, each driven by a Python process of its own (`peers/peer.py` says what is exchanged).

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use kinitro_sim::episode::View;
use kinitro_sim::render::camera::mounted;
use serde::{Deserialize, Serialize};

use super::plan::{Plan, Shape};
use super::slice::{Length, Slice};

const SCRIPT: &str = include_str!("peers/peer.py");

/// Time to import packages, compile models and draw placements.
const OPENING: Duration = Duration::from_mins(2);
/// Time for a slice beside its length; a pass of the slowest task takes some seconds on a busy machine.
const SLICE: Duration = Duration::from_mins(2);
/// Longest line of an answer, bytes.
const MAX_LINE: u64 = 64 * 1024;

/// One thread for linear algebra, since the threads are what is compared.
const ENVIRONMENT: [(&str, &str); 2] = [("OPENBLAS_NUM_THREADS", "1"), ("OMP_NUM_THREADS", "1")];
/// Nothing is drawn.
const BLIND: [(&str, &str); 1] = [("MUJOCO_GL", "disable")];
/// Pictures without a screen, drawn by Mesa in software. It is kept on one core, so more than one thread would only take turns.
const SEEING: [(&str, &str); 3] = [
    ("MUJOCO_GL", "egl"),
    ("LIBGL_ALWAYS_SOFTWARE", "1"),
    ("LP_NUM_THREADS", "1"),
];

/// Another implementation of Meta-World.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// `EnvPool`: C++, the fastest that is published.
    EnvPool,
    /// Meta-World itself: Python.
    MetaWorld,
}

impl Peer {
    /// Every peer.
    pub const ALL: [Self; 2] = [Self::EnvPool, Self::MetaWorld];

    /// The name of its package.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EnvPool => "envpool",
            Self::MetaWorld => "metaworld",
        }
    }

    /// The version that is compared with.
    pub const fn version(self) -> &'static str {
        match self {
            Self::EnvPool => "1.2.5",
            Self::MetaWorld => "3.1.1",
        }
    }

    /// Whether it can be compared in this shape: a process of Meta-World is one environment.
    pub(super) fn plays(self, shape: Shape) -> bool {
        match self {
            Self::EnvPool => true,
            Self::MetaWorld => shape == Shape::SINGLE,
        }
    }
}

/// How the pictures of a peer look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Look {
    /// As Meta-World delivers them.
    Stock,
    /// Without shadows, reflections and multisampling.
    Plain,
}

/// A request, as the script reads it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Request<'a> {
    Open {
        task: &'a str,
        environments: usize,
        threads: usize,
        look: Option<Look>,
    },
    Slice {
        environments: usize,
        threads: usize,
        look: Option<Look>,
        steps: usize,
        seconds: f64,
    },
    Close {},
}

/// What the script answers.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Answer {
    Error {
        error: String,
    },
    Slice {
        steps: usize,
        seconds: f64,
        resets: Vec<f64>,
    },
    Opened {
        #[serde(rename = "opened")]
        _environments: usize,
        /// What draws its pictures, if there are any.
        #[serde(default)]
        renderer: Option<String>,
    },
    Closed {
        #[serde(rename = "closed")]
        _count: usize,
    },
}

/// A running peer. It is ended when this is dropped.
#[derive(Debug)]
pub(super) struct PeerProcess {
    name: &'static str,
    child: Child,
    /// Lines of its answers, in order; closed with its output.
    lines: Receiver<std::io::Result<String>>,
    complaints: PathBuf,
}

impl PeerProcess {
    /// Starts the driver of a peer with the interpreter that has its packages, to draw what `view` shows. Files go into `folder`, which must outlive it.
    pub(super) fn start(
        peer: Peer,
        python: &Path,
        plan: &Plan,
        view: &View,
        actions: &Path,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let script = folder.join("peer.py");
        fs::write(&script, SCRIPT)
            .with_context(|| format!("cannot write `{}`", script.display()))?;
        let (steps, environments) = plan.actions.shape();
        let cameras: Vec<&str> = view.cameras.iter().map(|&name| mounted(name).0).collect();
        let mut command = Command::new(python);
        // `-I`: neither the user's site packages nor PYTHONPATH nor the current folder may decide what is imported.
        command
            .arg("-I")
            .arg(script)
            .arg(peer.name())
            .arg(actions)
            .args([
                steps.to_string(),
                environments.to_string(),
                plan.seed.to_string(),
                view.size.width().to_string(),
                cameras.join(","),
            ])
            .envs(ENVIRONMENT);
        if view.cameras.is_empty() {
            command.envs(BLIND);
        } else {
            command.envs(SEEING);
        }
        Self::spawn(peer.name(), command, folder)
    }

    fn spawn(name: &'static str, mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let complaints = folder.join(format!("{name}.stderr"));
        let stderr = File::create(&complaints)
            .with_context(|| format!("cannot write `{}`", complaints.display()))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot start `{}`", command.get_program().display()))?;
        let stdout = child
            .stdout
            .take()
            .expect("the output was asked for as a pipe");
        Ok(Self {
            name,
            child,
            lines: follow(stdout),
            complaints,
        })
    }

    /// Makes environments of a task; says what draws their pictures, if they have a look.
    pub(super) fn open(
        &mut self,
        task: &str,
        shape: Shape,
        look: Option<Look>,
    ) -> anyhow::Result<Option<String>> {
        let request = Request::Open {
            task,
            environments: shape.environments,
            threads: shape.threads,
            look,
        };
        match self.ask(&request, OPENING)? {
            Answer::Opened { renderer, .. } => Ok(renderer.map(|name| excerpt(&name))),
            other => self.out_of_turn(&other),
        }
    }

    /// Plays a slice of what was opened in this shape and look.
    pub(super) fn slice(
        &mut self,
        shape: Shape,
        look: Option<Look>,
        length: Length,
    ) -> anyhow::Result<Slice> {
        let request = Request::Slice {
            environments: shape.environments,
            threads: shape.threads,
            look,
            steps: length.steps,
            seconds: length.at_least.as_secs_f64(),
        };
        match self.ask(&request, SLICE + length.at_least)? {
            Answer::Slice {
                steps,
                seconds,
                resets,
            } => {
                let (name, pass) = (self.name, length.steps * shape.environments);
                let sound = |time: f64| time.is_finite() && time > 0.0;
                if steps != pass * resets.len()
                    || steps == 0
                    || ![seconds].iter().chain(&resets).all(|&time| sound(time))
                {
                    bail!(
                        "`{name}` claims {steps} steps in {seconds} s after {} resets",
                        resets.len()
                    );
                }
                Ok(Slice {
                    steps,
                    seconds,
                    resets,
                })
            }
            other => self.out_of_turn(&other),
        }
    }

    /// Lets go of all environments.
    pub(super) fn close(&mut self) -> anyhow::Result<()> {
        match self.ask(&Request::Close {}, OPENING)? {
            Answer::Closed { .. } => Ok(()),
            other => self.out_of_turn(&other),
        }
    }

    fn out_of_turn<T>(&self, answer: &Answer) -> anyhow::Result<T> {
        bail!("`{}` answered another question: {answer:?}", self.name)
    }

    fn ask(&mut self, request: &Request<'_>, limit: Duration) -> anyhow::Result<Answer> {
        let name = self.name;
        let mut line = serde_json::to_string(request).context("cannot write a request")?;
        line.push('\n');
        let stdin = self.child.stdin.as_mut();
        let stdin = stdin.expect("the input was asked for as a pipe and is never taken");
        // A process that has ended is noticed below, where its last words are known.
        let _ = stdin
            .write_all(line.as_bytes())
            .and_then(|()| stdin.flush());
        let line = match self.lines.recv_timeout(limit) {
            Ok(line) => line.with_context(|| format!("cannot read what `{name}` answers"))?,
            Err(RecvTimeoutError::Timeout) => {
                bail!("`{name}` did not answer within {} s", limit.as_secs_f64())
            }
            Err(RecvTimeoutError::Disconnected) => return self.explain_end(),
        };
        match serde_json::from_str(&line) {
            Ok(Answer::Error { error }) => bail!("`{name}` failed: {error}"),
            Ok(answer) => Ok(answer),
            Err(_) => bail!("`{name}` answered `{}`", excerpt(&line)),
        }
    }

    fn explain_end<T>(&mut self) -> anyhow::Result<T> {
        // It has closed its output but may still run.
        let _ = self.child.kill();
        let status = self.child.wait().context("cannot wait for the process")?;
        let complaints = fs::read(&self.complaints).unwrap_or_default();
        let complaints = String::from_utf8_lossy(&complaints);
        let last_words = complaints.lines().last().unwrap_or("it said nothing");
        bail!(
            "`{}` ended with {status}: {}",
            self.name,
            excerpt(last_words)
        )
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        // It holds nothing that would have to be saved, and it may hang.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines on a thread of their own, which ends with the output.
fn follow(stdout: ChildStdout) -> Receiver<std::io::Result<String>> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        loop {
            let mut line = Vec::new();
            match stdout.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) => {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    if sender.send(Ok(line)).is_err() {
                        return;
                    }
                }
                Err(error) => {
                    let _ = sender.send(Err(error));
                    return;
                }
            }
        }
    });
    lines
}

/// The beginning of what a stranger said, fit to be printed.
fn excerpt(text: &str) -> String {
    const LEN: usize = 200;
    let printable = text.trim().chars().map(|character| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    });
    printable.take(LEN).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A peer that is a shell script.
    fn made_up(script: &str) -> (PeerProcess, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let process = PeerProcess::spawn("made-up", command, folder.path()).unwrap();
        (process, folder)
    }

    fn complaint(script: &str) -> String {
        let (mut process, _folder) = made_up(script);
        let begun = Instant::now();
        let reason = process
            .ask(&Request::Close {}, Duration::from_millis(300))
            .unwrap_err();
        drop(process);
        assert!(begun.elapsed() < Duration::from_secs(20));
        format!("{reason:#}")
    }

    const LENGTH: Length = Length {
        steps: 10,
        at_least: Duration::from_millis(1),
    };

    fn slice_of(answer: &str) -> anyhow::Result<Slice> {
        let (mut process, _folder) = made_up(&format!("read line; echo '{answer}'"));
        process.slice(Shape::SINGLE, None, LENGTH)
    }

    #[test]
    fn requests_are_answered_in_turn() {
        let script = r#"
            read line; case "$line" in *reach-v3*'"look":"plain"'*) echo '{"opened": 1, "renderer": "soft"}';; esac
            read line; case "$line" in *'"steps":10'*) echo '{"steps": 20, "seconds": 0.5, "resets": [0.1, 0.2]}';; esac
            read line; echo '{"closed": 1}'"#;
        let (mut process, _folder) = made_up(script);
        let look = Some(Look::Plain);
        let renderer = process.open("reach-v3", Shape::SINGLE, look).unwrap();
        assert_eq!(renderer.as_deref(), Some("soft"));
        let slice = process.slice(Shape::SINGLE, look, LENGTH).unwrap();
        process.close().unwrap();
        let expected = Slice {
            steps: 20,
            seconds: 0.5,
            resets: vec![0.1, 0.2],
        };
        assert_eq!((slice.rate(), slice), (40.0, expected));
    }

    #[test]
    fn a_peer_that_hangs_is_given_up() {
        assert_eq!(
            complaint("exec sleep 1000"),
            "`made-up` did not answer within 0.3 s"
        );
    }

    #[test]
    fn a_peer_that_talks_without_a_line_is_given_up() {
        let complaint = complaint("head -c 100000 /dev/zero | tr '\\0' x; exec sleep 1000");
        assert!(
            complaint.starts_with("`made-up` answered `xxx"),
            "{complaint}"
        );
        assert!(complaint.len() < 300);
    }

    #[test]
    fn rubbish_is_quoted() {
        assert_eq!(
            complaint("echo 'bad \x1b[31mnews'; exec sleep 1000"),
            "`made-up` answered `bad  [31mnews`"
        );
        assert_eq!(
            complaint("echo '{\"steps\": 3}'; exec sleep 1000"),
            "`made-up` answered `{\"steps\": 3}`"
        );
    }

    #[test]
    fn the_last_words_of_a_peer_that_ends_are_passed_on() {
        let complaint = complaint("echo nonsense >&2; echo no such module >&2; exit 3");
        assert_eq!(
            complaint,
            "`made-up` ended with exit status: 3: no such module"
        );
    }

    #[test]
    fn the_scripts_own_reason_is_passed_on() {
        let complaint = complaint("echo '{\"error\": \"ValueError: no\"}'; exec sleep 1000");
        assert_eq!(complaint, "`made-up` failed: ValueError: no");
    }

    #[test]
    fn figures_that_cannot_be_are_refused() {
        assert!(slice_of(r#"{"steps": 10, "seconds": 0.1, "resets": [0.1]}"#).is_ok());
        for answer in [
            r#"{"steps": 11, "seconds": 0.1, "resets": [0.1]}"#,
            r#"{"steps": 0, "seconds": 0.1, "resets": []}"#,
            r#"{"steps": 10, "seconds": 0.0, "resets": [0.1]}"#,
            r#"{"steps": 10, "seconds": 0.1, "resets": [-0.1]}"#,
            r#"{"opened": 1}"#,
        ] {
            assert!(slice_of(answer).is_err(), "{answer}");
        }
    }

    #[test]
    fn the_drivers_are_for_the_versions_that_are_named() {
        for peer in Peer::ALL {
            let pinned = format!("\"{}\": \"{}\"", peer.name(), peer.version());
            assert!(SCRIPT.contains(&pinned), "{pinned}");
        }
    }
}
