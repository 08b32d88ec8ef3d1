//! Everything the default rule knows about ordered pairs of miners, as bit masks over environments.
//!
//! | Name | Definition |
//! |---|---|
//! | better(a, b) ∋ e | n ≥ `n_min`, u − d > `min_gap`·n and e(u, d) ≥ T |
//! | solved(a) ∋ e | the same against *every baseline*, with `solve_gap` in place of `min_gap` |
//! | perfect(a, b) ∋ e | n ≥ `n_min`, w ≥ (1 − `min_gap`)·n, and not better: nobody could improve there |
//! | outclasses(a, b) | n ≥ `n_min` everywhere, mean(b) < `rho`·mean(a), e(Σu, Σd) ≥ T |
//! | follower(c) | not for every o with precedence: n ≥ `n_min` everywhere and mean(c) − mean(o) > E·`min_gap`/2 |
//! | wins(c, q) | better(c, q); for a follower with 2·`min_gap` and T² |
//! | topples(c, q) | outclasses(c, q); for a follower with 2·`rho` − 1 and T² |
//!
//! mean is the sum over all environments of ⌊10⁶·successes/n⌋ on the common episodes of the pair.

use std::ops::{Index, IndexMut};

use crate::evidence::{Bar, Threshold};
use crate::params::Params;
use crate::ratio::Ratio;
use crate::table::{EnvOutcomes, OutcomeTable, PairCounts};

/// Parts per million: rates are compared as integers.
const PPM: u64 = 1_000_000;

/// One value per ordered pair of miners, indexed by their positions in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairTable<T> {
    miners: usize,
    values: Vec<T>,
}

impl<T: Copy + Default> PairTable<T> {
    pub(crate) fn new(miners: usize) -> Self {
        Self {
            miners,
            values: vec![T::default(); miners * miners],
        }
    }

    /// Number of miners.
    pub fn miners(&self) -> usize {
        self.miners
    }

    /// All values of one miner against the others; its own entry is the default.
    pub fn row(&self, miner: usize) -> &[T] {
        &self.values[miner * self.miners..(miner + 1) * self.miners]
    }
}

impl<T> Index<(usize, usize)> for PairTable<T> {
    type Output = T;

    fn index(&self, (a, b): (usize, usize)) -> &T {
        &self.values[a * self.miners + b]
    }
}

impl<T> IndexMut<(usize, usize)> for PairTable<T> {
    fn index_mut(&mut self, (a, b): (usize, usize)) -> &mut T {
        &mut self.values[a * self.miners + b]
    }
}

/// The relations of the module page. Bit `e` of a mask is environment `e`; miners are in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relations {
    /// Number of miners.
    pub miners: usize,
    /// Number of environments.
    pub envs: usize,
    /// The e-value that proves a difference.
    pub threshold: Threshold,
    /// Environments each miner solves.
    pub solved: Vec<u64>,
    /// Where a is better than b beyond doubt.
    pub better: PairTable<u64>,
    /// Where a could not be improved upon although it is not better than b.
    pub perfect: PairTable<u64>,
    /// What a wins as a challenger of b.
    pub wins: PairTable<u64>,
    /// Whether a is far better overall than b.
    pub outclasses: PairTable<bool>,
    /// Whether a takes over from b on its overall mean alone.
    pub topples: PairTable<bool>,
    /// Whether a miner needs double margins as a challenger.
    pub follower: Vec<bool>,
}

impl Relations {
    /// Compares all pairs: O(miners² · environments · episodes / 64).
    pub(crate) fn new(table: &OutcomeTable, params: &Params) -> Self {
        let (miners, envs) = (table.miners().len(), table.envs().len());
        let threshold = params.threshold(envs);
        let mut judge = Judge::new(params, threshold);
        let solved = table
            .miners()
            .iter()
            .map(|miner| judge.solved(&miner.outcomes, table))
            .collect();
        let mut better = PairTable::new(miners);
        let mut perfect = PairTable::new(miners);
        let mut outclasses = PairTable::new(miners);
        let mut follower = Vec::with_capacity(miners);
        // What the same comparison yields with the margins of a follower.
        let mut doubled_wins = PairTable::new(miners);
        let mut doubled_topples = PairTable::new(miners);
        for b in 0..miners {
            let mut leads = true;
            for a in 0..b {
                let rows = (&table.miners()[a].outcomes, &table.miners()[b].outcomes);
                let (forward, backward) = judge.compare(rows.0, rows.1);
                leads &= backward.leads;
                for (pair, facts) in [((a, b), forward), ((b, a), backward)] {
                    better[pair] = facts.better;
                    perfect[pair] = facts.perfect;
                    outclasses[pair] = facts.outclasses;
                    doubled_wins[pair] = facts.doubled_better;
                    doubled_topples[pair] = facts.doubled_outclasses;
                }
            }
            follower.push(!leads);
        }
        let (mut wins, mut topples) = (better.clone(), outclasses.clone());
        for c in (0..miners).filter(|&c| follower[c]) {
            for q in 0..miners {
                wins[(c, q)] = doubled_wins[(c, q)];
                topples[(c, q)] = doubled_topples[(c, q)];
            }
        }
        Self {
            miners,
            envs,
            threshold,
            solved,
            better,
            perfect,
            wins,
            outclasses,
            topples,
            follower,
        }
    }
}

