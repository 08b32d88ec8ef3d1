//! Three-vectors. Sums run from left to right; nothing is fused.

pub(crate) type Vec3 = [f64; 3];
pub(crate) type Vec3f = [f32; 3];

pub(crate) fn add(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(crate) fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn scale(a: Vec3, factor: f64) -> Vec3 {
    a.map(|component| component * factor)
}

pub(crate) fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// Unit vector in the direction of `a`, or zero if `a` is zero.
pub(crate) fn normalized(a: Vec3) -> Vec3 {
    let length = dot(a, a).sqrt();
    if length > 0.0 {
        scale(a, 1.0 / length)
    } else {
        [0.0; 3]
    }
}

/// `Rᵀ · a` for a row-major rotation: a world direction in the frame of the rotated object.
pub(crate) fn into_frame(rotation: &[f64; 9], a: Vec3) -> Vec3 {
    let r = rotation;
    [
        r[0] * a[0] + r[3] * a[1] + r[6] * a[2],
        r[1] * a[0] + r[4] * a[1] + r[7] * a[2],
        r[2] * a[0] + r[5] * a[1] + r[8] * a[2],
    ]
}

pub(crate) fn widen(a: Vec3f) -> Vec3 {
    a.map(f64::from)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "one rounding to f32 is what the caller asks for"
)]
pub(crate) fn narrow(a: Vec3) -> Vec3f {
    a.map(|component| component as f32)
}

pub(crate) fn dot_f32(a: Vec3f, b: Vec3f) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
