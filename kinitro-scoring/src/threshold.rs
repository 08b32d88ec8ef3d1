//! First-commit thresholds: what a later miner has to exceed.
//!
//! ```text
//! p' = clip(p, 0.01, 0.99)
//! gap = min(max(z·√(p'(1 − p')/n), min_gap), max_gap)        n = 0: max_gap
//! thr = min(p + gap, 1)
//! ```
//!
//! The upper bound is applied last, so `max_gap < min_gap` yields `max_gap`. The order of operations is part of the
//! rule: rates exactly at a threshold do not exceed it.

/// Rates are kept this far from 0 and 1 when their spread is estimated. Source: the reference's scoring functions.
const RATE_BOUNDS: (f64, f64) = (0.01, 0.99);

/// Settings of [`threshold`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GapParams {
    /// Width in standard errors. Default 1.5.
    pub z_score: f64,
    /// Smallest gap. Default 0.02.
    pub min_gap: f64,
    /// Largest gap; wins over the smallest. Default 0.10.
    pub max_gap: f64,
}

impl Default for GapParams {
    fn default() -> Self {
        Self {
            z_score: 1.5,
            min_gap: 0.02,
            max_gap: 0.10,
        }
    }
}

/// The rate that a later miner must exceed to beat `rate`, observed over `samples` episodes; NaN for NaN.
pub fn threshold(rate: f64, samples: u64, params: &GapParams) -> f64 {
    let p = raised_to(lowered_to(rate, RATE_BOUNDS.1), RATE_BOUNDS.0);
    let gap = if samples == 0 {
        params.max_gap
    } else {
        let error = (p * (1.0 - p) / samples as f64).sqrt();
        lowered_to(
            raised_to(params.z_score * error, params.min_gap),
            params.max_gap,
        )
    };
    lowered_to(rate + gap, 1.0)
}

/// Like `f64::min`, but NaN stays NaN.
pub(crate) fn lowered_to(value: f64, limit: f64) -> f64 {
    if value > limit { limit } else { value }
}

/// Like `f64::max`, but NaN stays NaN.
pub(crate) fn raised_to(value: f64, limit: f64) -> f64 {
    if value < limit { limit } else { value }
}
