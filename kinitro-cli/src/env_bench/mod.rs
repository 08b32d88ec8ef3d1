//! How fast the environments step and reset, against their own physics and against other implementations of Meta-World.
//!
//! [`run`] measures task by task. For each task everything that takes part is opened once; then come rounds, and in every round each
//! system plays one *slice* per [`Shape`], one after the other and in a rotated order, so that whatever else the machine does hits all
//! of them alike. Compared are slices of the same round; what is reported are medians over the rounds.
//!
//! | system | what a slice of it is |
//! |---|---|
//! | ours, with info values | passes of [`Shape::pass_steps`] control steps of all environments after a reset: observation, reward, flags, info |
//! | ours, without | the same without the info values |
//! | the floor | the same commands from the same starts, and nothing but the five `mj_step` of each |
//! | [`Peer::EnvPool`] | the same actions; info values always, by its own placements |
//! | [`Peer::MetaWorld`] | the same actions and placements, one environment on one thread; info values always |
//!
//! Steps are timed without resets, which are timed by themselves.
//! The share of a step that is spent inside `mj_step` is the floor's time over ours: both are whole passes, so no clock is read inside
//! the loop that is measured. That both come to the same states is checked for every task before it is measured.
//!
//! [`run_with_images`] measures the same steps with the images of a view, on one core; see `images`.

mod chart;
mod floor;
mod images;
mod install;
mod machine;
mod ours;
mod peer;
mod pinned;
mod plan;
mod report;
mod slice;
mod statistics;
mod text;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use kinitro_sim::episode::View;
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::models::Models;

use floor::Floor;
use install::PeerHome;
use ours::{Ours, Resets};
use peer::PeerProcess;
use plan::Plan;
use slice::{Length, Slice};

pub use chart::chart;
pub use images::{
    ImageReport, ImageSummary, ImageTaskReport, PictureReport, run as run_with_images,
};
pub use machine::Machine;
pub use peer::Peer;
pub use plan::Shape;
pub use report::{
    BenchReport, PeerReport, Rate, ResetReport, ShapeReport, ShapeSummary, Summary, TaskReport,
};

/// What to measure.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// Meta-World's folder `assets`.
    pub models: Models,
    /// The tasks.
    pub tasks: Vec<&'static TaskSpec>,
    /// Numbers of threads to spread environments over, beside one environment on one thread.
    pub threads: Vec<NonZeroUsize>,
    /// Rounds per task.
    pub rounds: NonZeroUsize,
    /// A slice lasts at least so long.
    pub slice: Duration,
    /// Whom to compare with.
    pub compare: Vec<Peer>,
    /// Folder of the virtual environments of the peers; theirs alone.
    pub peers: PathBuf,
    /// The interpreter that these are made with.
    pub python: PathBuf,
    /// Seed of actions and placements.
    pub seed: u32,
}

/// What happens meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A peer's packages are being installed, which can take minutes.
    Installing(Peer),
    /// A peer takes no part any more, for this reason.
    Lost(Peer, String),
    /// So many rounds of all tasks are done.
    Rounds(usize),
}

