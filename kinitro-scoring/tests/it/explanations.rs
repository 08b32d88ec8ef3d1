//! Explanations, parameters and refusals: what a miner reads when it asks why.
use kinitro_scoring::rules::standing::Verdict;
use kinitro_scoring::{
    Baseline, Commit, Error, Explanation, Miner, MinerRef, OutcomeTable, Params, Ratio, score,
};

/// One string of outcomes: so many successes, then failures, of 100.
fn row(successes: usize) -> String {
    format!("{}{}", "1".repeat(successes), "0".repeat(100 - successes))
}

/// A miner in three environments with these success percentages.
fn miner(uid: u16, block: u64, successes: [usize; 3]) -> Miner {
    Miner {
        id: MinerRef {
            uid,
            hotkey: format!("hotkey {uid}"),
        },
        commits: vec![Commit {
            block,
            extrinsic: 0,
            digest: format!("digest {uid}"),
        }],
        outcomes: successes
            .map(|successes| row(successes).parse().unwrap())
            .into(),
    }
}

fn table(miners: Vec<Miner>) -> OutcomeTable {
    let envs = ["reach", "push", "door"].map(str::to_owned).into();
    let zero = Baseline {
        name: "zero".to_owned(),
        outcomes: vec![row(0).parse().unwrap(); 3],
    };
    OutcomeTable::new(envs, vec![zero], miners).unwrap()
}

fn explained(miners: Vec<Miner>) -> Explanation {
    let table = table(miners);
    score(&table, &Params::default()).unwrap().explain(&table)
}

#[test]
fn a_copy_reads_what_it_lacks() {
    let explanation = explained(vec![miner(1, 10, [60, 60, 60]), miner(2, 20, [60, 60, 60])]);
    let stop = explanation.miners[1].stopped.as_ref().unwrap();
    assert_eq!((stop.holder, stop.subset), (0, 0b111));
    assert_eq!(
        stop.verdict,
        Verdict::TooFewWins {
            wins: 0,
            contested: 3
        }
    );
    assert_eq!(stop.missing.len(), 3);
    let missing = &stop.missing[0];
    // A follower needs twice the gap: a lead of more than 4 in 100, and the squared e-value, T = 4·255·20.
    assert_eq!(
        (missing.lead_needed, missing.e_value_needed),
        (5, 20_400.0 * 20_400.0)
    );
    assert!(missing.wins_missing() > 30);
    let text = explanation.to_string();
    assert!(
        text.contains(
            "`hotkey 2` (uid 2) does not take it from `hotkey 1` (uid 1): it wins only 0 of 3"
        ),
        "{text}"
    );
}

#[test]
fn an_improver_takes_the_title_and_it_says_why() {
    let explanation = explained(vec![miner(1, 10, [60, 60, 60]), miner(2, 20, [60, 85, 85])]);
    let grand = &explanation.titles[0];
    assert_eq!((grand.subset, &grand.holders), (0b111, &vec![0, 1]));
    // Its mean is 30 % higher: no need for a majority.
    assert_eq!(grand.challenges[0].verdict, Verdict::Topples);
    assert_eq!(explanation.miners[1].stopped, None);
    let closer = explained(vec![miner(1, 10, [90, 70, 70]), miner(2, 20, [90, 90, 90])]);
    assert_eq!(closer.titles[0].challenges[0].verdict, Verdict::Topples);
}

#[test]
fn a_trade_off_is_blocked_where_the_holder_is_better() {
    let explanation = explained(vec![miner(1, 10, [90, 60, 60]), miner(2, 20, [60, 85, 85])]);
    let stop = explanation.titles[0].challenges[0];
    assert_eq!(stop.verdict, Verdict::Blocked { envs: 0b001 });
    let text = explanation.to_string();
    assert!(
        text.contains("the holder is provably better on reach"),
        "{text}"
    );
}

#[test]
fn an_unsolved_environment_names_the_baseline_and_the_missing_wins() {
    let explanation = explained(vec![miner(1, 10, [60, 60, 3])]);
    let (baseline, shortfall) = &explanation.miners[0].unsolved[0];
    assert_eq!(
        (baseline.as_str(), shortfall.env, shortfall.counts.wins),
        ("zero", 2, 3)
    );
    assert!(shortfall.wins_missing() > 10);
    let text = explanation.to_string();
    assert!(
        text.contains("`door` is not solved: against `zero` 3 wins to 0 losses in 100 episodes"),
        "{text}"
    );
    assert!(
        text.contains("[reach, push, door]: nobody solves all of it."),
        "{text}"
    );
}

