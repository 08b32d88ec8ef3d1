//! Platforms where libmujoco's imports cannot be rebound yet: the host's functions are reported, nothing is pinned.

use super::functions::{self, Pointer};
use crate::Error;

/// Always refuses.
pub(super) fn pin() -> Result<[u8; 32], Error> {
    Err(Error::LibmUnsupported {
        platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
    })
}

/// Fingerprint of the host's functions.
pub(super) fn fingerprint() -> Result<[u8; 32], Error> {
    Ok(functions::fingerprint(|function| host(function.name)))
}

unsafe extern "C" {
    safe fn sin(x: f64) -> f64;
    safe fn cos(x: f64) -> f64;
    safe fn tan(x: f64) -> f64;
    safe fn asin(x: f64) -> f64;
    safe fn acos(x: f64) -> f64;
    safe fn atan2(x: f64, y: f64) -> f64;
    safe fn atan2f(x: f32, y: f32) -> f32;
    safe fn exp(x: f64) -> f64;
    safe fn log(x: f64) -> f64;
    safe fn pow(x: f64, y: f64) -> f64;
    safe fn powf(x: f32, y: f32) -> f32;
    safe fn cbrt(x: f64) -> f64;
    safe fn sinf(x: f32) -> f32;
    safe fn cosf(x: f32) -> f32;
}

fn host(name: &str) -> Pointer {
    match name {
        "sin" => Pointer::Unary(sin),
        "cos" => Pointer::Unary(cos),
        "tan" => Pointer::Unary(tan),
        "asin" => Pointer::Unary(asin),
        "acos" => Pointer::Unary(acos),
        "atan2" => Pointer::Binary(atan2),
        "atan2f" => Pointer::Binary32(atan2f),
        "exp" => Pointer::Unary(exp),
        "log" => Pointer::Unary(log),
        "pow" => Pointer::Binary(pow),
        "powf" => Pointer::Binary32(powf),
        "cbrt" => Pointer::Unary(cbrt),
        "sinf" => Pointer::Unary32(sinf),
        "cosf" => Pointer::Unary32(cosf),
        other => unreachable!("`{other}` is not in the table of functions"),
    }
}
