//! What the rasterizer needs of a compiled model and of its present state, as plain data.
//!
//! Follows what MuJoCo 3.17.0 shows with its default visualization options (`mjv_updateScene`): geoms and sites of groups 0 to 2
//! whose alpha is not 0; the color of a material, unless the geom or site has a color of its own.

use mujoco_rs::wrappers::mj_model::{MjModel, MjtGeomBase, MjtLightType, MjtObjBase, MjtTexture};

use super::Physics;
use super::float_mode::with_ieee_defaults;
use super::handles::SiteId;
use crate::Error;
use crate::render::mesh::{Face, Mesh};
use crate::render::primitives::Shape;
use crate::render::scene::{
    Camera, Light, LightKind, LightPose, Material, Object, ObjectId, Pose, SceneModel, ScenePoses,
    Texture,
};

/// Groups up to this one are shown.
const LAST_VISIBLE_GROUP: i32 = 2;
/// The color of geoms and sites that have none of their own. Source: MuJoCo's `mjs_defaultGeom`.
const DEFAULT_RGBA: [f32; 4] = [0.5, 0.5, 0.5, 1.0];
/// Specular strength and shininess without a material. Source: MuJoCo's `mjv_updateScene`.
const PLAIN_GLOSS: f32 = 0.5;
/// Index of a material's base color texture (`mjTEXROLE_RGB`).
const COLOR_ROLE: usize = 1;

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
    /// Everything about the looks of the model that does not move. Costs tens of milliseconds: make it once per model.
    ///
    /// # Errors
    /// [`Error::UnsuitableMesh`] for height fields and signed distance fields, and for meshes that are too large.
    pub fn scene_model(&self) -> Result<SceneModel, Error> {
        with_ieee_defaults(|| self.read_scene())
    }

    fn read_scene(&self) -> Result<SceneModel, Error> {
        let model = self.model();
        let mut meshes = MeshList::default();
        let mut objects = Vec::new();
        for element in geoms(model).chain(sites(model)) {
            let material = material(model, element.material, element.rgba);
            if element.group > LAST_VISIBLE_GROUP || material.rgba[3] <= 0.0 {
                continue;
            }
            objects.push(Object {
                id: element.id()?,
                name: name(model, element.object, element.index),
                mesh: meshes.of(model, &element)?,
                material,
                visible: true,
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
        let scene = SceneModel {
            meshes: meshes.meshes.into(),
            objects,
            lights: lights(model),
            headlight: headlight(model),
            cameras: cameras.collect(),
            background: background(model),
            near: f64::from(model.vis().map.znear) * model.stat().extent,
        };
        scene.check()?;
        Ok(scene)
    }

    /// Writes where everything of `scene` (made from this model) is, as the last kinematics left it.
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

fn pose(position: [f64; 3], rotation: [f64; 9]) -> Pose {
    Pose { position, rotation }
}

/// A geom or a site, as far as its looks go.
struct Element {
    object: MjtObjBase,
    index: usize,
    shape: MjtGeomBase,
    size: [f64; 3],
    asset: i32,
    material: i32,
    rgba: [f32; 4],
    group: i32,
}

impl Element {
    fn id(&self) -> Result<ObjectId, Error> {
        let index = u16::try_from(self.index).map_err(|_| Error::UnsuitableMesh {
            reason: "more than 65536 geoms or sites",
        })?;
        Ok(match self.object {
            MjtObjBase::mjOBJ_SITE => ObjectId::Site(index),
            _ => ObjectId::Geom(index),
        })
    }
}

fn geoms(model: &MjModel) -> impl Iterator<Item = Element> {
    model
        .geom_type()
        .iter()
        .enumerate()
        .map(|(index, &shape)| Element {
            object: MjtObjBase::mjOBJ_GEOM,
            index,
            shape,
            size: model.geom_size()[index],
            asset: model.geom_dataid()[index],
            material: model.geom_matid()[index],
            rgba: model.geom_rgba()[index],
            group: model.geom_group()[index],
        })
}

fn sites(model: &MjModel) -> impl Iterator<Item = Element> {
    model
        .site_type()
        .iter()
        .enumerate()
        .map(|(index, &shape)| Element {
            object: MjtObjBase::mjOBJ_SITE,
            index,
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
fn optional(index: i32) -> Option<usize> {
    usize::try_from(index).ok()
}

/// The start or the length of a part of a model array.
fn extent(number: i32) -> usize {
    usize::try_from(number).expect("addresses and counts of a compiled model are not negative")
}

fn material(model: &MjModel, index: i32, own: [f32; 4]) -> Material {
    let Some(index) = optional(index) else {
        return Material {
            rgba: own,
            texture: None,
            specular: PLAIN_GLOSS,
            shininess: PLAIN_GLOSS,
            emission: 0.0,
        };
    };
    let texture = optional(model.mat_texid()[index][COLOR_ROLE]);
    Material {
        rgba: if own == DEFAULT_RGBA {
            model.mat_rgba()[index]
        } else {
            own
        },
        texture: texture.map(|texture| Texture {
            mean: mean_color(model, texture),
        }),
        specular: model.mat_specular()[index],
        shininess: model.mat_shininess()[index],
        emission: model.mat_emission()[index],
    }
}

/// Mean over all pixels of a texture; white if its file cannot be read.
fn mean_color(model: &MjModel, texture: usize) -> [f32; 3] {
    let channels = extent(model.tex_nchannel()[texture]).max(1);
    let Ok(bytes) = model.load_texture(texture) else {
        return [1.0; 3];
    };
    let mut sums = [0_u64; 3];
    for pixel in bytes.chunks_exact(channels) {
        for (channel, sum) in sums.iter_mut().enumerate() {
            *sum += u64::from(pixel[channel.min(channels - 1)]);
        }
    }
    let full = 255.0 * (bytes.len() / channels).max(1) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "one rounding to f32")]
    sums.map(|sum| (sum as f64 / full) as f32)
}

/// The mean color of the first sky texture; black without one, as MuJoCo clears the picture.
fn background(model: &MjModel) -> [f32; 3] {
    let sky = model
        .tex_type()
        .iter()
        .position(|&kind| kind == MjtTexture::mjTEXTURE_SKYBOX);
    sky.map_or([0.0; 3], |texture| mean_color(model, texture))
}

fn headlight(model: &MjModel) -> Option<Light> {
    let headlight = &model.vis().headlight;
    (headlight.active != 0).then_some(Light {
        ambient: headlight.ambient,
        diffuse: headlight.diffuse,
        specular: headlight.specular,
        kind: LightKind::Directional,
        active: true,
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
    };
    model.light_type().iter().enumerate().map(light).collect()
}

/// The meshes of a scene, each only once.
#[derive(Default)]
struct MeshList {
    meshes: Vec<Mesh>,
    /// Index of a mesh asset in `meshes`, by its number in the model.
    assets: Vec<(usize, usize)>,
    /// The same for primitive shapes.
    shapes: Vec<(Shape, usize)>,
}

impl MeshList {
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
        let part = |start: i32, count: i32| extent(start)..extent(start) + extent(count);
        let vertices = part(model.mesh_vertadr()[asset], model.mesh_vertnum()[asset]);
        let normals = part(model.mesh_normaladr()[asset], model.mesh_normalnum()[asset]);
        let faces = part(model.mesh_faceadr()[asset], model.mesh_facenum()[asset]);
        // A negative index becomes one that leads nowhere, which the mesh refuses.
        let indices =
            |triple: &[i32; 3]| triple.map(|index| u32::try_from(index).unwrap_or(u32::MAX));
        let corners = &model.mesh_face()[faces.clone()];
        let faces: Vec<_> = corners
            .iter()
            .zip(&model.mesh_facenormal()[faces])
            .map(|(corners, normals)| Face {
                corners: indices(corners),
                normals: indices(normals),
            })
            .collect();
        let mesh = Mesh::new(
            &model.mesh_vert()[vertices],
            &model.mesh_normal()[normals],
            &faces,
        )?;
        let mesh = self.push(mesh);
        self.assets.push((asset, mesh));
        Ok(mesh)
    }

    fn push(&mut self, mesh: Mesh) -> usize {
        self.meshes.push(mesh);
        self.meshes.len() - 1
    }
}

#[cfg(test)]
mod tests;
