//! Work spread over threads, results taken on the calling thread.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

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
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        // Bounded, so that a slow taker holds the workers back instead of filling the memory.
        let (sender, receiver) = mpsc::sync_channel(jobs.get());
        for _ in 0..jobs.get().min(count) {
            let (next, stop, work, sender) = (&next, &stop, &work, sender.clone());
            scope.spawn(move || {
                let mut state = S::default();
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || sender.send((index, work(&mut state, index))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let taken = receiver
            .iter()
            .try_for_each(|(index, result)| take(index, result));
        stop.store(true, Ordering::Relaxed);
        // Workers may be waiting for room in the channel; without a receiver they return.
        drop(receiver);
        taken
    })
}

#[cfg(test)]
mod tests {
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
}
