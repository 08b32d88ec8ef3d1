//! The stages of a picture: coverage of opaque objects, their shading, and what is blended over them.

use super::camera::Projection;
use super::keys::{PixelLists, object_of, payload_base, triangle_of};
use super::lanes::BATCH;
use super::picture::Canvas;
use super::project::ScreenFromObject;
use super::raster::{Hit, Target};
use super::scene::{Background, Object, SceneModel, ScenePoses};
use super::shade::{self, Batch, ObjectShader, Shades};
use super::shadow::{Basis, ShadowMap};
use super::spec::OPAQUE_ALPHA;
use super::vector;

/// All that a picture is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage<'a> {
    pub(super) scene: &'a SceneModel,
    pub(super) poses: &'a ScenePoses,
    pub(super) projection: &'a Projection,
    /// Of the lights that cast shadows.
    pub(super) bases: &'a [Basis],
    /// Shadows of what stands still, one map for each basis.
    pub(super) fixed: &'a [ShadowMap],
    /// Shadows of what moves.
    pub(super) moving: &'a [ShadowMap],
}

impl Stage<'_> {
    fn is_seen(&self, index: usize) -> bool {
        let object = &self.scene.objects[index];
        object.visible && self.poses.shown[index] && object.material.rgba[3] > 0.0
    }

    fn draw(&self, index: usize, target: &mut Target) {
        let mesh = &self.scene.meshes[self.scene.objects[index].mesh];
        let screen = ScreenFromObject::new(self.projection, &self.poses.objects[index]);
        screen.draw(mesh, payload_base(index), target);
    }

    /// Draws the opaque objects that are meant.
    pub(super) fn draw_opaque(&self, target: &mut Target, is_meant: impl Fn(&Object) -> bool) {
        for (index, object) in self.scene.objects.iter().enumerate() {
            let is_opaque = object.material.rgba[3] >= OPAQUE_ALPHA;
            if is_opaque && is_meant(object) && self.is_seen(index) {
                self.draw(index, target);
            }
        }
    }

    /// The transparent objects with their distances, from far to near.
    pub(super) fn list_transparent(&self, far_to_near: &mut Vec<(f64, usize)>) {
        far_to_near.clear();
        for (index, object) in self.scene.objects.iter().enumerate() {
            if object.material.rgba[3] < OPAQUE_ALPHA && self.is_seen(index) {
                let radius = self.scene.meshes[object.mesh].bound.radius;
                let position = self.poses.objects[index].position;
                let offset = vector::sub(position, self.projection.position);
                let distance = vector::dot(offset, offset).sqrt() - f64::from(radius);
                far_to_near.push((distance, index));
            }
        }
        far_to_near.sort_unstable_by(|(a, i), (b, j)| b.total_cmp(a).then(i.cmp(j)));
    }

    /// The background of all pixels that show nothing else.
    pub(super) fn paint_background(&self, target: &Target, mut paint: impl FnMut(usize, [u8; 3])) {
        let sky = match self.scene.background {
            Background::Color(color) => {
                let color = color.map(|channel| shade::byte(255.0 * channel.clamp(0.0, 1.0)));
                Err(color)
            }
            Background::Sky { texture } => {
                let sky = &self.scene.textures[texture];
                sky.flat().map_or(Ok(sky), Err)
            }
        };
        let width = self.projection.width.unsigned_abs();
        for (pixel, hit) in (0_u32..).zip(target.hits()) {
            if hit.is_none() {
                let color = match sky {
                    Ok(sky) => shade::sky(self.projection, sky, place(pixel, width)),
                    Err(color) => color,
                };
                paint(pixel as usize, color);
            }
        }
    }

    /// The color of a pixel of a batch, shadows considered.
    pub(super) fn lit(&self, shades: &Shades, lane: usize) -> [u8; 3] {
        let mut color = shades.base[lane];
        for ((shade, fixed), moving) in shades.shadowed.iter().zip(self.fixed).zip(self.moving) {
            let (light, receiver) = (shade.color[lane], shade.receivers[lane]);
            if light != [0; 3] && fixed.is_lit(receiver) && moving.is_lit(receiver) {
                color = sum(color, light);
            }
        }
        color
    }
}

/// The sum of two colors; full where it would be more.
pub(super) fn sum(a: [u8; 3], b: [u8; 3]) -> [u8; 3] {
    [0, 1, 2].map(|channel| a[channel].saturating_add(b[channel]))
}

/// Column and row of a pixel.
fn place(pixel: u32, width: u32) -> [i32; 2] {
    let row = pixel / width;
    [(pixel - row * width).cast_signed(), row.cast_signed()]
}

