//! Whether pictures show enough to act on: a small convolutional regressor, trained here in closed form, has to locate the object
//! and the goal in pictures of scenes that it has not seen.
//!
//! 1. *Features* of a pixel: means of colors over squares of four sizes around it, the ratio of its colors, where it is in the
//!    picture, and rectified random projections of all these: a convolution with fixed random weights.
//! 2. *Heat*: a ridge regression from features to "the object is here" (and another for the goal), per camera. In training it is told
//!    where in the picture they are; pixels that it then mistakes for them are added, and it is fitted again.
//! 3. *Place in the picture*: the mean position of the pixels around the hottest one, weighted by heat.
//! 4. *Place in the world*: a ridge regression to meters from these places in both pictures, their squares and products, and the
//!    places of everything else that is looked for. One of these is the hand, whose true place policies are told: how far it is
//!    from where it usually is in a picture tells how the camera stands.

use kinitro_core::protocol::policy::{CameraName, Image};
use kinitro_core::record::Level;
use kinitro_core::seed::Draws;
use kinitro_sim::env::Environment as _;
use kinitro_sim::looks::{Aspect, Dressed};
use kinitro_sim::metaworld::spec::TaskSpec;

use crate::looks::{Studio, episode_key};

/// What is to be located: the object and the goal.
pub const SUBJECTS: [&str; 2] = ["object", "goal"];
/// What is looked for in pictures: these and the hand.
const SOUGHT: usize = SUBJECTS.len() + 1;

/// The cameras that show both in every task: the default pair of the protocol's generations 0 and 2.
pub const CAMERAS: [CameraName; 2] = [CameraName::Corner, CameraName::Corner2];

/// Squares around a pixel, by the number of pixels to each side of it.
const REACHES: [usize; 4] = [0, 1, 3, 8];
/// Colors at four sizes, ratios of colors, place.
const BASE: usize = 3 * REACHES.len() + 3 + 2;
const RANDOM: usize = 48;
const FEATURES: usize = BASE + RANDOM + 1;
/// Pixels within this distance of the true place are to be hot.
const HOT: f64 = 1.5;
/// Pixels drawn per picture that are not.
const COLD: usize = 60;
/// Hottest wrong pixels that are learned in the second round, of every so many pictures.
const MISTAKES: usize = 24;
const EVERY: usize = 3;
/// Half-width of the square around the hottest pixel that its place is averaged over.
const AROUND: usize = 3;
/// Weight of the penalty, as a share of the mean diagonal of the normal equations.
const PENALTY: f64 = 1e-6;
/// A constant, two coordinates in two pictures of all that is sought, the place of the hand, and the squares and products of a
/// subject's own four.
const INPUTS: usize = 1 + 4 * SOUGHT + 3 + 10;

/// Who takes the pictures.
pub trait Photographer {
    /// The picture of the studio's present state through a camera, the scene dressed so.
    fn take(&mut self, studio: &mut Studio, dressed: &Dressed, camera: CameraName) -> Image;
}

/// Our own renderer, with the drawn sensor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ours;

impl Photographer for Ours {
    fn take(&mut self, studio: &mut Studio, dressed: &Dressed, camera: CameraName) -> Image {
        let [_, sensed] = studio.picture(dressed, camera, &[]);
        sensed
    }
}

/// Pictures of one scene, and where things are in it.
#[derive(Debug)]
pub struct Sample {
    views: [Plane; 2],
    /// By camera: where what is sought is in the picture, in pixels from the top left.
    seen: [[[f64; 2]; SOUGHT]; 2],
    /// Where it is, meters.
    places: [[f64; 3]; SOUGHT],
}

/// Pictures of the first states of episodes `episodes` of local seed `seed`.
///
/// # Panics
/// If a scene cannot be simulated or drawn.
pub fn samples(
    studio: &mut Studio,
    photographer: &mut dyn Photographer,
    level: Level,
    seed: u64,
    episodes: std::ops::Range<u64>,
) -> Vec<Sample> {
    let task: &'static TaskSpec = studio.env.task();
    episodes
        .map(|episode| {
            let looks = studio.begin(&episode_key(task, seed, episode), level);
            let dressed = studio.dress(&looks, &Aspect::ALL);
            let state = studio.env.privileged().0;
            let goal = studio.env.target().expect("an episode has begun");
            let hand = [state[0], state[1], state[2]];
            let places = [[state[4], state[5], state[6]], goal, hand];
            let views =
                CAMERAS.map(|camera| Plane::of(&photographer.take(studio, &dressed, camera)));
            let in_pictures = CAMERAS
                .map(|camera| places.map(|place| studio.place_in_picture(&dressed, camera, place)));
            Sample {
                views,
                seen: in_pictures,
                places,
            }
        })
        .collect()
}

