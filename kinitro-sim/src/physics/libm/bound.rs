//! Binding on x86-64 Linux with glibc.

#[path = "image.rs"]
mod image;
#[path = "sort.rs"]
mod sort;

use mujoco_rs::mujoco_c::{mj_version, mju_axisAngle2Quat, mju_quat2Vel};

use super::functions::{self, FUNCTIONS, Function, Pointer};
use crate::Error;
use image::{Image, Import};

/// File that symbols of the C mathematics library are versioned by.
const LIBM: &str = "libm.so.6";

/// Imports of libm that stay as they are: exact everywhere, or (the last) used for plots only.
const UNBOUND: [&str; 3] = ["sqrt", "floor", "log10f"];

/// The import that is pinned besides the mathematics.
const SORT: &str = "qsort";

/// Points the imports at our functions, and checks the result; returns the fingerprint.
pub(super) fn pin() -> Result<[u8; 32], Error> {
    let (image, imports) = loaded()?;
    // All are known before the first is changed.
    let bindings: Vec<(&Import, usize)> = imports
        .iter()
        .filter_map(|import| stand_in(import.name).map(|address| (import, address)))
        .collect();
    for &(import, address) in &bindings {
        // SAFETY: our functions have the C types of their names.
        unsafe { image.bind(import, address) }.map_err(|reason| Error::LibmBinding { reason })?;
    }
    for (import, address) in bindings {
        if import.address() != address {
            return Err(unexpected(format!("`{}` does not stay bound", import.name)));
        }
    }
    self_check(&imports)?;
    fingerprint()
}

/// Fingerprint of the functions that the library reaches now.
pub(super) fn fingerprint() -> Result<[u8; 32], Error> {
    let (_, imports) = loaded()?;
    Ok(functions::fingerprint(|function| bound(&imports, function)))
}

/// The libmujoco that this code is linked with, and its imports, which are those that this module knows.
fn loaded() -> Result<(Image, Vec<Import>), Error> {
    let image = Image::containing(mj_version as *const () as usize)
        .ok_or_else(|| unexpected("the library is not found in this process"))?;
    let imports = image
        .imports()
        .map_err(|reason| Error::LibmBinding { reason })?;
    let has = |name: &str| imports.iter().any(|import| import.name == name);
    let names = FUNCTIONS.iter().map(|function| function.name);
    if let Some(missing) = names.chain([SORT]).find(|name| !has(name)) {
        return Err(unexpected(format!("it does not import `{missing}`")));
    }
    let unknown = imports.iter().find(|import| {
        import.library == Some(LIBM)
            && stand_in(import.name).is_none()
            && !UNBOUND.contains(&import.name)
    });
    match unknown {
        Some(import) => Err(unexpected(format!("it imports `{}`", import.name))),
        None => Ok((image, imports)),
    }
}

fn unexpected(reason: impl Into<String>) -> Error {
    Error::LibmBinding {
        reason: reason.into(),
    }
}

/// Address of our function of that name.
fn stand_in(name: &str) -> Option<usize> {
    if name == SORT {
        return Some(sort::qsort as *const () as usize);
    }
    FUNCTIONS
        .iter()
        .find(|function| function.name == name)
        .map(|function| function.pinned.address())
}

/// What the library reaches under the name of `function`.
fn bound(imports: &[Import], function: &Function) -> Pointer {
    let import = imports
        .iter()
        .find(|import| import.name == function.name)
        .expect("`loaded` has checked that every function is imported");
    // SAFETY: the loader, or `pin`, has put a function of that name there.
    unsafe { function.pinned.at(import.address()) }
}

/// Known arguments must give known bits: through each slot, and through engine functions that call them.
fn self_check(imports: &[Import]) -> Result<(), Error> {
    for function in &FUNCTIONS {
        let (x, y, expected) = function.known;
        let found = bound(imports, function).bits(x, y);
        check(function.name, expected, found)?;
    }

    let (angle, _, sine) = FUNCTIONS[0].known;
    let mut quaternion = [0.0; 4];
    // SAFETY: arrays of the right lengths. A rotation by twice the angle has its sine along the axis.
    unsafe { mju_axisAngle2Quat(&raw mut quaternion, &[0.0, 0.0, 1.0], 2.0 * angle) };
    check("mju_axisAngle2Quat", sine, quaternion[3].to_bits())?;

    let mut velocity = [0.0; 3];
    // The sine is a power of two, so that the engine normalizes the axis exactly.
    let (s, c) = (0.5, 0.75);
    // SAFETY: arrays of the right lengths.
    unsafe { mju_quat2Vel(&raw mut velocity, &[c, 0.0, 0.0, s], 1.0) };
    let expected: f64 = 2.0 * ::libm::atan2(s, c);
    check("mju_quat2Vel", expected.to_bits(), velocity[2].to_bits())
}

fn check(function: &'static str, expected: u64, found: u64) -> Result<(), Error> {
    if expected == found {
        Ok(())
    } else {
        Err(Error::LibmSelfCheck {
            function,
            expected,
            found,
        })
    }
}
