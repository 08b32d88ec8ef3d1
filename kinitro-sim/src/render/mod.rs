//! The deterministic software rasterizer: the same scene, poses and view give the same bytes on every machine.
//!
//! # The picture, in words
//!
//! Arithmetic is f32 with `+ − × ÷ √` in the order written, never fused; camera and object poses are combined in f64 and rounded
//! once. Transcendental functions occur at set-up only (field of view, primitive shapes) and come from the pinned crate `libm`.
//!
//! 1. *Projection.* Each vertex goes to homogeneous screen coordinates, is divided by its distance along the view, and is snapped
//!    to 1/16 pixel (nearest, halves to even) relative to the center of the picture. Triangles that cross the near plane or leave
//!    the guard band (±1024 pixels) are cut there first; there is no far plane. Clusters of triangles that lie outside the picture
//!    or show only their backs are skipped.
//! 2. *Coverage.* A triangle is drawn if its corners run counterclockwise on the screen. Integer edge functions decide whether a
//!    pixel's center is inside; centers on an edge belong to the triangle for which it is a top or left edge.
//! 3. *Visibility.* Of all triangles over a pixel the nearest wins; nearness is interpolated linearly on the screen. Ties go to the
//!    later object, then to the later triangle: the order of drawing has no influence.
//! 4. *Shading*, once per visible pixel: see `shade`. Each channel becomes `⌊255 c + ½⌋`. Where nothing is, the background's
//!    constant color.
//! 5. *Transparency.* Objects with alpha below 0.995 are drawn afterwards, each as a whole, from far to near (distance of their
//!    origin less the radius of their bound; ties in the order of the scene), their nearest front surface blended over what lies
//!    behind it. MuJoCo blends each of them twice, so their opacity is `1 − (1 − α)²`, rounded to 1/255.
//! 6. *Delivery.* Row 0 is at the top. Views of cameras that are mounted upside down are written in reverse order of pixels.
//!
//! # Modules
//!
//! [`scene`] what there is to see · [`camera`] views and projection · [`mesh`] and `cluster` triangles · [`primitives`] shapes as
//! meshes · `project` vertices to screen · [`raster`] coverage and visibility · `keys` who covers a pixel · `shade` and `lanes` light ·
//! [`picture`] the results · [`spec`] the numbers.
//!
//! Room is left for what a later version adds: a [`scene::Material`] may have a texture (now its mean color), the terms of each light
//! are computed apart (a shadow multiplies them), and [`raster::Target`] is any buffer of nearest triangles (a shadow map is one).

pub mod camera;
mod cluster;
mod keys;
mod lanes;
pub mod mesh;
pub mod picture;
pub mod primitives;
mod project;
pub mod raster;
pub mod scene;
mod shade;
pub mod spec;
mod vector;

use kinitro_core::units::ImageSize;

use crate::Error;
use crate::physics::float_mode::with_ieee_defaults;
use camera::{Projection, View};
use keys::{PixelLists, payload_base, triangle_of};
use lanes::BATCH;
use picture::{Canvas, Layers};
use project::ScreenFromObject;
use raster::{Hit, Target};
use scene::{SceneModel, ScenePoses};
use shade::{Batch, ObjectShader};
use spec::OPAQUE_ALPHA;

pub use spec::RENDER_SPEC;

/// Draws pictures. Keeps its buffers from one picture to the next, and nothing else: every picture depends on its arguments alone.
#[derive(Debug, Default)]
pub struct Renderer {
    opaque: Target,
    layer: Target,
    /// The nearest surface at each pixel, transparent ones included; empty where nothing is transparent.
    front: Vec<Option<Hit>>,
    pixels: PixelLists,
    far_to_near: Vec<(f64, usize)>,
    shader: ObjectShader,
    batch: Batch,
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
}