/// Colors of a picture, summed from its corner on, so that the mean over any rectangle takes four of them.
#[derive(Debug)]
struct Plane {
    width: usize,
    height: usize,
    sums: Vec<[u32; 3]>,
}

impl Plane {
    fn of(image: &Image) -> Self {
        let (width, height) = (
            image.size().width() as usize,
            image.size().height() as usize,
        );
        let mut sums = vec![[0; 3]; (width + 1) * (height + 1)];
        for y in 0..height {
            let mut row = [0; 3];
            for x in 0..width {
                for channel in 0..3 {
                    row[channel] += u32::from(image.rgb()[3 * (y * width + x) + channel]);
                    sums[(y + 1) * (width + 1) + x + 1][channel] =
                        sums[y * (width + 1) + x + 1][channel] + row[channel];
                }
            }
        }
        Self {
            width,
            height,
            sums,
        }
    }

    /// Mean color of the square around a pixel, as far as it is in the picture; in `[0, 1]`.
    fn mean(&self, x: usize, y: usize, reach: usize) -> [f32; 3] {
        let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(self.width));
        let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(self.height));
        let at = |x: usize, y: usize| self.sums[y * (self.width + 1) + x];
        let area = (255 * (right - left) * (bottom - top)) as f32;
        let inner = [at(right, bottom), at(left, top)];
        let outer = [at(left, bottom), at(right, top)];
        [0, 1, 2].map(|channel| {
            let [added, taken] = [inner, outer].map(|[one, other]| one[channel] + other[channel]);
            (added - taken) as f32 / area
        })
    }

    fn pixels(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (width, height) = (self.width, self.height);
        (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)))
    }
}

/// The fixed random weights: per base feature, and a constant, one of each random feature.
#[derive(Debug)]
struct Filters([[f32; RANDOM]; BASE + 1]);

impl Filters {
    fn new() -> Self {
        let mut draws = Draws::from_key([0x70; 32], 0);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "any number near it would do"
        )]
        let mut row = || std::array::from_fn(|_| draws.normal() as f32);
        Self(std::array::from_fn(|_| row()))
    }

    fn features(&self, plane: &Plane, x: usize, y: usize) -> [f32; FEATURES] {
        let mut features = [0.0; FEATURES];
        let mut wider = plane.mean(x, y, REACHES[REACHES.len() - 1]);
        // From large to small, each but the largest as a difference from the next larger: what stands out from where it is.
        for (scale, reach) in REACHES.into_iter().enumerate().rev() {
            let mean = plane.mean(x, y, reach);
            for channel in 0..3 {
                features[3 * scale + channel] = if scale + 1 == REACHES.len() {
                    2.0 * mean[channel] - 1.0
                } else {
                    3.0 * (mean[channel] - wider[channel])
                };
            }
            wider = mean;
        }
        let color = plane.mean(x, y, 1);
        let sum = color[0] + color[1] + color[2] + 0.1;
        let ratios = 3 * REACHES.len();
        for channel in 0..3 {
            features[ratios + channel] = 6.0 * color[channel] / sum - 2.0;
        }
        features[ratios + 3] = 2.0 * x as f32 / plane.width as f32 - 1.0;
        features[ratios + 4] = 2.0 * y as f32 / plane.height as f32 - 1.0;
        let mut sums = self.0[BASE].map(|weight| 0.5 * weight);
        for (feature, weights) in features[..BASE].iter().zip(&self.0) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += weight * feature;
            }
        }
        for (random, sum) in features[BASE..].iter_mut().zip(sums) {
            *random = sum.max(0.0);
        }
        features[FEATURES - 1] = 1.0;
        features
    }
}

