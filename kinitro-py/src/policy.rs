//! Who acts in a rollout: a built-in policy by name, or a Python callable.

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::Observation;
use kinitro_sim::metaworld::experts::expert;
use kinitro_sim::rollout::{Driver, ExpertTeacher, Policy, PolicyStart, RandomPolicy, ZeroPolicy};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::convert;
use crate::errors::KinitroError;

/// The argument `policy` of a rollout: a name or a callable.
pub(crate) enum PolicyChoice {
    /// The task's scripted expert with noise of this standard deviation on its commands.
    Expert { noise: f64 },
    /// Uniform commands.
    Random,
    /// No motion.
    Zero,
    /// A Python function from an observation to a command.
    Callable(Py<PyAny>),
}

impl FromPyObject<'_, '_> for PolicyChoice {
    type Error = PyErr;

    fn extract(policy: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match policy.extract::<&str>() {
            Ok("expert") => Ok(Self::Expert { noise: 0.0 }),
            Ok("random") => Ok(Self::Random),
            Ok("zero") => Ok(Self::Zero),
            Ok(name) => Err(PyValueError::new_err(format!(
                "unknown policy {name:?}; known: expert, random, zero"
            ))),
            Err(_) if policy.is_callable() => Ok(Self::Callable(policy.to_owned().unbind())),
            Err(_) => Err(PyTypeError::new_err(
                "expected `expert`, `random`, `zero` or a callable",
            )),
        }
    }
}

impl PolicyChoice {
    /// Adds the argument `noise`, which only the expert has.
    pub(crate) fn with_noise(self, noise: f64) -> PyResult<Self> {
        if !(noise.is_finite() && noise >= 0.0) {
            let message = format!("noise is `{noise}`, expected a finite number of at least 0");
            return Err(PyValueError::new_err(message));
        }
        match self {
            Self::Expert { .. } => Ok(Self::Expert { noise }),
            other if noise == 0.0 => Ok(other),
            _ => Err(PyValueError::new_err(
                "noise disturbs the expert's commands only",
            )),
        }
    }

    /// The actor for episodes of `env`.
    pub(crate) fn actor(self, env: &EnvId) -> PyResult<Actor> {
        Ok(match self {
            Self::Expert { noise } => {
                let expert = expert(env.name()).ok_or_else(|| {
                    KinitroError::new_err(format!("there is no expert for `{env}`"))
                })?;
                Actor::Expert(ExpertTeacher::new(expert, noise))
            }
            Self::Random => Actor::Random(RandomPolicy::default()),
            Self::Zero => Actor::Zero(ZeroPolicy),
            Self::Callable(callable) => Actor::Callable(CallablePolicy {
                callable,
                failure: None,
            }),
        })
    }
}

/// What drives an episode.
pub(crate) enum Actor {
    Expert(ExpertTeacher),
    Random(RandomPolicy),
    Zero(ZeroPolicy),
    Callable(CallablePolicy),
}

impl Actor {
    /// The form that a rollout takes.
    pub(crate) fn driver(&mut self) -> Driver<'_> {
        match self {
            Self::Expert(teacher) => Driver::Teacher(teacher),
            Self::Random(policy) => Driver::Policy(policy),
            Self::Zero(policy) => Driver::Policy(policy),
            Self::Callable(policy) => Driver::Policy(policy),
        }
    }

    /// The exception that a callable has raised.
    pub(crate) fn failure(self) -> Option<PyErr> {
        match self {
            Self::Callable(policy) => policy.failure,
            Self::Expert(_) | Self::Random(_) | Self::Zero(_) => None,
        }
    }
}

/// A Python callable as a policy. The interpreter is held only while it is called.
pub(crate) struct CallablePolicy {
    callable: Py<PyAny>,
    failure: Option<PyErr>,
}

impl Policy for CallablePolicy {
    fn begin(&mut self, _start: &PolicyStart) {}

    /// An exception is kept, and the episode ended by a command that is none: the caller raises it again.
    fn act(&mut self, observation: &Observation) -> [f64; 4] {
        /// Ends the episode with outcome `invalid_action`.
        const NO_COMMAND: [f64; 4] = [f64::NAN; 4];
        let answer = Python::attach(|py| {
            let (proprio, images) = convert::observation(py, observation)?;
            let answer = self.callable.bind(py).call1((proprio, images))?;
            convert::command(&answer)
        });
        match answer {
            Ok(command) => command.unwrap_or(NO_COMMAND),
            Err(failure) => {
                self.failure = Some(failure);
                NO_COMMAND
            }
        }
    }
}
