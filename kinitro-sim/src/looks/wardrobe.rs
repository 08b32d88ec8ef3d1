//! What of a model's looks can vary: known once per model, without meshes or pictures.

use super::color::{self, WHITE};
use crate::render::scene::ObjectId;
use crate::render::texture::Layout;

/// Everything of a model that can look different from episode to episode.
#[derive(Debug, Clone, PartialEq)]
pub struct Wardrobe {
    /// What surrounds the task.
    pub backdrops: Vec<Backdrop>,
    /// What the task is about.
    pub things: Vec<Thing>,
    /// The textures of the scene.
    pub textures: Vec<Cloth>,
    /// How many lights the model has.
    pub lights: usize,
    /// The middle of the work space, which lights keep shining at. Meters, world.
    pub middle: [f64; 3],
}

/// A surface around the task that may look like anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Backdrop {
    /// Its name in records.
    pub name: &'static str,
    /// The objects that make it up; none for what is seen where there is nothing.
    pub objects: Vec<ObjectId>,
    /// What kind of textures it can have.
    pub layout: Option<Layout>,
}

/// A thing that the task is about: it stays recognizable.
#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    /// Its objects.
    pub parts: Vec<Part>,
    /// Their mean colors as in the model, each only once; what is hardly seen, such as glass, left out.
    colors: Vec<[f64; 3]>,
}

/// One object of a thing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Which.
    pub id: ObjectId,
    /// Color without texture, and opacity.
    pub rgba: [f64; 4],
    /// Mean color of its texture.
    pub texture: Option<[f64; 3]>,
}

/// A texture of the scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cloth {
    /// The first object that has it.
    pub worn_by: ObjectId,
    /// Its kind.
    pub layout: Layout,
    /// Its mean color.
    pub mean: [f64; 3],
}

impl Wardrobe {
    pub(super) fn textures_for(&self, backdrop: &Backdrop) -> impl Iterator<Item = &Cloth> {
        let layout = backdrop.layout;
        let mut textures = self.textures.iter();
        std::iter::from_fn(move || textures.find(|cloth| Some(cloth.layout) == layout))
    }
}

impl Thing {
    /// A thing of these parts.
    pub fn new(parts: Vec<Part>) -> Self {
        const GLASS: f64 = 0.5;
        let mut colors = Vec::new();
        for part in parts.iter().filter(|part| part.rgba[3] > GLASS) {
            if !colors.contains(&part.color()) {
                colors.push(part.color());
            }
        }
        Self { parts, colors }
    }

    /// Its colors with their hue turned by a fraction of the circle.
    pub(super) fn turned(&self, turn: f64) -> impl Iterator<Item = [f64; 3]> {
        let colors = self.colors.iter();
        colors.map(move |&color| color::with_hue_turned(color, turn))
    }
}

impl Part {
    /// Its mean color.
    pub(super) fn color(&self) -> [f64; 3] {
        let [red, green, blue, _] = self.rgba;
        color::product([red, green, blue], self.texture.unwrap_or(WHITE))
    }

    /// What its texture is multiplied by so that its mean color is `wanted`, as far as that goes.
    pub(super) fn tinted(&self, wanted: [f64; 3]) -> [f64; 3] {
        color::tint_toward(wanted, self.texture.unwrap_or(WHITE))
    }
}
