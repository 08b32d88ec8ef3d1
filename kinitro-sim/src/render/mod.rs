//! The deterministic software rasterizer: the same scene, poses and view give the same bytes on every machine.
//!
//! `docs/rendering.md` says what a picture is, to the last rounding. In short: vertices are snapped to sixteenths of a pixel, integer
//! edge functions decide what covers a pixel, the nearest surface wins, and each visible pixel is shaded once, as MuJoCo's renderer
//! would: its textures, lights, shadows and sky, without reflections.
//!
//! Arithmetic is f32 with `+ − × ÷ √` in the order written, never fused; camera and object poses are combined in f64 and rounded
//! once. Transcendental functions occur at set-up only and come from the pinned crate `libm`.
//!
//! # Modules
//!
//! *What is drawn*: [`scene`] objects, lights and cameras as plain data · [`mesh`] and `cluster` triangles · `simplify`, `prepare` and
//! [`store`] fewer of them · [`primitives`] shapes as meshes · [`texture`] images on surfaces.
//!
//! *Where it is*: [`camera`] views and projection · `project` vertices to screen · [`raster`] coverage and visibility · `keys` who covers
//! a pixel.
//!
//! *How it looks*: `shade` surfaces in batches of `lanes` · `light` one light on them · `shadow` where it does not reach · `draw` the
//! stages of a picture · [`cache`] those that need not be repeated · [`picture`] the results · [`spec`] the numbers.

pub mod cache;
pub mod camera;
mod cluster;
mod draw;
mod keys;
mod lanes;
mod light;
pub mod mesh;
pub mod picture;
mod prepare;
pub mod primitives;
mod project;
pub mod raster;
pub mod scene;
mod shade;
mod shadow;
mod simplify;
pub mod spec;
pub mod store;
pub mod texture;
pub(crate) mod vector;

use kinitro_core::units::ImageSize;

use crate::Error;
use crate::physics::float_mode::with_ieee_defaults;
use cache::{Cache, StillView};
use camera::{Projection, View};
use draw::{Brush, Glass, Stage};
use keys::object_of;
use picture::{Canvas, Layers};
use raster::Target;
use scene::{SceneModel, ScenePoses};
use shadow::{Basis, ShadowMap};
use spec::{fixed_shadow_side, moving_shadow_side};

pub use spec::RENDER_SPEC;

/// Draws pictures. Keeps its buffers from one picture to the next, and nothing else: every picture depends on its arguments alone.
#[derive(Debug, Default)]
pub struct Renderer {
    opaque: Target,
    glass: Glass,
    brush: Brush,
    shadows: Shadows,
    /// Shadows of what stands still, where there is no cache.
    fixed: Vec<ShadowMap>,
}

/// One picture to draw.
#[derive(Debug)]
pub struct Shot<'a> {
    /// From where, and which way up.
    pub view: View,
    /// Width and height.
    pub size: ImageSize,
    /// Where the bytes go: `[height, width, 3]`, row 0 at the top.
    pub rgb: &'a mut [u8],
    /// Where distances go, if they are wanted: `[height, width]`, meters along the view, infinite where nothing is. Transparent
    /// objects count.
    pub depth: Option<&'a mut [f32]>,
    /// Where it goes what is seen, if it is wanted: `[height, width]`, as [`ObjectId::segment`](scene::ObjectId::segment) gives it,
    /// [`ObjectId::NOTHING`](scene::ObjectId::NOTHING) where nothing is. Transparent objects count.
    pub segmentation: Option<&'a mut [[i32; 2]]>,
}

impl<'a> Shot<'a> {
    /// A picture of colors alone.
    pub fn rgb(view: View, size: ImageSize, rgb: &'a mut [u8]) -> Self {
        Self {
            view,
            size,
            rgb,
            depth: None,
            segmentation: None,
        }
    }

    /// # Errors
    /// [`Error::ImageLength`] if a buffer does not have the length of the picture.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let bytes = self.size.rgb_len();
        let lengths = [
            Some(self.rgb.len()),
            self.depth.as_ref().map(|depth| depth.len() * 3),
            self.segmentation
                .as_ref()
                .map(|segments| segments.len() * 3),
        ];
        match lengths
            .into_iter()
            .flatten()
            .find(|&length| length != bytes)
        {
            Some(found) => Err(Error::ImageLength {
                found,
                expected: bytes,
            }),
            None => Ok(()),
        }
    }
}

