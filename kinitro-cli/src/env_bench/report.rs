//! What came out.

use serde::Serialize;

use super::machine::Machine;
use super::ours::Resets;
use super::peer::Peer;
use super::plan::{Plan, Shape};
use super::slice::{Slice, ratio};
use super::statistics::{mean, median, smallest};
use super::{BenchOptions, Samples, System};

/// Tasks whose rewards take gripper and object into account, which Python is slowest at: names begin so.
const GRASPING: [&str; 3] = ["push", "pick", "coffee"];

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BenchReport {
    /// Where.
    pub machine: Machine,
    /// Rounds per task.
    pub rounds: usize,
    /// Shortest length of a slice, seconds.
    pub slice_s: f64,
    /// Seed of actions and placements.
    pub seed: u32,
    /// Whom with.
    pub peers: Vec<PeerReport>,
    /// Task by task.
    pub tasks: Vec<TaskReport>,
    /// All tasks together, by shape.
    pub shapes: Vec<ShapeSummary>,
    /// The figures that matter.
    pub summary: Summary,
}

/// Another implementation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeerReport {
    /// Name of its package.
    pub name: &'static str,
    /// The version that is compared with.
    pub version: &'static str,
    /// Why there are no figures, or none for all tasks.
    pub failure: Option<String>,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskReport {
    /// Its name.
    pub task: &'static str,
    /// One entry per shape.
    pub shapes: Vec<ShapeReport>,
    /// Its resets.
    pub reset_ms: ResetReport,
}

/// Medians of the time that a reset of one environment takes, milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResetReport {
    /// Ours, parity profile.
    pub parity: Option<f64>,
    /// Ours, evaluation profile with randomized physics (level `seed`).
    pub randomized: Option<f64>,
    /// `EnvPool`'s.
    pub envpool: Option<f64>,
    /// Meta-World's.
    pub metaworld: Option<f64>,
}

/// Steps per second over the rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// Median.
    pub median: f64,
    /// Slowest round.
    pub lowest: f64,
    /// Fastest round.
    pub highest: f64,
}

/// One task in one shape. Rates count the control steps of all environments together; ratios and shares are medians over rounds of
/// what two slices of the same round came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShapeReport {
    /// Environments.
    pub environments: usize,
    /// Threads.
    pub threads: usize,
    /// Ours, with info values.
    pub kinitro: Option<Rate>,
    /// Ours, without info values.
    pub kinitro_without_info: Option<Rate>,
    /// The floor.
    pub floor: Option<Rate>,
    /// `EnvPool`, with info values.
    pub envpool: Option<Rate>,
    /// Meta-World, with info values.
    pub metaworld: Option<Rate>,
    /// The part of our step, with info values, that is spent inside `mj_step`.
    pub mj_step_share: Option<f64>,
    /// The same without info values.
    pub mj_step_share_without_info: Option<f64>,
    /// Ours with info values over `EnvPool`.
    pub envpool_ratio: Option<f64>,
    /// Ours without info values over `EnvPool`, which computes them.
    pub envpool_ratio_without_info: Option<f64>,
    /// Ours with info values over Meta-World.
    pub metaworld_ratio: Option<f64>,
    /// Ours without info values over Meta-World, which computes them.
    pub metaworld_ratio_without_info: Option<f64>,
}

/// All tasks in one shape. A figure is missing where that of one task is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShapeSummary {
    /// Environments.
    pub environments: usize,
    /// Threads.
    pub threads: usize,
    /// Mean steps per second: ours, with info values.
    pub kinitro: Option<f64>,
    /// Ours, without info values.
    pub kinitro_without_info: Option<f64>,
    /// The floor.
    pub floor: Option<f64>,
    /// `EnvPool`.
    pub envpool: Option<f64>,
    /// Meta-World.
    pub metaworld: Option<f64>,
    /// Mean share of our step, with info values, that is spent inside `mj_step`.
    pub mj_step_share: Option<f64>,
    /// The same without info values.
    pub mj_step_share_without_info: Option<f64>,
    /// The share of the worst task, with info values: what it reaches of its floor.
    pub mj_step_worst_share: Option<f64>,
    /// Mean of the tasks' ratios to `EnvPool`, with info values.
    pub envpool_mean_ratio: Option<f64>,
    /// The worst of them.
    pub envpool_worst_ratio: Option<f64>,
    /// Mean of the tasks' ratios to `EnvPool`, ours without info values.
    pub envpool_mean_ratio_without_info: Option<f64>,
    /// Mean of the tasks' ratios to Meta-World, with info values.
    pub metaworld_mean_ratio: Option<f64>,
    /// The worst of them.
    pub metaworld_worst_ratio: Option<f64>,
    /// Mean of the tasks' ratios to Meta-World, ours without info values.
    pub metaworld_mean_ratio_without_info: Option<f64>,
    /// Mean of the tasks' rates over those of the batch on one thread, if there is one.
    pub speedup: Option<f64>,
}

