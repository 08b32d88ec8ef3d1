//! The simulators of one thread, made when first needed and used again.

use std::sync::{Arc, Mutex, PoisonError};

use kinitro_core::ids::EnvId;
use kinitro_sim::Error;
use kinitro_sim::episode::{Simulator, View};
use kinitro_sim::models::Models;

/// Simulators of one environment, one per view. Work that goes environment by environment makes each once per thread.
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
        models: &Models,
        view: &View,
    ) -> Result<&mut Simulator, Error> {
        self.simulator_by(env, view, || Simulator::new(env, models, view))
    }

    /// As [`simulator`](Self::simulator), but from originals that other threads use too, which is faster than compiling.
    ///
    /// # Errors
    /// Those of [`Simulator::new`].
    pub fn duplicate(
        &mut self,
        originals: &Originals<'_>,
        env: &EnvId,
        view: &View,
    ) -> Result<&mut Simulator, Error> {
        self.simulator_by(env, view, || originals.duplicate(env, view))
    }

    fn simulator_by(
        &mut self,
        env: &EnvId,
        view: &View,
        make: impl FnOnce() -> Result<Simulator, Error>,
    ) -> Result<&mut Simulator, Error> {
        if self.env.as_ref() != Some(env) {
            self.simulators.clear();
            self.env = Some(env.clone());
        }
        let known = self.simulators.iter().position(|(shown, _)| shown == view);
        let position = known.unwrap_or(self.simulators.len());
        if known.is_none() {
            self.simulators.push((view.clone(), make()?));
        }
        Ok(&mut self.simulators[position].1)
    }
}

/// Simulators that are compiled once and only ever duplicated, for all threads.
#[derive(Debug)]
pub struct Originals<'a> {
    models: &'a Models,
    known: Mutex<Vec<(EnvId, View, Original)>>,
}

/// Empty until whoever needs it first has compiled it; the others wait for that.
type Original = Arc<Mutex<Option<Arc<Simulator>>>>;

impl<'a> Originals<'a> {
    /// Of the models below the folder `models`; none is compiled yet.
    pub fn new(models: &'a Models) -> Self {
        Self {
            models,
            known: Mutex::default(),
        }
    }

    /// A simulator of `env` that shows `view`, as good as a newly compiled one.
    fn duplicate(&self, env: &EnvId, view: &View) -> Result<Simulator, Error> {
        let original = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let is_it = |entry: &&(EnvId, View, Original)| (&entry.0, &entry.1) == (env, view);
            if let Some((_, _, original)) = known.iter().find(is_it) {
                Arc::clone(original)
            } else {
                let original = Original::default();
                known.push((env.clone(), view.clone(), Arc::clone(&original)));
                original
            }
        };
        let compiled = {
            let mut compiled = original.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(simulator) = compiled.as_ref() {
                Arc::clone(simulator)
            } else {
                let simulator = Arc::new(Simulator::new(env, self.models, view)?);
                Arc::clone(compiled.insert(simulator))
            }
        };
        compiled.duplicate()
    }

    /// Lets go of an environment whose simulators nobody will ask for again; whoever does has them compiled anew.
    pub fn forget(&self, env: &EnvId) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(kept, _, _)| kept != env);
    }
}
