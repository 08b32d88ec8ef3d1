//! Sums of squared distances to planes.

use crate::render::vector::{self, Vec3};

/// `p ↦ Σ w (n·p + d)²` over some planes, and the sum of their weights.
#[derive(Debug, Clone, Default)]
pub(super) struct Quadric {
    /// Upper triangle of `Σ w n nᵀ`: xx, xy, xz, yy, yz, zz.
    square: [f64; 6],
    /// `Σ w d n`.
    linear: Vec3,
    /// `Σ w d²`.
    constant: f64,
    weight: f64,
}

impl Quadric {
    /// The plane through a point at right angles to `normal`, weighted by its length times `factor`.
    pub(super) fn of_plane(normal: Vec3, point: Vec3, factor: f64) -> Self {
        let weight = vector::dot(normal, normal).sqrt() * factor;
        let [x, y, z] = vector::normalized(normal);
        let distance = -vector::dot([x, y, z], point);
        Self {
            square: [x * x, x * y, x * z, y * y, y * z, z * z].map(|product| weight * product),
            linear: [x, y, z].map(|component| weight * distance * component),
            constant: weight * distance * distance,
            weight,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (sum, term) in self.square.iter_mut().zip(other.square) {
            *sum += term;
        }
        self.linear = vector::add(self.linear, other.linear);
        self.constant += other.constant;
        self.weight += other.weight;
    }

    pub(super) fn with(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.add(other);
        sum
    }

    /// Mean of the squared distances of a point; never negative.
    pub(super) fn mean_at(&self, point: Vec3) -> f64 {
        let [xx, xy, xz, yy, yz, zz] = self.square;
        let [x, y, z] = point;
        let image = [
            xx * x + xy * y + xz * z,
            xy * x + yy * y + yz * z,
            xz * x + yz * y + zz * z,
        ];
        let sum = vector::dot(image, point) + 2.0 * vector::dot(self.linear, point) + self.constant;
        if self.weight > 0.0 {
            (sum / self.weight).max(0.0)
        } else {
            0.0
        }
    }
}