/// The figures that matter, all with info values. `null` is what was not measured for every task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Mean over the tasks of our rate over `EnvPool`'s; the lowest of all batches.
    pub envpool_mean_ratio: Option<f64>,
    /// The worst task's; the lowest of all batches.
    pub envpool_worst_ratio: Option<f64>,
    /// Mean over the tasks of our rate over Meta-World's, one environment on one thread.
    pub metaworld_mean_ratio: Option<f64>,
    /// Mean over the tasks of the part of our step that is spent inside `mj_step`, in the batch on the fewest threads.
    pub mj_step_share: Option<f64>,
    /// Median over the tasks of our reset in the parity profile, milliseconds.
    pub reset_ms_median: Option<f64>,
    /// The same with randomized physics.
    pub reset_ms_median_randomized: Option<f64>,
    /// The worst task's share inside `mj_step`: what it reaches of its floor, in the batch on the fewest threads.
    pub mj_step_worst_share: Option<f64>,
    /// Mean over the tasks of our rate over `EnvPool`'s, one environment on one thread.
    pub envpool_single_mean_ratio: Option<f64>,
    /// As `metaworld_mean_ratio`, for the tasks whose names begin with push, pick or coffee.
    pub metaworld_grasping_mean_ratio: Option<f64>,
}

impl Rate {
    pub(super) fn of(slices: &[Slice]) -> Option<Self> {
        let rates = || slices.iter().map(Slice::rate);
        Some(Self {
            median: median(rates())?,
            lowest: rates().min_by(f64::total_cmp)?,
            highest: rates().max_by(f64::total_cmp)?,
        })
    }
}

impl Samples {
    fn slices(&self, system: System) -> &[Slice] {
        let found = self.systems.iter().find(|(known, _)| *known == system);
        found.map_or(&[], |(_, slices)| slices)
    }

    fn ratio(&self, ours: System, theirs: System) -> Option<f64> {
        ratio(self.slices(ours), self.slices(theirs))
    }

    fn reset_ms(&self, peer: Peer) -> Option<f64> {
        let slices = self.slices(System::Peer(peer));
        let resets = slices.iter().flat_map(|slice| &slice.resets);
        median(resets.map(|seconds| 1000.0 * seconds / self.shape.environments as f64))
    }

    fn report(&self) -> ShapeReport {
        let rate = |system| Rate::of(self.slices(system));
        let (ours, bare) = (System::Ours, System::OursWithoutInfo);
        let [envpool, metaworld] = [Peer::EnvPool, Peer::MetaWorld].map(System::Peer);
        ShapeReport {
            environments: self.shape.environments,
            threads: self.shape.threads,
            kinitro: rate(ours),
            kinitro_without_info: rate(bare),
            floor: rate(System::Floor),
            envpool: rate(envpool),
            metaworld: rate(metaworld),
            mj_step_share: self.ratio(ours, System::Floor),
            mj_step_share_without_info: self.ratio(bare, System::Floor),
            envpool_ratio: self.ratio(ours, envpool),
            envpool_ratio_without_info: self.ratio(bare, envpool),
            metaworld_ratio: self.ratio(ours, metaworld),
            metaworld_ratio_without_info: self.ratio(bare, metaworld),
        }
    }
}

impl TaskReport {
    pub(super) fn new(task: &'static str, samples: &[Samples], resets: &Resets) -> Self {
        let single = samples
            .iter()
            .find(|samples| samples.shape == Shape::SINGLE);
        let peer_ms = |peer| single.and_then(|samples| samples.reset_ms(peer));
        Self {
            task,
            shapes: samples.iter().map(Samples::report).collect(),
            reset_ms: ResetReport {
                parity: resets.parity_ms(),
                randomized: resets.randomized_ms(),
                envpool: peer_ms(Peer::EnvPool),
                metaworld: peer_ms(Peer::MetaWorld),
            },
        }
    }
}

