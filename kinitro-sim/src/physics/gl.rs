//! MuJoCo's own OpenGL renderer, for reference pictures and videos (feature `gl`).
//!
//! Its pixels depend on the driver, so nothing that counts may see them: observations, hashes and scores come from
//! [`crate::render`] alone. It shows the compiled model as MuJoCo does, whatever an episode changes about the looks of a scene.
//!
//! A renderer costs 0.2 to 0.3 s to make and about 210 MB with software Mesa and Meta-World's shadow maps of 4096²; keep one
//! per thread and model. A picture of 84 × 84 takes 15 to 90 ms there, most of it the shadow map.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use kinitro_core::units::ImageSize;
use mujoco_rs::mujoco_c::{
    mjModel, mjr_defaultContext, mjr_freeContext, mjr_makeContext, mjr_readPixels, mjr_render,
    mjr_resizeOffscreen, mjr_setBuffer, mjrContext, mjrRect, mjtCamera, mjtCatBit, mjtDepthMap,
    mjtFontScale, mjtFramebuffer, mjtObj, mjtRndFlag, mjv_defaultCamera, mjv_defaultOption,
    mjv_defaultScene, mjv_freeScene, mjv_makeScene, mjv_updateScene, mjvCamera, mjvGeom, mjvOption,
    mjvScene,
};

use super::Physics;
use super::errors::guard;
use super::visual::SiteOverride;
use crate::Error;
use crate::render::Shot;
use crate::render::camera::Orientation;
use crate::render::scene::{ObjectId, SceneModel};
use crate::render::spec::SIDES;

#[cfg_attr(target_os = "linux", path = "gl/egl.rs")]
#[cfg_attr(not(target_os = "linux"), path = "gl/none.rs")]
mod platform;

/// What a user can do where OpenGL does not work. Names the Debian packages.
pub(crate) const GL_REMEDY: &str =
    "on Debian or Ubuntu run `apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri`";

/// Room for geoms, sites and what MuJoCo adds to them; as many as Python's `mujoco.Renderer` leaves.
const MAX_GEOMS: i32 = 10_000;

/// How MuJoCo's renderer draws, and on which device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlOptions {
    /// Whether lights cast shadows.
    pub shadows: bool,
    /// Whether shiny surfaces mirror the scene.
    pub reflections: bool,
    /// Samples per pixel: 1 draws hard edges, more smooth them. A device may give fewer.
    pub samples: u8,
    /// Which of the devices that EGL lists; none takes the first that works.
    pub device: Option<usize>,
}

/// As MuJoCo's other programs draw Meta-World's models: shadows, reflections, four samples.
impl Default for GlOptions {
    fn default() -> Self {
        Self {
            shadows: true,
            reflections: true,
            samples: 4,
            device: None,
        }
    }
}

/// The devices that EGL lists, as `--gl-device` counts them: a DRM node, or `software`.
///
/// # Errors
/// [`Error::GlUnavailable`] if EGL cannot be loaded.
pub fn devices() -> Result<Vec<String>, Error> {
    platform::devices()
}

/// Draws pictures of one model with MuJoCo's own renderer. Stays on the thread that has made it.
pub struct GlRenderer {
    /// Dropped after the fields below have been freed in it.
    platform: platform::Context,
    context: Box<mjrContext>,
    scene: Box<mjvScene>,
    /// Gets a copy of the state that is drawn: MuJoCo scribbles in it.
    puppet: Physics,
    options: GlOptions,
    rgb: Vec<u8>,
    depth: Vec<f32>,
}

impl GlRenderer {
    /// Opens a context and uploads the meshes and textures of the model behind `physics`.
    ///
    /// # Errors
    /// [`Error::GlUnavailable`], [`Error::UnknownGlDevice`]; [`Error::Engine`] if MuJoCo finds the context lacking.
    pub fn new(physics: &Physics, options: GlOptions) -> Result<Self, Error> {
        let platform = platform::Context::open(options.device)?;
        let puppet = physics.duplicate()?;
        // A copy of the structure, not of what it points to; it is gone before the model is.
        let mut model = physics.model().ffi().clone();
        model.vis.quality.offsamples = match options.samples {
            0 | 1 => 0,
            more => more.into(),
        };
        let context = make_context(&model)?;
        let scene = make_scene(&model)?;
        Ok(Self {
            platform,
            context,
            scene,
            puppet,
            options,
            rgb: Vec::new(),
            depth: Vec::new(),
        })
    }

