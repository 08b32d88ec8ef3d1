//! What the rasterizer needs of a compiled model and of its present state, as plain data.
//!
//! Follows what MuJoCo 3.17.0 shows with its default visualization options (`mjv_updateScene`): geoms and sites of groups 0 to 2
//! whose alpha is not 0; the color of a material, unless the geom or site has a color of its own.

use mujoco_rs::wrappers::mj_model::{MjModel, MjtGeomBase, MjtLightType, MjtObjBase, MjtTexture};

use super::Physics;
use super::float_mode::with_ieee_defaults;
use super::handles::SiteId;
use crate::Error;
use crate::render::mesh::{Face, Mesh, Triangles};
use crate::render::primitives::Shape;
use crate::render::scene::{
    Background, Camera, Light, LightKind, LightPose, Mapping, Material, MaterialTexture, Object,
    ObjectId, Pose, SceneModel, ScenePoses,
};
use crate::render::store::MeshStore;
use crate::render::texture::Texture;

/// Groups up to this one are shown.
pub(super) const LAST_VISIBLE_GROUP: i32 = 2;
/// The color of geoms and sites that have none of their own. Source: MuJoCo's `mjs_defaultGeom`.
const DEFAULT_RGBA: [f32; 4] = [0.5, 0.5, 0.5, 1.0];
/// Specular strength and shininess without a material. Source: MuJoCo's `mjv_updateScene`.
const PLAIN_GLOSS: f32 = 0.5;
/// Index of a material's base color texture (`mjTEXROLE_RGB`).
pub(super) const COLOR_ROLE: usize = 1;

/// How a site is drawn at one moment, where that differs from the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SiteOverride {
    /// The site.
    pub site: SiteId,
    /// Its center in the world, in meters; none leaves it where it is.
    pub position: Option<[f64; 3]>,
    /// Whether it is drawn.
    pub visible: bool,
}

impl Physics {
    /// Everything about the looks of the model that does not move; its meshes come from the store. Make it once per model.
    ///
    /// # Errors
    /// [`Error::UnsuitableMesh`] for height fields and signed distance fields, and for meshes that are too large; those of
    /// [`MeshStore::mesh`].
    pub fn scene_model(&self, meshes: &MeshStore) -> Result<SceneModel, Error> {
        with_ieee_defaults(|| self.read_scene(meshes))
    }

    /// The meshes that are drawn, each once, with their names.
    pub fn drawn_meshes(&self) -> Vec<(String, Triangles)> {
        let model = self.model();
        let mut assets: Vec<usize> = geoms(model)
            .filter(|element| {
                element.shape == MjtGeomBase::mjGEOM_MESH && is_drawn(element, rgba(model, element))
            })
            .filter_map(|element| optional(element.asset))
            .collect();
        assets.sort_unstable();
        assets.dedup();
        let mesh = |asset| {
            let name = name(model, MjtObjBase::mjOBJ_MESH, asset);
            (name, triangles(model, asset))
        };
        assets.into_iter().map(mesh).collect()
    }

    fn read_scene(&self, store: &MeshStore) -> Result<SceneModel, Error> {
        let model = self.model();
        let mut meshes = MeshList::new(store);
        let mut textures = TextureList::default();
        let mut objects = Vec::new();
        for element in geoms(model).chain(sites(model)) {
            let material = textures.material(model, &element)?;
            if !is_drawn(&element, material.rgba) {
                continue;
            }
            objects.push(Object {
                id: element.id()?,
                name: element.name(model),
                mesh: meshes.of(model, &element)?,
                material,
                visible: true,
                // A body that is moved as a mocap body is its own root here.
                fixed: model.body_weldid()[element.body] == 0,
                casts_shadow: element.shape != MjtGeomBase::mjGEOM_PLANE,
            });
        }
        let cameras = model
            .cam_fovy()
            .iter()
            .enumerate()
            .map(|(index, degrees)| Camera {
                name: name(model, MjtObjBase::mjOBJ_CAMERA, index),
                fovy: degrees.to_radians(),
            });
        let background = textures.background(model)?;
        let scene = SceneModel {
            meshes: meshes.meshes.into(),
            textures: textures.textures.into(),
            objects,
            lights: lights(model),
            headlight: headlight(model),
            cameras: cameras.collect(),
            background,
            near: f64::from(model.vis().map.znear) * model.stat().extent,
        };
        scene.check()?;
        Ok(scene)
    }

