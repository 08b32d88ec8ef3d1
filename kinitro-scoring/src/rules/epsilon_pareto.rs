//! `epsilon_pareto`, a compatible rule: the miner that ε-dominates all others on the subset, if there is one.
//!
//! i dominates j on S when nowhere in S it is worse by more than ε and somewhere in S better by more than ε. So i
//! wins exactly the subsets of `I_i = { e : s_i ≥ s_j − ε for all j }` which hit `{ e : s_i > s_j + ε }` for every
//! j: a [`Claim`]. A single miner wins everything.

use crate::counting::claims::Claim;
use crate::dominance::Margins;

/// The claims of all miners, in the order of the table. No two of them share a subset.
pub(crate) fn claims(margins: &Margins) -> Vec<Claim> {
    let miners = margins.miners();
    let claim = |i: usize| {
        let others = || (0..miners).filter(move |&j| j != i);
        let scope = others().fold(margins.all(), |scope, j| scope & margins.not_worse(i, j));
        Claim::new(
            scope,
            others().map(|j| scope & margins.better(i, j)).collect(),
        )
    };
    (0..miners).map(claim).collect()
}
