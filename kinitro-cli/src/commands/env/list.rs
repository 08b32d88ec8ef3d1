//! `kinitro env list`.

use std::fmt;

use anyhow::anyhow;
use clap::Args;
use kinitro_core::groups::GROUPS;
use kinitro_sim::metaworld::experts;
use kinitro_sim::registry::FAMILIES;
use serde::Serialize;

use crate::error::CliError;
use crate::output::Output;

/// Arguments of `kinitro env list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only this family.
    #[arg(long, value_name = "NAME")]
    family: Option<String>,
}

impl ListArgs {
    /// Prints the list.
    ///
    /// # Errors
    /// If there is no such family.
    pub fn run(&self, output: &mut Output) -> Result<(), CliError> {
        let wanted = |name: &str| self.family.as_ref().is_none_or(|family| family == name);
        let families: Vec<Family> = FAMILIES
            .iter()
            .filter(|family| wanted(family.name))
            .map(Family::of)
            .collect();
        if let (true, Some(family)) = (families.is_empty(), &self.family) {
            let known: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
            let hint = format!("known families: {}", known.join(", "));
            return Err(CliError::not_found(anyhow!("unknown family `{family}`")).with_hint(hint));
        }
        let ids: Vec<&str> = families
            .iter()
            .flat_map(|family| &family.environments)
            .map(|env| env.id.as_str())
            .collect();
        let groups = GROUPS.iter().map(|group| {
            let members: Vec<String> = group.members().map(|id| id.to_string()).collect();
            let available = members
                .iter()
                .filter(|id| ids.contains(&id.as_str()))
                .count();
            Group {
                name: group.name,
                summary: group.summary,
                available,
                members,
            }
        });
        let groups = groups.collect();
        output.print(&List { families, groups })
    }
}

#[derive(Debug, Serialize)]
struct List {
    families: Vec<Family>,
    groups: Vec<Group>,
}

#[derive(Debug, Serialize)]
struct Family {
    name: &'static str,
    summary: &'static str,
    environments: Vec<Environment>,
}

#[derive(Debug, Serialize)]
struct Environment {
    id: String,
    summary: &'static str,
    instruction: &'static str,
    difficulty: Option<&'static str>,
    max_steps: u16,
    control_period_s: f64,
    action: &'static str,
    observation: &'static str,
    expert: bool,
}

#[derive(Debug, Serialize)]
struct Group {
    name: &'static str,
    summary: &'static str,
    available: usize,
    members: Vec<String>,
}

/// The action space, which all environments share.
const ACTION: &str =
    "4 numbers in [-1, 1]: hand motion dx, dy, dz (world frame); gripper, +1 closes";
/// The observation space, which all environments share.
const OBSERVATION: &str = "4 numbers (hand x, y, z in m; gripper opening 0 to 1), one RGB image per camera (height x width x 3 bytes)";

impl Family {
    fn of(family: &kinitro_sim::registry::Family) -> Self {
        let environments = (family.list)().into_iter().map(|spec| Environment {
            expert: experts::expert(spec.id.name()).is_some(),
            id: spec.id.to_string(),
            summary: spec.summary,
            instruction: spec.instruction,
            difficulty: spec.difficulty,
            max_steps: spec.max_steps,
            control_period_s: spec.control_period,
            action: ACTION,
            observation: OBSERVATION,
        });
        Self {
            name: family.name,
            summary: family.summary,
            environments: environments.collect(),
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for family in &self.families {
            writeln!(f, "{}: {}\n", family.name, family.summary)?;
            let width = family
                .environments
                .iter()
                .map(|env| env.id.len())
                .max()
                .unwrap_or(0);
            for env in &family.environments {
                write!(f, "  {:width$}  {}", env.id, env.summary)?;
                if let Some(difficulty) = env.difficulty {
                    write!(f, " ({difficulty})")?;
                }
                writeln!(f)?;
                writeln!(f, "  {:width$}  \"{}\"", "", env.instruction)?;
            }
            writeln!(f)?;
        }
        writeln!(f, "Actions: {ACTION}")?;
        writeln!(f, "Observations: {OBSERVATION}\n")?;
        writeln!(f, "Groups, for `evaluate --envs`:\n")?;
        for group in &self.groups {
            writeln!(
                f,
                "  {:10}  {} ({} of {} available)",
                group.name,
                group.summary,
                group.available,
                group.members.len()
            )?;
        }
        let total: usize = self
            .families
            .iter()
            .map(|family| family.environments.len())
            .sum();
        write!(f, "\n{total} environments")
    }
}
