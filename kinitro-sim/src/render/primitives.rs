//! Meshes of the primitive shapes, in the frame of the shape, in meters.
//!
//! Round shapes have as many slices and stacks as MuJoCo's, so that silhouettes agree; normals are those of the exact shape.

use std::f64::consts::{FRAC_PI_2, PI};

use super::mesh::{Face, Mesh, Triangles};
use super::spec::{SLICES, STACKS};
use super::vector::{self, Vec3};
use crate::Error;

/// A shape by its measures, all in meters and all half-lengths or radii. The axis of round shapes is z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// A rectangle in the plane z = 0, seen from above only.
    Plane {
        /// Half the extent along x and y.
        half: [f64; 2],
    },
    /// A ball.
    Sphere {
        /// Radius.
        radius: f64,
    },
    /// A ball stretched along the three axes.
    Ellipsoid {
        /// Radius along x, y and z.
        radii: [f64; 3],
    },
    /// A cylinder with a half ball on both ends.
    Capsule {
        /// Radius of the cylinder and of the half balls.
        radius: f64,
        /// Half the height of the cylinder alone.
        half: f64,
    },
    /// A cylinder with flat ends.
    Cylinder {
        /// Radius.
        radius: f64,
        /// Half the height.
        half: f64,
    },
    /// A box.
    Box {
        /// Half the extent along x, y and z.
        half: [f64; 3],
    },
}

impl Shape {
    /// The shape as triangles.
    ///
    /// # Errors
    /// [`Error::UnsuitableMesh`] if a measure is not finite.
    pub fn mesh(self) -> Result<Mesh, Error> {
        Mesh::new(&self.triangles())
    }

    pub(super) fn triangles(self) -> Triangles {
        let mut parts = Parts::default();
        match self {
            Self::Plane { half: [x, y] } => {
                parts.rectangle([0.0, 0.0, 0.0], [x, 0.0, 0.0], [0.0, y, 0.0]);
            }
            Self::Box { half: [x, y, z] } => {
                for sign in [1.0, -1.0] {
                    parts.rectangle([sign * x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, sign * z]);
                    parts.rectangle([0.0, sign * y, 0.0], [0.0, 0.0, z], [sign * x, 0.0, 0.0]);
                    parts.rectangle([0.0, 0.0, sign * z], [x, 0.0, 0.0], [0.0, sign * y, 0.0]);
                }
            }
            Self::Sphere { radius } => {
                parts.revolve(&arc(-FRAC_PI_2, FRAC_PI_2, STACKS, radius, 0.0), [1.0; 3]);
            }
            Self::Ellipsoid { radii } => {
                parts.revolve(&arc(-FRAC_PI_2, FRAC_PI_2, STACKS, 1.0, 0.0), radii);
            }
            Self::Capsule { radius, half } => {
                let mut profile = arc(-FRAC_PI_2, 0.0, STACKS / 2, radius, -half);
                profile.extend(arc(0.0, FRAC_PI_2, STACKS / 2, radius, half));
                parts.revolve(&profile, [1.0; 3]);
            }
            Self::Cylinder { radius, half } => {
                let ring = |radius, z, normal| Ring { radius, z, normal };
                let profile = [
                    ring(0.0, -half, [0.0, -1.0]),
                    ring(radius, -half, [0.0, -1.0]),
                    ring(radius, -half, [1.0, 0.0]),
                    ring(radius, half, [1.0, 0.0]),
                    ring(radius, half, [0.0, 1.0]),
                    ring(0.0, half, [0.0, 1.0]),
                ];
                parts.revolve(&profile, [1.0; 3]);
            }
        }
        parts.0
    }
}

/// A circle around the z axis.
#[derive(Clone, Copy)]
struct Ring {
    radius: f64,
    z: f64,
    /// Components of the normal away from the axis and along it.
    normal: [f64; 2],
}

/// Rings on a circle around a point of the axis, from one elevation to another.
fn arc(from: f64, to: f64, steps: u32, radius: f64, center: f64) -> Vec<Ring> {
    (0..=steps)
        .map(|step| {
            let elevation = from + (to - from) * f64::from(step) / f64::from(steps);
            let (sin, cos) = (libm::sin(elevation), libm::cos(elevation));
            // The poles are points; the cosine of a rounded right angle is not zero.
            let away = if cos < 1e-9 { 0.0 } else { cos };
            Ring {
                radius: radius * away,
                z: center + radius * sin,
                normal: [away, sin],
            }
        })
        .collect()
}

#[derive(Default)]
struct Parts(Triangles);

impl Parts {
    /// A flat rectangle with normal `u × v`.
    fn rectangle(&mut self, center: Vec3, u: Vec3, v: Vec3) {
        let normal = vector::narrow(vector::normalized(vector::cross(u, v)));
        let corner = |a: f64, b: f64| {
            vector::add(
                center,
                vector::add(vector::scale(u, a), vector::scale(v, b)),
            )
        };
        let first = index(self.0.positions.len());
        for (a, b) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
            self.0.positions.push(vector::narrow(corner(a, b)));
            self.0.normals.push(normal);
        }
        for [a, b, c] in [[0, 1, 2], [0, 2, 3]] {
            let corners = [first + a, first + b, first + c];
            self.0.faces.push(Face {
                corners,
                normals: corners,
            });
        }
    }

    /// The surface between consecutive rings (from low to high), stretched along the axes.
    fn revolve(&mut self, profile: &[Ring], stretch: Vec3) {
        let first = index(self.0.positions.len());
        for ring in profile {
            for slice in 0..SLICES {
                let angle = 2.0 * PI * f64::from(slice) / f64::from(SLICES);
                let (sin, cos) = (libm::sin(angle), libm::cos(angle));
                let position = [
                    ring.radius * cos * stretch[0],
                    ring.radius * sin * stretch[1],
                    ring.z * stretch[2],
                ];
                let [away, along] = ring.normal;
                let normal = [
                    away * cos / stretch[0],
                    away * sin / stretch[1],
                    along / stretch[2],
                ];
                self.0.positions.push(vector::narrow(position));
                self.0
                    .normals
                    .push(vector::narrow(vector::normalized(normal)));
            }
        }
        for (lower, pair) in (0_u32..).zip(profile.windows(2)) {
            if pair[0].radius == pair[1].radius && pair[0].z == pair[1].z {
                continue; // A sharp edge: same circle, two normals.
            }
            let vertex = |ring: u32, slice: u32| first + ring * SLICES + slice % SLICES;
            for slice in 0..SLICES {
                let [a, b] = [vertex(lower, slice), vertex(lower, slice + 1)];
                let [c, d] = [vertex(lower + 1, slice + 1), vertex(lower + 1, slice)];
                if pair[0].radius > 0.0 {
                    self.0.faces.push(Face {
                        corners: [a, b, c],
                        normals: [a, b, c],
                    });
                }
                if pair[1].radius > 0.0 {
                    self.0.faces.push(Face {
                        corners: [a, c, d],
                        normals: [a, c, d],
                    });
                }
            }
        }
    }
}

fn index(length: usize) -> u32 {
    u32::try_from(length).expect("a primitive has a few hundred vertices")
}
