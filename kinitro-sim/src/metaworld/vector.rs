//! Distances in the order of additions that upstream's array library uses: `sqrt((x² + y²) + z²)`.

/// `a + b`.
pub fn add(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// `a − b`.
pub fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// Euclidean length.
pub fn norm(v: [f64; 3]) -> f64 {
    (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt()
}

/// Distance of two points.
pub fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    norm(sub(a, b))
}

/// Distance of two points after stretching each axis by its weight.
pub fn weighted_distance(a: [f64; 3], b: [f64; 3], weights: [f64; 3]) -> f64 {
    let d = sub(a, b);
    norm([d[0] * weights[0], d[1] * weights[1], d[2] * weights[2]])
}

/// Distance of two points seen from above.
pub fn distance_xy(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    (x * x + y * y).sqrt()
}

/// Distance of two points seen along y, the axis along which the gripper closes.
pub fn distance_xz(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (x, z) = (a[0] - b[0], a[2] - b[2]);
    (x * x + z * z).sqrt()
}

/// Quaternion `(x, y, z, w)` of a row-major rotation matrix.
///
/// Source: `scipy.spatial.transform.Rotation.from_matrix(m).as_quat()`, `SciPy` 1.17: the branch is chosen by the largest of
/// the diagonal entries and the trace, the first on ties; the sign is left as it comes.
pub fn quaternion_xyzw(m: &[f64; 9]) -> [f64; 4] {
    let at = |row: usize, column: usize| m[3 * row + column];
    let trace = at(0, 0) + at(1, 1) + at(2, 2);
    let mut largest = 0;
    for axis in 1..3 {
        if at(axis, axis) > at(largest, largest) {
            largest = axis;
        }
    }
    let mut q = [0.0; 4];
    if trace > at(largest, largest) {
        q = [
            at(2, 1) - at(1, 2),
            at(0, 2) - at(2, 0),
            at(1, 0) - at(0, 1),
            1.0 + trace,
        ];
    } else {
        let (first, second, third) = (largest, (largest + 1) % 3, (largest + 2) % 3);
        q[first] = 1.0 - trace + 2.0 * at(first, first);
        q[second] = at(second, first) + at(first, second);
        q[third] = at(third, first) + at(first, third);
        q[3] = at(third, second) - at(second, third);
    }
    let length = (q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]).sqrt();
    q.map(|component| component / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_and_half_turns_take_each_branch() {
        let half_turn = |axis: usize| {
            let mut m = [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0];
            m[4 * axis] = 1.0;
            m
        };
        assert_eq!(
            quaternion_xyzw(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]),
            [0.0, 0.0, 0.0, 1.0]
        );
        assert_eq!(quaternion_xyzw(&half_turn(0)), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(quaternion_xyzw(&half_turn(1)), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(quaternion_xyzw(&half_turn(2)), [0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn quarter_turn_about_z_has_a_positive_sign() {
        let q = quaternion_xyzw(&[0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        let expected = [0.0, 0.0, 0.5_f64.sqrt(), 0.5_f64.sqrt()];
        assert!(
            q.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15),
            "{q:?}"
        );
    }
}
