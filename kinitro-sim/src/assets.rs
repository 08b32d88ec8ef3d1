//! Where the MuJoCo library and the model files come from, and their verification.
//!
//! Both are obtained at set-up, never shipped with the sources. Each is searched for in this order: the folder that a flag
//! names, the folder that an environment variable names, installed Python packages, the per-user cache that
//! `kinitro assets install` fills. All places are arguments ([`AssetPlaces`]); nothing is read from the environment here,
//! and nothing here needs the library itself.
//!
//! A flag or variable is final: if what it names is missing or wrong, the search ends there. Wrong files in a Python
//! package (another version may be installed) only count if the cache has none either.
//!
//! What is found is compared with pinned hashes before it is used. The models are the 36 files behind Meta-World's 50
//! tasks and all that they include, as the wheel of Meta-World 3.1.1 has them: 3.0.0 lacks the camera `corner4`, and is
//! refused.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kinitro_core::digest::FileDigest;

use crate::Error;

/// Release of MuJoCo that everything is computed with.
pub const MUJOCO_VERSION: &str = "3.17.0";

/// Release of Meta-World whose models are used.
pub const METAWORLD_VERSION: &str = "3.1.1";

/// File name, and name to the dynamic linker, of the engine.
pub const LIBRARY_FILE: &str = "libmujoco.so.3.17.0";

/// SHA-256 of [`LIBRARY_FILE`] in the x86-64 Linux wheels of MuJoCo 3.17.0.
pub const LIBRARY_SHA256: &str = "23496b023ee80fb61ab71167e94bc649f9941710fde96b18bb8204fb332523ad";

/// Digest of the models: SHA-256 over all files of the manifest in the byte order of their paths, each as length of the
/// path (u32), path, length of the file (u64) and SHA-256 of its contents; integers little-endian. Part of the identity
/// of every result.
pub const MODELS_DIGEST: &str = "f526b7a21d61bf8f7da49a7ceebfe6977d812f1fec59134d5c2510766b0ea741";

/// One line per model file: SHA-256, size in bytes, path below the folder of the models. Written by following the `file`
/// attributes of the 36 models; equal to the list of MuJoCo's `mju_getXMLDependencies`.
const MANIFEST: &str = include_str!("assets/manifest.txt");

/// The folders that may hold one kind of asset, in the order in which they are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssetPlaces {
    /// Folder named by a command-line flag or by the calling program: final.
    pub flag: Option<PathBuf>,
    /// Folder named by an environment variable: final.
    pub environment: Option<PathBuf>,
    /// Folders with installed Python packages (`site-packages`).
    pub site_packages: Vec<PathBuf>,
    /// The per-user cache of Kinitro.
    pub cache: Option<PathBuf>,
}

/// Which of the places an asset was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// [`AssetPlaces::flag`].
    Flag,
    /// [`AssetPlaces::environment`].
    Environment,
    /// [`AssetPlaces::site_packages`].
    PythonPackage,
    /// [`AssetPlaces::cache`].
    Cache,
}

/// The two kinds of asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asset {
    /// The engine: one shared library.
    Library,
    /// The folder of Meta-World's models, meshes and textures.
    Models,
}

/// A verified asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The library file, or the folder of the models (the one that holds `sawyer_xyz`).
    pub path: PathBuf,
    /// Where it was found.
    pub origin: Origin,
}

/// A file that belongs to the models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelFile {
    /// Path below the folder of the models, with `/`.
    pub path: &'static str,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the contents, in hexadecimal.
    pub sha256: &'static str,
}

/// Every file of the models, in the byte order of their paths.
#[expect(
    clippy::missing_panics_doc,
    reason = "the manifest is part of the program, and a test reads all of it"
)]
pub fn model_files() -> impl Iterator<Item = ModelFile> {
    MANIFEST.lines().map(|line| {
        let mut fields = line.splitn(3, ' ');
        let mut next = || {
            fields
                .next()
                .expect("a line of the manifest has three fields")
        };
        let (sha256, size, path) = (next(), next(), next());
        let size = size.parse().expect("sizes in the manifest are numbers");
        ModelFile { path, size, sha256 }
    })
}

impl Asset {
    /// Folder of this asset inside the per-user cache.
    pub fn cache_folder(self, cache: &Path) -> PathBuf {
        cache.join(match self {
            Self::Library => format!("mujoco-{MUJOCO_VERSION}"),
            Self::Models => format!("metaworld-{METAWORLD_VERSION}"),
        })
    }

