//! Where there is no EGL.

use crate::Error;

/// Never made.
#[derive(Debug)]
pub(super) enum Context {}

impl Context {
    pub(super) fn open(_device: Option<usize>) -> Result<Self, Error> {
        Err(unavailable())
    }

    pub(super) fn make_current(&self) -> Result<(), Error> {
        match *self {}
    }
}

pub(super) fn devices() -> Result<Vec<String>, Error> {
    Err(unavailable())
}

fn unavailable() -> Error {
    Error::GlUnavailable {
        reason: "pictures without a window are drawn on Linux only".to_owned(),
    }
}
