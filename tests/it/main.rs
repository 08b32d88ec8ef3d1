//! Integration tests of the workspace, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod borders;
mod catalogue;
mod cli;
mod conformance;
mod determinism;
mod hostile;
mod mock;
mod parity;
mod receipts;
mod rendering;
mod report;
mod servers;
