//! Evidence that one policy beats another: an e-value for paired outcomes, decided in integers.
//!
//! Both policies face the same scenes, so only the *discordant* episodes tell them apart: `u` where the first alone
//! succeeded, `d` where the second alone did. Under the null hypothesis "the first wins a discordant episode with
//! chance at most 1/2" the likelihood ratio against a fair coin, averaged over a uniform win chance in (1/2, 1),
//!
//! ```text
//! e(u, d) = 2^(u+d+1) ∫_{1/2}^{1} p^u (1−p)^d dp  =  Σ_{k ≤ u} C(n+1, k) / ((n+1)·C(n, u)),    n = u + d,
//! ```
//!
//! is an e-process: the chance that it *ever* reaches T is at most 1/T, whenever and however often one looks
//! (Ville's inequality). It rises with `u` and falls with `d`. Integration by parts gives the recurrences used here,
//!
//! ```text
//! e(u+1, d) = (2(u+1)·e(u, d) + 1) / (u+d+2),        e(u, d+1) = (2(d+1)·e(u, d) − 1) / (u+d+2).
//! ```

use std::cmp::Ordering;

use crate::bignum::BigUint;

/// Relative distance from a threshold within which floating point does not decide.
const UNDECIDED: f64 = 1e-9;

/// A bound on e-values, `numerator / denominator`, greater than 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    numerator: u64,
    denominator: u64,
}

impl Threshold {
    /// Both parts are products of small parameters, validated before.
    pub(crate) fn new(numerator: u64, denominator: u64) -> Self {
        let common = crate::ratio::gcd(numerator.into(), denominator.into());
        let reduced =
            |part: u64| u64::try_from(u128::from(part) / common).expect("a quotient is no larger");
        Self {
            numerator: reduced(numerator),
            denominator: reduced(denominator),
        }
    }

    /// Numerator in lowest terms.
    pub fn numerator(self) -> u64 {
        self.numerator
    }

    /// Denominator in lowest terms.
    pub fn denominator(self) -> u64 {
        self.denominator
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl PartialOrd for Threshold {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Threshold {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = u128::from(self.numerator) * u128::from(other.denominator);
        left.cmp(&(u128::from(other.numerator) * u128::from(self.denominator)))
    }
}

/// The e-value of `wins` against `losses`, in floating point; infinite beyond the range of a double.
///
/// Relative error below 1e-12 per 1 000 episodes: all terms of the recurrence are positive.
pub fn e_value(wins: u64, losses: u64) -> f64 {
    let start = 1.0 / (losses + 1) as f64;
    (0..wins).fold(start, |e, u| one_more_win(e, u, losses))
}

fn one_more_win(e: f64, wins: u64, losses: u64) -> f64 {
    (2.0 * (wins + 1) as f64 * e + 1.0) / (wins + losses + 2) as f64
}

fn one_more_loss(e: f64, wins: u64, losses: u64) -> f64 {
    (2.0 * (losses + 1) as f64 * e - 1.0) / (wins + losses + 2) as f64
}

/// Answers `e(u, d) ≥ T` for any number of pairs.
///
/// For every `d` there is a smallest sufficient `u`, and it never falls with `d`. The bar walks along this border once,
/// as far as it is asked, by the recurrences of the module; values near `T` are decided in integers.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    threshold: Threshold,
    squared: bool,
    value: f64,
    /// `needed[d]` is the smallest `u` with `e(u, d) ≥ T`.
    needed: Vec<u64>,
    /// `e(needed[d], d)` of the last `d`.
    last: f64,
    steps: u64,
}

impl Bar {
    /// The bar at `threshold`, or at its square.
    pub(crate) fn new(threshold: Threshold, squared: bool) -> Self {
        let value = threshold.to_f64();
        Self {
            threshold,
            squared,
            value: if squared { value * value } else { value },
            needed: Vec::new(),
            last: 1.0,
            steps: 0,
        }
    }

    /// Whether `e(wins, losses) ≥ T`.
    pub(crate) fn is_reached(&mut self, wins: u64, losses: u64) -> bool {
        // e ≤ 1 < T wherever there are no more wins than losses, so the border is not walked further than needed.
        wins > losses && wins >= self.wins_needed(losses)
    }

    /// The smallest `u` with `e(u, losses) ≥ T`.
    pub(crate) fn wins_needed(&mut self, losses: u64) -> u64 {
        let wanted = usize::try_from(losses).expect("episodes are counted in memory");
        while self.needed.len() <= wanted {
            self.extend();
        }
        self.needed[wanted]
    }

    fn extend(&mut self) {
        let losses = self.needed.len() as u64;
        let mut wins = self.needed.last().copied().unwrap_or(0);
        let mut e = match losses {
            0 => 1.0,
            _ => one_more_loss(self.last, wins, losses - 1),
        };
        self.steps += 1;
        while !self.decide(e, wins, losses) {
            e = one_more_win(e, wins, losses);
            wins += 1;
            self.steps += 1;
        }
        self.last = e;
        self.needed.push(wins);
    }

