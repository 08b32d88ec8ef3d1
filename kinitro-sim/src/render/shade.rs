//! The color of what is visible: surface point, normal, texture and lights, for one pixel at a time but computed in batches.
//!
//! Everything happens in the frame of the object, so that neither corners nor normals need to be transformed: the ray of the pixel
//! and the lights are brought there once per object. As in MuJoCo's renderer, the lights that cast no shadows are added and clamped
//! together, and each of those that do is clamped apart, becomes bytes, and is added to them where no shadow lies.

#![expect(
    clippy::needless_range_loop,
    reason = "the same lane of several arrays is meant everywhere"
)]

use super::camera::Projection;
use super::lanes::{BATCH, Lanes, clamped, cross, dot, normalized, positive};
use super::light::{Ground, LocalLight, times};
use super::mesh::Surface;
use super::raster::center;
use super::scene::{LightKind, LightPose, Mapping, Material, Pose, SceneModel, ScenePoses};
use super::shadow::{Basis, LocalBasis, Receiver};
use super::spec::SUBPIXELS;
use super::texture::{Place, Texture};
use super::vector::{self, Vec3f};

/// One object under the lights of a scene, in its own frame.
#[derive(Debug, Default)]
pub(super) struct ObjectShader {
    /// Direction of the ray through the center of the picture, and its growth per sub-pixel unit to the right and down.
    ray: [Vec3f; 3],
    eye: Vec3f,
    /// Emission and ambient light.
    base: Vec3f,
    /// Lights that shine through everything.
    lights: Vec<LocalLight>,
    /// Lights that cast shadows, and how distances are measured along them.
    shadowed: Vec<(LocalLight, LocalBasis)>,
    width: i32,
    height: i32,
}

/// Pixels of one object, and the triangles that are seen there.
#[derive(Debug)]
pub(super) struct Batch {
    screen: [Lanes; 2],
    /// From the first corner to the eye.
    to_eye: [Lanes; 3],
    edges: [[Lanes; 3]; 2],
    normals: [[Lanes; 3]; 3],
}

/// The colors of a batch, taken apart.
#[derive(Debug, Default)]
pub(super) struct Shades {
    /// In the light of all that casts no shadows.
    pub(super) base: [[u8; 3]; BATCH],
    /// What each light that casts shadows adds where there are none.
    pub(super) shadowed: Vec<Shade>,
}

/// What a light that casts shadows adds to a batch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shade {
    pub(super) color: [[u8; 3]; BATCH],
    /// Where to look for shadows; meaningless where nothing is added.
    pub(super) receivers: [Receiver; BATCH],
}

/// Where rays meet triangles.
struct Intersection {
    /// Interpolated unit normal.
    normal: [Lanes; 3],
    /// Normal of the triangle, of any length.
    face: [Lanes; 3],
    /// Distance from the eye in units of the ray.
    reach: Lanes,
}

impl ObjectShader {
    /// Prepares for the pixels of one object. `bases` holds those of the lights that cast shadows; where it is empty, no light
    /// does.
    pub(super) fn set(
        &mut self,
        projection: &Projection,
        (scene, poses): (&SceneModel, &ScenePoses),
        (material, pose): (&Material, &Pose),
        bases: &[Basis],
    ) {
        let local = |direction| vector::into_frame(&pose.rotation, direction);
        let p = projection;
        self.ray = [
            vector::narrow(local(p.forward)),
            vector::narrow(vector::scale(local(p.right), 1.0 / p.focal)),
            vector::narrow(vector::scale(local(p.down), 1.0 / p.focal)),
        ];
        self.eye = vector::narrow(local(vector::sub(p.position, pose.position)));
        (self.width, self.height) = (p.width, p.height);
        let [r, g, b, _] = material.rgba;
        let color = [r, g, b];
        self.base = color.map(|channel| channel * material.emission);
        self.lights.clear();
        self.shadowed.clear();
        let headlight = LightPose {
            position: p.position,
            direction: p.forward,
        };
        let headlight = scene.headlight.iter().map(|light| (light, &headlight));
        for (index, (light, at)) in headlight
            .map(|lit| (None, lit))
            .chain((0..).map(Some).zip(scene.lights.iter().zip(&poses.lights)))
        {
            if !light.active {
                continue;
            }
            let along = bases.iter().find(|basis| Some(basis.light) == index);
            let (specular, shininess) = (material.specular, material.shininess);
            if let Some(along) = along {
                let lit = LocalLight::new(light, at, pose, color, specular, shininess);
                self.shadowed.push((lit, along.local(pose)));
                continue;
            }
            let mut light = light.clone();
            if light.kind == LightKind::Directional {
                // The same everywhere, so it is added once.
                for (base, ambient) in self.base.iter_mut().zip(times(light.ambient, color)) {
                    *base += ambient;
                }
                light.ambient = [0.0; 3];
            }
            let lit = LocalLight::new(&light, at, pose, color, specular, shininess);
            self.lights.push(lit);
        }
    }

