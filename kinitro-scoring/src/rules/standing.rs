//! `standing_pareto`, the default rule: who takes the title of a subset of environments.
//!
//! For a subset S the miners that solve all of S are taken in order of precedence. The first is a holder. A later one,
//! c, becomes the next holder iff for *every* holder q so far
//!
//! - topples(c, q), or
//! - not outclasses(q, c), S ∩ better(q, c) = ∅, and |S ∩ wins(c, q)| > φ·|S \ perfect(c, q)|.
//!
//! The last holder wins S. All comparisons are between integers.

use crate::mask::{elements, intersect, transposed};
use crate::params::Params;
use crate::ratio::Ratio;
use crate::relations::Relations;

/// Why a challenger takes a title from a holder, or why it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Takes it: far better overall.
    Topples,
    /// Takes it: wins `wins` of `contested` environments.
    Majority {
        /// Environments of the subset that the challenger wins.
        wins: u32,
        /// Environments of the subset on which the holder could be improved upon.
        contested: u32,
    },
    /// Does not: the holder is far better overall.
    Outclassed,
    /// Does not: the holder is better beyond doubt on these environments of the subset.
    Blocked {
        /// Mask of environments.
        envs: u64,
    },
    /// Does not: too few environments won.
    TooFewWins {
        /// Environments of the subset that the challenger wins.
        wins: u32,
        /// Environments of the subset on which the holder could be improved upon.
        contested: u32,
    },
}

impl Verdict {
    /// Whether the challenger takes the title.
    pub fn takes(self) -> bool {
        matches!(self, Self::Topples | Self::Majority { .. })
    }
}

/// What a challenger and an earlier miner are to each other, whatever the subset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The challenger takes every title.
    Topples,
    /// The challenger takes no title.
    Outclassed,
    /// It depends on the subset.
    Open,
}

/// A challenger c against an earlier miner q.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Duel {
    pub(crate) standing: Standing,
    /// better(q, c): any of these in S blocks c.
    pub(crate) blocked: u64,
    /// wins(c, q).
    pub(crate) wins: u64,
    /// perfect(c, q): not contested.
    pub(crate) ties: u64,
}

impl Duel {
    fn of(relations: &Relations, challenger: usize, holder: usize) -> Self {
        let (forward, backward) = ((challenger, holder), (holder, challenger));
        let standing = if relations.topples[forward] {
            Standing::Topples
        } else if relations.outclasses[backward] {
            Standing::Outclassed
        } else {
            Standing::Open
        };
        Self {
            standing,
            blocked: relations.better[backward],
            wins: relations.wins[forward],
            ties: relations.perfect[forward],
        }
    }

    /// Whether the challenger takes any title at all from the holder, with these environments solved by both.
    pub(crate) fn is_possible(&self, solved: u64) -> bool {
        match self.standing {
            Standing::Topples => true,
            Standing::Outclassed => false,
            Standing::Open => solved & self.wins & !self.blocked != 0,
        }
    }

    /// Whether the challenger takes the title of a non-empty subset.
    fn takes(&self, subset: u64, phi: Ratio) -> bool {
        match self.standing {
            Standing::Topples => true,
            Standing::Outclassed => false,
            // The second test is implied by the third and spares most of its counting.
            Standing::Open => {
                subset & self.blocked == 0
                    && subset & self.wins != 0
                    && self.has_majority(subset, phi)
            }
        }
    }

    fn verdict(&self, subset: u64, phi: Ratio) -> Verdict {
        let (wins, contested) = self.tally(subset);
        match self.standing {
            Standing::Topples => Verdict::Topples,
            Standing::Outclassed => Verdict::Outclassed,
            Standing::Open if subset & self.blocked != 0 => Verdict::Blocked {
                envs: subset & self.blocked,
            },
            Standing::Open if self.has_majority(subset, phi) => {
                Verdict::Majority { wins, contested }
            }
            Standing::Open => Verdict::TooFewWins { wins, contested },
        }
    }

    fn has_majority(&self, subset: u64, phi: Ratio) -> bool {
        let (wins, contested) = self.tally(subset);
        phi.denominator() * wins > phi.numerator() * contested
    }

    /// Environments of the subset that the challenger wins, and those that are contested.
    fn tally(&self, subset: u64) -> (u32, u32) {
        (
            (subset & self.wins).count_ones(),
            (subset & !self.ties).count_ones(),
        )
    }
}

/// A title changing hands, or not: `challenger` against `holder`, both positions in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// The later miner.
    pub challenger: usize,
    /// The holder it meets; the first that stops it, or the last if none does.
    pub holder: usize,
    /// What comes of it.
    pub verdict: Verdict,
}

/// The miners of a table that matter for titles, with everything needed to decide any subset quickly.
#[derive(Debug)]
pub(crate) struct Contest {
    /// Positions in order of precedence.
    pub(crate) members: Vec<usize>,
    pub(crate) solved: Vec<u64>,
    /// Per environment, the set of members that solve it.
    solvers: Vec<Vec<u64>>,
    /// Per holder, the set of later members that take some title from it.
    challengers: Vec<Vec<u64>>,
    pub(crate) envs: usize,
    pub(crate) phi: Ratio,
    /// All later challengers i against holder j, holder by holder: see [`Self::position`].
    duels: Vec<Duel>,
}

impl Contest {
    /// All miners, for explanations and as the reference in tests.
    pub(crate) fn of_all(relations: &Relations, params: &Params) -> Self {
        Self::of(relations, params, (0..relations.miners).collect())
    }

    /// Only the miners that can hold a title; the winners are the same.
    pub(crate) fn of_relevant(relations: &Relations, params: &Params) -> Self {
        Self::of(relations, params, relevant(relations))
    }

