//! What the integration tests and development tasks share.

#![expect(
    clippy::print_stdout,
    reason = "tests say what they skip and what their children printed"
)]

pub mod experts;
pub mod places;
pub mod process;
pub mod program;
pub mod segmentation;
