//! Exact counts for the default rule, without enumeration.
//!
//! Environments with equal membership in all masks that matter are interchangeable. One pass over these groups carries
//! which members still solve the subset and, per pair that depends on the subset, the balance
//! `den·wins − num·contested` of the challenger (φ = num/den), or that one environment has blocked it. States which no
//! later environment can tell apart are merged:
//!
//! - a balance that can no longer become positive, or no longer stop being positive, is replaced by its fate;
//! - a member that certainly fails against a certain holder is no longer followed;
//! - once every member's fate is known, only the winner is kept.

use super::claims::ways;
use super::groups::{DEAD, Group, Outlook, group_environments};
use super::states::States;
use super::{Count, Meter, Method, OverBudget};
use crate::mask::{contains, elements, intersect};
use crate::rules::standing::{Contest, Standing};

/// Balances per 64-bit word of a key.
const LANES: usize = 4;

/// Counts for the members of a contest, in their order.
pub(crate) fn count(
    contest: &Contest,
    smallest: usize,
    meter: &mut Meter,
) -> Result<Count, OverBudget> {
    let mut sizes = vec![vec![0; contest.envs + 1]; contest.members.len()];
    let mut largest = 0;
    if !contest.members.is_empty() {
        let pass = Pass::new(contest);
        largest = pass.run(meter, |winner, polynomial| {
            for (size, &count) in polynomial.iter().enumerate().skip(smallest) {
                sizes[winner][size] += u128::from(count);
            }
        })?;
    }
    Ok(Count {
        sizes,
        method: Method::Grouped { states: largest },
    })
}

/// Fate of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prospect {
    Takes,
    Fails,
    Unsettled,
}

/// The pass over all groups.
#[derive(Debug)]
struct Pass<'a> {
    contest: &'a Contest,
    groups: Vec<Group>,
    live: Live,
}

/// The pairs whose balance is alive in some state; the keys hold these and no others.
#[derive(Debug)]
struct Live {
    /// Challenger and earlier member.
    pairs: Vec<(usize, usize)>,
    /// Position in `pairs` of challenger i against j < i at `i(i−1)/2 + j`, or [`NONE`].
    index: Vec<u32>,
}

/// No balance: the challenge fails, unless the challenger topples the holder.
const NONE: u32 = u32::MAX;

impl Live {
    fn new(members: usize, pairs: Vec<(usize, usize)>) -> Self {
        let mut index = vec![NONE; members * (members - 1) / 2];
        for (position, &(i, j)) in (0..).zip(&pairs) {
            index[i * (i - 1) / 2 + j] = position;
        }
        Self { pairs, index }
    }

    fn get(&self, challenger: usize, holder: usize) -> Option<usize> {
        let position = self.index[challenger * (challenger - 1) / 2 + holder];
        (position != NONE).then_some(position as usize)
    }
}

/// One state, unpacked.
#[derive(Debug, Clone)]
struct State {
    /// Members that solve the subset and may still hold its title.
    alive: Vec<u64>,
    /// Balance per live pair.
    balances: Vec<i16>,
}

impl State {
    fn drop_member(&mut self, member: usize) {
        self.alive[member / 64] &= !(1 << (member % 64));
    }

    fn pack(&self, key: &mut Vec<u64>) {
        key.clear();
        key.extend_from_slice(&self.alive);
        let lanes = |lanes: &[i16]| {
            lanes.iter().fold(0, |word, balance| {
                word << 16 | u64::from(balance.cast_unsigned())
            })
        };
        key.extend(self.balances.chunks(LANES).map(lanes));
    }