impl Renderer {
    /// A renderer with empty buffers; they grow with the first pictures.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws one picture into `shot.rgb` and tells what is seen where.
    ///
    /// # Errors
    /// [`Error::UnsupportedImageSize`], [`Error::ImageLength`] if the buffer does not have the length of the picture,
    /// [`Error::ForeignPoses`] if poses or view do not belong to the scene, [`Error::UnsuitableMesh`] for a broken scene.
    pub fn render<'a>(
        &'a mut self,
        scene: &'a SceneModel,
        poses: &ScenePoses,
        shot: &mut Shot<'_>,
    ) -> Result<Layers<'a>, Error> {
        let (found, expected) = (shot.rgb.len(), shot.size.rgb_len());
        if found != expected {
            return Err(Error::ImageLength { found, expected });
        }
        with_ieee_defaults(|| {
            let projection = projection(scene, poses, shot.view, shot.size)?;
            let mut canvas = Canvas {
                rgb: &mut *shot.rgb,
                orientation: shot.view.orientation,
            };
            self.draw_opaque(scene, poses, &projection);
            canvas.clear(scene.background);
            self.shade_opaque(scene, poses, &projection, &mut canvas);
            self.draw_transparent(scene, poses, &projection, Some(&mut canvas));
            Ok(())
        })?;
        Ok(self.layers(scene, shot.view, shot.size))
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
            self.draw_opaque(scene, poses, &projection);
            self.draw_transparent(scene, poses, &projection, None);
            Ok(())
        })?;
        Ok(self.layers(scene, view, size))
    }

    /// Draws several pictures of the same moment.
    ///
    /// # Errors
    /// As [`render`](Self::render), at the first picture that fails.
    pub fn render_all(
        &mut self,
        scene: &SceneModel,
        poses: &ScenePoses,
        shots: &mut [Shot<'_>],
    ) -> Result<(), Error> {
        shots
            .iter_mut()
            .try_for_each(|shot| self.render(scene, poses, shot).map(|_| ()))
    }

    fn draw_opaque(&mut self, scene: &SceneModel, poses: &ScenePoses, projection: &Projection) {
        self.opaque.reset(projection.width, projection.height);
        self.far_to_near.clear();
        for (index, object) in scene.objects.iter().enumerate() {
            let alpha = object.material.rgba[3];
            if !(object.visible && poses.shown[index] && alpha > 0.0) {
                continue;
            }
            let pose = &poses.objects[index];
            let mesh = &scene.meshes[object.mesh];
            if alpha < OPAQUE_ALPHA {
                let offset = vector::sub(pose.position, projection.position);
                let distance = vector::dot(offset, offset).sqrt() - f64::from(mesh.bound.radius);
                self.far_to_near.push((distance, index));
            } else {
                ScreenFromObject::new(projection, pose).draw(
                    mesh,
                    payload_base(index),
                    &mut self.opaque,
                );
            }
        }
        self.front.clear();
        if !self.far_to_near.is_empty() {
            self.front.extend(self.opaque.hits());
        }
    }

    fn shade_opaque(
        &mut self,
        scene: &SceneModel,
        poses: &ScenePoses,
        projection: &Projection,
        canvas: &mut Canvas<'_>,
    ) {
        self.pixels.fill(&self.opaque, scene.objects.len());
        for index in 0..scene.objects.len() {
            let pixels = self.pixels.of(index);
            let paint = |pixel, color| canvas.set(pixel, color);
            shade_object(
                &mut self.shader,
                &mut self.batch,
                (scene, poses, projection),
                index,
                (pixels, &self.opaque),
                paint,
            );
        }
    }

    /// Draws the objects that let something through, and blends their colors if there is a canvas.
    fn draw_transparent(
        &mut self,
        scene: &SceneModel,
        poses: &ScenePoses,
        projection: &Projection,
        mut canvas: Option<&mut Canvas<'_>>,
    ) {
        self.far_to_near
            .sort_unstable_by(|(a, i), (b, j)| b.total_cmp(a).then(i.cmp(j)));
        for &(_, index) in &self.far_to_near {
            let object = &scene.objects[index];
            self.layer.reset(projection.width, projection.height);
            let screen = ScreenFromObject::new(projection, &poses.objects[index]);
            screen.draw(
                &scene.meshes[object.mesh],
                payload_base(index),
                &mut self.layer,
            );
            self.pixels.list.clear();
            for ((pixel, hit), (behind, front)) in (0_u32..)
                .zip(self.layer.hits())
                .zip(self.opaque.hits().zip(&mut self.front))
            {
                if let Some(hit) = hit.filter(|hit| hit.is_before(behind)) {
                    self.pixels.list.push(pixel);
                    if hit.is_before(*front) {
                        *front = Some(hit);
                    }
                }
            }
            let Some(canvas) = &mut canvas else { continue };
            let clear = 1.0 - object.material.rgba[3];
            let opacity = shade::byte(1.0 - clear * clear);
            let paint = |pixel, color| canvas.blend(pixel, color, opacity);
            let seen = (&self.pixels.list[..], &self.layer);
            shade_object(
                &mut self.shader,
                &mut self.batch,
                (scene, poses, projection),
                index,
                seen,
                paint,
            );
        }
    }

    fn layers<'a>(&'a self, scene: &'a SceneModel, view: View, size: ImageSize) -> Layers<'a> {
        Layers {
            opaque: &self.opaque,
            front: &self.front,
            objects: &scene.objects,
            width: size.width() as usize,
            orientation: view.orientation,
        }
    }
}

/// The projection of a view, once scene and poses are known to belong together.
fn projection(
    scene: &SceneModel,
    poses: &ScenePoses,
    view: View,
    size: ImageSize,
) -> Result<Projection, Error> {
    scene.check()?;
    if !poses.fits(scene) {
        return Err(Error::ForeignPoses);
    }
    let camera = scene.cameras.get(view.camera).ok_or(Error::ForeignPoses)?;
    Projection::new(camera.fovy, scene.near, &poses.cameras[view.camera], size)
}

/// Shades the pixels of one object, in batches. `seen` lists them and says what they show.
fn shade_object(
    shader: &mut ObjectShader,
    batch: &mut Batch,
    (scene, poses, projection): (&SceneModel, &ScenePoses, &Projection),
    index: usize,
    (pixels, target): (&[u32], &Target),
    mut paint: impl FnMut(usize, [u8; 3]),
) {
    if pixels.is_empty() {
        return;
    }
    let object = &scene.objects[index];
    let surfaces = &scene.meshes[object.mesh].surfaces;
    shader.set(
        projection,
        scene,
        poses,
        &object.material,
        &poses.objects[index],
    );
    for chunk in pixels.chunks(BATCH) {
        let seen = chunk.iter().map(|&pixel| {
            let row = pixel / projection.width.unsigned_abs();
            let column = pixel - row * projection.width.unsigned_abs();
            (
                [column.cast_signed(), row.cast_signed()],
                &surfaces[triangle_of(target.payload(pixel as usize))],
            )
        });
        shader.gather(seen, batch);
        for (&pixel, color) in chunk.iter().zip(shader.shade(batch)) {
            paint(pixel as usize, color);
        }
    }
}

#[cfg(test)]
mod tests;
