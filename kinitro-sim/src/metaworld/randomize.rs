//! From an episode key to a scene: what is drawn, from which stream, in which order.
//!
//! | stream | order | values |
//! |---|---|---|
//! | scene | 1 | the draw, entry by entry, the whole draw again until the task's distance rule holds |
//! | | 2 | drop height of the free object, above level `none` |
//! | | … | both again for every placement that touches the robot, as [`evaluation`](super::evaluation) finds |
//! | physics | 1 | friction scale |
//! | | 2 | joint damping scale |
//! | | 3 | mass scale of the manipulated bodies |
//! | | 4, 5 | angle and direction of the tilt of gravity, level `hard` |
//! | | 6 | scale of the contacts' time constant, level `hard` |
//! | | 7 | control delay, level `hard` |
//! | reset noise | 1–3 | hand x, y, z |
//! | | 4–10 | arm joints 0 … 6 |
//!
//! Level `none` draws placements only, in the task's own box. How a scene looks is drawn from another key, see
//! [`looks`](crate::looks).
//!
//! A change of this order or of a range changes results: it needs a new [`GENERATOR`] and a changelog entry.

use std::f64::consts::PI;
use std::iter;

use kinitro_core::record::level::Level;
use kinitro_core::record::scene::{SceneGroup, SceneRecord};
use kinitro_core::seed::{Draws, EpisodeKey, EpisodeStream};

use super::spec::{DrawSpace, TaskSpec};
use crate::looks::distractor::Area;

/// Version of the scene sampling, part of every result's identity.
pub const GENERATOR: u32 = 3;

/// How far the horizontal box of the manipulated object reaches beyond the task's own, along x and y, meters.
const WIDENING: [f64; 2] = [0.02, 0.02];
/// Tasks that do not bear that, and what they bear. In all of them placements that touch the robot are drawn again.
const NARROWER: [(&str, [f64; 2]); 2] = [
    // The walls of the bin stand close around the task's own box.
    ("bin-picking-v3", [0.0, 0.0]),
    // The hand must fit between the wall and the button behind it, and barely does at the near edge of the task's own box.
    ("button-press-wall-v3", [0.02, 0.0]),
];
/// Highest drop of a free object above its resting place, meters; never below the table.
const DROP: f64 = 0.02;
/// Sliding, torsional and rolling friction of every geom are multiplied by one factor of this range.
const FRICTION_SCALE: ByLevel = ByLevel {
    seed: [0.8, 1.2],
    hard: [0.5, 1.5],
};
/// The damping of every joint is multiplied by one factor of this range.
const DAMPING_SCALE: ByLevel = ByLevel {
    seed: [0.9, 1.1],
    hard: [0.8, 1.2],
};
/// Mass and inertia of the manipulated bodies are multiplied by one factor of this range.
const MASS_SCALE: [f64; 2] = [0.8, 1.2];
/// Largest angle between gravity and the vertical: half a degree, in radians.
const GRAVITY_TILT: f64 = 0.5 * PI / 180.0;
/// The time constant of every contact is multiplied by one factor of this range.
const CONTACT_TIME_SCALE: [f64; 2] = [0.9, 1.1];
/// Longest delay between a command and its execution, control steps.
const CONTROL_DELAY: u8 = 1;
/// Half-width of the noise on each coordinate of the hand's start, meters.
const HAND_NOISE: f64 = 0.02;
/// Half-width of the noise on each arm joint's start, radians.
const JOINT_NOISE: f64 = 0.02;
/// Draws tried before the nearest valid grid point is taken.
const MAX_TRIES: usize = 100;
/// Points per axis of that grid.
const GRID: u32 = 11;
/// Placements tried until one leaves the robot free, as most do in every task.
const MAX_CANDIDATES: usize = 64;

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

/// A range that differs between the levels above `none`.
struct ByLevel {
    seed: [f64; 2],
    hard: [f64; 2],
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
    /// Drawn at level `hard`.
    pub(super) disturbance: Option<Disturbance>,
}

/// What level `hard` adds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Disturbance {
    /// Angle between gravity and the vertical, radians.
    pub(super) gravity_tilt: f64,
    /// Where gravity is tilted to, seen from above: radians from x toward y.
    pub(super) gravity_azimuth: f64,
    pub(super) contact_time_scale: f64,
    /// Control steps between a command and its execution.
    pub(super) control_delay: u8,
}

