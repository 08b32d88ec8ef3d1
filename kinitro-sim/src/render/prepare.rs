//! A mesh made ready for drawing, as bytes that are the same on every machine.
//!
//! Preparing is slow (simplification, then cutting into clusters) and done once; the bytes can be kept, and making a mesh of them
//! is fast. Integers and f32 are little-endian:
//!
//! | part | content |
//! |---|---|
//! | head | `kinitro mesh`, version of the preparation (u32), digest of the source (32 bytes) |
//! | counts | positions, normals, faces, clusters (u32 each) |
//! | positions, normals | three f32 each |
//! | faces | three indices of corners, three of normals (u32); those of a cluster one after the other |
//! | clusters | number of faces of each (u8) |
//! | seal | SHA-256 of all before |

use kinitro_core::digest::FileDigest;

use super::mesh::{CLUSTER_TRIANGLES, CLUSTER_VERTICES, Face, Mesh, Triangles};
use super::simplify::simplify;
use super::spec::{LARGEST_TOLERANCE, MAX_TRIANGLES, PREPARATION, RELATIVE_TOLERANCE};
use super::{cluster, vector};
use crate::Error;

const MAGIC: &[u8; 12] = b"kinitro mesh";
const DIGEST: usize = 32;
/// Length of head and counts.
const HEAD: usize = MAGIC.len() + 4 + DIGEST + 4 * 4;

/// A prepared mesh.
#[derive(Debug, PartialEq)]
pub(super) struct Prepared {
    /// Simplified; faces in the order of the clusters, positions and normals in the order of their first use.
    triangles: Triangles,
    /// Number of faces of each cluster.
    clusters: Vec<u8>,
}

/// Digest of the triangles of a mesh, by which prepared meshes are known.
pub(super) fn source_digest(mesh: &Triangles) -> FileDigest {
    let mut bytes = Vec::new();
    push_counts(&mut bytes, mesh);
    push_triangles(&mut bytes, mesh);
    FileDigest::of(&[&bytes])
}

impl Prepared {
    /// # Errors
    /// [`Error::UnsuitableMesh`] if a number is not finite, an index leads nowhere, or there are more than 2²⁰ faces.
    pub(super) fn of(mesh: &Triangles) -> Result<Self, Error> {
        mesh.check()?;
        let simple = simplify(mesh, tolerance(mesh));
        let clusters = cluster::cut(&simple.positions, &simple.faces);
        let mut order = Order::new(&simple);
        for &face in clusters.iter().flatten() {
            order.push(&simple.faces[face]);
        }
        let sizes = clusters.iter().map(Vec::len).map(u8::try_from);
        Ok(Self {
            triangles: order.result,
            clusters: sizes
                .collect::<Result<_, _>>()
                .expect("a cluster has at most 124 faces"),
        })
    }

    pub(super) fn mesh(&self) -> Mesh {
        let mut rest = &self.triangles.faces[..];
        let clusters = self.clusters.iter().map(|&size| {
            let (members, later) = rest.split_at(usize::from(size));
            rest = later;
            members
        });
        Mesh::of_clusters(&self.triangles, clusters)
    }

    /// The bytes, and the digest that seals them.
    pub(super) fn to_bytes(&self, source: &FileDigest) -> (Vec<u8>, FileDigest) {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(PREPARATION.to_le_bytes());
        bytes.extend(source.as_bytes());
        push_counts(&mut bytes, &self.triangles);
        bytes.extend(count(self.clusters.len()).to_le_bytes());
        push_triangles(&mut bytes, &self.triangles);
        bytes.extend(&self.clusters);
        let seal = FileDigest::of(&[&bytes]);
        bytes.extend(seal.as_bytes());
        (bytes, seal)
    }

    /// What [`to_bytes`](Self::to_bytes) has written for this source, and its seal; none for anything else.
    pub(super) fn from_bytes(bytes: &[u8], source: &FileDigest) -> Option<(Self, FileDigest)> {
        let (content, seal) = bytes.split_last_chunk::<DIGEST>()?;
        let seal = FileDigest::from_bytes(*seal);
        let mut reader = Reader(content);
        let known = reader.take(MAGIC.len())? == MAGIC
            && reader.number()? == PREPARATION
            && reader.take(DIGEST)? == source.as_bytes();
        if !known {
            return None;
        }
        let mut counts = [0; 4];
        for count in &mut counts {
            *count = reader.count()?;
        }
        let [positions, normals, faces, clusters] = counts;
        let length = HEAD + 12 * (positions + normals) + 24 * faces + clusters;
        if content.len() != length || FileDigest::of(&[content]) != seal {
            return None;
        }
        let prepared = Self {
            triangles: Triangles {
                positions: reader.points(positions)?,
                normals: reader.points(normals)?,
                faces: reader.faces(faces)?,
            },
            clusters: reader.take(clusters)?.to_vec(),
        };
        prepared.is_sound().then_some((prepared, seal))
    }

