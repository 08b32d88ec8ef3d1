//! A surface of triangles that knows which faces are around each vertex.

use crate::render::mesh::Triangles;
use crate::render::vector::{self, Vec3, Vec3f};

/// Faces keep their numbers; those that are gone are not alive.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) positions: Vec<Vec3>,
    /// Corners, counterclockwise from outside.
    pub(super) faces: Vec<[u32; 3]>,
    pub(super) alive: Vec<bool>,
    around: Vec<Vec<usize>>,
}

/// The faces around a vertex in order, counterclockwise. Face `i` lies between the neighbors `i` and `i + 1`.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) neighbors: Vec<u32>,
    pub(super) faces: Vec<usize>,
    /// Whether the last neighbor is the first again; it is listed only once then.
    pub(super) closed: bool,
}

impl Ring {
    /// First and last neighbor; for a vertex on a border, those on the border.
    pub(super) fn ends(&self) -> [u32; 2] {
        [self.neighbors[0], self.neighbors[self.neighbors.len() - 1]]
    }
}

impl Surface {
    /// A mesh with equal positions merged, vertices and faces sorted; and the different normals at each vertex, sorted too.
    pub(super) fn of(mesh: &Triangles) -> (Self, Vec<Vec<Vec3f>>) {
        let mut order: Vec<usize> = (0..mesh.positions.len()).collect();
        let key = |&vertex: &usize| ordered(mesh.positions[vertex]);
        order.sort_by_key(key);
        let mut numbers = vec![0; order.len()];
        let mut positions: Vec<Vec3> = Vec::new();
        for (rank, &vertex) in order.iter().enumerate() {
            if rank == 0 || key(&order[rank - 1]) != key(&vertex) {
                // Adding zero makes one of both zeros.
                positions.push(vector::widen(mesh.positions[vertex].map(|it| it + 0.0)));
            }
            numbers[vertex] = super::index(positions.len() - 1);
        }

        let mut faces = Vec::with_capacity(mesh.faces.len());
        let mut normals = vec![Vec::new(); positions.len()];
        for face in &mesh.faces {
            let corners = face.corners.map(|corner| numbers[corner as usize]);
            if unit_normal(&positions, corners) == [0.0; 3] {
                continue;
            }
            for (corner, normal) in corners.into_iter().zip(face.normals) {
                normals[corner as usize].push(mesh.normals[normal as usize]);
            }
            faces.push(least_first(corners));
        }
        faces.sort_unstable();
        faces.dedup();
        for list in &mut normals {
            list.sort_by_key(|&normal| ordered(normal));
            list.dedup_by_key(|normal| ordered(*normal));
        }

        let mut around = vec![Vec::new(); positions.len()];
        for (number, face) in faces.iter().enumerate() {
            for &corner in face {
                around[corner as usize].push(number);
            }
        }
        let surface = Self {
            alive: vec![true; faces.len()],
            positions,
            faces,
            around,
        };
        (surface, normals)
    }

    pub(super) fn corners(&self, face: usize) -> [Vec3; 3] {
        self.faces[face].map(|corner| self.positions[corner as usize])
    }

    /// Unit normal of a face.
    pub(super) fn normal(&self, face: usize) -> Vec3 {
        self.normal_of(self.faces[face])
    }

    /// Unit normal of a triangle of vertices, or zero if it has no area.
    pub(super) fn normal_of(&self, corners: [u32; 3]) -> Vec3 {
        unit_normal(&self.positions, corners)
    }

    /// All faces that have both vertices.
    pub(super) fn faces_at_edge(&self, a: u32, b: u32) -> impl Iterator<Item = usize> {
        let faces = self.around[a as usize].iter().copied();
        faces.filter(move |&face| self.faces[face].contains(&b))
    }

    /// The vertices that share a face with this one, each once, ascending.
    pub(super) fn neighbors(&self, vertex: u32) -> Vec<u32> {
        let faces = self.around[vertex as usize].iter();
        let mut neighbors: Vec<u32> = faces
            .flat_map(|&face| self.faces[face])
            .filter(|&corner| corner != vertex)
            .collect();
        neighbors.sort_unstable();
        neighbors.dedup();
        neighbors
    }

