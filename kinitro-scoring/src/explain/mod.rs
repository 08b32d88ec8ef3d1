//! Why a result came out the way it did: plain data, and sentences.

mod sentences;

use crate::counting::Method;
use crate::evidence::{Bar, e_value};
use crate::mask::all_of;
use crate::outcome::Outcome;
use crate::ratio::Ratio;
use crate::rules::standing::{Challenge, Contest, Verdict, smallest_subset};
use crate::table::{EnvOutcomes, MinerRef, OutcomeTable, PairCounts};

/// Why miners earn what they earn. Positions and rows are in order of precedence; masks have bit `e` for `envs[e]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Names of the environments.
    pub envs: Vec<String>,
    /// One report per miner.
    pub miners: Vec<MinerReport>,
    /// The largest titles: all environments, all but one, and whatever a miner solves at most.
    pub titles: Vec<Title>,
    /// How subsets were counted.
    pub method: Method,
    /// The e-value that proves a difference.
    pub threshold: f64,
    /// Less evidence was asked for than by default.
    pub thresholds_lowered: bool,
}

/// What one miner holds, and what it lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct MinerReport {
    /// Who.
    pub id: MinerRef,
    /// Mask of the environments it solves beyond doubt.
    pub solved: u64,
    /// Whether it needs double margins, since somebody with precedence is about as good overall.
    pub follower: bool,
    /// Subsets it wins.
    pub subsets: u128,
    /// Its points.
    pub points: u128,
    /// Its part of the emission.
    pub share: f64,
    /// For each environment it does not solve, the baseline that is not yet beaten and what is missing.
    pub unsolved: Vec<(String, Shortfall)>,
    /// For a miner without any title that solves enough: what stops it on everything it solves.
    pub stopped: Option<Stop>,
}

/// Who holds a subset, and how that came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// The subset.
    pub subset: u64,
    /// All holders; the last one wins the subset. Empty where nobody solves all of it.
    pub holders: Vec<usize>,
    /// Every later miner that solves the subset against the holder that decided.
    pub challenges: Vec<Challenge>,
}

/// What stops a miner on the largest subset it could hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    /// The subset, the verdict, and the holder.
    pub subset: u64,
    /// Position of the holder.
    pub holder: usize,
    /// Why the title stays.
    pub verdict: Verdict,
    /// Contested environments of the subset which the miner does not win, and what is missing there.
    pub missing: Vec<Shortfall>,
}

/// What is missing for a proof in one environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Shortfall {
    /// Position of the environment.
    pub env: usize,
    /// Paired outcomes of the miner against the other side.
    pub counts: PairCounts,
    /// Episodes needed.
    pub episodes_needed: u64,
    /// Lead `wins − losses` needed, on these episodes.
    pub lead_needed: u64,
    /// Wins needed against so many losses.
    pub wins_needed: u64,
    /// The e-value of the wins and losses there are.
    pub e_value: f64,
    /// The e-value needed.
    pub e_value_needed: f64,
}

impl Explanation {
    pub(crate) fn new(table: &OutcomeTable, outcome: &Outcome) -> Self {
        let contest = Contest::of_all(&outcome.relations, outcome.params());
        let mut teacher = Teacher::new(table, outcome);
        let report = |miner: usize| teacher.report(miner, &contest);
        Self {
            envs: table.envs().to_vec(),
            miners: (0..table.miners().len()).map(report).collect(),
            titles: largest_subsets(outcome)
                .into_iter()
                .map(|subset| title(&contest, subset))
                .collect(),
            method: outcome.count.method,
            threshold: outcome.relations.threshold.to_f64(),
            thresholds_lowered: outcome.thresholds_lowered,
        }
    }
}

/// All environments, all but one, and each miner's solved set, without repetition.
fn largest_subsets(outcome: &Outcome) -> Vec<u64> {
    let envs = outcome.relations.envs;
    let all = all_of(envs);
    let candidates = [all]
        .into_iter()
        .chain((0..envs).map(|env| all & !(1 << env)));
    let mut subsets: Vec<u64> = Vec::new();
    for subset in candidates.chain(outcome.relations.solved.iter().copied()) {
        if subset.count_ones() as usize >= smallest_subset(envs) && !subsets.contains(&subset) {
            subsets.push(subset);
        }
    }
    subsets
}

fn title(contest: &Contest, subset: u64) -> Title {
    let (holders, challenges) = contest.challenges(subset);
    Title {
        subset,
        holders,
        challenges,
    }
}