    fn of(relations: &Relations, params: &Params, members: Vec<usize>) -> Self {
        let duels = members.iter().enumerate().flat_map(|(j, &holder)| {
            let duel = move |&challenger: &usize| Duel::of(relations, challenger, holder);
            members[j + 1..].iter().map(duel)
        });
        let solved: Vec<u64> = members
            .iter()
            .map(|&member| relations.solved[member])
            .collect();
        let mut contest = Self {
            duels: duels.collect(),
            solvers: transposed(&solved, relations.envs),
            challengers: Vec::new(),
            solved,
            envs: relations.envs,
            phi: params.phi,
            members,
        };
        contest.challengers = (0..contest.members.len())
            .map(|j| contest.challengers_of(j))
            .collect();
        contest
    }

    fn challengers_of(&self, holder: usize) -> Vec<u64> {
        let mut words = vec![0; self.members.len().div_ceil(64)];
        for i in holder + 1..self.members.len() {
            let both = self.solved[i] & self.solved[holder];
            words[i / 64] |= u64::from(self.duel(i, holder).is_possible(both)) << (i % 64);
        }
        words
    }

    /// Challenger `i` against holder `j < i`, as indices into [`Self::members`].
    pub(crate) fn duel(&self, i: usize, j: usize) -> &Duel {
        &self.duels[self.position(i, j)]
    }

    /// Duels against one holder lie side by side, since [`Self::winner`] asks for them together.
    fn position(&self, i: usize, j: usize) -> usize {
        j * (2 * self.members.len() - j - 1) / 2 + i - j - 1
    }

    /// Index into [`Self::members`] of the winner of a non-empty subset; `rivals` is scratch space.
    ///
    /// Holder by holder instead of challenger by challenger: the first miner that takes the title from all holders so
    /// far is the next holder, and whoever fails against a holder is out.
    pub(crate) fn winner(&self, subset: u64, rivals: &mut Vec<u64>) -> Option<usize> {
        rivals.clear();
        rivals.resize(self.members.len().div_ceil(64), u64::MAX);
        for env in elements(&[subset]) {
            intersect(rivals, &self.solvers[env]);
        }
        let mut winner = None;
        loop {
            let first = elements(rivals).next();
            let Some(holder) = first else {
                return winner;
            };
            winner = first;
            intersect(rivals, &self.challengers[holder]);
            for (index, word) in rivals.iter_mut().enumerate() {
                for bit in elements(&[*word]) {
                    let duel = self.duel(index * 64 + bit, holder);
                    if !duel.takes(subset, self.phi) {
                        *word &= !(1 << bit);
                    }
                }
            }
        }
    }

    /// All challenges for a subset by miners that solve it, in order; and its holders.
    pub(crate) fn challenges(&self, subset: u64) -> (Vec<usize>, Vec<Challenge>) {
        let (mut holders, mut challenges) = (Vec::<usize>::new(), Vec::new());
        for (i, solved) in self.solved.iter().enumerate() {
            if subset & !solved != 0 {
                continue;
            }
            let met = holders
                .iter()
                .map(|&j| (j, self.duel(i, j).verdict(subset, self.phi)));
            let met: Vec<_> = met.collect();
            let decisive = met
                .iter()
                .find(|(_, verdict)| !verdict.takes())
                .or(met.last());
            let takes = decisive.is_none_or(|(_, verdict)| verdict.takes());
            challenges.extend(decisive.map(|&(j, verdict)| Challenge {
                challenger: self.members[i],
                holder: self.members[j],
                verdict,
            }));
            if takes {
                holders.push(i);
            }
        }
        (
            holders.into_iter().map(|i| self.members[i]).collect(),
            challenges,
        )
    }
}

/// The smallest subsets that are awarded: single environments only where there is no other.
pub(crate) fn smallest_subset(envs: usize) -> usize {
    envs.min(2)
}

/// Miners that can hold a title somewhere, in order of precedence.
///
/// A miner is dropped when an earlier one stands at least as well in every comparison that matters: then that one, or
/// whoever stopped that one, stops it as well. Exact copies are always dropped.
pub(crate) fn relevant(relations: &Relations) -> Vec<usize> {
    let mut kept = Vec::new();
    for c in 0..relations.miners {
        if relations.solved[c] != 0 && !kept.iter().any(|&o| is_shadowed(relations, c, o, &kept)) {
            kept.push(c);
        }
    }
    kept
}

/// Whether the kept miner `o`, earlier than `c`, keeps `c` from every title.
fn is_shadowed(relations: &Relations, c: usize, o: usize, kept: &[usize]) -> bool {
    let scope = relations.solved[c];
    let loses_to_c = relations.topples[(c, o)] || relations.wins[(c, o)] & scope != 0;
    if scope & !relations.solved[o] != 0 || loses_to_c {
        return false;
    }
    kept.iter()
        .take_while(|&&x| x < o)
        .all(|&x| is_as_strong_against(relations, o, c, x, scope))
}

/// Whether `o` takes from `x` whatever `c` takes from it within `scope`.
fn is_as_strong_against(relations: &Relations, o: usize, c: usize, x: usize, scope: u64) -> bool {
    if relations.topples[(o, x)] {
        return true;
    }
    if relations.topples[(c, x)] {
        return false;
    }
    if relations.outclasses[(x, c)] {
        return true;
    }
    let won_or_neutral = relations.perfect[(o, x)] | relations.wins[(o, x)];
    !relations.outclasses[(x, o)]
        && relations.better[(x, o)] & !relations.better[(x, c)] & scope == 0
        && relations.wins[(c, x)] & !relations.wins[(o, x)] & scope == 0
        && relations.perfect[(c, x)] & !won_or_neutral & scope == 0
}