    /// Writes where everything of `scene` (made from this model) is, as the last kinematics left it; distractors, which the model
    /// does not know, at the origin of the world.
    pub fn write_scene_poses(
        &self,
        scene: &SceneModel,
        overrides: &[SiteOverride],
        poses: &mut ScenePoses,
    ) {
        let data = &self.data;
        poses.objects.clear();
        poses.shown.clear();
        for object in &scene.objects {
            let (pose, shown) = match object.id {
                ObjectId::Geom(index) => {
                    let index = usize::from(index);
                    (pose(data.geom_xpos()[index], data.geom_xmat()[index]), true)
                }
                ObjectId::Site(index) => {
                    let index = usize::from(index);
                    let change = overrides.iter().rfind(|entry| entry.site.0 == index);
                    let position = change.and_then(|entry| entry.position);
                    let position = position.unwrap_or(data.site_xpos()[index]);
                    (
                        pose(position, data.site_xmat()[index]),
                        change.is_none_or(|entry| entry.visible),
                    )
                }
                ObjectId::Distractor(_) => (Pose::default(), true),
            };
            poses.objects.push(pose);
            poses.shown.push(shown);
        }
        poses.cameras.clear();
        let cameras = data.cam_xpos().iter().zip(data.cam_xmat());
        poses
            .cameras
            .extend(cameras.map(|(&position, &rotation)| pose(position, rotation)));
        poses.lights.clear();
        let lights = data.light_xpos().iter().zip(data.light_xdir());
        poses
            .lights
            .extend(lights.map(|(&position, &direction)| LightPose {
                position,
                direction,
            }));
    }
}

fn is_drawn(element: &Element, rgba: [f32; 4]) -> bool {
    element.group <= LAST_VISIBLE_GROUP && rgba[3] > 0.0
}

/// The color of a material, unless the geom or site has one of its own.
pub(super) fn rgba(model: &MjModel, element: &Element) -> [f32; 4] {
    match optional(element.material) {
        Some(material) if element.rgba == DEFAULT_RGBA => model.mat_rgba()[material],
        _ => element.rgba,
    }
}

fn pose(position: [f64; 3], rotation: [f64; 9]) -> Pose {
    Pose { position, rotation }
}

/// A geom or a site, as far as its looks go.
pub(super) struct Element {
    object: MjtObjBase,
    index: usize,
    pub(super) body: usize,
    shape: MjtGeomBase,
    size: [f64; 3],
    asset: i32,
    pub(super) material: i32,
    rgba: [f32; 4],
    pub(super) group: i32,
}

impl Element {
    pub(super) fn name(&self, model: &MjModel) -> String {
        name(model, self.object, self.index)
    }

    pub(super) fn id(&self) -> Result<ObjectId, Error> {
        let index = u16::try_from(self.index).map_err(|_| Error::UnsuitableMesh {
            reason: "more than 65536 geoms or sites",
        })?;
        Ok(match self.object {
            MjtObjBase::mjOBJ_SITE => ObjectId::Site(index),
            _ => ObjectId::Geom(index),
        })
    }
}

pub(super) fn geoms(model: &MjModel) -> impl Iterator<Item = Element> {
    model
        .geom_type()
        .iter()
        .enumerate()
        .map(|(index, &shape)| Element {
            object: MjtObjBase::mjOBJ_GEOM,
            index,
            body: extent(model.geom_bodyid()[index]),
            shape,
            size: model.geom_size()[index],
            asset: model.geom_dataid()[index],
            material: model.geom_matid()[index],
            rgba: model.geom_rgba()[index],
            group: model.geom_group()[index],
        })
}

