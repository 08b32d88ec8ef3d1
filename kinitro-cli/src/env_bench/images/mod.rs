//! How fast environments step with images, on one core.
//!
//! Everything that is measured stays on one core, our thread and the peer's process alike, and takes turns there slice by slice, as the
//! systems without images do.
//!
//! | system | what a slice of it is |
//! |---|---|
//! | ours | passes of control steps, each with observation, reward, flags, info values and the image of every camera |
//! | ours, blind | the same without images |
//! | Meta-World, stock | the same actions and placements; after each step a picture of every camera by the renderer that it brings |
//! | Meta-World, plain | the same without shadows, reflections and multisampling |
//!
//! What an image costs is what steps with images take longer than those without, for each camera. At other sizes than that of the view
//! it is measured in the first round only.

mod report;
mod text;

use std::time::Duration;

use anyhow::{Context as _, bail};
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::View;
use kinitro_sim::metaworld::spec::TaskSpec;

use super::machine::Machine;
use super::ours::Ours;
use super::peer::{Look, Peer};
use super::pinned::Pinned;
use super::plan::{Placements, Plan, Shape};
use super::slice::{Length, Slice};
use super::{BenchOptions, PeerState, Progress, start_peers};

pub use report::{ImageReport, ImageSummary, ImageTaskReport, PictureReport};

/// Sizes whose cost is told, pixels a side: those of policies, and that of videos.
pub(super) const SIDES: [u32; 4] = [84, 128, 224, 480];

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Ours,
    Blind,
    MetaWorld(Look),
}

impl System {
    /// Everybody, in the order of the tables.
    const ALL: [Self; 4] = [
        Self::Ours,
        Self::Blind,
        Self::MetaWorld(Look::Stock),
        Self::MetaWorld(Look::Plain),
    ];

    /// Control steps between two resets, of which none is counted: fewer where a step takes a hundred times as long. Steps cost the
    /// same in the beginning of an episode and later on.
    fn pass_steps(self) -> usize {
        match self {
            Self::Ours | Self::Blind => 100,
            Self::MetaWorld(Look::Stock) => 10,
            Self::MetaWorld(Look::Plain) => 50,
        }
    }

    fn length(self, at_least: Duration) -> Length {
        Length {
            steps: self.pass_steps(),
            at_least,
        }
    }
}

/// What every system does before it is measured: few steps of those that take a fifth of a second each.
const WARM_UP: Length = Length {
    steps: 3,
    at_least: Duration::ZERO,
};

/// The slices of one task.
#[derive(Debug, Clone, Default)]
struct Samples {
    ours: Vec<Slice>,
    blind: Vec<Slice>,
    stock: Vec<Slice>,
    plain: Vec<Slice>,
    /// By size: what an image costs, seconds.
    pictures: Vec<(u32, f64)>,
}

impl Samples {
    fn slices(&mut self, system: System) -> &mut Vec<Slice> {
        match system {
            System::Ours => &mut self.ours,
            System::Blind => &mut self.blind,
            System::MetaWorld(Look::Stock) => &mut self.stock,
            System::MetaWorld(Look::Plain) => &mut self.plain,
        }
    }
}