    /// Draws what [`Renderer::render`](crate::render::Renderer::render) draws, in MuJoCo's way: the kinematics that `physics`
    /// holds, without the objects that `scene` hides, with sites as `overrides` say.
    ///
    /// Depth is infinite and segmentation `(−1, −1)` where nothing is; both are of the nearest surface, however transparent.
    ///
    /// # Errors
    /// [`Error::UnsupportedImageSize`]; [`Error::ImageLength`]; [`Error::ForeignPoses`] if `physics` or `scene` is of another
    /// model than this renderer; [`Error::GlUnavailable`] if the context is lost; [`Error::Engine`].
    pub fn render(
        &mut self,
        scene: &SceneModel,
        physics: &Physics,
        overrides: &[SiteOverride],
        shot: &mut Shot<'_>,
    ) -> Result<(), Error> {
        shot.check()?;
        let (width, height) = (shot.size.width(), shot.size.height());
        if !(SIDES.contains(&width) && SIDES.contains(&height)) {
            return Err(Error::UnsupportedImageSize { width, height });
        }
        self.platform.make_current()?;
        self.resize(shot.size)?;
        self.pose(scene, physics, overrides, shot.view.camera)?;
        self.remove_hidden(scene, overrides);

        let flags = [
            (mjtRndFlag::mjRND_SHADOW, self.options.shadows),
            (mjtRndFlag::mjRND_REFLECTION, self.options.reflections),
            (mjtRndFlag::mjRND_SEGMENT, false),
            (mjtRndFlag::mjRND_IDCOLOR, false),
        ];
        self.draw(flags, shot.size)?;
        let orientation = shot.view.orientation;
        let pixels = self.rgb.as_chunks::<3>().0;
        deliver(
            pixels,
            shot.size,
            orientation,
            shot.rgb.as_chunks_mut::<3>().0,
            |&color| color,
        );
        if shot.depth.is_none() && shot.segmentation.is_none() {
            return Ok(());
        }

        // In this pass there is no sky, which would have a depth.
        let flags = flags.map(|(flag, on)| {
            let identify = [mjtRndFlag::mjRND_SEGMENT, mjtRndFlag::mjRND_IDCOLOR];
            (flag, on || identify.contains(&flag))
        });
        self.draw(flags, shot.size)?;
        if let Some(depth) = &mut shot.depth {
            let meters = meters(physics);
            deliver(&self.depth, shot.size, orientation, depth, |&depth| {
                meters(depth)
            });
        }
        if let Some(segmentation) = &mut shot.segmentation {
            let ids = self.ids();
            let pixels = self.rgb.as_chunks::<3>().0;
            deliver(
                pixels,
                shot.size,
                orientation,
                segmentation,
                |&[low, middle, high]| {
                    let number = u32::from_le_bytes([low, middle, high, 0]) as usize;
                    ids.get(number).copied().unwrap_or(ObjectId::NOTHING)
                },
            );
        }
        Ok(())
    }

    /// Makes room for pictures of this size.
    fn resize(&mut self, size: ImageSize) -> Result<(), Error> {
        let [width, height] = sides(size);
        let context = &mut *self.context;
        if width > context.offWidth || height > context.offHeight {
            let (width, height) = (width.max(context.offWidth), height.max(context.offHeight));
            // SAFETY: the context is valid, and the one of OpenGL that it was made in is current; nothing needs dropping.
            unsafe { guard(|| mjr_resizeOffscreen(width, height, context)) }?;
        }
        let pixels = size.width() as usize * size.height() as usize;
        self.rgb.resize(3 * pixels, 0);
        self.depth.resize(pixels, 0.0);
        Ok(())
    }

