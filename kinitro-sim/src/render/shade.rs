//! The color of what is visible: surface point, normal and light, for one pixel at a time but computed in batches.
//!
//! Everything happens in the frame of the object, so that neither corners nor normals need to be transformed: the ray of the pixel
//! and the lights are brought there once per object. The light model is OpenGL's fixed function (ambient, Lambert, Blinn–Phong with
//! a local viewer), evaluated per pixel: sum over the lights, clamped to 1, times the texture.
//! Each light's Lambert and highlight terms of a batch stand side by side in [`LocalLight::add_to`]; a shadow term multiplies both.

#![expect(
    clippy::needless_range_loop,
    reason = "the same lane of several arrays is meant everywhere"
)]

use super::camera::Projection;
use super::lanes::{BATCH, Lanes, clamped, cross, dot, normalized, positive, power};
use super::mesh::Surface;
use super::raster::center;
use super::scene::{Light, LightKind, LightPose, Material, Pose, SceneModel, ScenePoses};
use super::spec::FULL_SHININESS;
use super::vector::{self, Vec3f};

/// One object under the lights of a scene, in its own frame.
#[derive(Debug, Default)]
pub(super) struct ObjectShader {
    /// Direction of the ray through the center of the picture, and its growth per sub-pixel unit to the right and down.
    ray: [Vec3f; 3],
    eye: Vec3f,
    /// Emission and ambient light.
    base: Vec3f,
    modulation: Vec3f,
    exponent: u32,
    lights: Vec<LocalLight>,
    width: i32,
    height: i32,
}

#[derive(Debug)]
struct LocalLight {
    /// Times the color of the surface.
    ambient: Vec3f,
    /// Times the color of the surface.
    diffuse: Vec3f,
    /// Times the specular strength of the surface.
    specular: Vec3f,
    kind: LocalKind,
}

#[derive(Debug)]
enum LocalKind {
    /// Unit vector toward the light.
    Directional(Vec3f),
    Spot {
        position: Vec3f,
        axis: Vec3f,
        attenuation: [f32; 3],
        cos_cutoff: f32,
        exponent: u32,
    },
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

impl ObjectShader {
    /// Prepares for the pixels of one object.
    pub(super) fn set(
        &mut self,
        projection: &Projection,
        scene: &SceneModel,
        poses: &ScenePoses,
        material: &Material,
        pose: &Pose,
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
        self.modulation = material
            .texture
            .as_ref()
            .map_or([1.0; 3], |texture| texture.mean);
        self.exponent = rounded(material.shininess * FULL_SHININESS);
        self.base = color.map(|channel| channel * material.emission);
        self.lights.clear();
        let headlight = LightPose {
            position: p.position,
            direction: p.forward,
        };
        let lights = scene.lights.iter().zip(&poses.lights);
        for (light, light_pose) in scene
            .headlight
            .iter()
            .map(|light| (light, &headlight))
            .chain(lights)
        {
            if light.active {
                self.add_light(light, light_pose, pose, color, material.specular);
            }
        }
    }

