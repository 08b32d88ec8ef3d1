//! The compatible rules against their definitions, and what they promise.
use kinitro_scoring::{
    RateMiner, RateOutcome, RateParams, RateRule, RateTable, Samples, score_rates,
};
use proptest::prelude::*;

/// Rates on a coarse grid, so that ties and rates exactly at thresholds occur; a few missing, odd or non-finite ones.
fn rate() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        20 => (0..=20_u8).prop_map(|step| Some(f64::from(step) / 20.0)),
        1 => Just(None),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, -0.5, 1.2]).prop_map(Some),
    ]
}

/// Few blocks, so that miners often share one.
fn table(
    miners: std::ops::Range<usize>,
    envs: std::ops::Range<usize>,
) -> impl Strategy<Value = RateTable> {
    let block = prop::option::weighted(0.9, 0..6_u64);
    envs.prop_flat_map(move |envs| {
        let row = (block.clone(), prop::collection::vec(rate(), envs));
        (prop::collection::vec(row, miners.clone()), 0..200_u64).prop_map(move |(rows, samples)| {
            RateTable {
                envs: (0..envs).map(|env| format!("env {env}")).collect(),
                miners: (0..)
                    .zip(rows)
                    .map(|(uid, (first_block, scores))| RateMiner {
                        uid: 7 * uid % 97,
                        first_block,
                        scores,
                    })
                    .collect(),
                samples: Samples::All(samples),
            }
        })
    })
}

fn scored(table: &RateTable, rule: RateRule) -> RateOutcome {
    let params = RateParams {
        rule,
        ..RateParams::default()
    };
    score_rates(table, &params).unwrap()
}

fn has(subset: u64, env: usize) -> bool {
    subset >> env & 1 == 1
}

/// Winner by the words of the definition: candidates in order, each against every other miner.
fn first_commit_by_definition(
    table: &RateTable,
    outcome: &RateOutcome,
    subset: u64,
) -> Option<usize> {
    let envs = || (0..table.envs.len()).filter(|&env| has(subset, env));
    let score = |miner: usize, env: usize| table.miners[miner].scores[env].unwrap_or(0.0);
    let beats = |l: usize, o: usize| {
        envs().all(|env| score(l, env) > outcome.thresholds[o][env].unwrap_or(0.02))
    };
    let block = |miner: usize| table.miners[miner].first_block.unwrap_or(u64::MAX);
    let mut order: Vec<usize> = (0..table.miners.len()).collect();
    order.sort_by_key(|&miner| (block(miner), table.miners[miner].uid));
    let stands = |c: usize, o: usize| {
        if block(c) <= block(o) {
            !beats(o, c)
        } else {
            beats(c, o)
        }
    };
    order
        .iter()
        .copied()
        .find(|&c| order.iter().all(|&o| o == c || stands(c, o)))
}

/// All miners that ε-dominate every other one on the subset; two only where rounding makes a tie of both.
fn dominators(table: &RateTable, outcome: &RateOutcome, subset: u64) -> Vec<usize> {
    let envs = || (0..table.envs.len()).filter(|&env| has(subset, env));
    let score = |miner: usize, env: usize| table.miners[miner].scores[env].unwrap_or(0.0);
    let epsilon = |env: usize| outcome.margins.epsilons()[env];
    let dominates = |i: usize, j: usize| {
        envs().all(|env| score(i, env) >= score(j, env) - epsilon(env))
            && envs().any(|env| score(i, env) > score(j, env) + epsilon(env))
    };
    let miners = 0..table.miners.len();
    miners
        .clone()
        .filter(|&i| miners.clone().all(|j| i == j || dominates(i, j)))
        .collect()
}

/// Points from deciding every subset.
fn enumerated(table: &RateTable, winner: impl Fn(u64) -> Option<usize>) -> Vec<u128> {
    let mut points = vec![0; table.miners.len()];
    for subset in 1..1_u64 << table.envs.len() {
        if let Some(miner) = winner(subset) {
            points[miner] += u128::from(subset.count_ones());
        }
    }
    points
}

