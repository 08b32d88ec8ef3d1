//! Statistics of success counts.

use serde::{Deserialize, Serialize};

use crate::units::UnitInterval;

/// The 97.5 % quantile of the standard normal distribution, nearest f64.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// A two-sided confidence interval of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Lower end.
    pub low: UnitInterval,
    /// Upper end.
    pub high: UnitInterval,
}

/// Wilson's score interval at 95 % for `successes` out of `trials`.
///
/// With p = successes / trials, n = trials and z = [`Z_95`], the ends are
///
/// ```text
/// ( p + z²/2n ± z·√( p(1−p)/n + z²/4n² ) ) / ( 1 + z²/n )
/// ```
///
/// Unlike p ± z·√(p(1−p)/n) it stays within `[0, 1]` and does not shrink to a point at 0 or `trials`.
/// Without trials nothing is known: `[0, 1]`.
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
///
/// # Panics
/// If there are more successes than trials.
pub fn wilson_95(successes: u64, trials: u64) -> Interval {
    assert!(
        successes <= trials,
        "{successes} successes in {trials} trials"
    );
    if trials == 0 {
        return Interval {
            low: UnitInterval::ZERO,
            high: UnitInterval::ONE,
        };
    }
    let n = trials as f64;
    let p = successes as f64 / n;
    let z2 = Z_95 * Z_95;
    let center = p + z2 / (2.0 * n);
    let half = Z_95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // At 0 and at `trials` one end is the rate itself, up to rounding: hence the bounds.
    let end = |x: f64| UnitInterval::new(x).expect("bounded on both sides");
    Interval {
        low: end(((center - half) / scale).clamp(0.0, p)),
        high: end(((center + half) / scale).clamp(p, 1.0)),
    }
}

/// `successes / trials`, 0 without trials.
///
/// # Panics
/// If there are more successes than trials.
pub fn rate(successes: u64, trials: u64) -> UnitInterval {
    assert!(
        successes <= trials,
        "{successes} successes in {trials} trials"
    );
    if trials == 0 {
        return UnitInterval::ZERO;
    }
    UnitInterval::new(successes as f64 / trials as f64).expect("a part of a whole")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_intervals() {
        // By hand: 0 of n gives [0, z²/(n + z²)], n of n its mirror image; 5 of 10 is ½ ± ½·z/√(10 + z²).
        // 8 of 10 agrees with the value printed in textbooks, (0.4902, 0.9433).
        for (successes, trials, low, high) in [
            (0, 10, 0.0, 0.277_532_799),
            (10, 10, 0.722_467_201, 1.0),
            (5, 10, 0.236_593_091, 0.763_406_909),
            (8, 10, 0.490_162_472, 0.943_317_848),
            (0, 0, 0.0, 1.0),
        ] {
            let interval = wilson_95(successes, trials);
            // The table has nine decimals.
            assert!(
                (interval.low.get() - low).abs() < 1e-9,
                "{successes}/{trials}: {interval:?}"
            );
            assert!(
                (interval.high.get() - high).abs() < 1e-9,
                "{successes}/{trials}: {interval:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_rate_and_mirrors(trials in 1_u64..100_000, share in 0.0_f64..1.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small number")]
            let successes = (share * trials as f64) as u64;
            let interval = wilson_95(successes, trials);
            let p = rate(successes, trials);
            prop_assert!(interval.low <= p && p <= interval.high);
            let mirror = wilson_95(trials - successes, trials);
            prop_assert!((interval.low.get() + mirror.high.get() - 1.0).abs() < 1e-12);
        }
    }
}
