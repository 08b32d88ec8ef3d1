//! What the integration tests and development tasks share.

#![expect(
    clippy::print_stdout,
    reason = "tests say what they skip and what their children printed"
)]

pub mod batches;
pub mod borders;
pub mod experts;
#[cfg(feature = "gl")]
pub mod fidelity;
pub mod http;
pub mod looks;
pub mod meshes;
pub mod places;
pub mod probe;
pub mod process;
pub mod program;
pub mod seeds;
pub mod sheets;
pub mod simulators;
pub mod soak;
