//! The machine that was measured on.

use std::fs;
use std::thread;

use serde::Serialize;

/// A load above this many per core disturbs what is measured.
const QUIET: f64 = 0.25;

/// What figures depend on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// The processor's name for itself, where the system tells it.
    pub cpu: Option<String>,
    /// Logical cores that this process may use.
    pub cores: usize,
    /// Processes that were running or waiting to run before the first measurement, mean of the last minute.
    pub load: Option<f64>,
    /// Whether this program was compiled with optimization.
    pub optimized: bool,
}

impl Machine {
    /// This machine, now. Name and load are those that Linux tells.
    pub fn read() -> Self {
        let file = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            cpu: cpu_name(&file("/proc/cpuinfo")),
            cores: thread::available_parallelism().map_or(1, Into::into),
            load: load(&file("/proc/loadavg")),
            optimized: !cfg!(debug_assertions),
        }
    }

    /// Why figures from here are not to be trusted, if they are not.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(load) = self.load.filter(|load| *load > QUIET * self.cores as f64) {
            warnings.push(format!(
                "the load of this machine is {load:.1} on {} cores: other work disturbs the figures",
                self.cores
            ));
        }
        if !self.optimized {
            warnings.push("this is a debug build: build with `--release` to measure".to_owned());
        }
        warnings
    }
}

fn cpu_name(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

fn load(loadavg: &str) -> Option<f64> {
    loadavg.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_load_are_read() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Example 9000 @ 3 GHz\nmodel name\t: Other\n";
        assert_eq!(cpu_name(cpuinfo).as_deref(), Some("Example 9000 @ 3 GHz"));
        assert_eq!(load("0.42 0.50 0.60 2/300 12345\n"), Some(0.42));
        assert_eq!((cpu_name(""), load("")), (None, None));
    }

    #[test]
    fn a_busy_machine_is_warned_about() {
        let machine = |load| Machine {
            cpu: None,
            cores: 2,
            load: Some(load),
            optimized: true,
        };
        assert!(machine(0.4).warnings().is_empty());
        assert!(machine(3.0).warnings()[0].contains("3.0 on 2 cores"));
    }
}