pub(super) fn sites(model: &MjModel) -> impl Iterator<Item = Element> {
    model
        .site_type()
        .iter()
        .enumerate()
        .map(|(index, &shape)| Element {
            object: MjtObjBase::mjOBJ_SITE,
            index,
            body: extent(model.site_bodyid()[index]),
            shape,
            size: model.site_size()[index],
            asset: model.site_dataid()[index],
            material: model.site_matid()[index],
            rgba: model.site_rgba()[index],
            group: model.site_group()[index],
        })
}

fn name(model: &MjModel, kind: MjtObjBase, index: usize) -> String {
    model.id_to_name(kind, index).unwrap_or_default().to_owned()
}

/// An index that may be −1 for "none".
pub(super) fn optional(index: i32) -> Option<usize> {
    usize::try_from(index).ok()
}

/// The start or the length of a part of a model array.
pub(super) fn extent(number: i32) -> usize {
    usize::try_from(number).expect("addresses and counts of a compiled model are not negative")
}

fn headlight(model: &MjModel) -> Option<Light> {
    let headlight = &model.vis().headlight;
    (headlight.active != 0).then_some(Light {
        ambient: headlight.ambient,
        diffuse: headlight.diffuse,
        specular: headlight.specular,
        kind: LightKind::Directional,
        active: true,
        casts_shadow: false,
    })
}

fn lights(model: &MjModel) -> Vec<Light> {
    let light = |(index, kind): (usize, &MjtLightType)| Light {
        ambient: model.light_ambient()[index],
        diffuse: model.light_diffuse()[index],
        specular: model.light_specular()[index],
        kind: match kind {
            MjtLightType::mjLIGHT_DIRECTIONAL => LightKind::Directional,
            _ => LightKind::Spot {
                attenuation: model.light_attenuation()[index],
                cutoff: model.light_cutoff()[index].to_radians(),
                exponent: model.light_exponent()[index],
            },
        },
        // MuJoCo's OpenGL renderer ignores the other kinds too.
        active: model.light_active()[index]
            && matches!(
                kind,
                MjtLightType::mjLIGHT_DIRECTIONAL | MjtLightType::mjLIGHT_SPOT
            ),
        casts_shadow: model.light_castshadow()[index],
    };
    model.light_type().iter().enumerate().map(light).collect()
}

/// The textures of a scene, each only once.
#[derive(Default)]
struct TextureList {
    textures: Vec<Texture>,
    /// Index of a texture in `textures`, by its number in the model.
    known: Vec<(usize, usize)>,
}

impl TextureList {
    fn material(&mut self, model: &MjModel, element: &Element) -> Result<Material, Error> {
        let Some(index) = optional(element.material) else {
            return Ok(Material {
                rgba: element.rgba,
                texture: None,
                specular: PLAIN_GLOSS,
                shininess: PLAIN_GLOSS,
                emission: 0.0,
            });
        };
        let texture = match optional(model.mat_texid()[index][COLOR_ROLE]) {
            Some(texture) => Some(MaterialTexture {
                texture: self.of(model, texture)?,
                mapping: mapping(model, element, index, texture),
            }),
            None => None,
        };
        Ok(Material {
            rgba: rgba(model, element),
            texture,
            specular: model.mat_specular()[index],
            shininess: model.mat_shininess()[index],
            emission: model.mat_emission()[index],
        })
    }

    /// The first sky texture; black without one, as MuJoCo clears the picture.
    fn background(&mut self, model: &MjModel) -> Result<Background, Error> {
        let sky = model
            .tex_type()
            .iter()
            .position(|&kind| kind == MjtTexture::mjTEXTURE_SKYBOX);
        Ok(match sky {
            Some(sky) => Background::Sky {
                texture: self.of(model, sky)?,
            },
            None => Background::Color([0.0; 3]),
        })
    }

