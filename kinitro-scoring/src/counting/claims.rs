//! Exact counts for rules whose winners are described by claims.
//!
//! A claim on S holds when S lies inside its scope and hits every one of its edges, so its subsets are the hitting sets
//! of a hypergraph. They are counted by size in one pass over groups of interchangeable environments, with the edges
//! not yet hit as state. Several claims of one class run through the pass together, and the first that holds counts.

use super::states::States;
use super::{Count, Meter, Method, OverBudget};
use crate::schemes::binomial;

/// Subsets of `scope` that share an environment with every edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    scope: u64,
    /// Minimal edges inside the scope, in ascending order; one empty edge if nothing can be claimed.
    edges: Vec<u64>,
}

impl Claim {
    /// Drops edges that contain another one: hitting the smaller hits both.
    pub(crate) fn new(scope: u64, mut edges: Vec<u64>) -> Self {
        for edge in &mut edges {
            *edge &= scope;
        }
        edges.sort_unstable_by_key(|edge| (edge.count_ones(), *edge));
        let mut minimal: Vec<u64> = Vec::new();
        for edge in edges {
            if !minimal.iter().any(|kept| kept & !edge == 0) {
                minimal.push(edge);
            }
        }
        minimal.sort_unstable();
        Self {
            scope,
            edges: minimal,
        }
    }

    /// Whether the non-empty `subset` is claimed.
    pub(crate) fn holds(&self, subset: u64) -> bool {
        subset & !self.scope == 0 && self.edges.iter().all(|edge| subset & edge != 0)
    }

    fn is_possible(&self) -> bool {
        self.scope != 0 && self.edges.first() != Some(&0)
    }
}

/// Counts the subsets on which each claim is the first of its class; see [`super::count_claims`].
pub(crate) fn count(
    classes: &[Vec<(usize, Claim)>],
    (miners, envs): (usize, usize),
    meter: &mut Meter,
) -> Result<Count, OverBudget> {
    let mut sizes = vec![vec![0; envs + 1]; miners];
    let mut states = 1;
    for class in classes {
        let possible = class.iter().filter(|(_, claim)| claim.is_possible());
        let (owners, claims): (Vec<usize>, Vec<&Claim>) =
            possible.map(|(miner, claim)| (*miner, claim)).unzip();
        if !claims.is_empty() {
            let pass = Pass::new(&claims, envs);
            states = states.max(pass.run(meter, |claim, polynomial| {
                for (size, &count) in polynomial.iter().enumerate().skip(1) {
                    sizes[owners[claim]][size] += u128::from(count);
                }
            })?);
        }
    }
    Ok(Count {
        sizes,
        method: Method::Grouped { states },
    })
}

/// One pass for the claims of a class.
///
/// The key of a state holds, per claim, its edges not yet hit as bits 1…, and bit 0 while the subset lies in its scope;
/// a claim that can no longer hold is all zeros.
struct Pass {
    /// First word of each claim in the key, and the end.
    offsets: Vec<usize>,
    start: Vec<u64>,
    groups: Vec<Group>,
}

/// Environments with equal membership in all scopes and edges.
struct Group {
    multiplicity: usize,
    /// What taking one of them leaves of the key.
    keep: Vec<u64>,
    /// Edges that no later group can hit.
    lost: Vec<u64>,
    /// Claims whose scope contains all later groups.
    safe: Vec<bool>,
}

impl Pass {
    fn new(claims: &[&Claim], envs: usize) -> Self {
        let mut offsets = vec![0];
        for claim in claims {
            offsets.push(offsets[offsets.len() - 1] + claim.edges.len() / 64 + 1);
        }
        let words = offsets[claims.len()];
        let mut start = vec![0; words];
        for (claim, &offset) in claims.iter().zip(&offsets) {
            for bit in 0..=claim.edges.len() {
                start[offset + bit / 64] |= 1 << (bit % 64);
            }
        }
        // What taking an environment leaves of the key is also its signature.
        let keep = |env: usize| {
            let mut keep = vec![0; words];
            for (claim, &offset) in claims.iter().zip(&offsets) {
                if claim.scope >> env & 1 == 0 {
                    continue;
                }
                keep[offset] |= 1;
                for (bit, edge) in (1..).zip(&claim.edges) {
                    if edge >> env & 1 == 0 {
                        keep[offset + bit / 64] |= 1 << (bit % 64);
                    }
                }
            }
            keep
        };
        let mut signatures: Vec<Vec<u64>> = (0..envs).map(keep).collect();
        // Few survivors first: what is decided early keeps the number of states small.
        signatures.sort_by_cached_key(|keep| (ones(keep), keep.clone()));
        let runs: Vec<&[Vec<u64>]> = signatures.chunk_by(|a, b| a == b).collect();
        let group = |index: usize| {
            let later: Vec<&Vec<u64>> = runs[index + 1..].iter().map(|run| &run[0]).collect();
            Group {
                multiplicity: runs[index].len(),
                keep: runs[index][0].clone(),
                lost: lost_edges(&offsets, &later),
                safe: offsets[..claims.len()]
                    .iter()
                    .map(|&first| later.iter().all(|keep| keep[first] & 1 == 1))
                    .collect(),
            }
        };
        Self {
            groups: (0..runs.len()).map(group).collect(),
            offsets: offsets.clone(),
            start,
        }
    }

