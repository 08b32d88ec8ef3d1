//! Colors and textures: of what surrounds the task, freely; of what the task is about, a little.
//!
//! Whatever is drawn is compared with the colors of the task: a color of the surroundings that could be mistaken for one of them is
//! drawn again, as is one that a texture makes too dark, and if that does not help the surface looks as in the model.

use kinitro_core::record::scene::SceneGroup;
use kinitro_core::seed::Draws;

use super::Insert;
use super::color::{self, Lab, WHITE};
use super::wardrobe::{Backdrop, Cloth, Thing, Wardrobe};
use crate::render::scene::{Background, Material, MaterialTexture, ObjectId, SceneModel};
use crate::render::vector::narrow;

/// Least difference (ΔE\*ab, see [`Lab::difference`]) between the mean color of a surrounding surface and every color of the
/// task; also between two things of the task, unless the model has them nearer already.
pub const LEAST_DIFFERENCE: f64 = 25.0;

/// Largest turn of the hue of the task's things: ten degrees, as a fraction of the circle.
const HUE_TURN: f64 = 10.0 / 360.0;
/// Sharpness and strength of highlights of the task's things.
const GLOSS: [f64; 2] = [0.0, 0.5];
/// Chance that a surrounding surface has one color and no texture.
const PLAIN: f64 = 0.5;
/// Saturation and value of the surroundings; their hue is any.
const SATURATION: [f64; 2] = [0.0, 0.5];
const VALUE: [f64; 2] = [0.3, 0.9];
/// Looks that are drawn before a surface keeps the model's.
const MAX_TRIES: usize = 64;

/// How one thing of the task looks.
///
/// | order | value |
/// |---|---|
/// | 1 | turn of the hue, as a fraction of the circle |
/// | 2 | shininess |
/// | 3 | specular strength |
#[derive(Debug, Clone, Copy, PartialEq)]
struct ThingLook {
    turn: f64,
    shininess: f64,
    specular: f64,
}

/// How all things of the task look.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ThingLooks(Vec<ThingLook>);

impl ThingLooks {
    /// Draws the things one after the other; all again while two of them come too near.
    pub(super) fn draw(draws: &mut Draws, things: &[Thing]) -> Self {
        let mut looks = Vec::new();
        for _ in 0..MAX_TRIES {
            looks = things
                .iter()
                .map(|_| ThingLook {
                    turn: draws.uniform(-HUE_TURN, HUE_TURN),
                    shininess: draws.uniform(GLOSS[0], GLOSS[1]),
                    specular: draws.uniform(GLOSS[0], GLOSS[1]),
                })
                .collect();
            if keep_apart(things, &looks) {
                return Self(looks);
            }
        }
        // Nothing is turned: everything is as far apart as in the model.
        for look in &mut looks {
            look.turn = 0.0;
        }
        Self(looks)
    }

    /// Every color that the task is about, as it is now.
    pub(super) fn colors(&self, things: &[Thing]) -> Vec<Lab> {
        let things = things.iter().zip(&self.0);
        things
            .flat_map(|(thing, look)| thing.turned(look.turn).map(Lab::of))
            .collect()
    }

    pub(super) fn record(&self, insert: &mut Insert<'_>) {
        for (index, look) in self.0.iter().enumerate() {
            let numbers = [360.0 * look.turn, look.shininess, look.specular];
            insert(SceneGroup::Visual, &format!("thing_{index}"), &numbers);
        }
    }

    pub(super) fn dress(&self, scene: &mut SceneModel, things: &[Thing]) {
        for (thing, look) in things.iter().zip(&self.0) {
            for part in &thing.parts {
                let Some(material) = material(scene, part.id) else {
                    continue;
                };
                let [red, green, blue] =
                    narrow(part.tinted(color::with_hue_turned(part.color(), look.turn)));
                material.rgba = [red, green, blue, material.rgba[3]];
                [material.shininess, material.specular, _] =
                    narrow([look.shininess, look.specular, 0.0]);
            }
        }
    }
}

