//! Results of the default rule.

use crate::counting::{Count, count_contest};
use crate::error::Error;
use crate::explain::Explanation;
use crate::params::Params;
use crate::relations::Relations;
use crate::rules::standing::{Contest, smallest_subset};
use crate::table::OutcomeTable;
use crate::weights::Weights;

/// Who earns what under `standing_pareto`, and everything it was derived from. Rows are in order of precedence, like
/// [`OutcomeTable::miners`].
#[derive(Debug)]
pub struct Outcome {
    /// Relations between all pairs of miners.
    pub relations: Relations,
    /// Subsets won, by size, and how they were counted.
    pub count: Count,
    /// Points per miner.
    pub points: Vec<u128>,
    /// Sum of [`Self::points`].
    pub awarded: u128,
    /// Points of all subsets, awarded or not.
    pub total: u128,
    /// Shares of the emission.
    pub weights: Weights,
    /// Less evidence was asked for than by default: nothing here is proven.
    pub thresholds_lowered: bool,
    params: Params,
}

/// Scores a table by `standing_pareto`: outcomes → relations → titles → points → weights.
///
/// # Errors
/// [`Error::InvalidParam`] for parameters out of range.
pub fn score(table: &OutcomeTable, params: &Params) -> Result<Outcome, Error> {
    params.validate()?;
    let (miners, envs) = (table.miners().len(), table.envs().len());
    let relations = Relations::new(table, params);
    let contest = Contest::of_relevant(&relations, params);
    let count = count_contest(&contest, miners, &params.budget, &params.cycle_seed);
    let points: Vec<u128> = count
        .sizes
        .iter()
        .map(|sizes| params.scheme.points(sizes))
        .collect();
    let total = params.scheme.total(envs, smallest_subset(envs));
    Ok(Outcome {
        weights: Weights::new(&points, total, params),
        awarded: points.iter().sum(),
        thresholds_lowered: params.thresholds_lowered(envs),
        params: params.clone(),
        relations,
        count,
        points,
        total,
    })
}

impl Outcome {
    /// The parameters it was made with.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Winners of the subsets given as masks; `None` where nobody solves all of it, and for subsets too small to be
    /// awarded. Positions are in order of precedence.
    pub fn winners(&self, subsets: impl IntoIterator<Item = u64>) -> Vec<Option<usize>> {
        let contest = Contest::of_relevant(&self.relations, &self.params);
        let smallest = smallest_subset(self.relations.envs).max(1);
        let mut rivals = Vec::new();
        let mut winner = |subset: u64| match subset.count_ones() as usize {
            size if size < smallest => None,
            _ => contest
                .winner(subset, &mut rivals)
                .map(|index| contest.members[index]),
        };
        subsets.into_iter().map(&mut winner).collect()
    }

    /// Why it came out this way; `table` is the one that was scored.
    pub fn explain(&self, table: &OutcomeTable) -> Explanation {
        Explanation::new(table, self)
    }

    /// `(uid, weight)` for submission: sorted by uid, zero weights left out, the burned part added to `burn_uid`.
    /// The weights sum to 65535.
    pub fn submission(&self, table: &OutcomeTable, burn_uid: u16) -> Vec<(u16, u16)> {
        let uids = table.miners().iter().map(|miner| miner.id.uid);
        let entries = uids
            .zip(self.weights.u16.iter().copied())
            .chain([(burn_uid, self.weights.burn_u16)]);
        let mut entries: Vec<_> = entries.filter(|&(_, weight)| weight > 0).collect();
        entries.sort_unstable();
        entries.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        entries
    }
}
