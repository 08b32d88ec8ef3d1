//! The two results of drawing: bytes, and what is seen at each pixel. Both know which way up the picture is delivered.

use super::Shot;
use super::camera::Orientation;
use super::keys::object_of;
use super::raster::{Hit, Target};
use super::scene::{Object, ObjectId};

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

    /// Writes what a shot wants besides colors.
    pub(super) fn write(&self, shot: &mut Shot<'_>) {
        let hit = |index| self.hit_at(index);
        for (index, depth) in shot.depth.iter_mut().flat_map(|all| &mut **all).enumerate() {
            *depth = hit(index).map_or(f32::INFINITY, |hit| 1.0 / hit.q);
        }
        let segments = shot.segmentation.iter_mut().flat_map(|all| &mut **all);
        for (index, segment) in segments.enumerate() {
            *segment = hit(index).map_or(ObjectId::NOTHING, |hit| {
                self.objects[object_of(hit.payload)].id.segment()
            });
        }
    }

    fn hit(&self, column: usize, row: usize) -> Option<Hit> {
        assert!(
            column < self.width,
            "column {column} is outside the picture"
        );
        self.hit_at(row * self.width + column)
    }

    /// By the number of a pixel in the delivered picture.
    fn hit_at(&self, index: usize) -> Option<Hit> {
        let pixel = delivered(index, self.opaque.pixel_count(), self.orientation);
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
