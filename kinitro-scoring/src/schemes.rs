//! What a subset of environments is worth.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Points for winning a subset of `k` environments. In every scheme a larger subset is worth at least as much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scheme {
    /// `k` points.
    #[default]
    Linear,
    /// `2^(k−1)` points.
    Exponential,
    /// One point.
    Equal,
}

impl Scheme {
    /// All schemes, in the order of their documentation.
    pub const ALL: [Self; 3] = [Self::Linear, Self::Exponential, Self::Equal];

    /// Points for one subset of `size` environments; the empty subset is worth nothing.
    pub fn award(self, size: usize) -> u128 {
        match self {
            _ if size == 0 => 0,
            Self::Linear => size as u128,
            Self::Exponential => 1 << (size - 1),
            Self::Equal => 1,
        }
    }

    /// Points of a miner which won `sizes[k]` subsets of size `k`.
    pub fn points(self, sizes: &[u128]) -> u128 {
        let award = |(size, &won): (usize, &u128)| won * self.award(size);
        sizes.iter().enumerate().map(award).sum()
    }

    /// Points of all subsets with at least `smallest` of `envs` environments: what could be awarded at most.
    ///
    /// With `smallest = 1`: linear `E·2^(E−1)`, exponential `(3^E − 1)/2`, equal `2^E − 1`.
    /// These exceed 2^53 at 50 environments, hence integers of 128 bits.
    pub fn total(self, envs: usize, smallest: usize) -> u128 {
        let sizes = smallest.max(1)..=envs;
        sizes
            .map(|size| binomial(envs, size) * self.award(size))
            .sum()
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Exponential => "exponential",
            Self::Equal => "equal",
        })
    }
}

impl FromStr for Scheme {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL
            .into_iter()
            .find(|scheme| scheme.to_string() == text);
        known.ok_or(Error::InvalidParam {
            name: "scheme",
            reason: "it is none of `linear`, `exponential`, `equal`",
        })
    }
}

/// `n` over `k`, for `n ≤ 64`.
pub(crate) fn binomial(n: usize, k: usize) -> u128 {
    if k > n {
        return 0;
    }
    (0..k).fold(1, |product, i| product * (n - i) as u128 / (i + 1) as u128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_have_their_closed_forms() {
        for envs in 1..=64_usize {
            let power = |base: u128, exponent: usize| (0..exponent).fold(1_u128, |p, _| p * base);
            assert_eq!(
                Scheme::Linear.total(envs, 1),
                envs as u128 * power(2, envs - 1)
            );
            assert_eq!(Scheme::Exponential.total(envs, 1), (power(3, envs) - 1) / 2);
            assert_eq!(Scheme::Equal.total(envs, 1), power(2, envs) - 1);
        }
    }

    #[test]
    fn names_round_trip() {
        for scheme in Scheme::ALL {
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
        }
        assert!("Linear".parse::<Scheme>().is_err());
    }
}
