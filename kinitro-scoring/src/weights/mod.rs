//! Points → weights.
//!
//! For the default rule, with A points awarded of Tot that could be,
//!
//! ```text
//! share_i = points_i / max(A, Tot/κ)          1 − Σ share goes to the burn uid
//! T ≠ 1:  share_i ∝ share_i^(1/T), rescaled to the same paid part
//! ```
//!
//! so zero points are zero weight, always, and the result does not change with the scale of points. The compatible
//! rules use [`softmax_raw`], which has neither property.

mod compat;
mod quantize;

pub use compat::{softmax_raw, truncated_u16};
pub use quantize::{U16_TOTAL, max_upscaled_u16};

use crate::params::Params;
use crate::ratio::{Ratio, gcd};

/// 2^64: shares are scaled by it, without rounding, before they are divided among 65535 units.
const FIXED_POINT: f64 = 18_446_744_073_709_551_616.0;

/// Weights of the default rule, in order of precedence.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Part of the emission of each miner, in [0, 1].
    pub shares: Vec<f64>,
    /// The part that nobody earned, for the burn uid. Shares and burn sum to 1 within rounding.
    pub burn: f64,
    /// The shares exactly, where no root was taken: temperature 1 and no `min_weight`.
    pub exact: Option<ExactShares>,
    /// Shares in units of 1/65535, by largest remainder; with [`Self::burn_u16`] they sum to 65535.
    pub u16: Vec<u16>,
    /// Burned units.
    pub burn_u16: u16,
}

/// Shares as fractions with a common denominator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactShares {
    /// One numerator per miner.
    pub numerators: Vec<u128>,
    /// Never zero.
    pub denominator: u128,
}

impl ExactShares {
    /// Share of one miner in lowest terms.
    pub fn reduced(&self, miner: usize) -> (u128, u128) {
        let common = gcd(self.numerators[miner], self.denominator);
        (self.numerators[miner] / common, self.denominator / common)
    }

    fn paid(&self) -> u128 {
        self.numerators.iter().sum()
    }
}

impl Weights {
    /// Weights for `points` of `total`; the parameters are validated.
    pub(crate) fn new(points: &[u128], total: u128, params: &Params) -> Self {
        let exact = exact_shares(points, total, params.kappa);
        if params.temperature == Ratio::ONE && params.min_weight == Ratio::ZERO {
            let part = |&numerator: &u128| numerator as f64 / exact.denominator as f64;
            let units = quantize::largest_remainder(&exact);
            return Self {
                shares: exact.numerators.iter().map(part).collect(),
                burn: part(&(exact.denominator - exact.paid())),
                u16: units.0,
                burn_u16: units.1,
                exact: Some(exact),
            };
        }
        let paid = exact.paid() as f64 / exact.denominator as f64;
        let mut shares = sharpened(points, paid, params.temperature);
        raise_to_minimum(&mut shares, paid, params.min_weight.to_f64());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "shares are in [0, 1]"
        )]
        let numerators: Vec<u128> = shares
            .iter()
            .map(|share| (share * FIXED_POINT) as u128)
            .collect();
        let rounded = ExactShares {
            // Rounding may carry the sum of the shares past 1 by a few units of the last place.
            denominator: numerators.iter().sum::<u128>().max(1 << 64),
            numerators,
        };
        let units = quantize::largest_remainder(&rounded);
        Self {
            burn: 1.0 - paid,
            shares,
            exact: None,
            u16: units.0,
            burn_u16: units.1,
        }
    }
}

/// `points / max(A, Tot/κ)` with κ = num/den, multiplied out by num.
fn exact_shares(points: &[u128], total: u128, kappa: Ratio) -> ExactShares {
    let (num, den) = (
        u128::from(kappa.numerator()),
        u128::from(kappa.denominator()),
    );
    let awarded: u128 = points.iter().sum();
    ExactShares {
        numerators: points.iter().map(|points| points * num).collect(),
        denominator: (awarded * num).max(total * den),
    }
}

/// Shares in proportion to `points^(1/T)` with the sum `paid`.
fn sharpened(points: &[u128], paid: f64, temperature: Ratio) -> Vec<f64> {
    let top = points.iter().copied().max().unwrap_or(0);
    if top == 0 {
        return vec![0.0; points.len()];
    }
    let exponent = 1.0 / temperature.to_f64();
    let raised = |&points: &u128| match points {
        0 => 0.0,
        _ => libm::pow(points as f64 / top as f64, exponent),
    };
    let raised: Vec<f64> = points.iter().map(raised).collect();
    let sum: f64 = raised.iter().sum();
    raised.into_iter().map(|part| paid * (part / sum)).collect()
}

/// Guarantees `minimum` to everybody who is paid at all, keeping the sum; without effect where it cannot be paid.
fn raise_to_minimum(shares: &mut [f64], paid: f64, minimum: f64) {
    let guaranteed = minimum * shares.iter().filter(|&&share| share > 0.0).count() as f64;
    if guaranteed <= 0.0 || guaranteed >= paid {
        return;
    }
    for share in shares.iter_mut().filter(|share| **share > 0.0) {
        *share = *share * (1.0 - guaranteed / paid) + minimum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(points: &[u128], change: impl FnOnce(&mut Params)) -> Weights {
        let mut params = Params::default();
        change(&mut params);
        Weights::new(points, 100, &params)
    }

    #[test]
    fn what_nobody_earned_is_burned() {
        let paid = weights(&[30, 10, 0], |_| {});
        assert_eq!(paid.shares, [0.6, 0.2, 0.0]);
        assert_eq!((paid.u16, paid.burn_u16), (vec![39_321, 13_107, 0], 13_107));
        assert_eq!(weights(&[0, 0], |_| {}).burn_u16, 65_535);
        assert_eq!(
            weights(&[60, 20], |_| {}).burn_u16,
            0,
            "half of the points are forgiven once"
        );
    }

    #[test]
    fn temperature_keeps_the_paid_part() {
        let sharp = weights(&[30, 10, 0], |params| params.temperature = Ratio::of(1, 2));
        assert!((sharp.shares[0] - 0.72).abs() < 1e-15 && (sharp.shares[1] - 0.08).abs() < 1e-15);
        assert_eq!((sharp.shares[2], sharp.burn_u16), (0.0, 13_107));
    }

    #[test]
    fn the_minimum_goes_to_earners_only() {
        let raised = weights(&[99, 1, 0], |params| params.min_weight = Ratio::of(1, 10));
        assert!((raised.shares[1] - 0.108).abs() < 1e-15);
        assert_eq!(raised.shares[2], 0.0);
        assert!((raised.shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        let impossible = weights(&[5, 5], |params| params.min_weight = Ratio::of(9, 10));
        assert_eq!(impossible.shares, [0.1, 0.1]);
    }
}
