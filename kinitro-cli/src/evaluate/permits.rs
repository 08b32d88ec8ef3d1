//! Who may simulate: many episodes are under way, few at a time compute.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use crate::policy_server::Pause;

/// Niceness of threads that simulate beside the network.
///
/// What carries the answers of servers sleeps most of the time, and has to run at once when a byte comes: until then the wait
/// counts as the policy's. On two busy cores this halves the time within which 99 % of the answers are seen
/// (`cargo bench -p kinitro-cli --bench servers`); more niceness than this changes nothing.
const NICENESS: i32 = 10;

/// A fixed number of permits to simulate, given in the order of asking.
///
/// An episode holds one while it simulates, draws and writes messages, and gives it up exactly while it waits for the network.
/// They decide when something is computed and never what.
#[derive(Debug)]
pub struct Permits {
    state: Mutex<State>,
    is_beside_network: bool,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Who waits; nobody does while a permit is free.
    waiting: VecDeque<Arc<Turn>>,
}

/// One thread's place in the queue. Each is woken alone: waking all would cost more than a step of the simulation.
#[derive(Debug)]
struct Turn {
    thread: Thread,
    has_come: AtomicBool,
}

/// The right to simulate, returned when dropped.
#[derive(Debug)]
pub struct Permit<'a>(&'a Permits);

impl Permits {
    /// So many permits, where nothing else is to be done.
    pub fn new(count: NonZeroUsize) -> Self {
        Self {
            state: Mutex::new(State {
                free: count.get(),
                waiting: VecDeque::new(),
            }),
            is_beside_network: false,
        }
    }

    /// So many permits and one more, for threads that give way to those of the network: whoever has acquired one has a lower priority
    /// from then on.
    ///
    /// The one more is for the thread that is being woken: while a permit changes hands, nobody would compute with it.
    pub fn beside_network(count: NonZeroUsize) -> Self {
        Self {
            is_beside_network: true,
            ..Self::new(count.saturating_add(1))
        }
    }

    /// Waits for a permit.
    pub fn acquire(&self) -> Permit<'_> {
        if self.is_beside_network {
            step_back();
        }
        self.enter();
        Permit(self)
    }

    /// Hands the caller's permit to whoever has waited longest, if anybody has, and waits for the next.
    ///
    /// Episodes that never wait for the network call this between steps, so that those which do are not held up for whole episodes.
    pub fn pass_on(&self) {
        let mut state = self.lock();
        if let Some(next) = state.waiting.pop_front() {
            let turn = state.line_up();
            drop(state);
            next.come();
            turn.wait();
        }
    }

    fn enter(&self) {
        let mut state = self.lock();
        if 0 < state.free {
            state.free -= 1;
        } else {
            let turn = state.line_up();
            drop(state);
            turn.wait();
        }
    }

    fn leave(&self) {
        let mut state = self.lock();
        match state.waiting.pop_front() {
            Some(next) => {
                drop(state);
                next.come();
            }
            None => state.free += 1,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is a single statement, so a panic elsewhere leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lowers the priority of the calling thread, and of no other. Where the system refuses, answers are seen later, nothing else.
#[cfg(target_os = "linux")]
fn step_back() {
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

/// Elsewhere the priority would be the whole process's.
#[cfg(not(target_os = "linux"))]
fn step_back() {}

impl State {
    fn line_up(&mut self) -> Arc<Turn> {
        let turn = Arc::new(Turn {
            thread: thread::current(),
            has_come: AtomicBool::new(false),
        });
        self.waiting.push_back(Arc::clone(&turn));
        turn
    }
}

impl Turn {
    fn come(&self) {
        self.has_come.store(true, Ordering::Release);
        self.thread.unpark();
    }

    fn wait(&self) {
        while !self.has_come.load(Ordering::Acquire) {
            thread::park();
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Pause for Permits {
    fn aside(&self, wait: &mut dyn FnMut()) {
        /// Comes back even if the wait panics, since the permit set aside is still to be dropped.
        struct Back<'a>(&'a Permits);

        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.enter();
            }
        }

        self.leave();
        let _back = Back(self);
        wait();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn permits(count: usize) -> Permits {
        Permits::new(NonZeroUsize::new(count).unwrap())
    }

    /// Two hundred episodes meet at a barrier while they wait: with two permits, they only can if waiting holds none.
    #[test]
    fn all_wait_at_once_and_few_compute() {
        const EPISODES: usize = 200;
        let (permits, computing) = (permits(2), AtomicUsize::new(0));
        let server = Barrier::new(EPISODES);
        let compute = || {
            assert!(computing.fetch_add(1, Ordering::SeqCst) < 2);
            computing.fetch_sub(1, Ordering::SeqCst);
        };
        thread::scope(|scope| {
            for _ in 0..EPISODES {
                scope.spawn(|| {
                    let _permit = permits.acquire();
                    for _ in 0..20 {
                        compute();
                        permits.aside(&mut || {
                            server.wait();
                        });
                    }
                    compute();
                });
            }
        });
        assert_eq!(permits.lock().free, 2);
    }

    #[test]
    fn permits_go_round_in_the_order_of_asking() {
        let (permits, order) = (permits(1), Mutex::new(Vec::new()));
        let holder = permits.acquire();
        thread::scope(|scope| {
            for name in 0..5 {
                let (permits, order) = (&permits, &order);
                scope.spawn(move || {
                    let _permit = permits.acquire();
                    for _ in 0..3 {
                        order.lock().unwrap().push(name);
                        permits.pass_on();
                    }
                });
                // The next asks only when this one stands in the queue.
                while permits.lock().waiting.len() <= name {
                    thread::yield_now();
                }
            }
            drop(holder);
        });
        let rounds: Vec<usize> = (0..3).flat_map(|_| 0..5).collect();
        assert_eq!(order.into_inner().unwrap(), rounds);
    }

    #[test]
    fn nobody_waiting_is_nobody_to_pass_on_to() {
        let permits = permits(1);
        let _permit = permits.acquire();
        permits.pass_on();
        assert_eq!(permits.lock().free, 0);
    }

    #[test]
    fn a_panic_loses_no_permit() {
        let permits = permits(1);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _permit = permits.acquire();
            permits.aside(&mut || panic!("on purpose"));
        }));
        assert!(panicked.is_err());
        assert_eq!(permits.lock().free, 1);
    }
}