    /// Reads a key that holds `pairs` balances.
    fn unpack(&mut self, key: &[u64], pairs: usize) {
        let (alive, balances) = key.split_at(self.alive.len());
        self.alive.copy_from_slice(alive);
        self.balances.resize(pairs, DEAD);
        for (word, lanes) in balances.iter().zip(self.balances.chunks_mut(LANES)) {
            let mut word = *word;
            for balance in lanes.iter_mut().rev() {
                *balance = low_lane(word);
                word >>= 16;
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lowest 16 bits are the lane"
)]
fn low_lane(word: u64) -> i16 {
    (word as u16).cast_signed()
}

impl<'a> Pass<'a> {
    fn new(contest: &'a Contest) -> Self {
        let members = contest.members.len();
        let depends = |&(i, j): &(usize, usize)| {
            let duel = contest.duel(i, j);
            duel.standing == Standing::Open
                && duel.is_possible(contest.solved[i] & contest.solved[j])
        };
        let pairs = (0..members)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .filter(depends);
        let live = Live::new(members, pairs.collect());
        Self {
            contest,
            groups: group_environments(contest, &live.pairs),
            live,
        }
    }

    /// Hands the winner and the polynomial of every end state to `award`; returns the largest number of states.
    fn run(
        mut self,
        meter: &mut Meter,
        mut award: impl FnMut(usize, &[u64]),
    ) -> Result<usize, OverBudget> {
        let members = self.contest.members.len();
        let mut from = State {
            alive: vec![0; members.div_ceil(64)],
            balances: vec![0; self.live.pairs.len()],
        };
        for member in 0..members {
            from.alive[member / 64] |= 1 << (member % 64);
        }
        let mut key = Vec::new();
        from.pack(&mut key);
        let mut states = States::start(&key);
        let mut largest = 1;
        let mut degree = 0;
        let mut to = from.clone();
        let mut certain = Vec::new();
        let groups = std::mem::take(&mut self.groups);
        let mut kept: Vec<usize> = (0..self.live.pairs.len()).collect();
        for mut group in groups {
            let width = self.live.pairs.len();
            let survivors = self.survivors(&states, &mut from);
            kept = survivors.iter().map(|&pair| kept[pair]).collect();
            group.keep_pairs(&kept);
            self.live = Live::new(
                members,
                survivors
                    .iter()
                    .map(|&pair| self.live.pairs[pair])
                    .collect(),
            );
            degree += group.multiplicity;
            let mut next = States::new(from.alive.len() + kept.len().div_ceil(LANES), degree);
            for (packed, polynomial) in states.iter() {
                from.unpack(packed, width);
                from.keep_pairs(&survivors);
                for take in 0..=group.multiplicity {
                    to.clone_from(&from);
                    if take > 0 && !to.take(&group, take) {
                        break;
                    }
                    self.settle(&mut to, &group.later, &mut certain);
                    meter.spend(kept.len() + members + degree, next.len())?;
                    to.pack(&mut key);
                    next.add(&key, polynomial, take, ways(group.multiplicity, take))?;
                }
            }
            states = next;
            largest = largest.max(states.len());
        }
        for (packed, polynomial) in states.iter() {
            from.unpack(packed, self.live.pairs.len());
            if let Some(winner) = self.winner(&from) {
                award(winner, polynomial);
            }
        }
        Ok(largest)
    }

    /// Positions of the live pairs that are alive in some state.
    fn survivors(&self, states: &States, scratch: &mut State) -> Vec<usize> {
        let width = self.live.pairs.len();
        let mut alive = vec![false; width];
        for (packed, _) in states.iter() {
            scratch.unpack(packed, width);
            for (alive, &balance) in alive.iter_mut().zip(&scratch.balances) {
                *alive |= balance != DEAD;
            }
        }
        (0..width).filter(|&pair| alive[pair]).collect()
    }

    /// Brings a state into a form that depends only on what later environments can tell apart.
    fn settle(&self, state: &mut State, later: &Outlook, certain: &mut Vec<usize>) {
        for ((balance, &gain), &loss) in state.balances.iter_mut().zip(&later.gain).zip(&later.loss)
        {
            let reachable = balance.saturating_add(gain) > 0;
            *balance = if reachable {
                (*balance).min(loss + 1)
            } else {
                DEAD
            };
        }
        certain.clear();
        let mut all_known = true;
        let mut dropped = false;
        for word in 0..state.alive.len() {
            for bit in elements(&[state.alive[word]]) {
                let member = word * 64 + bit;
                match self.prospect_against_all(member, certain, state, later) {
                    Prospect::Fails => {
                        state.drop_member(member);
                        dropped = true;
                    }
                    Prospect::Takes if all_known && contains(&later.certain, member) => {
                        certain.push(member);
                    }
                    Prospect::Takes | Prospect::Unsettled => all_known = false,
                }
            }
        }
        if let (true, Some((_, past))) = (all_known, certain.split_last()) {
            for &holder in past {
                state.drop_member(holder);
                dropped = true;
            }
        }
        if dropped {
            for (balance, &(i, j)) in state.balances.iter_mut().zip(&self.live.pairs) {
                if !(contains(&state.alive, i) && contains(&state.alive, j)) {
                    *balance = DEAD;
                }
            }
        }
    }

    /// Whether a member takes the title from all certain holders, or certainly not from one of them.
    fn prospect_against_all(
        &self,
        member: usize,
        certain: &[usize],
        state: &State,
        later: &Outlook,
    ) -> Prospect {
        let mut worst = Prospect::Takes;
        for &holder in certain {
            match self.prospect(member, holder, state, later) {
                Prospect::Takes => {}
                Prospect::Unsettled => worst = Prospect::Unsettled,
                Prospect::Fails => return Prospect::Fails,
            }
        }
        worst
    }

    fn prospect(
        &self,
        challenger: usize,
        holder: usize,
        state: &State,
        later: &Outlook,
    ) -> Prospect {
        if self.contest.duel(challenger, holder).standing == Standing::Topples {
            return Prospect::Takes;
        }
        match self.live.get(challenger, holder) {
            Some(pair) if state.balances[pair] != DEAD => {
                let is_safe = state.balances[pair] > later.loss[pair] && !later.may_end[pair];
                if is_safe {
                    Prospect::Takes
                } else {
                    Prospect::Unsettled
                }
            }
            _ => Prospect::Fails,
        }
    }

    /// The last holder once all environments are decided.
    fn winner(&self, state: &State) -> Option<usize> {
        let takes = |challenger: usize, holder: usize| {
            self.contest.duel(challenger, holder).standing == Standing::Topples
                || self
                    .live
                    .get(challenger, holder)
                    .is_some_and(|pair| state.balances[pair] > 0)
        };
        let mut holders: Vec<usize> = Vec::new();
        for member in elements(&state.alive) {
            if holders.iter().all(|&holder| takes(member, holder)) {
                holders.push(member);
            }
        }
        holders.last().copied()
    }
}

impl State {
    fn keep_pairs(&mut self, survivors: &[usize]) {
        for (position, &pair) in survivors.iter().enumerate() {
            self.balances[position] = self.balances[pair];
        }
        self.balances.truncate(survivors.len());
    }

    /// Adds `times` > 0 environments to the subset; false when nobody solves it any more.
    fn take(&mut self, group: &Group, times: usize) -> bool {
        intersect(&mut self.alive, &group.solvers);
        let times = i16::try_from(times).expect("at most 64 environments");
        for (balance, &change) in self.balances.iter_mut().zip(&group.change) {
            let is_dead = *balance == DEAD || change == DEAD;
            *balance = if is_dead {
                DEAD
            } else {
                *balance + times * change
            };
        }
        self.alive.iter().any(|&word| word != 0)
    }
}
