//! `first_commit`, a compatible rule: the earliest miner that nobody later beats everywhere in the subset.
//!
//! `Beats(l, o) = { e : s_l(e) > thr_o(e) }` with the thresholds of [`crate::threshold`]. Candidates in order of
//! (block, uid), an unknown block being later than all. A candidate c wins S when for every other miner o
//!
//! - `b_c ≤ b_o`: not S ⊆ Beats(o, c),
//! - `b_c > b_o`: S ⊆ Beats(c, o).
//!
//! So c qualifies exactly on the subsets of `I_c = ∩ Beats(c, o)` over earlier blocks which hit `I_c \ Beats(o, c)` for
//! every other o: a [`Claim`]. Between different blocks at most one miner qualifies; within a block the first claim
//! counts.

use crate::counting::claims::Claim;
use crate::table::RateTable;

/// Added to the rate of an environment without an entry. Source: the reference's scoring functions.
const GAP_WITHOUT_THRESHOLD: f64 = 0.02;

/// The claims of all miners, in classes of equal block, each class in order of uid.
///
/// Returns `(miner, claim)` pairs per class; the classes are in order of their blocks.
pub(crate) fn claims(
    table: &RateTable,
    thresholds: &[Vec<Option<f64>>],
) -> Vec<Vec<(usize, Claim)>> {
    let mut order: Vec<usize> = (0..table.miners.len()).collect();
    order.sort_by_key(|&miner| (block(table, miner), table.miners[miner].uid));
    let beats = |l: usize, o: usize| -> u64 {
        let exceeds = |&env: &usize| {
            let threshold = thresholds[o][env].unwrap_or(GAP_WITHOUT_THRESHOLD);
            table.score(l, env) > threshold
        };
        (0..table.envs.len())
            .filter(exceeds)
            .fold(0, |mask, env| mask | 1 << env)
    };
    let classes = order.chunk_by(|&a, &b| block(table, a) == block(table, b));
    let claim = |c: usize| {
        let others = || order.iter().copied().filter(move |&o| o != c);
        let earlier = |o: &usize| block(table, *o) < block(table, c);
        let scope = others()
            .filter(earlier)
            .fold(table.all(), |scope, o| scope & beats(c, o));
        let edges = others()
            .filter(|o| !earlier(o))
            .map(|o| scope & !beats(o, c));
        (c, Claim::new(scope, edges.collect()))
    };
    classes
        .map(|class| class.iter().map(|&c| claim(c)).collect())
        .collect()
}

/// The miner's block; unknown sorts after all known ones.
fn block(table: &RateTable, miner: usize) -> (bool, u64) {
    let block = table.miners[miner].first_block;
    (block.is_none(), block.unwrap_or(0))
}
