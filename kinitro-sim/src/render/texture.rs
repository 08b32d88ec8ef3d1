//! Textures: images on surfaces, with a pyramid of halved sizes.
//!
//! Bytes are used as they are, without any decoding: MuJoCo lights and blends them so. A look-up takes the size that comes
//! closest to that of the pixel and blends the four nearest texels, with weights of 8 bits in integers.

use super::vector::Vec3f;
use crate::Error;

/// Largest side of a texture in texels.
const LARGEST_SIDE: u32 = 1 << 13;

/// What shape a texture has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One image that repeats along both axes.
    Planar,
    /// Six square images, in OpenGL's order: +x, −x, +y, −y, +z, −z.
    Cube,
}

/// An image, or the six of a cube, at all sizes down to one texel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texture {
    layout: Layout,
    levels: Box<[Level]>,
    /// The color of all texels, if they have one.
    flat: Option<[u8; 3]>,
}

/// Where in a texture to look, and how large the pixel is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// The image.
    face: usize,
    /// Right and down, in sides of the image.
    at: [f32; 2],
    /// The square of the larger extent of the pixel, right or down on the screen, in sides of the image for each axis.
    square: [[f32; 2]; 2],
}

impl Place {
    /// In a planar texture, from the coordinates and their growth per pixel to the right and down.
    pub(super) fn planar(at: [f32; 2], growth: [[f32; 2]; 2]) -> Self {
        Self {
            face: 0,
            at: at.map(fraction),
            square: growth.map(|growth| growth.map(|part| part * part)),
        }
    }

    /// In a cube texture, from a direction and its growth per pixel to the right and down.
    pub(super) fn cube(direction: Vec3f, growth: [Vec3f; 2]) -> Self {
        let size = direction.map(f32::abs);
        let axis = match (size[0] >= size[1], size[0] >= size[2], size[1] >= size[2]) {
            (true, true, _) => 0,
            (false, _, true) => 1,
            _ => 2,
        };
        let negative = direction[axis] < 0.0;
        // Right and down of each image as axes of the cube and their signs; OpenGL's table of cube map faces.
        let (right, right_sign, down, down_sign) = match (axis, negative) {
            (0, false) => (2, -1.0, 1, -1.0),
            (0, true) => (2, 1.0, 1, -1.0),
            (1, false) => (0, 1.0, 2, 1.0),
            (1, true) => (0, 1.0, 2, -1.0),
            (_, false) => (0, 1.0, 1, -1.0),
            (_, true) => (0, -1.0, 1, -1.0),
        };
        let outward = if negative { -1.0 } else { 1.0 };
        let inverse = 0.5 / size[axis];
        let at = [
            right_sign * direction[right] * inverse,
            down_sign * direction[down] * inverse,
        ];
        let square = growth.map(|growth| {
            let away = 2.0 * outward * growth[axis];
            let along = [
                (right_sign * growth[right] - at[0] * away) * inverse,
                (down_sign * growth[down] - at[1] * away) * inverse,
            ];
            along.map(|part| part * part)
        });
        Self {
            face: 2 * axis + usize::from(negative),
            at: at.map(|part| part + 0.5),
            square,
        }
    }
}

/// A texture at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Level {
    width: u32,
    height: u32,
    /// Red, green, blue and 0 of each texel, row by row; one image after the other. A cube whose images are equal has one.
    texels: Box<[[u8; 4]]>,
}

impl Texture {
    /// A texture that repeats; `rgb` holds its rows from the top.
    ///
    /// # Errors
    /// [`Error::UnsuitableMesh`] if a side is not in `1..=8192` or the length is not that of the image.
    pub fn planar(width: u32, height: u32, rgb: &[u8]) -> Result<Self, Error> {
        Self::new(Layout::Planar, [width, height], &[rgb])
    }

    /// A cube with the same image on all sides, or with six images one after the other; rows from the top.
    ///
    /// # Errors
    /// As [`planar`](Self::planar).
    pub fn cube(side: u32, rgb: &[u8]) -> Result<Self, Error> {
        let area = (side as usize).saturating_mul(side as usize);
        let images: Vec<_> = rgb.chunks(area.saturating_mul(3).max(1)).collect();
        match images.len() {
            1 | 6 => Self::new(Layout::Cube, [side, side], &images),
            _ => Err(unsuitable(
                "a cube texture that has neither one image nor six",
            )),
        }
    }

    fn new(layout: Layout, [width, height]: [u32; 2], images: &[&[u8]]) -> Result<Self, Error> {
        let sides = 1..=LARGEST_SIDE;
        if !(sides.contains(&width) && sides.contains(&height)) {
            return Err(unsuitable("a texture whose side is not in 1..=8192"));
        }
        let bytes = width as usize * height as usize * 3;
        if images.iter().any(|image| image.len() != bytes) {
            return Err(unsuitable(
                "a texture whose length is not that of its image",
            ));
        }
        let texels = images.iter().flat_map(|image| image.as_chunks::<3>().0);
        let mut levels = vec![Level {
            width,
            height,
            texels: texels.map(|&[r, g, b]| [r, g, b, 0]).collect(),
        }];
        while let Some(last) = levels.last()
            && last.width.max(last.height) > 1
        {
            levels.push(last.halved());
        }
        let first = levels[0].texels[0];
        let is_flat = levels[0].texels.iter().all(|&texel| texel == first);
        Ok(Self {
            layout,
            levels: levels.into(),
            flat: is_flat.then_some([first[0], first[1], first[2]]),
        })
    }

