//! One episode at a glance: its images at start, middle and end, as one PNG.

use kinitro_core::protocol::policy::{Image, Observation};

use crate::evaluate::Error;
use crate::picture::png_file;

/// Moments kept while an episode runs; every second one is dropped when there are more.
pub(super) const MAX_KEPT: usize = 32;
/// An image is enlarged by the largest whole factor that keeps it within this many pixels.
const TARGET_SIDE: u32 = 256;
/// Width of the lines between and around images, pixels.
const SEPARATOR: usize = 4;
/// Color of the separators: light, so that dark images stay apart.
const SEPARATOR_RGB: [u8; 3] = [232, 232, 232];

/// The images of one instant, in the order of the cameras.
pub(super) type Moment = Vec<Image>;

/// Collects what a picture sheet shows, in bounded memory: the first, the last and about the middle instant.
///
/// The end is not known beforehand, so instants are kept at a stride that doubles whenever there are too many;
/// the middle shown is within half a stride (at most 8 of 500 steps) of the true one.
#[derive(Debug)]
pub struct Moments {
    stride: u16,
    kept: Vec<(u16, Moment)>,
    last: (u16, Moment),
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            stride: 1,
            kept: Vec::new(),
            last: (0, Moment::new()),
        }
    }
}

impl Moments {
    /// Whether the images of `step` are kept if it is not the last.
    pub fn keeps(&self, step: u16) -> bool {
        step.is_multiple_of(self.stride)
    }

    /// Takes note of the observation at `step`; called for every step from 0 on, or for those that are kept and the last.
    pub fn see(&mut self, step: u16, observation: &Observation) {
        self.last.0 = step;
        self.last.1.clone_from(&observation.images);
        if !self.keeps(step) {
            return;
        }
        if self.kept.len() == MAX_KEPT {
            self.stride *= 2;
            let stride = self.stride;
            self.kept.retain(|(kept, _)| kept.is_multiple_of(stride));
        }
        if self.keeps(step) {
            self.kept.push((step, observation.images.clone()));
        }
    }

    /// The instants kept with their steps, from the first to the last, which is always among them; none without images.
    pub(super) fn instants(&self) -> Vec<(u16, &Moment)> {
        let (end, last) = &self.last;
        if last.is_empty() {
            return Vec::new();
        }
        let before = self.kept.iter().filter(|(step, _)| step < end);
        let kept = before.map(|(step, moment)| (*step, moment));
        kept.chain([(*end, last)]).collect()
    }

    /// Draws the sheet: one row per camera, one column each for start, middle and end; encoded as PNG.
    ///
    /// `None` if there were no images.
    ///
    /// # Errors
    /// [`Error::EncodePicture`] if the encoder refuses.
    pub fn sheet(&self) -> Result<Option<Vec<u8>>, Error> {
        let (end, last) = &self.last;
        if last.is_empty() {
            return Ok(None);
        }
        let steps = self.kept.iter().map(|(step, _)| *step);
        let Some(middle) = middle(steps, *end) else {
            return Ok(None);
        };
        let (start, middle) = (&self.kept[0].1, &self.kept[middle].1);
        let sheet = Sheet::compose(&[start, middle, last]);
        encode(sheet.width, sheet.height, &sheet.rgb).map(Some)
    }
}

/// Position of the step that is nearest to the middle of an episode that ended at `end`; the earlier of two.
pub(super) fn middle(steps: impl IntoIterator<Item = u16>, end: u16) -> Option<usize> {
    let distance = |step: u16| (i32::from(step) * 2 - i32::from(end)).abs();
    let steps = steps.into_iter().enumerate();
    let nearest = steps.min_by_key(|(_, step)| distance(*step));
    nearest.map(|(position, _)| position)
}

/// One image as PNG, as it is.
///
/// # Errors
/// [`Error::EncodePicture`] if the encoder refuses.
pub fn encode_png(image: &Image) -> Result<Vec<u8>, Error> {
    encode(
        image.size().width() as usize,
        image.size().height() as usize,
        image.rgb(),
    )
}

fn encode(width: usize, height: usize, rgb: &[u8]) -> Result<Vec<u8>, Error> {
    let side = |pixels: usize| {
        u32::try_from(pixels).expect("a picture is a few images of at most 4096 pixels a side")
    };
    png_file((side(width), side(height)), rgb, |_| {})
        .map_err(|source| Error::EncodePicture { source })
}

