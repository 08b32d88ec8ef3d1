//! Records and observations as Python objects, and answers of policies as numbers.
//!
//! Arrays are copies that Python owns: one copy per image and step, a few microseconds at 84 × 84.

use kinitro_core::protocol::policy::Observation;
use kinitro_core::record::scene::SceneRecord;
use kinitro_sim::env::EnvSpec;
use kinitro_sim::episode::EpisodeRecord;
use kinitro_sim::physics::libm::LibmStatus;
use numpy::{PyArray1, PyArrayMethods as _};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What is fixed about an environment, as a dictionary.
pub(crate) fn environment<'py>(py: Python<'py>, spec: &EnvSpec) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("id", spec.id.as_str())?;
    fields.set_item("summary", spec.summary)?;
    fields.set_item("instruction", spec.instruction)?;
    fields.set_item("difficulty", spec.difficulty)?;
    fields.set_item("max_steps", spec.max_steps)?;
    Ok(fields)
}

/// The mathematics of this process, as a dictionary.
pub(crate) fn libm_status<'py>(
    py: Python<'py>,
    status: &LibmStatus,
) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("mode", status.mode.to_string())?;
    fields.set_item("crate_version", status.crate_version)?;
    fields.set_item("fingerprint", status.fingerprint.to_string())?;
    Ok(fields)
}

/// The arguments of a callable policy: proprioception, shape `[4]`, and images by camera, each of shape
/// `[height, width, 3]`.
pub(crate) fn observation<'py>(
    py: Python<'py>,
    observation: &Observation,
) -> PyResult<(Bound<'py, PyArray1<f32>>, Bound<'py, PyDict>)> {
    let images = PyDict::new(py);
    for image in &observation.images {
        let size = image.size();
        let shape = [size.height() as usize, size.width() as usize, 3];
        let pixels = PyArray1::from_slice(py, image.rgb()).reshape(shape)?;
        images.set_item(image.camera().as_str(), pixels)?;
    }
    Ok((PyArray1::from_slice(py, &observation.proprio), images))
}

/// The four numbers of a policy's answer; `None` if they are fewer or more.
///
/// # Errors
/// Python's, if the answer is not a sequence of numbers.
pub(crate) fn command(answer: &Bound<'_, PyAny>) -> PyResult<Option<[f64; 4]>> {
    let numbers: Vec<f64> = answer.extract().map_err(|cause: PyErr| {
        let py = answer.py();
        if !cause.is_instance_of::<PyTypeError>(py) {
            return cause;
        }
        let error = PyTypeError::new_err("a policy must answer a sequence of four numbers");
        error.set_cause(py, Some(cause));
        error
    })?;
    Ok(numbers.try_into().ok())
}

/// A finished episode as a dictionary; hashes are 64 hexadecimal digits, actions an array of shape `[steps, 4]`.
pub(crate) fn record<'py>(py: Python<'py>, record: &EpisodeRecord) -> PyResult<Bound<'py, PyDict>> {
    let actions: Vec<f32> = record
        .actions
        .iter()
        .flat_map(|taken| *taken.action.as_array())
        .collect();
    let actions = PyArray1::from_vec(py, actions).reshape([record.actions.len(), 4])?;

    let fields = PyDict::new(py);
    fields.set_item("outcome", record.outcome.as_str())?;
    fields.set_item("success", record.success)?;
    fields.set_item("steps", record.steps)?;
    fields.set_item("total_reward", record.total_reward)?;
    fields.set_item("scene", scene(py, &record.scene)?)?;
    fields.set_item("scene_digest", record.scene.digest().to_string())?;
    fields.set_item("state_hash", record.state_hash.to_string())?;
    fields.set_item("image_hash", record.image_hash.map(|hash| hash.to_string()))?;
    fields.set_item("observation_hash", record.observation_hash.to_string())?;
    fields.set_item("actions", actions)?;
    Ok(fields)
}

/// What was drawn, as in the JSON form: group → name → number, or list of numbers.
fn scene<'py>(py: Python<'py>, scene: &SceneRecord) -> PyResult<Bound<'py, PyDict>> {
    let groups = PyDict::new(py);
    for (group, name, numbers) in scene.iter() {
        let values = match groups.get_item(group.as_str())? {
            Some(values) => values.cast_into::<PyDict>()?,
            None => PyDict::new(py),
        };
        match numbers {
            [number] => values.set_item(name, number)?,
            _ => values.set_item(name, numbers)?,
        }
        groups.set_item(group.as_str(), values)?;
    }
    Ok(groups)
}
