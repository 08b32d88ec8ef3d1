//! What the integration tests and development tasks share.

#![expect(
    clippy::print_stdout,
    reason = "tests say what they skip and what their children printed"
)]

pub mod batches;
pub mod borders;
pub mod experts;
pub mod http;
pub mod places;
pub mod process;
pub mod program;
pub mod seeds;
pub mod segmentation;
pub mod simulators;
pub mod soak;