/// Tells miners what they lack.
struct Teacher<'a> {
    table: &'a OutcomeTable,
    outcome: &'a Outcome,
    bar: Bar,
    doubled_bar: Bar,
}

impl<'a> Teacher<'a> {
    fn new(table: &'a OutcomeTable, outcome: &'a Outcome) -> Self {
        let threshold = outcome.relations.threshold;
        Self {
            table,
            outcome,
            bar: Bar::new(threshold, false),
            doubled_bar: Bar::new(threshold, true),
        }
    }

    fn report(&mut self, miner: usize, contest: &Contest) -> MinerReport {
        let (outcome, table) = (self.outcome, self.table);
        let subsets = outcome.count.sizes[miner].iter().sum();
        let solved = outcome.relations.solved[miner];
        let mut unsolved = Vec::new();
        for env in (0..table.envs().len()).filter(|env| solved >> env & 1 == 0) {
            unsolved.extend(self.unsolved(&table.miners()[miner].outcomes[env], env));
        }
        MinerReport {
            id: table.miners()[miner].id.clone(),
            solved,
            follower: outcome.relations.follower[miner],
            subsets,
            points: outcome.points[miner],
            share: outcome.weights.shares[miner],
            unsolved,
            stopped: if subsets == 0 {
                self.stopped(miner, contest)
            } else {
                None
            },
        }
    }

    /// The baseline against which most wins are missing.
    fn unsolved(&mut self, outcomes: &EnvOutcomes, env: usize) -> Option<(String, Shortfall)> {
        let gap = self.outcome.params().solve_gap;
        let baselines = self.table.baselines().iter();
        let shortfalls = baselines.map(|baseline| {
            let counts = outcomes.paired_with(&baseline.outcomes[env]);
            (
                baseline.name.clone(),
                self.shortfall(env, counts, gap, Margin::Single),
            )
        });
        let open = shortfalls.filter(|(_, shortfall)| !shortfall.is_met());
        open.max_by_key(|(_, shortfall)| shortfall.wins_missing())
    }

    fn stopped(&mut self, miner: usize, contest: &Contest) -> Option<Stop> {
        let relations = &self.outcome.relations;
        let subset = relations.solved[miner];
        if (subset.count_ones() as usize) < smallest_subset(relations.envs).max(1) {
            return None;
        }
        let met = contest
            .challenges(subset)
            .1
            .into_iter()
            .find(|challenge| challenge.challenger == miner)?;
        let margin = if relations.follower[miner] {
            Margin::Double
        } else {
            Margin::Single
        };
        let pair = (miner, met.holder);
        let open = subset & !relations.wins[pair] & !relations.perfect[pair];
        let gap = self.outcome.params().min_gap;
        let missing = (0..relations.envs).filter(|env| open >> env & 1 == 1);
        Some(Stop {
            subset,
            holder: met.holder,
            verdict: met.verdict,
            missing: missing
                .map(|env| {
                    self.shortfall(env, self.table.pair(miner, met.holder, env), gap, margin)
                })
                .collect(),
        })
    }

    fn shortfall(
        &mut self,
        env: usize,
        counts: PairCounts,
        gap: Ratio,
        margin: Margin,
    ) -> Shortfall {
        let (times, bar) = match margin {
            Margin::Single => (1, &mut self.bar),
            Margin::Double => (2, &mut self.doubled_bar),
        };
        let allowed =
            times * u64::from(gap.numerator()) * counts.episodes / u64::from(gap.denominator());
        let threshold = self.outcome.relations.threshold.to_f64();
        Shortfall {
            env,
            episodes_needed: self.outcome.params().n_min,
            lead_needed: allowed + 1,
            wins_needed: bar.wins_needed(counts.losses),
            e_value: e_value(counts.wins, counts.losses),
            e_value_needed: if times == 2 {
                threshold * threshold
            } else {
                threshold
            },
            counts,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Margin {
    Single,
    Double,
}

impl Shortfall {
    fn is_met(&self) -> bool {
        self.counts.episodes >= self.episodes_needed && self.wins_missing() == 0
    }

    /// Further wins needed, all else equal: for the e-value or for the lead, whichever is more.
    pub fn wins_missing(&self) -> u64 {
        let PairCounts { wins, losses, .. } = self.counts;
        self.wins_needed
            .max(losses + self.lead_needed)
            .saturating_sub(wins)
    }
}
