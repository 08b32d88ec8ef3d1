//! Pictures of environments for people, by the evaluator's own renderer or by MuJoCo's. Policies never see them.

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use kinitro_core::protocol::policy::{CameraName, Image};
use kinitro_core::units::ImageSize;
use kinitro_sim::Error;
use kinitro_sim::env::Environment;
use kinitro_sim::episode::{Episode, EpisodeStart};
use kinitro_sim::looks::sensor::Scratch;
use kinitro_sim::looks::{Dressed, Looks, Undressed};
#[cfg(feature = "gl")]
use kinitro_sim::physics::gl::{self, GlOptions, GlRenderer};
use kinitro_sim::render::camera::View;
use kinitro_sim::render::scene::{SceneModel, ScenePoses};
use kinitro_sim::render::{Renderer, Shot};
use serde::Serialize;

use crate::error::CliError;

/// Which renderer draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Brush {
    /// The evaluator's own, the same to the bit everywhere; what policies see.
    Own,
    /// MuJoCo's, by OpenGL without a window; needs EGL, and a build with `--features gl`.
    Gl,
}

/// How pictures are drawn.
#[derive(Debug, Clone, Args)]
pub struct BrushArgs {
    /// Who draws what is written into files: `own`, the evaluator's renderer, or `gl`, MuJoCo's, in builds with `--features gl`.
    /// What policies see is always drawn by the evaluator's.
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Brush::Own, hide_possible_values = true)]
    pub renderer: Brush,
    /// The device that `gl` draws on, as EGL counts them from 0; the first that works if not given.
    #[arg(long, value_name = "N")]
    pub gl_device: Option<usize>,
}

impl BrushArgs {
    /// Checks what can be checked before anything is drawn.
    ///
    /// # Errors
    /// OpenGL or the device that is not there; a device for the renderer that needs none.
    pub fn check(&self) -> Result<(), CliError> {
        match self.renderer {
            Brush::Own if self.gl_device.is_some() => Err(CliError::usage(anyhow!(
                "`--gl-device` is for `--renderer gl`"
            ))),
            Brush::Own => Ok(()),
            Brush::Gl => Ok(check_gl(self.gl_device)?),
        }
    }
}

/// What is in a picture, parallel lists of its pixels from the top left.
#[derive(Debug, Clone)]
pub struct Painting {
    /// Colors, `[height, width, 3]`.
    pub rgb: Vec<u8>,
    /// Meters along the view; infinite where nothing is. Empty unless it was asked for.
    pub depth: Vec<f32>,
    /// Number and type of what is seen, as MuJoCo counts both; −1 where nothing is. Empty unless it was asked for.
    pub segmentation: Vec<[i32; 2]>,
}

/// Draws one environment, however often it changes its state. Bound to its thread.
#[derive(Debug)]
pub struct Painter {
    undressed: Undressed,
    dressed: Dressed,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Own {
        renderer: Box<Renderer>,
        poses: ScenePoses,
        scratch: Scratch,
    },
    #[cfg(feature = "gl")]
    Gl(Box<GlRenderer>),
}

impl Painter {
    /// A painter of `environment`, as the model looks.
    ///
    /// # Errors
    /// [`Error::GlUnavailable`], [`Error::UnknownGlDevice`]; a scene that cannot be drawn.
    pub fn new(args: &BrushArgs, environment: &dyn Environment) -> Result<Self, Error> {
        let kind = match args.renderer {
            Brush::Own => Kind::Own {
                renderer: Box::new(Renderer::new()),
                poses: ScenePoses::default(),
                scratch: Scratch::default(),
            },
            Brush::Gl => of_mujoco(args, environment)?,
        };
        let undressed = Undressed::new(environment.scene_model()?)?;
        let dressed = Dressed::new(&undressed, &Looks::nominal());
        Ok(Self {
            undressed,
            dressed,
            kind,
        })
    }

