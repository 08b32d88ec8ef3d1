//! Cutting a mesh into clusters: connected patches that look to about the same side, so that many can be skipped at once.
//!
//! A patch grows from a seed over common corners, breadth first, until it is full. Seeds come along a space-filling curve, so that
//! small parts lying together share a cluster. All choices are made by integers and by fixed f64 arithmetic: the cut depends on the
//! mesh alone.

use std::collections::VecDeque;

use super::mesh::{CLUSTER_TRIANGLES, CLUSTER_VERTICES, Face};
use super::vector::{self, Vec3, Vec3f};

/// Least cosine between the normals of a patch and that of its first triangle.
const LEAST_ALIGNMENT: f64 = 0.7;
/// Cells of the space-filling curve per axis: 2 to this power.
const CURVE_BITS: u32 = 10;
/// Parts that are not connected share a cluster only inside one of 16³ boxes.
const NEIGHBORHOOD_BITS: u32 = 3 * 6;

/// The faces of each cluster, in the order of drawing. Faces without area are left out.
pub(super) fn cut(positions: &[Vec3f], faces: &[Face]) -> Vec<Vec<usize>> {
    let normals: Vec<Vec3> = faces
        .iter()
        .map(|face| outward(&face.corners.map(|index| positions[index as usize])))
        .collect();
    let around = faces_around_positions(positions.len(), faces);
    let curve = curve_positions(positions, faces);
    let mut seeds: Vec<usize> = (0..faces.len())
        .filter(|&face| normals[face] != [0.0; 3])
        .collect();
    seeds.sort_by_key(|&face| (curve[face], face));

    let mut taken: Vec<bool> = normals.iter().map(|normal| *normal == [0.0; 3]).collect();
    let mut clusters = Vec::new();
    let mut first = 0;
    while let Some(seed) = next_free(&seeds, &taken, &mut first) {
        let mut patch = Patch::new(positions.len());
        let mut frontier = VecDeque::from([seed]);
        let mut later = seeds[first..]
            .iter()
            .copied()
            .take_while(|&face| near(curve[face], curve[seed]));
        while let Some(face) = frontier
            .pop_front()
            .or_else(|| later.find(|&face| !taken[face]))
        {
            let aligned = vector::dot(normals[face], normals[seed]) >= LEAST_ALIGNMENT;
            if taken[face] || !aligned || !patch.takes(face, faces[face].corners) {
                continue;
            }
            taken[face] = true;
            for corner in faces[face].corners {
                let neighbors = &around[corner as usize];
                frontier.extend(
                    neighbors
                        .iter()
                        .copied()
                        .filter(|&neighbor| !taken[neighbor]),
                );
            }
        }
        clusters.push(patch.faces);
    }
    clusters
}

/// The faces of a growing cluster, and which corners they have.
struct Patch {
    faces: Vec<usize>,
    has_corner: Vec<bool>,
    corner_count: usize,
}

impl Patch {
    fn new(positions: usize) -> Self {
        Self {
            faces: Vec::new(),
            has_corner: vec![false; positions],
            corner_count: 0,
        }
    }

    /// Adds a face if there is room for it.
    fn takes(&mut self, face: usize, corners: [u32; 3]) -> bool {
        let fresh = corners
            .iter()
            .filter(|&&corner| !self.has_corner[corner as usize])
            .count();
        if self.faces.len() == CLUSTER_TRIANGLES || self.corner_count + fresh > CLUSTER_VERTICES {
            return false;
        }
        for corner in corners {
            self.has_corner[corner as usize] = true;
        }
        self.corner_count += fresh;
        self.faces.push(face);
        true
    }
}

fn next_free(seeds: &[usize], taken: &[bool], first: &mut usize) -> Option<usize> {
    while *first < seeds.len() && taken[seeds[*first]] {
        *first += 1;
    }
    seeds.get(*first).copied()
}

fn near(a: u32, b: u32) -> bool {
    a >> NEIGHBORHOOD_BITS == b >> NEIGHBORHOOD_BITS
}

fn faces_around_positions(positions: usize, faces: &[Face]) -> Vec<Vec<usize>> {
    let mut around = vec![Vec::new(); positions];
    for (index, face) in faces.iter().enumerate() {
        for corner in face.corners {
            around[corner as usize].push(index);
        }
    }
    around
}

/// Unit normal of a triangle, or zero if it has no area.
pub(super) fn outward(corners: &[Vec3f; 3]) -> Vec3 {
    let [a, b, c] = corners.map(vector::widen);
    vector::normalized(vector::cross(vector::sub(b, a), vector::sub(c, a)))
}

/// Where the middle of each face lies on a space-filling curve through the bounding box.
fn curve_positions(positions: &[Vec3f], faces: &[Face]) -> Vec<u32> {
    let mut low = [f32::INFINITY; 3];
    let mut high = [f32::NEG_INFINITY; 3];
    for position in positions {
        for axis in 0..3 {
            low[axis] = low[axis].min(position[axis]);
            high[axis] = high[axis].max(position[axis]);
        }
    }
    let extent = (0..3)
        .map(|axis| high[axis] - low[axis])
        .fold(0.0, f32::max);
    let cells = ((1_u32 << CURVE_BITS) - 1) as f32;
    let scale = if extent > 0.0 { cells / extent } else { 0.0 };
    let place = |face: &Face| {
        let corners = face.corners.map(|index| positions[index as usize]);
        (0..3).fold(0, |curve, axis| {
            let middle = (corners[0][axis] + corners[1][axis] + corners[2][axis]) / 3.0;
            curve | spread_bits(cell((middle - low[axis]) * scale)) << axis
        })
    };
    faces.iter().map(place).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number lies in [0, 1024), or slightly below 0, which becomes 0"
)]
fn cell(position: f32) -> u32 {
    position as u32
}

/// Puts two zero bits after each of the lowest bits.
fn spread_bits(number: u32) -> u32 {
    (0..CURVE_BITS).fold(0, |spread, bit| spread | (number >> bit & 1) << (3 * bit))
}
