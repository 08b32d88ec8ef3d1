//! Conversions of the compatible rules, kept as they are.

use crate::error::Error;

/// `softmax(points/temperature)` with the largest subtracted first; uniform when all points are 0.
///
/// A positive `min_weight` m is guaranteed to everybody, points or not, as w·(1 − mN) + m; it is ignored when mN ≥ 1.
/// The result depends on the scale of points, and everybody is paid something.
///
/// # Errors
/// [`Error::InvalidParam`] for a temperature that is not a positive number.
pub fn softmax_raw(points: &[f64], temperature: f64, min_weight: f64) -> Result<Vec<f64>, Error> {
    let positive = temperature > 0.0;
    if !positive {
        return Err(Error::InvalidParam {
            name: "temperature",
            reason: "it must be positive",
        });
    }
    let count = points.len() as f64;
    if points.iter().all(|&points| points == 0.0) {
        return Ok(vec![1.0 / count; points.len()]);
    }
    let largest = points.iter().copied().fold(f64::NEG_INFINITY, f64::max) / temperature;
    let raised: Vec<f64> = points
        .iter()
        .map(|points| libm::exp(points / temperature - largest))
        .collect();
    let sum: f64 = raised.iter().sum();
    let mut weights: Vec<f64> = raised.iter().map(|part| part / sum).collect();
    if min_weight > 0.0 && min_weight * count < 1.0 {
        for weight in &mut weights {
            *weight = *weight * (1.0 - min_weight * count) + min_weight;
        }
    }
    Ok(weights)
}

/// Weights normalised to 1, times 65535, truncated; uniform when their sum is not positive. The sum may fall short.
pub fn truncated_u16(weights: &[f64]) -> Vec<u16> {
    let sum: f64 = weights.iter().sum();
    let normal = |weight: &f64| {
        if sum > 0.0 {
            weight / sum
        } else {
            1.0 / weights.len() as f64
        }
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the truncation is the convention"
    )]
    let units = |weight: &f64| (normal(weight) * f64::from(u16::MAX)) as u16;
    weights.iter().map(units).collect()
}
