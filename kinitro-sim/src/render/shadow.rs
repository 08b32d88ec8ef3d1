//! Shadows: what a directional light sees first, drawn by the rasterizer of the pictures, and whether a surface lies behind it.
//!
//! Each light has two maps, one of the objects that stand still and one of those that move. Each is fitted to what it holds, so
//! that the second is fine and drawn anew for every moment, and the first is drawn once. Only sides that face the light are drawn.

#![expect(
    clippy::needless_range_loop,
    reason = "the same lane of several arrays is meant everywhere"
)]

use super::lanes::{BATCH, Lanes};
use super::mesh::{CLUSTER_VERTICES, Cluster, LANES, Mesh, Vertices};
use super::raster::{Corner, Target};
use super::scene::{LightKind, Pose, SceneModel, ScenePoses};
use super::spec::{
    FARTHEST_CASTER, MAX_SHADOW_SLOPE, ROUNDING_MAGIC, SHADOW_BIAS, SHADOW_SLOPE_STEPS,
    SHADOW_TEXEL_REACH, SUBPIXELS,
};
use super::vector::{self, Vec3, Vec3f};

/// How places are measured along a light that casts shadows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Basis {
    /// The light, as an index into those of the scene.
    pub(super) light: usize,
    /// Unit vectors: two across the light, and its direction.
    axes: [Vec3; 3],
}

/// From the frame of an object to places along a light, in meters: two across it, and the distance.
#[derive(Debug)]
pub(super) struct LocalBasis {
    rows: [[f32; 4]; 3],
}

/// A point of a surface, as shadows fall on it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Receiver {
    /// Meters across the light, twice, and along it.
    pub(super) place: Vec3f,
    /// Growth of the distance per meter across the light, in 1/16, rounded up.
    pub(super) slope: u8,
}

/// What a light sees first of some objects.
#[derive(Debug, Default)]
pub(super) struct ShadowMap {
    target: Target,
    /// Texels per side; 0 if nothing casts a shadow.
    side: u16,
    /// Texels per meter across the light.
    scale: [f32; 2],
    /// The place in the middle of the map.
    middle: [f32; 2],
    /// The distance from which nearness is counted, in meters along the light.
    far: f32,
    /// What a slope of 1/16 adds to the bias, in meters.
    step: f32,
}

/// The lights of a scene that cast shadows.
pub(super) fn bases(scene: &SceneModel, poses: &ScenePoses, into: &mut Vec<Basis>) {
    into.clear();
    for (light, (of_model, pose)) in scene.lights.iter().zip(&poses.lights).enumerate() {
        let casts = of_model.active && of_model.casts_shadow;
        if casts && of_model.kind == LightKind::Directional {
            into.push(Basis::new(light, pose.direction));
        }
    }
}

impl Basis {
    fn new(light: usize, direction: Vec3) -> Self {
        let along = vector::normalized(direction);
        let size = along.map(f64::abs);
        // The axis of the world that the light is most across to; the first of equals.
        let mut helper = [0.0; 3];
        let least = usize::from(size[1] < size[0]);
        helper[if size[2] < size[least] { 2 } else { least }] = 1.0;
        let right = vector::normalized(vector::cross(along, helper));
        Self {
            light,
            axes: [right, vector::cross(along, right), along],
        }
    }

    pub(super) fn local(&self, pose: &Pose) -> LocalBasis {
        let rows = self.axes.map(|axis| {
            let [x, y, z] = vector::narrow(vector::into_frame(&pose.rotation, axis));
            let [offset, ..] = vector::narrow([vector::dot(axis, pose.position), 0.0, 0.0]);
            [x, y, z, offset]
        });
        LocalBasis { rows }
    }
}

impl LocalBasis {
    fn place(&self, [x, y, z]: Vec3f) -> Vec3f {
        self.rows
            .map(|row| row[0] * x + row[1] * y + row[2] * z + row[3])
    }

