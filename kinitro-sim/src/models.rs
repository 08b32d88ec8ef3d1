//! What environments are compiled from: a folder of model files, and a store of their prepared meshes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::assets::{Asset, AssetPlaces};
use crate::metaworld::tasks::TASKS;
use crate::physics::Physics;
use crate::render::store::MeshStore;

/// Meta-World's models. Clones share the prepared meshes.
#[derive(Debug, Clone)]
pub struct Models {
    folder: PathBuf,
    meshes: MeshStore,
}

impl Models {
    /// The models in a folder (Meta-World's `assets`), whose meshes are kept in `meshes`.
    pub fn new(folder: impl Into<PathBuf>, meshes: MeshStore) -> Self {
        Self {
            folder: folder.into(),
            meshes,
        }
    }

    /// The same with meshes that are kept in memory only.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self::new(folder, MeshStore::in_memory())
    }

    /// The verified models, whose meshes are kept in the per-user cache too, if there is one.
    ///
    /// # Errors
    /// Those of [`Asset::find`].
    pub fn find(places: &AssetPlaces) -> Result<Self, Error> {
        let folder = Asset::Models.find(places)?.path;
        Ok(Self::new(
            folder,
            MeshStore::in_cache(places.cache.as_deref()),
        ))
    }

    /// The model files of all tasks, each once.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let folder = self.folder.join("sawyer_xyz");
        TASKS.iter().map(|task| folder.join(task.model)).collect()
    }

    /// Has the store prepare all meshes of a model that are drawn; tells how many they are.
    ///
    /// # Errors
    /// Those of [`Physics::load`] and [`MeshStore::mesh`].
    pub fn prepare(&self, file: &Path) -> Result<usize, Error> {
        let meshes = Physics::load(file)?.drawn_meshes();
        for (_, mesh) in &meshes {
            self.meshes.mesh(mesh)?;
        }
        Ok(meshes.len())
    }

    /// Meta-World's folder `assets`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The prepared meshes.
    pub fn meshes(&self) -> &MeshStore {
        &self.meshes
    }
}