    /// Whether a mesh can be built of it. The seal keeps accidents out; this keeps everything else from doing harm.
    fn is_sound(&self) -> bool {
        let sum: usize = self.clusters.iter().map(|&size| usize::from(size)).sum();
        if self.triangles.check().is_err() || sum != self.triangles.faces.len() {
            return false;
        }
        let mut rest = &self.triangles.faces[..];
        self.clusters.iter().all(|&size| {
            let (members, later) = rest.split_at(usize::from(size));
            rest = later;
            let mut corners: Vec<u32> = members.iter().flat_map(|face| face.corners).collect();
            corners.sort_unstable();
            corners.dedup();
            let size = usize::from(size);
            (1..=CLUSTER_TRIANGLES).contains(&size) && corners.len() <= CLUSTER_VERTICES
        })
    }
}

/// What simplification may change, in meters.
fn tolerance(mesh: &Triangles) -> f64 {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    let used = mesh.faces.iter().flat_map(|face| face.corners);
    for corner in used {
        let position = vector::widen(mesh.positions[corner as usize]);
        for axis in 0..3 {
            low[axis] = low[axis].min(position[axis]);
            high[axis] = high[axis].max(position[axis]);
        }
    }
    let diagonal = vector::sub(high, low);
    let half = 0.5 * vector::dot(diagonal, diagonal).sqrt();
    LARGEST_TOLERANCE.min(RELATIVE_TOLERANCE * half)
}

/// Triangles in another order, and what they use in the order of first use.
struct Order<'a> {
    given: &'a Triangles,
    positions: Vec<Option<u32>>,
    normals: Vec<Option<u32>>,
    result: Triangles,
}

impl<'a> Order<'a> {
    fn new(given: &'a Triangles) -> Self {
        Self {
            given,
            positions: vec![None; given.positions.len()],
            normals: vec![None; given.normals.len()],
            result: Triangles::default(),
        }
    }

    fn push(&mut self, face: &Face) {
        let corners = face.corners.map(|corner| {
            let number = &mut self.positions[corner as usize];
            *number.get_or_insert_with(|| {
                let position = self.given.positions[corner as usize];
                self.result.positions.push(position);
                count(self.result.positions.len() - 1)
            })
        });
        let normals = face.normals.map(|normal| {
            let number = &mut self.normals[normal as usize];
            *number.get_or_insert_with(|| {
                self.result
                    .normals
                    .push(self.given.normals[normal as usize]);
                count(self.result.normals.len() - 1)
            })
        });
        self.result.faces.push(Face { corners, normals });
    }
}

fn push_counts(bytes: &mut Vec<u8>, mesh: &Triangles) {
    for length in [mesh.positions.len(), mesh.normals.len(), mesh.faces.len()] {
        bytes.extend(count(length).to_le_bytes());
    }
}

fn push_triangles(bytes: &mut Vec<u8>, mesh: &Triangles) {
    for number in mesh.positions.iter().chain(&mesh.normals).flatten() {
        bytes.extend(number.to_le_bytes());
    }
    for face in &mesh.faces {
        for index in face.corners.iter().chain(&face.normals) {
            bytes.extend(index.to_le_bytes());
        }
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("a mesh in memory has fewer than 2^32 of anything")
}

/// Takes bytes from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A number of things of which a mesh has at most so many: three corners and normals per face.
    fn count(&mut self) -> Option<usize> {
        let count = self.number()? as usize;
        (count <= 3 * MAX_TRIANGLES).then_some(count)
    }

    fn points(&mut self, count: usize) -> Option<Vec<[f32; 3]>> {
        let mut coordinate = || self.array().map(f32::from_le_bytes);
        (0..count)
            .map(|_| Some([coordinate()?, coordinate()?, coordinate()?]))
            .collect()
    }

    fn faces(&mut self, count: usize) -> Option<Vec<Face>> {
        let mut triple = || Some([self.number()?, self.number()?, self.number()?]);
        (0..count)
            .map(|_| {
                Some(Face {
                    corners: triple()?,
                    normals: triple()?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
pub(crate) mod tests;
