//! The meshes of all scenes as pictures show them.

use std::collections::BTreeMap;

use kinitro_sim::physics::Physics;
use kinitro_sim::render::store::{MeshStore, known_meshes};
use kinitro_tests::places;

/// What any task draws is in the table, nothing else is, and this machine prepares each of them to what the table says.
#[test]
fn every_mesh_is_known_and_comes_out_as_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let store = MeshStore::in_folder(folder.path());
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for mesh in known_meshes() {
        *known.entry((mesh.given, mesh.drawn)).or_default() += 1;
    }
    for file in places::models().files() {
        for (name, triangles) in Physics::load(&file).unwrap().drawn_meshes() {
            // Compares the digests of meshes that it knows.
            let drawn = store.mesh(&triangles).unwrap().triangle_count();
            let sizes = (triangles.faces.len(), drawn);
            assert!(known.contains_key(&sizes), "{name}: {sizes:?}");
        }
    }
    let holding = store.holding();
    assert_eq!((holding.missing, holding.unusable), (0, 0), "{holding:?}");
    assert_eq!(holding.ready, known.values().sum::<usize>());
}
