//! An episode as a strip of frames in one JPEG file, for the report's player.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use kinitro_core::protocol::policy::Image;
use kinitro_core::units::ImageSize;

use super::sheet::{MAX_KEPT, Moment, Moments, middle};
use crate::evaluate::Error;
use crate::evaluate::lineup::Lineup;

/// Most frames of a reel: everything that is kept of an episode, and its end.
const MAX_FRAMES: usize = MAX_KEPT + 1;
/// Fewest frames of a reel: start, middle and end.
const MIN_FRAMES: usize = 3;
/// Images with a longer side are reduced by a whole factor, pixels.
const MAX_SIDE: u32 = 128;
/// Pixels of all reels of a report together: full reels of 84 × 84 from two cameras for 6 policies in 8 environments.
///
/// Compressed, a pixel takes about one and a half bits, and a third more as text: below 6 MB.
const MAX_PIXELS: usize = MAX_FRAMES * 84 * 84 * 2 * 6 * 8;
/// Of 100. What is left out is mostly the sensor's noise, which a lossless format spends five times as much on.
const QUALITY: u8 = 75;

/// Frames of one episode below each other: first all of the first camera, then all of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reel {
    /// The steps that the frames show, ascending; at least one.
    pub steps: Vec<u16>,
    /// Position in `steps` of the middle of the episode.
    pub middle: usize,
    /// Size of every frame.
    pub size: ImageSize,
    /// The picture, `steps.len()` × cameras frames high.
    pub jpeg: Vec<u8>,
}

/// Frames of each reel, so that a report stays small whatever is evaluated; 0 where there is no room for any.
///
/// It depends on what is evaluated alone, not on how episodes end, so that reels can be drawn as episodes finish.
pub(super) fn frames_each(lineup: &Lineup<'_>) -> usize {
    let views = lineup.participants().iter().map(|policy| &policy.view);
    let moment: usize = views
        .map(|view| view.cameras.len() * reduced(view.size).rgb_len() / 3)
        .sum();
    let frames = MAX_PIXELS / (moment * lineup.settings().envs.len()).max(1);
    if frames < MIN_FRAMES {
        return 0;
    }
    frames.min(MAX_FRAMES)
}

impl Reel {
    /// Draws at most `max_frames` of the instants kept; `None` without images, and where that is 0.
    ///
    /// # Errors
    /// [`Error::EncodeReel`] if the encoder refuses.
    pub fn new(moments: &Moments, max_frames: usize) -> Result<Option<Self>, Error> {
        let instants = thinned(moments.instants(), max_frames);
        let (Some((_, first)), Some((end, _))) = (instants.first(), instants.last()) else {
            return Ok(None);
        };
        let size = reduced(first[0].size());
        let mut rgb = Vec::with_capacity(size.rgb_len() * first.len() * instants.len());
        for camera in 0..first.len() {
            for (_, moment) in &instants {
                reduce(&moment[camera], size, &mut rgb);
            }
        }
        let steps: Vec<u16> = instants.iter().map(|(step, _)| *step).collect();
        let jpeg = encode(size, first.len() * instants.len(), &rgb)?;
        let middle = middle(steps.iter().copied(), *end).expect("there is a last step");
        Ok(Some(Self {
            steps,
            middle,
            size,
            jpeg,
        }))
    }
}

/// At most `most` of `instants`, evenly spread, the first and the last among them.
fn thinned(instants: Vec<(u16, &Moment)>, most: usize) -> Vec<(u16, &Moment)> {
    if instants.len() <= most {
        return instants;
    }
    let last = instants.len() - 1;
    let spread = (0..most).map(|frame| instants[frame * last / (most - 1).max(1)]);
    spread.collect()
}

/// By what whole factor images of this size are reduced.
fn factor(size: ImageSize) -> u32 {
    size.width().max(size.height()).div_ceil(MAX_SIDE)
}

/// The size of frames made from images of this size.
fn reduced(size: ImageSize) -> ImageSize {
    let pixels = |full: u32| (full / factor(size)).max(1);
    ImageSize::new(pixels(size.width()), pixels(size.height())).expect("smaller than a valid size")
}