/// Buffers for shading.
#[derive(Debug, Default)]
pub(super) struct Brush {
    pixels: PixelLists,
    shader: ObjectShader,
    batch: Batch,
    shades: Shades,
}

impl Brush {
    /// Lists the pixels of the objects that are meant.
    pub(super) fn list(
        &mut self,
        target: &Target,
        stage: &Stage<'_>,
        is_meant: impl Fn(&Object) -> bool,
    ) {
        let objects = &stage.scene.objects;
        let is_listed = |hit: Hit| is_meant(&objects[object_of(hit.payload)]);
        self.pixels.fill(target, objects.len(), is_listed);
    }

    /// Shades the listed pixels; `paint` gets each with its lane in the batch.
    pub(super) fn paint_listed(
        &mut self,
        stage: &Stage<'_>,
        target: &Target,
        mut paint: impl FnMut(usize, usize, &Shades),
    ) {
        for index in 0..stage.scene.objects.len() {
            let pixels = std::mem::take(&mut self.pixels);
            self.paint(
                stage,
                stage.bases,
                index,
                (pixels.of(index), target),
                &mut paint,
            );
            self.pixels = pixels;
        }
    }

    /// Shades pixels of one object; `bases` are those of the lights whose shadows are considered.
    fn paint(
        &mut self,
        stage: &Stage<'_>,
        bases: &[Basis],
        index: usize,
        (pixels, target): (&[u32], &Target),
        mut paint: impl FnMut(usize, usize, &Shades),
    ) {
        if pixels.is_empty() {
            return;
        }
        let Stage {
            scene,
            poses,
            projection,
            ..
        } = *stage;
        let object = &scene.objects[index];
        let surfaces = &scene.meshes[object.mesh].surfaces;
        let about = (&object.material, &poses.objects[index]);
        self.shader.set(projection, (scene, poses), about, bases);
        let used = object.material.texture.as_ref();
        let texture = used.map(|used| (&scene.textures[used.texture], &used.mapping));
        for chunk in pixels.chunks(BATCH) {
            let seen = chunk.iter().map(|&pixel| {
                (
                    place(pixel, projection.width.unsigned_abs()),
                    &surfaces[triangle_of(target.payload(pixel as usize))],
                )
            });
            self.shader.gather(seen, &mut self.batch);
            self.shader.shade(&self.batch, texture, &mut self.shades);
            for (lane, &pixel) in chunk.iter().enumerate() {
                paint(pixel as usize, lane, &self.shades);
            }
        }
    }
}

/// Buffers for objects that let something through.
#[derive(Debug, Default)]
pub(super) struct Glass {
    layer: Target,
    seen: Vec<u32>,
    far_to_near: Vec<(f64, usize)>,
    /// The nearest surface at each pixel, transparent ones included; empty where nothing is transparent.
    pub(super) front: Vec<Option<Hit>>,
}

impl Glass {
    /// Draws the transparent objects over the opaque ones, and blends their colors if there is a canvas.
    pub(super) fn draw(
        &mut self,
        stage: &Stage<'_>,
        opaque: &Target,
        mut canvas: Option<(&mut Canvas<'_>, &mut Brush)>,
    ) {
        stage.list_transparent(&mut self.far_to_near);
        self.front.clear();
        if !self.far_to_near.is_empty() {
            self.front.extend(opaque.hits());
        }
        for &(_, index) in &self.far_to_near {
            self.layer
                .reset(stage.projection.width, stage.projection.height);
            stage.draw(index, &mut self.layer);
            self.seen.clear();
            self.seen.reserve(opaque.pixel_count());
            for ((pixel, hit), (behind, front)) in (0_u32..)
                .zip(self.layer.hits())
                .zip(opaque.hits().zip(&mut self.front))
            {
                if let Some(hit) = hit.filter(|hit| hit.is_before(behind)) {
                    self.seen.push(pixel);
                    if hit.is_before(*front) {
                        *front = Some(hit);
                    }
                }
            }
            let Some((canvas, brush)) = &mut canvas else {
                continue;
            };
            let clear = 1.0 - stage.scene.objects[index].material.rgba[3];
            let opacity = shade::byte(255.0 * (1.0 - clear * clear));
            // All lights shine on what is transparent.
            brush.paint(
                stage,
                &[],
                index,
                (&self.seen, &self.layer),
                |pixel, lane, shades| canvas.blend(pixel, shades.base[lane], opacity),
            );
        }
    }
}
