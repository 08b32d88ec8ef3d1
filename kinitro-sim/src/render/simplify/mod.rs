//! Fewer triangles for the same picture: edges collapse as long as nothing moves further than a tolerance.
//!
//! Greedy edge collapse by quadrics (Garland and Heckbert, "Surface simplification using quadric error metrics", 1997): each vertex
//! carries the sum of squared distances to the planes of the faces that it stands for, and the cheapest edge collapses first. Unlike
//! there, the remaining vertex stays where it was, so that corners keep their place to the last bit and normals need no guess; and
//! the quadrics decide the order alone. Whether a collapse is allowed is decided by measuring:
//!
//! - every vertex that has gone and the middle of every edge of the given mesh stay within the tolerance of the surface that
//!   replaces theirs, and those of a border within the tolerance of the border;
//! - no face turns by 60° or more, and none loses its area;
//! - the surface keeps its topology: holes, handles and closed parts stay what they are;
//! - vertices on a border move along the border only, and those between two sharp edges along these only. Sharp edges shorter than
//!   the tolerance do not count.
//!
//! *Normals*: a corner of a remaining face takes, of all normals that the given mesh has at its vertex, the one that leans least from
//! the face.
//!
//! Everything is f64 in fixed order and decided by integers where numbers are equal. Vertices and faces are sorted first, so the
//! result does not depend on the order in which they were given.

mod distance;
mod quadric;
mod surface;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use self::distance::{Patch, segment_square};
use self::quadric::Quadric;
use self::surface::{Ring, Surface};
use super::mesh::{Face, Triangles};
use super::spec::CREASE_COSINE;
use super::vector::{self, Vec3, Vec3f};

/// A face turns by less than 60° in one collapse.
const LEAST_TURN_COSINE: f64 = 0.5;
/// What a collapse costs per square of its length besides its error: where surfaces are flat, short edges go first, which makes well
/// shaped triangles.
const COST_OF_LENGTH: f64 = 1e-6;
/// Weight of the planes that hold a border in place, against those of faces.
const BORDER_WEIGHT: f64 = 10.0;
/// The edges are gone through again until nothing collapses any more, but not more often than this.
const PASSES: usize = 4;

/// The same surface, within `tolerance` meters, with fewer faces. Faces without area are left out.
pub(super) fn simplify(mesh: &Triangles, tolerance: f64) -> Triangles {
    let (surface, normals) = Surface::of(mesh);
    let mut simplifier = Simplifier::new(surface, tolerance);
    for _ in 0..PASSES {
        if simplifier.pass() == 0 {
            break;
        }
    }
    simplifier.surface.finish(&normals)
}

struct Simplifier {
    surface: Surface,
    tolerance: f64,
    quadrics: Vec<Quadric>,
    /// Points of the given surface that each face stands for.
    samples: Vec<Vec<Vec3>>,
    /// Vertices of the given border that each edge of the border stands for, by its ends, the lesser first.
    rims: BTreeMap<[u32; 2], Vec<Vec3>>,
    /// How often the quadric of a vertex has changed; older entries of the queue are void.
    versions: Vec<u32>,
    queue: BinaryHeap<Reverse<Entry>>,
    patch: Patch,
}

/// A possible collapse. The order of the fields is the order of precedence.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Bits of a number that is not negative.
    cost: u64,
    from: u32,
    to: u32,
    versions: [u32; 2],
}

impl Simplifier {
    fn new(surface: Surface, tolerance: f64) -> Self {
        let vertices = surface.positions.len();
        let mut simplifier = Self {
            tolerance,
            quadrics: vec![Quadric::default(); vertices],
            samples: vec![Vec::new(); surface.faces.len()],
            rims: BTreeMap::new(),
            versions: vec![0; vertices],
            queue: BinaryHeap::new(),
            patch: Patch::default(),
            surface,
        };
        simplifier.measure();
        simplifier
    }

