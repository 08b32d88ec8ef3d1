//! `kinitro-results/1`: what an evaluation found, as one JSON document.
//!
//! The episodes are the facts; everything about a policy in an environment is [`tally`] of them, and a reader checks that it is.

mod check;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::digest::BlockHash;
use crate::error::Error;
use crate::ids::{BlockNumber, EnvId, EpisodeIndex, Hotkey, PolicyName};
use crate::protocol::policy::CameraName;
use crate::protocol::wire::{Encoding, GripperConvention, Protocol};
use crate::record::{Charge, Identity, ImageHash, Level, Outcome, Profile, StateHash};
use crate::stats::{Interval, rate, wilson_95};
use crate::units::{BigCount, ImageSize, UnitInterval};

/// The format that is written, and the only one that is read.
pub const FORMAT: &str = "kinitro-results/1";
/// Largest document that is read, in bytes.
pub const MAX_LEN: usize = 256 * 1024 * 1024;

const DOCUMENT: &str = "results";

/// What an evaluation found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// [`FORMAT`].
    pub format: String,
    /// What the results depend on besides the policies.
    pub identity: Identity,
    /// What was asked for.
    pub settings: Settings,
    /// The policies in order of precedence, then the baselines.
    pub policies: Vec<PolicyResult>,
    /// What all policies together earn, and what nobody does.
    pub totals: Totals,
    /// Why the policies earn what they earn.
    pub explanation: Explanation,
    /// Every episode.
    pub episodes: Vec<EpisodeEntry>,
}

/// What an evaluation was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The environments, at least one, none twice.
    pub envs: Vec<EnvId>,
    /// Episodes per environment and policy, at least 1.
    pub episodes: u64,
    /// Whose episodes these are.
    pub profile: Profile,
    /// How much the scenes vary.
    pub level: Level,
    /// Where the scenes' keys come from.
    pub seed: SeedRecord,
    /// The cameras of policies that choose none, none twice; [`PolicyResult::cameras`] is what each saw.
    pub cameras: Vec<CameraName>,
    /// Size of the images of policies that choose none.
    pub image_size: ImageSize,
    /// What was demanded of policies behind servers; `None` where there are none.
    pub servers: Option<ServerRules>,
    /// The scoring rule's parameters by name, exact numbers as text, for example `min_gap` = `1/50`.
    pub rule_parameters: BTreeMap<String, String>,
    /// How the size of a subset becomes points, for example `linear`.
    pub scheme: String,
    /// How strongly points concentrate in weights: finite and above 0, 1 being proportional.
    pub temperature: f64,
    /// Less evidence was asked for than the rule does by default, so nothing here is proven.
    pub thresholds_lowered: bool,
}

/// What was demanded of policies behind servers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerRules {
    /// Milliseconds that an action might take, above 0.
    pub act_deadline_ms: f64,
    /// The gripper's sign in actions of four numbers, where a server does not say.
    pub gripper_convention: GripperConvention,
    /// Whether servers of the first protocol got images.
    pub p1_images: bool,
    /// Whether servers might have addresses that are not public.
    pub private_endpoints: bool,
}

/// Where the scenes' keys come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SeedRecord {
    /// A local run's number.
    Local(u64),
    /// A block of the chain, together with a secret that is not written here.
    Block {
        /// The block's height.
        number: BlockNumber,
        /// Its finalized hash.
        hash: BlockHash,
    },
}

