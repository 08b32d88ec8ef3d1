//! Integration tests of the workspace, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts what is allocated, for tests that are alone in their process.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

mod batch;
mod benchmarks;
mod borders;
mod catalogue;
mod cli;
mod conformance;
mod determinism;
#[cfg(feature = "gl")]
mod fidelity;
mod hostile;
mod looks;
mod markers;
mod meshes;
mod mock;
mod parity;
mod receipts;
mod render;
mod report;
mod resets;
mod servers;
mod views;
