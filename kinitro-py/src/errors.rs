//! The exceptions of the package, and which failure becomes which.

use std::error::Error as StdError;

use kinitro_sim::Error;
use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};

create_exception!(
    kinitro,
    KinitroError,
    PyException,
    "Base of all exceptions that the evaluator raises by itself."
);
create_exception!(
    kinitro,
    EngineError,
    KinitroError,
    "MuJoCo failed, refused a model, or its mathematics cannot be pinned in this process."
);
create_exception!(
    kinitro,
    AssetError,
    KinitroError,
    "The MuJoCo library or a model file is missing, unreadable, or not of the pinned release."
);
create_exception!(
    kinitro,
    UnknownEnvironmentError,
    KinitroError,
    "There is no environment of that id."
);

/// The exception for a failure of the simulator.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` takes"
)]
pub(crate) fn of_simulator(error: Error) -> PyErr {
    let message = with_causes(&error);
    match error {
        Error::UnknownEnv { .. } => UnknownEnvironmentError::new_err(message),
        Error::UnsupportedImageSize { .. } => PyValueError::new_err(message),
        Error::AssetMissing { .. }
        | Error::AssetMismatch { .. }
        | Error::AssetUnreadable { .. } => AssetError::new_err(message),
        Error::Engine { .. }
        | Error::CompileModel { .. }
        | Error::UnknownElement { .. }
        | Error::UnsuitableModel { .. }
        | Error::LibmUnsupported { .. }
        | Error::LibmModeFixed { .. }
        | Error::LibmNotPinned
        | Error::LibmBinding { .. }
        | Error::LibmSelfCheck { .. } => EngineError::new_err(message),
        _ => KinitroError::new_err(message),
    }
}

/// The exception for an argument that is of the right type, but not among the accepted values.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` takes"
)]
pub(crate) fn of_argument(error: kinitro_core::error::Error) -> PyErr {
    PyValueError::new_err(with_causes(&error))
}

/// An error and what caused it, in one line.
pub(crate) fn with_causes(error: &dyn StdError) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(": ");
        message.push_str(&error.to_string());
        cause = error.source();
    }
    message
}
