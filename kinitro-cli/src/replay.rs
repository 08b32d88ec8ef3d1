//! Recorded episodes simulated again: do hashes, outcome and verdict come out equal?

use std::convert::Infallible;
use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use kinitro_core::record::identity::{Identity, IdentityDifference};
use kinitro_core::record::level::Profile;
use kinitro_core::record::transcript::{Header, KeyRecord, Transcript};
use kinitro_core::seed::MinerKey;
use kinitro_sim::episode::{EpisodeRecord, EpisodeStart, TakenAction, View};
use kinitro_sim::models::Models;
use kinitro_sim::rollout;

use crate::bench::Bench;
use crate::parallel;

/// File name extension of transcripts.
pub const EXTENSION: &str = "ktr";

/// Why nothing was replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither a file nor a folder is there.
    #[error("cannot read `{path}`")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A folder without transcripts.
    #[error("no transcript (`*.ktr`) in `{path}`")]
    NoTranscripts {
        /// The folder.
        path: PathBuf,
    },
}

/// What came of one transcript.
#[derive(Debug)]
pub struct Replayed {
    /// The file.
    pub path: PathBuf,
    /// What was recorded in it; `None` if it cannot be read.
    pub header: Option<Header>,
    /// What was found.
    pub finding: Finding,
}

/// What replaying one transcript found.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// Everything is equal.
    Confirmed,
    /// Something is not.
    Differs(Vec<Difference>),
    /// Made under other versions of what decides a result: not comparable, and not compared.
    OtherIdentity(Vec<IdentityDifference>),
    /// This transcript cannot be replayed at all.
    NotReplayable {
        /// Why not.
        reason: &'static str,
    },
    /// The file is no transcript.
    Unreadable(kinitro_core::Error),
    /// The simulator failed.
    Failed(kinitro_sim::Error),
}

/// A value that came out differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its name in the header.
    pub what: &'static str,
    /// As recorded.
    pub recorded: String,
    /// As it came out.
    pub replayed: String,
}

/// All transcripts that the paths name: files as they are, folders searched recursively for `*.ktr`; sorted, none twice.
///
/// # Errors
/// [`Error::Read`], [`Error::NoTranscripts`].
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for path in paths {
        let cannot = |source| Error::Read {
            path: path.clone(),
            source,
        };
        if !fs::metadata(path).map_err(cannot)?.is_dir() {
            found.push(path.clone());
            continue;
        }
        let before = found.len();
        search(path, &mut found)?;
        if found.len() == before {
            return Err(Error::NoTranscripts { path: path.clone() });
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn search(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let cannot = |source| Error::Read {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(cannot)?);
        // Links are not followed: a folder linked into itself has no end.
        if kind.is_dir() {
            search(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == EXTENSION)
        {
            found.push(path);
        }
    }
    Ok(())
}

/// Replays transcripts on up to `jobs` threads. `identity` is this program's; `watch` is told about each as it is done,
/// in no fixed order. The result is in the order of `paths`.
pub fn replay(
    paths: &[PathBuf],
    models: &Models,
    identity: &Identity,
    jobs: NonZeroUsize,
    mut watch: impl FnMut(&Replayed),
) -> Vec<Replayed> {
    let mut done: Vec<(usize, Replayed)> = Vec::with_capacity(paths.len());
    let work =
        |bench: &mut Bench, index: usize| replay_file(&paths[index], models, identity, bench);
    let Ok(()) = parallel::for_each(paths.len(), jobs, work, |index, replayed| {
        watch(&replayed);
        done.push((index, replayed));
        Ok::<(), Infallible>(())
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, replayed)| replayed).collect()
}

fn replay_file(path: &Path, models: &Models, identity: &Identity, bench: &mut Bench) -> Replayed {
    let read = File::open(path)
        .map_err(|source| kinitro_core::Error::Io {
            operation: "open transcript",
            source,
        })
        .and_then(Transcript::read);
    let (header, finding) = match read {
        Ok(transcript) => {
            let finding =
                check(&transcript, models, identity, bench).unwrap_or_else(Finding::Failed);
            (Some(transcript.header), finding)
        }
        Err(error) => (None, Finding::Unreadable(error)),
    };
    Replayed {
        path: path.to_owned(),
        header,
        finding,
    }
}

/// Simulates one transcript again, from its key and its actions alone.
fn check(
    transcript: &Transcript,
    models: &Models,
    identity: &Identity,
    bench: &mut Bench,
) -> Result<Finding, kinitro_sim::Error> {
    let header = &transcript.header;
    // How outcomes are scored cannot change an episode.
    let ours = Identity {
        scoring: header.identity.scoring.clone(),
        ..identity.clone()
    };
    let differences = header.identity.differences(&ours);
    if !differences.is_empty() {
        return Ok(Finding::OtherIdentity(differences));
    }
    if header.profile != Profile::Evaluation {
        return Ok(Finding::NotReplayable {
            reason: "only episodes of the evaluation profile follow from a key",
        });
    }
    let KeyRecord::Revealed(key) = &header.key else {
        return Ok(Finding::NotReplayable {
            reason: "its key is still sealed",
        });
    };
    let start = EpisodeStart {
        key: key.clone(),
        miner_key: MinerKey::derive(key, header.hotkey.as_ref()),
        level: header.level,
    };
    let view = View {
        cameras: header.cameras.clone(),
        size: header.image_size,
    };
    let taken = transcript.frames.iter().map(|frame| TakenAction {
        action: frame.action,
        clipped: frame.flags.clipped,
    });
    let actions: Vec<TakenAction> = taken.collect();
    let simulator = bench.simulator(&header.env, models, &view)?;
    let record = rollout::replay(simulator, &start, &actions, header.outcome)?;
    let differences = compare(header, &record);
    Ok(if differences.is_empty() {
        Finding::Confirmed
    } else {
        Finding::Differs(differences)
    })
}

fn compare(header: &Header, record: &EpisodeRecord) -> Vec<Difference> {
    let text = |hash: Option<kinitro_core::record::hash::ImageHash>| {
        hash.map_or_else(|| "none".to_owned(), |hash| hash.to_string())
    };
    // Images may have been rendered without being hashed; what is not claimed is not compared.
    let image_hash = header.image_hash.and(record.image_hash);
    let values = [
        (
            "scene",
            header.scene.to_string(),
            record.scene.digest().to_string(),
        ),
        ("steps", header.steps.to_string(), record.steps.to_string()),
        (
            "outcome",
            header.outcome.to_string(),
            record.outcome.to_string(),
        ),
        (
            "success",
            header.success.to_string(),
            record.success.to_string(),
        ),
        (
            "total_reward",
            header.total_reward.to_string(),
            record.total_reward.to_string(),
        ),
        (
            "state_hash",
            header.state_hash.to_string(),
            record.state_hash.to_string(),
        ),
        ("image_hash", text(header.image_hash), text(image_hash)),
        (
            "observation_hash",
            header.observation_hash.to_string(),
            record.observation_hash.to_string(),
        ),
    ];
    let different = values
        .into_iter()
        .filter(|(_, recorded, replayed)| recorded != replayed);
    different
        .map(|(what, recorded, replayed)| Difference {
            what,
            recorded,
            replayed,
        })
        .collect()
}
