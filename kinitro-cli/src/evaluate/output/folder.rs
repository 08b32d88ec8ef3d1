//! The result folder: written beside its final names, published at the end, never half a result.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::evaluate::Error;

/// Everything is written below this name first.
const STAGING: &str = ".partial";
/// Marks a folder as a complete result: published last, withdrawn first.
pub const RESULTS_JSON: &str = "results.json";
/// The result for people.
pub const REPORT_HTML: &str = "report.html";
/// What else a result consists of, and a later one replaces.
const ENTRIES: [&str; 5] = [
    "transcripts",
    "pictures",
    "results.csv",
    "episodes.csv",
    REPORT_HTML,
];

/// What may be done with a folder that holds something else than an earlier result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occupied {
    /// Refuse it.
    Refuse,
    /// Put the result beside what is there.
    Share,
}

/// A result folder being written.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Creates or opens `root`; an earlier result stays in place until [`Folder::publish`].
    ///
    /// # Errors
    /// [`Error::Occupied`] if it holds something else and `occupied` says to refuse; [`Error::Write`] if it is not writable.
    pub fn open(root: &Path, occupied: Occupied) -> Result<Self, Error> {
        create_dir(root)?;
        if occupied == Occupied::Refuse && !is_free(root)? {
            return Err(Error::Occupied {
                path: root.to_owned(),
            });
        }
        let folder = Self {
            root: root.to_owned(),
        };
        remove(&folder.staging())?;
        create_dir(&folder.staging())?;
        Ok(folder)
    }

    /// Where the files are until they are published.
    pub fn staging(&self) -> PathBuf {
        self.root.join(STAGING)
    }

    /// Writes one file, given by its final path relative to the folder.
    ///
    /// # Errors
    /// [`Error::Write`] naming the file.
    pub fn write(&self, relative: &Path, bytes: &[u8]) -> Result<(), Error> {
        let path = self.staging().join(relative);
        if let Some(parent) = path.parent() {
            create_dir(parent)?;
        }
        fs::write(&path, bytes).map_err(|source| Error::Write { path, source })
    }

    /// Replaces an earlier result by what was written.
    ///
    /// # Errors
    /// [`Error::Write`]; the folder then is no complete result, and says so by having no `results.json`.
    pub fn publish(self) -> Result<(), Error> {
        remove(&self.root.join(RESULTS_JSON))?;
        for name in ENTRIES.into_iter().chain([RESULTS_JSON]) {
            let (from, to) = (self.staging().join(name), self.root.join(name));
            remove(&to)?;
            match fs::rename(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other.map_err(|source| Error::Write { path: to, source })?,
            }
        }
        remove(&self.staging())
    }
}

/// Whether a folder may be used without asking: empty, an earlier result, or left by an interrupted run.
fn is_free(root: &Path) -> Result<bool, Error> {
    if is_result(&root.join(RESULTS_JSON)) {
        return Ok(true);
    }
    let read = |source| Error::Read {
        path: root.to_owned(),
        source,
    };
    for entry in fs::read_dir(root).map_err(read)? {
        if entry.map_err(read)?.file_name() != STAGING {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a file is a results document of any version.
fn is_result(path: &Path) -> bool {
    #[derive(Deserialize)]
    struct Probe {
        format: String,
    }
    let probe = fs::read(path)
        .ok()
        .and_then(|json| serde_json::from_slice::<Probe>(&json).ok());
    probe.is_some_and(|probe| probe.format.starts_with("kinitro-results/"))
}

fn create_dir(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

/// Removes a file or folder, if it is there.
fn remove(path: &Path) -> Result<(), Error> {
    let removed = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    removed.map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(root: &Path, occupied: Occupied, tables: &[&str]) -> Result<(), Error> {
        let folder = Folder::open(root, occupied)?;
        for table in tables {
            folder.write(Path::new(table), b"x")?;
        }
        folder.write(
            Path::new(RESULTS_JSON),
            br#"{"format":"kinitro-results/1"}"#,
        )?;
        folder.publish()
    }

    fn names(root: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(root)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_result_replaces_an_earlier_one() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/b");
        publish(
            &root,
            Occupied::Refuse,
            &["transcripts/p/e/0.ktr", "results.csv"],
        )
        .unwrap();
        assert_eq!(names(&root), ["results.csv", "results.json", "transcripts"]);
        fs::write(root.join("notes.txt"), "mine").unwrap();
        publish(&root, Occupied::Refuse, &["episodes.csv"]).unwrap();
        assert_eq!(names(&root), ["episodes.csv", "notes.txt", "results.json"]);
    }

    #[test]
    fn an_unfinished_run_leaves_the_earlier_result_alone() {
        let dir = tempfile::tempdir().unwrap();
        publish(dir.path(), Occupied::Refuse, &["results.csv"]).unwrap();
        let folder = Folder::open(dir.path(), Occupied::Refuse).unwrap();
        folder.write(Path::new("episodes.csv"), b"x").unwrap();
        drop(folder);
        assert_eq!(
            names(dir.path()),
            [".partial", "results.csv", "results.json"]
        );
    }

    #[test]
    fn a_folder_with_something_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.tex"), "").unwrap();
        assert!(matches!(
            Folder::open(dir.path(), Occupied::Refuse),
            Err(Error::Occupied { .. })
        ));
        publish(dir.path(), Occupied::Share, &[]).unwrap();
        assert_eq!(names(dir.path()), ["results.json", "thesis.tex"]);
    }

    #[test]
    fn an_unwritable_place_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(
            Folder::open(&file.join("out"), Occupied::Refuse),
            Err(Error::Write { .. })
        ));
    }
}
