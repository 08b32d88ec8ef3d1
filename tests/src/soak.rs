//! A long mixed run of all tasks, watched for numbers that are none and for memory that grows.

use std::fs;
use std::num::NonZeroUsize;

use anyhow::{Context as _, bail, ensure};
use kinitro_core::seed::Draws;
use kinitro_sim::batch::{Batch, BatchOptions, Buffers, Member};
use kinitro_sim::metaworld::tasks::TASKS;

use crate::batches::{keyed, placed, random_action, row_numbers};
use crate::places;

/// One of so many steps of an environment is a reset, to scenes of either profile.
const RESET_EVERY: u64 = 250;
/// Control steps of one time limit: the first part of every run, after which memory must not grow.
const WARM_UP: u64 = 500;
/// How much it may grow all the same: 1 %.
const GROWTH: f64 = 0.01;

/// What a run has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Steps of all environments together, resets included.
    pub steps: u64,
    /// Resets at random times.
    pub resets: u64,
    /// Episodes that time has ended.
    pub ended: u64,
    /// Resident memory of the process, bytes.
    pub memory: u64,
}

/// Steps one environment of every task with random actions until `steps` were taken in all, and `report`s some twenty times.
///
/// # Errors
/// Those of the batch; a number that is none; memory that has grown by more than 1 % after the first tenth of the run, or after the
/// first 500 steps of each environment where that is later.
pub fn run(
    steps: u64,
    threads: NonZeroUsize,
    mut report: impl FnMut(Progress),
) -> anyhow::Result<Progress> {
    let members: Vec<Member> = TASKS
        .iter()
        .map(|&task| Member {
            task,
            scenes: placed(task, 0),
        })
        .collect();
    let count = members.len();
    let options = BatchOptions {
        threads,
        ..BatchOptions::default()
    };
    let mut buffers = Buffers::new(count, &options);
    let mut batch = Batch::new(&places::models(), &members, options)?;
    let mut draws = Draws::from_key([0; 32], 0);
    batch.reset(&mut buffers.outputs())?;
    let rounds = steps.div_ceil(count as u64);
    let warm = (rounds / 10).max(WARM_UP);
    let (mut resets, mut ended, mut settled) = (0, 0, None);
    for round in 1..=rounds {
        let actions: Vec<_> = (0..count).map(|_| random_action(&mut draws)).collect();
        batch.step(&actions, &mut buffers.outputs())?;
        check(&buffers, count)?;
        ended += buffers.truncated.iter().filter(|&&over| over).count() as u64;

        let chosen: Vec<usize> = (0..count)
            .filter(|_| draws.below(RESET_EVERY) == 0)
            .collect();
        for &index in &chosen {
            let scenes = if draws.below(2) == 0 {
                placed(members[index].task, 0)
            } else {
                keyed(0)
            };
            batch.set_scenes(index, scenes, round)?;
        }
        batch.reset_members(&chosen, &mut buffers.first(chosen.len()))?;
        check(&buffers, chosen.len())?;
        resets += chosen.len() as u64;

        if round == warm {
            settled = Some(resident_memory()?);
        }
        if round == warm || round % rounds.div_ceil(20) == 0 || round == rounds {
            report(Progress {
                steps: round * count as u64,
                resets,
                ended,
                memory: resident_memory()?,
            });
        }
    }
    let memory = resident_memory()?;
    if let Some(settled) = settled {
        let growth = memory as f64 / settled as f64 - 1.0;
        ensure!(
            growth <= GROWTH,
            "memory has grown from {settled} to {memory} bytes"
        );
    }
    Ok(Progress {
        steps: rounds * count as u64,
        resets,
        ended,
        memory,
    })
}

fn check(buffers: &Buffers, rows: usize) -> anyhow::Result<()> {
    for row in 0..rows {
        let mut numbers = row_numbers(buffers, row);
        if let Some(number) = numbers.find(|number| !number.is_finite()) {
            bail!("`{number}` in row {row}");
        }
    }
    Ok(())
}

/// Source: `proc_pid_status(5)`.
fn resident_memory() -> anyhow::Result<u64> {
    let status =
        fs::read_to_string("/proc/self/status").context("cannot read `/proc/self/status`")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: u64 = kilobytes
        .context("`/proc/self/status` does not say how much memory is resident")?
        .parse()?;
    Ok(kilobytes * 1024)
}
