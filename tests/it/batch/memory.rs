//! What a batch does with memory.

use std::num::NonZeroUsize;

use kinitro_sim::batch::{BatchOptions, Member};
use kinitro_sim::episode::View;
use kinitro_tests::batches::placed;
use kinitro_tests::{process, soak};
use stats_alloc::Region;

use super::{actions, members, open, task, threads};
use crate::ALLOCATOR;

/// Steps until all buffers have grown to what the scenes need, and steps that are watched.
const WARM_UP: usize = 60;
const WATCHED: usize = 40;

#[test]
fn steps_allocate_nothing() {
    process::alone("batch::memory::steps_allocate_nothing", &[], || {
        let names = [
            "reach-v3",
            "push-v3",
            "reach-v3",
            "coffee-pull-v3",
            "stick-push-v3",
            "push-v3",
        ];
        for (view, threads_, members) in [
            (View::state_only(), 1, members(&names)),
            (View::state_only(), 2, members(&names)),
            (View::standard(), 1, members(&names[2..5])),
            // One simulator each: which of several an environment meets, and so grows the buffers of, is a matter of chance.
            (View::standard(), 2, members(&names[2..5])),
        ] {
            let case = format!("{} cameras, {threads_} threads", view.cameras.len());
            let options = BatchOptions {
                threads: threads(threads_),
                view,
                depth: true,
                segmentation: true,
                ..BatchOptions::default()
            };
            let (mut batch, mut buffers) = open(&members, options);
            let actions = actions(WARM_UP + WATCHED, members.len());
            batch.reset(&mut buffers.outputs()).unwrap();
            for actions in &actions[..WARM_UP] {
                batch.step(actions, &mut buffers.outputs()).unwrap();
            }
            let watched = Region::new(ALLOCATOR);
            for actions in &actions[WARM_UP..] {
                batch.step(actions, &mut buffers.outputs()).unwrap();
            }
            let change = watched.change();
            assert_eq!((change.allocations, change.reallocations), (0, 0), "{case}");

            // What does allocate is counted.
            let watched = Region::new(ALLOCATOR);
            batch.snapshot(0).unwrap();
            assert!(watched.change().allocations > 0);
        }
    });
}

#[test]
fn resets_to_placements_allocate_nothing() {
    process::alone(
        "batch::memory::resets_to_placements_allocate_nothing",
        &[],
        || {
            let members = ["reach-v3", "box-close-v3"].map(|name| Member {
                task: task(name),
                scenes: placed(task(name), 0),
            });
            let (mut batch, mut buffers) = open(&members, BatchOptions::default());
            for _ in 0..2 {
                batch.reset(&mut buffers.outputs()).unwrap();
            }
            let watched = Region::new(ALLOCATOR);
            for _ in 0..5 {
                batch.reset(&mut buffers.outputs()).unwrap();
            }
            let change = watched.change();
            assert_eq!((change.allocations, change.reallocations), (0, 0));
        },
    );
}

/// A hundredth of the long run, see `docs/contributing.md`.
#[test]
fn a_short_soak_leaves_no_trace() {
    process::alone("batch::memory::a_short_soak_leaves_no_trace", &[], || {
        let mut reports = Vec::new();
        let last = soak::run(20_000, NonZeroUsize::MIN, |progress| reports.push(progress));
        let last = last.unwrap();
        assert!(last.steps >= 20_000 && last.resets > 10, "{last:?}");
        assert!(reports.len() > 10, "{reports:?}");
    });
}
