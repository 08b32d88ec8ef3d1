//! Our environments, as programs use them: through the batch.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kinitro_core::record::Level;
use kinitro_core::seed::CycleSeed;
use kinitro_sim::Error;
use kinitro_sim::batch::{Autoreset, Batch, BatchOptions, Member, Outputs, Scenes};
use kinitro_sim::metaworld::spec::TaskSpec;

use super::plan::{Actions, Placements, Plan, Shape};
use super::slice::{Length, Slice};
use super::statistics::median;

/// Numbers of an observation, and info values of a step.
const OBSERVATION: usize = 39;
const INFO: usize = 6;
/// Resets per round of either kind.
const RESETS: usize = 10;

/// A batch of one task, and the memory for its results.
pub(super) struct Ours {
    batch: Batch,
    shape: Shape,
    actions: Arc<Actions>,
    buffers: Buffers,
}

impl Ours {
    pub(super) fn new(
        models: &Path,
        task: &'static TaskSpec,
        placements: &Placements,
        plan: &Plan,
        shape: Shape,
    ) -> Result<Self, Error> {
        let scenes = Scenes::Placed(Arc::clone(placements));
        let members = vec![Member { task, scenes }; shape.environments];
        Ok(Self {
            batch: open(models, &members, shape.threads)?,
            shape,
            actions: Arc::clone(&plan.actions),
            buffers: Buffers::new(shape.environments),
        })
    }

    pub(super) fn slice(&mut self, length: Length, with_info: bool) -> Result<Slice, Error> {
        Slice::of_passes(self.shape.environments, length, |steps| {
            let begun = Instant::now();
            self.batch.reset(&mut self.buffers.outputs(with_info))?;
            let reset = begun.elapsed();
            let begun = Instant::now();
            for step in 0..steps {
                let actions = self.actions.at(step, self.shape.environments);
                self.batch
                    .step(actions, &mut self.buffers.outputs(with_info))?;
            }
            Ok((reset, begun.elapsed()))
        })
    }

    /// Where the hand of the first environment is, as last observed.
    pub(super) fn hand(&self) -> [f64; 3] {
        let observed = &self.buffers.observations;
        [observed[0], observed[1], observed[2]]
    }
}

/// What resets cost, of one environment at a time and every time to another start.
pub(super) struct Resets {
    parity: Batch,
    randomized: Batch,
    buffers: Buffers,
    parity_times: Vec<Duration>,
    randomized_times: Vec<Duration>,
}

impl Resets {
    pub(super) fn new(
        models: &Path,
        task: &'static TaskSpec,
        placements: &Placements,
        seed: u32,
    ) -> Result<Self, Error> {
        let single = |scenes| open(models, &[Member { task, scenes }], 1);
        Ok(Self {
            parity: single(Scenes::Placed(Arc::clone(placements)))?,
            randomized: single(Scenes::Keyed {
                seed: CycleSeed::from_local_seed(seed.into()),
                level: Level::Seed,
            })?,
            buffers: Buffers::new(1),
            parity_times: Vec::new(),
            randomized_times: Vec::new(),
        })
    }

    /// A round of both kinds. The first reset of all is not counted: it makes what the later ones use again.
    pub(super) fn measure(&mut self) -> Result<(), Error> {
        let kinds = [
            (&mut self.parity, &mut self.parity_times),
            (&mut self.randomized, &mut self.randomized_times),
        ];
        for (batch, times) in kinds {
            if times.is_empty() {
                batch.reset(&mut self.buffers.outputs(false))?;
            }
            for _ in 0..RESETS {
                let begun = Instant::now();
                batch.reset(&mut self.buffers.outputs(false))?;
                times.push(begun.elapsed());
            }
        }
        Ok(())
    }

    /// Median in the parity profile, milliseconds.
    pub(super) fn parity_ms(&self) -> Option<f64> {
        median_ms(&self.parity_times)
    }

    /// Median with randomized physics (level `seed`), milliseconds.
    pub(super) fn randomized_ms(&self) -> Option<f64> {
        median_ms(&self.randomized_times)
    }
}

fn median_ms(times: &[Duration]) -> Option<f64> {
    median(times.iter().map(|time| 1000.0 * time.as_secs_f64()))
}

fn open(models: &Path, members: &[Member], threads: usize) -> Result<Batch, Error> {
    let options = BatchOptions {
        threads: NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN),
        autoreset: Autoreset::Disabled,
        ..BatchOptions::default()
    };
    Batch::new(models, members, options)
}

/// Where a batch of so many environments writes.
struct Buffers {
    observations: Vec<f64>,
    rewards: Vec<f64>,
    terminated: Vec<bool>,
    truncated: Vec<bool>,
    info: Vec<f64>,
}

impl Buffers {
    fn new(environments: usize) -> Self {
        Self {
            observations: vec![0.0; environments * OBSERVATION],
            rewards: vec![0.0; environments],
            terminated: vec![false; environments],
            truncated: vec![false; environments],
            info: vec![0.0; environments * INFO],
        }
    }

    fn outputs(&mut self, with_info: bool) -> Outputs<'_> {
        Outputs {
            rewards: Some(&mut self.rewards),
            terminated: Some(&mut self.terminated),
            truncated: Some(&mut self.truncated),
            info: with_info.then_some(&mut self.info),
            ..Outputs::observations(&mut self.observations)
        }
    }
}
