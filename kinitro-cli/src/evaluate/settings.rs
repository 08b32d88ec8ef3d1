//! What is evaluated, on which scenes, and how it is scored.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use kinitro_chain::address::public_key;
use kinitro_core::ids::{BlockNumber, EnvId};
use kinitro_core::protocol::view::check_cameras;
use kinitro_core::record::level::Level;
use kinitro_core::seed::{CycleSeed, OperatorSecret};
use kinitro_sim::episode::View;
use kinitro_sim::registry;

use super::Error;
use super::policy::{BuiltIn, NamedPolicy, PolicySpec};
use super::servers::ServerSettings;
use crate::policy_server::{Endpoint, Rules};
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

/// Everything that [`run`](super::run()) needs to know. `jobs` and [`ServerSettings::max_concurrent`] cannot change a result.
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
    /// What policies see that choose nothing; baselines, which look at nothing, are run without images, and servers of the
    /// earlier protocols have cameras of their own.
    pub view: View,
    /// What is demanded of policies behind servers.
    pub servers: ServerSettings,
    /// How outcomes become weights.
    pub scoring: ScoringSettings,
    /// Episodes that are simulated at the same time.
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
            if self.policies.iter().any(|policy| {
                policy.name.as_str() == name && policy.spec != PolicySpec::BuiltIn(baseline)
            }) {
                let reason = format!("the name `{name}` is kept for the baseline `{baseline}`");
                return Err(Error::Setting {
                    setting: "policies",
                    reason,
                });
            }
        }
        for (policy, miner) in &self.servers.miners {
            let refuse = |reason| {
                Err(Error::Setting {
                    setting: "policy hotkeys",
                    reason,
                })
            };
            if !self.endpoints().any(|(named, _)| named.name == *policy) {
                return refuse(format!("there is no policy `{policy}` behind a server"));
            }
            if let Err(error) = public_key(miner) {
                return refuse(error.to_string());
            }
        }
        if let Err(error) = check_cameras(&self.view.cameras) {
            return refuse("cameras", &error.to_string());
        }
        for policy in &self.policies {
            policy.check_view()?;
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
                if let PolicySpec::BuiltIn(policy) = policy.spec {
                    policy.actor(env)?;
                }
            }
        }
        self.scoring
            .validate()
            .map_err(|source| Error::Score { source })
    }

    /// What a policy sees: what it chooses, and for the rest what all see.
    pub(super) fn view_of(&self, policy: &NamedPolicy) -> View {
        let chosen = policy.view.cameras();
        View {
            cameras: chosen.unwrap_or(&self.view.cameras).to_vec(),
            size: policy.view.size().unwrap_or(self.view.size),
        }
    }

    /// What a policy's server is told and held to: the settings for all servers, and what the policy sees.
    pub(super) fn rules_of(&self, policy: &NamedPolicy) -> Rules {
        let View { cameras, size } = self.view_of(policy);
        Rules {
            cameras,
            image_size: size,
            ..self.servers.rules.clone()
        }
    }

    /// The policies behind servers and where these are, in the order of the policies.
    pub fn endpoints(&self) -> impl Iterator<Item = (&NamedPolicy, &Endpoint)> {
        self.policies
            .iter()
            .filter_map(|policy| match &policy.spec {
                PolicySpec::Server(endpoint) => Some((policy, endpoint)),
                PolicySpec::BuiltIn(_) => None,
            })
    }
}

/// The policies without skill that the default rule compares with; an environment counts as solved only well above both.
pub const BASELINES: [(&str, BuiltIn); 2] = [("zero", BuiltIn::Zero), ("random", BuiltIn::Random)];
