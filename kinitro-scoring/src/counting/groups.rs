//! Interchangeable environments, in the order in which an exact count meets them.

use std::cmp::Reverse;

use crate::mask::{intersect, transposed};
use crate::rules::standing::Contest;

/// Change or balance of a challenge that an environment has ended.
pub(super) const DEAD: i16 = i16::MIN;

/// Interchangeable environments.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) multiplicity: usize,
    /// Members that solve them, as words of a key.
    pub(super) solvers: Vec<u64>,
    /// Per pair: change of the balance by taking one of them.
    pub(super) change: Vec<i16>,
    /// What later groups can still do.
    pub(super) later: Outlook,
}

/// What the groups after some group can still do.
#[derive(Debug, Clone, Default)]
pub(super) struct Outlook {
    /// Per pair: largest gain of the balance.
    pub(super) gain: Vec<i16>,
    /// Per pair: largest loss of the balance by contested environments.
    pub(super) loss: Vec<i16>,
    /// Per pair: whether an environment can end the challenge.
    pub(super) may_end: Vec<bool>,
    /// Members that solve all of them.
    pub(super) certain: Vec<u64>,
}

/// Groups in the order of the pass: few solvers and many blocked pairs first, since they end most states.
pub(super) fn group_environments(contest: &Contest, pairs: &[(usize, usize)]) -> Vec<Group> {
    let signature = |(env, solvers): (usize, Vec<u64>)| {
        let change: Vec<i16> = pairs
            .iter()
            .map(|&pair| change(contest, pair, env))
            .collect();
        (solvers, change)
    };
    let solvers = transposed(&contest.solved, contest.envs);
    let mut signatures: Vec<_> = solvers.into_iter().enumerate().map(signature).collect();
    signatures.retain(|(solvers, _)| solvers.iter().any(|&word| word != 0));
    signatures.sort_by_cached_key(|(solvers, change)| {
        let eligible: u32 = solvers.iter().map(|word| word.count_ones()).sum();
        let ended = change.iter().filter(|&&change| change == DEAD).count();
        (eligible, Reverse(ended), solvers.clone(), change.clone())
    });
    let mut later = Outlook {
        gain: vec![0; pairs.len()],
        loss: vec![0; pairs.len()],
        may_end: vec![false; pairs.len()],
        certain: vec![u64::MAX; contest.solved.len().div_ceil(64)],
    };
    let mut groups: Vec<Group> = Vec::new();
    for run in signatures.chunk_by(|a, b| a == b).rev() {
        let (solvers, change) = run[0].clone();
        let group = Group {
            multiplicity: run.len(),
            solvers,
            change,
            later: later.clone(),
        };
        later.extend(&group);
        groups.push(group);
    }
    groups.reverse();
    groups
}

/// What one environment does to the balance of a pair.
fn change(contest: &Contest, (i, j): (usize, usize), env: usize) -> i16 {
    let duel = contest.duel(i, j);
    let has = |mask: u64| mask >> env & 1 == 1;
    let (num, den) = (contest.phi.numerator(), contest.phi.denominator());
    let part = |value: u32| {
        i16::try_from(value).expect("`Params::validate` bounds the denominator of phi")
    };
    if !has(contest.solved[i] & contest.solved[j]) || has(duel.blocked) {
        DEAD
    } else if has(duel.wins) {
        part(den) - part(num)
    } else if has(duel.ties) {
        0
    } else {
        -part(num)
    }
}

impl Group {
    /// Narrows everything per pair down to the given pairs.
    pub(super) fn keep_pairs(&mut self, kept: &[usize]) {
        let Outlook {
            gain,
            loss,
            may_end,
            ..
        } = &mut self.later;
        for values in [&mut self.change, gain, loss] {
            *values = kept.iter().map(|&pair| values[pair]).collect();
        }
        *may_end = kept.iter().map(|&pair| may_end[pair]).collect();
    }
}

impl Outlook {
    /// Adds a group in front.
    fn extend(&mut self, group: &Group) {
        let times = i16::try_from(group.multiplicity).expect("at most 64 environments");
        for (pair, &change) in group.change.iter().enumerate() {
            match change {
                DEAD => self.may_end[pair] = true,
                _ if change > 0 => self.gain[pair] += times * change,
                _ => self.loss[pair] -= times * change,
            }
        }
        intersect(&mut self.certain, &group.solvers);
    }
}
