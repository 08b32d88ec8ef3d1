//! What there is to see, as plain data: built once from a compiled model, edited freely, and posed anew for every picture.
//!
//! Lengths are meters, frames are the world's unless they are called local, colors are linear factors in `[0, 1]` as OpenGL's.

use std::sync::Arc;

use super::mesh::Mesh;
use super::spec::MAX_OBJECTS;
use super::texture::{Layout, Texture};
use crate::Error;

/// What a drawn object is: where it comes from, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectId {
    /// A geom, by its number in the model.
    Geom(u16),
    /// A site, by its number in the model.
    Site(u16),
    /// An object that is seen but not in the model, in the order in which they were added.
    Distractor(u16),
}

impl ObjectId {
    /// What a segmentation holds where nothing is.
    pub const NOTHING: [i32; 2] = [-1, -1];

    /// Number and type as in a segmentation by MuJoCo: types 5 (`mjOBJ_GEOM`) and 6 (`mjOBJ_SITE`); 100 for distractors.
    pub fn segment(self) -> [i32; 2] {
        match self {
            Self::Geom(number) => [i32::from(number), 5],
            Self::Site(number) => [i32::from(number), 6],
            Self::Distractor(number) => [i32::from(number), 100],
        }
    }
}

/// One thing to draw.
#[derive(Debug, Clone)]
pub struct Object {
    /// What it is in the model.
    pub id: ObjectId,
    /// Its name in the model; empty if it has none.
    pub name: String,
    /// Its surface, as an index into [`SceneModel::meshes`].
    pub mesh: usize,
    /// How its surface looks.
    pub material: Material,
    /// Whether it is drawn at all.
    pub visible: bool,
    /// Whether it stands still while an episode goes on: welded to the world. Objects that stand still and those that move have
    /// separate shadow maps.
    pub fixed: bool,
    /// Whether it casts shadows. Floors do not: there is nothing beneath them.
    pub casts_shadow: bool,
}

/// How a surface answers light.
#[derive(Debug, Clone, PartialEq)]
pub struct Material {
    /// Color and opacity.
    pub rgba: [f32; 4],
    /// What the lit color is multiplied by; none leaves it as it is.
    pub texture: Option<MaterialTexture>,
    /// Strength of highlights, in `[0, 1]`.
    pub specular: f32,
    /// Sharpness of highlights, in `[0, 1]`: 128 times this, rounded, is their exponent.
    pub shininess: f32,
    /// Share of its own color that the surface sends out without any light.
    pub emission: f32,
}

/// A texture on a surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaterialTexture {
    /// Index into [`SceneModel::textures`].
    pub texture: usize,
    /// Which part of the texture is where on the object.
    pub mapping: Mapping,
}

/// From a point of the object, in its own frame, to a place in a texture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mapping {
    /// For [planar](Layout::Planar) textures: `s = s₀ x + s₁ y + s₂ z + s₃` and `t` likewise; the image covers `[0, 1)²`, its top
    /// row is at `t = 0`, and it repeats.
    Planar {
        /// Coefficients of the coordinate along the rows.
        s: [f32; 4],
        /// Coefficients of the coordinate down the columns.
        t: [f32; 4],
    },
    /// For [cube](Layout::Cube) textures: the point, multiplied by this, is a direction from the middle of the cube.
    Cube {
        /// Per meter, for each axis.
        scale: [f32; 3],
    },
}

impl Mapping {
    /// What a texture must be for this mapping.
    pub fn layout(&self) -> Layout {
        match self {
            Self::Planar { .. } => Layout::Planar,
            Self::Cube { .. } => Layout::Cube,
        }
    }
}

/// A light of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Light {
    /// Color that it gives to every surface, from all sides.
    pub ambient: [f32; 3],
    /// Color of matt reflection.
    pub diffuse: [f32; 3],
    /// Color of highlights.
    pub specular: [f32; 3],
    /// How it spreads.
    pub kind: LightKind,
    /// Whether it is on.
    pub active: bool,
    /// Whether objects cast shadows in it. Directional lights only: the others shine through everything.
    pub casts_shadow: bool,
}