impl Renderer {
    /// A renderer with empty buffers; they grow with the first pictures.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws one picture into the buffers of `shot` and tells what is seen where.
    ///
    /// # Errors
    /// [`Error::UnsupportedImageSize`], [`Error::ImageLength`] if a buffer does not have the length of the picture,
    /// [`Error::ForeignPoses`] if poses or view do not belong to the scene, [`Error::UnsuitableMesh`] for a broken scene.
    pub fn render<'a>(
        &'a mut self,
        scene: &'a SceneModel,
        poses: &ScenePoses,
        shot: &mut Shot<'_>,
    ) -> Result<Layers<'a>, Error> {
        shot.check()?;
        with_ieee_defaults(|| {
            let projection = projection(scene, poses, shot.view, shot.size)?;
            self.shadows.set(scene, poses);
            self.shadows.draw_moving((scene, poses), shot.size);
            self.shadows
                .draw_fixed((scene, poses), shot.size, &mut self.fixed);
            let stage = self.shadows.stage(scene, poses, &projection, &self.fixed);
            let mut canvas = Canvas {
                rgb: &mut *shot.rgb,
                orientation: shot.view.orientation,
            };
            self.opaque.reset(projection.width, projection.height);
            stage.draw_opaque(&mut self.opaque, |_| true);
            paint_all(&stage, &self.opaque, &mut self.brush, &mut canvas);
            let blended = Some((&mut canvas, &mut self.brush));
            self.glass.draw(&stage, &self.opaque, blended);
            Ok(())
        })?;
        let layers = self.layers(scene, shot.view, shot.size);
        layers.write(shot);
        Ok(layers)
    }

    /// Finds out what is seen where, without colors: the same layers as [`render`](Self::render) gives, for less work.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn visibility<'a>(
        &'a mut self,
        scene: &'a SceneModel,
        poses: &ScenePoses,
        view: View,
        size: ImageSize,
    ) -> Result<Layers<'a>, Error> {
        with_ieee_defaults(|| {
            let projection = projection(scene, poses, view, size)?;
            let stage = Stage {
                scene,
                poses,
                projection: &projection,
                bases: &[],
                fixed: &[],
                moving: &[],
            };
            self.opaque.reset(projection.width, projection.height);
            stage.draw_opaque(&mut self.opaque, |_| true);
            self.glass.draw(&stage, &self.opaque, None);
            Ok(())
        })?;
        Ok(self.layers(scene, view, size))
    }

    /// Draws several pictures of the same moment, which share its shadows. `cache` makes that faster where little moves, and never
    /// changes a picture.
    ///
    /// # Errors
    /// As [`render`](Self::render), at the first picture that fails; those before it are drawn.
    pub fn render_all<'a>(
        &mut self,
        scene: &SceneModel,
        poses: &ScenePoses,
        cache: &mut Cache,
        shots: impl IntoIterator<Item = Shot<'a>>,
    ) -> Result<(), Error> {
        check(scene, poses)?;
        with_ieee_defaults(|| {
            self.shadows.set(scene, poses);
            cache.prepare(scene, poses);
            for mut shot in shots {
                shot.check()?;
                self.render_cached(scene, poses, cache, &mut shot)?;
            }
            Ok(())
        })
    }

    /// One picture of a moment whose shadows are drawn.
    fn render_cached(
        &mut self,
        scene: &SceneModel,
        poses: &ScenePoses,
        cache: &mut Cache,
        shot: &mut Shot<'_>,
    ) -> Result<(), Error> {
        let projection = projection(scene, poses, shot.view, shot.size)?;
        self.shadows.draw_moving((scene, poses), shot.size);
        cache.draw_shadows(shot.size, |maps| {
            self.shadows.draw_fixed((scene, poses), shot.size, maps);
        });
        let stage = self
            .shadows
            .stage(scene, poses, &projection, &cache.shadows);
        let mut canvas = Canvas {
            rgb: &mut *shot.rgb,
            orientation: shot.view.orientation,
        };
        let (camera, size) = (shot.view.camera, shot.size);
        if let Some(still) = cache.views.still(camera, size, &stage, &mut self.brush) {
            self.opaque.copy_from(&still.target);
            stage.draw_opaque(&mut self.opaque, |object| !object.fixed);
            paint_still(&stage, &self.opaque, still, &mut canvas);
            self.brush
                .list(&self.opaque, &stage, |object| !object.fixed);
            self.brush
                .paint_listed(&stage, &self.opaque, |pixel, lane, shades| {
                    canvas.set(pixel, stage.lit(shades, lane));
                });
        } else {
            self.opaque.reset(projection.width, projection.height);
            stage.draw_opaque(&mut self.opaque, |_| true);
            paint_all(&stage, &self.opaque, &mut self.brush, &mut canvas);
        }
        let blended = Some((&mut canvas, &mut self.brush));
        self.glass.draw(&stage, &self.opaque, blended);
        self.layers(scene, shot.view, shot.size).write(shot);
        Ok(())
    }

    fn layers<'a>(&'a self, scene: &'a SceneModel, view: View, size: ImageSize) -> Layers<'a> {
        Layers {
            opaque: &self.opaque,
            front: &self.glass.front,
            objects: &scene.objects,
            width: size.width() as usize,
            orientation: view.orientation,
        }
    }
}