impl DrawnScene {
    /// The scenes of `key` in the order in which they are tried, differing in `draw` and `drop`.
    pub(super) fn candidates(
        task: &'static TaskSpec,
        key: &EpisodeKey,
        level: Level,
    ) -> impl Iterator<Item = Self> + use<> {
        let varied = level != Level::None;
        let narrower = NARROWER.iter().find(|(name, _)| *name == task.name);
        let widening = narrower.map_or(WIDENING, |(_, widening)| *widening);
        let widening = if varied { widening } else { [0.0; 2] };
        let variation = varied.then(|| Variation::draw(key, level));
        let mut draws = key.draws(EpisodeStream::Scene);
        let candidate = move || Self {
            draw: accepted_draw(&mut draws, &task.draw, widening),
            drop: if varied {
                draws.uniform(0.0, DROP)
            } else {
                0.0
            },
            variation: variation.clone(),
        };
        iter::repeat_with(candidate).take(MAX_CANDIDATES)
    }

    /// What level `hard` adds, if it was drawn.
    pub(super) fn disturbance(&self) -> Option<&Disturbance> {
        self.variation.as_ref()?.disturbance.as_ref()
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
            let mut physics = |name, number| insert(SceneGroup::Physics, name, &[number]);
            physics("friction_scale", variation.friction_scale);
            physics("damping_scale", variation.damping_scale);
            physics("mass_scale", variation.mass_scale);
            if let Some(disturbance) = &variation.disturbance {
                physics("gravity_tilt", disturbance.gravity_tilt);
                physics("gravity_azimuth", disturbance.gravity_azimuth);
                physics("contact_time_scale", disturbance.contact_time_scale);
                physics("control_delay", f64::from(disturbance.control_delay));
            }
            insert(SceneGroup::Reset, "hand_noise", &variation.hand_noise);
            insert(SceneGroup::Reset, "joint_noise", &variation.joint_noise);
        }
        record
    }
}

impl ByLevel {
    fn draw(&self, draws: &mut Draws, level: Level) -> f64 {
        uniform(
            draws,
            if level == Level::Hard {
                self.hard
            } else {
                self.seed
            },
        )
    }
}

impl Variation {
    fn draw(key: &EpisodeKey, level: Level) -> Self {
        let mut physics = key.draws(EpisodeStream::Physics);
        let mut reset = key.draws(EpisodeStream::ResetNoise);
        Self {
            friction_scale: FRICTION_SCALE.draw(&mut physics, level),
            damping_scale: DAMPING_SCALE.draw(&mut physics, level),
            mass_scale: uniform(&mut physics, MASS_SCALE),
            hand_noise: std::array::from_fn(|_| reset.uniform(-HAND_NOISE, HAND_NOISE)),
            joint_noise: std::array::from_fn(|_| reset.uniform(-JOINT_NOISE, JOINT_NOISE)),
            disturbance: (level == Level::Hard).then(|| Disturbance::draw(&mut physics)),
        }
    }
}

impl Disturbance {
    fn draw(physics: &mut Draws) -> Self {
        Self {
            gravity_tilt: physics.uniform(0.0, GRAVITY_TILT),
            gravity_azimuth: physics.uniform(0.0, 2.0 * PI),
            contact_time_scale: uniform(physics, CONTACT_TIME_SCALE),
            control_delay: u8::try_from(physics.below(u64::from(CONTROL_DELAY) + 1))
                .expect("a draw is below its bound"),
        }
    }
}

/// Where a task places things, seen from above: the boxes of all levels' draws.
pub(super) fn draw_areas(task: &TaskSpec) -> Vec<Area> {
    let places = (0..task.draw.len()).step_by(3);
    places
        .map(|first| {
            let at = |bounds: &[f64], margin: [f64; 2]| {
                [0, 1].map(|axis| bounds[first + axis] + margin[axis])
            };
            Area {
                low: at(task.draw.low, WIDENING.map(|margin| -margin)),
                high: at(task.draw.high, WIDENING),
            }
        })
        .collect()
}

fn uniform(draws: &mut Draws, [low, high]: [f64; 2]) -> f64 {
    draws.uniform(low, high)
}

/// A draw that obeys the space's distance rule; after [`MAX_TRIES`] the grid point nearest to the last try that does.
fn accepted_draw(draws: &mut Draws, space: &DrawSpace, widening: [f64; 2]) -> Vec<f64> {
    let bounds = |axis: usize| {
        // Only the first position's x and y belong to the manipulated object; the rest are goals and fixed heights.
        let margin = widening.get(axis).copied().unwrap_or(0.0);
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
