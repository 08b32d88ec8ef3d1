//! Every environment there is, by id.

use kinitro_core::ids::EnvId;

use crate::Error;
use crate::env::{EnvSpec, Environment};
use crate::metaworld;
use crate::models::Models;

/// A set of environments that share robot and simulator.
#[derive(Debug)]
pub struct Family {
    /// The part of an environment id before the slash.
    pub name: &'static str,
    /// What it is, for lists.
    pub summary: &'static str,
    /// Its environments, in the family's own order.
    pub list: fn() -> Vec<EnvSpec>,
    /// Compiles one of them, given by the part of its id after the slash and the family's models.
    pub make: Make,
}

/// Compiles an environment of a family; `None` if the family has none of that name.
pub type Make = fn(&str, &Models) -> Result<Option<Box<dyn Environment>>, Error>;

/// All families. A new one is a row here and a module that implements [`Environment`].
pub const FAMILIES: &[Family] = &[metaworld::evaluation::FAMILY];

/// The specifications of all environments, family by family.
pub fn list() -> Vec<EnvSpec> {
    FAMILIES.iter().flat_map(|family| (family.list)()).collect()
}

/// The ids of all environments, family by family.
pub fn ids() -> Vec<EnvId> {
    list().into_iter().map(|spec| spec.id).collect()
}

/// Compiles the environment `id`.
///
/// # Errors
/// [`Error::UnknownEnv`] if no family has it, and those of compiling a model.
pub fn make(id: &EnvId, models: &Models) -> Result<Box<dyn Environment>, Error> {
    for family in FAMILIES {
        if family.name == id.family()
            && let Some(environment) = (family.make)(id.name(), models)?
        {
            return Ok(environment);
        }
    }
    Err(Error::UnknownEnv { id: id.clone() })
}
