//! The validated input of the default rule.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::MAX_ENVIRONMENTS;
use super::bits::{EnvOutcomes, PairCounts};
use super::rates::{RateMiner, RateTable, Samples};
use crate::error::Error;

/// Who a row belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MinerRef {
    /// Position in the metagraph; where weights are sent, never a part of any decision.
    pub uid: u16,
    /// The identity that precedence is about, as text.
    pub hotkey: String,
}

/// One commitment of a hotkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Block of its inclusion.
    pub block: u64,
    /// Index of its extrinsic in the block.
    pub extrinsic: u32,
    /// Digest of the content committed to.
    pub digest: String,
}

/// A miner's row: who, since when, and with what outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miner {
    /// Identity.
    pub id: MinerRef,
    /// All commitments of the hotkey in chain order; the last is the present one.
    pub commits: Vec<Commit>,
    /// Outcomes per environment, in the order of the table's environments.
    pub outcomes: Vec<EnvOutcomes>,
}

/// A policy without skill, run on the same episodes: what it can do does not count as solved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// Name for explanations, such as `zero` or `random`.
    pub name: String,
    /// Outcomes per environment; every episode is present.
    pub outcomes: Vec<EnvOutcomes>,
}

/// Place of a miner in the order: the first block in which its hotkey committed its present content, then the
/// extrinsic index there, then SHA-256 of the hotkey's text. Never the uid, which can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Precedence {
    /// Block of the first commitment of the present digest.
    pub block: u64,
    /// Index of its extrinsic.
    pub extrinsic: u32,
    /// SHA-256 of the hotkey's text.
    pub hotkey_hash: [u8; 32],
}

/// Paired outcomes of all miners and baselines on the same episodes.
///
/// Miners are kept in order of precedence, whatever the order they were given in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeTable {
    envs: Vec<String>,
    baselines: Vec<Baseline>,
    miners: Vec<Miner>,
    precedence: Vec<Precedence>,
}

impl OutcomeTable {
    /// Validates rows and puts the miners in order of precedence.
    ///
    /// # Errors
    /// No or more than 64 environments, no baseline, duplicate names, uids or hotkeys, rows of different lengths,
    /// a baseline that lacks episodes, a miner without commitments or with commitments out of chain order.
    pub fn new(
        envs: Vec<String>,
        baselines: Vec<Baseline>,
        mut miners: Vec<Miner>,
    ) -> Result<Self, Error> {
        check_envs(&envs)?;
        let Some(first) = baselines.first() else {
            return Err(Error::NoBaselines);
        };
        check_row(&envs, &first.name, &first.outcomes, &first.outcomes)?;
        for baseline in &baselines {
            check_row(&envs, &baseline.name, &baseline.outcomes, &first.outcomes)?;
            let late = baseline
                .outcomes
                .iter()
                .position(|outcomes| outcomes.arrival() > 0);
            if let Some(env) = late {
                return Err(Error::IncompleteBaseline {
                    row: baseline.name.clone(),
                    env: envs[env].clone(),
                });
            }
        }
        let (mut uids, mut hotkeys) = (BTreeSet::new(), BTreeSet::new());
        for miner in &miners {
            let MinerRef { uid, hotkey } = &miner.id;
            if !uids.insert(*uid) {
                return Err(Error::DuplicateUid { uid: *uid });
            }
            if !hotkeys.insert(hotkey.as_str()) {
                return Err(Error::DuplicateHotkey {
                    hotkey: hotkey.clone(),
                });
            }
            check_row(&envs, hotkey, &miner.outcomes, &first.outcomes)?;
            check_commits(miner)?;
        }
        miners.sort_by_cached_key(precedence);
        let precedence = miners.iter().map(precedence).collect();
        Ok(Self {
            envs,
            baselines,
            miners,
            precedence,
        })
    }

    /// Names of the environments; bit `e` of every mask is `envs()[e]`.
    pub fn envs(&self) -> &[String] {
        &self.envs
    }