/// An RGB picture under construction, rows from the top.
struct Sheet {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Sheet {
    /// Lays out `columns` of images side by side; every column has the same cameras and sizes.
    fn compose(columns: &[&Moment]) -> Self {
        let size = columns[0][0].size();
        let factor = (TARGET_SIDE / size.width().max(size.height())).max(1) as usize;
        let (cell_width, cell_height) = (
            size.width() as usize * factor,
            size.height() as usize * factor,
        );
        let width = columns.len() * (cell_width + SEPARATOR) + SEPARATOR;
        let height = columns[0].len() * (cell_height + SEPARATOR) + SEPARATOR;
        let mut sheet = Self {
            width,
            height,
            rgb: SEPARATOR_RGB.repeat(width * height),
        };
        for (column, moment) in columns.iter().enumerate() {
            for (row, image) in moment.iter().enumerate() {
                let left = SEPARATOR + column * (cell_width + SEPARATOR);
                let top = SEPARATOR + row * (cell_height + SEPARATOR);
                sheet.draw(image, left, top, factor);
            }
        }
        sheet
    }

    /// Draws `image` enlarged by `factor` with its top left corner at (`left`, `top`).
    fn draw(&mut self, image: &Image, left: usize, top: usize, factor: usize) {
        let row_len = image.size().width() as usize * 3;
        for (y, row) in image.rgb().chunks_exact(row_len).enumerate() {
            let wide: Vec<u8> = row
                .as_chunks::<3>()
                .0
                .iter()
                .flat_map(|pixel| pixel.repeat(factor))
                .collect();
            for repeat in 0..factor {
                let start = ((top + y * factor + repeat) * self.width + left) * 3;
                self.rgb[start..start + wide.len()].copy_from_slice(&wide);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use kinitro_core::protocol::policy::CameraName;
    use kinitro_core::units::ImageSize;

    use super::*;

    /// An observation whose pixels all carry the step number.
    fn observation(step: u16) -> Observation {
        let size = ImageSize::new(2, 2).unwrap();
        let shade = u8::try_from(step / 2).unwrap();
        let image = |camera| Image::new(camera, size, vec![shade; size.rgb_len()]).unwrap();
        Observation {
            proprio: [0.0; 4],
            images: vec![image(CameraName::Corner), image(CameraName::Gripper)],
        }
    }

    /// Width, height and pixels of a picture file.
    pub(in super::super) fn decode(png: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        (info.width, info.height, rgb)
    }

    #[test]
    fn a_sheet_shows_start_middle_and_end() {
        for last in [0_u16, 1, 31, 32, 33, 100, 500] {
            let mut moments = Moments::default();
            for step in 0..=last {
                moments.see(step, &observation(step));
            }
            assert!(moments.kept.len() <= MAX_KEPT);
            let (width, height, rgb) = decode(&moments.sheet().unwrap().unwrap());
            let cell = 256 + SEPARATOR;
            assert_eq!(
                (width as usize, height as usize),
                (3 * cell + SEPARATOR, 2 * cell + SEPARATOR)
            );
            let at = |x: usize, y: usize| rgb[(y * width as usize + x) * 3];
            let shown: Vec<u8> = (0..3)
                .map(|column| at(SEPARATOR + column * cell, SEPARATOR))
                .collect();
            assert_eq!(shown[0], 0);
            assert!(
                shown[1].abs_diff(u8::try_from(last / 4).unwrap()) <= 4,
                "{last}: {shown:?}"
            );
            assert_eq!(shown[2], u8::try_from(last / 2).unwrap());
            assert_eq!(at(0, 0), SEPARATOR_RGB[0]);
            assert_eq!(
                at(SEPARATOR, SEPARATOR + cell),
                0,
                "second camera below the first"
            );
        }
    }

    #[test]
    fn without_images_there_is_no_sheet() {
        let mut moments = Moments::default();
        moments.see(
            0,
            &Observation {
                proprio: [0.0; 4],
                images: Vec::new(),
            },
        );
        assert!(moments.sheet().unwrap().is_none());
    }
}
