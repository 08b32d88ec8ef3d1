//! Which lights are on, where they stand and what color they have.
//!
//! A light is moved by an offset and keeps shining at the point of its axis that is nearest to the middle of the work space: of a
//! directional light, whose place does not matter, this leaves a change of direction, of up to some 15° for one that stands
//! 1.7 m away. The light that the camera carries stays as it is.

use kinitro_core::record::scene::SceneGroup;
use kinitro_core::seed::Draws;

use super::{Insert, color};
use crate::render::scene::{LightPose, SceneModel, ScenePoses};
use crate::render::vector::{add, dot, narrow, normalized, scale, sub};

/// Half-width of the offset along each axis of the world, meters.
const OFFSET: f64 = 0.3;
/// Strength of matt reflection, as a multiple of the model's.
const DIFFUSE_SCALE: [f64; 2] = [0.8, 1.2];
/// Correlated color temperature, kelvin.
const TEMPERATURE: [f64; 2] = [4500.0, 7500.0];
/// Chance that a light casts shadows.
const SHADOW: f64 = 0.5;

/// The drawn lights.
///
/// | order | value |
/// |---|---|
/// | 1 | how many of the model's lights are on, from one to all |
/// | 2 … n | the order in which they are turned on, a shuffle of their numbers |
/// | then | whether the one turned on first casts shadows; no other does |
/// | per light | offset x, y, z; scale of the diffuse color; color temperature |
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lights {
    /// Numbers of the lights that are on, in the order drawn.
    on: Vec<usize>,
    shadow: bool,
    each: Vec<LightLook>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct LightLook {
    offset: [f64; 3],
    diffuse_scale: f64,
    temperature: f64,
}

impl Lights {
    pub(super) fn draw(draws: &mut Draws, lights: usize) -> Self {
        let mut on: Vec<usize> = (0..lights).collect();
        if lights > 0 {
            let count = 1 + draws.below(lights as u64);
            draws.shuffle(&mut on);
            on.truncate(usize::try_from(count).expect("at most the number of lights"));
        }
        Self {
            on,
            shadow: draws.unit() < SHADOW,
            each: (0..lights)
                .map(|_| LightLook {
                    offset: [(); 3].map(|()| draws.uniform(-OFFSET, OFFSET)),
                    diffuse_scale: draws.uniform(DIFFUSE_SCALE[0], DIFFUSE_SCALE[1]),
                    temperature: draws.uniform(TEMPERATURE[0], TEMPERATURE[1]),
                })
                .collect(),
        }
    }

    pub(super) fn record(&self, insert: &mut Insert<'_>) {
        insert(SceneGroup::Visual, "shadow", &[f64::from(self.shadow)]);
        for (index, light) in self.each.iter().enumerate() {
            // 0 is off; the light that is turned on first has number 1.
            let rank = self.on.iter().position(|&on| on == index);
            let rank = rank.map_or(0.0, |rank| rank as f64 + 1.0);
            let [x, y, z] = light.offset;
            let numbers = [rank, x, y, z, light.diffuse_scale, light.temperature];
            insert(SceneGroup::Visual, &format!("light_{index}"), &numbers);
        }
    }

    pub(super) fn dress(&self, scene: &mut SceneModel) {
        for (index, (light, look)) in scene.lights.iter_mut().zip(&self.each).enumerate() {
            light.active &= self.on.contains(&index);
            light.casts_shadow = self.shadow && self.on.first() == Some(&index);
            let tone = color::of_daylight(look.temperature);
            let [diffuse, specular] = [look.diffuse_scale, 1.0].map(|scale| {
                let factors = narrow(tone.map(|channel| scale * channel));
                move |color: [f32; 3]| [0, 1, 2].map(|channel| factors[channel] * color[channel])
            });
            light.diffuse = diffuse(light.diffuse);
            light.specular = specular(light.specular);
        }
    }

    /// `middle` is the middle of the work space.
    pub(super) fn pose(&self, poses: &mut ScenePoses, middle: [f64; 3]) {
        for (pose, look) in poses.lights.iter_mut().zip(&self.each) {
            let LightPose {
                position,
                direction,
            } = *pose;
            let ahead = dot(sub(middle, position), direction);
            let target = add(position, scale(direction, ahead));
            let moved = add(position, look.offset);
            let toward = normalized(sub(target, moved));
            // A light that shines away from the work space, or stands in it, keeps its direction.
            let keeps = ahead <= OFFSET || dot(toward, toward) == 0.0;
            *pose = LightPose {
                position: moved,
                direction: if keeps { direction } else { toward },
            };
        }
    }
}
