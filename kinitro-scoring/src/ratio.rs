//! Exact parameters: small non-negative fractions.

use std::fmt;

use crate::error::Error;

/// A non-negative fraction in lowest terms, `numerator / denominator`.
///
/// Parameters of the default rule are fractions, so that every comparison of the rule is decided in integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: u32,
    denominator: u32,
}

impl Ratio {
    /// Zero.
    pub const ZERO: Self = Self::of(0, 1);
    /// One.
    pub const ONE: Self = Self::of(1, 1);

    /// The fraction `numerator / denominator`, reduced.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] when the denominator is zero.
    pub const fn new(numerator: u32, denominator: u32) -> Result<Self, Error> {
        if denominator == 0 {
            return Err(Error::InvalidParam {
                name: "ratio",
                reason: "its denominator is zero",
            });
        }
        Ok(Self::of(numerator, denominator))
    }

    /// For constants of this crate, whose denominators are visibly not zero.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a common divisor is no larger than the parts"
    )]
    pub(crate) const fn of(numerator: u32, denominator: u32) -> Self {
        let common = gcd(numerator as u128, denominator as u128) as u32;
        Self {
            numerator: numerator / common,
            denominator: denominator / common,
        }
    }

    /// Numerator in lowest terms.
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// Denominator in lowest terms, never zero.
    pub const fn denominator(self) -> u32 {
        self.denominator
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let left = u64::from(self.numerator) * u64::from(other.denominator);
        let right = u64::from(other.numerator) * u64::from(self.denominator);
        left.cmp(&right)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            _ => write!(f, "{}/{}", self.numerator, self.denominator),
        }
    }
}

/// Greatest common divisor; `gcd(0, n) = n`.
pub(crate) const fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
