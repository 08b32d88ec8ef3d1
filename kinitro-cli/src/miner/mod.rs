//! What miners use.

pub mod conformance;
pub mod mock;
