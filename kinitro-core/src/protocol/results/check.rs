//! What holds for every results document beyond the types of its fields.

use std::collections::BTreeSet;
use std::fmt;

use super::{DOCUMENT, FORMAT, MAX_FAILURE_LEN, Results, WireResult, failures, mean_rate, tally};
use crate::error::{Error, quote};
use crate::ids::{EnvId, PolicyName};

/// How far the weights and the burned part may miss 1 together: rounding of at most 256 terms, generously.
const WEIGHT_SLACK: f64 = 1e-9;

impl Results {
    pub(super) fn check(&self) -> Result<(), Error> {
        format(&self.format)?;
        self.check_settings()?;
        self.check_episodes()?;
        self.check_policies()?;
        self.check_totals()?;
        self.check_explanation()
    }

    fn check_settings(&self) -> Result<(), Error> {
        let settings = &self.settings;
        unique("environment", settings.envs.iter())?;
        unique("camera", settings.cameras.iter())?;
        if settings.envs.is_empty() || settings.episodes == 0 {
            return inconsistent("no environment or no episode was asked for".to_owned());
        }
        let temperature = settings.temperature;
        positive("settings.temperature", temperature)?;
        let has_servers = self.policies.iter().any(|policy| policy.wire.is_some());
        match &settings.servers {
            Some(rules) if has_servers => {
                positive("settings.servers.act_deadline_ms", rules.act_deadline_ms)
            }
            None if !has_servers => Ok(()),
            _ => inconsistent("rules for servers without a server, or the reverse".to_owned()),
        }
    }

    fn check_episodes(&self) -> Result<(), Error> {
        let policies: BTreeSet<&PolicyName> =
            self.policies.iter().map(|policy| &policy.name).collect();
        let mut seen = BTreeSet::new();
        for entry in &self.episodes {
            let (env, episode, policy) = (&entry.env, entry.episode, &entry.policy);
            let name = || format!("episode {episode} of `{policy}` in `{env}`");
            let refuse = |reason: &str| inconsistent(format!("{} {reason}", name()));
            if !seen.insert((env, episode, policy)) {
                return refuse("occurs twice");
            }
            if !self.settings.envs.contains(env) || !policies.contains(policy) {
                return refuse("has an environment or policy that is not listed");
            }
            if episode.0 >= self.settings.episodes {
                return refuse("is numbered beyond the episodes asked for");
            }
            if !entry
                .outcome
                .agrees_with(entry.success, self.settings.profile)
            {
                return refuse("has an outcome and a success that contradict each other");
            }
            if let Some(failure) = &entry.failure
                && (failure.len() > MAX_FAILURE_LEN || !entry.outcome.is_policy_failure())
            {
                return refuse("tells of a failure at length, or of none");
            }
            if !entry.total_reward.is_finite() {
                let (what, value) = (format!("reward of {}", name()), entry.total_reward);
                return Err(Error::OutOfRange {
                    what,
                    value,
                    expected: "a finite number",
                });
            }
            if !entry.transcript.as_deref().is_none_or(is_relative_file) {
                return refuse("has a transcript that is not a file below the document's folder");
            }
        }
        Ok(())
    }

    /// Every number about a policy must be what the episodes say.
    fn check_policies(&self) -> Result<(), Error> {
        unique("policy", self.policies.iter().map(|policy| &policy.name))?;
        let tally = tally(&self.episodes);
        for policy in &self.policies {
            let name = &policy.name;
            if !policy
                .envs
                .iter()
                .map(|result| &result.env)
                .eq(&self.settings.envs)
            {
                return inconsistent(format!(
                    "policy `{name}` lists other environments than the settings"
                ));
            }
            for result in &policy.envs {
                if tally.get(&(name, &result.env)) != Some(result) {
                    return inconsistent(format!(
                        "policy `{name}` in `{}` differs from its episodes",
                        result.env
                    ));
                }
            }
            unique("camera", policy.cameras.iter())?;
            if policy.mean_rate != mean_rate(&policy.envs) {
                return inconsistent(format!(
                    "policy `{name}`: the mean rate is not the mean of its rates"
                ));
            }
            if let Some(wire) = &policy.wire {
                self.check_wire(name, wire)?;
            }
        }
        Ok(())
    }