    /// The baselines.
    pub fn baselines(&self) -> &[Baseline] {
        &self.baselines
    }

    /// The miners in order of precedence.
    pub fn miners(&self) -> &[Miner] {
        &self.miners
    }

    /// Keys of the order of precedence, one per miner.
    pub fn precedence(&self) -> &[Precedence] {
        &self.precedence
    }

    /// Paired counts of two miners (positions in [`Self::miners`]) in one environment.
    pub fn pair(&self, a: usize, b: usize, env: usize) -> PairCounts {
        self.miners[a].outcomes[env].paired_with(&self.miners[b].outcomes[env])
    }

    /// Success rates over each miner's own episodes, in order of precedence, as the compatible rules and the frontier
    /// read them. Episodes before a miner's arrival are left out of its rate.
    pub fn to_rates(&self) -> RateTable {
        let samples = self.baselines[0]
            .outcomes
            .iter()
            .map(|outcomes| Some(outcomes.episodes() as u64));
        let row = |(miner, precedence): (&Miner, &Precedence)| RateMiner {
            uid: miner.id.uid,
            first_block: Some(precedence.block),
            scores: miner
                .outcomes
                .iter()
                .map(|outcomes| Some(outcomes.rate()))
                .collect(),
        };
        RateTable {
            envs: self.envs.clone(),
            miners: self.miners.iter().zip(&self.precedence).map(row).collect(),
            samples: Samples::PerEnvironment(samples.collect()),
        }
    }
}

/// Checks number and distinctness of environments.
fn check_envs(envs: &[String]) -> Result<(), Error> {
    if envs.is_empty() {
        return Err(Error::NoEnvironments);
    }
    if envs.len() > MAX_ENVIRONMENTS {
        return Err(Error::TooManyEnvironments {
            found: envs.len(),
            max: MAX_ENVIRONMENTS,
        });
    }
    let mut seen = BTreeSet::new();
    match envs.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => Err(Error::DuplicateEnvironment { name: name.clone() }),
        None => Ok(()),
    }
}

/// Checks that a row has the shape of the first one.
fn check_row(
    envs: &[String],
    row: &str,
    outcomes: &[EnvOutcomes],
    first: &[EnvOutcomes],
) -> Result<(), Error> {
    if outcomes.len() != envs.len() {
        return Err(Error::RowLength {
            row: row.to_owned(),
            found: outcomes.len(),
            expected: envs.len(),
        });
    }
    let episodes = |outcomes: &EnvOutcomes| outcomes.episodes();
    let different = (0..envs.len()).find(|&env| episodes(&outcomes[env]) != episodes(&first[env]));
    match different {
        Some(env) => Err(Error::EpisodeCount {
            row: row.to_owned(),
            env: envs[env].clone(),
            found: episodes(&outcomes[env]),
            expected: episodes(&first[env]),
        }),
        None => Ok(()),
    }
}

fn check_commits(miner: &Miner) -> Result<(), Error> {
    if miner.commits.is_empty() {
        return Err(Error::NoCommits {
            hotkey: miner.id.hotkey.clone(),
        });
    }
    let place = |commit: &Commit| (commit.block, commit.extrinsic);
    let disorder = miner
        .commits
        .windows(2)
        .find(|pair| place(&pair[0]) > place(&pair[1]));
    match disorder {
        Some(pair) => Err(Error::CommitOrder {
            hotkey: miner.id.hotkey.clone(),
            block: pair[1].block,
        }),
        None => Ok(()),
    }
}

/// A → B → A keeps the first block of A: what counts is when the present content was first committed.
fn precedence(miner: &Miner) -> Precedence {
    let present = miner.commits.last().expect("`check_commits` found one");
    let first = miner
        .commits
        .iter()
        .find(|commit| commit.digest == present.digest);
    let Commit {
        block, extrinsic, ..
    } = first.unwrap_or(present);
    Precedence {
        block: *block,
        extrinsic: *extrinsic,
        hotkey_hash: Sha256::digest(miner.id.hotkey.as_bytes()).into(),
    }
}