/// Appends `image` reduced to `size`: each pixel the rounded mean of a square; what is left over at the edges is cut off.
fn reduce(image: &Image, size: ImageSize, rgb: &mut Vec<u8>) {
    let factor = factor(image.size());
    if factor == 1 {
        rgb.extend_from_slice(image.rgb());
        return;
    }
    // An extreme aspect ratio leaves a short side that is no whole square high: the square is cut then.
    let (across, down) = (
        factor.min(image.size().width()),
        factor.min(image.size().height()),
    );
    let channel = |x: u32, y: u32, channel: u32| {
        let at = (y * image.size().width() + x) * 3 + channel;
        u32::from(image.rgb()[at as usize])
    };
    for y in 0..size.height() {
        for x in 0..size.width() {
            for c in 0..3 {
                let square = (0..down).flat_map(|dy| (0..across).map(move |dx| (dx, dy)));
                let sum: u32 = square
                    .map(|(dx, dy)| channel(x * factor + dx, y * factor + dy, c))
                    .sum();
                let mean = (sum + across * down / 2) / (across * down);
                rgb.push(u8::try_from(mean).expect("a mean of bytes is a byte"));
            }
        }
    }
}

fn encode(size: ImageSize, frames: usize, rgb: &[u8]) -> Result<Vec<u8>, Error> {
    let short =
        |side: usize| u16::try_from(side).expect("some dozens of frames of at most 128 rows");
    let (width, height) = (size.width() as usize, size.height() as usize * frames);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_optimized_huffman_tables(true);
    encoder
        .encode(rgb, short(width), short(height), ColorType::Rgb)
        .map_err(|source| Error::EncodeReel { source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use kinitro_core::protocol::policy::{CameraName, Observation};

    use jpeg_decoder::Decoder;

    use super::*;

    /// Moments of an episode whose pixels carry the step number, seen by two cameras, the second one brighter by 100.
    fn moments(last: u16, size: ImageSize) -> Moments {
        let mut moments = Moments::default();
        for step in 0..=last {
            let image = |camera, brighter: u8| {
                let shade = u8::try_from(step / 4).unwrap() + brighter;
                Image::new(camera, size, vec![shade; size.rgb_len()]).unwrap()
            };
            let images = vec![
                image(CameraName::Corner, 0),
                image(CameraName::Gripper, 100),
            ];
            let observation = Observation {
                proprio: [0.0; 4],
                images,
            };
            moments.see(step, &observation);
        }
        moments
    }

    #[test]
    fn a_reel_goes_from_start_to_end_camera_by_camera() {
        for (last, most) in [(0, 33), (1, 33), (31, 33), (62, 33), (500, 33), (500, 3)] {
            // Frames of whole blocks, which take nothing from their neighbors.
            let size = ImageSize::new(32, 32).unwrap();
            let reel = Reel::new(&moments(last, size), most).unwrap().unwrap();
            let (first, end) = (reel.steps[0], *reel.steps.last().unwrap());
            assert_eq!((first, end), (0, last));
            assert!(reel.steps.is_sorted_by(|a, b| a < b) && reel.steps.len() <= most);
            assert!(reel.steps[reel.middle].abs_diff(last / 2) <= 8);
            let mut decoder = Decoder::new(&reel.jpeg[..]);
            let rgb = decoder.decode().unwrap();
            let (info, frames) = (decoder.info().unwrap(), reel.steps.len());
            assert_eq!(
                (info.width, usize::from(info.height)),
                (32, 32 * 2 * frames)
            );
            for (position, frame) in rgb.chunks_exact(size.rgb_len()).enumerate() {
                let shade = u8::try_from(reel.steps[position % frames] / 4).unwrap();
                let brighter = if position < frames { 0 } else { 100 };
                assert!(
                    frame
                        .iter()
                        .all(|byte| byte.abs_diff(shade + brighter) <= 2)
                );
            }
        }
        let none = Reel::new(&moments(9, ImageSize::DEFAULT), 0).unwrap();
        assert_eq!(none, None);
    }

    #[test]
    fn large_images_are_averaged() {
        let size = ImageSize::new(224, 130).unwrap();
        // Columns of 0 and 101 in turns: every square of 2 × 2 has the mean 50.5.
        let columns: Vec<u8> = (0..size.rgb_len())
            .map(|byte| if byte / 3 % 2 == 0 { 0 } else { 101 })
            .collect();
        let image = Image::new(CameraName::Corner, size, columns).unwrap();
        let small = reduced(size);
        assert_eq!((small.width(), small.height()), (112, 65));
        let mut rgb = Vec::new();
        reduce(&image, small, &mut rgb);
        assert_eq!(rgb, vec![51; small.rgb_len()]);
    }
}