/// Sums of a ridge regression with `N` inputs.
#[derive(Debug)]
struct Ridge<const N: usize> {
    squares: Vec<[f64; N]>,
    products: Vec<Vec<f64>>,
}

impl<const N: usize> Ridge<N> {
    fn new(outputs: usize) -> Self {
        Self {
            squares: vec![[0.0; N]; N],
            products: vec![vec![0.0; N]; outputs],
        }
    }

    fn add(&mut self, inputs: &[f64; N], outputs: &[f64]) {
        for (row, &input) in self.squares.iter_mut().zip(inputs) {
            for (sum, other) in row.iter_mut().zip(inputs) {
                *sum += input * other;
            }
        }
        for (products, output) in self.products.iter_mut().zip(outputs) {
            for (product, input) in products.iter_mut().zip(inputs) {
                *product += input * output;
            }
        }
    }

    /// The weights of each output, by Cholesky decomposition.
    fn solve(&self) -> Vec<[f64; N]> {
        let mut lower = self.squares.clone();
        let trace: f64 = (0..N).map(|index| lower[index][index]).sum();
        for (index, row) in lower.iter_mut().enumerate() {
            row[index] += PENALTY * trace / N as f64 + f64::MIN_POSITIVE;
        }
        for row in 0..N {
            for column in 0..=row {
                let known: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
                let rest = lower[row][column] - known;
                lower[row][column] = if row == column {
                    rest.sqrt()
                } else {
                    rest / lower[column][column]
                };
            }
        }
        let solve = |products: &Vec<f64>| {
            let mut weights = [0.0; N];
            for row in 0..N {
                let known: f64 = (0..row).map(|k| lower[row][k] * weights[k]).sum();
                weights[row] = (products[row] - known) / lower[row][row];
            }
            for row in (0..N).rev() {
                let known: f64 = (row + 1..N).map(|k| lower[k][row] * weights[k]).sum();
                weights[row] = (weights[row] - known) / lower[row][row];
            }
            weights
        };
        self.products.iter().map(solve).collect()
    }
}

/// A fitted probe of one task.
#[derive(Debug)]
pub struct Probe {
    filters: Filters,
    /// By camera and what is sought.
    heat: [[[f32; FEATURES]; SOUGHT]; 2],
    /// By subject and axis.
    world: [Vec<[f64; INPUTS]>; 2],
    /// Mean places of the subjects in training: the guess of one who sees nothing.
    blind: [[f64; 3]; 2],
}

impl Probe {
    /// Fits a probe.
    pub fn fit(samples: &[Sample]) -> Self {
        let filters = Filters::new();
        let heat = [0, 1].map(|camera| fit_heat(&filters, samples, camera));
        let mut probe = Self {
            filters,
            heat,
            world: [Vec::new(), Vec::new()],
            blind: [0, 1].map(|subject| {
                let sum = samples.iter().fold([0.0; 3], |sum: [f64; 3], sample| {
                    [0, 1, 2].map(|axis| sum[axis] + sample.places[subject][axis])
                });
                sum.map(|sum| sum / samples.len() as f64)
            }),
        };
        let mut sums = [Ridge::new(3), Ridge::new(3)];
        for sample in samples {
            let found = probe.in_pictures(sample);
            for (subject, sums) in sums.iter_mut().enumerate() {
                let inputs = inputs(&found, subject, sample);
                sums.add(&inputs, &sample.places[subject]);
            }
        }
        probe.world = sums.map(|sums| sums.solve());
        probe
    }

    /// How far the probe is off, by subject, meters; and how far one is who sees nothing.
    pub fn errors(&self, sample: &Sample) -> [[f64; 2]; 2] {
        let found = self.in_pictures(sample);
        [0, 1].map(|subject| {
            let inputs = inputs(&found, subject, sample);
            let off = |axis: usize, guess: f64| guess - sample.places[subject][axis];
            let length = |off: [f64; 3]| off.iter().map(|off| off * off).sum::<f64>().sqrt();
            let seeing = [0, 1, 2].map(|axis| {
                let weights = &self.world[subject][axis];
                let guess = weights.iter().zip(&inputs).map(|(w, x)| w * x).sum();
                off(axis, guess)
            });
            let blind = [0, 1, 2].map(|axis| off(axis, self.blind[subject][axis]));
            [length(seeing), length(blind)]
        })
    }

