//! Cameras: public names, orientation of the delivered picture, and the projection.

use kinitro_core::protocol::policy::CameraName;
use kinitro_core::units::ImageSize;

use super::scene::{Pose, SceneModel};
use super::spec::{SIDES, SUBPIXELS};
use super::vector::{self, Vec3};
use crate::Error;

/// A camera of a scene and how its picture is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Index into [`SceneModel::cameras`].
    pub camera: usize,
    /// How the picture is delivered.
    pub orientation: Orientation,
}

/// How a picture is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orientation {
    /// As the camera sees it.
    AsMounted,
    /// Turned by 180° about the view axis: both axes reversed, pixel by pixel. For cameras mounted upside down.
    Turned,
}

impl View {
    /// The view behind a public name: upright and unmirrored.
    ///
    /// Meta-World 3.1.1 mounts `corner` … `corner4` upside down, so they are turned; their small residual roll is kept.
    ///
    /// # Errors
    /// [`Error::UnknownCamera`] if the scene has no such camera.
    pub fn of(scene: &SceneModel, name: CameraName) -> Result<Self, Error> {
        let (in_model, orientation) = mounted(name);
        let camera = scene
            .cameras
            .iter()
            .position(|camera| camera.name == in_model);
        let camera = camera.ok_or(Error::UnknownCamera { name })?;
        Ok(Self {
            camera,
            orientation,
        })
    }
}

/// The name of a view's camera in the models of Meta-World 3.1.1, and how its picture is delivered.
pub const fn mounted(name: CameraName) -> (&'static str, Orientation) {
    match name {
        CameraName::Corner => ("corner", Orientation::Turned),
        CameraName::Corner2 => ("corner2", Orientation::Turned),
        CameraName::Corner3 => ("corner3", Orientation::Turned),
        CameraName::Corner4 | CameraName::LerobotCorner2 => ("corner4", Orientation::Turned),
        CameraName::Topview => ("topview", Orientation::AsMounted),
        CameraName::Gripper => ("gripperPOV", Orientation::AsMounted),
        CameraName::BehindGripper => ("behindGripper", Orientation::AsMounted),
    }
}

/// The projection of one picture.
///
/// Screen coordinates are in sub-pixel units from the center of the picture, x to the right, y down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Projection {
    pub(super) position: Vec3,
    pub(super) right: Vec3,
    pub(super) down: Vec3,
    pub(super) forward: Vec3,
    /// Sub-pixel units per unit of slope.
    pub(super) focal: f64,
    pub(super) near: f64,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Projection {
    /// # Errors
    /// [`Error::UnsupportedImageSize`] if a side is not in [`SIDES`].
    pub(super) fn new(fovy: f64, near: f64, pose: &Pose, size: ImageSize) -> Result<Self, Error> {
        let (width, height) = (size.width(), size.height());
        let unsupported = Error::UnsupportedImageSize { width, height };
        if !(SIDES.contains(&width) && SIDES.contains(&height)) {
            return Err(unsupported);
        }
        let (Ok(width), Ok(height)) = (i32::try_from(width), i32::try_from(height)) else {
            return Err(unsupported);
        };
        let column = |index: usize| {
            [
                pose.rotation[index],
                pose.rotation[index + 3],
                pose.rotation[index + 6],
            ]
        };
        Ok(Self {
            position: pose.position,
            right: column(0),
            down: vector::scale(column(1), -1.0),
            forward: vector::scale(column(2), -1.0),
            focal: 0.5 * f64::from(height) * f64::from(SUBPIXELS) / libm::tan(0.5 * fovy),
            near,
            width,
            height,
        })
    }
}