    /// Points of an object as receivers; `normals` are those of their triangles, of any length.
    pub(super) fn receivers(&self, points: &[Lanes; 3], normals: &[Lanes; 3]) -> [Receiver; BATCH] {
        let mut receivers = [Receiver::default(); BATCH];
        let (mut places, mut turned) = ([[0.0; BATCH]; 3], [[0.0; BATCH]; 3]);
        for (axis, row) in self.rows.iter().enumerate() {
            for lane in 0..BATCH {
                let [x, y, z] = [points[0][lane], points[1][lane], points[2][lane]];
                places[axis][lane] = row[0] * x + row[1] * y + row[2] * z + row[3];
                let [x, y, z] = [normals[0][lane], normals[1][lane], normals[2][lane]];
                turned[axis][lane] = row[0] * x + row[1] * y + row[2] * z;
            }
        }
        for (lane, receiver) in receivers.iter_mut().enumerate() {
            let slope = (turned[0][lane].abs() + turned[1][lane].abs()) / turned[2][lane].abs();
            receiver.place = [places[0][lane], places[1][lane], places[2][lane]];
            receiver.slope = steps(slope);
        }
        receivers
    }
}

/// A slope in 1/16, rounded up and limited; the limit for what is not a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number lies in [0, 255)"
)]
fn steps(slope: f32) -> u8 {
    if slope < MAX_SHADOW_SLOPE {
        (slope * SHADOW_SLOPE_STEPS) as i32 as u8 + 1
    } else {
        u8::MAX
    }
}

impl ShadowMap {
    /// Draws the objects that cast shadows and for which `is_meant` holds, into a map of `side` by `side` texels.
    pub(super) fn draw(
        &mut self,
        basis: &Basis,
        side: u16,
        (scene, poses): (&SceneModel, &ScenePoses),
        is_meant: impl Fn(bool) -> bool,
    ) {
        let casters = || {
            let objects = scene.objects.iter().zip(&poses.objects).zip(&poses.shown);
            objects.filter_map(|((object, pose), &shown)| {
                let is_seen = object.visible && shown && object.material.rgba[3] > 0.0;
                let casts = is_seen && object.casts_shadow && is_meant(object.fixed);
                casts.then(|| (basis.local(pose), &scene.meshes[object.mesh]))
            })
        };
        let mut bounds = Bounds::default();
        for (local, mesh) in casters() {
            bounds.include(&local, mesh);
        }
        let Some([low, high]) = bounds.around_all() else {
            self.side = 0;
            return;
        };
        self.fit(side, low, high);
        for (local, mesh) in casters() {
            if Bounds::of(&local, mesh).is_some() {
                self.add(&local, mesh);
            }
        }
    }

    fn fit(&mut self, side: u16, low: Vec3f, high: Vec3f) {
        self.side = side;
        self.target.reset(i32::from(side), i32::from(side));
        let texels = f32::from(side - 2);
        for axis in 0..2 {
            self.middle[axis] = 0.5 * (low[axis] + high[axis]);
            // A little more than nothing, lest a scale be infinite.
            self.scale[axis] = texels / (high[axis] - low[axis] + 1e-3);
        }
        self.far = high[2] + 1e-2;
        let coarsest = self.scale[0].min(self.scale[1]);
        self.step = SHADOW_TEXEL_REACH / SHADOW_SLOPE_STEPS / coarsest;
    }

    fn add(&mut self, local: &LocalBasis, mesh: &Mesh) {
        let units = |axis: usize| self.scale[axis] * SUBPIXELS as f32;
        let [mut across, mut down, mut along] = local.rows;
        across[3] -= self.middle[0];
        down[3] -= self.middle[1];
        across = across.map(|factor| factor * units(0));
        down = down.map(|factor| factor * units(1));
        along = along.map(|factor| -factor);
        along[3] += self.far;
        let toward = [0, 1, 2].map(|axis| -local.rows[2][axis]);
        let rows = [across, down, along];
        let mut screen = Screen::default();
        for cluster in mesh.clusters.iter() {
            if looks_away(cluster, toward) {
                continue;
            }
            screen.project(&rows, &mesh.vertices, cluster);
            for indices in &mesh.corners[cluster.triangles.clone()] {
                let triangle = indices.map(|index| screen.corner(usize::from(index)));
                self.target.draw(triangle, 0);
            }
        }
    }

    /// Whether the light reaches a point, as far as the objects of this map go.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the numbers are at least 0 and below the side of the map; truncation is meant"
    )]
    pub(super) fn is_lit(&self, receiver: Receiver) -> bool {
        let [x, y, along] = receiver.place;
        let side = f32::from(self.side);
        let column = (x - self.middle[0]) * self.scale[0] + 0.5 * side;
        let row = (y - self.middle[1]) * self.scale[1] + 0.5 * side;
        // Written so that what is not a number is outside, and so lit.
        let is_inside = column >= 0.0 && column < side && row >= 0.0 && row < side;
        if !is_inside {
            return true;
        }
        let texel = row as i32 as usize * usize::from(self.side) + column as i32 as usize;
        let nearness = self.far - along + (SHADOW_BIAS + f32::from(receiver.slope) * self.step);
        self.target
            .hit(texel)
            .is_none_or(|first| nearness >= first.q)
    }
}

