//! What a sensor does to a finished picture: now and then a blur, a gain, and noise.
//!
//! Pictures are changed byte by byte, in integers. Noise is a table of `GRAINS` normal numbers per episode, of which every run of
//! `RUN` bytes reads a piece from a place of its own: a normal number per byte and step would take longer than the step itself.
//! What happens to a picture depends on the miner's key, the step and the camera alone, not on which pictures were taken before.
//!
//! With the episode's number `F` (the fourth of the stream) and `mix`, the output function of `SplitMix64` (Steele, Lea and Flood
//! 2014) on 64-bit integers that wrap:
//!
//! ```text
//! R   = mix(F + (256 · step + camera + 1) · 0x9E3779B97F4A7C15)      camera: its number in the model
//! blurred if (R >> 11) · 2⁻⁵³ < probability: each channel ⌊(Σ weight · neighbor + 8) / 16⌋, weights [1 2 1; 2 4 2; 1 2 1],
//!           pixels beyond the edge equal to those at it
//! gain g  = ⌊1024 · (gain − 1) + ½⌋
//! grain n = ⌊1024 · σ · normal + ½⌋, σ in steps of the byte
//! byte i of run k = clamp(b + ⌊(b · g + n[o + i] + 512) / 1024⌋, 0, 255), o = mix(R + (k + 1) · 0x9E3779B97F4A7C15) >> 53
//! ```

use kinitro_core::protocol::policy::Image;
use kinitro_core::record::scene::SceneGroup;
use kinitro_core::seed::Draws;

use super::Insert;

/// Largest standard deviation of the noise, in steps of a byte.
const MAX_SIGMA: f64 = 2.0;
/// The gain of all channels.
const GAIN: [f64; 2] = [0.95, 1.05];
/// Largest share of the pictures of an episode that are blurred.
const MAX_BLUR: f64 = 0.2;

/// Binary digits of gain and noise below one step of a byte. With one more, sums would leave 16 bits.
const FRACTION: u32 = 10;
const ONE: f64 = 1024.0;
const HALF: i16 = 512;

/// Normal numbers of an episode.
const GRAINS: usize = 1 << GRAIN_BITS;
const GRAIN_BITS: u32 = 11;
/// Bytes of a picture that read neighboring numbers.
const RUN: usize = 256;
/// The increment of `SplitMix64`.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A drawn sensor.
///
/// | order in the stream | value |
/// |---|---|
/// | 1 | standard deviation of the noise, in steps of a byte |
/// | 2 | gain |
/// | 3 | share of pictures that are blurred |
/// | 4 | the number that pictures are told apart by |
/// | 5 … 2052 | the table of normal numbers |
#[derive(Debug, Clone)]
pub struct Sensor {
    sigma: f64,
    gain: f64,
    blur: f64,
    frames: u64,
    /// The stream from the fifth value on. The table is drawn for those only who take pictures.
    grains: Draws,
}

impl PartialEq for Sensor {
    /// The table follows from the stream, which the fourth value stands for.
    fn eq(&self, other: &Self) -> bool {
        let numbers = |it: &Self| (it.sigma, it.gain, it.blur, it.frames);
        numbers(self) == numbers(other)
    }
}

impl Sensor {
    pub(super) fn draw(mut draws: Draws) -> Self {
        Self {
            sigma: draws.uniform(0.0, MAX_SIGMA),
            gain: draws.uniform(GAIN[0], GAIN[1]),
            blur: draws.uniform(0.0, MAX_BLUR),
            frames: draws.next_u64(),
            grains: draws,
        }
    }

    pub(super) fn record(&self, insert: &mut Insert<'_>) {
        insert(SceneGroup::Sensor, "noise_sigma", &[self.sigma / 255.0]);
        insert(SceneGroup::Sensor, "gain", &[self.gain]);
        insert(SceneGroup::Sensor, "blur_probability", &[self.blur]);
    }
}

/// A sensor ready to take pictures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Film {
    gain: i16,
    blur: f64,
    frames: u64,
    /// The table, its first [`RUN`] numbers again after its end.
    grains: Box<[i16]>,
}

