//! Distances of points from triangles.

use crate::render::vector::{self, Vec3};

/// Faces that replace others, and the points that come to stand with them.
#[derive(Debug, Default)]
pub(super) struct Patch {
    faces: Vec<(usize, [Vec3; 3])>,
    points: Vec<(usize, Vec3)>,
}

impl Patch {
    pub(super) fn clear(&mut self) {
        self.faces.clear();
        self.points.clear();
    }

    pub(super) fn add_face(&mut self, face: usize, corners: [Vec3; 3]) {
        self.faces.push((face, corners));
    }

    /// Gives a point to the nearest face, if its squared distance is at most `limit`.
    pub(super) fn takes(&mut self, point: Vec3, limit: f64) -> bool {
        let mut nearest = None;
        let mut least = limit;
        for (position, (_, corners)) in self.faces.iter().enumerate() {
            let square = triangle_square(point, corners);
            if square < least || (square == least && nearest.is_none()) {
                (nearest, least) = (Some(position), square);
            }
        }
        if let Some(position) = nearest {
            self.points.push((position, point));
        }
        nearest.is_some()
    }

    /// Each face with its points.
    pub(super) fn take(&mut self) -> impl Iterator<Item = (usize, Vec<Vec3>)> + use<'_> {
        self.faces.iter().enumerate().map(|(position, &(face, _))| {
            let own = self
                .points
                .iter()
                .filter(move |(owner, _)| *owner == position);
            (face, own.map(|&(_, point)| point).collect())
        })
    }
}

/// Squared distance of a point from a triangle.
pub(super) fn triangle_square(point: Vec3, &[a, b, c]: &[Vec3; 3]) -> f64 {
    let normal = vector::cross(vector::sub(b, a), vector::sub(c, a));
    let inside = |from: Vec3, to: Vec3| {
        let side = vector::cross(normal, vector::sub(to, from));
        vector::dot(side, vector::sub(point, from)) >= 0.0
    };
    if inside(a, b) && inside(b, c) && inside(c, a) {
        let height = vector::dot(normal, vector::sub(point, a));
        let square = vector::dot(normal, normal);
        if square > 0.0 {
            return height * height / square;
        }
    }
    segment_square(point, a, b)
        .min(segment_square(point, b, c))
        .min(segment_square(point, c, a))
}

/// Squared distance of a point from a segment.
pub(super) fn segment_square(point: Vec3, start: Vec3, end: Vec3) -> f64 {
    let along = vector::sub(end, start);
    let offset = vector::sub(point, start);
    let square = vector::dot(along, along);
    let share = if square > 0.0 {
        (vector::dot(offset, along) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let rest = vector::sub(offset, vector::scale(along, share));
    vector::dot(rest, rest)
}