    fn of(&mut self, model: &MjModel, texture: usize) -> Result<usize, Error> {
        if let Some((_, index)) = self.known.iter().find(|(known, _)| *known == texture) {
            return Ok(*index);
        }
        let unreadable = |reason| Error::UnsuitableMesh { reason };
        let bytes = model
            .load_texture(texture)
            .map_err(|_| unreadable("a texture that cannot be read"))?;
        let channels = extent(model.tex_nchannel()[texture]);
        if channels < 3 {
            return Err(unreadable("a texture with less than three channels"));
        }
        let rgb: Vec<u8> = bytes
            .chunks_exact(channels)
            .flat_map(|texel| &texel[..3])
            .copied()
            .collect();
        let side = |length: i32| u32::try_from(length).unwrap_or(0);
        let (width, height) = (
            side(model.tex_width()[texture]),
            side(model.tex_height()[texture]),
        );
        self.textures.push(match model.tex_type()[texture] {
            MjtTexture::mjTEXTURE_2D => Texture::planar(width, height, &rgb)?,
            _ => Texture::cube(width, &rgb)?,
        });
        self.known.push((texture, self.textures.len() - 1));
        Ok(self.textures.len() - 1)
    }
}

/// Where on an object a texture lies.
///
/// Source: `mjr_render` of MuJoCo 3.17.0, which takes primitive shapes in units of their size, and meshes and planes in meters; a
/// uniform texture makes up for the size. For plane textures on round shapes and boxes it has other coordinates than these.
fn mapping(model: &MjModel, element: &Element, material: usize, texture: usize) -> Mapping {
    let is_mesh = element.shape == MjtGeomBase::mjGEOM_MESH;
    let is_plane = element.shape == MjtGeomBase::mjGEOM_PLANE;
    let uniform = model.mat_texuniform()[material];
    let [x, y, z] = element.size;
    let size = match element.shape {
        MjtGeomBase::mjGEOM_SPHERE => [x, x, x],
        MjtGeomBase::mjGEOM_CAPSULE | MjtGeomBase::mjGEOM_CYLINDER => [x, x, y],
        _ => [x, y, z],
    };
    if model.tex_type()[texture] != MjtTexture::mjTEXTURE_2D {
        let scale = size.map(|size| match (is_mesh || is_plane, uniform) {
            (true, true) => size,
            (true, false) | (false, true) => 1.0,
            (false, false) => 1.0 / size,
        });
        return Mapping::Cube {
            scale: narrow(scale),
        };
    }
    let repeat = model.mat_texrepeat()[material].map(f64::from);
    let infinite = is_plane && (x <= 0.0 || y <= 0.0);
    let row = |axis: usize, sign: f64| {
        let stretch = if uniform && size[axis] > 0.0 {
            size[axis]
        } else {
            1.0
        };
        let mut row = [0.0; 4];
        if is_plane {
            let repeat = if repeat[axis] > 0.0 {
                repeat[axis]
            } else {
                1.0
            };
            let growth = if size[axis] > 0.0 {
                0.5 / size[axis]
            } else {
                0.5
            };
            row[axis] = sign * growth * repeat * stretch;
            row[3] = match (infinite, size[axis] > 0.0) {
                (false, _) => 0.5 * repeat * stretch,
                (true, true) => 0.5 * repeat * stretch - 0.5,
                (true, false) => -0.5,
            };
        } else {
            let unit = if size[axis] > 0.0 { size[axis] } else { 1.0 };
            row[axis] = sign * 0.5 * repeat[axis] / unit * stretch;
            row[3] = -0.5;
        }
        narrow(row)
    };
    Mapping::Planar {
        s: row(0, 1.0),
        t: row(1, -1.0),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "one rounding to f32 is what is meant"
)]
fn narrow<const N: usize>(numbers: [f64; N]) -> [f32; N] {
    numbers.map(|number| number as f32)
}

