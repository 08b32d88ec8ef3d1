//! One core for everything that is measured.

use anyhow::{Context as _, bail};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Keeps the calling thread, and every process and thread that it starts meanwhile, on one core; dropping it lets the thread go
/// again.
#[derive(Debug)]
pub(super) struct Pinned {
    before: CpuSet,
    /// The core's number.
    pub(super) core: usize,
}

impl Pinned {
    /// On the last of the cores that the thread may use: the first is where most interrupts go.
    pub(super) fn to_one_core() -> anyhow::Result<Self> {
        let before = sched_getaffinity(None).context("cannot tell which cores may be used")?;
        let Some(core) = (0..CpuSet::MAX_CPU).rev().find(|&core| before.is_set(core)) else {
            bail!("there is no core that may be used");
        };
        let mut one = CpuSet::new();
        one.set(core);
        sched_setaffinity(None, &one).with_context(|| format!("cannot stay on core {core}"))?;
        Ok(Self { before, core })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It was allowed before, and a thread that stays on one core computes the same.
        let _ = sched_setaffinity(None, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::thread;

    use super::*;

    #[test]
    fn processes_stay_on_the_core_until_it_is_let_go() {
        // On a thread of its own: others of this program are not concerned.
        let work = || {
            let before = sched_getaffinity(None).unwrap();
            let pinned = Pinned::to_one_core().unwrap();
            let mut grep = Command::new("grep");
            let told = grep
                .args(["Cpus_allowed_list", "/proc/self/status"])
                .output();
            let told = String::from_utf8(told.unwrap().stdout).unwrap();
            let (_, list) = told.split_once(':').unwrap();
            assert_eq!(list.trim(), pinned.core.to_string());
            drop(pinned);
            assert_eq!(sched_getaffinity(None).unwrap(), before);
        };
        thread::spawn(work).join().unwrap();
    }
}
