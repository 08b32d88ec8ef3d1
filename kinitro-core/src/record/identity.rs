//! What a result depends on besides the policy: results of different identities are never compared or pooled.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::{FileDigest, LibmFingerprint};
use crate::error::quote;

/// The versions of everything that decides a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Version of Kinitro.
    pub kinitro: String,
    /// The physics engine.
    pub engine: EngineIdentity,
    /// The mathematics library that the engine calls.
    pub libm: LibmIdentity,
    /// Digest of the canonical set of models and meshes, our added cameras included.
    pub assets: FileDigest,
    /// Version of the scene sampling.
    pub generator: u32,
    /// Version of the images' definition.
    pub render_spec: u32,
    /// Digest of the simplified meshes that images show.
    pub meshes: FileDigest,
    /// Version of what policies are sent and answer.
    pub protocol: u32,
    /// The scoring rule.
    pub scoring: ScoringIdentity,
}

/// The physics engine of an [`Identity`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineIdentity {
    /// MuJoCo's version, for example `3.17.0`.
    pub version: String,
    /// Digest of the library file.
    pub library: FileDigest,
}

/// The mathematics library of an [`Identity`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LibmIdentity {
    /// The crate `libm` in this version, equal on every machine.
    Pinned(String),
    /// The machine's own, known by its results on a fixed table of inputs; never used for scores.
    Host(LibmFingerprint),
}

/// The scoring rule of an [`Identity`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoringIdentity {
    /// The rule's name, for example `standing_pareto`.
    pub rule: String,
    /// The rule's version.
    pub version: u32,
}

/// One field in which two identities differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityDifference {
    /// The field, for example `engine.version`.
    pub field: &'static str,
    /// Its value on the left side.
    pub left: String,
    /// Its value on the right side.
    pub right: String,
}

impl fmt::Display for IdentityDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: `{}` against `{}`",
            self.field,
            // One side may come from a file.
            quote(&self.left),
            quote(&self.right)
        )
    }
}

impl fmt::Display for LibmIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned(version) => write!(f, "pinned {version}"),
            Self::Host(fingerprint) => write!(f, "host {fingerprint}"),
        }
    }
}

impl Identity {
    /// The fields in which two identities differ, in the order of declaration; empty exactly if they are equal.
    pub fn differences(&self, other: &Self) -> Vec<IdentityDifference> {
        self.fields()
            .into_iter()
            .zip(other.fields())
            .filter(|(left, right)| left.1 != right.1)
            .map(|((field, left), (_, right))| IdentityDifference { field, left, right })
            .collect()
    }

    /// Every field with its value as text, in the order of declaration.
    pub fn fields(&self) -> [(&'static str, String); 11] {
        // Destructured, so that a new field cannot be forgotten here.
        let Self {
            kinitro,
            engine,
            libm,
            assets,
            generator,
            render_spec,
            meshes,
            protocol,
            scoring,
        } = self;
        let EngineIdentity {
            version: engine_version,
            library,
        } = engine;
        let ScoringIdentity {
            rule,
            version: scoring_version,
        } = scoring;
        [
            ("kinitro", kinitro.clone()),
            ("engine.version", engine_version.clone()),
            ("engine.library", library.to_string()),
            ("libm", libm.to_string()),
            ("assets", assets.to_string()),
            ("generator", generator.to_string()),
            ("render_spec", render_spec.to_string()),
            ("meshes", meshes.to_string()),
            ("protocol", protocol.to_string()),
            ("scoring.rule", rule.clone()),
            ("scoring.version", scoring_version.to_string()),
        ]
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn identity() -> Identity {
        Identity {
            kinitro: "0.1.0".to_owned(),
            engine: EngineIdentity {
                version: "3.17.0".to_owned(),
                library: FileDigest::of(&[b"library"]),
            },
            libm: LibmIdentity::Pinned("0.2.16".to_owned()),
            assets: FileDigest::of(&[b"assets"]),
            generator: 1,
            render_spec: 1,
            meshes: FileDigest::of(&[b"meshes"]),
            protocol: 3,
            scoring: ScoringIdentity {
                rule: "standing_pareto".to_owned(),
                version: 1,
            },
        }
    }

    #[test]
    fn differences_name_the_fields() {
        let ours = identity();
        assert_eq!(ours.differences(&identity()), []);
        let mut theirs = identity();
        theirs.engine.version = "3.16.0".to_owned();
        theirs.libm = LibmIdentity::Host(LibmFingerprint::from_bytes([0; 32]));
        theirs.scoring.version = 2;
        let differences = ours.differences(&theirs);
        assert_eq!(
            differences.iter().map(|d| d.field).collect::<Vec<_>>(),
            ["engine.version", "libm", "scoring.version"]
        );
        assert_eq!(
            differences[0].to_string(),
            "engine.version: `3.17.0` against `3.16.0`"
        );
    }

    #[test]
    fn identities_survive_json_and_refuse_unknown_fields() {
        let json = serde_json::to_string(&identity()).unwrap();
        assert_eq!(serde_json::from_str::<Identity>(&json).unwrap(), identity());
        let extended = json.replacen('{', r#"{"weather":1,"#, 1);
        assert!(serde_json::from_str::<Identity>(&extended).is_err());
    }
}
