//! One light on the surface of one object: OpenGL's fixed function (ambient, Lambert, Blinn–Phong with a local viewer), per pixel.

#![expect(
    clippy::needless_range_loop,
    reason = "the same lane of several arrays is meant everywhere"
)]

use super::lanes::{BATCH, Lanes, clamped, dot, normalized, positive, power};
use super::scene::{Light, LightKind, LightPose, Pose};
use super::spec::FULL_SHININESS;
use super::vector::{self, Vec3f};

/// A light in the frame of an object, its colors times those of the surface.
#[derive(Debug)]
pub(super) struct LocalLight {
    ambient: Vec3f,
    diffuse: Vec3f,
    specular: Vec3f,
    /// Of the surface.
    exponent: u32,
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

/// Squares of lengths below this one have no direction.
const LEAST_SQUARE: f32 = 1e-12;

/// What a light falls on.
pub(super) struct Ground<'a> {
    pub(super) normal: &'a [Lanes; 3],
    /// Unit vectors toward the viewer.
    pub(super) view: &'a [Lanes; 3],
    /// Cosines between the two.
    pub(super) facing: &'a Lanes,
    pub(super) points: &'a [Lanes; 3],
}

impl LocalLight {
    /// A light on an object of some color and specular strength.
    pub(super) fn new(
        light: &Light,
        at: &LightPose,
        pose: &Pose,
        color: Vec3f,
        specular: f32,
        shininess: f32,
    ) -> Self {
        let local = |direction| vector::into_frame(&pose.rotation, direction);
        let direction = vector::normalized(local(at.direction));
        let kind = match light.kind {
            LightKind::Directional => {
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
        Self {
            ambient: times(light.ambient, color),
            diffuse: times(light.diffuse, color),
            specular: light.specular.map(|channel| channel * specular),
            exponent: rounded(shininess * FULL_SHININESS),
            kind,
        }
    }

    /// Adds what the surface sends to the viewer of this light.
    pub(super) fn add_to(&self, sum: &mut [Lanes; 3], ground: &Ground<'_>) {
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
                ground.points,
            ),
        };
        let lambert = dot(ground.normal, &toward).map(positive);
        let highlight = self.highlight(&toward, &lambert, ground);
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

    /// The highlight where the light falls on the front, 0 elsewhere.
    fn highlight(&self, toward: &[Lanes; 3], lambert: &Lanes, ground: &Ground<'_>) -> Lanes {
        // Neither shortcut changes a result: what is skipped is multiplied by 0.
        let none = lambert.iter().fold(0.0, |sum, lambert| sum + lambert) == 0.0;
        if none || self.specular == [0.0; 3] {
            return [0.0; BATCH];
        }
        // The cosine between the normal and the sum of both directions, whose square is 2 + 2 cos of the angle between them.
        let between = dot(toward, ground.view);
        let mut aligned = [0.0; BATCH];
        for lane in 0..BATCH {
            let square = 2.0 + 2.0 * between[lane];
            let cosine = (lambert[lane] + ground.facing[lane]) / square.sqrt();
            aligned[lane] = if square > LEAST_SQUARE {
                clamped(cosine)
            } else {
                0.0
            };
        }
        let mut highlight = power(&aligned, self.exponent);
        for lane in 0..BATCH {
            highlight[lane] = if lambert[lane] > 0.0 {
                highlight[lane]
            } else {
                0.0
            };
        }
        highlight
    }
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

pub(super) fn times(a: Vec3f, b: Vec3f) -> Vec3f {
    [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
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