/// Points by uid, sorted.
fn by_uid(table: &RateTable, rule: RateRule) -> Vec<(u16, u128)> {
    let uids = table.miners.iter().map(|miner| miner.uid);
    let mut points: Vec<_> = uids.zip(scored(table, rule).points).collect();
    points.sort_unstable();
    points
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn first_commit_is_its_definition(table in table(0..8, 0..7)) {
        let outcome = scored(&table, RateRule::FirstCommit);
        for subset in 1..1_u64 << table.envs.len() {
            prop_assert_eq!(outcome.winner(subset), first_commit_by_definition(&table, &outcome, subset));
        }
        let expected = enumerated(&table, |subset| first_commit_by_definition(&table, &outcome, subset));
        prop_assert_eq!(outcome.points, expected);
    }

    #[test]
    fn epsilon_pareto_is_its_definition(table in table(0..8, 0..7)) {
        let outcome = scored(&table, RateRule::EpsilonPareto);
        for subset in 1..1_u64 << table.envs.len() {
            prop_assert_eq!(outcome.winner(subset), dominators(&table, &outcome, subset).first().copied());
        }
        let expected = enumerated(&table, |subset| dominators(&table, &outcome, subset).first().copied());
        prop_assert_eq!(outcome.points, expected);
    }

    #[test]
    fn the_order_of_rows_does_not_matter(table in table(1..8, 1..6), steps in 0..8_usize) {
        // Spread is summed in single precision, whose rounding depends on the order: only exact sums are compared.
        let mut shuffled = table.clone();
        shuffled.miners.reverse();
        let steps = steps % shuffled.miners.len();
        shuffled.miners.rotate_left(steps);
        prop_assert_eq!(by_uid(&shuffled, RateRule::FirstCommit), by_uid(&table, RateRule::FirstCommit));
        let epsilons = |table| scored(table, RateRule::EpsilonPareto).margins.epsilons().to_vec();
        if epsilons(&shuffled) == epsilons(&table) {
            prop_assert_eq!(by_uid(&shuffled, RateRule::EpsilonPareto), by_uid(&table, RateRule::EpsilonPareto));
        }
    }

    #[test]
    fn uids_do_not_matter_to_epsilon_pareto(table in table(1..8, 1..6)) {
        let mut relabelled = table.clone();
        for miner in &mut relabelled.miners {
            miner.uid = 500 - miner.uid;
        }
        let points = |table| scored(table, RateRule::EpsilonPareto).points;
        prop_assert_eq!(points(&relabelled), points(&table));
    }

    #[test]
    fn a_first_commit_copy_earns_nothing_and_changes_nobody(table in table(1..7, 1..6), who in 0..7_usize) {
        // A rate above 1 beats even itself, since thresholds end at 1.
        let original = table.miners[who % table.miners.len()].clone();
        let in_range = original.scores.iter().flatten().all(|score| (0.0..=1.0).contains(score));
        prop_assume!(original.first_block.is_some() && in_range);
        let mut copied = table.clone();
        copied.miners.push(RateMiner {
            uid: 600,
            first_block: None,
            ..original
        });
        let mut points = scored(&copied, RateRule::FirstCommit).points;
        prop_assert_eq!(points.pop(), Some(0));
        prop_assert_eq!(points, scored(&table, RateRule::FirstCommit).points);
    }

    #[test]
    fn first_commit_is_monotone_in_own_rates(table in table(1..7, 1..6), who in 0..7_usize, env in 0..6_usize, by in 0.0..0.5_f64) {
        let (who, env) = (who % table.miners.len(), env % table.envs.len());
        let mut improved = table.clone();
        let Some(score) = &mut improved.miners[who].scores[env] else {
            return Ok(());
        };
        prop_assume!((0.0..=1.0).contains(score));
        *score = (*score + by).min(1.0);
        let (before, after) = (scored(&table, RateRule::FirstCommit), scored(&improved, RateRule::FirstCommit));
        for subset in 1..1_u64 << table.envs.len() {
            prop_assert!(before.winner(subset) != Some(who) || after.winner(subset) == Some(who));
        }
    }

    #[test]
    fn more_miners_never_change_first_commit_thresholds(table in table(2..8, 1..6)) {
        let mut fewer = table.clone();
        fewer.miners.pop();
        let (all, some) = (scored(&table, RateRule::FirstCommit), scored(&fewer, RateRule::FirstCommit));
        for (all, some) in all.thresholds.iter().flatten().zip(some.thresholds.iter().flatten()) {
            prop_assert_eq!(all.map(f64::to_bits), some.map(f64::to_bits));
        }
    }
}

proptest! {
    // Each case decides up to 2^14 subsets by definition twice, so the tables have few miners.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn exact_counts_of_both_rules_equal_enumeration(table in table(1..6, 13..15)) {
        for rule in [RateRule::FirstCommit, RateRule::EpsilonPareto] {
            let outcome = scored(&table, rule);
            prop_assert!(!outcome.count.is_approximate());
            prop_assert_eq!(&outcome.points, &enumerated(&table, |subset| outcome.winner(subset)));
        }
    }
}

/// In f64 0.9 > 0.7 + 0.2 and 0.7 >= 0.9 - 0.2, so each of two miners is better in one environment and not worse in the other.
#[test]
fn a_subset_dominated_by_two_through_rounding_is_counted_once() {
    let miner = |uid, first, second| RateMiner {
        uid,
        first_block: None,
        scores: [first, second]
            .into_iter()
            .chain([0.0; 11])
            .map(Some)
            .collect(),
    };
    let table = RateTable {
        envs: (0..13).map(|env| format!("env {env}")).collect(),
        miners: vec![miner(0, 0.9, 0.7), miner(1, 0.7, 0.9), miner(2, 0.0, 0.0)],
        samples: Samples::All(1),
    };
    let outcome = scored(&table, RateRule::EpsilonPareto);
    assert_eq!(dominators(&table, &outcome, 0b11), [0, 1]);
    assert_eq!(outcome.winner(0b11), Some(0));
    assert!(!outcome.count.is_approximate());
    let by_definition = enumerated(&table, |subset| {
        dominators(&table, &outcome, subset).first().copied()
    });
    assert_eq!(outcome.points, by_definition);
}
