//! What need not be drawn anew from moment to moment: the shadows, and for a camera that stands still the picture, of all objects
//! that stand still.
//!
//! Nothing here changes a result. Everything that a part depends on is written down bit by bit and compared before the part is used.

use std::sync::Arc;

use kinitro_core::units::ImageSize;

use super::camera::Projection;
use super::draw::{Brush, Stage};
use super::mesh::Mesh;
use super::raster::Target;
use super::scene::{Background, Light, LightKind, Mapping, Object, Pose, SceneModel, ScenePoses};
use super::shadow::{Receiver, ShadowMap};
use super::spec::fixed_shadow_side;
use super::texture::Texture;

/// Views that are remembered at most; when another comes, all are forgotten.
const MOST_VIEWS: usize = 8;

/// What one environment remembers from picture to picture. Give every environment its own: one that serves several in turn forgets
/// each time.
///
/// Costs 0.5 MiB for shadows (2 MiB for pictures of more than 128 pixels a side), and 27 bytes per pixel of each view with one light that casts shadows.
#[derive(Debug, Default)]
pub struct Cache {
    inputs: Inputs,
    fresh: Inputs,
    /// Kept, as the textures are, so that equal addresses mean equal contents.
    meshes: Arc<[Mesh]>,
    textures: Arc<[Texture]>,
    /// Shadows of what stands still, one map for each light that casts any.
    pub(super) shadows: Vec<ShadowMap>,
    /// Texels per side of `shadows`; 0 while they are those of another moment.
    shadow_side: u16,
    pub(super) views: Views,
}

/// The views of a [`Cache`].
#[derive(Debug, Default)]
pub(super) struct Views(Vec<StillView>);

/// What a camera that stands still sees of the objects that stand still.
#[derive(Debug)]
pub(super) struct StillView {
    camera: usize,
    size: ImageSize,
    inputs: Inputs,
    fresh: Inputs,
    is_drawn: bool,
    pub(super) target: Target,
    /// Of each pixel, in the light of all that casts no shadows; the background where nothing is.
    pub(super) base: Vec<[u8; 3]>,
    /// Of each light that casts shadows, on each pixel.
    pub(super) shadowed: Vec<StillLight>,
}

/// What a light adds to each pixel unless something that moves is in the way.
#[derive(Debug, Default)]
pub(super) struct StillLight {
    pub(super) color: Vec<[u8; 3]>,
    places: Vec<[f32; 3]>,
    slopes: Vec<u8>,
}

impl Cache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what is not of this moment.
    pub(super) fn prepare(&mut self, scene: &SceneModel, poses: &ScenePoses) {
        self.fresh.set_scene(scene, poses);
        let is_same = self.fresh == self.inputs
            && Arc::ptr_eq(&self.meshes, &scene.meshes)
            && Arc::ptr_eq(&self.textures, &scene.textures);
        if !is_same {
            std::mem::swap(&mut self.inputs, &mut self.fresh);
            self.meshes = Arc::clone(&scene.meshes);
            self.textures = Arc::clone(&scene.textures);
            self.shadow_side = 0;
            for view in &mut self.views.0 {
                view.is_drawn = false;
            }
        }
    }

    /// Makes sure that the shadows of what stands still are those that pictures of a size need.
    pub(super) fn draw_shadows(&mut self, size: ImageSize, draw: impl FnOnce(&mut Vec<ShadowMap>)) {
        let texels = fixed_shadow_side(size.width().max(size.height()));
        if self.shadow_side != texels {
            draw(&mut self.shadows);
            self.shadow_side = texels;
        }
    }
}

impl Views {
    /// How many views are remembered with their pictures.
    #[cfg(test)]
    pub(super) fn drawn(&self) -> usize {
        self.0.iter().filter(|view| view.is_drawn).count()
    }

    /// What a camera shows of what stands still; drawn now if need be. None if the camera has just come to where it is: what is
    /// seen from one that moves on is not worth remembering.
    pub(super) fn still(
        &mut self,
        camera: usize,
        size: ImageSize,
        stage: &Stage<'_>,
        brush: &mut Brush,
    ) -> Option<&StillView> {
        let known = |known: &StillView| known.camera == camera && known.size == size;
        let index = self.0.iter().position(known).unwrap_or_else(|| {
            if self.0.len() == MOST_VIEWS {
                self.0.clear();
            }
            let mut view = StillView::new(camera, size);
            // Room is made now, so that no later picture has to.
            view.clear(stage);
            self.0.push(view);
            self.0.len() - 1
        });
        let view = &mut self.0[index];
        view.fresh.set_projection(stage.projection);
        if view.fresh != view.inputs {
            std::mem::swap(&mut view.inputs, &mut view.fresh);
            view.is_drawn = false;
            return None;
        }
        if !view.is_drawn {
            view.draw(stage, brush);
        }
        Some(view)
    }
}

impl StillView {
    fn new(camera: usize, size: ImageSize) -> Self {
        Self {
            camera,
            size,
            inputs: Inputs::default(),
            fresh: Inputs::default(),
            is_drawn: false,
            target: Target::default(),
            base: Vec::new(),
            shadowed: Vec::new(),
        }
    }

