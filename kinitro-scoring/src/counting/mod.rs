//! How many subsets of each size every miner wins.
//!
//! | Environments | Method |
//! |---|---|
//! | few | [`Method::Enumerated`]: every subset in turn |
//! | up to 64 | [`Method::Grouped`]: one pass over groups of interchangeable environments, exact |
//! | up to 64, over budget | [`Method::Sampled`]: stratified sampling by size, flagged as approximate |
//!
//! Which method is used depends on the outcomes and the [`Budget`] alone, never on the clock.

pub(crate) mod claims;
mod enumerated;
mod grouped;
mod groups;
mod sampled;
mod states;
#[cfg(test)]
mod tests;

use kinitro_core::seed::CycleSeed;

use crate::rules::standing::{Contest, smallest_subset};
use claims::Claim;

/// Up to here enumerating is as fast as grouping: 4 096 subsets.
const ALWAYS_ENUMERATED: usize = 12;
/// Up to here enumerating is preferred over sampling: a million subsets.
const ENUMERATED_AT_MOST: usize = 20;

/// Effort allowed for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// States of the exact count held at once. Default 2 million.
    pub states: usize,
    /// Elementary steps of the exact count, each below ten nanoseconds. Default 60 million: half a second, which bounds
    /// the time where single states are large.
    pub work: u64,
    /// Subsets drawn when the exact count exceeds its budget. Default 1 million: the standard error of a miner's points
    /// is then at most 0.0005 of the total.
    pub draws: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            states: 2_000_000,
            work: 60_000_000,
            draws: 1_000_000,
        }
    }
}

/// How a count was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Every subset was decided.
    Enumerated {
        /// Number of subsets.
        subsets: u64,
    },
    /// Exact, without enumeration.
    Grouped {
        /// Largest number of states held at once.
        states: usize,
    },
    /// Estimated from random subsets.
    Sampled {
        /// Subsets drawn.
        draws: u64,
    },
}

/// Subsets won, by size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// `sizes[i][k]` is the number of subsets of size k won by miner i.
    pub sizes: Vec<Vec<u128>>,
    /// How they were counted.
    pub method: Method,
}

impl Count {
    /// Whether the numbers are estimates.
    pub fn is_approximate(&self) -> bool {
        matches!(self.method, Method::Sampled { .. })
    }
}

/// The exact count would exceed its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OverBudget;

/// What is left of a [`Budget`] during an exact count.
#[derive(Debug)]
pub(crate) struct Meter {
    states: usize,
    work: u64,
}

impl Meter {
    pub(crate) fn new(budget: &Budget) -> Self {
        Self {
            states: budget.states,
            work: budget.work,
        }
    }

    /// Accounts for `steps` with `states` held.
    pub(crate) fn spend(&mut self, steps: usize, states: usize) -> Result<(), OverBudget> {
        self.work = self.work.checked_sub(steps as u64).ok_or(OverBudget)?;
        if states > self.states {
            return Err(OverBudget);
        }
        Ok(())
    }
}

/// Counts for the default rule; rows are for all `miners`, in order of precedence.
pub(crate) fn count_contest(
    contest: &Contest,
    miners: usize,
    budget: &Budget,
    seed: &CycleSeed,
) -> Count {
    let envs = contest.envs;
    let smallest = smallest_subset(envs);
    let mut rivals = Vec::new();
    let mut winner = |subset| contest.winner(subset, &mut rivals);
    let counted = pick_method(
        envs,
        |winner| enumerated::count(envs, smallest, contest.members.len(), winner),
        || grouped::count(contest, smallest, &mut Meter::new(budget)),
        |winner| {
            sampled::count(
                envs,
                smallest,
                contest.members.len(),
                budget.draws,
                seed,
                winner,
            )
        },
        &mut winner,
    );
    let mut sizes = vec![vec![0; envs + 1]; miners];
    for (&member, row) in contest.members.iter().zip(counted.sizes) {
        sizes[member] = row;
    }
    Count {
        sizes,
        method: counted.method,
    }
}

/// Counts for the compatible rules. `classes` are in order; inside a class the first claim on a subset wins, and claims
/// of different classes never meet. Rows are for all `miners`.
pub(crate) fn count_claims(
    classes: &[Vec<(usize, Claim)>],
    (miners, envs): (usize, usize),
    budget: &Budget,
    seed: &CycleSeed,
) -> Count {
    let in_order = || classes.iter().flatten();
    let mut winner = |subset| {
        in_order()
            .find(|(_, claim)| claim.holds(subset))
            .map(|&(miner, _)| miner)
    };
    pick_method(
        envs,
        |winner| enumerated::count(envs, 1, miners, winner),
        || claims::count(classes, (miners, envs), &mut Meter::new(budget)),
        |winner| sampled::count(envs, 1, miners, budget.draws, seed, winner),
        &mut winner,
    )
}

/// Decides one subset.
pub(crate) type Winner<'a> = dyn FnMut(u64) -> Option<usize> + 'a;

fn pick_method(
    envs: usize,
    enumerate: impl FnOnce(&mut Winner<'_>) -> Count,
    group: impl FnOnce() -> Result<Count, OverBudget>,
    sample: impl FnOnce(&mut Winner<'_>) -> Count,
    winner: &mut Winner<'_>,
) -> Count {
    if envs <= ALWAYS_ENUMERATED {
        return enumerate(winner);
    }
    match group() {
        Ok(count) => count,
        Err(OverBudget) if envs <= ENUMERATED_AT_MOST => enumerate(winner),
        Err(OverBudget) => sample(winner),
    }
}