    /// The color of all texels, if they have one: every look-up gives it.
    pub(super) fn flat(&self) -> Option<[u8; 3]> {
        self.flat
    }

    /// The color at a place, in 1/65536 of a byte: integers below 2²⁴.
    pub(super) fn look_up(&self, place: &Place) -> [f32; 3] {
        let top = &self.levels[0];
        let square = [top.width as f32, top.height as f32].map(|side| side * side);
        let [right, down] = place.square.map(|[s, t]| s * square[0] + t * square[1]);
        let level = level(if right > down { right } else { down });
        let [r, g, b, _] = self.levels[level.min(self.levels.len() - 1)].blend(self.layout, place);
        [r, g, b]
    }

    /// What shape it has.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Width and height of one of its images.
    pub fn size(&self) -> [u32; 2] {
        [self.levels[0].width, self.levels[0].height]
    }

    /// Mean over all texels, in `[0, 1]`.
    pub fn mean(&self) -> [f32; 3] {
        let texels = &self.levels[0].texels;
        [0, 1, 2].map(|channel| {
            let sum: u64 = texels.iter().map(|texel| u64::from(texel[channel])).sum();
            #[expect(clippy::cast_possible_truncation, reason = "one rounding to f32")]
            let mean = (sum as f64 / (255.0 * texels.len() as f64)) as f32;
            mean
        })
    }
}

/// The level whose texels come closest to the size of a pixel, from the square of the pixel's extent in texels of level 0.
///
/// Half the logarithm to base 2, rounded; exponent and mantissa as a straight line stand for the logarithm.
fn level(square: f32) -> usize {
    let bits = square.to_bits().cast_signed() - 1.0_f32.to_bits().cast_signed();
    // What is not a number and infinity are beyond the last level.
    ((bits.max(0).cast_unsigned() + (1 << 23)) >> 24) as usize
}

/// What a number is above the next lower integer, in `[0, 1]`.
fn fraction(number: f32) -> f32 {
    let rest = number - whole(number);
    if rest < 0.0 { rest + 1.0 } else { rest }
}

/// The integer toward zero; for magnitudes beyond 2³¹, where all numbers are integers, some other.
fn whole(number: f32) -> f32 {
    truncated(number) as f32
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "truncation toward zero is the rule; it saturates"
)]
fn truncated(number: f32) -> i32 {
    number as i32
}

impl Level {
    /// The mean of the four texels around a place, by distance, in 1/65536 of a byte. All numbers are integers that f32 holds.
    fn blend(&self, layout: Layout, place: &Place) -> [f32; 4] {
        let axis = |at: f32, side: u32| {
            // From the center of the first texel on, in 1/256 of a texel.
            let at = truncated(at * (side * 256) as f32).saturating_sub(128);
            let (first, share) = (at >> 8, at & 255);
            let side = side.cast_signed();
            let inside = |texel: i32| match layout {
                Layout::Cube => texel.clamp(0, side - 1),
                Layout::Planar if texel < 0 => side - 1,
                Layout::Planar if texel >= side => 0,
                Layout::Planar => texel,
            };
            let texels = [inside(first), inside(first + 1)].map(i32::cast_unsigned);
            (texels, [(256 - share) as f32, share as f32])
        };
        let ([left, right], across) = axis(place.at[0], self.width);
        let ([above, below], along) = axis(place.at[1], self.height);
        let area = (self.width * self.height) as usize;
        let start = if self.texels.len() > area {
            place.face * area
        } else {
            0
        };
        let texel = |column: u32, row: u32| {
            self.texels[start + (row * self.width + column) as usize].map(f32::from)
        };
        let (a, b) = (texel(left, above), texel(right, above));
        let (c, d) = (texel(left, below), texel(right, below));
        let mut blend = [0.0; 4];
        for channel in 0..4 {
            let upper = a[channel] * across[0] + b[channel] * across[1];
            let lower = c[channel] * across[0] + d[channel] * across[1];
            blend[channel] = upper * along[0] + lower * along[1];
        }
        blend
    }

    /// Half the size, rounded down but not to 0: each texel is the mean of two by two, halves rounded up. Of an odd side the last
    /// row or column goes nowhere.
    fn halved(&self) -> Self {
        let (width, height) = ((self.width / 2).max(1), (self.height / 2).max(1));
        let (right, below) = (u32::from(self.width > 1), u32::from(self.height > 1));
        let area = (self.width * self.height) as usize;
        let images = self.texels.chunks(area);
        let texels = images.flat_map(|image| {
            (0..width * height).map(move |index| {
                let (column, row) = (index % width * (1 + right), index / width * (1 + below));
                let at = |x: u32, y: u32| image[(y * self.width + x) as usize];
                let corners = [
                    at(column, row),
                    at(column + right, row),
                    at(column, row + below),
                    at(column + right, row + below),
                ];
                [0, 1, 2, 3].map(|channel| {
                    let sum: u16 = corners.iter().map(|texel| u16::from(texel[channel])).sum();
                    u8::try_from((sum + 2) / 4).expect("a mean of bytes is a byte")
                })
            })
        });
        Self {
            width,
            height,
            texels: texels.collect(),
        }
    }
}

fn unsuitable(reason: &'static str) -> Error {
    Error::UnsuitableMesh { reason }
}

#[cfg(test)]
mod tests;
