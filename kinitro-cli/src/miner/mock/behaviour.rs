//! How a server acts, and the two behaviours that need nothing but the policy seed.

use std::fmt;
use std::num::NonZeroUsize;

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::{Action, Observation};
use kinitro_core::seed::PolicySeed;
use kinitro_sim::rollout::{Policy, RandomPolicy};

use super::form::Form;

/// A way to act in any number of episodes, shared by a server's threads.
pub trait Behaviour: fmt::Debug + Send + Sync + 'static {
    /// Begins an episode. May take as long as a reset may.
    ///
    /// # Errors
    /// A refusal, which is what the reset request is answered with; in the older generations, the second act request.
    fn begin(&self, start: &Start<'_>) -> Result<Box<dyn Player>, Refusal>;

    /// How many episodes at once a machine can usually afford.
    fn affordable_episodes(&self) -> NonZeroUsize {
        const { NonZeroUsize::new(256).unwrap() }
    }
}

/// What a policy server is told of an episode.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The environment.
    pub env: &'a EnvId,
    /// The only seed that a policy may see.
    pub seed: PolicySeed,
}

/// Acts in one episode.
pub trait Player: Send {
    /// The actions for this step and those after it, 1 to `asked.count`.
    ///
    /// # Errors
    /// A refusal, which is what the act request is answered with.
    fn act(&mut self, asked: &Asked) -> Result<Vec<Action>, Refusal>;
}

/// A request for actions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    /// The first step to act at.
    pub step: StepNumber,
    /// Hand x, y, z in meters and the gripper's opening, as the request shows them.
    pub proprio: [f32; 4],
    /// The most actions to answer.
    pub count: usize,
    /// How the answer will be written.
    pub form: Form,
}

/// A step of an episode, 0 for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepNumber {
    /// As the request says.
    Told(u32),
    /// The number of answers so far: the older generations do not say, so a repeated request looks like the next step.
    Counted(u32),
}

impl StepNumber {
    /// The number.
    pub const fn value(self) -> u32 {
        match self {
            Self::Told(number) | Self::Counted(number) => number,
        }
    }
}

/// Why a request is not answered as hoped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Stable name in snake case.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl Refusal {
    /// Refuses with a status, a stable name and a reason.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }
}

/// Acts as [`RandomPolicy`] does inside the evaluator: the same numbers from the same policy seed.
#[derive(Debug, Clone, Copy)]
pub struct Random;

impl Behaviour for Random {
    fn begin(&self, start: &Start<'_>) -> Result<Box<dyn Player>, Refusal> {
        Ok(Box::new(RandomPolicy::seeded(start.seed)))
    }
}

impl Player for RandomPolicy {
    fn act(&mut self, asked: &Asked) -> Result<Vec<Action>, Refusal> {
        // The policy does not look.
        let unseen = Observation {
            proprio: asked.proprio,
            images: Vec::new(),
        };
        let command = |_| action(Policy::act(self, &unseen));
        (0..asked.count).map(command).collect()
    }
}

/// Never moves.
#[derive(Debug, Clone, Copy)]
pub struct Zero;

impl Behaviour for Zero {
    fn begin(&self, _start: &Start<'_>) -> Result<Box<dyn Player>, Refusal> {
        Ok(Box::new(Self))
    }
}

impl Player for Zero {
    fn act(&mut self, asked: &Asked) -> Result<Vec<Action>, Refusal> {
        Ok(vec![Action::ZERO; asked.count])
    }
}

/// A policy's command as an action.
pub(super) fn action(command: [f64; 4]) -> Result<Action, Refusal> {
    match Action::from_wire(command) {
        Ok((action, _)) => Ok(action),
        Err(error) => Err(Refusal::new(500, "policy", error.to_string())),
    }
}