    /// What can be counted in the episodes must be what is there, and times must be in order.
    fn check_wire(&self, name: &PolicyName, wire: &WireResult) -> Result<(), Error> {
        let refuse =
            |reason: &str| inconsistent(format!("policy `{name}` behind a server: {reason}"));
        let steps = self.episodes.iter().filter(|entry| entry.policy == *name);
        let steps: u64 = steps.map(|entry| u64::from(entry.steps)).sum();
        if wire.answers != steps {
            return refuse("the answers are not the steps of its episodes");
        }
        if wire.failures != failures(&self.episodes, name) {
            return refuse("the failures are not those of its episodes");
        }
        if wire.held > wire.answers || wire.retried > wire.answers {
            return refuse("more answers were held or retried than there are");
        }
        let is_met = wire.protocol.is_some();
        if is_met != wire.encoding.is_some() || (!is_met && wire.answers > 0) {
            return refuse("answers or an encoding without a protocol, or the reverse");
        }
        let times = [0.0, wire.p50_ms, wire.p95_ms, wire.p99_ms, wire.max_ms];
        if !times.is_sorted() || !wire.max_ms.is_finite() {
            return refuse("the times of its answers are not in order");
        }
        Ok(())
    }

    fn check_totals(&self) -> Result<(), Error> {
        let scores: Vec<_> = self
            .policies
            .iter()
            .filter_map(|policy| policy.score.as_ref())
            .collect();
        let totals = &self.totals;
        if scores.is_empty() {
            return inconsistent("no policy is scored".to_owned());
        }
        let weights: f64 = scores.iter().map(|score| score.weight.get()).sum();
        if (weights + totals.burn_weight.get() - 1.0).abs() > WEIGHT_SLACK {
            return inconsistent(format!(
                "weights {weights} and burn {} do not add up to 1",
                totals.burn_weight.get()
            ));
        }
        let units: u64 = scores.iter().map(|score| u64::from(score.weight_u16)).sum();
        if units + u64::from(totals.burn_weight_u16) > u64::from(u16::MAX) {
            return inconsistent("the integer weights add up to more than 65535".to_owned());
        }
        let points = scores
            .iter()
            .try_fold(0_u128, |sum, score| sum.checked_add(score.points.0));
        // A sample's estimates are rounded one by one and need not add up.
        if !totals.approximate && points != Some(totals.awarded.0) {
            return inconsistent(
                "the policies' points do not add up to what was awarded".to_owned(),
            );
        }
        if totals.awarded > totals.available {
            return inconsistent("more points were awarded than there are".to_owned());
        }
        Ok(())
    }

    fn check_explanation(&self) -> Result<(), Error> {
        for title in &self.explanation.titles {
            unique("environment of a title", title.envs.iter())?;
            unique("holder of a title", title.holders.iter())?;
            let is_scored = |name: &PolicyName| {
                self.policies
                    .iter()
                    .any(|policy| policy.name == *name && policy.score.is_some())
            };
            let is_listed = |env: &EnvId| self.settings.envs.contains(env);
            if !title.envs.iter().all(is_listed) || !title.holders.iter().all(is_scored) {
                return inconsistent(
                    "a title names an environment or a policy that is not listed".to_owned(),
                );
            }
        }
        Ok(())
    }
}

pub(super) fn format(found: &str) -> Result<(), Error> {
    if found == FORMAT {
        return Ok(());
    }
    Err(Error::UnsupportedFormat {
        found: quote(found),
        expected: FORMAT,
    })
}

fn positive(what: &str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::OutOfRange {
        what: what.to_owned(),
        value,
        expected: "a finite number above 0",
    })
}

/// Whether a path stays below the folder it starts from, on every system.
fn is_relative_file(path: &str) -> bool {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    path.len() <= 1024 && path.split('/').all(is_plain) && !path.contains(['\\', ':', '\0'])
}

fn unique<T: Ord + fmt::Display>(
    what: &'static str,
    items: impl Iterator<Item = T>,
) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for item in items {
        if seen.contains(&item) {
            return Err(Error::Duplicate {
                what,
                name: item.to_string(),
            });
        }
        seen.insert(item);
    }
    Ok(())
}

fn inconsistent(reason: String) -> Result<(), Error> {
    Err(Error::Inconsistent {
        document: DOCUMENT,
        reason,
    })
}
