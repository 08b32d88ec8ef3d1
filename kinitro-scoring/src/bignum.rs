//! Just enough unsigned big-integer arithmetic to decide an e-value exactly.
//!
//! Only reached within a hair of a threshold, so clarity counts more than speed; a general library would be a
//! dependency for sixty lines.

use std::cmp::Ordering;

/// Unsigned integer of any size: little-endian 64-bit limbs without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BigUint(Vec<u64>);

impl BigUint {
    pub(crate) fn from_u64(value: u64) -> Self {
        Self(if value == 0 { vec![] } else { vec![value] })
    }

    /// `2^exponent`.
    pub(crate) fn power_of_two(exponent: u64) -> Self {
        let limb = usize::try_from(exponent / 64).expect("exponents are episode counts");
        let mut limbs = vec![0; limb + 1];
        limbs[limb] = 1 << (exponent % 64);
        Self(limbs)
    }

    /// Reads decimal digits; `None` for anything else.
    #[cfg(any(test, feature = "golden"))]
    pub(crate) fn from_decimal(digits: &str) -> Option<Self> {
        let mut value = Self::from_u64(0);
        for digit in digits.chars() {
            value.multiply(10);
            value.add(&Self::from_u64(u64::from(digit.to_digit(10)?)));
        }
        (!digits.is_empty()).then_some(value)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let mut carry = false;
        for index in 0..self.0.len().max(other.0.len()) {
            if index == self.0.len() {
                self.0.push(0);
            }
            let addend = other.0.get(index).copied().unwrap_or(0);
            (self.0[index], carry) = self.0[index].carrying_add(addend, carry);
        }
        if carry {
            self.0.push(1);
        }
    }

    /// `self − other`, which must not be negative.
    pub(crate) fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for index in 0..self.0.len() {
            let subtrahend = other.0.get(index).copied().unwrap_or(0);
            (self.0[index], borrow) = self.0[index].borrowing_sub(subtrahend, borrow);
        }
        debug_assert!(!borrow, "the caller subtracts a part from its whole");
        self.trim();
    }

    pub(crate) fn multiply(&mut self, factor: u64) {
        let mut carry = 0;
        for limb in &mut self.0 {
            (*limb, carry) = limb.carrying_mul(factor, carry);
        }
        if carry > 0 {
            self.0.push(carry);
        }
        self.trim();
    }

    /// The product of two large numbers, by the school method.
    #[cfg(any(test, feature = "golden"))]
    pub(crate) fn times(&self, other: &Self) -> Self {
        let mut product = Self::from_u64(0);
        for &limb in other.0.iter().rev() {
            // Shifting by one limb, then adding the partial product.
            product.0.insert(0, 0);
            let mut partial = self.clone();
            partial.multiply(limb);
            product.add(&partial);
            product.trim();
        }
        product
    }

    /// Divides by a divisor which is known to leave no remainder.
    pub(crate) fn divide_exactly(&mut self, divisor: u64) {
        let mut remainder = 0_u128;
        for limb in self.0.iter_mut().rev() {
            let part = (remainder << 64) | u128::from(*limb);
            *limb = low_limb(part / u128::from(divisor));
            remainder = part % u128::from(divisor);
        }
        debug_assert_eq!(remainder, 0, "binomial coefficients are integers");
        self.trim();
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

impl PartialOrd for BigUint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BigUint {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

/// The quotient of a two-limb part by a larger-than-its-high-limb divisor fits into one limb.
fn low_limb(value: u128) -> u64 {
    u64::try_from(value).expect("the running remainder is smaller than the divisor")
}
