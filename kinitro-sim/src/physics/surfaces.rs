//! What the parts of a model look like, without their shapes: all that is needed to decide how they may look instead.

use mujoco_rs::wrappers::mj_model::{MjModel, MjtObjBase, MjtTexture};

use super::Physics;
use super::handles::{BodyId, GeomId};
use super::visual::{COLOR_ROLE, LAST_VISIBLE_GROUP, extent, geoms, optional, rgba, sites};
use crate::Error;
use crate::render::scene::ObjectId;
use crate::render::texture::Layout;

/// Every so many texels count for the mean color of a texture: enough of them, at a hundredth of the time. A prime, so that columns
/// of an image are not met again and again.
const TEXEL_STEP: usize = 127;

/// The looks of one geom or site that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    /// Which.
    pub id: ObjectId,
    /// The geom, if it is none of a site.
    pub geom: Option<GeomId>,
    /// Its name in the model; empty if it has none.
    pub name: String,
    /// The body without parent that it hangs on; the world for what is part of the world.
    pub root: BodyId,
    /// Whether it is welded to the world.
    pub fixed: bool,
    /// Name of its material; empty if it has none.
    pub material: String,
    /// Color and opacity, without texture.
    pub rgba: [f64; 4],
    /// Its texture.
    pub texture: Option<SurfaceTexture>,
}

/// The texture of a surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurfaceTexture {
    /// Its number in the model.
    pub number: usize,
    /// Its kind.
    pub layout: Layout,
    /// Mean over some of its texels, in `[0, 1]`.
    pub mean: [f64; 3],
}

impl Physics {
    /// How many lights the model has.
    pub fn light_count(&self) -> usize {
        self.model().light_type().len()
    }

    /// Where the cameras are that neither move nor turn. Meters, world.
    pub fn fixed_cameras(&self) -> impl Iterator<Item = [f64; 3]> {
        let positions = self.data.cam_xpos().iter();
        let fixed = self.model().cam_bodyid().iter().map(|&body| body == 0);
        positions
            .zip(fixed)
            .filter_map(|(&position, fixed)| fixed.then_some(position))
    }

    /// What is drawn, in the order of [`scene_model`](Self::scene_model). Costs less than a millisecond.
    ///
    /// # Errors
    /// [`Error::UnsuitableMesh`] for textures that cannot be read, and for more than 65536 geoms or sites.
    pub fn surfaces(&self) -> Result<Vec<Surface>, Error> {
        let model = self.model();
        let mut surfaces = Vec::new();
        for element in geoms(model).chain(sites(model)) {
            let color = rgba(model, &element);
            if element.group > LAST_VISIBLE_GROUP || color[3] <= 0.0 {
                continue;
            }
            let material = optional(element.material);
            let texture = material.and_then(|index| optional(model.mat_texid()[index][COLOR_ROLE]));
            let name = |index| model.id_to_name(MjtObjBase::mjOBJ_MATERIAL, index);
            let id = element.id()?;
            surfaces.push(Surface {
                id,
                geom: match id {
                    ObjectId::Geom(number) => Some(GeomId(usize::from(number))),
                    _ => None,
                },
                name: element.name(model),
                root: self.root_of_body(BodyId(element.body)),
                fixed: model.body_weldid()[element.body] == 0,
                material: material.and_then(name).unwrap_or_default().to_owned(),
                rgba: color.map(f64::from),
                texture: texture.map(|number| read(model, number)).transpose()?,
            });
        }
        Ok(surfaces)
    }
}

fn read(model: &MjModel, number: usize) -> Result<SurfaceTexture, Error> {
    let unreadable = |reason| Error::UnsuitableMesh { reason };
    let bytes = model
        .load_texture(number)
        .map_err(|_| unreadable("a texture that cannot be read"))?;
    let channels = extent(model.tex_nchannel()[number]);
    if channels < 3 {
        return Err(unreadable("a texture with less than three channels"));
    }
    let texels = || bytes.chunks_exact(channels).step_by(TEXEL_STEP);
    let count = texels().count().max(1);
    let mean = [0, 1, 2].map(|channel| {
        let sum: u64 = texels().map(|texel| u64::from(texel[channel])).sum();
        sum as f64 / (255.0 * count as f64)
    });
    Ok(SurfaceTexture {
        number,
        layout: match model.tex_type()[number] {
            MjtTexture::mjTEXTURE_2D => Layout::Planar,
            _ => Layout::Cube,
        },
        mean,
    })
}
