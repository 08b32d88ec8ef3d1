//! Time from outcomes to weights on seeded populations, and what exact counting costs.
//!
//! `cargo bench -p kinitro-scoring [-- FILTER]` prints one line per population: environments, miners, episodes, the best
//! of three runs in milliseconds, and how the subsets were counted. FILTER selects lines such as `wide 50x256`.
#![expect(clippy::print_stdout, reason = "a benchmark reports to the terminal")]

use std::time::Instant;

use kinitro_core::seed::Draws;
use kinitro_scoring::{
    Baseline, Commit, EnvOutcomes, EpisodeOutcome, Method, Miner, MinerRef, OutcomeTable, Params,
    score,
};

/// Environments, miners, episodes.
const SIZES: [(usize, usize, usize); 5] = [
    (8, 256, 500),
    (24, 64, 400),
    (24, 256, 400),
    (50, 64, 300),
    (50, 256, 300),
];

/// Part of an outcome that the scene decides; the rest is the policy's own luck.
const SCENE_SHARE: f64 = 0.8;

#[derive(Debug, Clone, Copy)]
enum Population {
    FullImprovers,
    PartialImprovers,
    ThreeTradeOffs,
    SixTradeOffs,
    ItemResponseHalfCopies,
    ItemResponse,
    Wide,
    SteadyProgress,
}

const POPULATIONS: [(&str, Population); 8] = [
    (
        "leader + 3 full improvers, rest copies",
        Population::FullImprovers,
    ),
    (
        "leader + 2 improvers on 60 %, rest copies",
        Population::PartialImprovers,
    ),
    ("3 trade-off, rest copies", Population::ThreeTradeOffs),
    ("6 trade-off, rest copies", Population::SixTradeOffs),
    (
        "item response, half copies",
        Population::ItemResponseHalfCopies,
    ),
    ("item response", Population::ItemResponse),
    ("wide", Population::Wide),
    ("steady progress", Population::SteadyProgress),
];

fn main() {
    let (flags, filter): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|arg| arg.starts_with('-'));
    // `cargo bench` says so; `cargo test --all-targets` only wants to see that this builds.
    if !flags.iter().any(|flag| flag == "--bench") {
        return;
    }
    println!(
        "{:<42} {:>4} {:>6} {:>8} {:>9}  counted",
        "population", "envs", "miners", "episodes", "ms"
    );
    for (envs, miners, episodes) in SIZES {
        for (index, (name, population)) in (0..).zip(POPULATIONS) {
            let title = format!("{name} {envs}x{miners}");
            if !filter.iter().all(|word| title.contains(word)) {
                continue;
            }
            let mut draws = Draws::from_key([7; 32], index);
            let skills = skills(population, envs, miners, &mut draws);
            let table = table(&skills, envs, episodes, &mut draws);
            let (ms, method) = measure(&table);
            println!("{name:<42} {envs:>4} {miners:>6} {episodes:>8} {ms:>9.2}  {method}");
        }
    }
}

/// Best of three runs, in milliseconds.
fn measure(table: &OutcomeTable) -> (f64, String) {
    let mut best = f64::INFINITY;
    let mut counted = String::new();
    for _ in 0..3 {
        let start = Instant::now();
        let outcome = score(table, &Params::default()).expect("the table is valid");
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
        counted = match outcome.count.method {
            Method::Enumerated { subsets } => format!("exactly, {subsets} subsets"),
            Method::Grouped { states } => format!("exactly, {states} states"),
            Method::Sampled { draws } => format!("approximately, {draws} draws"),
            _ => "in another way".to_owned(),
        };
    }
    (best, counted)
}

/// True success rates per miner and environment, in order of precedence.
fn skills(population: Population, envs: usize, miners: usize, draws: &mut Draws) -> Vec<Vec<f64>> {
    let base: Vec<f64> = (0..envs).map(|_| draws.uniform(0.4, 0.75)).collect();
    let mut rows: Vec<Vec<f64>> = Vec::new();
    let originals = match population {
        Population::FullImprovers => 4,
        Population::PartialImprovers | Population::ThreeTradeOffs => 3,
        Population::SixTradeOffs => 6,
        Population::ItemResponseHalfCopies => miners / 2,
        Population::ItemResponse | Population::Wide | Population::SteadyProgress => miners,
    };
    let difficulty: Vec<f64> = (0..envs).map(|_| draws.normal()).collect();
    for rank in 0..originals {
        let ability = 0.7 * draws.normal() + 0.8;
        let row = (0..envs).map(|env| match population {
            Population::FullImprovers => base[env] + 0.08 * rank as f64,
            Population::PartialImprovers if rank > 0 && draws.unit() < 0.6 => base[env] + 0.15,
            Population::PartialImprovers => base[env],
            Population::ThreeTradeOffs | Population::SixTradeOffs => {
                base[env] + 0.1 * draws.normal()
            }
            Population::ItemResponse | Population::ItemResponseHalfCopies => {
                1.0 / (1.0 + libm::exp(difficulty[env] - ability))
            }
            Population::Wide => base[env] + 0.2 * draws.normal(),
            Population::SteadyProgress => {
                base[env] + 0.4 * rank as f64 / miners as f64 + 0.02 * draws.normal()
            }
        });
        rows.push(row.collect());
    }
    while rows.len() < miners {
        let original = draws.below(originals as u64);
        rows.push(rows[usize::try_from(original).expect("an index")].clone());
    }
    rows
}

fn table(skills: &[Vec<f64>], envs: usize, episodes: usize, draws: &mut Draws) -> OutcomeTable {
    let scenes: Vec<Vec<f64>> = (0..envs)
        .map(|_| (0..episodes).map(|_| draws.unit()).collect())
        .collect();
    let mut play = |skill: f64, env: usize| {
        let episode = |scene: &f64| {
            let luck = if draws.unit() < SCENE_SHARE {
                *scene
            } else {
                draws.unit()
            };
            if luck < skill {
                EpisodeOutcome::Success
            } else {
                EpisodeOutcome::Failure
            }
        };
        EnvOutcomes::new(scenes[env].iter().map(episode)).expect("few episodes, all present")
    };
    let miners = skills.iter().zip(0_u16..).map(|(row, rank)| Miner {
        id: MinerRef {
            uid: rank,
            hotkey: format!("hotkey {rank}"),
        },
        commits: vec![Commit {
            block: 100 + u64::from(rank),
            extrinsic: 0,
            digest: format!("digest {rank}"),
        }],
        outcomes: row
            .iter()
            .enumerate()
            .map(|(env, &skill)| play(skill, env))
            .collect(),
    });
    let miners = miners.collect();
    let baselines = [("zero", 0.0), ("random", 0.01)].map(|(name, skill)| Baseline {
        name: name.to_owned(),
        outcomes: (0..envs).map(|env| play(skill, env)).collect(),
    });
    let names = (0..envs).map(|env| format!("env {env}")).collect();
    OutcomeTable::new(names, baselines.into(), miners).expect("the rows have one shape")
}