/// Measures steps with the images of `view`, whose images are square, on one core. Of those to compare with, Meta-World alone has
/// images.
///
/// # Errors
/// As [`run`](super::run()); also where a thread cannot be kept on one core, for a view without cameras, and where nothing is drawn.
pub fn run(
    options: &BenchOptions,
    view: &View,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<ImageReport> {
    if view.cameras.is_empty() {
        bail!("there is no camera to measure");
    }
    let machine = Machine::read();
    let plan = Plan::new(&[], options.seed);
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let pinned = Pinned::to_one_core()?;
    let mut peers = start_peers(options, &plan, view, folder.path(), progress)?;
    let mut renderer = None;
    let mut tasks = Vec::with_capacity(options.tasks.len());
    for (done, task) in options.tasks.iter().enumerate() {
        let mut bench = Bench {
            options,
            view,
            plan: &plan,
            placements: plan.placements(task),
            task,
            peer: peers.iter_mut().find(|state| state.peer == Peer::MetaWorld),
            progress: &mut *progress,
        };
        let samples = bench.measure(&mut renderer, done * options.rounds.get());
        let samples = samples.with_context(|| format!("cannot measure `{}`", task.name))?;
        tasks.push(ImageTaskReport::new(task.name, &samples));
    }
    let peers = peers.into_iter().map(PeerState::report).collect();
    Ok(ImageReport {
        machine,
        core: pinned.core,
        rounds: options.rounds.get(),
        slice_s: options.slice.as_secs_f64(),
        seed: options.seed,
        cameras: view.cameras.clone(),
        image_size: view.size,
        peers,
        renderer,
        pictures: report::pictures(&tasks),
        summary: ImageSummary::new(&tasks),
        tasks,
    })
}

/// One task and what its measurement needs.
struct Bench<'a> {
    options: &'a BenchOptions,
    view: &'a View,
    plan: &'a Plan,
    placements: Placements,
    task: &'static TaskSpec,
    peer: Option<&'a mut PeerState>,
    progress: &'a mut dyn FnMut(Progress),
}

impl Bench<'_> {
    /// `before` rounds of other tasks are done.
    fn measure(&mut self, renderer: &mut Option<String>, before: usize) -> anyhow::Result<Samples> {
        let mut ours = self.open(self.view)?;
        let mut blind = self.open(&View::state_only())?;
        let first = ours.images().first().copied();
        if ours.images().iter().all(|&byte| Some(byte) == first) {
            bail!("the images show nothing");
        }
        for look in [Look::Stock, Look::Plain] {
            let task = self.task.name;
            let opened = self.ask(|process| process.open(task, Shape::SINGLE, Some(look)));
            *renderer = opened.flatten().or(renderer.take());
            self.ask(|process| process.slice(Shape::SINGLE, Some(look), WARM_UP));
        }
        let mut samples = Samples::default();
        for round in 0..self.options.rounds.get() {
            for turn in 0..System::ALL.len() {
                let system = System::ALL[(round + turn) % System::ALL.len()];
                let length = system.length(self.options.slice);
                let slice = match system {
                    System::Ours => Some(ours.slice(length, true)?),
                    System::Blind => Some(blind.slice(length, true)?),
                    System::MetaWorld(look) => {
                        self.ask(|process| process.slice(Shape::SINGLE, Some(look), length))
                    }
                };
                samples.slices(system).extend(slice);
            }
            if round == 0 {
                samples.pictures = self.pictures(&mut blind)?;
            }
            (self.progress)(Progress::Rounds(before + round + 1));
        }
        self.ask(super::peer::PeerProcess::close);
        Ok(samples)
    }

    /// What an image costs at every size, in seconds: each beside steps without images.
    fn pictures(&self, blind: &mut Ours) -> anyhow::Result<Vec<(u32, f64)>> {
        let cameras = self.view.cameras.len() as f64;
        let mut costs = Vec::with_capacity(SIDES.len());
        for side in SIDES {
            let mut ours = self.open(&View {
                cameras: self.view.cameras.clone(),
                size: ImageSize::new(side, side)?,
            })?;
            let slice = ours.slice(System::Ours.length(self.options.slice), true)?;
            let without = blind.slice(System::Blind.length(self.options.slice), true)?;
            let longer = slice.rate().recip() - without.rate().recip();
            costs.push((side, longer / cameras));
        }
        Ok(costs)
    }

    /// One environment of ours, warm.
    fn open(&self, view: &View) -> anyhow::Result<Ours> {
        let mut ours = Ours::new(
            &self.options.models,
            self.task,
            &self.placements,
            self.plan,
            Shape::SINGLE,
            view,
        )?;
        ours.slice(WARM_UP, true)?;
        Ok(ours)
    }

    fn ask<T>(
        &mut self,
        question: impl FnOnce(&mut super::peer::PeerProcess) -> anyhow::Result<T>,
    ) -> Option<T> {
        let peer = self.peer.as_mut()?;
        peer.ask(&mut *self.progress, question)
    }
}