/// What one policy achieved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyResult {
    /// What the user calls it; no two are equal.
    pub name: PolicyName,
    /// How it was made and what it chose to see, as the user wrote it, for example `expert:noise=0.1,size=128`.
    pub spec: String,
    /// The miner; `None` in local runs.
    pub hotkey: Option<Hotkey>,
    /// Whose images it saw, in this order, none twice; empty where nothing was drawn for it.
    pub cameras: Vec<CameraName>,
    /// Size of every image that it saw.
    pub image_size: ImageSize,
    /// Its success in each environment, in the order of the settings.
    pub envs: Vec<EnvResult>,
    /// Mean of the success rates over the environments.
    pub mean_rate: UnitInterval,
    /// What it earns; `None` for the baselines, which only measure the floor.
    pub score: Option<PolicyScore>,
    /// How its server answered; `None` for policies inside the evaluator. Its times are the only numbers that a repetition changes.
    pub wire: Option<WireResult>,
}

/// How a policy's server answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireResult {
    /// The protocol that was spoken; `None` if the server could not be reached.
    pub protocol: Option<Protocol>,
    /// How messages were encoded; `None` if the server could not be reached.
    pub encoding: Option<Encoding>,
    /// Actions that it was asked for and that were applied: the control steps of its episodes.
    pub answers: u64,
    /// Median time of these answers in milliseconds, 0 without any.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
    /// Answers that missed their deadline, so that the action before was repeated.
    pub held: u64,
    /// Answers that came at the second attempt.
    pub retried: u64,
    /// How many of its episodes ended with each failure of its own.
    pub failures: BTreeMap<Outcome, u64>,
}

/// Longest text of [`EpisodeEntry::failure`], in bytes.
pub const MAX_FAILURE_LEN: usize = 2048;

/// A policy's success in one environment, over all episodes that are not void.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvResult {
    /// The environment.
    pub env: EnvId,
    /// Episodes solved.
    pub successes: u64,
    /// Episodes that count.
    pub trials: u64,
    /// `successes / trials`, 0 without trials.
    pub rate: UnitInterval,
    /// Wilson's interval of the rate at 95 %.
    pub interval: Interval,
    /// Mean control steps of the solved episodes; `None` without one.
    pub mean_steps_to_success: Option<f64>,
    /// Mean of the episodes' total rewards; `None` without trials.
    pub mean_reward: Option<f64>,
}

/// What a policy earns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyScore {
    /// No other policy dominates it.
    pub frontier: bool,
    /// Its points.
    pub points: BigCount,
    /// Number of subsets of environments that it wins.
    pub subsets: BigCount,
    /// Its part of everything.
    pub weight: UnitInterval,
    /// The weight as the chain takes it, in 65535ths.
    pub weight_u16: u16,
}

/// What all policies together earn, and what nobody does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Points that somebody won.
    pub awarded: BigCount,
    /// Points that there are.
    pub available: BigCount,
    /// The part of everything that is burned: 1 minus all weights.
    pub burn_weight: UnitInterval,
    /// The burned part as the chain takes it, in 65535ths.
    pub burn_weight_u16: u16,
    /// Points were estimated from a sample of subsets, since there were too many to count.
    pub approximate: bool,
}

/// Why the policies earn what they earn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// Sentences for people.
    pub sentences: Vec<String>,
    /// Who holds the largest titles.
    pub titles: Vec<Title>,
}

/// Who holds a subset of the environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// The subset.
    pub envs: Vec<EnvId>,
    /// All holders in order of precedence, of whom the last one wins; empty where nobody solves all of it.
    pub holders: Vec<PolicyName>,
}

/// One episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeEntry {
    /// The environment.
    pub env: EnvId,
    /// The episode's number.
    pub episode: EpisodeIndex,
    /// The policy.
    pub policy: PolicyName,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the task was solved at any step.
    pub success: bool,
    /// What went wrong, in words, where its server ended the episode. May quote what the server said, shortened and escaped.
    pub failure: Option<String>,
    /// Control steps applied.
    pub steps: u32,
    /// Sum of the rewards.
    pub total_reward: f64,
    /// Hash of the states.
    pub state_hash: StateHash,
    /// Hash of the images; `None` where nothing was rendered.
    pub image_hash: Option<ImageHash>,
    /// The transcript's file, relative to the folder of this document, parts separated by `/`; `None` if none was kept.
    pub transcript: Option<String>,
}