    /// Quadrics and samples of the given surface.
    fn measure(&mut self) {
        let surface = &self.surface;
        for face in 0..surface.faces.len() {
            let corners = surface.faces[face];
            let places = surface.corners(face);
            let twice_area = vector::cross(
                vector::sub(places[1], places[0]),
                vector::sub(places[2], places[0]),
            );
            let quadric = Quadric::of_plane(twice_area, places[0], 1.0);
            for corner in corners {
                self.quadrics[corner as usize].add(&quadric);
            }
            for side in 0..3 {
                let [a, b] = [corners[side], corners[(side + 1) % 3]];
                let [start, end] = [places[side], places[(side + 1) % 3]];
                let beyond = surface.faces_at_edge(a, b).filter(|&other| other != face);
                let mut others = 0;
                let mut is_first = true;
                for other in beyond {
                    others += 1;
                    is_first &= face < other;
                }
                if is_first {
                    let middle = vector::scale(vector::add(start, end), 0.5);
                    self.samples[face].push(middle);
                }
                if others == 0 {
                    // A plane through the edge, at right angles to the face.
                    let along = vector::sub(end, start);
                    let across = vector::cross(along, vector::normalized(twice_area));
                    let length = vector::dot(across, across).sqrt();
                    let quadric =
                        Quadric::of_plane(vector::scale(across, length), start, BORDER_WEIGHT);
                    self.quadrics[a as usize].add(&quadric);
                    self.quadrics[b as usize].add(&quadric);
                }
            }
        }
    }

    /// Tries all edges, the cheapest first; tells how many have collapsed.
    fn pass(&mut self) -> usize {
        self.queue.clear();
        for face in 0..self.surface.faces.len() {
            if self.surface.alive[face] {
                let [a, b, c] = self.surface.faces[face];
                for [from, to] in [[a, b], [b, c], [c, a]] {
                    self.enqueue(from, to);
                    if self.surface.faces_at_edge(from, to).count() == 1 {
                        self.enqueue(to, from);
                    }
                }
            }
        }
        let mut count = 0;
        while let Some(Reverse(entry)) = self.queue.pop() {
            let ends = [entry.from, entry.to];
            if entry.versions == ends.map(|end| self.versions[end as usize])
                && self.collapse(entry.from, entry.to)
            {
                count += 1;
            }
        }
        count
    }

    fn enqueue(&mut self, from: u32, to: u32) {
        let [start, end] = [from, to].map(|end| self.surface.positions[end as usize]);
        let along = vector::sub(end, start);
        let error = self.quadrics[from as usize].with(&self.quadrics[to as usize]);
        let cost = error.mean_at(end) + COST_OF_LENGTH * vector::dot(along, along);
        self.queue.push(Reverse(Entry {
            cost: cost.to_bits(),
            from,
            to,
            versions: [from, to].map(|end| self.versions[end as usize]),
        }));
    }

    /// Moves `from` to `to` if that is allowed.
    fn collapse(&mut self, from: u32, to: u32) -> bool {
        let Some(ring) = self.surface.ring(from) else {
            return false;
        };
        if !(self.surface.keeps_topology(&ring, from, to)
            && self.keeps_creases(&ring, from, to)
            && self.turns_little(&ring, from, to)
            && self.keeps_border(&ring, from, to)
            && self.stays_near(&ring, from, to))
        {
            return false;
        }
        if !ring.closed {
            let points = self.border_points(&ring, from);
            let ends = ring.ends();
            for end in ends {
                self.rims.remove(&ordered([from, end]));
            }
            self.rims.insert(ordered(ends), points);
        }
        for (face, points) in self.patch.take() {
            self.samples[face] = points;
        }
        for &face in &ring.faces {
            if self.surface.faces[face].contains(&to) {
                self.samples[face].clear();
            }
        }
        self.surface.collapse(&ring, from, to);
        let gone = self.quadrics[from as usize].clone();
        self.quadrics[to as usize].add(&gone);
        for end in [from, to] {
            self.versions[end as usize] += 1;
        }
        for neighbor in self.surface.neighbors(to) {
            self.enqueue(to, neighbor);
            self.enqueue(neighbor, to);
        }
        true
    }

    /// Whether a border stays where it is, if `from` is on one.
    fn keeps_border(&self, ring: &Ring, from: u32, to: u32) -> bool {
        if ring.closed {
            return true;
        }
        let ends = ring.ends();
        let [start, end] = ends.map(|end| self.surface.positions[end as usize]);
        let limit = self.tolerance * self.tolerance;
        let points = self.border_points(ring, from);
        ends.contains(&to)
            && points
                .iter()
                .all(|&point| segment_square(point, start, end) <= limit)
    }

