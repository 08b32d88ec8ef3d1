//! Behavior of the rules through the crate's public border, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod compatible;
mod explanations;
#[cfg(feature = "golden")]
mod golden;
mod properties;
mod support;