impl Results {
    /// Writes the document, indented.
    ///
    /// # Errors
    /// If the document contradicts itself, so that [`Results::from_json`] would refuse it.
    pub fn to_json(&self) -> Result<String, Error> {
        self.check()?;
        serde_json::to_string_pretty(self).map_err(json_error)
    }

    /// Reads the document.
    ///
    /// # Errors
    /// Beyond [`MAX_LEN`], for another format, for JSON of another shape, for numbers out of range and for parts that contradict each other.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Probe {
            format: String,
        }
        if json.len() > MAX_LEN {
            return Err(Error::TooLarge {
                what: DOCUMENT,
                unit: "bytes",
                limit: MAX_LEN,
            });
        }
        let probe: Probe = serde_json::from_slice(json).map_err(json_error)?;
        check::format(&probe.format)?;
        let results: Self = serde_json::from_slice(json).map_err(json_error)?;
        results.check()?;
        Ok(results)
    }
}

/// How many of a policy's episodes ended with each failure of its own.
pub fn failures(episodes: &[EpisodeEntry], policy: &PolicyName) -> BTreeMap<Outcome, u64> {
    let mut failures = BTreeMap::new();
    for entry in episodes {
        if entry.policy == *policy && entry.outcome.is_policy_failure() {
            *failures.entry(entry.outcome).or_default() += 1;
        }
    }
    failures
}

/// Sums episodes up: one entry for each policy and environment that occurs.
///
/// An episode that failed through the evaluator's own fault is void, and with it the same episode of every other policy.
/// Sums run in the order of `episodes`, so the same list gives the same bits.
pub fn tally(episodes: &[EpisodeEntry]) -> BTreeMap<(&PolicyName, &EnvId), EnvResult> {
    let void: BTreeSet<(&EnvId, EpisodeIndex)> = episodes
        .iter()
        .filter(|entry| entry.outcome.charged_to() == Charge::Evaluator)
        .map(|entry| (&entry.env, entry.episode))
        .collect();
    let mut sums = BTreeMap::<_, Sums>::new();
    for entry in episodes {
        let sums = sums.entry((&entry.policy, &entry.env)).or_default();
        if void.contains(&(&entry.env, entry.episode)) {
            continue;
        }
        sums.trials += 1;
        sums.reward += entry.total_reward;
        if entry.success {
            sums.successes += 1;
            sums.steps_to_success += u64::from(entry.steps);
        }
    }
    sums.into_iter()
        .map(|((policy, env), sums)| ((policy, env), sums.result(env)))
        .collect()
}

/// The mean of success rates, 0 without any; summed in their order.
pub fn mean_rate(envs: &[EnvResult]) -> UnitInterval {
    let sum: f64 = envs.iter().map(|result| result.rate.get()).sum();
    // Rounding may carry a mean of ones past 1.
    let mean = (sum / envs.len().max(1) as f64).min(1.0);
    UnitInterval::new(mean).unwrap_or(UnitInterval::ZERO)
}

#[derive(Default)]
struct Sums {
    successes: u64,
    trials: u64,
    steps_to_success: u64,
    reward: f64,
}

impl Sums {
    fn result(&self, env: &EnvId) -> EnvResult {
        let &Self {
            successes,
            trials,
            steps_to_success,
            reward,
        } = self;
        let mean = |sum: f64, count: u64| (count > 0).then(|| sum / count as f64);
        EnvResult {
            env: env.clone(),
            successes,
            trials,
            rate: rate(successes, trials),
            interval: wilson_95(successes, trials),
            mean_steps_to_success: mean(steps_to_success as f64, successes),
            mean_reward: mean(reward, trials),
        }
    }
}

fn json_error(source: serde_json::Error) -> Error {
    Error::json(DOCUMENT, source)
}

#[cfg(test)]
mod tests;