impl Film {
    pub(super) fn of(sensor: &Sensor) -> Self {
        let mut draws = sensor.grains.clone();
        let scale = ONE * sensor.sigma;
        let mut grains: Vec<i16> = (0..GRAINS)
            .map(|_| rounded(scale * draws.normal()))
            .collect();
        grains.extend_from_within(..RUN);
        Self {
            gain: rounded(ONE * (sensor.gain - 1.0)),
            blur: sensor.blur,
            frames: sensor.frames,
            grains: grains.into(),
        }
    }

    /// Changes a picture that was taken by camera number `camera` of the model, after `step` control steps.
    pub(super) fn expose(
        &self,
        step: u32,
        camera: usize,
        image: &mut Image,
        scratch: &mut Scratch,
    ) {
        let index = (u64::from(step) << 8) + camera as u64 + 1;
        let random = mix(self.frames.wrapping_add(index.wrapping_mul(GOLDEN)));
        if ((random >> 11) as f64) < self.blur * (1_u64 << 53) as f64 {
            let row = 3 * image.size().width() as usize;
            scratch.blur(image.rgb_mut(), row);
        }
        self.grain(random, image.rgb_mut());
    }

    fn grain(&self, random: u64, rgb: &mut [u8]) {
        let mut place = random;
        for run in rgb.chunks_mut(RUN) {
            place = place.wrapping_add(GOLDEN);
            let offset =
                usize::try_from(mix(place) >> (64 - GRAIN_BITS)).expect("eleven binary digits fit");
            for (byte, grain) in run.iter_mut().zip(&self.grains[offset..]) {
                // Within 16 bits: |b · g| ≤ 255 · 51 and |n| < 1024 · 2 · 8.6, the largest normal number there is.
                let value = i16::from(*byte);
                let change = (value * self.gain + grain + HALF) >> FRACTION;
                #[expect(clippy::cast_sign_loss, reason = "clamped to a byte")]
                let changed = (value + change).clamp(0, 255) as u8;
                *byte = changed;
            }
        }
    }
}

/// Buffers of the blur.
#[derive(Debug, Default)]
pub struct Scratch {
    sharp: Vec<u8>,
    /// A row summed over its neighbors above and below, with its first and last pixel twice.
    sums: Vec<u16>,
}

impl Scratch {
    /// `row` is the number of bytes of a row.
    fn blur(&mut self, rgb: &mut [u8], row: usize) {
        self.sharp.clear();
        self.sharp.extend_from_slice(rgb);
        self.sums.resize(row + 6, 0);
        let rows = rgb.len() / row;
        for (y, blurred) in rgb.chunks_exact_mut(row).enumerate() {
            let line = |y: usize| &self.sharp[y * row..][..row];
            let (above, here) = (line(y.saturating_sub(1)), line(y));
            let below = line((y + 1).min(rows - 1));
            for (x, sum) in self.sums[3..row + 3].iter_mut().enumerate() {
                *sum = u16::from(above[x]) + 2 * u16::from(here[x]) + u16::from(below[x]);
            }
            self.sums.copy_within(3..6, 0);
            self.sums.copy_within(row..row + 3, row + 3);
            let sums = self.sums.iter().zip(&self.sums[3..]).zip(&self.sums[6..]);
            for (byte, ((left, middle), right)) in blurred.iter_mut().zip(sums) {
                let sum = left + 2 * middle + right;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a weighted mean of bytes is a byte"
                )]
                let mean = ((sum + 8) >> 4) as u8;
                *byte = mean;
            }
        }
    }
}

fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// The nearest integer, halves up.
fn rounded(number: f64) -> i16 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "below 2048 · 8.6, which 16 bits hold"
    )]
    let integer = (number + 0.5).floor() as i16;
    integer
}

#[cfg(test)]
mod tests {
    use kinitro_core::protocol::policy::CameraName;
    use kinitro_core::units::ImageSize;

    use super::*;

    fn film(sigma: f64, gain: f64, blur: f64) -> Film {
        let mut sensor = Sensor::draw(Draws::from_key([7; 32], 3));
        (sensor.sigma, sensor.gain, sensor.blur) = (sigma, gain, blur);
        Film::of(&sensor)
    }

    fn gray(level: u8) -> Image {
        let size = ImageSize::DEFAULT;
        Image::new(CameraName::Corner, size, vec![level; size.rgb_len()]).unwrap()
    }

    fn exposed(film: &Film, step: u32, mut image: Image) -> Vec<u8> {
        film.expose(step, 1, &mut image, &mut Scratch::default());
        image.into_rgb()
    }