impl BenchReport {
    pub(super) fn new(
        machine: Machine,
        options: &BenchOptions,
        plan: &Plan,
        peers: Vec<PeerReport>,
        tasks: Vec<TaskReport>,
    ) -> Self {
        let shapes: Vec<ShapeSummary> = (0..plan.shapes.len())
            .map(|shape| ShapeSummary::new(&plan.shapes, shape, &tasks))
            .collect();
        Self {
            machine,
            rounds: options.rounds.get(),
            slice_s: options.slice.as_secs_f64(),
            seed: options.seed,
            peers,
            summary: Summary::new(&shapes, &tasks),
            tasks,
            shapes,
        }
    }
}

impl ShapeSummary {
    fn new(shapes: &[Shape], index: usize, tasks: &[TaskReport]) -> Self {
        let figures = |figure: fn(&ShapeReport) -> Option<f64>| {
            tasks.iter().map(move |task| figure(&task.shapes[index]))
        };
        let rate = |rate: fn(&ShapeReport) -> Option<Rate>| {
            mean(
                tasks
                    .iter()
                    .map(|task| Some(rate(&task.shapes[index])?.median)),
            )
        };
        let one_thread = shapes
            .iter()
            .position(|shape| *shape != Shape::SINGLE && shape.threads == 1);
        let speedup = |task: &TaskReport| {
            let over = task.shapes[one_thread?].kinitro?.median;
            Some(task.shapes[index].kinitro?.median / over)
        };
        let shape = shapes[index];
        Self {
            environments: shape.environments,
            threads: shape.threads,
            kinitro: rate(|shape| shape.kinitro),
            kinitro_without_info: rate(|shape| shape.kinitro_without_info),
            floor: rate(|shape| shape.floor),
            envpool: rate(|shape| shape.envpool),
            metaworld: rate(|shape| shape.metaworld),
            mj_step_share: mean(figures(|shape| shape.mj_step_share)),
            mj_step_share_without_info: mean(figures(|shape| shape.mj_step_share_without_info)),
            mj_step_worst_share: smallest(figures(|shape| shape.mj_step_share)),
            envpool_mean_ratio: mean(figures(|shape| shape.envpool_ratio)),
            envpool_worst_ratio: smallest(figures(|shape| shape.envpool_ratio)),
            envpool_mean_ratio_without_info: mean(figures(|shape| {
                shape.envpool_ratio_without_info
            })),
            metaworld_mean_ratio: mean(figures(|shape| shape.metaworld_ratio)),
            metaworld_worst_ratio: smallest(figures(|shape| shape.metaworld_ratio)),
            metaworld_mean_ratio_without_info: mean(figures(|shape| {
                shape.metaworld_ratio_without_info
            })),
            speedup: (shape != Shape::SINGLE)
                .then(|| mean(tasks.iter().map(speedup)))
                .flatten(),
        }
    }

    /// Whether several environments are stepped together.
    pub(super) fn is_batch(&self) -> bool {
        1 < self.environments
    }
}

impl Summary {
    fn new(shapes: &[ShapeSummary], tasks: &[TaskReport]) -> Self {
        let batches = || shapes.iter().filter(|shape| shape.is_batch());
        let narrowest = batches().min_by_key(|shape| shape.threads);
        let single = shapes.iter().find(|shape| !shape.is_batch());
        let grasping = tasks
            .iter()
            .filter(|task| GRASPING.iter().any(|name| task.task.starts_with(name)));
        let metaworld_ratio = |task: &TaskReport| {
            let mut ratios = task.shapes.iter().map(|shape| shape.metaworld_ratio);
            ratios.find(Option::is_some).flatten()
        };
        let reset = |time: fn(&ResetReport) -> Option<f64>| {
            let times: Option<Vec<f64>> = tasks.iter().map(|task| time(&task.reset_ms)).collect();
            median(times?)
        };
        Self {
            envpool_mean_ratio: smallest(batches().map(|shape| shape.envpool_mean_ratio)),
            envpool_worst_ratio: smallest(batches().map(|shape| shape.envpool_worst_ratio)),
            metaworld_mean_ratio: single.and_then(|shape| shape.metaworld_mean_ratio),
            mj_step_share: narrowest.and_then(|shape| shape.mj_step_share),
            reset_ms_median: reset(|times| times.parity),
            reset_ms_median_randomized: reset(|times| times.randomized),
            mj_step_worst_share: narrowest.and_then(|shape| shape.mj_step_worst_share),
            envpool_single_mean_ratio: single.and_then(|shape| shape.envpool_mean_ratio),
            metaworld_grasping_mean_ratio: mean(grasping.map(metaworld_ratio)),
        }
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
pub(super) mod tests;
