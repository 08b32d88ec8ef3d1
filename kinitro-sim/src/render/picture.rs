//! The two results of drawing: bytes, and what is seen at each pixel. Both know which way up the picture is delivered.

use super::camera::Orientation;
use super::keys::object_of;
use super::raster::{Hit, Target};
use super::scene::{Object, ObjectId};
use super::shade::byte;

/// What is seen at each pixel of the last picture.
#[derive(Debug)]
pub struct Layers<'a> {
    pub(super) opaque: &'a Target,
    /// Where something is transparent, the nearest surface at each pixel; otherwise empty.
    pub(super) front: &'a [Option<Hit>],
    pub(super) objects: &'a [Object],
    pub(super) width: usize,
    pub(super) orientation: Orientation,
}

impl Layers<'_> {
    /// The object at a pixel (transparent ones count), none where the background is.
    ///
    /// # Panics
    /// Outside the picture.
    pub fn object(&self, column: usize, row: usize) -> Option<ObjectId> {
        self.hit(column, row)
            .map(|hit| self.objects[object_of(hit.payload)].id)
    }

    /// Distance along the view to what is seen at a pixel, in meters; infinite where the background is.
    ///
    /// # Panics
    /// Outside the picture.
    pub fn depth(&self, column: usize, row: usize) -> f32 {
        self.hit(column, row)
            .map_or(f32::INFINITY, |hit| 1.0 / hit.q)
    }

    fn hit(&self, column: usize, row: usize) -> Option<Hit> {
        assert!(
            column < self.width,
            "column {column} is outside the picture"
        );
        let pixel = delivered(
            row * self.width + column,
            self.opaque.pixel_count(),
            self.orientation,
        );
        if self.front.is_empty() {
            self.opaque.hit(pixel)
        } else {
            self.front[pixel]
        }
    }
}

/// The bytes of a picture, addressed by the pixels of the camera.
pub(super) struct Canvas<'a> {
    pub(super) rgb: &'a mut [u8],
    pub(super) orientation: Orientation,
}

impl Canvas<'_> {
    pub(super) fn clear(&mut self, background: [f32; 3]) {
        let color = background.map(|channel| byte(channel.clamp(0.0, 1.0)));
        for pixel in self.rgb.as_chunks_mut::<3>().0 {
            *pixel = color;
        }
    }

    fn pixel(&mut self, index: usize) -> &mut [u8; 3] {
        let (pixels, _) = self.rgb.as_chunks_mut::<3>();
        let count = pixels.len();
        &mut pixels[delivered(index, count, self.orientation)]
    }

    pub(super) fn set(&mut self, index: usize, color: [u8; 3]) {
        *self.pixel(index) = color;
    }

    pub(super) fn blend(&mut self, index: usize, color: [u8; 3], opacity: u8) {
        let (front, back) = (u32::from(opacity), u32::from(255 - opacity));
        for (old, new) in self.pixel(index).iter_mut().zip(color) {
            let mixed = (u32::from(new) * front + u32::from(*old) * back + 127) / 255;
            *old = u8::try_from(mixed).expect("a weighted mean of bytes is a byte");
        }
    }
}

/// Where a pixel of the camera stands in the delivered picture, and the other way round.
fn delivered(pixel: usize, count: usize, orientation: Orientation) -> usize {
    match orientation {
        Orientation::AsMounted => pixel,
        Orientation::Turned => count - 1 - pixel,
    }
}