    /// What an edge of the border has to stand for that replaces both edges at a vertex.
    fn border_points(&self, ring: &Ring, from: u32) -> Vec<Vec3> {
        let edges = ring.ends().map(|end| ordered([from, end]));
        let kept = edges.iter().filter_map(|edge| self.rims.get(edge));
        let mut points = vec![self.surface.positions[from as usize]];
        points.extend(kept.flatten());
        points
    }

    /// Whether a vertex on a sharp edge moves along it.
    fn keeps_creases(&self, ring: &Ring, from: u32, to: u32) -> bool {
        let place = |vertex: u32| self.surface.positions[vertex as usize];
        let count = ring.faces.len();
        let (mut creases, mut is_along) = (0, false);
        for index in usize::from(!ring.closed)..count {
            let before = ring.faces[(index + count - 1) % count];
            let flat = self.surface.normal(ring.faces[index]);
            let cosine = vector::dot(flat, self.surface.normal(before));
            let neighbor = ring.neighbors[index];
            let along = vector::sub(place(neighbor), place(from));
            let counts = vector::dot(along, along) > self.tolerance * self.tolerance;
            if cosine < CREASE_COSINE && counts {
                creases += 1;
                is_along |= neighbor == to;
            }
        }
        creases != 2 || is_along
    }

    fn turns_little(&self, ring: &Ring, from: u32, to: u32) -> bool {
        ring.faces.iter().all(|&face| {
            let corners = self.surface.faces[face];
            if corners.contains(&to) {
                return true;
            }
            let moved = corners.map(|corner| if corner == from { to } else { corner });
            let before = self.surface.normal(face);
            let after = self.surface.normal_of(moved);
            vector::dot(before, after) > LEAST_TURN_COSINE
        })
    }

    /// Whether all that the faces around `from` stand for stays within the tolerance; leaves the faces' new samples in the patch.
    fn stays_near(&mut self, ring: &Ring, from: u32, to: u32) -> bool {
        self.patch.clear();
        for &face in &ring.faces {
            let corners = self.surface.faces[face];
            if !corners.contains(&to) {
                let moved = corners.map(|corner| if corner == from { to } else { corner });
                let places = moved.map(|corner| self.surface.positions[corner as usize]);
                self.patch.add_face(face, places);
            }
        }
        let limit = self.tolerance * self.tolerance;
        let place = self.surface.positions[from as usize];
        let samples = ring.faces.iter().flat_map(|&face| &self.samples[face]);
        std::iter::once(&place)
            .chain(samples)
            .all(|&point| self.patch.takes(point, limit))
    }
}

impl Surface {
    /// The faces that are left, with their vertices and normals.
    fn finish(&self, normals: &[Vec<Vec3f>]) -> Triangles {
        let mut result = Triangles::default();
        let mut numbers = vec![None; self.positions.len()];
        let mut first_normals = vec![0; self.positions.len()];
        for face in (0..self.faces.len()).filter(|&face| self.alive[face]) {
            let flat = self.normal(face);
            let corners = self.faces[face].map(|corner| {
                let vertex = corner as usize;
                *numbers[vertex].get_or_insert_with(|| {
                    let number = index(result.positions.len());
                    result
                        .positions
                        .push(vector::narrow(self.positions[vertex]));
                    first_normals[vertex] = index(result.normals.len());
                    result.normals.extend(&normals[vertex]);
                    number
                })
            });
            let normals = self.faces[face].map(|corner| {
                let vertex = corner as usize;
                first_normals[vertex] + best(&normals[vertex], flat)
            });
            result.faces.push(Face { corners, normals });
        }
        result
    }
}

fn ordered([a, b]: [u32; 2]) -> [u32; 2] {
    [a.min(b), a.max(b)]
}

/// Position of the normal that leans least from `flat`; the first of equal ones.
fn best(normals: &[Vec3f], flat: Vec3) -> u32 {
    let lean = |normal: Vec3f| vector::dot(vector::normalized(vector::widen(normal)), flat);
    let mut best = 0;
    for (position, &normal) in normals.iter().enumerate() {
        if lean(normal) > lean(normals[best]) {
            best = position;
        }
    }
    index(best)
}

fn index(position: usize) -> u32 {
    u32::try_from(position).expect("a mesh has at most 2^20 faces")
}

#[cfg(test)]
mod tests;
