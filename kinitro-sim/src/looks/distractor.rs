//! Things that lie about and have nothing to do with the task: seen, never touched.
//!
//! They rest on the table where they are in nobody's way: apart from everything that stands there, from the boxes that the task
//! places things in, from the straight ways between hand, object and target, and from the lines of sight along which the fixed
//! cameras see those. They are not in the simulation.

use std::f64::consts::PI;

use kinitro_core::record::scene::SceneGroup;
use kinitro_core::seed::Draws;

use super::Insert;
use super::color::{self, Lab};
use crate::Error;
use crate::render::mesh::Mesh;
use crate::render::primitives::Shape;
use crate::render::scene::{Material, Object, ObjectId, Pose, SceneModel};
use crate::render::vector::{add, dot, narrow, scale, sub};

/// Most distractors of a scene.
const MOST: u64 = 3;
/// Largest measures of distractors, meters: edge of boxes, diameter of balls and cylinders, length of capsules.
const SIZES: [f64; 5] = [0.02, 0.03, 0.04, 0.05, 0.06];
const KINDS: [Kind; 4] = [Kind::Box, Kind::Sphere, Kind::Cylinder, Kind::Capsule];
const SATURATION: [f64; 2] = [0.3, 1.0];
const VALUE: [f64; 2] = [0.3, 0.9];
/// Least difference between the color of a distractor and every color of the task: more than of the surroundings, since a
/// distractor is of a size and shape that could be meant.
pub const LEAST_DIFFERENCE: f64 = 40.0;
/// Places and colors that are tried before a distractor is left out.
const MAX_TRIES: usize = 64;
/// Room to be left free, meters: to what stands on the table, to the boxes of the task, to the ways and to the lines of sight.
const GAP: f64 = 0.02;
const BOX_GAP: f64 = 0.03;
const WAY_GAP: f64 = 0.08;
const SIGHT_GAP: f64 = 0.04;

/// Where distractors may be; in meters, world.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FreeSpace {
    /// The part of the table that is meant, seen from above.
    pub table: Area,
    /// Height of its surface.
    pub height: f64,
    /// What stands on it or hangs low above it.
    pub obstacles: Vec<Area>,
    /// Where the task places things.
    pub boxes: Vec<Area>,
    /// The points that matter: hand, objects, target. Ways lead from each to each.
    pub points: Vec<[f64; 3]>,
    /// Where the fixed cameras are.
    pub eyes: Vec<[f64; 3]>,
}

/// A rectangle seen from above.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Area {
    /// Smallest x and y.
    pub low: [f64; 2],
    /// Largest x and y.
    pub high: [f64; 2],
}

impl Area {
    /// Distance of a point; 0 within.
    fn distance(&self, point: [f64; 2]) -> f64 {
        let [x, y] = [0, 1].map(|axis| {
            let outside = (self.low[axis] - point[axis]).max(point[axis] - self.high[axis]);
            outside.max(0.0)
        });
        (x * x + y * y).sqrt()
    }
}

impl FreeSpace {
    /// Whether a ball of this radius around a place on the table, its center at height `height`, is in nobody's way.
    fn has_room(&self, [x, y]: [f64; 2], radius: f64, height: f64) -> bool {
        let clear = |areas: &[Area], gap: f64| {
            let mut areas = areas.iter();
            areas.all(|area| area.distance([x, y]) >= radius + gap)
        };
        let center = [x, y, self.height + height];
        let flat = |[x, y, _]: [f64; 3]| [x, y, 0.0];
        let ways_are_clear = self.points.iter().enumerate().all(|(index, &one)| {
            let others = self.points[..=index].iter();
            let mut ways = others.map(|&other| from_segment([x, y, 0.0], flat(one), flat(other)));
            ways.all(|distance| distance >= radius + WAY_GAP)
        });
        let is_seen_past = |&eye: &[f64; 3]| {
            let sights = self.points.iter();
            let mut distances = sights.map(|&point| from_segment(center, eye, point));
            distances.all(|distance| distance >= radius + SIGHT_GAP)
        };
        clear(&self.obstacles, GAP)
            && clear(&self.boxes, BOX_GAP)
            && ways_are_clear
            && self.eyes.iter().all(is_seen_past)
    }
}

