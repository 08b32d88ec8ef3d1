//! Exact counts and estimates against enumeration.

use kinitro_core::seed::{CycleSeed, Draws};
use proptest::prelude::*;

use super::claims::{self, Claim};
use super::{Budget, Count, Meter, Method, count_contest, enumerated, grouped, sampled};
use crate::evidence::Threshold;
use crate::mask::all_of;
use crate::params::Params;
use crate::ratio::Ratio;
use crate::relations::{PairTable, Relations};
use crate::rules::standing::{Contest, smallest_subset};

/// Any relations that comparisons could yield, with blocks of similar environments so that groups form.
fn random_relations(miners: usize, envs: usize, key: u64) -> Relations {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&key.to_le_bytes());
    let mut draws = Draws::from_key(seed, 0);
    let all = all_of(envs);
    let mut mask = |denominator: u64| {
        let mut mask = 0_u64;
        let mut last = false;
        for env in 0..envs {
            if draws.below(3) == 0 || env == 0 {
                last = draws.below(denominator) == 0;
            }
            mask |= u64::from(last) << env;
        }
        mask
    };
    let solved: Vec<u64> = (0..miners).map(|_| all & !mask(4)).collect();
    let mut better = PairTable::new(miners);
    let mut perfect = PairTable::new(miners);
    let mut wins = PairTable::new(miners);
    let mut outclasses = PairTable::new(miners);
    let mut topples = PairTable::new(miners);
    let follower: Vec<bool> = (0..miners).map(|_| mask(2) & 1 == 1).collect();
    for b in 0..miners {
        for a in 0..b {
            // The later one is usually the better one; otherwise hardly any title would change hands.
            let forward = mask(6);
            let backward = mask(2) & !forward;
            for (pair, better_here) in [((a, b), forward), ((b, a), backward)] {
                better[pair] = better_here;
                perfect[pair] = mask(4) & !better_here;
                wins[pair] = if follower[pair.0] {
                    better_here & mask(2)
                } else {
                    better_here
                };
            }
            let (first, second) = if mask(2) & 1 == 1 {
                ((a, b), (b, a))
            } else {
                ((b, a), (a, b))
            };
            outclasses[first] = mask(6) & 1 == 1;
            topples[first] = outclasses[first] && !(follower[first.0] && mask(2) & 1 == 1);
            outclasses[second] = false;
        }
    }
    Relations {
        miners,
        envs,
        threshold: Threshold::new(2, 1),
        solved,
        better,
        perfect,
        wins,
        outclasses,
        topples,
        follower,
    }
}

fn enumerate(contest: &Contest) -> Vec<Vec<u128>> {
    let mut rivals = Vec::new();
    let mut winner = |subset| contest.winner(subset, &mut rivals);
    enumerated::count(
        contest.envs,
        smallest_subset(contest.envs),
        contest.members.len(),
        &mut winner,
    )
    .sizes
}

fn check_grouped(
    miners: usize,
    envs: usize,
    key: u64,
    phi: (u32, u32),
) -> Result<(), TestCaseError> {
    let relations = random_relations(miners, envs, key);
    let params = Params {
        phi: Ratio::of(phi.0, phi.1),
        ..Params::default()
    };
    // All miners by enumeration against the relevant ones by groups: this checks both reductions.
    let expected = enumerate(&Contest::of_all(&relations, &params));
    let contest = Contest::of_relevant(&relations, &params);
    let found = grouped::count(
        &contest,
        smallest_subset(envs),
        &mut Meter::new(&Budget::default()),
    )
    .unwrap();
    let mut sizes = vec![vec![0; envs + 1]; miners];
    for (&member, row) in contest.members.iter().zip(found.sizes) {
        sizes[member] = row;
    }
    prop_assert_eq!(sizes, expected);
    Ok(())
}

fn random_claims(claims: usize, envs: usize, key: u64) -> Vec<(usize, Claim)> {
    let mut draws = Draws::from_key([9; 32], key);
    let mut mask = |share: f64| {
        (0..envs).fold(0_u64, |mask, env| {
            mask | u64::from(draws.unit() < share) << env
        })
    };
    let claim = |miner| {
        (
            miner,
            Claim::new(mask(0.8), (0..=miner % 5).map(|_| mask(0.4)).collect()),
        )
    };
    (0..claims).map(claim).collect()
}

