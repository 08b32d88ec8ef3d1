//! From the frame of an object to the screen: transform, culling, clipping and snapping.

use super::camera::Projection;
use super::mesh::{CLUSTER_VERTICES, Cluster, LANES, Mesh, Sphere, Vertices};
use super::raster::{Corner, Target};
use super::scene::Pose;
use super::spec::{GUARD_BAND, ROUNDING_MAGIC, SUBPIXELS};
use super::vector::{self, Vec3f};

/// From the frame of one object to homogeneous screen coordinates `(x, y, w)`: x and y in sub-pixel units times w, w in meters
/// along the view.
#[derive(Debug)]
pub(super) struct ScreenFromObject {
    rows: [[f32; 4]; 3],
    /// The camera in the frame of the object.
    eye: Vec3f,
    near: f32,
    frustum: Frustum,
}

/// The sides of the picture as planes through the camera, in `(x, y, w)`.
#[derive(Debug)]
struct Frustum {
    half: [f32; 2],
    /// Growth of `x − half · w` per meter of distance from the plane.
    slope: [f32; 2],
}

const GUARD: f32 = 16_384.0;
const _: () = assert!(
    GUARD_BAND == 16_384,
    "both forms of the guard band are equal"
);

impl ScreenFromObject {
    pub(super) fn new(projection: &Projection, pose: &Pose) -> Self {
        let p = projection;
        let offset = vector::sub(pose.position, p.position);
        let row = |axis, factor| {
            let direction = vector::scale(axis, factor);
            let [x, y, z] = vector::narrow(vector::into_frame(&pose.rotation, direction));
            [
                x,
                y,
                z,
                vector::narrow([vector::dot(direction, offset), 0.0, 0.0])[0],
            ]
        };
        let half = [p.width, p.height].map(|side| f64::from(side * SUBPIXELS / 2));
        let slope = half.map(|half| (half * half + p.focal * p.focal).sqrt());
        let [near, half_x, half_y] = vector::narrow([p.near, half[0], half[1]]);
        let [slope_x, slope_y, _] = vector::narrow([slope[0], slope[1], 0.0]);
        Self {
            rows: [
                row(p.right, p.focal),
                row(p.down, p.focal),
                row(p.forward, 1.0),
            ],
            eye: vector::narrow(vector::into_frame(
                &pose.rotation,
                vector::scale(offset, -1.0),
            )),
            near,
            frustum: Frustum {
                half: [half_x, half_y],
                slope: [slope_x, slope_y],
            },
        }
    }

    /// Draws all front sides of a mesh; the payload of triangle `i` is `payload + i`.
    pub(super) fn draw(&self, mesh: &Mesh, payload: u32, target: &mut Target) {
        if self.is_outside(&mesh.bound) {
            return;
        }
        let mut screen = ScreenVertices::default();
        for cluster in mesh.clusters.iter() {
            if self.looks_away(cluster) || self.is_outside(&cluster.bound) {
                continue;
            }
            let all_inside = self.project(&mesh.vertices, cluster, &mut screen);
            let triangles = cluster.triangles.clone();
            let payloads = payload + index(triangles.start)..;
            for ((surface, &corners), payload) in mesh.surfaces[triangles.clone()]
                .iter()
                .zip(&mesh.corners[triangles])
                .zip(payloads)
            {
                let [a, b, c] = corners;
                let slot = |corner: u8| usize::from(corner) % CLUSTER_VERTICES;
                let (a, b, c) = (slot(a), slot(b), slot(c));
                if all_inside || screen.inside[a] & screen.inside[b] & screen.inside[c] == 1 {
                    target.draw(
                        [screen.corner(a), screen.corner(b), screen.corner(c)],
                        payload,
                    );
                } else {
                    self.draw_clipped(&surface.corners, payload, target);
                }
            }
        }
    }

    fn homogeneous(&self, [x, y, z]: Vec3f) -> Vec3f {
        // Written out: mapping an array is a call here.
        let [across, down, along] = &self.rows;
        let linear = |row: &[f32; 4]| row[0] * x + row[1] * y + row[2] * z + row[3];
        [linear(across), linear(down), linear(along)]
    }

