//! Arithmetic on many pixels side by side: the same operations in the same order for each, so that the compiler may compute any
//! number of them at once without changing a result.

use super::spec::SMALLEST_POWER;

/// Pixels computed together.
pub(super) const BATCH: usize = 16;

/// One number per pixel.
pub(super) type Lanes = [f32; BATCH];

/// `base` to an integer power of at most 255, by squaring; results below [`SMALLEST_POWER`] are 0.
pub(super) fn power(base: &Lanes, exponent: u32) -> Lanes {
    let mut result = [1.0; BATCH];
    let mut square = *base;
    let mut rest = exponent;
    while rest > 0 {
        if rest & 1 == 1 {
            for lane in 0..BATCH {
                result[lane] = flushed(result[lane] * square[lane]);
            }
        }
        for factor in &mut square {
            *factor = flushed(*factor * *factor);
        }
        rest >>= 1;
    }
    result
}

pub(super) fn dot(a: &[Lanes; 3], b: &[Lanes; 3]) -> Lanes {
    let mut product = [0.0; BATCH];
    for lane in 0..BATCH {
        product[lane] = a[0][lane] * b[0][lane] + a[1][lane] * b[1][lane] + a[2][lane] * b[2][lane];
    }
    product
}

pub(super) fn cross(a: &[Lanes; 3], b: &[Lanes; 3]) -> [Lanes; 3] {
    let mut product = [[0.0; BATCH]; 3];
    for lane in 0..BATCH {
        product[0][lane] = a[1][lane] * b[2][lane] - a[2][lane] * b[1][lane];
        product[1][lane] = a[2][lane] * b[0][lane] - a[0][lane] * b[2][lane];
        product[2][lane] = a[0][lane] * b[1][lane] - a[1][lane] * b[0][lane];
    }
    product
}

/// Unit vectors; vectors too short for a direction stay zero.
pub(super) fn normalized(a: &[Lanes; 3]) -> [Lanes; 3] {
    let square = dot(a, a);
    let mut unit = *a;
    for axis in &mut unit {
        for lane in 0..BATCH {
            let inverse = 1.0 / square[lane].sqrt();
            axis[lane] = if square[lane] > 1e-24 {
                axis[lane] * inverse
            } else {
                0.0
            };
        }
    }
    unit
}

/// The number if it is positive, otherwise (and for NaN) 0.
pub(super) fn positive(number: f32) -> f32 {
    if number > 0.0 { number } else { 0.0 }
}

/// The number brought into `[0, 1]`; NaN becomes 0.
pub(super) fn clamped(number: f32) -> f32 {
    let number = positive(number);
    if number < 1.0 { number } else { 1.0 }
}

fn flushed(number: f32) -> f32 {
    if number < SMALLEST_POWER { 0.0 } else { number }
}