#[test]
fn few_episodes_prove_nothing_unless_a_demonstration_asks_for_less() {
    let envs = vec!["reach".to_owned(), "push".to_owned()];
    let play = |text: &str| vec![text.parse().unwrap(), text.parse().unwrap()];
    let zero = Baseline {
        name: "zero".to_owned(),
        outcomes: play("00000"),
    };
    let expert = Miner {
        outcomes: play("11011"),
        ..miner(4, 1, [0, 0, 0])
    };
    let table = OutcomeTable::new(envs, vec![zero], vec![expert]).unwrap();
    let real = score(&table, &Params::default()).unwrap();
    assert_eq!(
        (
            real.points[0],
            real.thresholds_lowered,
            real.weights.burn_u16
        ),
        (0, false, 65_535)
    );
    let demo = score(&table, &Params::demo()).unwrap();
    assert_eq!((demo.points[0], demo.thresholds_lowered), (2, true));
    assert!(
        demo.explain(&table)
            .to_string()
            .contains("nothing below is proven")
    );
}

#[test]
fn the_first_block_of_the_present_content_counts() {
    let commit = |block, digest: &str| Commit {
        block,
        extrinsic: 0,
        digest: digest.to_owned(),
    };
    let mut returning = miner(1, 0, [60, 60, 60]);
    returning.commits = vec![commit(5, "a"), commit(30, "b"), commit(40, "a")];
    let mut changed = miner(2, 0, [60, 60, 60]);
    changed.commits = vec![commit(1, "c"), commit(20, "d")];
    let table = table(vec![changed, returning]);
    let blocks: Vec<_> = table
        .precedence()
        .iter()
        .map(|precedence| precedence.block)
        .collect();
    assert_eq!((table.miners()[0].id.uid, blocks), (1, vec![5, 20]));
}

#[test]
fn late_arrivals_are_compared_on_common_episodes_only() {
    let mut late = miner(2, 20, [0; 3]);
    late.outcomes = vec![
        format!("{}{}", ".".repeat(60), "1".repeat(40))
            .parse()
            .unwrap();
        3
    ];
    let table = table(vec![miner(1, 10, [50, 50, 50]), late]);
    let counts = table.pair(1, 0, 0);
    assert_eq!(
        (
            counts.episodes,
            counts.wins,
            counts.losses,
            counts.successes
        ),
        (40, 40, 0, 40)
    );
    let outcome = score(&table, &Params::default()).unwrap();
    assert_eq!(outcome.points, [0, outcome.total]);
}

#[test]
fn bad_tables_and_parameters_are_refused_by_name() {
    let refusal = |change: fn(&mut Params)| {
        let mut params = Params::default();
        change(&mut params);
        score(&table(vec![]), &params).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(|params| params.alpha = Ratio::ONE),
        "parameter `alpha`: it must be in (0, 1)"
    );
    assert!(refusal(|params| params.rho = Ratio::new(1, 2).unwrap()).contains("`rho`"));
    assert!(refusal(|params| params.phi = Ratio::new(1, 257).unwrap()).contains("`phi`"));
    assert!(refusal(|params| params.kappa = Ratio::new(1, 2).unwrap()).contains("`kappa`"));
    assert!(refusal(|params| params.temperature = Ratio::ZERO).contains("`temperature`"));

    let build = |miners| {
        OutcomeTable::new(
            table(vec![]).envs().to_vec(),
            table(vec![]).baselines().to_vec(),
            miners,
        )
    };
    let twice = vec![miner(1, 10, [0; 3]), miner(1, 20, [0; 3])];
    assert_eq!(build(twice).unwrap_err(), Error::DuplicateUid { uid: 1 });
    let mut short = miner(1, 10, [0; 3]);
    short.outcomes.pop();
    assert!(matches!(
        build(vec![short]).unwrap_err(),
        Error::RowLength {
            found: 2,
            expected: 3,
            ..
        }
    ));
    let mut disordered = miner(1, 10, [0; 3]);
    disordered.commits.insert(
        0,
        Commit {
            block: 11,
            ..disordered.commits[0].clone()
        },
    );
    assert!(matches!(
        build(vec![disordered]).unwrap_err(),
        Error::CommitOrder { block: 10, .. }
    ));
    assert_eq!(
        OutcomeTable::new(vec![], vec![], vec![]).unwrap_err(),
        Error::NoEnvironments
    );
}
