//! Integration tests of the workspace, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod catalogue;
mod cli;
mod determinism;
mod parity;
mod rendering;
mod report;
