//! Threads that work through numbered jobs, the caller among them.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::Error;

/// What a job with a number does. Jobs with different numbers run at the same time.
pub(super) trait Work: Send + Sync + 'static {
    fn run(&self, job: usize);
}

/// A queue of jobs and the threads that take from it.
///
/// The thread that waits for results works as well, so a crew of one starts no thread and has nothing to wake.
pub(super) struct Crew<W> {
    shared: Arc<Shared<W>>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared<W> {
    work: W,
    queue: Mutex<Queue>,
    /// Something waits, or the crew is let go.
    wanted: Condvar,
    /// Something has finished.
    finished: Condvar,
}

struct Queue {
    waiting: VecDeque<usize>,
    finished: VecDeque<usize>,
    running: usize,
    closed: bool,
    panic: Option<Box<dyn Any + Send>>,
}

impl<W: Work> Crew<W> {
    /// A crew of `size` threads, the caller included, for at most `jobs` jobs at once.
    ///
    /// # Errors
    /// [`Error::StartThread`] if the system starts no further thread.
    pub(super) fn new(work: W, size: usize, jobs: usize) -> Result<Self, Error> {
        let queue = Queue {
            waiting: VecDeque::with_capacity(jobs),
            finished: VecDeque::with_capacity(jobs),
            running: 0,
            closed: false,
            panic: None,
        };
        let mut crew = Self {
            shared: Arc::new(Shared {
                work,
                queue: Mutex::new(queue),
                wanted: Condvar::new(),
                finished: Condvar::new(),
            }),
            threads: Vec::with_capacity(size),
        };
        for number in 1..size {
            let shared = Arc::clone(&crew.shared);
            let thread = thread::Builder::new()
                .name(format!("simulation {number}"))
                .spawn(move || shared.serve())
                .map_err(|source| Error::StartThread { source })?;
            crew.threads.push(thread);
        }
        Ok(crew)
    }

    pub(super) fn work(&self) -> &W {
        &self.shared.work
    }

    /// Puts jobs at the end of the queue.
    pub(super) fn send(&self, jobs: impl IntoIterator<Item = usize>) {
        let mut queue = self.shared.lock();
        queue.waiting.extend(jobs);
        drop(queue);
        self.shared.wanted.notify_all();
    }

    /// Works and waits until `count` jobs have finished, or all have, and moves their numbers to `finished`.
    ///
    /// # Panics
    /// With what a job has panicked with.
    pub(super) fn receive(&self, count: usize, finished: &mut Vec<usize>) {
        let mut queue = self.shared.lock();
        loop {
            if let Some(panic) = queue.panic.take() {
                drop(queue);
                resume_unwind(panic);
            }
            let outstanding = queue.waiting.len() + queue.running;
            if count <= queue.finished.len() || outstanding == 0 {
                let ready = count.min(queue.finished.len());
                finished.extend(queue.finished.drain(..ready));
                return;
            }
            queue = match queue.waiting.pop_front() {
                Some(job) => self.shared.run(queue, job),
                None => self
                    .shared
                    .finished
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl<W: Work> Shared<W> {
    /// What a thread of the crew does until the crew is let go.
    fn serve(&self) {
        let mut queue = self.lock();
        while !queue.closed {
            queue = match queue.waiting.pop_front() {
                Some(job) => self.run(queue, job),
                None => self
                    .wanted
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn run<'a>(&'a self, mut queue: MutexGuard<'a, Queue>, job: usize) -> MutexGuard<'a, Queue> {
        queue.running += 1;
        drop(queue);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.work.run(job)));
        let mut queue = self.lock();
        queue.running -= 1;
        queue.finished.push_back(job);
        if let Err(panic) = outcome {
            queue.panic = Some(panic);
        }
        self.finished.notify_one();
        queue
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No code that can panic runs while the queue is locked.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W> Drop for Crew<W> {
    fn drop(&mut self) {
        let mut queue = self
            .shared
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        queue.closed = true;
        queue.waiting.clear();
        drop(queue);
        self.shared.wanted.notify_all();
        for thread in self.threads.drain(..) {
            // A job's panic was kept for the caller, so a thread always ends in peace.
            let _ = thread.join();
        }
    }
}

impl<W> fmt::Debug for Crew<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("threads", &(self.threads.len() + 1))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Count {
        runs: [AtomicUsize; 8],
    }

    impl Work for Count {
        fn run(&self, job: usize) {
            assert_ne!(job, 7, "job 7 fails");
            self.runs[job].fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn every_job_runs_once_whatever_the_size() {
        for size in [1, 2, 5] {
            let crew = Crew::new(Count::default(), size, 8).unwrap();
            let mut finished = Vec::new();
            for _ in 0..50 {
                crew.send(0..7);
                finished.clear();
                crew.receive(3, &mut finished);
                assert_eq!(finished.len(), 3);
                crew.receive(7, &mut finished);
                finished.sort_unstable();
                assert_eq!(finished, [0, 1, 2, 3, 4, 5, 6]);
            }
            for runs in &crew.work().runs[..7] {
                assert_eq!(runs.load(Ordering::Relaxed), 50);
            }
        }
    }

    #[test]
    fn waiting_for_more_than_was_sent_ends_with_what_there_is() {
        let crew = Crew::new(Count::default(), 2, 8).unwrap();
        let mut finished = Vec::new();
        crew.receive(1, &mut finished);
        assert!(finished.is_empty());
    }

    #[test]
    fn a_panic_reaches_the_one_who_waits() {
        for size in [1, 3] {
            let crew = Crew::new(Count::default(), size, 8).unwrap();
            crew.send([7]);
            let seen = catch_unwind(AssertUnwindSafe(|| crew.receive(1, &mut Vec::new())));
            assert!(seen.is_err(), "{size}");
        }
    }
}