/// Facts about one ordered pair; "doubled" ones are those with a follower's margins.
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    better: u64,
    doubled_better: u64,
    perfect: u64,
    outclasses: bool,
    doubled_outclasses: bool,
    leads: bool,
}

/// The parameters of a comparison, prepared.
#[derive(Debug)]
struct Judge {
    n_min: u64,
    min_gap: Ratio,
    solve_gap: Ratio,
    rho: Ratio,
    bar: Bar,
    doubled_bar: Bar,
}

impl Judge {
    fn new(params: &Params, threshold: Threshold) -> Self {
        Self {
            n_min: params.n_min,
            min_gap: params.min_gap,
            solve_gap: params.solve_gap,
            rho: params.rho,
            bar: Bar::new(threshold, false),
            doubled_bar: Bar::new(threshold, true),
        }
    }

    fn solved(&mut self, row: &[EnvOutcomes], table: &OutcomeTable) -> u64 {
        let mut mask = 0;
        for (env, outcomes) in row.iter().enumerate() {
            let above = |judge: &mut Self, baseline: &EnvOutcomes| {
                let counts = outcomes.paired_with(baseline);
                exceeds(counts, judge.solve_gap, 1) && judge.is_proven(counts)
            };
            if table
                .baselines()
                .iter()
                .all(|baseline| above(self, &baseline.outcomes[env]))
            {
                mask |= 1 << env;
            }
        }
        mask
    }

    fn is_proven(&mut self, counts: PairCounts) -> bool {
        counts.episodes >= self.n_min && self.bar.is_reached(counts.wins, counts.losses)
    }

    /// The facts about (a, b) and about (b, a).
    fn compare(&mut self, a: &[EnvOutcomes], b: &[EnvOutcomes]) -> (Facts, Facts) {
        let (mut forward, mut backward) = (Facts::default(), Facts::default());
        let (mut wins, mut losses) = (0, 0);
        let (mut mean_a, mut mean_b) = (0, 0);
        let mut enough = true;
        for (env, (a, b)) in a.iter().zip(b).enumerate() {
            let counts = a.paired_with(b);
            let reversed = counts.reversed();
            wins += counts.wins;
            losses += counts.losses;
            mean_a += rate_ppm(counts);
            mean_b += rate_ppm(reversed);
            if counts.episodes < self.n_min {
                enough = false;
                continue;
            }
            self.judge_env(&mut forward, counts, 1 << env);
            self.judge_env(&mut backward, reversed, 1 << env);
        }
        if enough {
            self.judge_overall(&mut forward, a.len(), (mean_a, mean_b), (wins, losses));
            self.judge_overall(&mut backward, a.len(), (mean_b, mean_a), (losses, wins));
        }
        (forward, backward)
    }

    fn judge_env(&mut self, facts: &mut Facts, counts: PairCounts, bit: u64) {
        let PairCounts {
            episodes,
            wins,
            losses,
            successes,
        } = counts;
        if exceeds(counts, self.min_gap, 1) && self.bar.is_reached(wins, losses) {
            facts.better |= bit;
            if exceeds(counts, self.min_gap, 2) && self.doubled_bar.is_reached(wins, losses) {
                facts.doubled_better |= bit;
            }
        } else {
            let (gap, whole) = parts(self.min_gap);
            if whole * successes >= (whole - gap) * episodes {
                facts.perfect |= bit;
            }
        }
    }

    /// `means` and `pooled` wins and losses are those of the pair, a's first; n ≥ `n_min` in all environments.
    fn judge_overall(
        &mut self,
        facts: &mut Facts,
        envs: usize,
        means: (u64, u64),
        pooled: (u64, u64),
    ) {
        let (gap, whole) = parts(self.min_gap);
        let ahead = means.0.saturating_sub(means.1);
        facts.leads = 2 * whole * ahead > gap * envs as u64 * PPM;
        let (part, of) = parts(self.rho);
        facts.outclasses = of * means.1 < part * means.0 && self.bar.is_reached(pooled.0, pooled.1);
        facts.doubled_outclasses = facts.outclasses
            && of * means.1 < (2 * part - of) * means.0
            && self.doubled_bar.is_reached(pooled.0, pooled.1);
    }
}

/// u − d > times·gap·n.
fn exceeds(counts: PairCounts, gap: Ratio, times: u64) -> bool {
    let (part, whole) = parts(gap);
    counts.wins > counts.losses
        && whole * (counts.wins - counts.losses) > times * part * counts.episodes
}

/// Numerator and denominator; 32 bits each, so that products with 24-bit counts and rates in ppm fit into 64.
fn parts(ratio: Ratio) -> (u64, u64) {
    (ratio.numerator().into(), ratio.denominator().into())
}

/// Success rate of a in parts per million, rounded down; 0 without common episodes.
fn rate_ppm(counts: PairCounts) -> u64 {
    (PPM * counts.successes)
        .checked_div(counts.episodes)
        .unwrap_or(0)
}
