//! The MuJoCo library that this process has loaded.

#![expect(
    unsafe_code,
    reason = "the border to the C library; no other module may cross it"
)]

use std::ffi::{CStr, OsStr};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use mujoco_rs::mujoco_c::mj_version;

/// Path of the file that the loader took the library from, as the loader knows it; `None` if it does not tell.
///
/// What a search found before may not be what was loaded in the end: compare this file with the pinned digest.
pub fn loaded_file() -> Option<PathBuf> {
    let mut description = MaybeUninit::<libc::Dl_info>::uninit();
    let address = (mj_version as *const ()).cast::<libc::c_void>();
    // SAFETY: any address may be asked for; the description is written if the result is not 0.
    let found = unsafe { libc::dladdr(address, description.as_mut_ptr()) } != 0;
    if !found {
        return None;
    }
    // SAFETY: `dladdr` has succeeded.
    let name = unsafe { description.assume_init() }.dli_fname;
    if name.is_null() {
        return None;
    }
    // SAFETY: the loader keeps the name as a C string for as long as the library is loaded.
    let name = unsafe { CStr::from_ptr(name) };
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::Asset;

    #[test]
    fn this_process_has_loaded_the_pinned_library() {
        let file = loaded_file().expect("the loader knows the file");
        Asset::Library.verify(&file).unwrap();
    }
}