    /// Brings MuJoCo's scene to the state of `physics`.
    fn pose(
        &mut self,
        scene: &SceneModel,
        physics: &Physics,
        overrides: &[SiteOverride],
        camera: usize,
    ) -> Result<(), Error> {
        let cameras = physics.model().cam_fovy().len();
        let fixed = i32::try_from(camera).map_err(|_| Error::ForeignPoses)?;
        if camera >= cameras || scene.cameras.len() != cameras {
            return Err(Error::ForeignPoses);
        }
        let copied = physics.data.copy_visual_to(&mut self.puppet.data);
        copied.map_err(|_| Error::ForeignPoses)?;
        for change in overrides {
            if let Some(position) = change.position {
                let positions = self.puppet.data.site_xpos_mut();
                *positions
                    .get_mut(change.site.0)
                    .ok_or(Error::ForeignPoses)? = position;
            }
        }
        let model: &mjModel = physics.model().ffi();
        let scene = &mut *self.scene;
        // SAFETY: the structures are plain numbers that the calls before fill in; the data belongs to a model of the same sizes,
        // and only this object works on it; nothing needs dropping.
        unsafe {
            let data: *mut _ = self.puppet.data.ffi_mut();
            let mut option: mjvOption = std::mem::zeroed();
            let mut view: mjvCamera = std::mem::zeroed();
            guard(|| {
                mjv_defaultOption(&raw mut option);
                mjv_defaultCamera(&raw mut view);
                view.type_ = mjtCamera::mjCAMERA_FIXED as i32;
                view.fixedcamid = fixed;
                let everything = mjtCatBit::mjCAT_ALL as i32;
                mjv_updateScene(
                    model,
                    data,
                    &raw const option,
                    std::ptr::null(),
                    &raw mut view,
                    everything,
                    scene,
                );
            })
        }
    }

    /// Takes what is not shown out of MuJoCo's scene; the rest keeps its order, which decides between equal depths.
    fn remove_hidden(&mut self, scene: &SceneModel, overrides: &[SiteOverride]) {
        let hides = |number: i32, kind: i32| {
            let changed = overrides
                .iter()
                .rfind(|change| kind == SITE && i32::try_from(change.site.0) == Ok(number));
            changed.is_some_and(|change| !change.visible)
                || scene
                    .objects
                    .iter()
                    .any(|object| !object.visible && object.id.segment() == [number, kind])
        };
        let geoms = self.geoms_mut();
        let mut kept = 0;
        for index in 0..geoms.len() {
            if !hides(geoms[index].objid, geoms[index].objtype) {
                geoms.swap(kept, index);
                kept += 1;
            }
        }
        self.scene.ngeom = i32::try_from(kept).expect("no more than there were");
    }

    /// Draws MuJoCo's scene with these flags and reads colors and depth back, the lowest row first.
    fn draw(&mut self, flags: [(mjtRndFlag, bool); 4], size: ImageSize) -> Result<(), Error> {
        for (flag, on) in flags {
            self.scene.flags[flag as usize] = on.into();
        }
        let [width, height] = sides(size);
        let viewport = mjrRect {
            left: 0,
            bottom: 0,
            width,
            height,
        };
        let (context, scene) = (&mut *self.context, &mut *self.scene);
        let (rgb, depth) = (self.rgb.as_mut_ptr(), self.depth.as_mut_ptr());
        // SAFETY: context and scene are valid, the context of OpenGL is current, and `resize` has given both buffers the length
        // of the picture; nothing needs dropping.
        unsafe {
            guard(|| {
                mjr_setBuffer(mjtFramebuffer::mjFB_OFFSCREEN as i32, context);
                mjr_render(viewport, scene, context);
                mjr_readPixels(rgb, depth, viewport, context);
            })
        }
    }

    /// What each color of a picture of identities stands for: number and type of a model element.
    fn ids(&mut self) -> Vec<[i32; 2]> {
        let mut ids = vec![ObjectId::NOTHING];
        for geom in self.geoms_mut() {
            // The color is one more than this number.
            if let Ok(number) = usize::try_from(geom.segid) {
                ids.resize(ids.len().max(number + 2), ObjectId::NOTHING);
                ids[number + 1] = [geom.objid, geom.objtype];
            }
        }
        ids
    }

