//! `epsilon_pareto`, a compatible rule: the miner that ε-dominates all others on the subset, if there is one.
//!
//! i dominates j on S when nowhere in S it is worse by more than ε and somewhere in S better by more than ε. So i
//! wins exactly the subsets of `I_i = { e : s_i ≥ s_j − ε for all j }` which hit `{ e : s_i > s_j + ε }` for every
//! j: a [`Claim`]. A single miner wins everything.

use crate::counting::claims::Claim;
use crate::dominance::Margins;

/// The claims of all miners, in classes that never share a subset, each in the order of the table.
///
/// In exact arithmetic no two miners claim the same subset. Rounding breaks that where rates differ by about ε: with
/// ε = 0.2, both 0.9 > 0.7 + ε and 0.7 ≥ 0.9 − ε hold in f64. Then the first in the table wins, so miners joined by
/// such a tie are counted together.
///
/// Returns `(miner, claim)` pairs per class.
pub(crate) fn claims(margins: &Margins) -> Vec<Vec<(usize, Claim)>> {
    let miners = margins.miners();
    let claim = |i: usize| {
        let others = || (0..miners).filter(move |&j| j != i);
        let scope = others().fold(margins.all(), |scope, j| scope & margins.not_worse(i, j));
        Claim::new(
            scope,
            others().map(|j| scope & margins.better(i, j)).collect(),
        )
    };
    // Two claims hold on one subset only if each miner is somewhere better and the other one not worse there.
    let is_tie = |i: usize, j: usize| margins.better(i, j) & margins.not_worse(j, i) != 0;
    let meet = |i: usize, j: usize| is_tie(i, j) && is_tie(j, i);
    let mut classes: Vec<Vec<(usize, Claim)>> = Vec::new();
    for miner in 0..miners {
        let (joined, apart): (Vec<_>, Vec<_>) = classes
            .into_iter()
            .partition(|class| class.iter().any(|&(other, _)| meet(other, miner)));
        classes = apart;
        let mut class: Vec<(usize, Claim)> = joined.into_iter().flatten().collect();
        class.sort_by_key(|&(member, _)| member);
        class.push((miner, claim(miner)));
        classes.push(class);
    }
    classes
}
