//! How an episode ended, and who answers for it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::names;
use crate::record::level::Profile;

/// How an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The task was solved.
    Success,
    /// All steps were used without solving the task.
    Unsolved,
    /// The physics left the numbers that it can compute with, and does so again when the actions are repeated.
    SimDiverged,
    /// The policy answered something that is no action: not finite, or of the wrong length.
    InvalidAction,
    /// The policy failed to answer, or answered something that breaks a rule of the protocol.
    PolicyError,
    /// A policy behind a server missed the deadlines of more actions than the grace allows.
    ActTimeout,
    /// A policy's server did not take the episode: its reset failed, and so did the second attempt. No action was taken.
    ResetFailed,
    /// A policy's server could not be reached before the episode. No action was taken.
    MinerUnreachable,
    /// The evaluator itself failed; the episode says nothing about the policy and is void for all policies.
    Infrastructure,
}

/// Who answers for an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charge {
    /// The episode counts for or against the policy.
    Policy,
    /// The episode is void.
    Evaluator,
}

impl Outcome {
    /// Every outcome with its name.
    pub const NAMES: [(Self, &'static str); 9] = [
        (Self::Success, "success"),
        (Self::Unsolved, "unsolved"),
        (Self::SimDiverged, "sim_diverged"),
        (Self::InvalidAction, "invalid_action"),
        (Self::PolicyError, "policy_error"),
        (Self::ActTimeout, "act_timeout"),
        (Self::ResetFailed, "reset_failed"),
        (Self::MinerUnreachable, "miner_unreachable"),
        (Self::Infrastructure, "infrastructure"),
    ];

    /// The name in records.
    pub fn as_str(self) -> &'static str {
        names::name(&Self::NAMES, &self)
    }

    /// Whether an episode that ended so may have been solved, or not, as `success` says.
    ///
    /// In the evaluation profile an episode ends when it is solved. In the parity profile success is latched and the episode goes on,
    /// perhaps to another end.
    pub fn agrees_with(self, success: bool, profile: Profile) -> bool {
        match profile {
            Profile::Evaluation => success == (self == Self::Success),
            Profile::Parity => success || self != Self::Success,
        }
    }

    /// Who answers for it.
    pub const fn charged_to(self) -> Charge {
        match self {
            Self::Infrastructure => Charge::Evaluator,
            Self::Success
            | Self::Unsolved
            | Self::SimDiverged
            | Self::InvalidAction
            | Self::PolicyError
            | Self::ActTimeout
            | Self::ResetFailed
            | Self::MinerUnreachable => Charge::Policy,
        }
    }

    /// Whether it is a failure of the policy itself, which ends an episode before the simulation does.
    ///
    /// No simulation can show such an end: whoever repeats the episode from its actions finds it still running after the last of them.
    pub const fn is_policy_failure(self) -> bool {
        match self {
            Self::InvalidAction
            | Self::PolicyError
            | Self::ActTimeout
            | Self::ResetFailed
            | Self::MinerUnreachable => true,
            Self::Success | Self::Unsolved | Self::SimDiverged | Self::Infrastructure => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Outcome {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        names::parse("outcome", &Self::NAMES, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_and_print() {
        for (outcome, name) in Outcome::NAMES {
            assert_eq!(name.parse::<Outcome>().unwrap(), outcome);
            assert_eq!(
                serde_json::to_string(&outcome).unwrap(),
                format!("\"{outcome}\"")
            );
        }
    }

    #[test]
    fn only_the_evaluators_own_failure_is_void() {
        for (outcome, _) in Outcome::NAMES {
            assert_eq!(
                outcome.charged_to() == Charge::Evaluator,
                outcome == Outcome::Infrastructure
            );
        }
    }

    #[test]
    fn what_the_simulation_shows_is_no_failure_of_the_policy() {
        let failures: Vec<&str> = Outcome::NAMES
            .iter()
            .filter(|(outcome, _)| outcome.is_policy_failure())
            .map(|(_, name)| *name)
            .collect();
        assert_eq!(
            failures,
            [
                "invalid_action",
                "policy_error",
                "act_timeout",
                "reset_failed",
                "miner_unreachable"
            ]
        );
        for (outcome, _) in Outcome::NAMES {
            if outcome.is_policy_failure() {
                assert_eq!(outcome.charged_to(), Charge::Policy);
                assert!(!outcome.agrees_with(true, Profile::Evaluation));
            }
        }
    }

    #[test]
    fn success_is_the_end_or_latched() {
        for (outcome, success, evaluation, parity) in [
            (Outcome::Success, true, true, true),
            (Outcome::Success, false, false, false),
            (Outcome::Unsolved, false, true, true),
            (Outcome::SimDiverged, true, false, true),
        ] {
            assert_eq!(
                outcome.agrees_with(success, Profile::Evaluation),
                evaluation,
                "{outcome}"
            );
            assert_eq!(
                outcome.agrees_with(success, Profile::Parity),
                parity,
                "{outcome}"
            );
        }
    }
}