    fn moments(bytes: &[u8]) -> (f64, f64) {
        let count = bytes.len() as f64;
        let mean = bytes.iter().map(|&byte| f64::from(byte)).sum::<f64>() / count;
        let square = |&byte: &u8| (f64::from(byte) - mean) * (f64::from(byte) - mean);
        (mean, (bytes.iter().map(square).sum::<f64>() / count).sqrt())
    }

    #[test]
    fn noise_has_the_drawn_spread_and_no_mean() {
        let noisy = film(2.0, 1.0, 0.0);
        let mut all = Vec::new();
        for step in 0..20 {
            all.extend(exposed(&noisy, step, gray(100)));
        }
        let (mean, sigma) = moments(&all);
        // Rounding to bytes adds a twelfth to the variance.
        assert!((mean - 100.0).abs() < 0.1, "{mean}");
        assert!(
            (sigma - (4.0_f64 + 1.0 / 12.0).sqrt()).abs() < 0.1,
            "{sigma}"
        );
    }

    #[test]
    fn no_noise_and_no_gain_leave_a_picture_alone() {
        let clean = film(0.0, 1.0, 0.0);
        for level in [0, 1, 127, 255] {
            assert_eq!(exposed(&clean, 3, gray(level)), gray(level).rgb());
        }
    }

    #[test]
    fn gain_is_rounded_as_written() {
        let bright = film(0.0, 1.05, 0.0);
        // ⌊(200 · 51 + 512) / 1024⌋ = 10.
        assert!(
            exposed(&bright, 0, gray(200))
                .iter()
                .all(|&byte| byte == 210)
        );
        assert!(
            exposed(&bright, 0, gray(255))
                .iter()
                .all(|&byte| byte == 255)
        );
        // ⌊(200 · −51 + 512) / 1024⌋ = −10.
        let dark = film(0.0, 0.95, 0.0);
        assert!(exposed(&dark, 0, gray(200)).iter().all(|&byte| byte == 190));
    }

    #[test]
    fn extremes_stay_within_sixteen_bits() {
        let mut extreme = film(2.0, 1.05, 1.0);
        for grain in [rounded(-2048.0 * 8.6), rounded(2048.0 * 8.6)] {
            extreme.grains.fill(grain);
            for level in [0, 255] {
                let changed = exposed(&extreme, 0, gray(level));
                assert!(changed.iter().all(|&byte| byte == changed[0]));
            }
        }
    }

    #[test]
    fn blur_spreads_a_dot_as_the_kernel_says() {
        let mut image = gray(0);
        let row = 3 * 84;
        image.rgb_mut()[10 * row + 3 * 20] = 160;
        image.rgb_mut()[0] = 160;
        let blurred = exposed(&film(0.0, 1.0, 1.0), 0, image);
        let at = |x: usize, y: usize| blurred[y * row + 3 * x];
        assert_eq!(
            [at(20, 10), at(19, 10), at(20, 11), at(21, 9)],
            [40, 20, 20, 10]
        );
        assert_eq!(at(22, 10), 0);
        // At the corner the dot is its own neighbor: (4 + 2 + 2 + 1) / 16.
        assert_eq!([at(0, 0), at(1, 0), at(1, 1)], [90, 30, 10]);
    }

    #[test]
    fn blur_comes_as_often_as_drawn() {
        let film = film(0.0, 1.0, 0.2);
        let mut image = gray(0);
        image.rgb_mut()[3000] = 200;
        let sharp = image.rgb().to_vec();
        let blurred = (0..500)
            .filter(|&step| exposed(&film, step, image.clone()) != sharp)
            .count();
        assert!((70..130).contains(&blurred), "{blurred} of 500");
    }

    #[test]
    fn pictures_differ_by_step_and_camera_and_by_nothing_else() {
        let film = film(1.0, 1.0, 0.1);
        let by_camera = |camera| {
            let mut image = gray(90);
            film.expose(4, camera, &mut image, &mut Scratch::default());
            image.into_rgb()
        };
        let one = exposed(&film, 4, gray(90));
        assert_ne!(one, exposed(&film, 5, gray(90)));
        assert_ne!(one, by_camera(2));
        assert_eq!(one, by_camera(1));
    }
}