    /// Whether a sphere lies wholly beyond one of the sides of the picture, or nearer than anything that is drawn.
    fn is_outside(&self, sphere: &Sphere) -> bool {
        let [x, y, w] = self.homogeneous(sphere.center);
        let radius = sphere.radius;
        let beyond = |coordinate: f32, axis: usize| {
            coordinate.abs() - self.frustum.half[axis] * w > radius * self.frustum.slope[axis]
        };
        w + radius < self.near || beyond(x, 0) || beyond(y, 1)
    }

    /// Whether the camera sees the back of every triangle of a cluster.
    ///
    /// Seen from the middle of the cluster, the camera must be further than a right angle from every direction of the cone, and
    /// far enough behind for the cluster's radius.
    fn looks_away(&self, cluster: &Cluster) -> bool {
        let Some(cone) = &cluster.cone else {
            return false;
        };
        let center = cluster.bound.center;
        let to_eye = [
            self.eye[0] - center[0],
            self.eye[1] - center[1],
            self.eye[2] - center[2],
        ];
        let along = vector::dot_f32(to_eye, cone.axis);
        let across = (vector::dot_f32(to_eye, to_eye) - along * along)
            .max(0.0)
            .sqrt();
        along < 0.0 && along * cone.cos + across * cone.sin + cluster.bound.radius < 0.0
    }

    /// Projects the vertices of a cluster; tells whether none of them needs clipping.
    fn project(&self, vertices: &Vertices, cluster: &Cluster, screen: &mut ScreenVertices) -> bool {
        let range = cluster.vertices.clone();
        let (xs, _) = vertices.x[range.clone()].as_chunks::<LANES>();
        let (ys, _) = vertices.y[range.clone()].as_chunks::<LANES>();
        let (zs, _) = vertices.z[range].as_chunks::<LANES>();
        let mut all_inside = 1;
        let groups = screen.x.as_chunks_mut::<LANES>().0.iter_mut();
        let groups = groups.zip(screen.y.as_chunks_mut::<LANES>().0);
        let groups = groups.zip(screen.q.as_chunks_mut::<LANES>().0);
        let groups = groups.zip(screen.inside.as_chunks_mut::<LANES>().0);
        for ((((screen_x, screen_y), q), inside), ((x, y), z)) in
            groups.zip(xs.iter().zip(ys).zip(zs))
        {
            let mut sx = linear(self.rows[0], x, y, z);
            let mut sy = linear(self.rows[1], x, y, z);
            let w = linear(self.rows[2], x, y, z);
            for lane in 0..LANES {
                q[lane] = 1.0 / w[lane];
            }
            for lane in 0..LANES {
                sx[lane] *= q[lane];
                sy[lane] *= q[lane];
            }
            for lane in 0..LANES {
                screen_x[lane] = round_to_i32(sx[lane]);
                screen_y[lane] = round_to_i32(sy[lane]);
            }
            for lane in 0..LANES {
                // Written so that what is not a number counts as outside.
                let (in_front, near_x, near_y) = (
                    w[lane] >= self.near,
                    sx[lane].abs() <= GUARD,
                    sy[lane].abs() <= GUARD,
                );
                inside[lane] = i32::from(in_front) & i32::from(near_x) & i32::from(near_y);
            }
            all_inside = inside.iter().fold(all_inside, |all, lane| all & lane);
        }
        all_inside == 1
    }

    /// Cuts a triangle at the near plane and at the guard band and draws what is left, as a fan.
    #[cold]
    fn draw_clipped(&self, corners: &[Vec3f; 3], payload: u32, target: &mut Target) {
        let mut polygon = Polygon::default();
        for &corner in corners {
            polygon.push(self.homogeneous(corner));
        }
        polygon.clip(|[_, _, w]| w - self.near);
        polygon.clip(|[x, _, w]| GUARD * w - x);
        polygon.clip(|[x, _, w]| GUARD * w + x);
        polygon.clip(|[_, y, w]| GUARD * w - y);
        polygon.clip(|[_, y, w]| GUARD * w + y);
        // Poses of a simulation that has diverged may be too large for f32, and leave what is no polygon.
        let is_sound = |&[x, y, w]: &Vec3f| {
            x.is_finite() && y.is_finite() && w.is_finite() && w >= 0.5 * self.near
        };
        if !polygon.points().iter().all(is_sound) {
            return;
        }
        let Some((&first, rest)) = polygon.points().split_first() else {
            return;
        };
        for pair in rest.windows(2) {
            target.draw(
                [snapped(first), snapped(pair[0]), snapped(pair[1])],
                payload,
            );
        }
    }
}

