//! Verdicts → table of paired outcomes → points and weights.

use kinitro_core::record::outcome::Outcome;
use kinitro_scoring::{
    Baseline, Commit, EnvOutcomes, EpisodeOutcome, Miner, MinerRef, OutcomeTable,
};

use super::Error;
use super::lineup::Lineup;
use super::run::Verdict;
use super::settings::BASELINES;
use crate::scoreboard::{Scoreboard, score_outcomes};

/// Scores verdicts in the order of [`run`](super::run::run): policies as miners whose uid and precedence are their
/// position, baselines as the rule demands.
///
/// # Errors
/// [`Error::Score`].
pub fn score(lineup: &Lineup<'_>, verdicts: &[Verdict]) -> Result<Scoreboard, Error> {
    let settings = lineup.settings();
    table(lineup, verdicts)
        .and_then(|table| score_outcomes(&table, &settings.scoring, settings.seed.cycle_seed()))
        .map_err(|source| Error::Score { source })
}

fn table(
    lineup: &Lineup<'_>,
    verdicts: &[Verdict],
) -> Result<OutcomeTable, kinitro_scoring::Error> {
    let settings = lineup.settings();
    let outcomes = |participant: usize| -> Result<Vec<EnvOutcomes>, kinitro_scoring::Error> {
        let of_env = |env: usize| {
            let episodes = verdicts.iter().filter(move |verdict| {
                (verdict.unit.env, verdict.unit.participant) == (env, participant)
            });
            EnvOutcomes::new(episodes.map(|verdict| match verdict.record.outcome {
                Outcome::Success => EpisodeOutcome::Success,
                _ => EpisodeOutcome::Failure,
            }))
        };
        (0..settings.envs.len()).map(of_env).collect()
    };
    let mut baselines = Vec::new();
    for ((name, _), participant) in BASELINES.iter().zip(lineup.baselines()) {
        baselines.push(Baseline {
            name: (*name).to_owned(),
            outcomes: outcomes(participant)?,
        });
    }
    let mut miners = Vec::new();
    for (position, policy) in settings.policies.iter().enumerate() {
        let uid = u16::try_from(position).expect("validated settings have at most 256 policies");
        let (hotkey, digest) = (policy.name.to_string(), policy.spec.to_string());
        miners.push(Miner {
            id: MinerRef { uid, hotkey },
            commits: vec![Commit {
                block: position as u64,
                extrinsic: 0,
                digest,
            }],
            outcomes: outcomes(position)?,
        });
    }
    OutcomeTable::new(
        settings.envs.iter().map(ToString::to_string).collect(),
        baselines,
        miners,
    )
}
