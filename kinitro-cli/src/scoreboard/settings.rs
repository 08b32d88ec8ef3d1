//! What a user decides about scoring.

use std::fmt;
use std::str::FromStr;

use kinitro_core::seed::CycleSeed;
use kinitro_scoring::{Error, Params, RateParams, RateRule, Ratio, Scheme};

/// Who wins a subset of environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rule {
    /// The default: titles change hands only by proof, and stay with precedence otherwise.
    #[default]
    StandingPareto,
    /// Compatible: the earliest that nobody later beats everywhere.
    FirstCommit,
    /// Compatible: whoever ε-dominates all others.
    EpsilonPareto,
}

impl Rule {
    /// Every rule with its name.
    pub const NAMES: [(Self, &'static str); 3] = [
        (Self::StandingPareto, "standing_pareto"),
        (Self::FirstCommit, "first_commit"),
        (Self::EpsilonPareto, "epsilon_pareto"),
    ];

    /// The rule's version, part of the identity of results.
    pub fn version(self) -> u32 {
        1
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name) = Self::NAMES
            .iter()
            .find(|(rule, _)| rule == self)
            .expect("every rule has a name");
        f.pad(name)
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(_, name)| *name == text);
        known.map(|(rule, _)| *rule).ok_or_else(|| {
            "expected `standing_pareto`, `first_commit` or `epsilon_pareto`".to_owned()
        })
    }
}

/// How much proof the default rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Evidence {
    /// The thresholds that decide about money.
    #[default]
    Lifetime,
    /// Thresholds lowered to a handful of episodes, for demonstrations: nothing is proven.
    Demo,
}

impl Evidence {
    /// Every level with its name.
    pub const NAMES: [(Self, &'static str); 2] =
        [(Self::Lifetime, "lifetime"), (Self::Demo, "demo")];
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name) = Self::NAMES
            .iter()
            .find(|(level, _)| level == self)
            .expect("every level has a name");
        f.pad(name)
    }
}

impl FromStr for Evidence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(_, name)| *name == text);
        known
            .map(|(level, _)| *level)
            .ok_or_else(|| "expected `lifetime` or `demo`".to_owned())
    }
}

/// How results become weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoringSettings {
    /// Who wins a subset.
    pub rule: Rule,
    /// What a subset is worth.
    pub scheme: Scheme,
    /// Sharpness of points → weights, positive; 1 by default.
    pub temperature: Ratio,
    /// How much proof the default rule asks for; the compatible rules ask for none.
    pub evidence: Evidence,
}

impl Default for ScoringSettings {
    fn default() -> Self {
        Self {
            rule: Rule::default(),
            scheme: Scheme::default(),
            temperature: Ratio::ONE,
            evidence: Evidence::default(),
        }
    }
}

impl ScoringSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::InvalidParam`].
    pub fn validate(&self) -> Result<(), Error> {
        self.params(CycleSeed::from_local_seed(0)).validate()
    }

    pub(super) fn params(&self, cycle_seed: CycleSeed) -> Params {
        let base = match self.evidence {
            Evidence::Lifetime => Params::default(),
            Evidence::Demo => Params::demo(),
        };
        Params {
            scheme: self.scheme,
            temperature: self.temperature,
            cycle_seed,
            ..base
        }
    }

    pub(super) fn rate_params(&self, rule: RateRule, cycle_seed: CycleSeed) -> RateParams {
        RateParams {
            rule,
            scheme: self.scheme,
            temperature: self.temperature.to_f64(),
            cycle_seed,
            ..RateParams::default()
        }
    }
}

/// Reads a positive fraction: `0.5`, `2` or `1/3`.
///
/// # Errors
/// Says what is expected.
pub fn parse_ratio(text: &str) -> Result<Ratio, String> {
    let expected = || format!("`{text}` is not a positive number such as `0.5`, `2` or `1/3`");
    let (numerator, denominator) = if let Some((numerator, denominator)) = text.split_once('/') {
        (
            numerator.to_owned(),
            denominator.parse().map_err(|_| expected())?,
        )
    } else {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = u32::try_from(fraction.len()).ok();
        let scale = digits
            .and_then(|digits| 10_u32.checked_pow(digits))
            .ok_or_else(expected)?;
        (format!("{whole}{fraction}"), scale)
    };
    let is_digits = !numerator.is_empty() && numerator.bytes().all(|byte| byte.is_ascii_digit());
    let numerator: u32 = if is_digits {
        numerator.parse().map_err(|_| expected())?
    } else {
        return Err(expected());
    };
    let ratio = Ratio::new(numerator, denominator).map_err(|_| expected())?;
    if ratio > Ratio::ZERO {
        Ok(ratio)
    } else {
        Err(expected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_exact() {
        let ratio = |numerator, denominator| Ratio::new(numerator, denominator).unwrap();
        for (text, expected) in [
            ("0.5", ratio(1, 2)),
            ("2", ratio(2, 1)),
            ("1/3", ratio(1, 3)),
            (".25", ratio(1, 4)),
            ("3.", ratio(3, 1)),
        ] {
            assert_eq!(parse_ratio(text).unwrap(), expected, "{text}");
        }
        for bad in [
            "",
            "0",
            "0.0",
            "-1",
            "+1",
            "1/0",
            "1e3",
            "NaN",
            "99999999999",
            "0.00000000001",
            ".",
            "1/2/3",
        ] {
            assert!(parse_ratio(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_read_back() {
        for (rule, name) in Rule::NAMES {
            assert_eq!(name.parse::<Rule>().unwrap(), rule);
            assert_eq!(rule.to_string(), name);
        }
        for (level, name) in Evidence::NAMES {
            assert_eq!(name.parse::<Evidence>().unwrap(), level);
        }
        assert!("pareto".parse::<Rule>().is_err() && "none".parse::<Evidence>().is_err());
    }
}