    /// Takes on the looks of an episode that has just begun; MuJoCo's renderer knows of none.
    ///
    /// # Errors
    /// Those of [`Environment::looks`].
    pub fn dress(
        &mut self,
        environment: &dyn Environment,
        start: &EpisodeStart,
    ) -> Result<(), Error> {
        let looks = match self.kind {
            Kind::Own { .. } => environment.looks(&start.miner_key, start.level)?,
            #[cfg(feature = "gl")]
            Kind::Gl(_) => Looks::nominal(),
        };
        self.dressed = Dressed::new(&self.undressed, &looks);
        Ok(())
    }

    /// What the painter draws, hidden objects included.
    pub fn scene(&self) -> &SceneModel {
        self.dressed.scene()
    }

    /// Draws the present state with depth and segmentation, if `layers` asks for them.
    ///
    /// # Errors
    /// [`Error::UnknownCamera`], [`Error::UnsupportedImageSize`]; those of OpenGL.
    pub fn paint(
        &mut self,
        episode: &Episode<'_>,
        camera: CameraName,
        size: ImageSize,
        layers: bool,
    ) -> Result<Painting, Error> {
        let pixels = size.rgb_len() / 3;
        let of_layers = if layers { pixels } else { 0 };
        let mut image = Image::new(camera, size, vec![0; 3 * pixels])
            .expect("the buffer has the length of the image");
        let mut depth = vec![f32::INFINITY; of_layers];
        let mut segmentation = vec![[-1; 2]; of_layers];
        let scene = self.dressed.scene();
        let view = View::of(scene, camera)?;
        let mut shot = Shot::rgb(view, size, image.rgb_mut());
        if layers {
            shot.depth = Some(&mut depth);
            shot.segmentation = Some(&mut segmentation);
        }
        let environment = episode.environment();
        let (physics, markers) = (environment.physics(), environment.moved_markers());
        match &mut self.kind {
            Kind::Own {
                renderer,
                poses,
                scratch,
            } => {
                physics.write_scene_poses(scene, markers, poses);
                self.dressed.adjust(poses);
                renderer.render(scene, poses, &mut shot)?;
                let step = u32::from(episode.steps());
                self.dressed.expose(step, view, &mut image, scratch);
            }
            #[cfg(feature = "gl")]
            Kind::Gl(renderer) => renderer.render(scene, physics, markers, &mut shot)?,
        }
        Ok(Painting {
            rgb: image.into_rgb(),
            depth,
            segmentation,
        })
    }

    /// Draws the present state through several cameras.
    ///
    /// # Errors
    /// As [`paint`](Self::paint).
    pub fn images(
        &mut self,
        episode: &Episode<'_>,
        cameras: &[CameraName],
        size: ImageSize,
    ) -> Result<Vec<Image>, Error> {
        let image = |&camera| {
            let painting = self.paint(episode, camera, size, false)?;
            Ok(Image::new(camera, size, painting.rgb).expect("the buffer has the image's length"))
        };
        cameras.iter().map(image).collect()
    }
}

#[cfg(feature = "gl")]
fn of_mujoco(args: &BrushArgs, environment: &dyn Environment) -> Result<Kind, Error> {
    let options = GlOptions {
        device: args.gl_device,
        ..GlOptions::default()
    };
    let renderer = GlRenderer::new(environment.physics(), options)?;
    Ok(Kind::Gl(Box::new(renderer)))
}

#[cfg(feature = "gl")]
fn check_gl(device: Option<usize>) -> Result<(), Error> {
    let devices = gl::devices()?;
    match device.filter(|&device| device >= devices.len()) {
        Some(device) => Err(Error::UnknownGlDevice { device, devices }),
        None => Ok(()),
    }
}

#[cfg(not(feature = "gl"))]
fn of_mujoco(_args: &BrushArgs, _environment: &dyn Environment) -> Result<Kind, Error> {
    Err(not_built())
}

#[cfg(not(feature = "gl"))]
fn check_gl(_device: Option<usize>) -> Result<(), Error> {
    Err(not_built())
}

#[cfg(not(feature = "gl"))]
fn not_built() -> Error {
    let reason = "this program was built without it; build `kinitro-cli` with `--features gl`";
    Error::GlUnavailable {
        reason: reason.to_owned(),
    }
}