/// Whether no color of one thing comes nearer to one of another than it is in the model, or than is near at all.
fn keep_apart(things: &[Thing], looks: &[ThingLook]) -> bool {
    let colors = |index: usize, turn: f64| things[index].turned(turn).map(Lab::of);
    let mut pairs = (0..things.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    pairs.all(|(a, b)| {
        let [one, other] = [a, b].map(|index| {
            let turned = colors(index, looks[index].turn);
            turned.zip(colors(index, 0.0)).collect::<Vec<_>>()
        });
        one.iter().all(|(now, before)| {
            other.iter().all(|(other_now, other_before)| {
                let least = before.difference(*other_before).min(LEAST_DIFFERENCE);
                now.difference(*other_now) >= least
            })
        })
    })
}

/// How one surrounding surface looks; as in the model if there is no look.
///
/// | order, again in every try | value |
/// |---|---|
/// | 1 | whether it is plain |
/// | 2 | which of the textures it has otherwise |
/// | 3–5 | hue, saturation, value of its mean color |
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BackdropLook(Option<Paint>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Paint {
    hsv: [f64; 3],
    /// Index into the textures that suit the surface.
    texture: Option<usize>,
}

impl BackdropLook {
    /// `taken` are the colors that it must differ from.
    pub(super) fn draw(
        draws: &mut Draws,
        backdrop: &Backdrop,
        wardrobe: &Wardrobe,
        taken: &[Lab],
    ) -> Self {
        let textures = wardrobe.textures_for(backdrop).count();
        for _ in 0..MAX_TRIES {
            let plain = draws.unit() < PLAIN;
            let texture = draws.below(textures.max(1) as u64);
            let texture = usize::try_from(texture).expect("below a number of textures");
            let paint = Paint {
                hsv: [
                    draws.unit(),
                    draws.uniform(SATURATION[0], SATURATION[1]),
                    draws.uniform(VALUE[0], VALUE[1]),
                ],
                texture: (!plain && textures > 0).then_some(texture),
            };
            let seen = paint.seen(backdrop, wardrobe);
            // A texture that lacks a color of the mean wanted becomes dark.
            let [_, _, value] = color::to_hsv(seen);
            let seen = Lab::of(seen);
            let differs = |taken: &Lab| seen.difference(*taken) >= LEAST_DIFFERENCE;
            if value >= VALUE[0] && taken.iter().all(differs) {
                return Self(Some(paint));
            }
        }
        Self(None)
    }

    pub(super) fn record(&self, backdrop: &Backdrop, insert: &mut Insert<'_>) {
        // −1 is plain; a surface as in the model has no other numbers.
        let numbers = match &self.0 {
            None => vec![-2.0],
            Some(Paint { hsv, texture }) => {
                let texture = texture.map_or(-1.0, |texture| texture as f64);
                [&[texture][..], hsv].concat()
            }
        };
        insert(SceneGroup::Visual, backdrop.name, &numbers);
    }

    pub(super) fn dress(&self, scene: &mut SceneModel, backdrop: &Backdrop, wardrobe: &Wardrobe) {
        let Some(paint) = &self.0 else {
            return;
        };
        let [red, green, blue] = narrow(paint.tint(backdrop, wardrobe));
        if backdrop.objects.is_empty() {
            scene.background = Background::Color([red, green, blue]);
        }
        // The model's number of a texture is not the scene's: an object that has it tells.
        let texture = paint.texture(backdrop, wardrobe).and_then(|texture| {
            let wearer = scene.objects.iter().find(|it| it.id == texture.worn_by)?;
            Some(wearer.material.texture?.texture)
        });
        for &id in &backdrop.objects {
            let Some(material) = material(scene, id) else {
                continue;
            };
            material.rgba = [red, green, blue, 1.0];
            material.texture = material.texture.take().and_then(|own| {
                Some(MaterialTexture {
                    texture: texture?,
                    ..own
                })
            });
        }
    }
}

impl Paint {
    fn texture<'a>(&self, backdrop: &Backdrop, wardrobe: &'a Wardrobe) -> Option<&'a Cloth> {
        wardrobe.textures_for(backdrop).nth(self.texture?)
    }

    /// What the surface's texture, if it has one, is multiplied by.
    fn tint(&self, backdrop: &Backdrop, wardrobe: &Wardrobe) -> [f64; 3] {
        let texture = self.texture(backdrop, wardrobe);
        color::tint_toward(
            color::from_hsv(self.hsv),
            texture.map_or(WHITE, |it| it.mean),
        )
    }

    /// The mean color that results.
    fn seen(&self, backdrop: &Backdrop, wardrobe: &Wardrobe) -> [f64; 3] {
        let texture = self.texture(backdrop, wardrobe);
        let mean = texture.map_or(WHITE, |it| it.mean);
        color::product(mean, self.tint(backdrop, wardrobe))
    }
}

fn material(scene: &mut SceneModel, id: ObjectId) -> Option<&mut Material> {
    let object = scene.objects.iter_mut().find(|object| object.id == id)?;
    Some(&mut object.material)
}