    /// Of all that is sought: x and y in the first picture, then in the second, from −1 to 1.
    fn in_pictures(&self, sample: &Sample) -> [[f64; 4]; SOUGHT] {
        let mut found = [[0.0; 4]; SOUGHT];
        for (camera, plane) in sample.views.iter().enumerate() {
            let maps = heat_maps(&self.filters, &self.heat[camera], plane);
            for (sought, map) in maps.iter().enumerate() {
                let [x, y] = hottest(map, plane.width);
                found[sought][2 * camera] = 2.0 * x / plane.width as f64 - 1.0;
                found[sought][2 * camera + 1] = 2.0 * y / plane.height as f64 - 1.0;
            }
        }
        found
    }
}

fn heat_maps(
    filters: &Filters,
    weights: &[[f32; FEATURES]; SOUGHT],
    plane: &Plane,
) -> [Vec<f32>; SOUGHT] {
    let mut maps = [const { Vec::new() }; SOUGHT];
    for (x, y) in plane.pixels() {
        let features = filters.features(plane, x, y);
        for (map, weights) in maps.iter_mut().zip(weights) {
            map.push(features.iter().zip(weights).map(|(a, b)| a * b).sum());
        }
    }
    maps
}

/// The mean place around the hottest pixel, in pixels from the top left.
fn hottest(map: &[f32], width: usize) -> [f64; 2] {
    let by_heat = |a: &(usize, &f32), b: &(usize, &f32)| a.1.total_cmp(b.1);
    let (peak, _) = map
        .iter()
        .enumerate()
        .max_by(by_heat)
        .expect("a picture has pixels");
    let (x, y) = (peak % width, peak / width);
    let height = map.len() / width;
    let mut sums = [0.0; 3];
    for row in y.saturating_sub(AROUND)..(y + AROUND + 1).min(height) {
        for column in x.saturating_sub(AROUND)..(x + AROUND + 1).min(width) {
            let heat = f64::from(map[row * width + column]).max(0.0);
            let weight = heat * heat;
            sums[0] += weight * (column as f64 + 0.5);
            sums[1] += weight * (row as f64 + 0.5);
            sums[2] += weight;
        }
    }
    if sums[2] > 0.0 {
        [sums[0] / sums[2], sums[1] / sums[2]]
    } else {
        [x as f64 + 0.5, y as f64 + 0.5]
    }
}

fn fit_heat(filters: &Filters, samples: &[Sample], camera: usize) -> [[f32; FEATURES]; SOUGHT] {
    let mut draws = Draws::from_key([0x71; 32], camera as u64);
    let mut sums = Ridge::<FEATURES>::new(SOUGHT);
    let add = |sums: &mut Ridge<FEATURES>, sample: &Sample, pixel: (usize, usize)| {
        let (x, y) = pixel;
        let features = filters.features(&sample.views[camera], x, y);
        let hot = sample.seen[camera].map(|place| f64::from(distance(pixel, place) <= HOT));
        sums.add(&features.map(f64::from), &hot);
    };
    for sample in samples {
        let plane = &sample.views[camera];
        for place in sample.seen[camera] {
            let near = |pixel: &(usize, usize)| distance(*pixel, place) <= 2.0 * HOT;
            for pixel in plane.pixels().filter(near) {
                add(&mut sums, sample, pixel);
            }
        }
        for _ in 0..COLD {
            let [x, y] = [plane.width, plane.height].map(|side| {
                usize::try_from(draws.below(side as u64)).expect("below the side of a picture")
            });
            add(&mut sums, sample, (x, y));
        }
    }
    let first = narrow(&sums);
    for sample in samples.iter().step_by(EVERY) {
        let plane = &sample.views[camera];
        let maps = heat_maps(filters, &first, plane);
        for (map, place) in maps.iter().zip(sample.seen[camera]) {
            let far = |(pixel, _): &((usize, usize), &f32)| distance(*pixel, place) > 2.0 * HOT;
            let mut wrong: Vec<_> = plane.pixels().zip(map).filter(far).collect();
            wrong.sort_unstable_by(|one, other| other.1.total_cmp(one.1));
            for (pixel, _) in wrong.into_iter().take(MISTAKES) {
                add(&mut sums, sample, pixel);
            }
        }
    }
    narrow(&sums)
}