    /// What a message calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Library => "MuJoCo 3.17.0 library",
            Self::Models => "Meta-World 3.1.1 models",
        }
    }

    /// Finds the asset and verifies it.
    ///
    /// Reads it once as a whole: 7 MB for the library, 13 MB for the models.
    ///
    /// # Errors
    /// [`Error::AssetMissing`], [`Error::AssetMismatch`] or [`Error::AssetUnreadable`].
    pub fn find(self, places: &AssetPlaces) -> Result<Found, Error> {
        for (folder, origin) in [
            (&places.flag, Origin::Flag),
            (&places.environment, Origin::Environment),
        ] {
            if let Some(folder) = folder {
                return self.check(self.within(folder), origin);
            }
        }
        let packages = places
            .site_packages
            .iter()
            .map(|folder| (self.within_packages(folder), Origin::PythonPackage));
        let cache = places
            .cache
            .iter()
            .map(|folder| (self.within_cache(folder), Origin::Cache));

        let mut refusal = None;
        let mut searched = Vec::new();
        for (path, origin) in packages.chain(cache) {
            if path.exists() {
                match self.check(path, origin) {
                    Ok(found) => return Ok(found),
                    Err(error) => refusal = refusal.or(Some(error)),
                }
            } else {
                searched.push(path);
            }
        }
        Err(refusal.unwrap_or(Error::AssetMissing {
            asset: self,
            searched,
        }))
    }

    /// Verifies a library file or a folder of models.
    ///
    /// # Errors
    /// [`Error::AssetMissing`], [`Error::AssetMismatch`] or [`Error::AssetUnreadable`], each for the first such file.
    pub fn verify(self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Library => self.verify_file(path, LIBRARY_SHA256),
            Self::Models => model_files()
                .try_for_each(|file| self.verify_file(&path.join(file.path), file.sha256)),
        }
    }

    fn check(self, path: PathBuf, origin: Origin) -> Result<Found, Error> {
        self.verify(&path)?;
        Ok(Found { path, origin })
    }

    fn verify_file(self, path: &Path, sha256: &str) -> Result<(), Error> {
        let contents = fs::read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Error::AssetMissing {
                asset: self,
                searched: vec![path.to_owned()],
            },
            _ => Error::AssetUnreadable {
                path: path.to_owned(),
                source,
            },
        })?;
        if FileDigest::of(&[&contents]).to_string() == sha256 {
            Ok(())
        } else {
            Err(Error::AssetMismatch {
                asset: self,
                path: path.to_owned(),
            })
        }
    }

    /// The asset inside a folder that was named for it alone.
    fn within(self, folder: &Path) -> PathBuf {
        match self {
            Self::Library => folder.join(LIBRARY_FILE),
            Self::Models => folder.to_owned(),
        }
    }

    fn within_packages(self, folder: &Path) -> PathBuf {
        match self {
            Self::Library => self.within(&folder.join("mujoco")),
            Self::Models => self.within(&folder.join("metaworld/assets")),
        }
    }

    fn within_cache(self, folder: &Path) -> PathBuf {
        let folder = self.cache_folder(folder);
        match self {
            Self::Library => self.within(&folder),
            Self::Models => self.within(&folder.join("assets")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(cache: &Path) -> AssetPlaces {
        AssetPlaces {
            cache: Some(cache.to_owned()),
            ..AssetPlaces::default()
        }
    }

    fn write(path: &Path, contents: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    #[test]
    fn the_digest_is_that_of_the_manifest() {
        let mut listing = Vec::new();
        let mut last = "";
        for file in model_files() {
            assert!(last < file.path, "`{}` is out of order", file.path);
            last = file.path;
            let contents: FileDigest = file.sha256.parse().unwrap();
            listing.extend(u32::try_from(file.path.len()).unwrap().to_le_bytes());
            listing.extend(file.path.as_bytes());
            listing.extend(file.size.to_le_bytes());
            listing.extend(contents.as_bytes());
        }
        assert_eq!(FileDigest::of(&[&listing]).to_string(), MODELS_DIGEST);
        assert_eq!(model_files().count(), 218);
        let tasks = model_files().filter(|file| file.path.starts_with("sawyer_xyz/"));
        assert_eq!(tasks.count(), 36);
    }

    #[test]
    fn what_is_nowhere_is_missing_and_the_message_names_the_remedy() {
        let empty = tempfile::tempdir().unwrap();
        let error = Asset::Library.find(&places(empty.path())).unwrap_err();
        assert!(matches!(&error, Error::AssetMissing { searched, .. } if searched.len() == 1));
        assert!(error.to_string().contains("kinitro assets install"));
        let error = Asset::Models.find(&AssetPlaces::default()).unwrap_err();
        assert!(matches!(error, Error::AssetMissing { .. }));
    }

    #[test]
    fn another_file_of_the_same_name_is_refused_by_name() {
        let cache = tempfile::tempdir().unwrap();
        let library = Asset::Library.within_cache(cache.path());
        write(&library, b"not the library");
        let error = Asset::Library.find(&places(cache.path())).unwrap_err();
        assert!(matches!(&error, Error::AssetMismatch { path, .. } if *path == library));
        assert!(error.to_string().contains("kinitro assets install"));
    }

    #[test]
    fn a_named_folder_is_final() {
        let (named, packages) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(&Asset::Library.within_packages(packages.path()), b"another");
        let places = AssetPlaces {
            environment: Some(named.path().to_owned()),
            site_packages: vec![packages.path().to_owned()],
            ..AssetPlaces::default()
        };
        let error = Asset::Library.find(&places).unwrap_err();
        assert!(
            matches!(&error, Error::AssetMissing { searched, .. } if searched[0].starts_with(named.path()))
        );
    }

    /// With the real files, where this build was linked with them.
    #[test]
    fn the_installed_packages_are_the_pinned_ones() {
        let Some(folder) = option_env!("MUJOCO_DYNAMIC_LINK_DIR").map(PathBuf::from) else {
            println!("skipped: MUJOCO_DYNAMIC_LINK_DIR is not set");
            return;
        };
        let library = fs::canonicalize(folder.join(LIBRARY_FILE)).unwrap();
        let packages = library.ancestors().nth(2).unwrap().to_owned();
        let cache = tempfile::tempdir().unwrap();
        write(&Asset::Library.within_cache(cache.path()), b"not looked at");
        let places = AssetPlaces {
            site_packages: vec![packages],
            ..places(cache.path())
        };
        for asset in [Asset::Library, Asset::Models] {
            assert_eq!(asset.find(&places).unwrap().origin, Origin::PythonPackage);
        }
    }
}