    /// The faces around a vertex, if they are a single fan.
    pub(super) fn ring(&self, vertex: u32) -> Option<Ring> {
        let around = &self.around[vertex as usize];
        let links: Vec<(u32, u32, usize)> = around
            .iter()
            .map(|&face| {
                let [a, b, c] = self.faces[face];
                match vertex {
                    v if v == a => (b, c, face),
                    v if v == b => (c, a, face),
                    _ => (a, b, face),
                }
            })
            .collect();
        let is_entered = |corner: u32| links.iter().any(|&(_, to, _)| to == corner);
        let start = links.iter().find(|&&(from, ..)| !is_entered(from));
        let closed = start.is_none();
        let mut at = start.or(links.first())?.0;
        let mut ring = Ring {
            neighbors: vec![at],
            faces: Vec::with_capacity(links.len()),
            closed,
        };
        while ring.faces.len() < links.len() {
            let mut next = links.iter().filter(|&&(from, ..)| from == at);
            let &(_, to, face) = next.next()?;
            // Two ways on: more than two faces share an edge, or their directions differ.
            if next.next().is_some() {
                return None;
            }
            ring.faces.push(face);
            at = to;
            let is_back = closed && at == ring.neighbors[0];
            if is_back && ring.faces.len() < links.len() {
                return None;
            }
            if !is_back {
                ring.neighbors.push(at);
            }
        }
        let ends_well = ring.neighbors.len() == ring.faces.len() + usize::from(!closed);
        ends_well.then_some(ring)
    }

    /// Whether the surface is of the same kind after `from` has moved to `to`.
    pub(super) fn keeps_topology(&self, ring: &Ring, from: u32, to: u32) -> bool {
        if !ring.closed && (!ring.ends().contains(&to) || ring.faces.len() < 2) {
            return false;
        }
        let shared = self.faces_at_edge(from, to).count();
        let others = self.neighbors(to);
        let common = ring.neighbors.iter().filter(|it| others.contains(it));
        if common.count() != shared || shared != if ring.closed { 2 } else { 1 } {
            return false;
        }
        // No two faces may come to lie on each other.
        ring.faces.iter().all(|&face| {
            let corners = self.faces[face];
            if corners.contains(&to) {
                return true;
            }
            let mut rest = corners.into_iter().filter(|&corner| corner != from);
            let (Some(p), Some(q)) = (rest.next(), rest.next()) else {
                return false;
            };
            !self
                .faces_at_edge(to, p)
                .any(|other| self.faces[other].contains(&q))
        })
    }

    /// Moves `from`, whose faces are `ring`, to `to`.
    pub(super) fn collapse(&mut self, ring: &Ring, from: u32, to: u32) {
        for &face in &ring.faces {
            let corners = self.faces[face];
            if corners.contains(&to) {
                self.alive[face] = false;
                for corner in corners {
                    self.around[corner as usize].retain(|&other| other != face);
                }
            } else {
                self.faces[face] = corners.map(|corner| if corner == from { to } else { corner });
                self.around[to as usize].push(face);
            }
        }
        self.around[from as usize].clear();
    }
}

fn unit_normal(positions: &[Vec3], corners: [u32; 3]) -> Vec3 {
    let [a, b, c] = corners.map(|corner| positions[corner as usize]);
    vector::normalized(vector::cross(vector::sub(b, a), vector::sub(c, a)))
}

fn least_first([a, b, c]: [u32; 3]) -> [u32; 3] {
    if a < b && a < c {
        [a, b, c]
    } else if b < c {
        [b, c, a]
    } else {
        [c, a, b]
    }
}

/// Integers that are ordered as the numbers are, equal for both zeros.
fn ordered(point: Vec3f) -> [i32; 3] {
    point.map(|number| {
        let bits = (number + 0.0).to_bits().cast_signed();
        if bits < 0 { bits ^ i32::MAX } else { bits }
    })
}