fn narrow(sums: &Ridge<FEATURES>) -> [[f32; FEATURES]; SOUGHT] {
    let weights = sums.solve();
    #[expect(clippy::cast_possible_truncation, reason = "heat needs no more digits")]
    let narrow = |sought: usize| weights[sought].map(|weight| weight as f32);
    std::array::from_fn(narrow)
}

/// Of the middle of a pixel from a place in the picture.
fn distance((x, y): (usize, usize), [u, v]: [f64; 2]) -> f64 {
    let (x, y) = (x as f64 + 0.5 - u, y as f64 + 0.5 - v);
    (x * x + y * y).sqrt()
}

fn inputs(found: &[[f64; 4]; SOUGHT], subject: usize, sample: &Sample) -> [f64; INPUTS] {
    let own = found[subject];
    let pairs = (0..4).flat_map(|a| (a..4).map(move |b| own[a] * own[b]));
    let linear = found.iter().flatten().copied();
    let hand = sample.places[SOUGHT - 1];
    let mut inputs = [1.0; INPUTS];
    let values = linear.chain(hand).chain(pairs);
    for (input, value) in inputs[1..].iter_mut().zip(values) {
        *input = value;
    }
    inputs
}

/// How well one subject of a task is located at one level.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// The task's name.
    pub task: String,
    /// `none`, `seed` or `hard`.
    pub level: String,
    /// `object` or `goal`.
    pub subject: String,
    /// Median distance from the truth on scenes not trained on, meters.
    pub median: f64,
    /// Mean distance, meters, and half the width of its interval at 95 %.
    pub mean: [f64; 2],
    /// The same of one who sees nothing and guesses the mean place in training.
    pub blind: [f64; 2],
}

/// Trains a probe on `trained` scenes of a task and tries it on `held_out` others.
///
/// # Panics
/// If a scene cannot be simulated or drawn.
pub fn try_task(
    task: &'static TaskSpec,
    level: Level,
    photographer: &mut dyn Photographer,
    [trained, held_out]: [u64; 2],
) -> [Finding; 2] {
    let mut studio = Studio::new(task);
    let training = samples(&mut studio, photographer, level, 20, 0..trained);
    let probe = Probe::fit(&training);
    drop(training);
    let others = samples(&mut studio, photographer, level, 21, 0..held_out);
    let errors: Vec<_> = others.iter().map(|sample| probe.errors(sample)).collect();
    [0, 1].map(|subject: usize| {
        let of = |who: usize| errors.iter().map(move |errors| errors[subject][who]);
        let interval = |values: Vec<f64>| {
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let squares: f64 = values
                .iter()
                .map(|value| (value - mean) * (value - mean))
                .sum();
            [mean, 1.96 * (squares / (count - 1.0) / count).sqrt()]
        };
        let mut seeing: Vec<_> = of(0).collect();
        seeing.sort_by(f64::total_cmp);
        Finding {
            task: task.name.to_owned(),
            level: level.to_string(),
            subject: SUBJECTS[subject].to_owned(),
            median: seeing[seeing.len() / 2],
            mean: interval(seeing),
            blind: interval(of(1).collect()),
        }
    })
}

/// Findings as a table, a line each, in centimeters.
pub fn table(findings: &[Finding]) -> String {
    let mut findings: Vec<_> = findings.iter().collect();
    findings.sort_by_key(|it| (&it.task, &it.level, &it.subject));
    let heading = "| task | level | subject | median, cm | mean, cm | sees nothing, cm |\n|---|---|---|---|---|---|".to_owned();
    let line = |it: &Finding| {
        let [mean, off, blind, blind_off] =
            [it.mean[0], it.mean[1], it.blind[0], it.blind[1]].map(|meters| 100.0 * meters);
        format!(
            "| {} | {} | {} | {:.1} | {mean:.1} ± {off:.1} | {blind:.1} ± {blind_off:.1} |",
            it.task,
            it.level,
            it.subject,
            100.0 * it.median
        )
    };
    let lines = findings.into_iter().map(line);
    [heading]
        .into_iter()
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}
