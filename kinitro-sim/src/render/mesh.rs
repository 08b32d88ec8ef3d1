//! Triangle meshes, cut into clusters that are projected and culled as one.
//!
//! `cluster` decides which triangles go together.

use std::sync::Arc;

use super::cluster;
use super::spec::{CREASE_COSINE, MAX_TRIANGLES};
use super::vector::{self, Vec3f};
use crate::Error;

/// Vertices projected together; clusters are padded to whole groups.
pub(super) const LANES: usize = 8;
/// Most vertices of a cluster.
pub(super) const CLUSTER_VERTICES: usize = 64;
/// Most triangles of a cluster.
pub(super) const CLUSTER_TRIANGLES: usize = 124;

/// A triangle of indices: into the positions, and into the normals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face {
    /// Corners, counterclockwise seen from outside.
    pub corners: [u32; 3],
    /// Normal at each corner.
    pub normals: [u32; 3],
}

/// Triangles as they are given, in the frame of their object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Triangles {
    /// Places of the corners, in meters.
    pub positions: Vec<[f32; 3]>,
    /// Normals of any length.
    pub normals: Vec<[f32; 3]>,
    /// Indices into both.
    pub faces: Vec<Face>,
}

/// A closed or open surface in the frame of its object, in meters. Only its front sides are drawn.
///
/// Cloning is cheap: copies share everything.
#[derive(Debug, Clone)]
pub struct Mesh {
    /// What shading needs of each triangle, in cluster order.
    pub(super) surfaces: Arc<[Surface]>,
    /// Corners of each triangle as indices into the vertices of its cluster.
    pub(super) corners: Arc<[[u8; 3]]>,
    pub(super) vertices: Arc<Vertices>,
    pub(super) clusters: Arc<[Cluster]>,
    pub(super) bound: Sphere,
}

/// Corners and their normals; counterclockwise from outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surface {
    pub(super) corners: [Vec3f; 3],
    pub(super) normals: [Vec3f; 3],
}

/// The vertices of all clusters, one array per axis.
#[derive(Debug, Clone, Default)]
pub(super) struct Vertices {
    pub(super) x: Vec<f32>,
    pub(super) y: Vec<f32>,
    pub(super) z: Vec<f32>,
}