fn check_claims(count: usize, envs: usize, key: u64) -> Result<(), TestCaseError> {
    let class = random_claims(count, envs, key);
    let mut winner = |subset| {
        class
            .iter()
            .find(|(_, claim)| claim.holds(subset))
            .map(|&(miner, _)| miner)
    };
    let expected = enumerated::count(envs, 1, count, &mut winner).sizes;
    let meter = &mut Meter::new(&Budget::default());
    let found = claims::count(std::slice::from_ref(&class), (count, envs), meter).unwrap();
    prop_assert_eq!(found.sizes, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn grouped_counts_equal_enumeration(
        miners in 1..10_usize, envs in 1..10_usize, key: u64,
        phi in prop::sample::select(vec![(1, 2), (1, 3), (0, 1), (3, 4), (255, 256)]),
    ) {
        check_grouped(miners, envs, key, phi)?;
    }

    #[test]
    fn counts_of_claims_equal_enumeration(claims in 1..7_usize, envs in 1..11_usize, key: u64) {
        check_claims(claims, envs, key)?;
    }
}

#[test]
fn counts_equal_enumeration_up_to_sixteen_environments() {
    for key in 0..500 {
        for envs in 13..=16 {
            check_grouped(7, envs, key, (1, 2)).unwrap();
            check_claims(4, envs, key).unwrap();
        }
    }
}

#[test]
fn many_members_need_several_words() {
    for key in 0..3 {
        check_grouped(150, 8, key, (1, 2)).unwrap();
    }
}

#[test]
fn sixty_four_environments_do_not_overflow() {
    let all = vec![vec![(0, Claim::new(u64::MAX, vec![]))]];
    let count = super::count_claims(
        &all,
        (1, 64),
        &Budget::default(),
        &CycleSeed::from_local_seed(0),
    );
    assert_eq!(count.method, Method::Grouped { states: 1 });
    assert_eq!(count.sizes[0].iter().sum::<u128>(), (1 << 64) - 1);
}

#[test]
fn an_exceeded_budget_is_sampled_and_says_so() {
    let relations = random_relations(6, 22, 3);
    let contest = Contest::of_relevant(&relations, &Params::default());
    let seed = CycleSeed::from_local_seed(1);
    let exact = count_contest(&contest, 6, &Budget::default(), &seed);
    assert!(!exact.is_approximate());
    let tight = Budget {
        states: 1,
        ..Budget::default()
    };
    let estimate = count_contest(&contest, 6, &tight, &seed);
    assert!(estimate.is_approximate());
    assert_eq!(
        estimate,
        count_contest(&contest, 6, &tight, &seed),
        "the same seed gives the same estimate"
    );
    let other = count_contest(&contest, 6, &tight, &CycleSeed::from_local_seed(2));
    assert_ne!(estimate.sizes, other.sizes);
    let points = |count: &Count, miner: usize| {
        crate::schemes::Scheme::Linear.points(&count.sizes[miner]) as f64
    };
    let total = crate::schemes::Scheme::Linear.total(22, 2) as f64;
    for miner in 0..6 {
        let difference = (points(&estimate, miner) - points(&exact, miner)) / total;
        // Five standard errors of a million draws.
        assert!(difference.abs() < 0.0025, "miner {miner}: {difference}");
    }
}

#[test]
fn estimates_of_a_certain_winner_are_exact() {
    for envs in [21, 50, 64] {
        let seed = CycleSeed::from_local_seed(4);
        let count = sampled::count(envs, 2, 1, 10_000, &seed, &mut |subset| {
            assert_eq!(subset & !all_of(envs), 0);
            Some(0)
        });
        let everything: Vec<u128> = (0..=envs)
            .map(|k| {
                if k < 2 {
                    0
                } else {
                    crate::schemes::binomial(envs, k)
                }
            })
            .collect();
        assert_eq!(count.sizes[0], everything);
    }
}
