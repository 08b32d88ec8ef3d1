//! The payload of a pixel (which object, which triangle), and lists of pixels by object.

use super::raster::{Hit, Target};
use super::spec::TRIANGLE_BITS;

/// Payload of an object's first triangle: the number of the object above, that of the triangle below.
pub(super) fn payload_base(object: usize) -> u32 {
    u32::try_from(object << TRIANGLE_BITS).expect("a scene holds at most 4096 objects")
}

pub(super) fn object_of(payload: u32) -> usize {
    (payload >> TRIANGLE_BITS) as usize
}

pub(super) fn triangle_of(payload: u32) -> usize {
    (payload & ((1 << TRIANGLE_BITS) - 1)) as usize
}

/// The pixels of a picture, listed by object.
#[derive(Debug, Default)]
pub(super) struct PixelLists {
    list: Vec<u32>,
    /// Where the list of each object begins; one more at the end.
    starts: Vec<usize>,
    next: Vec<usize>,
}

impl PixelLists {
    /// Lists the pixels that show something that is meant.
    pub(super) fn fill(&mut self, target: &Target, objects: usize, is_meant: impl Fn(Hit) -> bool) {
        self.starts.clear();
        self.starts.resize(objects + 1, 0);
        for hit in target.hits().flatten().filter(|&hit| is_meant(hit)) {
            self.starts[object_of(hit.payload) + 1] += 1;
        }
        for object in 0..objects {
            self.starts[object + 1] += self.starts[object];
        }
        self.list.clear();
        // As much as any picture of this size needs.
        self.list.reserve(target.pixel_count());
        self.list.resize(self.starts[objects], 0);
        self.next.clear();
        self.next.extend_from_slice(&self.starts);
        for (pixel, hit) in (0_u32..).zip(target.hits()) {
            if let Some(hit) = hit.filter(|&hit| is_meant(hit)) {
                let next = &mut self.next[object_of(hit.payload)];
                self.list[*next] = pixel;
                *next += 1;
            }
        }
    }

    pub(super) fn of(&self, object: usize) -> &[u32] {
        &self.list[self.starts[object]..self.starts[object + 1]]
    }
}