    /// Hands every end state's first holding claim and polynomial to `award`; returns the largest number of states.
    fn run(
        &self,
        meter: &mut Meter,
        mut award: impl FnMut(usize, &[u64]),
    ) -> Result<usize, OverBudget> {
        let mut states = States::start(&self.start);
        let mut largest = 1;
        let mut degree = 0;
        let mut key = self.start.clone();
        for group in &self.groups {
            degree += group.multiplicity;
            let mut next = States::new(key.len(), degree);
            for (from, polynomial) in states.iter() {
                for take in 0..=group.multiplicity {
                    key.copy_from_slice(from);
                    if take > 0 {
                        self.take(&mut key, group);
                    }
                    self.settle(&mut key, group);
                    meter.spend(key.len() + degree, next.len())?;
                    if key.iter().all(|&word| word == 0) {
                        continue;
                    }
                    let ways = ways(group.multiplicity, take);
                    next.add(&key, polynomial, take, ways)?;
                }
            }
            states = next;
            largest = largest.max(states.len());
        }
        for (key, polynomial) in states.iter() {
            let first =
                (0..self.offsets.len() - 1).find(|&claim| self.words(claim, key).next() == Some(1));
            if let Some(claim) = first {
                award(claim, polynomial);
            }
        }
        Ok(largest)
    }

    fn words<'a>(&self, claim: usize, key: &'a [u64]) -> impl Iterator<Item = u64> + 'a {
        key[self.offsets[claim]..self.offsets[claim + 1]]
            .iter()
            .copied()
    }

    fn take(&self, key: &mut [u64], group: &Group) {
        for (word, keep) in key.iter_mut().zip(&group.keep) {
            *word &= keep;
        }
        for claim in self.offsets.windows(2) {
            if key[claim[0]] & 1 == 0 {
                key[claim[0]..claim[1]].fill(0);
            }
        }
    }

    /// Clears claims that can no longer hold, or no longer be the first to hold.
    fn settle(&self, key: &mut [u64], group: &Group) {
        let mut decided = false;
        for (claim, bounds) in self.offsets.windows(2).enumerate() {
            let words = &mut key[bounds[0]..bounds[1]];
            let lost = words
                .iter()
                .zip(&group.lost[bounds[0]..bounds[1]])
                .any(|(word, lost)| word & lost != 0);
            if decided || lost {
                words.fill(0);
            }
            decided |=
                group.safe[claim] && words[0] == 1 && words[1..].iter().all(|&word| word == 0);
        }
    }
}

/// Per word of the key, the edges which no group of `later` hits without leaving the scope of their claim.
fn lost_edges(offsets: &[usize], later: &[&Vec<u64>]) -> Vec<u64> {
    let mut lost = Vec::new();
    for claim in offsets.windows(2) {
        let inside: Vec<_> = later
            .iter()
            .filter(|keep| keep[claim[0]] & 1 == 1)
            .collect();
        for word in claim[0]..claim[1] {
            lost.push(inside.iter().fold(u64::MAX, |all, keep| all & keep[word]));
        }
        // Bit 0 is no edge.
        lost[claim[0]] &= !1;
    }
    lost
}

fn ones(words: &[u64]) -> u32 {
    words.iter().map(|word| word.count_ones()).sum()
}

/// Ways to take some of a group, below 2^61 for 64 environments.
pub(crate) fn ways(multiplicity: usize, take: usize) -> u64 {
    u64::try_from(binomial(multiplicity, take)).expect("C(64, 32) fits into 64 bits")
}
