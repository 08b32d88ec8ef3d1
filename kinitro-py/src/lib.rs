//! The native half of the Python package `kinitro`: the module `kinitro._kinitro`.
//!
//! It converts and forwards; every number is computed by `kinitro-sim`, so that a Python process gets the bits that every
//! other program gets. `python/kinitro/_kinitro.pyi` documents what is exported here.

mod assets;
mod convert;
mod errors;
mod policy;
mod rollout;

use pyo3::prelude::pymodule;

#[pymodule]
mod _kinitro {
    #[pymodule_export]
    use crate::assets::verify_library;
    #[pymodule_export]
    use crate::errors::{AssetError, EngineError, KinitroError, UnknownEnvironmentError};
    #[pymodule_export]
    use crate::rollout::{environments, libm, rollout};
}