/// The vertices of a cluster on a map.
struct Screen {
    x: [i32; CLUSTER_VERTICES],
    y: [i32; CLUSTER_VERTICES],
    q: [f32; CLUSTER_VERTICES],
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            x: [0; CLUSTER_VERTICES],
            y: [0; CLUSTER_VERTICES],
            q: [0.0; CLUSTER_VERTICES],
        }
    }
}

impl Screen {
    fn project(&mut self, rows: &[[f32; 4]; 3], vertices: &Vertices, cluster: &Cluster) {
        let range = cluster.vertices.clone();
        let (xs, _) = vertices.x[range.clone()].as_chunks::<LANES>();
        let (ys, _) = vertices.y[range.clone()].as_chunks::<LANES>();
        let (zs, _) = vertices.z[range].as_chunks::<LANES>();
        let groups = self.x.as_chunks_mut::<LANES>().0.iter_mut();
        let groups = groups.zip(self.y.as_chunks_mut::<LANES>().0);
        let groups = groups.zip(self.q.as_chunks_mut::<LANES>().0);
        for (((screen_x, screen_y), q), ((x, y), z)) in groups.zip(xs.iter().zip(ys).zip(zs)) {
            let along = |row: &[f32; 4], lane: usize| {
                row[0] * x[lane] + row[1] * y[lane] + row[2] * z[lane] + row[3]
            };
            for lane in 0..LANES {
                screen_x[lane] = round_to_i32(along(&rows[0], lane));
                screen_y[lane] = round_to_i32(along(&rows[1], lane));
                q[lane] = along(&rows[2], lane);
            }
        }
    }

    fn corner(&self, index: usize) -> Corner {
        let index = index % CLUSTER_VERTICES;
        Corner {
            x: self.x[index],
            y: self.y[index],
            q: self.q[index],
        }
    }
}

/// A box along a light.
struct Bounds {
    low: Vec3f,
    high: Vec3f,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            low: [f32::INFINITY; 3],
            high: [f32::NEG_INFINITY; 3],
        }
    }
}

impl Bounds {
    /// The box around the clusters of a mesh; none if it is empty or too far from the origin, as what has diverged is.
    fn of(local: &LocalBasis, mesh: &Mesh) -> Option<Self> {
        let mut bounds = Self::default();
        for cluster in mesh.clusters.iter() {
            let center = local.place(cluster.bound.center);
            let radius = cluster.bound.radius;
            for axis in 0..3 {
                let (low, high) = (center[axis] - radius, center[axis] + radius);
                // Written so that what is not a number is too far.
                let is_near = low > -FARTHEST_CASTER && high < FARTHEST_CASTER;
                if !is_near {
                    return None;
                }
                bounds.low[axis] = bounds.low[axis].min(low);
                bounds.high[axis] = bounds.high[axis].max(high);
            }
        }
        (!mesh.clusters.is_empty()).then_some(bounds)
    }

    fn include(&mut self, local: &LocalBasis, mesh: &Mesh) {
        if let Some(other) = Self::of(local, mesh) {
            for axis in 0..3 {
                self.low[axis] = self.low[axis].min(other.low[axis]);
                self.high[axis] = self.high[axis].max(other.high[axis]);
            }
        }
    }

    fn around_all(&self) -> Option<[Vec3f; 2]> {
        (self.low[0] <= self.high[0]).then_some([self.low, self.high])
    }
}

/// Whether every triangle of a cluster has its back to a direction.
fn looks_away(cluster: &Cluster, toward: Vec3f) -> bool {
    cluster.cone.is_some_and(|cone| {
        let along = vector::dot_f32(cone.axis, toward);
        let across = (vector::dot_f32(toward, toward) - along * along)
            .max(0.0)
            .sqrt();
        along < 0.0 && along * cone.cos + across * cone.sin < 0.0
    })
}

/// Rounds to the nearest integer, halves to even; for magnitudes below 2²².
fn round_to_i32(number: f32) -> i32 {
    (number + ROUNDING_MAGIC)
        .to_bits()
        .cast_signed()
        .wrapping_sub(ROUNDING_MAGIC.to_bits().cast_signed())
}