    fn add_light(
        &mut self,
        light: &Light,
        at: &LightPose,
        pose: &Pose,
        color: Vec3f,
        specular: f32,
    ) {
        let local = |direction| vector::into_frame(&pose.rotation, direction);
        let mut ambient = times(light.ambient, color);
        let direction = vector::normalized(local(at.direction));
        let kind = match light.kind {
            LightKind::Directional => {
                for (base, ambient) in self.base.iter_mut().zip(ambient) {
                    *base += ambient;
                }
                ambient = [0.0; 3];
                LocalKind::Directional(vector::narrow(vector::scale(direction, -1.0)))
            }
            LightKind::Spot {
                attenuation,
                cutoff,
                exponent,
            } => LocalKind::Spot {
                position: vector::narrow(local(vector::sub(at.position, pose.position))),
                axis: vector::narrow(direction),
                attenuation,
                cos_cutoff: libm::cosf(cutoff.min(std::f32::consts::PI)),
                exponent: rounded(exponent),
            },
        };
        self.lights.push(LocalLight {
            ambient,
            diffuse: times(light.diffuse, color),
            specular: light.specular.map(|channel| channel * specular),
            kind,
        });
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

    /// Colors of the batch as bytes, `[lane][channel]`.
    pub(super) fn shade(&self, batch: &Batch) -> [[u8; 3]; BATCH] {
        let ray = self.rays(batch);
        let (normal, reach) = hit(batch, &ray);
        let view = normalized(&ray.map(|axis| axis.map(|component| -component)));
        let mut sum = self.base.map(|channel| [channel; BATCH]);
        for light in &self.lights {
            light.add_to(&mut sum, &normal, &view, self.exponent, || {
                self.points(&ray, &reach)
            });
        }
        let mut bytes = [[0; 3]; BATCH];
        for channel in 0..3 {
            let modulation = self.modulation[channel];
            for lane in 0..BATCH {
                bytes[lane][channel] = byte(clamped(sum[channel][lane]) * modulation);
            }
        }
        bytes
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

impl LocalLight {
    /// Adds what the surface sends to the viewer of this light.
    fn add_to(
        &self,
        sum: &mut [Lanes; 3],
        normal: &[Lanes; 3],
        view: &[Lanes; 3],
        exponent: u32,
        points: impl Fn() -> [Lanes; 3],
    ) {
        let (toward, strength) = match &self.kind {
            LocalKind::Directional(toward) => (toward.map(|axis| [axis; BATCH]), [1.0; BATCH]),
            LocalKind::Spot {
                position,
                axis,
                attenuation,
                cos_cutoff,
                exponent,
            } => spot(
                *position,
                *axis,
                *attenuation,
                *cos_cutoff,
                *exponent,
                &points(),
            ),
        };
        let mut half = [[0.0; BATCH]; 3];
        for axis in 0..3 {
            for lane in 0..BATCH {
                half[axis][lane] = toward[axis][lane] + view[axis][lane];
            }
        }
        let lambert = dot(normal, &toward).map(positive);
        let aligned = dot(normal, &normalized(&half)).map(positive);
        let mut highlight = power(&aligned, exponent);
        for lane in 0..BATCH {
            highlight[lane] = if lambert[lane] > 0.0 {
                highlight[lane]
            } else {
                0.0
            };
        }
        for channel in 0..3 {
            let (ambient, diffuse, specular) = (
                self.ambient[channel],
                self.diffuse[channel],
                self.specular[channel],
            );
            for lane in 0..BATCH {
                let reflected = ambient + diffuse * lambert[lane] + specular * highlight[lane];
                sum[channel][lane] += reflected * strength[lane];
            }
        }
    }
}

/// Where rays meet triangles: the interpolated unit normal there, and the distance in units of the ray.
fn hit(batch: &Batch, ray: &[Lanes; 3]) -> ([Lanes; 3], Lanes) {
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
    (normalized(&normal), reach)
}

/// Direction toward a spot light, and what arrives of it.
fn spot(
    position: Vec3f,
    axis: Vec3f,
    attenuation: [f32; 3],
    cos_cutoff: f32,
    exponent: u32,
    points: &[Lanes; 3],
) -> ([Lanes; 3], Lanes) {
    let mut offset = [[0.0; BATCH]; 3];
    for k in 0..3 {
        for lane in 0..BATCH {
            offset[k][lane] = position[k] - points[k][lane];
        }
    }
    let toward = normalized(&offset);
    let off_axis = dot(&toward, &axis.map(|component| [-component; BATCH]));
    let mut strength = power(&off_axis.map(positive), exponent);
    let square = dot(&offset, &offset);
    for lane in 0..BATCH {
        let distance = square[lane].sqrt();
        let divisor = attenuation[0] + attenuation[1] * distance + attenuation[2] * square[lane];
        let inside = off_axis[lane] >= cos_cutoff;
        strength[lane] = if inside && divisor > 0.0 {
            strength[lane] / divisor
        } else {
            0.0
        };
    }
    (toward, strength)
}

fn times(a: Vec3f, b: Vec3f) -> Vec3f {
    [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
}

/// A channel in `[0, 1]` as a byte: `⌊255 c + ½⌋`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number lies in [0.5, 255.5]; truncation is the rule"
)]
pub(super) fn byte(channel: f32) -> u8 {
    (channel * 255.0 + 0.5) as i32 as u8
}

/// An exponent in `[0, 128]`, rounded to an integer.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is in [0.5, 128.5]"
)]
fn rounded(exponent: f32) -> u32 {
    (exponent.clamp(0.0, FULL_SHININESS) + 0.5) as u32
}

/// Exact: screen coordinates have at most 14 binary digits.
fn as_f32(coordinate: i32) -> f32 {
    coordinate as f32
}
