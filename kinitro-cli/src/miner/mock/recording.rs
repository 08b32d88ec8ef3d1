//! Answers with the actions of recorded transcripts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::Action;
use kinitro_core::record::Transcript;
use kinitro_core::record::transcript::KeyRecord;
use kinitro_core::seed::MinerKey;

use super::behaviour::{Asked, Behaviour, Player, Refusal, Start};
use super::error::Error;
use crate::replay;

/// Plays the transcript whose environment and policy seed are those of the episode.
#[derive(Debug)]
pub struct Recordings {
    by_episode: BTreeMap<(EnvId, u32), Recording>,
}

#[derive(Debug)]
struct Recording {
    path: PathBuf,
    actions: Arc<[Action]>,
}

impl Recordings {
    /// Reads transcripts and folders of them. The policy seed of each follows from the key and the hotkey in its header.
    ///
    /// # Errors
    /// If there is none, one cannot be read or keeps its key sealed, or two of one episode differ, as those of two
    /// policies do: name one policy's folder then.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut by_episode = BTreeMap::new();
        for path in replay::find(paths)? {
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(source) => return Err(Error::Open { path, source }),
            };
            let transcript = match Transcript::read(file) {
                Ok(transcript) => transcript,
                Err(source) => return Err(Error::Transcript { path, source }),
            };
            let header = transcript.header;
            let KeyRecord::Revealed(key) = header.key else {
                return Err(Error::Sealed { path });
            };
            let seed = MinerKey::derive(&key, header.hotkey.as_ref()).policy_seed();
            let recording = Recording {
                path,
                actions: transcript.frames.iter().map(|frame| frame.action).collect(),
            };
            match by_episode.entry((header.env, seed.value())) {
                Entry::Vacant(free) => {
                    free.insert(recording);
                }
                Entry::Occupied(taken) if taken.get().actions != recording.actions => {
                    let (path, other) = (taken.get().path.clone(), recording.path);
                    return Err(Error::Ambiguous { path, other });
                }
                Entry::Occupied(_) => {}
            }
        }
        Ok(Self { by_episode })
    }

    /// The number of episodes that can be played.
    pub fn len(&self) -> usize {
        self.by_episode.len()
    }

    /// Whether no episode can be played.
    pub fn is_empty(&self) -> bool {
        self.by_episode.is_empty()
    }
}

impl Behaviour for Recordings {
    fn begin(&self, start: &Start<'_>) -> Result<Box<dyn Player>, Refusal> {
        let episode = (start.env.clone(), start.seed.value());
        match self.by_episode.get(&episode) {
            Some(recording) => Ok(Box::new(Playback(Arc::clone(&recording.actions)))),
            None => Err(Refusal::new(
                404,
                "not_recorded",
                format!("no transcript of `{}` has this policy seed", start.env),
            )),
        }
    }
}

/// One recording being played.
struct Playback(Arc<[Action]>);

impl Player for Playback {
    fn act(&mut self, asked: &Asked) -> Result<Vec<Action>, Refusal> {
        let first = asked.step.value() as usize;
        let rest = self.0.get(first..).unwrap_or_default();
        if rest.is_empty() {
            let message = format!("{} steps were recorded", self.0.len());
            return Err(Refusal::new(409, "recording_over", message));
        }
        Ok(rest.iter().take(asked.count).copied().collect())
    }
}