/// Distance of a point from a segment.
fn from_segment(point: [f64; 3], start: [f64; 3], end: [f64; 3]) -> f64 {
    let (along, offset) = (sub(end, start), sub(point, start));
    let square = dot(along, along);
    let share = if square > 0.0 {
        (dot(offset, along) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let nearest = sub(offset, scale(along, share));
    dot(nearest, nearest).sqrt()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Box,
    Sphere,
    Cylinder,
    Capsule,
}

impl Kind {
    fn shape(self, size: f64) -> Shape {
        let half = 0.5 * size;
        match self {
            Self::Box => Shape::Box { half: [half; 3] },
            Self::Sphere => Shape::Sphere { radius: half },
            Self::Cylinder => Shape::Cylinder { radius: half, half },
            // Half as thick as long.
            Self::Capsule => Shape::Capsule {
                radius: 0.5 * half,
                half: 0.5 * half,
            },
        }
    }

    /// Height of the center above the table, and radius of the circle around it that is taken up.
    fn stand(self, size: f64) -> (f64, f64) {
        let half = 0.5 * size;
        match self {
            Self::Box => (half, half * 2.0_f64.sqrt()),
            Self::Sphere | Self::Cylinder => (half, half),
            Self::Capsule => (0.5 * half, half),
        }
    }
}

/// One drawn distractor.
///
/// | order | value |
/// |---|---|
/// | 1 | shape: box, ball, standing cylinder, lying capsule |
/// | 2 | size, one of 2, 3, 4, 5 and 6 cm |
/// | 3–5, again in every try | x, y, angle about the vertical in `[0, π)` |
/// | 6–8, again in every try | hue, saturation, value |
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Distractor {
    kind: usize,
    size: usize,
    place: [f64; 2],
    /// Height of its center, world.
    height: f64,
    angle: f64,
    hsv: [f64; 3],
}

impl Distractor {
    /// The first value of the stream is how many there are to be. One that finds no place or no color is left out.
    pub(super) fn draw_all(draws: &mut Draws, space: &FreeSpace, taken: &[Lab]) -> Vec<Self> {
        let mut space = space.clone();
        let mut distractors = Vec::new();
        for _ in 0..draws.below(MOST + 1) {
            let Some(distractor) = Self::draw(draws, &space, taken) else {
                continue;
            };
            let (_, radius) = KINDS[distractor.kind].stand(SIZES[distractor.size]);
            let [x, y] = distractor.place;
            space.obstacles.push(Area {
                low: [x - radius, y - radius],
                high: [x + radius, y + radius],
            });
            distractors.push(distractor);
        }
        distractors
    }

    fn draw(draws: &mut Draws, space: &FreeSpace, taken: &[Lab]) -> Option<Self> {
        let below = |draws: &mut Draws, bound: usize| {
            usize::try_from(draws.below(bound as u64)).expect("below the length of a list")
        };
        let (kind, size) = (below(draws, KINDS.len()), below(draws, SIZES.len()));
        let (height, radius) = KINDS[kind].stand(SIZES[size]);
        let Area { low, high } = space.table;
        let mut places = (0..MAX_TRIES).map(|_| {
            let place = [0, 1].map(|axis| draws.uniform(low[axis], high[axis]));
            (place, draws.uniform(0.0, PI))
        });
        let (place, angle) = places.find(|&(place, _)| space.has_room(place, radius, height))?;
        let mut colors = (0..MAX_TRIES).map(|_| {
            [
                draws.unit(),
                draws.uniform(SATURATION[0], SATURATION[1]),
                draws.uniform(VALUE[0], VALUE[1]),
            ]
        });
        let hsv = colors.find(|&hsv| {
            let color = Lab::of(color::from_hsv(hsv));
            taken
                .iter()
                .all(|taken| color.difference(*taken) >= LEAST_DIFFERENCE)
        })?;
        Some(Self {
            kind,
            size,
            place,
            height: space.height + height,
            angle,
            hsv,
        })
    }

    pub(super) fn record(&self, index: usize, insert: &mut Insert<'_>) {
        let [x, y] = self.place;
        let [hue, saturation, value] = self.hsv;
        let numbers = [
            self.kind as f64,
            SIZES[self.size],
            x,
            y,
            self.angle,
            hue,
            saturation,
            value,
        ];
        insert(
            SceneGroup::Distractor,
            &format!("distractor_{index}"),
            &numbers,
        );
    }

    /// `first` is the index of the first distractor mesh of the scene.
    pub(super) fn add_to(&self, scene: &mut SceneModel, first: usize, number: u16) {
        let [red, green, blue] = narrow(color::from_hsv(self.hsv));
        scene.objects.push(Object {
            id: ObjectId::Distractor(number),
            name: String::new(),
            mesh: first + self.kind * SIZES.len() + self.size,
            material: Material {
                rgba: [red, green, blue, 1.0],
                texture: None,
                specular: 0.3,
                shininess: 0.3,
                emission: 0.0,
            },
            visible: true,
            fixed: true,
            casts_shadow: true,
        });
    }

    /// Where it is.
    pub(super) fn pose(&self) -> Pose {
        let (sin, cos) = (libm::sin(self.angle), libm::cos(self.angle));
        let [x, y] = self.place;
        Pose {
            position: add([x, y, 0.0], [0.0, 0.0, self.height]),
            rotation: match KINDS[self.kind] {
                // The axis of the shape lies on the table, at the angle from x.
                Kind::Capsule => [0.0, -sin, cos, 0.0, cos, sin, -1.0, 0.0, 0.0],
                _ => [cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0],
            },
        }
    }
}

/// The surfaces of all distractors that there can be.
pub(super) fn meshes() -> Result<Vec<Mesh>, Error> {
    let all = KINDS
        .iter()
        .flat_map(|kind| SIZES.map(|size| kind.shape(size)));
    all.map(Shape::mesh).collect()
}