#[inline]
fn linear(row: [f32; 4], x: &[f32; LANES], y: &[f32; LANES], z: &[f32; LANES]) -> [f32; LANES] {
    let mut sum = [0.0; LANES];
    for lane in 0..LANES {
        sum[lane] = row[0] * x[lane] + row[1] * y[lane] + row[2] * z[lane] + row[3];
    }
    sum
}

/// A vertex that was clipped: on the guard band at most, rounding included.
fn snapped([x, y, w]: Vec3f) -> Corner {
    let q = 1.0 / w;
    let snap = |coordinate: f32| round_to_i32((coordinate * q).clamp(-GUARD, GUARD));
    Corner {
        x: snap(x),
        y: snap(y),
        q,
    }
}

/// Rounds to the nearest integer, halves to even. For magnitudes below 2²²; others give some integer.
#[expect(
    clippy::cast_possible_wrap,
    reason = "the subtraction undoes the offset of the bit pattern"
)]
fn round_to_i32(number: f32) -> i32 {
    ((number + ROUNDING_MAGIC).to_bits() as i32).wrapping_sub(ROUNDING_MAGIC.to_bits() as i32)
}

fn index(position: usize) -> u32 {
    u32::try_from(position).expect("a mesh holds at most 2^20 triangles")
}

/// The vertices of one cluster on the screen.
struct ScreenVertices {
    x: [i32; CLUSTER_VERTICES],
    y: [i32; CLUSTER_VERTICES],
    q: [f32; CLUSTER_VERTICES],
    /// 1 for vertices that need no clipping, 0 for others.
    inside: [i32; CLUSTER_VERTICES],
}

impl Default for ScreenVertices {
    fn default() -> Self {
        Self {
            x: [0; CLUSTER_VERTICES],
            y: [0; CLUSTER_VERTICES],
            q: [0.0; CLUSTER_VERTICES],
            inside: [0; CLUSTER_VERTICES],
        }
    }
}

impl ScreenVertices {
    fn corner(&self, index: usize) -> Corner {
        Corner {
            x: self.x[index],
            y: self.y[index],
            q: self.q[index],
        }
    }
}

/// A convex polygon of at most eight corners: a triangle cut by five planes.
#[derive(Default)]
struct Polygon {
    points: [Vec3f; 8],
    count: usize,
}

impl Polygon {
    fn push(&mut self, point: Vec3f) {
        self.points[self.count] = point;
        self.count += 1;
    }

    fn points(&self) -> &[Vec3f] {
        &self.points[..self.count]
    }

    /// Keeps what is on the non-negative side. A new corner is computed from the kept end of its edge, so that two triangles
    /// with a common edge get the same one.
    fn clip(&mut self, distance: impl Fn(Vec3f) -> f32) {
        let mut kept = Self::default();
        let cut = |inside: Vec3f, outside: Vec3f| {
            let (near, far) = (distance(inside), distance(outside));
            let share = near / (near - far);
            [0, 1, 2].map(|axis| inside[axis] + (outside[axis] - inside[axis]) * share)
        };
        for (index, &point) in self.points().iter().enumerate() {
            let next = self.points[(index + 1) % self.count];
            match (distance(point) >= 0.0, distance(next) >= 0.0) {
                (true, true) => kept.push(point),
                (true, false) => {
                    kept.push(point);
                    kept.push(cut(point, next));
                }
                (false, true) => kept.push(cut(next, point)),
                (false, false) => {}
            }
        }
        *self = kept;
    }
}
