//! Prepared meshes, each made once: per process, and with a folder once per machine.
//!
//! A mesh is known by the digest of its triangles. What is in the folder is never trusted: a file that is cut short, damaged, of
//! another version or of another mesh is made anew, and so is one that the image specification knows otherwise. A folder that cannot
//! be written costs time, nothing else. Files come to their place in one step, so several processes may share a folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kinitro_core::digest::FileDigest;

use super::mesh::{Mesh, Triangles};
use super::prepare::{Prepared, source_digest};
use super::spec::PREPARATION;
use crate::Error;
use crate::physics::float_mode::with_ieee_defaults;

/// One line per mesh of the pinned models: digest of the source, digest of the prepared mesh, number of triangles before and after,
/// name in the model. Written by `cargo xtask gen`.
const KNOWN_MESHES: &str = include_str!("meshes.txt");

/// Longest file that is read. The longest prepared mesh of the pinned models takes less than a tenth.
const MAX_FILE: u64 = 1 << 26;

/// A mesh that the image specification knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownMesh {
    /// Digest of its triangles.
    pub source: FileDigest,
    /// Digest of what it is prepared to.
    pub prepared: FileDigest,
    /// Number of triangles in the model.
    pub given: usize,
    /// Number of triangles that are drawn.
    pub drawn: usize,
    /// Its name, in the first model that has it.
    pub name: &'static str,
}

/// All meshes of the pinned models, in the order of their sources.
pub fn known_meshes() -> impl Iterator<Item = KnownMesh> {
    KNOWN_MESHES.lines().map(|line| {
        let known = || {
            let mut fields = line.splitn(5, ' ');
            Some(KnownMesh {
                source: fields.next()?.parse().ok()?,
                prepared: fields.next()?.parse().ok()?,
                given: fields.next()?.parse().ok()?,
                drawn: fields.next()?.parse().ok()?,
                name: fields.next()?,
            })
        };
        known().expect("the table is part of the program, and a test reads all of it")
    })
}

/// Digest of all prepared meshes of the pinned models: SHA-256 over the digests of source and prepared mesh, pair by pair in the
/// order of the sources. Part of the identity of every result; every mesh that is used is compared with the table.
pub fn meshes_digest() -> FileDigest {
    let pairs: Vec<u8> = known_meshes()
        .flat_map(|mesh| [*mesh.source.as_bytes(), *mesh.prepared.as_bytes()].concat())
        .collect();
    FileDigest::of(&[&pairs])
}

/// Prepares a mesh for the table of known meshes: digest of the source, digest of the prepared mesh, number of triangles left.
///
/// # Errors
/// [`Error::UnsuitableMesh`] as [`Mesh::new`].
pub fn measure(triangles: &Triangles) -> Result<(FileDigest, FileDigest, usize), Error> {
    let source = source_digest(triangles);
    let prepared = with_ieee_defaults(|| Prepared::of(triangles))?;
    let (_, seal) = prepared.to_bytes(&source);
    Ok((source, seal, prepared.mesh().triangle_count()))
}

/// Gives prepared meshes. Clones share everything.
#[derive(Debug, Clone, Default)]
pub struct MeshStore(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    folder: Option<PathBuf>,
    known: BTreeMap<FileDigest, FileDigest>,
    /// Locked one by one while a mesh is prepared, so that nobody prepares it twice.
    places: Mutex<BTreeMap<FileDigest, Place>>,
}

type Place = Arc<Mutex<Option<Mesh>>>;

/// What a folder holds of the meshes that the image specification knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Ready to be used.
    pub ready: usize,
    /// Not there.
    pub missing: usize,
    /// There, but not what they should be; they are made anew when they are needed.
    pub unusable: usize,
}

impl MeshStore {
    /// Prepared meshes are kept in this process only.
    pub fn in_memory() -> Self {
        Self::new(None)
    }

    /// Prepared meshes are kept in a folder too, which is made when it is needed.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self::new(Some(folder.into()))
    }

    /// Prepared meshes are kept in the per-user cache of Kinitro, or in this process only if there is none.
    pub fn in_cache(cache: Option<&Path>) -> Self {
        Self::new(cache.map(|cache| cache.join("meshes")))
    }

    fn new(folder: Option<PathBuf>) -> Self {
        Self(Arc::new(Shared {
            folder,
            known: known_meshes()
                .map(|mesh| (mesh.source, mesh.prepared))
                .collect(),
            places: Mutex::default(),
        }))
    }

    /// The prepared form of a mesh.
    ///
    /// # Errors
    /// [`Error::UnsuitableMesh`] as [`Mesh::new`]; [`Error::MeshMismatch`] if this machine prepares a mesh of the pinned models to
    /// something else than the image specification says.
    pub fn mesh(&self, triangles: &Triangles) -> Result<Mesh, Error> {
        let source = source_digest(triangles);
        let place = Arc::clone(lock(&self.0.places).entry(source).or_default());
        let mut place = lock(&place);
        if let Some(mesh) = &*place {
            return Ok(mesh.clone());
        }
        let mesh = with_ieee_defaults(|| {
            let (prepared, _) = self.obtain(triangles, &source)?;
            Ok::<_, Error>(prepared.mesh())
        })?;
        Ok(place.insert(mesh).clone())
    }

    /// What the folder holds; nothing if there is none. Reads and checks every file.
    pub fn holding(&self) -> Holding {
        let mut holding = Holding {
            ready: 0,
            missing: 0,
            unusable: 0,
        };
        for (source, prepared) in &self.0.known {
            let Some(path) = self.path(source).filter(|path| path.exists()) else {
                holding.missing += 1;
                continue;
            };
            if read(&path, source).is_some_and(|(_, seal)| seal == *prepared) {
                holding.ready += 1;
            } else {
                holding.unusable += 1;
            }
        }
        holding
    }

    /// From the folder, or made and put there.
    fn obtain(
        &self,
        triangles: &Triangles,
        source: &FileDigest,
    ) -> Result<(Prepared, FileDigest), Error> {
        let expected = self.0.known.get(source);
        let is_expected = |seal: &FileDigest| expected.is_none_or(|known| known == seal);
        let path = self.path(source);
        let kept = path.as_deref().and_then(|path| read(path, source));
        if let Some(kept) = kept.filter(|(_, seal)| is_expected(seal)) {
            return Ok(kept);
        }
        let prepared = Prepared::of(triangles)?;
        let (bytes, seal) = prepared.to_bytes(source);
        if !is_expected(&seal) {
            return Err(Error::MeshMismatch { mesh: *source });
        }
        if let Some(path) = path {
            // Without it the mesh is made again next time, which is all that a full disk may cost.
            let _ = write(&path, &bytes);
        }
        Ok((prepared, seal))
    }

    fn path(&self, source: &FileDigest) -> Option<PathBuf> {
        let folder = self.0.folder.as_ref()?;
        Some(folder.join(format!("{source}.mesh-{PREPARATION}")))
    }
}

/// A prepared mesh from its file; none if there is none, or none that could have been written for this source.
fn read(path: &Path, source: &FileDigest) -> Option<(Prepared, FileDigest)> {
    let length = fs::metadata(path).ok()?.len();
    if length > MAX_FILE {
        return None;
    }
    Prepared::from_bytes(&fs::read(path).ok()?, source)
}

/// Writes a file beside its place and moves it there.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let unfinished = path.with_extension(format!("{process}-{count}"));
    let written = fs::File::create_new(&unfinished)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind it is whole at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
