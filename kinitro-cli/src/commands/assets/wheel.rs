//! The two pinned wheels, and what is taken out of them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use kinitro_core::digest::FileDigest;
use kinitro_sim::assets::{Asset, LIBRARY_FILE, model_files};
use zip::ZipArchive;

/// A file of a Python package index.
#[derive(Debug)]
pub(super) struct Wheel {
    pub(super) asset: Asset,
    /// Name and version as pip wants them.
    pub(super) requirement: &'static str,
    pub(super) file: &'static str,
    pub(super) sha256: &'static str,
    licenses: &'static str,
}

/// MuJoCo for x86-64 Linux (the library is the same in the wheels of all Python versions), and Meta-World.
pub(super) const WHEELS: [Wheel; 2] = [
    Wheel {
        asset: Asset::Library,
        requirement: "mujoco==3.17.0",
        file: "mujoco-3.17.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
        sha256: "d66928d86a2d1b601bbaa4dc11db50214d17d5301bb8afd84721313b67ff0874",
        licenses: "mujoco-3.17.0.dist-info/licenses/",
    },
    Wheel {
        asset: Asset::Models,
        requirement: "metaworld==3.1.1",
        file: "metaworld-3.1.1-py3-none-any.whl",
        sha256: "99e25d9baf97f2f1a19ca89c0d2ca9c6a2b396d9a9be81729de64eedc683f0d3",
        licenses: "metaworld-3.1.1.dist-info/licenses/",
    },
];

impl Wheel {
    /// Unpacks what is needed of the wheel in `folder` into `target`; `progress` gets the bytes written so far.
    pub(super) fn unpack(
        &self,
        folder: &Path,
        target: &Path,
        mut progress: impl FnMut(u64),
    ) -> anyhow::Result<()> {
        let path = folder.join(self.file);
        self.verify(&path)?;
        let unreadable = || format!("cannot unpack `{}`", path.display());
        let file = File::open(&path).with_context(unreadable)?;
        let mut archive = ZipArchive::new(file).with_context(unreadable)?;
        let mut written = 0;
        for (entry, below) in self.entries(&archive) {
            let target = target.join(below);
            let unwritable = || format!("cannot write `{}`", target.display());
            let parent = target.parent().expect("the target is below a folder");
            fs::create_dir_all(parent).with_context(unwritable)?;
            let mut contents = archive.by_name(&entry).with_context(unreadable)?;
            let mut file = File::create(&target).with_context(unwritable)?;
            written += io::copy(&mut contents, &mut file).with_context(unwritable)?;
            progress(written);
        }
        Ok(())
    }

    fn verify(&self, path: &Path) -> anyhow::Result<()> {
        let contents =
            fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let found = FileDigest::of(&[&contents]).to_string();
        if found != self.sha256 {
            bail!(
                "`{}` has SHA-256 `{found}` instead of `{}`",
                path.display(),
                self.sha256
            );
        }
        Ok(())
    }

    /// Names in the archive, and the paths that they get: the asset itself and its licenses.
    fn entries(&self, archive: &ZipArchive<File>) -> Vec<(String, PathBuf)> {
        let mut entries: Vec<(String, PathBuf)> = match self.asset {
            Asset::Library => vec![(format!("mujoco/{LIBRARY_FILE}"), LIBRARY_FILE.into())],
            Asset::Models => model_files()
                .map(|file| format!("assets/{}", file.path))
                .map(|below| (format!("metaworld/{below}"), below.into()))
                .collect(),
        };
        let licenses = archive.file_names().filter_map(|name| {
            let name = name.ok()?;
            let license = name.strip_prefix(self.licenses)?;
            // The archive's names are not trusted with folders.
            let plain = !license.is_empty() && !license.contains(['/', '\\']) && license != "..";
            plain.then(|| (name.to_string(), Path::new("licenses").join(license)))
        });
        entries.extend(licenses);
        entries
    }
}