    fn clear(&mut self, stage: &Stage<'_>) {
        let (width, height) = (stage.projection.width, stage.projection.height);
        self.target.reset(width, height);
        let count = self.target.pixel_count();
        self.base.clear();
        self.base.resize(count, [0; 3]);
        self.shadowed
            .resize_with(stage.bases.len(), StillLight::default);
        for light in &mut self.shadowed {
            light.clear(count);
        }
    }

    fn draw(&mut self, stage: &Stage<'_>, brush: &mut Brush) {
        self.clear(stage);
        stage.draw_opaque(&mut self.target, |object| object.fixed);
        stage.paint_background(&self.target, |pixel, color| self.base[pixel] = color);
        brush.list(&self.target, stage, |_| true);
        brush.paint_listed(stage, &self.target, |pixel, lane, shades| {
            self.base[pixel] = shades.base[lane];
            for ((light, shade), shadows) in self
                .shadowed
                .iter_mut()
                .zip(&shades.shadowed)
                .zip(stage.fixed)
            {
                let (color, receiver) = (shade.color[lane], shade.receivers[lane]);
                if color != [0; 3] && shadows.is_lit(receiver) {
                    light.color[pixel] = color;
                    light.places[pixel] = receiver.place;
                    light.slopes[pixel] = receiver.slope;
                }
            }
        });
        self.is_drawn = true;
    }
}

impl StillLight {
    fn clear(&mut self, pixels: usize) {
        self.color.clear();
        self.color.resize(pixels, [0; 3]);
        self.places.clear();
        self.places.resize(pixels, [0.0; 3]);
        self.slopes.clear();
        self.slopes.resize(pixels, 0);
    }

    pub(super) fn receiver(&self, pixel: usize) -> Receiver {
        Receiver {
            place: self.places[pixel],
            slope: self.slopes[pixel],
        }
    }
}

/// The bits of all numbers that something was made from.
#[derive(Debug, Default, PartialEq, Eq)]
struct Inputs(Vec<u64>);

impl Inputs {
    /// Everything that pictures of what stands still depend on, but for the camera; meshes and textures as their numbers.
    fn set_scene(&mut self, scene: &SceneModel, poses: &ScenePoses) {
        self.0.clear();
        self.0.push(scene.objects.len() as u64);
        let objects = scene.objects.iter().zip(&poses.objects).zip(&poses.shown);
        for ((object, pose), &shown) in objects {
            self.0.push(u64::from(object.fixed));
            if object.fixed {
                self.object(object, pose, shown);
            }
        }
        self.0.push(scene.lights.len() as u64);
        for (light, pose) in scene.lights.iter().zip(&poses.lights) {
            self.light(light);
            self.wide(&pose.position);
            self.wide(&pose.direction);
        }
        self.0.push(u64::from(scene.headlight.is_some()));
        if let Some(light) = &scene.headlight {
            self.light(light);
        }
        match scene.background {
            Background::Color(color) => {
                self.0.push(0);
                self.narrow(&color);
            }
            Background::Sky { texture } => self.0.extend([1, texture as u64]),
        }
    }

    fn set_projection(&mut self, projection: &Projection) {
        let p = projection;
        self.0.clear();
        for axis in [&p.position, &p.right, &p.down, &p.forward] {
            self.wide(axis);
        }
        self.wide(&[p.focal, p.near]);
    }

    fn object(&mut self, object: &Object, pose: &Pose, shown: bool) {
        let flags = [object.visible, object.casts_shadow, shown].map(u64::from);
        self.0.extend(flags);
        self.0.push(object.mesh as u64);
        self.wide(&pose.position);
        self.wide(&pose.rotation);
        let material = &object.material;
        self.narrow(&material.rgba);
        self.narrow(&[material.specular, material.shininess, material.emission]);
        let Some(used) = &material.texture else {
            self.0.push(u64::MAX);
            return;
        };
        self.0.push(used.texture as u64);
        match &used.mapping {
            Mapping::Planar { s, t } => {
                self.narrow(s);
                self.narrow(t);
            }
            Mapping::Cube { scale } => self.narrow(scale),
        }
    }

    fn light(&mut self, light: &Light) {
        self.0
            .extend([light.active, light.casts_shadow].map(u64::from));
        self.narrow(&light.ambient);
        self.narrow(&light.diffuse);
        self.narrow(&light.specular);
        match &light.kind {
            LightKind::Directional => self.0.push(0),
            LightKind::Spot {
                attenuation,
                cutoff,
                exponent,
            } => {
                self.0.push(1);
                self.narrow(attenuation);
                self.narrow(&[*cutoff, *exponent]);
            }
        }
    }

    fn wide(&mut self, numbers: &[f64]) {
        self.0.extend(numbers.iter().map(|number| number.to_bits()));
    }

    fn narrow(&mut self, numbers: &[f32]) {
        let bits = |number: &f32| u64::from(number.to_bits());
        self.0.extend(numbers.iter().map(bits));
    }
}