    /// The batch for some pixels (column, row) and the surfaces seen there; at most [`BATCH`], the rest of it is padding.
    pub(super) fn gather<'a>(
        &self,
        pixels: impl Iterator<Item = ([i32; 2], &'a Surface)>,
        batch: &mut Batch,
    ) {
        for (lane, ([column, row], surface)) in pixels.take(BATCH).enumerate() {
            batch.screen[0][lane] = as_f32(center(column, self.width));
            batch.screen[1][lane] = as_f32(center(row, self.height));
            let [a, b, c] = surface.corners;
            for axis in 0..3 {
                batch.to_eye[axis][lane] = self.eye[axis] - a[axis];
                batch.edges[0][axis][lane] = b[axis] - a[axis];
                batch.edges[1][axis][lane] = c[axis] - a[axis];
                for (corner, normal) in surface.normals.iter().enumerate() {
                    batch.normals[corner][axis][lane] = normal[axis];
                }
            }
        }
    }

    /// Colors of the batch.
    pub(super) fn shade(
        &self,
        batch: &Batch,
        texture: Option<(&Texture, &Mapping)>,
        shades: &mut Shades,
    ) {
        let ray = self.rays(batch);
        let met = intersect(batch, &ray);
        let view = normalized(&ray.map(|axis| axis.map(|component| -component)));
        let points = self.points(&ray, &met.reach);
        let texels = texture.map_or([[255.0; BATCH]; 3], |(texture, mapping)| {
            self.texels(texture, mapping, &ray, &met, &points)
        });
        let ground = Ground {
            normal: &met.normal,
            view: &view,
            facing: &dot(&met.normal, &view),
            points: &points,
        };
        let mut sum = self.base.map(|channel| [channel; BATCH]);
        for light in &self.lights {
            light.add_to(&mut sum, &ground);
        }
        shades.base = bytes(&sum, &texels);
        shades
            .shadowed
            .resize_with(self.shadowed.len(), Shade::default);
        for ((light, basis), shade) in self.shadowed.iter().zip(&mut shades.shadowed) {
            let mut sum = [[0.0; BATCH]; 3];
            light.add_to(&mut sum, &ground);
            shade.color = bytes(&sum, &texels);
            if shade.color != [[0; 3]; BATCH] {
                shade.receivers = basis.receivers(&points, &met.face);
            }
        }
    }

    fn rays(&self, batch: &Batch) -> [Lanes; 3] {
        let mut ray = [[0.0; BATCH]; 3];
        for axis in 0..3 {
            for lane in 0..BATCH {
                ray[axis][lane] = self.ray[0][axis]
                    + self.ray[1][axis] * batch.screen[0][lane]
                    + self.ray[2][axis] * batch.screen[1][lane];
            }
        }
        ray
    }

    /// Points on the surface: `reach` rays away from the eye.
    fn points(&self, ray: &[Lanes; 3], reach: &Lanes) -> [Lanes; 3] {
        let mut points = [[0.0; BATCH]; 3];
        for axis in 0..3 {
            for lane in 0..BATCH {
                points[axis][lane] = self.eye[axis] + ray[axis][lane] * reach[lane];
            }
        }
        points
    }

    /// What the lit color is multiplied by to become a byte, in `[0, 255]`.
    fn texels(
        &self,
        texture: &Texture,
        mapping: &Mapping,
        ray: &[Lanes; 3],
        met: &Intersection,
        points: &[Lanes; 3],
    ) -> [Lanes; 3] {
        let mut texels = [[0.0; BATCH]; 3];
        if let Some(color) = texture.flat() {
            return color.map(|channel| [f32::from(channel); BATCH]);
        }
        let along = dot(&met.face, ray);
        let growth = [1, 2].map(|side| {
            // Where the neighboring pixel's ray meets the plane of the triangle.
            let step = self.ray[side].map(|component| component * as_f32(SUBPIXELS));
            let mut growth = [[0.0; BATCH]; 3];
            let across = dot(&met.face, &step.map(|component| [component; BATCH]));
            for lane in 0..BATCH {
                let share = across[lane] / along[lane];
                for axis in 0..3 {
                    growth[axis][lane] = (step[axis] - ray[axis][lane] * share) * met.reach[lane];
                }
            }
            growth
        });
        for lane in 0..BATCH {
            let of = |vectors: &[Lanes; 3]| [0, 1, 2].map(|axis| vectors[axis][lane]);
            let (point, growth) = (of(points), [of(&growth[0]), of(&growth[1])]);
            let color = texture.look_up(&place(mapping, point, growth));
            for channel in 0..3 {
                texels[channel][lane] = color[channel] * (1.0 / 65_536.0);
            }
        }
        texels
    }
}

