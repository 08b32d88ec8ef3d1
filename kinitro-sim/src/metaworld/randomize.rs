//! From an episode key to a scene: what is drawn, from which stream, in which order.
//!
//! | stream | order | values |
//! |---|---|---|
//! | scene | 1 | the draw, entry by entry, the whole draw again until the task's distance rule holds |
//! | | 2 | drop height of the free object |
//! | physics | 1 | friction scale |
//! | | 2 | joint damping scale |
//! | | 3 | mass scale of the manipulated bodies |
//! | reset noise | 1–3 | hand x, y, z |
//! | | 4–10 | arm joints 0 … 6 |
//!
//! A change of this order or of a range changes results: it needs a new [`GENERATOR`] and a changelog entry.

use kinitro_core::record::level::Level;
use kinitro_core::record::scene::{SceneGroup, SceneRecord};
use kinitro_core::seed::{Draws, EpisodeKey, EpisodeStream};

use super::spec::{DrawSpace, TaskSpec};
use crate::Error;

/// Version of the scene sampling, part of every result's identity.
pub const GENERATOR: u32 = 1;

/// How far the horizontal box of the manipulated object reaches beyond the task's own, meters.
const WIDENING: f64 = 0.02;
/// Highest drop of a free object above its resting place, meters; never below the table.
const DROP: f64 = 0.02;
/// Sliding, torsional and rolling friction of every geom are multiplied by one factor of this range.
const FRICTION_SCALE: [f64; 2] = [0.8, 1.2];
/// The damping of every joint is multiplied by one factor of this range.
const DAMPING_SCALE: [f64; 2] = [0.9, 1.1];
/// Mass and inertia of the manipulated bodies are multiplied by one factor of this range.
const MASS_SCALE: [f64; 2] = [0.8, 1.2];
/// Half-width of the noise on each coordinate of the hand's start, meters.
const HAND_NOISE: f64 = 0.02;
/// Half-width of the noise on each arm joint's start, radians.
const JOINT_NOISE: f64 = 0.02;
/// Draws tried before the nearest valid grid point is taken.
const MAX_TRIES: usize = 100;
/// Points per axis of that grid.
const GRID: u32 = 11;

/// One drawn scene of a task.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DrawnScene {
    /// Positions as the task's placement takes them.
    pub(super) draw: Vec<f64>,
    /// Height above its placement from which a free object falls, meters; without effect in tasks that have none.
    pub(super) drop: f64,
    /// Drawn for levels above `none`.
    pub(super) variation: Option<Variation>,
}

/// What differs from the compiled model and the nominal start.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variation {
    pub(super) friction_scale: f64,
    pub(super) damping_scale: f64,
    pub(super) mass_scale: f64,
    /// Meters, world frame.
    pub(super) hand_noise: [f64; 3],
    /// Radians, joints `right_j0` … `right_j6`.
    pub(super) joint_noise: [f64; 7],
}

impl DrawnScene {
    /// Draws the scene of `key`.
    ///
    /// # Errors
    /// [`Error::UnsupportedLevel`] for `hard`, whose visual part this generator does not have.
    pub(super) fn draw(task: &TaskSpec, key: &EpisodeKey, level: Level) -> Result<Self, Error> {
        let varied = match level {
            Level::None => false,
            Level::Seed => true,
            Level::Hard => {
                return Err(Error::UnsupportedLevel {
                    level,
                    generator: GENERATOR,
                });
            }
        };
        let mut scene = key.draws(EpisodeStream::Scene);
        let widening = if varied { WIDENING } else { 0.0 };
        let draw = accepted_draw(&mut scene, &task.draw, widening);
        let drop = if varied {
            scene.uniform(0.0, DROP)
        } else {
            0.0
        };
        Ok(Self {
            draw,
            drop,
            variation: varied.then(|| Variation::draw(key)),
        })
    }

    /// Every drawn value by name.
    pub(super) fn record(&self) -> SceneRecord {
        let mut record = SceneRecord::new();
        let mut insert = |group, name, numbers: &[f64]| {
            let inserted = record.insert(group, name, numbers);
            inserted.expect(
                "the names below are well formed and distinct, and draws are short and finite",
            );
        };
        insert(SceneGroup::Scene, "draw", &self.draw);
        insert(SceneGroup::Scene, "drop", &[self.drop]);
        if let Some(variation) = &self.variation {
            insert(
                SceneGroup::Physics,
                "friction_scale",
                &[variation.friction_scale],
            );
            insert(
                SceneGroup::Physics,
                "damping_scale",
                &[variation.damping_scale],
            );
            insert(SceneGroup::Physics, "mass_scale", &[variation.mass_scale]);
            insert(SceneGroup::Reset, "hand_noise", &variation.hand_noise);
            insert(SceneGroup::Reset, "joint_noise", &variation.joint_noise);
        }
        record
    }
}

impl Variation {
    fn draw(key: &EpisodeKey) -> Self {
        let mut physics = key.draws(EpisodeStream::Physics);
        let mut reset = key.draws(EpisodeStream::ResetNoise);
        Self {
            friction_scale: physics.uniform(FRICTION_SCALE[0], FRICTION_SCALE[1]),
            damping_scale: physics.uniform(DAMPING_SCALE[0], DAMPING_SCALE[1]),
            mass_scale: physics.uniform(MASS_SCALE[0], MASS_SCALE[1]),
            hand_noise: std::array::from_fn(|_| reset.uniform(-HAND_NOISE, HAND_NOISE)),
            joint_noise: std::array::from_fn(|_| reset.uniform(-JOINT_NOISE, JOINT_NOISE)),
        }
    }
}

/// A draw that obeys the space's distance rule; after [`MAX_TRIES`] the grid point nearest to the last try that does.
fn accepted_draw(draws: &mut Draws, space: &DrawSpace, widening: f64) -> Vec<f64> {
    let bounds = |axis: usize| {
        // Only the first position's x and y belong to the manipulated object; the rest are goals and fixed heights.
        let margin = if axis < 2 { widening } else { 0.0 };
        (space.low[axis] - margin, space.high[axis] + margin)
    };
    let mut draw = vec![0.0; space.low.len()];
    for _ in 0..MAX_TRIES {
        for (axis, value) in draw.iter_mut().enumerate() {
            let (low, high) = bounds(axis);
            *value = draws.uniform(low, high);
        }
        if space.accepts(&draw) {
            return draw;
        }
    }
    nearest_valid(&draw, space, bounds)
}

/// Moves the object of `draw` to the nearest accepted point of a grid over its box; ties go to the first in row order.
fn nearest_valid(
    draw: &[f64],
    space: &DrawSpace,
    bounds: impl Fn(usize) -> (f64, f64),
) -> Vec<f64> {
    let at = |axis: usize, index: u32| {
        let (low, high) = bounds(axis);
        low + (high - low) * f64::from(index) / f64::from(GRID - 1)
    };
    let mut best: Option<(f64, Vec<f64>)> = None;
    for (ix, iy) in (0..GRID).flat_map(|ix| (0..GRID).map(move |iy| (ix, iy))) {
        let mut candidate = draw.to_vec();
        (candidate[0], candidate[1]) = (at(0, ix), at(1, iy));
        let (dx, dy) = (candidate[0] - draw[0], candidate[1] - draw[1]);
        let distance = dx * dx + dy * dy;
        if space.accepts(&candidate) && best.as_ref().is_none_or(|(nearest, _)| distance < *nearest)
        {
            best = Some((distance, candidate));
        }
    }
    best.expect("the distance rule excludes less than the whole box of every task, as the catalogue suite checks").1
}
