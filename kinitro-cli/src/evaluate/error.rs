//! Why an evaluation could not be set up, run or written down.

use std::path::PathBuf;

use kinitro_core::ids::{EnvId, EpisodeIndex, PolicyName};

/// What can go wrong in [`evaluate`](crate::evaluate).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A policy's specification does not follow the grammar.
    #[error("bad policy `{text}`: {reason}")]
    PolicySpec {
        /// What was given.
        text: String,
        /// What is wrong with it, or what is expected.
        reason: String,
    },
    /// Two participants would share tables and files.
    #[error("policy name `{name}` is used twice")]
    DuplicatePolicy {
        /// The name.
        name: PolicyName,
    },
    /// A setting is outside its range.
    #[error("{setting}: {reason}")]
    Setting {
        /// Which setting, as the command line calls it.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// No family has this environment.
    #[error("unknown environment `{id}`")]
    UnknownEnv {
        /// The id asked for.
        id: EnvId,
    },
    /// An environment without a scripted expert.
    #[error("`{env}` has no scripted expert")]
    NoExpert {
        /// The environment.
        env: EnvId,
    },
    /// The machine refuses what is needed to speak to servers.
    #[error("cannot speak to policy servers")]
    Network {
        /// Why.
        #[source]
        source: crate::policy_server::Error,
    },
    /// Every policy is behind a server, and none of them is there.
    #[error("none of the policies can be reached: {reasons}")]
    NobodyThere {
        /// Why not, policy by policy.
        reasons: String,
    },
    /// A request could not be written; nothing that a server does can cause this.
    #[error("cannot ask policy `{policy}` in episode `{episode}` of `{env}`: {reason}")]
    Ask {
        /// The environment.
        env: EnvId,
        /// The episode.
        episode: EpisodeIndex,
        /// Who was to be asked.
        policy: PolicyName,
        /// Why.
        reason: String,
    },
    /// The simulator failed; nothing that a policy does can cause this.
    #[error("cannot simulate episode `{episode}` of `{env}` with policy `{policy}`")]
    Simulate {
        /// The environment.
        env: EnvId,
        /// The episode.
        episode: EpisodeIndex,
        /// Who was acting.
        policy: String,
        /// Why.
        #[source]
        source: kinitro_sim::Error,
    },
    /// The table of outcomes cannot be scored.
    #[error("cannot score the outcomes")]
    Score {
        /// Why.
        #[source]
        source: kinitro_scoring::Error,
    },
    /// A record cannot be written or read.
    #[error("cannot {operation} `{path}`")]
    Record {
        /// `read` or `write`.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: kinitro_core::Error,
    },
    /// The folder for results holds something else.
    #[error("`{path}` is not empty and holds no earlier result")]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The file system refused to read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file system refused to write.
    #[error("cannot write `{path}`")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A table cannot be written.
    #[error("cannot write a table")]
    Table {
        /// Why.
        #[source]
        source: csv::Error,
    },
    /// A scene record cannot be written as JSON.
    #[error("cannot write a scene record")]
    Json {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A picture cannot be encoded.
    #[error("cannot encode a picture")]
    EncodePicture {
        /// Why.
        #[source]
        source: png::EncodingError,
    },
    /// The frames of an episode cannot be encoded.
    #[error("cannot encode the frames of an episode")]
    EncodeReel {
        /// Why.
        #[source]
        source: jpeg_encoder::EncodingError,
    },
    /// The caller asked to stop.
    #[error("interrupted after {done} of {planned} episodes")]
    Interrupted {
        /// Episodes that had finished.
        done: usize,
        /// Episodes asked for.
        planned: usize,
    },
}