/// Where a point of an object is in its texture.
fn place(mapping: &Mapping, point: Vec3f, growth: [Vec3f; 2]) -> Place {
    match mapping {
        Mapping::Planar { s, t } => {
            let along = |row: &[f32; 4], v: Vec3f| row[0] * v[0] + row[1] * v[1] + row[2] * v[2];
            let at = [s, t].map(|row| along(row, point) + row[3]);
            Place::planar(
                at,
                growth.map(|growth| [along(s, growth), along(t, growth)]),
            )
        }
        Mapping::Cube { scale } => Place::cube(
            times(*scale, point),
            growth.map(|growth| times(*scale, growth)),
        ),
    }
}

/// The color of the sky behind a pixel (column, row).
pub(super) fn sky(projection: &Projection, texture: &Texture, [column, row]: [i32; 2]) -> [u8; 3] {
    if let Some(color) = texture.flat() {
        return color;
    }
    let p = projection;
    // MuJoCo's sky is turned by 90° about x.
    let turned = |[x, y, z]: Vec3f| [x, z, -y];
    let forward = vector::narrow(p.forward);
    let [right, down] = [p.right, p.down]
        .map(|axis| vector::narrow(vector::scale(axis, f64::from(SUBPIXELS) / p.focal)));
    let across = as_f32(center(column, p.width)) * (1.0 / as_f32(SUBPIXELS));
    let along = as_f32(center(row, p.height)) * (1.0 / as_f32(SUBPIXELS));
    let direction = [0, 1, 2].map(|axis| forward[axis] + right[axis] * across + down[axis] * along);
    let place = Place::cube(turned(direction), [turned(right), turned(down)]);
    texture
        .look_up(&place)
        .map(|channel| byte(channel * (1.0 / 65_536.0)))
}

impl Default for Batch {
    fn default() -> Self {
        let zero = [[0.0; BATCH]; 3];
        Self {
            screen: [[0.0; BATCH]; 2],
            to_eye: zero,
            edges: [zero; 2],
            normals: [zero; 3],
        }
    }
}

fn intersect(batch: &Batch, ray: &[Lanes; 3]) -> Intersection {
    // Möller–Trumbore: the share of the second and third corner, and the distance, as quotients of triple products.
    let [second_edge, third_edge] = &batch.edges;
    let across = cross(ray, third_edge);
    let around = cross(&batch.to_eye, second_edge);
    let determinant = dot(second_edge, &across);
    let mut second = dot(&batch.to_eye, &across);
    let mut third = dot(ray, &around);
    let mut reach = dot(third_edge, &around);
    for lane in 0..BATCH {
        let inverse = 1.0 / determinant[lane];
        second[lane] = clamped(second[lane] * inverse);
        third[lane] = clamped(third[lane] * inverse);
        reach[lane] *= inverse;
    }
    let mut normal = [[0.0; BATCH]; 3];
    for (axis, component) in normal.iter_mut().enumerate() {
        let [at_first, at_second, at_third] = [0, 1, 2].map(|corner| &batch.normals[corner][axis]);
        for lane in 0..BATCH {
            let first = positive(1.0 - second[lane] - third[lane]);
            component[lane] = at_first[lane] * first
                + at_second[lane] * second[lane]
                + at_third[lane] * third[lane];
        }
    }
    Intersection {
        normal: normalized(&normal),
        face: cross(second_edge, third_edge),
        reach,
    }
}

/// Colors as bytes, `[lane][channel]`: the light, clamped, times the texture.
fn bytes(sum: &[Lanes; 3], texels: &[Lanes; 3]) -> [[u8; 3]; BATCH] {
    let mut bytes = [[0; 3]; BATCH];
    for channel in 0..3 {
        for lane in 0..BATCH {
            bytes[lane][channel] = byte(clamped(sum[channel][lane]) * texels[channel][lane]);
        }
    }
    bytes
}

/// A channel in `[0, 255]` as a byte: `⌊c + ½⌋`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number lies in [0.5, 255.5]; truncation is the rule"
)]
pub(super) fn byte(channel: f32) -> u8 {
    (channel + 0.5) as i32 as u8
}

/// Exact: screen coordinates have at most 14 binary digits.
fn as_f32(coordinate: i32) -> f32 {
    coordinate as f32
}
