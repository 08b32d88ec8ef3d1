//! Simulators for tests that want many: each model is compiled once per process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kinitro_core::ids::EnvId;
use kinitro_sim::episode::{Simulator, View};

use crate::places;

/// A simulator without images that nobody has used: the duplicate of one that is kept.
///
/// # Panics
/// If the model cannot be compiled.
pub fn state_only(env: &EnvId) -> Simulator {
    static COMPILED: Mutex<BTreeMap<EnvId, Simulator>> = Mutex::new(BTreeMap::new());
    // A test that failed in here has left the map whole.
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let original = compiled.entry(env.clone()).or_insert_with(|| {
        Simulator::new(env, &places::models(), &View::state_only()).expect("the model compiles")
    });
    original
        .duplicate()
        .expect("a compiled model can be copied")
}
