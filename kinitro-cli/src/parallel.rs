//! Work spread over threads, results taken on the calling thread.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Pieces of work that wait for each other and for nobody else: a queue has threads of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// How many pieces there are; they are numbered from 0.
    pub count: usize,
    /// How many are worked on at the same time.
    pub threads: NonZeroUsize,
}

/// Runs `work(state, index)` for every index below `count` on up to `jobs` threads and hands each result to `take`.
///
/// Indices are begun in ascending order and taken in the order of completion, so whoever needs an order sorts by index.
/// Every thread has a state of its own, which begins with its default and may only save time, never change a result.
///
/// # Errors
/// The first error of `take`; what has begun is finished, nothing else is begun.
pub fn for_each<S, T, E>(
    count: usize,
    jobs: NonZeroUsize,
    work: impl Fn(&mut S, usize) -> T + Sync,
    mut take: impl FnMut(usize, T) -> Result<(), E>,
) -> Result<(), E>
where
    S: Default,
    T: Send,
{
    let queue = Queue {
        count,
        threads: jobs,
    };
    for_each_queued(
        &[queue],
        |state, _, index| work(state, index),
        |_, index, result| take(index, result),
    )
}

/// As [`for_each`] for several queues at once: `work(state, queue, index)`, then `take(queue, index, result)`.
///
/// However long the pieces of one queue take, those of the others go on.
///
/// # Errors
/// As [`for_each`].
pub fn for_each_queued<S, T, E>(
    queues: &[Queue],
    work: impl Fn(&mut S, usize, usize) -> T + Sync,
    mut take: impl FnMut(usize, usize, T) -> Result<(), E>,
) -> Result<(), E>
where
    S: Default,
    T: Send,
{
    let threads = |queue: &Queue| queue.threads.get().min(queue.count);
    let next: Vec<AtomicUsize> = queues.iter().map(|_| AtomicUsize::new(0)).collect();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // Bounded, so that a slow taker holds the workers back instead of filling the memory.
        let (sender, receiver) = mpsc::sync_channel(queues.iter().map(threads).sum());
        for (number, queue) in queues.iter().enumerate() {
            for _ in 0..threads(queue) {
                let (next, stop, work, sender) = (&next[number], &stop, &work, sender.clone());
                scope.spawn(move || {
                    let mut state = S::default();
                    while !stop.load(Ordering::Relaxed) {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= queue.count
                            || sender
                                .send((number, index, work(&mut state, number, index)))
                                .is_err()
                        {
                            return;
                        }
                    }
                });
            }
        }
        drop(sender);
        let taken = receiver
            .iter()
            .try_for_each(|(queue, index, result)| take(queue, index, result));
        stop.store(true, Ordering::Relaxed);
        // Workers may be waiting for room in the channel; without a receiver they return.
        drop(receiver);
        taken
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn jobs(jobs: usize) -> NonZeroUsize {
        NonZeroUsize::new(jobs).unwrap()
    }

    #[test]
    fn every_index_is_worked_on_once() {
        for threads in [1, 2, 8] {
            let mut seen = Vec::new();
            let result: Result<(), ()> = for_each(
                100,
                jobs(threads),
                |(), index| index * index,
                |index, square| {
                    assert_eq!(square, index * index);
                    seen.push(index);
                    Ok(())
                },
            );
            seen.sort_unstable();
            assert_eq!((result, seen), (Ok(()), (0..100).collect()));
        }
    }

    #[test]
    fn an_error_stops_the_work() {
        let begun = AtomicUsize::new(0);
        let work = |(): &mut (), index: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            index
        };
        let result = for_each(1_000_000, jobs(4), work, |index, _| {
            if index == 3 { Err("three") } else { Ok(()) }
        });
        assert_eq!(result, Err("three"));
        assert!(begun.load(Ordering::Relaxed) < 1000);
    }

    #[test]
    fn nothing_to_do_is_done() {
        let result: Result<(), ()> = for_each(0, jobs(4), |(), _| (), |_, ()| Err(()));
        assert_eq!(result, Ok(()));
    }

    /// The first queue hangs until everything of the others is done.
    #[test]
    fn a_queue_that_hangs_holds_up_no_other() {
        let others = 2 * 50;
        let all_done = Barrier::new(2);
        let queues = [(1, 1), (50, 1), (50, 3)].map(|(count, threads)| Queue {
            count,
            threads: jobs(threads),
        });
        let mut taken = Vec::new();
        let work = |(): &mut (), queue: usize, _| {
            if queue == 0 {
                all_done.wait();
            }
        };
        let result: Result<(), ()> = for_each_queued(&queues, work, |queue, index, ()| {
            taken.push((queue, index));
            if taken.len() == others {
                all_done.wait();
            }
            Ok(())
        });
        assert_eq!((result, taken.last()), (Ok(()), Some(&(0, 0))));
        taken.sort_unstable();
        taken.dedup();
        assert_eq!(taken.len(), others + 1);
    }
}
