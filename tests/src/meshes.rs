//! The table of prepared meshes that the image specification knows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kinitro_sim::models::Models;
use kinitro_sim::physics::Physics;
use kinitro_sim::render::store;

/// One line per mesh that any task draws, in the order of their digests.
///
/// # Errors
/// If a model cannot be compiled, or has a mesh that cannot be drawn.
pub fn table(models: &Models) -> anyhow::Result<String> {
    let mut lines = BTreeMap::new();
    for file in models.files() {
        for (name, mesh) in Physics::load(&file)?.drawn_meshes() {
            let (source, prepared, drawn) = store::measure(&mesh)?;
            let given = mesh.faces.len();
            let line = format!("{source} {prepared} {given} {drawn} {name}");
            lines.entry(source).or_insert(line);
        }
    }
    let mut table = String::new();
    for line in lines.values() {
        writeln!(table, "{line}")?;
    }
    Ok(table)
}