    fn geoms_mut(&mut self) -> &mut [mjvGeom] {
        let count = usize::try_from(self.scene.ngeom).unwrap_or(0);
        if count == 0 {
            return &mut [];
        }
        // SAFETY: MuJoCo has written so many entries of an array that belongs to the scene.
        unsafe { std::slice::from_raw_parts_mut(self.scene.geoms, count) }
    }
}

impl Drop for GlRenderer {
    fn drop(&mut self) {
        let (context, scene) = (&mut *self.context, &mut *self.scene);
        // Where the context cannot be made current, what was uploaded goes with it.
        let current = self.platform.make_current().is_ok();
        // SAFETY: both are valid and not used again; nothing needs dropping. Freeing raises no errors.
        let _ = unsafe {
            guard(|| {
                if current {
                    mjr_freeContext(context);
                }
                mjv_freeScene(scene);
            })
        };
    }
}

impl fmt::Debug for GlRenderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlRenderer")
            .field("device", &self.platform)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

const SITE: i32 = mjtObj::mjOBJ_SITE as i32;

/// The functions of OpenGL that MuJoCo finds when it makes a context are kept for the whole process.
static MAKING: Mutex<()> = Mutex::new(());

fn make_context(model: &mjModel) -> Result<Box<mjrContext>, Error> {
    let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: numbers and pointers, all of which may be zero.
    let mut context = unsafe { Box::<mjrContext>::new_zeroed().assume_init() };
    let made = &mut *context;
    // SAFETY: a context of OpenGL is current, the model is valid; lock and box live outside of the closure, and need nothing
    // but their own memory when an error leaves it.
    unsafe {
        guard(|| {
            mjr_defaultContext(made);
            mjr_makeContext(model, made, mjtFontScale::mjFONTSCALE_150 as i32);
            made.readDepthMap = mjtDepthMap::mjDEPTH_ZEROFAR as i32;
        })
    }?;
    Ok(context)
}

fn make_scene(model: &mjModel) -> Result<Box<mjvScene>, Error> {
    // SAFETY: numbers and pointers, all of which may be zero.
    let mut scene = unsafe { Box::<mjvScene>::new_zeroed().assume_init() };
    let made = &mut *scene;
    // SAFETY: the model is valid; the box lives outside of the closure.
    unsafe {
        guard(|| {
            mjv_defaultScene(made);
            mjv_makeScene(model, made, MAX_GEOMS);
        })
    }?;
    Ok(scene)
}

fn sides(size: ImageSize) -> [i32; 2] {
    [size.width(), size.height()].map(|side| i32::try_from(side).unwrap_or(i32::MAX))
}

/// Copies pixels that lie lowest row first to where the topmost comes first, upright or turned.
fn deliver<S, T>(
    pixels: &[S],
    size: ImageSize,
    orientation: Orientation,
    to: &mut [T],
    read: impl Fn(&S) -> T,
) {
    let width = size.width() as usize;
    match orientation {
        Orientation::AsMounted => {
            for (from, to) in pixels.chunks(width).rev().zip(to.chunks_mut(width)) {
                for (from, to) in from.iter().zip(to) {
                    *to = read(from);
                }
            }
        }
        // Turning puts the lowest row on top, from right to left.
        Orientation::Turned => {
            for (from, to) in pixels.chunks(width).zip(to.chunks_mut(width)) {
                for (from, to) in from.iter().rev().zip(to) {
                    *to = read(from);
                }
            }
        }
    }
}

/// From what MuJoCo writes into its depth buffer (1 at the near plane, 0 at the far plane) to meters along the view.
fn meters(physics: &Physics) -> impl Fn(f32) -> f32 {
    let model = physics.model();
    let (map, extent) = (&model.vis().map, model.stat().extent);
    let (near, far) = (f64::from(map.znear) * extent, f64::from(map.zfar) * extent);
    move |depth| {
        if depth <= 0.0 {
            return f32::INFINITY;
        }
        #[expect(clippy::cast_possible_truncation, reason = "one rounding to f32")]
        let meters = (near * far / (near + f64::from(depth) * (far - near))) as f32;
        meters
    }
}

#[cfg(test)]
mod tests;
