//! What is evaluated, on which scenes, and how it is scored.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use kinitro_core::ids::{BlockNumber, EnvId, PolicyName};
use kinitro_core::record::level::Level;
use kinitro_core::seed::{CycleSeed, OperatorSecret};
use kinitro_sim::episode::View;
use kinitro_sim::registry;

use super::Error;
use super::policy::{NamedPolicy, PolicySpec};
use crate::scoreboard::ScoringSettings;

/// Most episodes per environment and policy: file names have five digits, and nobody waits for more.
pub const MAX_EPISODES: u32 = 100_000;
/// Most participants: a uid has 16 bits, but tables are read by people.
pub const MAX_POLICIES: usize = 256;

/// Where scenes come from. The same source, environment and episode number give the same scene to every policy.
#[derive(Debug)]
pub enum SeedSource {
    /// A local run.
    Local {
        /// Any number; the run's name.
        seed: u64,
    },
    /// A round of a cycle on a network, repeated here.
    Block {
        /// Height of the round's block.
        block: BlockNumber,
        /// Its finalized hash.
        hash: [u8; 32],
        /// The operator's secret of the cycle.
        secret: OperatorSecret,
    },
}

impl SeedSource {
    /// The seed that all episode keys are derived from.
    pub fn cycle_seed(&self) -> CycleSeed {
        match self {
            Self::Local { seed } => CycleSeed::from_local_seed(*seed),
            Self::Block {
                block,
                hash,
                secret,
            } => CycleSeed::from_block(*block, hash, secret),
        }
    }
}

/// Everything that [`run`](super::run()) needs to know. `jobs` is the only setting that cannot change a result.
#[derive(Debug)]
pub struct Settings {
    /// Participants in order of precedence: of two equally good ones the first is paid.
    pub policies: Vec<NamedPolicy>,
    /// Environments, in the order of all tables.
    pub envs: Vec<EnvId>,
    /// Episodes per environment and policy, `1..=`[`MAX_EPISODES`].
    pub episodes: u32,
    /// How much varies between scenes.
    pub level: Level,
    /// Where scenes come from.
    pub seed: SeedSource,
    /// What the policies see; baselines, which look at nothing, are run without images.
    pub view: View,
    /// How outcomes become weights.
    pub scoring: ScoringSettings,
    /// Worker threads.
    pub jobs: NonZeroUsize,
}

impl Settings {
    /// Checks everything that can be checked without simulating.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::DuplicatePolicy`], [`Error::UnknownEnv`], [`Error::NoExpert`], [`Error::Score`].
    pub fn validate(&self) -> Result<(), Error> {
        let refuse = |setting, reason: &str| {
            Err(Error::Setting {
                setting,
                reason: reason.to_owned(),
            })
        };
        if self.policies.is_empty() {
            return refuse("policies", "none given");
        }
        if self.policies.len() > MAX_POLICIES {
            return refuse("policies", "more than 256");
        }
        if self.envs.is_empty() {
            return refuse("envs", "none given");
        }
        if !(1..=MAX_EPISODES).contains(&self.episodes) {
            return refuse("episodes", "expected 1 to 100000");
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = self
            .policies
            .iter()
            .find(|policy| !names.insert(&policy.name))
        {
            return Err(Error::DuplicatePolicy {
                name: twice.name.clone(),
            });
        }
        for (name, baseline) in BASELINES {
            if self
                .policies
                .iter()
                .any(|policy| policy.name.as_str() == name && policy.spec != baseline)
            {
                let reason = format!("the name `{name}` is kept for the baseline `{baseline}`");
                return Err(Error::Setting {
                    setting: "policies",
                    reason,
                });
            }
        }
        let mut cameras = BTreeSet::new();
        if !self
            .view
            .cameras
            .iter()
            .all(|camera| cameras.insert(*camera))
        {
            return refuse("cameras", "one is given twice");
        }
        let mut envs = BTreeSet::new();
        let known = registry::ids();
        for env in &self.envs {
            if !known.contains(env) {
                return Err(Error::UnknownEnv { id: env.clone() });
            }
            if !envs.insert(env) {
                return Err(Error::Setting {
                    setting: "envs",
                    reason: format!("`{env}` is given twice"),
                });
            }
            for policy in &self.policies {
                policy.spec.actor(env)?;
            }
        }
        self.scoring
            .validate()
            .map_err(|source| Error::Score { source })
    }

    /// Who runs.
    pub fn participants(&self) -> Participants {
        Participants::new(self)
    }
}

/// The policies without skill that the default rule compares with; an environment counts as solved only well above both.
pub const BASELINES: [(&str, PolicySpec); 2] =
    [("zero", PolicySpec::Zero), ("random", PolicySpec::Random)];

/// Why a participant takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Entered by the user.
    Policy,
    /// Needed by the rule, and not among the policies.
    Baseline,
}

/// Who runs, by index: the policies, then those baselines that are not among them.
///
/// Local runs use no hotkey, so a baseline that is entered as a policy acts exactly alike and runs once.
#[derive(Debug, Clone)]
pub struct Participants {
    list: Vec<Participant>,
    baselines: [usize; 2],
}

/// One of [`Participants`].
#[derive(Debug, Clone, PartialEq)]
pub struct Participant {
    /// Its name, no two are equal.
    pub name: PolicyName,
    /// How it acts.
    pub spec: PolicySpec,
    /// Why it takes part.
    pub role: Role,
    /// What it sees; baselines look at nothing, so nothing is drawn for them.
    pub view: View,
}

impl Participants {
    fn new(settings: &Settings) -> Self {
        let policy = |policy: &NamedPolicy| Participant {
            name: policy.name.clone(),
            spec: policy.spec,
            role: Role::Policy,
            view: settings.view.clone(),
        };
        let mut list: Vec<Participant> = settings.policies.iter().map(policy).collect();
        let baselines = BASELINES.map(|(name, spec)| {
            list.iter()
                .position(|participant| participant.spec == spec)
                .unwrap_or_else(|| {
                    let name = name.parse().expect("names of baselines are policy names");
                    list.push(Participant {
                        name,
                        spec,
                        role: Role::Baseline,
                        view: View::state_only(),
                    });
                    list.len() - 1
                })
        });
        Self { list, baselines }
    }

    /// All of them.
    pub fn list(&self) -> &[Participant] {
        &self.list
    }

    /// Which participant stands for each of [`BASELINES`].
    pub fn baselines(&self) -> [usize; 2] {
        self.baselines
    }
}