/// The shadows of a moment.
#[derive(Debug, Default)]
struct Shadows {
    bases: Vec<Basis>,
    moving: Vec<ShadowMap>,
    /// Texels per side of `moving`; 0 while they are those of another moment.
    moving_side: u16,
}

impl Shadows {
    /// Begins a moment.
    fn set(&mut self, scene: &SceneModel, poses: &ScenePoses) {
        shadow::bases(scene, poses, &mut self.bases);
        self.moving
            .resize_with(self.bases.len(), ShadowMap::default);
        self.moving_side = 0;
    }

    /// Draws the shadows of what moves as pictures of a size need them, unless they are drawn.
    fn draw_moving(&mut self, scene: (&SceneModel, &ScenePoses), size: ImageSize) {
        let texels = moving_shadow_side(size.width().max(size.height()));
        if self.moving_side != texels {
            for (map, basis) in self.moving.iter_mut().zip(&self.bases) {
                map.draw(basis, texels, scene, |fixed| !fixed);
            }
            self.moving_side = texels;
        }
    }

    /// Draws the shadows of what stands still as pictures of a size need them.
    fn draw_fixed(
        &self,
        scene: (&SceneModel, &ScenePoses),
        size: ImageSize,
        maps: &mut Vec<ShadowMap>,
    ) {
        let texels = fixed_shadow_side(size.width().max(size.height()));
        maps.resize_with(self.bases.len(), ShadowMap::default);
        for (map, basis) in maps.iter_mut().zip(&self.bases) {
            map.draw(basis, texels, scene, |fixed| fixed);
        }
    }

    fn stage<'a>(
        &'a self,
        scene: &'a SceneModel,
        poses: &'a ScenePoses,
        projection: &'a Projection,
        fixed: &'a [ShadowMap],
    ) -> Stage<'a> {
        Stage {
            scene,
            poses,
            projection,
            bases: &self.bases,
            fixed,
            moving: &self.moving,
        }
    }
}

/// The background and all opaque objects.
fn paint_all(stage: &Stage<'_>, opaque: &Target, brush: &mut Brush, canvas: &mut Canvas<'_>) {
    stage.paint_background(opaque, |pixel, color| canvas.set(pixel, color));
    brush.list(opaque, stage, |_| true);
    brush.paint_listed(stage, opaque, |pixel, lane, shades| {
        canvas.set(pixel, stage.lit(shades, lane));
    });
}

/// The background and what stands still, from memory; only shadows of what moves are looked up.
fn paint_still(stage: &Stage<'_>, opaque: &Target, still: &StillView, canvas: &mut Canvas<'_>) {
    for (pixel, hit) in opaque.hits().enumerate() {
        if hit.is_some_and(|hit| !stage.scene.objects[object_of(hit.payload)].fixed) {
            continue;
        }
        let mut color = still.base[pixel];
        for (light, shadows) in still.shadowed.iter().zip(stage.moving) {
            let more = light.color[pixel];
            if more != [0; 3] && shadows.is_lit(light.receiver(pixel)) {
                color = draw::sum(color, more);
            }
        }
        canvas.set(pixel, color);
    }
}

/// The projection of a view, once scene and poses are known to belong together.
fn projection(
    scene: &SceneModel,
    poses: &ScenePoses,
    view: View,
    size: ImageSize,
) -> Result<Projection, Error> {
    check(scene, poses)?;
    let camera = scene.cameras.get(view.camera).ok_or(Error::ForeignPoses)?;
    Projection::new(camera.fovy, scene.near, &poses.cameras[view.camera], size)
}

fn check(scene: &SceneModel, poses: &ScenePoses) -> Result<(), Error> {
    scene.check()?;
    if poses.fits(scene) {
        return Ok(());
    }
    Err(Error::ForeignPoses)
}

#[cfg(test)]
mod tests;