/// How a light spreads.
#[derive(Debug, Clone, PartialEq)]
pub enum LightKind {
    /// Parallel rays along the direction of its pose.
    Directional,
    /// From the position of its pose, around the direction of its pose.
    Spot {
        /// Constant, linear and quadratic coefficient of the divisor at a distance in meters.
        attenuation: [f32; 3],
        /// Half the opening angle in radians; π or more shines everywhere.
        cutoff: f32,
        /// Exponent of the cosine off the axis, in `[0, 128]`; rounded.
        exponent: f32,
    },
}

/// A camera of the model; it looks along −z of its frame, y up.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// Its name in the model.
    pub name: String,
    /// Vertical field of view in radians, in `(0, π)`.
    pub fovy: f64,
}

/// What is seen where no object is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Background {
    /// One color.
    Color([f32; 3]),
    /// A cube around everything, infinitely far away.
    Sky {
        /// A [cube](Layout::Cube), as an index into [`SceneModel::textures`]. Its `+z` face lies toward −y of the world, its `+y` face up.
        texture: usize,
    },
}

/// Everything about a scene that does not move.
///
/// Cloning is cheap: meshes and textures are shared.
#[derive(Debug, Clone)]
pub struct SceneModel {
    /// Surfaces of the objects.
    pub meshes: Arc<[Mesh]>,
    /// Textures of the objects and of the background.
    pub textures: Arc<[Texture]>,
    /// What is drawn. Where two surfaces coincide, the later object wins.
    pub objects: Vec<Object>,
    /// Lights fixed in the world or on bodies.
    pub lights: Vec<Light>,
    /// The light that the camera carries, shining along its view; its kind is directional.
    pub headlight: Option<Light>,
    /// Cameras.
    pub cameras: Vec<Camera>,
    /// What is seen where no object is.
    pub background: Background,
    /// Distance along the view below which nothing is drawn. Meters.
    pub near: f64,
}

impl SceneModel {
    /// Shows or hides all objects of a name; unknown names change nothing.
    pub fn set_visible(&mut self, name: &str, visible: bool) {
        for object in self.objects.iter_mut().filter(|object| object.name == name) {
            object.visible = visible;
        }
    }

    /// # Errors
    /// [`Error::UnsuitableMesh`] if there are more than 4096 objects, or one without a mesh or with a texture that does not fit.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let fault = |reason| Err(Error::UnsuitableMesh { reason });
        if self.objects.len() > MAX_OBJECTS {
            return fault("more than 4096 objects");
        }
        if self
            .objects
            .iter()
            .any(|object| object.mesh >= self.meshes.len())
        {
            return fault("an object without a mesh");
        }
        let fits = |texture: usize, layout: Layout| {
            self.textures
                .get(texture)
                .is_some_and(|texture| texture.layout() == layout)
        };
        let textures_fit = self.objects.iter().all(|object| {
            object
                .material
                .texture
                .is_none_or(|used| fits(used.texture, used.mapping.layout()))
        });
        let sky_fits = match self.background {
            Background::Color(_) => true,
            Background::Sky { texture } => fits(texture, Layout::Cube),
        };
        if !(textures_fit && sky_fits) {
            return fault("a texture that is missing or of another layout than its mapping");
        }
        Ok(())
    }
}

/// Position and orientation in the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Meters.
    pub position: [f64; 3],
    /// World from local, row-major.
    pub rotation: [f64; 9],
}

impl Default for Pose {
    fn default() -> Self {
        Self {
            position: [0.0; 3],
            rotation: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        }
    }
}

/// Where a light is and where it shines.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LightPose {
    /// Meters, world.
    pub position: [f64; 3],
    /// Unit vector, world.
    pub direction: [f64; 3],
}

/// Where everything is at one moment; parallel to the lists of a [`SceneModel`]. Reusable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScenePoses {
    /// Of each object.
    pub objects: Vec<Pose>,
    /// Whether each object is drawn at this moment, if the scene shows it at all.
    pub shown: Vec<bool>,
    /// Of each camera.
    pub cameras: Vec<Pose>,
    /// Of each light.
    pub lights: Vec<LightPose>,
}

impl ScenePoses {
    /// Whether these poses can belong to that scene.
    pub(super) fn fits(&self, scene: &SceneModel) -> bool {
        self.objects.len() == scene.objects.len()
            && self.shown.len() == scene.objects.len()
            && self.cameras.len() == scene.cameras.len()
            && self.lights.len() == scene.lights.len()
    }
}
