//! Contexts of OpenGL that draw into buffers of their own, without a window and without a display server.

use std::fmt;

use glutin::api::egl::context::PossiblyCurrentContext;
use glutin::api::egl::device::Device;
use glutin::api::egl::display::Display;
use glutin::config::{Api, ConfigSurfaceTypes, ConfigTemplateBuilder};
use glutin::context::{ContextApi, ContextAttributesBuilder, GlProfile, Version};
use glutin::display::GlDisplay as _;

use super::GL_REMEDY;
use crate::Error;

/// A context on one device. Bound to its thread.
pub(super) struct Context {
    context: PossiblyCurrentContext,
    device: String,
}

impl Context {
    /// Opens a context and makes it current: on that device, or on the first on which it works.
    ///
    /// # Errors
    /// [`Error::GlUnavailable`], [`Error::UnknownGlDevice`].
    pub(super) fn open(device: Option<usize>) -> Result<Self, Error> {
        let devices = query()?;
        let names = || devices.iter().map(name).collect::<Vec<_>>();
        let candidates = match device {
            None => &devices[..],
            Some(index) => devices
                .get(index..=index)
                .ok_or_else(|| Error::UnknownGlDevice {
                    device: index,
                    devices: names(),
                })?,
        };
        let mut failures = Vec::new();
        for device in candidates {
            match on_device(device) {
                Ok(context) => {
                    let device = name(device);
                    return Ok(Self { context, device });
                }
                Err(reason) => failures.push(format!("{}: {reason}", name(device))),
            }
        }
        Err(unavailable(&if failures.is_empty() {
            "EGL lists no devices".to_owned()
        } else {
            format!("no device gives a context ({})", failures.join("; "))
        }))
    }

    /// Makes this context the one that OpenGL draws with on this thread.
    ///
    /// # Errors
    /// [`Error::GlUnavailable`] if the device has gone.
    pub(super) fn make_current(&self) -> Result<(), Error> {
        let made = self.context.make_current_surfaceless();
        made.map_err(|reason| {
            unavailable(&format!("the context on {} is lost: {reason}", self.device))
        })
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.device)
    }
}

/// The names of all devices.
///
/// # Errors
/// [`Error::GlUnavailable`].
pub(super) fn devices() -> Result<Vec<String>, Error> {
    Ok(query()?.iter().map(name).collect())
}

fn query() -> Result<Vec<Device>, Error> {
    let devices = Device::query_devices().map_err(|reason| {
        unavailable(&match reason.error_kind() {
            glutin::error::ErrorKind::NotFound => "libEGL cannot be loaded".to_owned(),
            _ => format!("EGL cannot list its devices: {reason}"),
        })
    })?;
    Ok(devices.collect())
}

/// A device by its DRM node, or as Mesa's software device, or by the name that it gives itself.
fn name(device: &Device) -> String {
    if let Some(path) = device.drm_device_node_path() {
        path.display().to_string()
    } else if device.extensions().contains("EGL_MESA_device_software") {
        "software".to_owned()
    } else {
        device.name().unwrap_or("unnamed").to_owned()
    }
}

fn on_device(device: &Device) -> glutin::error::Result<PossiblyCurrentContext> {
    // SAFETY: a device that EGL has listed; no display server is involved.
    let display = unsafe { Display::with_device(device, None) }?;
    // MuJoCo draws into buffers that it makes itself: what the configuration offers does not matter.
    let template = ConfigTemplateBuilder::new()
        .with_api(Api::OPENGL)
        .with_surface_type(ConfigSurfaceTypes::PBUFFER)
        .build();
    // SAFETY: the display is valid.
    let config = unsafe { display.find_configs(template) }?.next();
    let config = config.ok_or(glutin::error::ErrorKind::NotSupported(
        "no configuration for OpenGL",
    ))?;
    // The fixed functions of old OpenGL, which MuJoCo draws with.
    let attributes = ContextAttributesBuilder::new()
        .with_profile(GlProfile::Compatibility)
        .with_context_api(ContextApi::OpenGl(Some(Version::new(2, 0))))
        .build(None);
    // SAFETY: display and configuration are valid and belong together.
    let context = unsafe { display.create_context(&config, &attributes) }?;
    context.make_current_surfaceless()
}

fn unavailable(reason: &str) -> Error {
    Error::GlUnavailable {
        reason: format!("{reason}; {GL_REMEDY}"),
    }
}