/// The meshes of a scene, each only once.
struct MeshList<'a> {
    store: &'a MeshStore,
    meshes: Vec<Mesh>,
    /// Index of a mesh asset in `meshes`, by its number in the model.
    assets: Vec<(usize, usize)>,
    /// The same for primitive shapes.
    shapes: Vec<(Shape, usize)>,
}

impl<'a> MeshList<'a> {
    fn new(store: &'a MeshStore) -> Self {
        Self {
            store,
            meshes: Vec::new(),
            assets: Vec::new(),
            shapes: Vec::new(),
        }
    }

    fn of(&mut self, model: &MjModel, element: &Element) -> Result<usize, Error> {
        let fault = |reason| Err(Error::UnsuitableMesh { reason });
        let [x, y, z] = element.size;
        let shape = match element.shape {
            MjtGeomBase::mjGEOM_PLANE => {
                // A size of 0 means infinite; MuJoCo draws up to the far plane.
                let far = f64::from(model.vis().map.zfar) * model.stat().extent;
                Shape::Plane {
                    half: [x, y].map(|half| if half > 0.0 { half } else { far }),
                }
            }
            MjtGeomBase::mjGEOM_SPHERE => Shape::Sphere { radius: x },
            MjtGeomBase::mjGEOM_CAPSULE => Shape::Capsule { radius: x, half: y },
            MjtGeomBase::mjGEOM_ELLIPSOID => Shape::Ellipsoid {
                radii: element.size,
            },
            MjtGeomBase::mjGEOM_CYLINDER => Shape::Cylinder { radius: x, half: y },
            MjtGeomBase::mjGEOM_BOX => Shape::Box { half: [x, y, z] },
            MjtGeomBase::mjGEOM_MESH => {
                let Some(asset) = optional(element.asset) else {
                    return fault("a mesh geom without a mesh");
                };
                return self.asset(model, asset);
            }
            _ => return fault("a height field or a signed distance field"),
        };
        if let Some((_, mesh)) = self.shapes.iter().find(|(known, _)| *known == shape) {
            return Ok(*mesh);
        }
        let mesh = self.push(shape.mesh()?);
        self.shapes.push((shape, mesh));
        Ok(mesh)
    }

    fn asset(&mut self, model: &MjModel, asset: usize) -> Result<usize, Error> {
        if let Some((_, mesh)) = self.assets.iter().find(|(known, _)| *known == asset) {
            return Ok(*mesh);
        }
        let mesh = self.store.mesh(&triangles(model, asset))?;
        let mesh = self.push(mesh);
        self.assets.push((asset, mesh));
        Ok(mesh)
    }

    fn push(&mut self, mesh: Mesh) -> usize {
        self.meshes.push(mesh);
        self.meshes.len() - 1
    }
}

/// The triangles of a mesh asset.
fn triangles(model: &MjModel, asset: usize) -> Triangles {
    let part = |start: i32, count: i32| extent(start)..extent(start) + extent(count);
    let vertices = part(model.mesh_vertadr()[asset], model.mesh_vertnum()[asset]);
    let normals = part(model.mesh_normaladr()[asset], model.mesh_normalnum()[asset]);
    let faces = part(model.mesh_faceadr()[asset], model.mesh_facenum()[asset]);
    // A negative index becomes one that leads nowhere, which the mesh refuses.
    let indices = |triple: &[i32; 3]| triple.map(|index| u32::try_from(index).unwrap_or(u32::MAX));
    let corners = &model.mesh_face()[faces.clone()];
    Triangles {
        positions: model.mesh_vert()[vertices].to_vec(),
        normals: model.mesh_normal()[normals].to_vec(),
        faces: corners
            .iter()
            .zip(&model.mesh_facenormal()[faces])
            .map(|(corners, normals)| Face {
                corners: indices(corners),
                normals: indices(normals),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
