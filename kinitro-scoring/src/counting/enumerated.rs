//! Brute force over bit masks: slow, obviously right, and the oracle of the tests.

use super::{Count, Method, Winner};

/// Decides all subsets with at least `smallest` of `envs` ≤ 24 environments.
pub(crate) fn count(envs: usize, smallest: usize, miners: usize, winner: &mut Winner<'_>) -> Count {
    let mut sizes = vec![vec![0; envs + 1]; miners];
    let mut subsets = 0;
    for subset in 1..1_u64 << envs {
        let size = subset.count_ones() as usize;
        if size < smallest {
            continue;
        }
        subsets += 1;
        if let Some(miner) = winner(subset) {
            sizes[miner][size] += 1;
        }
    }
    Count {
        sizes,
        method: Method::Enumerated { subsets },
    }
}
