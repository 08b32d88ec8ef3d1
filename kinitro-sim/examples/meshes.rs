//! Prepares the meshes of models and says how many triangles are left:
//! `cargo run --release -p kinitro-sim --example meshes -- MODEL.xml…`

#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use kinitro_sim::physics::Physics;
use kinitro_sim::render::store::MeshStore;

fn main() -> Result<(), Box<dyn Error>> {
    let store = MeshStore::in_memory();
    for model in std::env::args().skip(1) {
        let physics = Physics::load(Path::new(&model))?;
        let (mut given, mut drawn) = (0, 0);
        for (name, triangles) in physics.drawn_meshes() {
            let start = Instant::now();
            let mesh = store.mesh(&triangles)?;
            let time = start.elapsed().as_secs_f64() * 1e3;
            let (before, after) = (triangles.faces.len(), mesh.triangle_count());
            if time > 1.0 {
                println!("  {name:<28} {before:>6} → {after:>6} triangles in {time:.1} ms");
            }
            (given, drawn) = (given + before, drawn + after);
        }
        println!("{model}: {given} → {drawn} triangles");
    }
    Ok(())
}
