//! What every system is told to do: shapes, actions, placements.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use kinitro_core::seed::Draws;
use kinitro_sim::metaworld::benchmarks::Benchmark;
use kinitro_sim::metaworld::env::TIME_LIMIT;
use kinitro_sim::metaworld::spec::TaskSpec;

/// Environments that share threads are at least so many.
const BATCH: usize = 16;
/// More threads get more environments, so that none waits for the last one of another for long.
const PER_THREAD: usize = 4;
/// Control steps of a pass of a batch: 16 environments take one thread of a fast machine about 0.3 s for it.
const BATCH_STEPS: usize = 320;

/// How many environments are stepped together, on how many threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Environments, all of the same task.
    pub environments: usize,
    /// Threads that share them.
    pub threads: usize,
}

impl Shape {
    /// One environment on one thread.
    pub const SINGLE: Self = Self {
        environments: 1,
        threads: 1,
    };

    fn on(threads: NonZeroUsize) -> Self {
        let threads = threads.get();
        Self {
            environments: BATCH.max(PER_THREAD * threads),
            threads,
        }
    }

    /// Control steps of every environment between two resets: a whole episode of a single one, the same part of it in every batch.
    pub fn pass_steps(self) -> usize {
        if self == Self::SINGLE {
            TIME_LIMIT as usize
        } else {
            BATCH_STEPS
        }
    }
}

/// The same for all tasks.
#[derive(Debug)]
pub(super) struct Plan {
    /// [`Shape::SINGLE`], then batches in the order that was asked for.
    pub(super) shapes: Vec<Shape>,
    /// For the largest shape; others take the first columns.
    pub(super) actions: Arc<Actions>,
    pub(super) seed: u32,
}

impl Plan {
    pub(super) fn new(threads: &[NonZeroUsize], seed: u32) -> Self {
        let batches = threads.iter().map(|&threads| Shape::on(threads));
        let shapes: Vec<Shape> = [Shape::SINGLE].into_iter().chain(batches).collect();
        let environments = shapes.iter().map(|shape| shape.environments).max();
        let environments = environments.expect("there is the single one");
        Self {
            shapes,
            actions: Arc::new(Actions::draw(environments, seed)),
            seed,
        }
    }

    /// Where things stand: the placement vectors of the benchmark `MT1(task, seed)`, for all environments in turn.
    pub(super) fn placements(&self, task: &'static TaskSpec) -> Placements {
        let placed = Benchmark::mt1(task, self.seed).train.into_iter();
        placed.map(|placed| placed.placement).collect()
    }
}

/// The placement vectors of a task.
pub(super) type Placements = Arc<[Box<[f64]>]>;

/// What to do at every step of a pass: uniform in all four components, independent of each other.
#[derive(Debug)]
pub(super) struct Actions {
    environments: usize,
    /// `[step][environment]`.
    rows: Vec<Vec<[f32; 4]>>,
}

impl Actions {
    fn draw(environments: usize, seed: u32) -> Self {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&seed.to_le_bytes());
        let mut draws = Draws::from_key(key, 0);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "actions are single precision"
        )]
        let mut action = || [(); 4].map(|()| draws.uniform(-1.0, 1.0) as f32);
        let rows = (0..TIME_LIMIT)
            .map(|_| (0..environments).map(|_| action()).collect())
            .collect();
        Self { environments, rows }
    }

    /// `[steps, environments, 4]`.
    pub(super) fn shape(&self) -> (usize, usize) {
        (self.rows.len(), self.environments)
    }

    /// The actions of the first environments at a step.
    pub(super) fn at(&self, step: usize, environments: usize) -> &[[f32; 4]] {
        &self.rows[step][..environments]
    }

    /// Writes everything as single-precision numbers, little-endian, without a header.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let numbers = self.rows.iter().flatten().flatten();
        let bytes: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
        fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threads(list: &[usize]) -> Vec<NonZeroUsize> {
        list.iter()
            .map(|&count| NonZeroUsize::new(count).unwrap())
            .collect()
    }

    #[test]
    fn a_single_environment_comes_before_the_batches() {
        let plan = Plan::new(&threads(&[1, 2, 16]), 0);
        let shapes: Vec<_> = plan
            .shapes
            .iter()
            .map(|shape| (shape.environments, shape.threads, shape.pass_steps()))
            .collect();
        assert_eq!(
            shapes,
            [(1, 1, 500), (16, 1, 320), (16, 2, 320), (64, 16, 320)]
        );
    }

    #[test]
    fn actions_are_the_same_for_the_same_seed_and_fill_the_range() {
        let (once, again) = (Actions::draw(3, 5), Actions::draw(3, 5));
        assert_eq!(once.rows, again.rows);
        assert_ne!(once.rows, Actions::draw(3, 6).rows);
        let all: Vec<f32> = once.rows.iter().flatten().flatten().copied().collect();
        assert_eq!(all.len(), 500 * 3 * 4);
        assert!(all.iter().all(|number| number.abs() <= 1.0));
        assert!(
            all.iter().any(|&number| number > 0.99) && all.iter().any(|&number| number < -0.99)
        );
    }

    #[test]
    fn actions_are_written_as_they_are_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("actions");
        let actions = Actions::draw(2, 1);
        actions.write(&path).unwrap();
        let bytes = fs::read(&path).unwrap();
        let second = actions.at(0, 2)[1];
        assert_eq!(bytes.len(), 500 * 2 * 4 * 4);
        assert_eq!(bytes[16..20], second[0].to_le_bytes());
    }
}
