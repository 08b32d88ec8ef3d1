//! Random tables.

use kinitro_core::seed::{CycleSeed, Draws};
use kinitro_scoring::{
    Baseline, Commit, EnvOutcomes, EpisodeOutcome, Error, Miner, MinerRef, OutcomeTable,
};

use super::{NamedTable, Table};

/// Success rates are drawn from this range. Source: the reference's command of the same name.
const RATES: [f64; 2] = [0.3, 0.9];
/// Miner `uid` commits in block `FIRST_BLOCK + uid · BLOCK_STEP`. Source: as above.
const FIRST_BLOCK: u64 = 1000;
const BLOCK_STEP: u64 = 100;

/// The shape of a random table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomTable {
    /// Number of miners.
    pub miners: u16,
    /// Number of environments.
    pub envs: usize,
    /// Episodes per miner and environment.
    pub episodes: usize,
    /// The same seed gives the same table.
    pub seed: u64,
}

/// Draws a true success rate per miner and environment, then independent episodes with it; the baselines never succeed.
///
/// # Errors
/// Those of [`OutcomeTable::new`].
pub fn draw(shape: &RandomTable) -> Result<NamedTable, Error> {
    let mut draws = Draws::from_key(*CycleSeed::from_local_seed(shape.seed).as_bytes(), 0);
    let mut miners = Vec::new();
    for uid in 0..shape.miners {
        let block = FIRST_BLOCK + u64::from(uid) * BLOCK_STEP;
        let outcomes = (0..shape.envs).map(|_| outcomes(&mut draws, shape.episodes));
        miners.push(Miner {
            id: MinerRef {
                uid,
                hotkey: name(uid),
            },
            commits: vec![Commit {
                block,
                extrinsic: 0,
                digest: name(uid),
            }],
            outcomes: outcomes.collect::<Result<_, _>>()?,
        });
    }
    let envs = (0..shape.envs).map(|env| format!("env-{env}")).collect();
    let failures = EnvOutcomes::new(vec![EpisodeOutcome::Failure; shape.episodes])?;
    let baselines = ["zero", "random"].map(|name| Baseline {
        name: name.to_owned(),
        outcomes: vec![failures.clone(); shape.envs],
    });
    let names = miners
        .iter()
        .map(|miner| (miner.id.uid, miner.id.hotkey.clone()))
        .collect();
    Ok(NamedTable {
        names,
        table: Table::Outcomes(OutcomeTable::new(envs, baselines.to_vec(), miners)?),
    })
}

fn name(uid: u16) -> String {
    format!("miner-{uid}")
}

fn outcomes(draws: &mut Draws, episodes: usize) -> Result<EnvOutcomes, Error> {
    let rate = draws.uniform(RATES[0], RATES[1]);
    EnvOutcomes::new((0..episodes).map(|_| {
        if draws.unit() < rate {
            EpisodeOutcome::Success
        } else {
            EpisodeOutcome::Failure
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides_the_table() {
        let shape = RandomTable {
            miners: 5,
            envs: 3,
            episodes: 50,
            seed: 7,
        };
        assert_eq!(draw(&shape).unwrap(), draw(&shape).unwrap());
        assert_ne!(
            draw(&shape).unwrap(),
            draw(&RandomTable { seed: 8, ..shape }).unwrap()
        );
        let Table::Outcomes(table) = draw(&shape).unwrap().table else {
            panic!("outcomes are drawn")
        };
        let rates = table.to_rates();
        assert_eq!((rates.miners.len(), rates.envs.len()), (5, 3));
        assert!(
            rates
                .miners
                .iter()
                .flat_map(|miner| &miner.scores)
                .all(|rate| (0.1..=1.0).contains(&rate.unwrap()))
        );
    }
}
