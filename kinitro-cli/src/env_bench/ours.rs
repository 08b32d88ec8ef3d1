//! Our environments, as programs use them: through the batch.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kinitro_core::record::Level;
use kinitro_core::seed::CycleSeed;
use kinitro_sim::Error;
use kinitro_sim::batch::{Autoreset, Batch, BatchOptions, Buffers, Member, Outputs, Scenes};
use kinitro_sim::episode::View;
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::models::Models;

use super::plan::{Actions, Placements, Plan, Shape};
use super::slice::{Length, Slice};
use super::statistics::median;

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
        models: &Models,
        task: &'static TaskSpec,
        placements: &Placements,
        plan: &Plan,
        shape: Shape,
        view: &View,
    ) -> Result<Self, Error> {
        let scenes = Scenes::Placed(Arc::clone(placements));
        let members = vec![Member { task, scenes }; shape.environments];
        let batch = open(models, &members, shape.threads, view)?;
        Ok(Self {
            buffers: Buffers::of(&batch),
            batch,
            shape,
            actions: Arc::clone(&plan.actions),
        })
    }

    pub(super) fn slice(&mut self, length: Length, with_info: bool) -> Result<Slice, Error> {
        Slice::of_passes(self.shape.environments, length, |steps| {
            let begun = Instant::now();
            self.batch
                .reset(&mut outputs(&mut self.buffers, with_info))?;
            let reset = begun.elapsed();
            let begun = Instant::now();
            for step in 0..steps {
                let actions = self.actions.at(step, self.shape.environments);
                self.batch
                    .step(actions, &mut outputs(&mut self.buffers, with_info))?;
            }
            Ok((reset, begun.elapsed()))
        })
    }

    /// The images of the first environment, as last drawn.
    pub(super) fn images(&self) -> &[u8] {
        self.buffers.row_images(0)
    }

    /// Where the hand of the first environment is, as last observed.
    pub(super) fn hand(&self) -> [f64; 3] {
        let observed = self.buffers.observation(0);
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
        models: &Models,
        task: &'static TaskSpec,
        placements: &Placements,
        seed: u32,
    ) -> Result<Self, Error> {
        let single = |scenes| open(models, &[Member { task, scenes }], 1, &View::state_only());
        let parity = single(Scenes::Placed(Arc::clone(placements)))?;
        Ok(Self {
            buffers: Buffers::of(&parity),
            parity,
            randomized: single(Scenes::Keyed {
                seed: CycleSeed::from_local_seed(seed.into()),
                level: Level::Seed,
            })?,
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
                batch.reset(&mut outputs(&mut self.buffers, false))?;
            }
            for _ in 0..RESETS {
                let begun = Instant::now();
                batch.reset(&mut outputs(&mut self.buffers, false))?;
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

fn open(models: &Models, members: &[Member], threads: usize, view: &View) -> Result<Batch, Error> {
    let options = BatchOptions {
        threads: NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN),
        autoreset: Autoreset::Disabled,
        view: view.clone(),
        ..BatchOptions::default()
    };
    Batch::new(models, members, options)
}

fn outputs(buffers: &mut Buffers, with_info: bool) -> Outputs<'_> {
    let mut outputs = buffers.outputs();
    if !with_info {
        outputs.info = None;
    }
    outputs
}
