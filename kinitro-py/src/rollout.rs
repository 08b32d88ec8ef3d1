//! The functions of the module. Their documentation is that of the stubs, word for word; a test compares the two.

#![expect(
    clippy::doc_markdown,
    reason = "the functions are documented for readers in Python"
)]

use std::path::PathBuf;

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::record::level::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::{EpisodeStart, Simulator, View};
use kinitro_sim::models::Models;
use kinitro_sim::physics::libm::{LibmMode, init as init_libm};
use kinitro_sim::{registry, rollout as driving};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::errors::{self, UnknownEnvironmentError};
use crate::policy::PolicyChoice;
use crate::{assets, convert};

/// Lists every environment.
#[pyfunction]
pub(crate) fn environments(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for spec in registry::list() {
        list.append(convert::environment(py, &spec)?)?;
    }
    Ok(list)
}

/// Pins the engine's mathematics in this process, if that has not happened yet, and describes them.
///
/// Raises:
///     EngineError: This is not x86-64 Linux with glibc, or the loaded library cannot be pinned.
#[pyfunction]
pub(crate) fn libm(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let status = init_libm(LibmMode::Pinned).map_err(errors::of_simulator)?;
    convert::libm_status(py, &status)
}

/// Runs one procedural episode and returns its record.
///
/// The interpreter is free for other threads while it simulates; a callable policy holds it for its own time only.
/// Compiles the model anew, which takes about 0.1 s.
///
/// Args:
///     env: Id of the environment, for example ``metaworld/reach-v3``.
///     policy: ``expert`` (the task's scripted expert, which reads the full state), ``random`` (uniform commands drawn
///         from the episode's policy seed), ``zero`` (no motion), or a function (see :data:`kinitro.Policy`). Numbers
///         that are not four, or not finite, end the episode with outcome ``invalid_action``.
///     seed: With ``env`` and ``episode``, decides the scene; the ``--seed`` of the command line. 0 to 2**64 - 1.
///     episode: Index of the episode, 0 to 2**64 - 1.
///     level: How much scenes vary: ``none`` (placement only), ``seed`` (placement, physics, reset noise and looks) or ``hard``
///         (wider ranges of physics, gravity tilted, commands delayed).
///     noise: Standard deviation of normal noise on each of the expert's commands, after clipping; at least 0.
///     cameras: Cameras whose images are rendered, in this order: ``corner``, ``corner2``, ``corner3``, ``corner4``,
///         ``topview``, ``gripper``, ``behind_gripper``, ``lerobot_corner2`` (the picture of ``corner4``, which
///         is that of LeRobot's Meta-World environment).
///     image_size: Width and height of every image, pixels, 16 to 1024 (in evaluations 84, 128 or 224).
///     models: Folder of Meta-World's models (the one that holds ``sawyer_xyz``). Otherwise the folder that
///         KINITRO_ASSETS_DIR names, the installed package ``metaworld`` (3.1.1), or the cache of
///         ``kinitro assets install``, in this order.
///
/// Raises:
///     UnknownEnvironmentError: There is no such environment.
///     AssetError: The models are missing or not those of Meta-World 3.1.1.
///     EngineError: MuJoCo failed.
///     ValueError: An argument is not among the accepted values.
///     TypeError: The policy is no policy, or has answered something that is not a sequence of numbers.
///
/// Whatever else the policy raises is passed on.
#[pyfunction]
#[pyo3(
    signature = (
        env, policy=PolicyChoice::Expert { noise: 0.0 }, *, seed=0, episode=0, level="seed", noise=0.0, cameras=Vec::new(), image_size=84, models=None
    ),
    text_signature = "(env, policy='expert', *, seed=0, episode=0, level='seed', noise=0.0, cameras=(), image_size=84, models=None)"
)]
#[expect(
    clippy::too_many_arguments,
    reason = "keyword arguments with defaults in Python"
)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "arguments of Python functions are converted into owned values"
)]
pub(crate) fn rollout<'py>(
    py: Python<'py>,
    env: &str,
    policy: PolicyChoice,
    seed: u64,
    episode: u64,
    level: &str,
    noise: f64,
    cameras: Vec<String>,
    image_size: u32,
    models: Option<PathBuf>,
) -> PyResult<Bound<'py, PyDict>> {
    let env: EnvId = env
        .parse()
        .map_err(|error| UnknownEnvironmentError::new_err(errors::with_causes(&error)))?;
    let policy = policy.with_noise(noise)?;
    let level: Level = level.parse().map_err(errors::of_argument)?;
    let cameras: Result<_, _> = cameras.iter().map(|name| name.parse()).collect();
    let view = View {
        cameras: cameras.map_err(errors::of_argument)?,
        size: ImageSize::new(image_size, image_size).map_err(errors::of_argument)?,
    };
    let key = EpisodeKey::derive(
        &CycleSeed::from_local_seed(seed),
        &env,
        EpisodeIndex(episode),
    );
    let start = EpisodeStart {
        miner_key: MinerKey::derive(&key, None),
        key,
        level,
    };
    let places = assets::model_places(py, models)?;

    let record = py.detach(|| {
        init_libm(LibmMode::Pinned).map_err(errors::of_simulator)?;
        let models = Models::find(&places).map_err(errors::of_simulator)?;
        let mut simulator = Simulator::new(&env, &models, &view).map_err(errors::of_simulator)?;
        let mut actor = policy.actor(&env)?;
        let result = driving::run(&mut simulator, &start, &mut actor.driver(), |_, _| ());
        match actor.failure() {
            Some(exception) => Err(exception),
            None => result.map_err(errors::of_simulator),
        }
    })?;
    convert::record(py, &record)
}