/// Measures. A peer that cannot be had or fails is reported, and has no figures from then on.
///
/// # Errors
/// When an environment of ours fails, when it and its floor do not come to the same states, or without a temporary folder.
pub fn run(
    options: &BenchOptions,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<BenchReport> {
    let machine = Machine::read();
    let plan = Plan::new(&options.threads, options.seed);
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut peers = start_peers(options, &plan, &View::state_only(), folder.path(), progress)?;
    let mut tasks = Vec::with_capacity(options.tasks.len());
    for (done, task) in options.tasks.iter().enumerate() {
        let base = done * options.rounds.get();
        let measured = measure_task(task, options, &plan, &mut peers, &mut |event| {
            progress(match event {
                Progress::Rounds(rounds) => Progress::Rounds(base + rounds),
                other => other,
            });
        });
        tasks.push(measured.with_context(|| format!("cannot measure `{}`", task.name))?);
    }
    let peers = peers.into_iter().map(PeerState::report).collect();
    Ok(BenchReport::new(machine, options, &plan, peers, tasks))
}

/// Starts those that are compared with; `folder` is for their files and must outlive them.
fn start_peers(
    options: &BenchOptions,
    plan: &Plan,
    view: &View,
    folder: &Path,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<Vec<PeerState>> {
    let actions = folder.join("actions.f32");
    plan.actions.write(&actions)?;
    let mut peers = Vec::new();
    for &peer in &options.compare {
        let home = PeerHome {
            peer,
            folder: options.peers.join(peer.name()),
        };
        let started = home
            .install(&options.python, &mut || {
                progress(Progress::Installing(peer));
            })
            .and_then(|python| PeerProcess::start(peer, &python, plan, view, &actions, folder));
        peers.push(PeerState::new(peer, started, progress));
    }
    Ok(peers)
}

/// What every system does once in every shape before it is measured, so that memory is mapped and threads are awake.
const WARM_UP: Length = Length {
    steps: 20,
    at_least: Duration::ZERO,
};

/// A peer, or why it takes no part.
struct PeerState {
    peer: Peer,
    process: Result<PeerProcess, String>,
}

impl PeerState {
    fn new(
        peer: Peer,
        started: anyhow::Result<PeerProcess>,
        progress: &mut dyn FnMut(Progress),
    ) -> Self {
        let process = started.map_err(|reason| format!("{reason:#}"));
        if let Err(reason) = &process {
            progress(Progress::Lost(peer, reason.clone()));
        }
        Self { peer, process }
    }

    /// Asks something of the peer; one that fails is let go.
    fn ask<T>(
        &mut self,
        progress: &mut dyn FnMut(Progress),
        question: impl FnOnce(&mut PeerProcess) -> anyhow::Result<T>,
    ) -> Option<T> {
        let process = self.process.as_mut().ok()?;
        match question(process) {
            Ok(answer) => Some(answer),
            Err(reason) => {
                let reason = format!("{reason:#}");
                progress(Progress::Lost(self.peer, reason.clone()));
                self.process = Err(reason);
                None
            }
        }
    }

    fn report(self) -> PeerReport {
        PeerReport {
            name: self.peer.name(),
            version: self.peer.version(),
            failure: self.process.err(),
        }
    }
}

/// Who takes part in a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    /// With info values.
    Ours,
    OursWithoutInfo,
    Floor,
    Peer(Peer),
}

impl System {
    /// Everybody who takes part in a shape.
    fn of(shape: Shape, compare: &[Peer]) -> Vec<Self> {
        let ours = [Self::Ours, Self::OursWithoutInfo, Self::Floor];
        let peers = compare.iter().filter(|peer| peer.plays(shape));
        ours.into_iter()
            .chain(peers.map(|&peer| Self::Peer(peer)))
            .collect()
    }
}

/// The slices of one task in one shape: for every system those of its rounds, in order.
#[derive(Debug, Clone)]
struct Samples {
    shape: Shape,
    systems: Vec<(System, Vec<Slice>)>,
}

fn measure_task(
    task: &'static TaskSpec,
    options: &BenchOptions,
    plan: &Plan,
    peers: &mut [PeerState],
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<TaskReport> {
    let placements = plan.placements(task);
    let mut ours = Vec::new();
    for &shape in &plan.shapes {
        let view = View::state_only();
        ours.push(Ours::new(
            &options.models,
            task,
            &placements,
            plan,
            shape,
            &view,
        )?);
        for peer in peers.iter_mut().filter(|state| state.peer.plays(shape)) {
            peer.ask(progress, |process| process.open(task.name, shape, None));
        }
    }
    let mut floor = Floor::new(&options.models, task, &placements, plan)?;
    let mut resets = Resets::new(&options.models, task, &placements, options.seed)?;
    check_floor(&mut ours[0], &mut floor)?;
    for (ours, &shape) in ours.iter_mut().zip(&plan.shapes) {
        ours.slice(WARM_UP, true)?;
        floor.slice(shape, WARM_UP)?;
        for peer in peers.iter_mut().filter(|state| state.peer.plays(shape)) {
            peer.ask(progress, |process| process.slice(shape, None, WARM_UP));
        }
    }

    let mut samples: Vec<Samples> = plan
        .shapes
        .iter()
        .map(|&shape| Samples {
            shape,
            systems: System::of(shape, &options.compare)
                .into_iter()
                .map(|system| (system, Vec::new()))
                .collect(),
        })
        .collect();
    for round in 0..options.rounds.get() {
        for (ours, samples) in ours.iter_mut().zip(&mut samples) {
            let shape = samples.shape;
            let length = Length {
                steps: shape.pass_steps(),
                at_least: options.slice,
            };
            let count = samples.systems.len();
            for turn in 0..count {
                let (system, slices) = &mut samples.systems[(round + turn) % count];
                let slice = match *system {
                    System::Ours => Some(ours.slice(length, true)?),
                    System::OursWithoutInfo => Some(ours.slice(length, false)?),
                    System::Floor => Some(floor.slice(shape, length)?),
                    System::Peer(wanted) => peers
                        .iter_mut()
                        .find(|state| state.peer == wanted)
                        .and_then(|state| {
                            state.ask(progress, |process| process.slice(shape, None, length))
                        }),
                };
                slices.extend(slice);
            }
        }
        resets.measure()?;
        progress(Progress::Rounds(round + 1));
    }
    for peer in peers {
        peer.ask(progress, PeerProcess::close);
    }
    Ok(TaskReport::new(task.name, &samples, &resets))
}

/// Plays an episode in both from the first placement, and compares where the hand has come to.
fn check_floor(single: &mut Ours, floor: &mut Floor) -> anyhow::Result<()> {
    let pass = Length {
        steps: Shape::SINGLE.pass_steps(),
        at_least: Duration::ZERO,
    };
    single.slice(pass, true)?;
    floor.slice(Shape::SINGLE, pass)?;
    let (ours, floor) = (single.hand(), floor.hand()?);
    if ours != floor {
        bail!(
            "the same actions bring the hand to {ours:?}, with nothing but the physics to {floor:?}"
        );
    }
    Ok(())
}
