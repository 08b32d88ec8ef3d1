//! What the models of the family consist of, as far as looks go: by their materials and by who hangs on whom.
//!
//! | part | which geoms and sites |
//! |---|---|
//! | floor, table, walls | fixed geoms with the materials `basic_floor`, `table_wood`, `wall_metal` of the scene files that all models include |
//! | background | what is seen where nothing is |
//! | robot | all that hangs on the body that the hand hangs on, and the commanded pose |
//! | things of the task | everything else that is drawn: per body without parent one, and each site of the world one of its own |
//!
//! So the brick walls, boxes and bins of single tasks are things of the task: they must be recognized.

use std::sync::Arc;

use crate::Error;
use crate::looks::distractor::{Area, FreeSpace};
use crate::looks::wardrobe::{Backdrop, Cloth, Part, Thing, Wardrobe};
use crate::physics::Physics;
use crate::physics::handles::{BodyId, GeomId};
use crate::physics::surfaces::Surface;

/// Material and name of what surrounds the task. Source: Meta-World 3.1.1, `assets/scene/basic_scene.xml` and its variants.
const BACKDROPS: [(&str, &str); 3] = [
    ("basic_floor", "floor"),
    ("table_wood", "table"),
    ("wall_metal", "walls"),
];
const TABLE: &str = "table_wood";
const BACKGROUND: &str = "background";

/// The middle of the table.
const MIDDLE: [f64; 3] = [0.0, 0.6, 0.0];
/// Where distractors may be: the table inside of its wall, whose inner sides are at ±0.68 m and at 0.22 and 0.98 m, less 8 cm.
const TABLE_AREA: Area = Area {
    low: [-0.6, 0.3],
    high: [0.6, 0.9],
};
/// Obstacles are what is lower than this above the table, meters; the largest distractor is 6 cm high.
const OVERHANG: f64 = 0.1;

/// What of a compiled model is what.
#[derive(Debug)]
pub(super) struct Furnishing {
    pub(super) wardrobe: Arc<Wardrobe>,
    /// What can stand in a distractor's way.
    obstacles: Vec<GeomId>,
    table: Vec<GeomId>,
}

impl Furnishing {
    /// `hand` is any body of the robot, `hidden` names sites that are not drawn.
    pub(super) fn of(physics: &Physics, hand: BodyId, hidden: &[&str]) -> Result<Self, Error> {
        let robot = physics.root_of_body(hand);
        let mut surfaces = physics.surfaces()?;
        surfaces
            .retain(|surface| surface.geom.is_some() || !hidden.contains(&surface.name.as_str()));
        let (around, others): (Vec<_>, Vec<_>) = surfaces.iter().partition(|surface| {
            BACKDROPS
                .iter()
                .any(|(material, _)| wears(surface, material))
        });
        let table = around.iter().filter(|surface| wears(surface, TABLE));
        Ok(Self {
            table: table.filter_map(|surface| surface.geom).collect(),
            obstacles: others.iter().filter_map(|surface| surface.geom).collect(),
            wardrobe: Arc::new(Wardrobe {
                backdrops: backdrops(&around),
                things: things(&others, robot),
                textures: textures(&surfaces),
                lights: physics.light_count(),
                middle: MIDDLE,
            }),
        })
    }

    /// Where distractors may be in the present state. `boxes` is where the task places things, `points` is what matters.
    pub(super) fn free_space(
        &self,
        physics: &Physics,
        boxes: Vec<Area>,
        points: Vec<[f64; 3]>,
    ) -> FreeSpace {
        let bounds = |geoms: &[GeomId]| -> Vec<_> {
            geoms
                .iter()
                .map(|&geom| physics.geom_bounds(geom))
                .collect()
        };
        let tops = bounds(&self.table).into_iter().map(|[_, high]| high[2]);
        let height = tops.fold(f64::NEG_INFINITY, f64::max);
        let low = bounds(&self.obstacles)
            .into_iter()
            .filter(|[low, high]| low[2] < height + OVERHANG && high[2] > height);
        FreeSpace {
            table: TABLE_AREA,
            height,
            obstacles: low
                .map(|[low, high]| Area {
                    low: [low[0], low[1]],
                    high: [high[0], high[1]],
                })
                .collect(),
            boxes,
            points,
            eyes: physics.fixed_cameras().collect(),
        }
    }
}

fn wears(surface: &Surface, material: &str) -> bool {
    surface.fixed && surface.material == material
}

fn backdrops(around: &[&Surface]) -> Vec<Backdrop> {
    let of_material = |(material, name)| {
        let made_up = || around.iter().filter(|surface| wears(surface, material));
        Backdrop {
            name,
            objects: made_up().map(|surface| surface.id).collect(),
            layout: made_up().find_map(|surface| Some(surface.texture?.layout)),
        }
    };
    let background = Backdrop {
        name: BACKGROUND,
        objects: Vec::new(),
        layout: None,
    };
    let listed = BACKDROPS.into_iter().map(of_material);
    listed.chain([background]).collect()
}

fn things(others: &[&Surface], robot: BodyId) -> Vec<Thing> {
    let mut found: Vec<(Option<BodyId>, Vec<Part>)> = Vec::new();
    for surface in others.iter().filter(|surface| surface.root != robot) {
        let part = Part {
            id: surface.id,
            rgba: surface.rgba,
            texture: surface.texture.map(|texture| texture.mean),
        };
        let body = (!surface.root.is_world()).then_some(surface.root);
        match found
            .iter_mut()
            .find(|(known, _)| body.is_some() && *known == body)
        {
            Some((_, parts)) => parts.push(part),
            None => found.push((body, vec![part])),
        }
    }
    found
        .into_iter()
        .map(|(_, parts)| Thing::new(parts))
        .collect()
}

fn textures(surfaces: &[Surface]) -> Vec<Cloth> {
    let mut known = Vec::new();
    let mut cloths = Vec::new();
    for surface in surfaces {
        if let Some(texture) = surface.texture
            && !known.contains(&texture.number)
        {
            known.push(texture.number);
            cloths.push(Cloth {
                worn_by: surface.id,
                layout: texture.layout,
                mean: texture.mean,
            });
        }
    }
    cloths
}