    fn decide(&self, e: f64, wins: u64, losses: u64) -> bool {
        // Each step rounds four times, and near the border (e ≥ T > 1) a step hardly amplifies the error before it.
        let slack = UNDECIDED.max(8.0 * f64::EPSILON * self.steps as f64);
        if e >= self.value * (1.0 + slack) {
            return true;
        }
        e > self.value * (1.0 - slack)
            && reaches_exactly(wins, losses, self.threshold, self.squared)
    }
}

/// `e(wins, losses) ≥ T` (or T²) in integers: `Σ·den ≥ num·(n+1)·C(n, u)`.
fn reaches_exactly(wins: u64, losses: u64, threshold: Threshold, squared: bool) -> bool {
    let (mut left, mut right) = exact_parts(wins, losses);
    for _ in 0..=u8::from(squared) {
        left.multiply(threshold.denominator);
        right.multiply(threshold.numerator);
    }
    left >= right
}

/// Numerator and denominator of the e-value: `Σ_{k ≤ u} C(n+1, k)` and `(n+1)·C(n, u)`.
pub(crate) fn exact_parts(wins: u64, losses: u64) -> (BigUint, BigUint) {
    let discordant = wins + losses;
    // The cumulative sum over k ≤ u and the one over k ≤ d add up to 2^(n+1): the shorter one is summed.
    let shorter = wins.min(losses);
    let mut term = BigUint::from_u64(1);
    let mut sum = term.clone();
    for k in 0..shorter {
        term.multiply(discordant + 1 - k);
        term.divide_exactly(k + 1);
        sum.add(&term);
    }
    if shorter == losses && wins != losses {
        let mut all = BigUint::power_of_two(discordant + 1);
        all.subtract(&sum);
        sum = all;
    }
    let mut denominator = BigUint::from_u64(1);
    for k in 0..shorter {
        denominator.multiply(discordant - k);
        denominator.divide_exactly(k + 1);
    }
    denominator.multiply(discordant + 1);
    (sum, denominator)
}

/// Whether the fraction `numerator / denominator` of decimal digits equals the e-value exactly.
#[cfg(any(test, feature = "golden"))]
pub(crate) fn equals_exactly(
    wins: u64,
    losses: u64,
    numerator: &str,
    denominator: &str,
) -> Option<bool> {
    let (sum, scale) = exact_parts(wins, losses);
    let expected = (
        BigUint::from_decimal(numerator)?,
        BigUint::from_decimal(denominator)?,
    );
    Some(sum.times(&expected.1) == scale.times(&expected.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T for eight environments and the default parameters.
    const EIGHT_ENVIRONMENTS: u64 = 45_900;

    #[test]
    fn small_e_values_have_their_closed_form() {
        for (wins, losses, numerator, denominator) in [
            (0, 0, 1, 1),
            (1, 0, 3, 2),
            (2, 0, 7, 3),
            (3, 0, 15, 4),
            (0, 1, 1, 2),
        ] {
            let exact = equals_exactly(
                wins,
                losses,
                &format!("{numerator}"),
                &format!("{denominator}"),
            );
            assert_eq!(exact, Some(true), "{wins}:{losses}");
            let float = f64::from(numerator) / f64::from(denominator);
            assert!((e_value(wins, losses) - float).abs() < 1e-15);
        }
    }

    #[test]
    fn the_bar_for_eight_environments_is_the_published_one() {
        let threshold = Threshold::new(EIGHT_ENVIRONMENTS, 1);
        let losses = [0, 1, 2, 5, 10, 20, 50, 100];
        let mut bar = Bar::new(threshold, false);
        assert_eq!(
            losses.map(|d| bar.wins_needed(d)),
            [19, 23, 26, 34, 46, 65, 113, 185]
        );
        let mut squared = Bar::new(threshold, true);
        assert_eq!(
            losses.map(|d| squared.wins_needed(d)),
            [36, 40, 44, 53, 67, 89, 143, 222]
        );
    }

    #[test]
    fn walking_and_integers_agree_on_the_border() {
        for (numerator, denominator) in
            [(2, 1), (7, 3), (15, 4), (540, 1), (45_900, 1), (663_000, 7)]
        {
            for squared in [false, true] {
                let threshold = Threshold::new(numerator, denominator);
                let mut bar = Bar::new(threshold, squared);
                for losses in 0..150 {
                    let wins = bar.wins_needed(losses);
                    assert!(reaches_exactly(wins, losses, threshold, squared));
                    assert!(!reaches_exactly(wins - 1, losses, threshold, squared));
                }
            }
        }
    }

    #[test]
    fn an_e_value_equal_to_the_threshold_reaches_it() {
        // e(3, 0) = 15/4 exactly; floating point alone could fall on either side of such a tie.
        assert!(Bar::new(Threshold::new(15, 4), false).is_reached(3, 0));
        assert!(
            !Bar::new(Threshold::new(15_000_000_000_001, 4_000_000_000_000), false)
                .is_reached(3, 0)
        );
    }

    #[test]
    fn the_border_stays_exact_far_out() {
        let threshold = Threshold::new(EIGHT_ENVIRONMENTS, 1);
        let mut bar = Bar::new(threshold, false);
        let losses = 3_000;
        let wins = bar.wins_needed(losses);
        assert!(reaches_exactly(wins, losses, threshold, false));
        assert!(!reaches_exactly(wins - 1, losses, threshold, false));
    }
}
