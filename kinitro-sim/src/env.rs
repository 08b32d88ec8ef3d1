//! What every environment family offers: a specification and a stepper.

use std::fmt;

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::p2::HandState;
use kinitro_core::record::level::Level;
use kinitro_core::record::scene::SceneRecord;
use kinitro_core::seed::{EpisodeKey, MinerKey};

use crate::Error;
use crate::looks::Looks;
use crate::physics::Physics;
use crate::physics::visual::SiteOverride;
use crate::render::scene::SceneModel;

/// Length of the privileged state of a family's environments.
pub const STATE_LEN: usize = 39;

/// What is fixed about an environment, known without loading its model.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvSpec {
    /// The environment's id, for example `metaworld/drawer-open-v3`.
    pub id: EnvId,
    /// What happens in it, in one line.
    pub summary: &'static str,
    /// The task as an English instruction for language-conditioned policies.
    pub instruction: &'static str,
    /// How hard policies find it, where the family says so: for example `very hard`.
    pub difficulty: Option<&'static str>,
    /// Control steps after which an unsolved episode ends.
    pub max_steps: u16,
    /// Duration of one control step, seconds.
    pub control_period: f64,
}

/// Everything about the present state that a policy must never see: object poses, the goal, the previous frame.
///
/// Teachers (scripted experts) read it; `metaworld::observe` alone turns parts of it into an observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrivilegedState(pub [f64; STATE_LEN]);

/// What one control step led to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// The task's shaped reward of this step, in `[0, 10]` for Meta-World tasks.
    pub reward: f64,
    /// Whether the task is solved in the state just reached.
    pub success: bool,
}

/// One simulated environment: a compiled model that is reset to a scene and stepped.
///
/// An implementation holds everything that a reset needs, so that beginning an episode compiles nothing.
/// The same key, level and actions give the same states, bit for bit, whatever the environment did before.
pub trait Environment: fmt::Debug + Send + Sync {
    /// Another environment of the same model, as good as a newly compiled one.
    ///
    /// # Errors
    /// Those of the engine.
    fn duplicate(&self) -> Result<Box<dyn Environment>, Error>;

    /// What is fixed about this environment.
    fn spec(&self) -> &EnvSpec;

    /// Builds the scene that `key` describes at `level`, lets it come to rest, and says what was drawn.
    ///
    /// # Errors
    /// [`Error::SceneDiverged`], [`Error::SceneObstructed`]; those of the engine.
    fn begin(&mut self, key: &EpisodeKey, level: Level) -> Result<SceneRecord, Error>;

    /// How the scene that was just begun looks to the miner with this key. Changes nothing of the simulation.
    ///
    /// # Errors
    /// [`Error::UnsuitableMesh`] if the model has textures that cannot be read.
    fn looks(&self, key: &MinerKey, level: Level) -> Result<Looks, Error> {
        let _ = (key, level);
        Ok(Looks::nominal())
    }

    /// Applies one action and advances the simulation by one control step.
    ///
    /// # Errors
    /// Those of the engine.
    fn step(&mut self, action: Action) -> Result<Progress, Error>;

    /// The four numbers a policy reads: hand x, y, z (meters, world frame), gripper opening (0 closed … 1 open).
    fn proprioception(&self) -> [f32; 4];

    /// How the hand is turned and moves in the present state, of the body whose position policies read.
    fn hand(&self) -> HandState;

    /// The state that only teachers and tests may read.
    fn privileged(&self) -> &PrivilegedState;

    /// The simulation behind the environment.
    fn physics(&self) -> &Physics;

    /// Markers that are not drawn where the model has them, and where they are drawn in the present state.
    fn moved_markers(&self) -> &[SiteOverride] {
        &[]
    }

    /// What cameras see, hidden markers left out.
    ///
    /// # Errors
    /// Those of [`Physics::scene_model`].
    fn scene_model(&self) -> Result<SceneModel, Error>;
}
