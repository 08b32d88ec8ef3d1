//! What happens to files that are damaged, foreign, contended or impossible.

use super::*;
use crate::render::prepare::tests::bar;

/// Digests of a mesh and of what a new store makes or finds for it.
fn digests(store: &MeshStore, mesh: &Triangles) -> (FileDigest, FileDigest) {
    store.mesh(mesh).unwrap();
    let source = source_digest(mesh);
    let (_, seal) = store.obtain(mesh, &source).unwrap();
    (source, seal)
}

/// Where a store keeps a mesh.
fn file(store: &MeshStore, mesh: &Triangles) -> PathBuf {
    store.path(&source_digest(mesh)).unwrap()
}

#[test]
fn a_mesh_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mesh = bar();
    let first = MeshStore::in_folder(folder.path().join("deep/down"));
    let (one, two) = (first.mesh(&mesh).unwrap(), first.mesh(&mesh).unwrap());
    assert!(Arc::ptr_eq(&one.surfaces, &two.surfaces));
    let path = file(&first, &mesh);
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    let second = MeshStore::in_folder(folder.path().join("deep/down"));
    assert_eq!(digests(&second, &mesh), digests(&first, &mesh));
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn damaged_files_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mesh = bar();
    let store = || MeshStore::in_folder(folder.path());
    let expected = digests(&store(), &mesh);
    let path = file(&store(), &mesh);
    let sound = fs::read(&path).unwrap();
    let mut damaged = sound.clone();
    damaged[100] ^= 4;
    let mut foreign = sound.clone();
    foreign[MAGIC_AND_VERSION] += 1;
    let other = Prepared::of(&Triangles::default()).unwrap();
    let (other, _) = other.to_bytes(&expected.1);
    for content in [
        &damaged,
        &foreign,
        &other,
        &sound[..40].to_vec(),
        &Vec::new(),
    ] {
        fs::write(&path, content).unwrap();
        assert_eq!(digests(&store(), &mesh), expected);
        assert_eq!(fs::read(&path).unwrap(), sound);
    }
}

/// Position of the version in a file.
const MAGIC_AND_VERSION: usize = 12;

#[test]
fn a_file_too_long_to_be_one_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let mesh = bar();
    let store = MeshStore::in_folder(folder.path());
    let path = file(&store, &mesh);
    let endless = fs::File::create(&path).unwrap();
    endless.set_len(MAX_FILE + 1).unwrap();
    store.mesh(&mesh).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < MAX_FILE);
}

/// A file in the place of the folder can be neither read nor written, by any user.
#[test]
fn without_a_folder_everything_works() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, b"in the way").unwrap();
    let mesh = bar();
    let expected = digests(&MeshStore::in_memory(), &mesh);
    let store = MeshStore::in_folder(&blocked);
    assert_eq!(digests(&store, &mesh), expected);
    assert_eq!(fs::read(&blocked).unwrap(), b"in the way");
    let known = known_meshes().count();
    let nothing = Holding {
        ready: 0,
        missing: known,
        unusable: 0,
    };
    assert_eq!(store.holding(), nothing);
}

#[test]
fn many_writers_leave_one_sound_file() {
    let folder = tempfile::tempdir().unwrap();
    let mesh = bar();
    let expected = digests(&MeshStore::in_memory(), &mesh);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                // Stores of different processes share nothing but the folder.
                let store = MeshStore::in_folder(folder.path());
                assert_eq!(digests(&store, &mesh), expected);
            });
        }
    });
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let path = file(&MeshStore::in_folder(folder.path()), &mesh);
    assert!(read(&path, &expected.0).is_some_and(|(_, seal)| seal == expected.1));
}

#[test]
fn the_table_is_whole_and_in_order() {
    let meshes: Vec<_> = known_meshes().collect();
    assert!(meshes.len() > 80);
    assert!(meshes.is_sorted_by(|a, b| a.source < b.source));
    assert!(
        meshes
            .iter()
            .all(|mesh| (1..=mesh.given).contains(&mesh.drawn))
    );
}