#[derive(Debug, Clone)]
pub(super) struct Cluster {
    /// Range in the vertices; a multiple of [`LANES`] long.
    pub(super) vertices: std::ops::Range<usize>,
    /// Range in the triangles.
    pub(super) triangles: std::ops::Range<usize>,
    pub(super) bound: Sphere,
    /// Contains the outward directions of all triangles; none if they span a half space or more.
    pub(super) cone: Option<Cone>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Sphere {
    pub(super) center: Vec3f,
    pub(super) radius: f32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Cone {
    pub(super) axis: Vec3f,
    pub(super) cos: f32,
    pub(super) sin: f32,
}

impl Triangles {
    /// # Errors
    /// [`Error::UnsuitableMesh`] if a number is not finite, an index leads nowhere, or there are more than 2²⁰ faces.
    pub(super) fn check(&self) -> Result<(), Error> {
        let fault = |reason| Err(Error::UnsuitableMesh { reason });
        if self.faces.len() > MAX_TRIANGLES {
            return fault("more than 2^20 triangles");
        }
        let mut numbers = self.positions.iter().chain(&self.normals).flatten();
        if !numbers.all(|number| number.is_finite()) {
            return fault("a coordinate that is not finite");
        }
        let inside = |indices: &[u32; 3], length: usize| {
            indices.iter().all(|&index| (index as usize) < length)
        };
        if !self.faces.iter().all(|face| {
            inside(&face.corners, self.positions.len()) && inside(&face.normals, self.normals.len())
        }) {
            return fault("an index that leads nowhere");
        }
        Ok(())
    }
}

impl Mesh {
    /// Builds a mesh of these triangles, all of them.
    ///
    /// Where a normal leans more than 37° from its face, the edge is meant to be sharp: the face's own normal is taken.
    ///
    /// # Errors
    /// [`Error::UnsuitableMesh`] if a number is not finite, an index leads nowhere, or there are more than 2²⁰ faces.
    pub fn new(triangles: &Triangles) -> Result<Self, Error> {
        triangles.check()?;
        let clusters = cluster::cut(&triangles.positions, &triangles.faces);
        let clusters = clusters.iter().map(|members| {
            members
                .iter()
                .map(|&face| triangles.faces[face])
                .collect::<Vec<_>>()
        });
        Ok(Self::of_clusters(triangles, clusters))
    }

    /// Builds a mesh whose clusters have these faces.
    pub(super) fn of_clusters(
        triangles: &Triangles,
        clusters: impl Iterator<Item = impl AsRef<[Face]>>,
    ) -> Self {
        let Triangles {
            positions, normals, ..
        } = triangles;
        let mut builder = Builder::new(positions);
        for members in clusters {
            let members = members.as_ref();
            builder.add_cluster(
                members.iter().map(|face| surface(positions, normals, face)),
                members.iter().map(|face| face.corners),
            );
        }
        builder.finish()
    }

    /// Number of triangles.
    pub fn triangle_count(&self) -> usize {
        self.surfaces.len()
    }
}

/// The surface of a face, with unit normals; those that lean too far from the face become the face's own.
fn surface(positions: &[Vec3f], normals: &[Vec3f], face: &Face) -> Surface {
    let corners = face.corners.map(|index| positions[index as usize]);
    let flat = cluster::outward(&corners);
    let normals = face.normals.map(|index| {
        let smooth = vector::normalized(vector::widen(normals[index as usize]));
        let is_crease = vector::dot(smooth, flat) < CREASE_COSINE;
        vector::narrow(if is_crease { flat } else { smooth })
    });
    Surface { corners, normals }
}

/// A sphere around the middle of the bounding box.
fn bound(points: impl Iterator<Item = Vec3f> + Clone) -> Sphere {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for point in points.clone().map(vector::widen) {
        for axis in 0..3 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    if low[0] > high[0] {
        return Sphere {
            center: [0.0; 3],
            radius: 0.0,
        };
    }
    let center = vector::narrow(vector::scale(vector::add(low, high), 0.5));
    let square = points
        .map(|point| {
            let offset = vector::sub(vector::widen(point), vector::widen(center));
            vector::dot(offset, offset)
        })
        .fold(0.0, f64::max);
    // A little more than the distance, so that no rounding later on lets a corner stick out.
    let radius = vector::narrow([square.sqrt() * 1.00001 + 1e-7, 0.0, 0.0])[0];
    Sphere { center, radius }
}

fn cone(members: &[Surface]) -> Option<Cone> {
    let normals: Vec<_> = members
        .iter()
        .map(|surface| cluster::outward(&surface.corners))
        .collect();
    let axis = vector::normalized(normals.iter().copied().fold([0.0; 3], vector::add));
    let cos = normals
        .iter()
        .map(|&normal| vector::dot(normal, axis))
        .fold(1.0, f64::min)
        - 1e-5;
    if cos <= 0.0 {
        return None;
    }
    let [cos, sin, _] = vector::narrow([cos, (1.0 - cos * cos).sqrt(), 0.0]);
    Some(Cone {
        axis: vector::narrow(axis),
        cos,
        sin,
    })
}

/// Lays out the clusters one after the other.
struct Builder<'a> {
    positions: &'a [Vec3f],
    /// For each position, the last cluster that uses it, and its index there.
    slots: Vec<(usize, u8)>,
    surfaces: Vec<Surface>,
    corners: Vec<[u8; 3]>,
    vertices: Vertices,
    clusters: Vec<Cluster>,
}

impl<'a> Builder<'a> {
    fn new(positions: &'a [Vec3f]) -> Self {
        Self {
            positions,
            slots: vec![(usize::MAX, 0); positions.len()],
            surfaces: Vec::new(),
            corners: Vec::new(),
            vertices: Vertices::default(),
            clusters: Vec::new(),
        }
    }

    fn add_cluster(
        &mut self,
        surfaces: impl Iterator<Item = Surface>,
        corners: impl Iterator<Item = [u32; 3]>,
    ) {
        let first_vertex = self.vertices.x.len();
        let first_triangle = self.surfaces.len();
        self.surfaces.extend(surfaces);
        for corners in corners {
            let corners = corners.map(|corner| self.slot(corner as usize, first_vertex));
            self.corners.push(corners);
        }
        for axis in [
            &mut self.vertices.x,
            &mut self.vertices.y,
            &mut self.vertices.z,
        ] {
            let last = axis[axis.len() - 1];
            axis.resize(axis.len().next_multiple_of(LANES), last);
        }
        let members = &self.surfaces[first_triangle..];
        self.clusters.push(Cluster {
            vertices: first_vertex..self.vertices.x.len(),
            triangles: first_triangle..self.surfaces.len(),
            bound: bound(members.iter().flat_map(|surface| surface.corners)),
            cone: cone(members),
        });
    }

    /// Index of a position in the open cluster; it is added if it is new there.
    fn slot(&mut self, position: usize, first_vertex: usize) -> u8 {
        let open = self.clusters.len();
        if self.slots[position].0 != open {
            let next = u8::try_from(self.vertices.x.len() - first_vertex);
            self.slots[position] = (open, next.expect("a cluster has at most 64 corners"));
            let [x, y, z] = self.positions[position];
            self.vertices.x.push(x);
            self.vertices.y.push(y);
            self.vertices.z.push(z);
        }
        self.slots[position].1
    }

    fn finish(self) -> Mesh {
        Mesh {
            bound: bound(self.surfaces.iter().flat_map(|surface| surface.corners)),
            surfaces: self.surfaces.into(),
            corners: self.corners.into(),
            vertices: self.vertices.into(),
            clusters: self.clusters.into(),
        }
    }
}
