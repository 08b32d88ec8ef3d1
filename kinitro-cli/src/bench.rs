//! The simulators of one thread, compiled when first needed and used again.

use std::path::Path;

use kinitro_core::ids::EnvId;
use kinitro_sim::episode::{Simulator, View};

/// Simulators of one environment, one per view. Work that goes environment by environment compiles each model once per thread.
#[derive(Debug, Default)]
pub struct Bench {
    env: Option<EnvId>,
    simulators: Vec<(View, Simulator)>,
}

impl Bench {
    /// The simulator of `env` that shows `view`; simulators of other environments are let go.
    ///
    /// # Errors
    /// Those of [`Simulator::new`].
    pub fn simulator(
        &mut self,
        env: &EnvId,
        models: &Path,
        view: &View,
    ) -> Result<&mut Simulator, kinitro_sim::Error> {
        if self.env.as_ref() != Some(env) {
            self.simulators.clear();
            self.env = Some(env.clone());
        }
        let known = self.simulators.iter().position(|(shown, _)| shown == view);
        let position = known.unwrap_or(self.simulators.len());
        if known.is_none() {
            let simulator = Simulator::new(env, models, view)?;
            self.simulators.push((view.clone(), simulator));
        }
        Ok(&mut self.simulators[position].1)
    }
}
