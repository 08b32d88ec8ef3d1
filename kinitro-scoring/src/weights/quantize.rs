//! Shares → 16-bit units, as the chain stores them.

use std::cmp::Reverse;

use super::ExactShares;

/// What 16-bit weights sum to, the burned part included.
pub const U16_TOTAL: u16 = u16::MAX;

/// Divides 65535 units by largest remainder among the shares and the burned rest.
///
/// Equal remainders go to the earlier entry, that is in order of precedence and the burned part last. A zero share has
/// no remainder and stays zero.
pub(crate) fn largest_remainder(shares: &ExactShares) -> (Vec<u16>, u16) {
    let denominator = shares.denominator;
    let burned = denominator - shares.paid();
    let entries = shares.numerators.iter().copied().chain([burned]);
    let (mut units, remainders): (Vec<u16>, Vec<u128>) =
        entries.map(|part| units_of(part, denominator)).unzip();
    let mut order: Vec<usize> = (0..units.len()).collect();
    order.sort_by_key(|&entry| (Reverse(remainders[entry]), entry));
    let given: usize = units.iter().map(|&units| usize::from(units)).sum();
    for &entry in &order[..usize::from(U16_TOTAL) - given] {
        units[entry] += 1;
    }
    let burned = units.pop().expect("the burned part was appended");
    (units, burned)
}

/// `⌊part·65535/whole⌋` and the remainder, for `part ≤ whole < 2^126`; the product may exceed 128 bits.
fn units_of(part: u128, whole: u128) -> (u16, u128) {
    let (mut units, mut remainder) = (0_u32, 0);
    for _ in 0..u16::BITS {
        // All 16 bits of 65535 are set: double, then add.
        units *= 2;
        remainder = 2 * remainder + part;
        while remainder >= whole {
            remainder -= whole;
            units += 1;
        }
    }
    (
        u16::try_from(units).expect("a share is at most 1"),
        remainder,
    )
}

/// The convention of the Bittensor SDK: scaled so that the largest weight becomes 65535, rounded half to even.
///
/// All zero stays all zero. Weights must be finite and not negative; include the burned part if it is to be paid.
pub fn max_upscaled_u16(weights: &[f64]) -> Vec<u16> {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return vec![0; weights.len()];
    }
    let total = f64::from(U16_TOTAL);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in [0, 65535]"
    )]
    let scaled = |weight: &f64| (weight / largest * total).round_ties_even() as u16;
    weights.iter().map(scaled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_beyond_128_bits_are_divided_exactly() {
        let whole = (1 << 125) + 7;
        assert_eq!(units_of(whole, whole), (65_535, 0));
        assert_eq!(units_of(0, whole), (0, 0));
        assert_eq!(units_of(5, 7), (46_810, 5));
    }

    #[test]
    fn the_largest_weight_becomes_all_units() {
        assert_eq!(max_upscaled_u16(&[0.2, 0.4, 0.0]), [32_768, 65_535, 0]);
        assert_eq!(max_upscaled_u16(&[0.0, 0.0]), [0, 0]);
    }
}
