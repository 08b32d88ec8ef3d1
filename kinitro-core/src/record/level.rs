//! How an episode's scene is made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::names;

/// Whose episodes these are: the original benchmark's, or the evaluator's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Meta-World 3.1.1 step for step, always 500 steps long; success is latched.
    Parity,
    /// Procedural scenes from the episode key; ends at the first success.
    Evaluation,
}

/// How much the scenes of the evaluation profile vary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Placement within the task's own box only.
    None,
    /// Placement, physics and reset noise in the ordinary ranges; lights, colors, cameras and sensors vary.
    Seed,
    /// As `seed` with wider ranges of physics, tilted gravity, harder or softer contacts, delayed commands, and distractors in
    /// what is seen.
    Hard,
}

impl Profile {
    /// Every profile with its name.
    pub const NAMES: [(Self, &'static str); 2] =
        [(Self::Parity, "parity"), (Self::Evaluation, "evaluation")];

    /// The name in records and on the command line.
    pub fn as_str(self) -> &'static str {
        names::name(&Self::NAMES, &self)
    }
}

impl Level {
    /// Every level with its name, easiest first.
    pub const NAMES: [(Self, &'static str); 3] = [
        (Self::None, "none"),
        (Self::Seed, "seed"),
        (Self::Hard, "hard"),
    ];

    /// The name in records and on the command line.
    pub fn as_str(self) -> &'static str {
        names::name(&Self::NAMES, &self)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Profile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        names::parse("profile", &Self::NAMES, text)
    }
}

impl FromStr for Level {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        names::parse("level", &Self::NAMES, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_and_print() {
        for (level, name) in Level::NAMES {
            assert_eq!(name.parse::<Level>().unwrap(), level);
            assert_eq!(
                serde_json::to_string(&level).unwrap(),
                format!("\"{level}\"")
            );
        }
        for (profile, name) in Profile::NAMES {
            assert_eq!(name.parse::<Profile>().unwrap(), profile);
            assert_eq!(
                serde_json::to_string(&profile).unwrap(),
                format!("\"{profile}\"")
            );
        }
        let message = "easy".parse::<Level>().unwrap_err().to_string();
        assert_eq!(message, "unknown level `easy`; known: none, seed, hard");
    }
}
