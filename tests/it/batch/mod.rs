//! Many environments stepped at once.

mod episodes;
mod failures;
mod independence;
mod layers;
mod memory;

use std::num::NonZeroUsize;

use kinitro_core::seed::Draws;
use kinitro_sim::batch::{Batch, BatchOptions, Buffers, Member};
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::metaworld::tasks;
use kinitro_tests::batches::{keyed, placed, random_action};
use kinitro_tests::places;

fn task(name: &str) -> &'static TaskSpec {
    tasks::find(name).expect("the task exists")
}

/// Environments of `tasks`, every other one in procedural scenes.
fn members(tasks: &[&str]) -> Vec<Member> {
    let member = |(index, name): (usize, &&str)| Member {
        task: task(name),
        scenes: if index % 2 == 0 {
            placed(task(name), 3)
        } else {
            keyed(3)
        },
    };
    tasks.iter().enumerate().map(member).collect()
}

/// A batch, and buffers of its size.
fn open(members: &[Member], options: BatchOptions) -> (Batch, Buffers) {
    let buffers = Buffers::new(members.len(), &options);
    let batch = Batch::new(&places::models(), members, options).unwrap();
    (batch, buffers)
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// Random actions, `[step][member]`.
fn actions(steps: usize, members: usize) -> Vec<Vec<[f32; 4]>> {
    let mut draws = Draws::from_key([7; 32], 0);
    let mut row = || (0..members).map(|_| random_action(&mut draws)).collect();
    (0..steps).map(|_| row()).collect()
}
