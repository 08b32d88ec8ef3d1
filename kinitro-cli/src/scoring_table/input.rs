//! Tables from a JSON file.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use kinitro_scoring::{
    Baseline, Commit, EnvOutcomes, Miner, MinerRef, OutcomeTable, RateMiner, RateTable, Samples,
};
use serde::Deserialize;

use super::{NamedTable, Table};

/// Larger files are refused: 256 miners × 64 environments × 1000 episodes need a quarter of it.
const MAX_BYTES: u64 = 64 << 20;

/// The file format, for help texts.
pub const FORMAT_HELP: &str = r#"INPUT FILE (JSON):
  {
    "environments": ["reach", "push"],
    "baselines": [{"name": "zero",   "outcomes": ["0000", "0000"]},
                  {"name": "random", "outcomes": ["0100", "0000"]}],
    "miners": [{"name": "alice", "block": 1000, "outcomes": ["1101", "1111"]},
               {"name": "bob",   "block": 1100, "outcomes": [".101", "1011"]}]
  }
  `outcomes` has one text per environment and in it one character per episode, the same episodes for everybody:
  1 solved, 0 failed, . before the miner's arrival. The compatible rules also accept success rates instead:
  {"environments": [...], "samples": 50, "miners": [{"name": "alice", "block": 1000, "scores": [0.75, null]}]}
  Optional per miner: "uid" (its position by default), "extrinsic" (0), "digest" (the name)."#;

/// Why a file is no table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The file system refused.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than any table.
    #[error("`{path}` is larger than 64 MiB")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Not JSON, or of another shape.
    #[error("`{path}` is not a table of results")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// A row lacks what all others have.
    #[error("`{row}` in `{path}` has no `{field}`, as other rows do")]
    Mixed {
        /// The file.
        path: PathBuf,
        /// The miner's name.
        row: String,
        /// `outcomes` or `scores`.
        field: &'static str,
    },
    /// The table is inconsistent.
    #[error("the table in `{path}` cannot be scored")]
    Table {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: kinitro_scoring::Error,
    },
}

/// Reads a table; see [`FORMAT_HELP`].
///
/// # Errors
/// Any [`InputError`].
pub fn read(path: &Path) -> Result<NamedTable, InputError> {
    let cannot = |source| InputError::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(cannot)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(InputError::TooLarge {
            path: path.to_owned(),
        });
    }
    let file: FileTable = serde_json::from_slice(&bytes).map_err(|source| InputError::Json {
        path: path.to_owned(),
        source,
    })?;
    file.into_table(path)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    environments: Vec<String>,
    #[serde(default)]
    baselines: Vec<FileBaseline>,
    samples: Option<u64>,
    miners: Vec<FileMiner>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileBaseline {
    name: String,
    outcomes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileMiner {
    name: String,
    uid: Option<u16>,
    block: Option<u64>,
    #[serde(default)]
    extrinsic: u32,
    digest: Option<String>,
    outcomes: Option<Vec<String>>,
    scores: Option<Vec<Option<f64>>>,
}

impl FileTable {
    fn into_table(self, path: &Path) -> Result<NamedTable, InputError> {
        let uids: Vec<u16> = (0..)
            .zip(&self.miners)
            .map(|(position, miner)| miner.uid.unwrap_or(position))
            .collect();
        let names = uids
            .iter()
            .copied()
            .zip(self.miners.iter().map(|miner| miner.name.clone()))
            .collect();
        let missing = |row: &FileMiner, field| InputError::Mixed {
            path: path.to_owned(),
            row: row.name.clone(),
            field,
        };
        let table = if self.miners.iter().any(|miner| miner.scores.is_some()) {
            let rows = self.miners.iter().zip(&uids).map(|(miner, &uid)| {
                let scores = miner
                    .scores
                    .clone()
                    .ok_or_else(|| missing(miner, "scores"))?;
                Ok(RateMiner {
                    uid,
                    first_block: miner.block,
                    scores,
                })
            });
            let miners = rows.collect::<Result<_, InputError>>()?;
            let samples = self
                .samples
                .map_or(Samples::PerEnvironment(Vec::new()), Samples::All);
            Table::Rates(RateTable {
                envs: self.environments,
                miners,
                samples,
            })
        } else {
            let scored = |source| InputError::Table {
                path: path.to_owned(),
                source,
            };
            let rows = self.miners.iter().zip(&uids).map(|(miner, &uid)| {
                let outcomes = miner
                    .outcomes
                    .as_ref()
                    .ok_or_else(|| missing(miner, "outcomes"))?;
                let digest = miner.digest.as_ref().unwrap_or(&miner.name).clone();
                Ok(Miner {
                    id: MinerRef {
                        uid,
                        hotkey: miner.name.clone(),
                    },
                    commits: vec![Commit {
                        block: miner.block.unwrap_or(u64::MAX),
                        extrinsic: miner.extrinsic,
                        digest,
                    }],
                    outcomes: parse(outcomes).map_err(scored)?,
                })
            });
            let miners = rows.collect::<Result<_, InputError>>()?;
            let baselines = self.baselines.iter().map(|row| {
                Ok(Baseline {
                    name: row.name.clone(),
                    outcomes: parse(&row.outcomes)?,
                })
            });
            let baselines = baselines.collect::<Result<_, _>>().map_err(scored)?;
            Table::Outcomes(
                OutcomeTable::new(self.environments, baselines, miners).map_err(scored)?,
            )
        };
        Ok(NamedTable { names, table })
    }
}

fn parse(outcomes: &[String]) -> Result<Vec<EnvOutcomes>, kinitro_scoring::Error> {
    outcomes.iter().map(|text| text.parse()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<NamedTable, InputError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn the_documented_example_is_read() {
        let (start, end) = (
            FORMAT_HELP.find('{').unwrap(),
            FORMAT_HELP.find("\n  `outcomes`").unwrap(),
        );
        let read = read_text(&FORMAT_HELP[start..end]).unwrap();
        assert_eq!(read.names, [(0, "alice".to_owned()), (1, "bob".to_owned())]);
        let Table::Outcomes(table) = read.table else {
            panic!("the example has outcomes")
        };
        assert_eq!(
            table.to_rates().miners[1].scores,
            [Some(2.0 / 3.0), Some(0.75)]
        );
    }

    #[test]
    fn rates_are_read() {
        let text = r#"{"environments": ["a", "b"], "samples": 20, "miners": [{"name": "x", "uid": 7, "scores": [0.5, null]}]}"#;
        let Table::Rates(table) = read_text(text).unwrap().table else {
            panic!("rates were given")
        };
        assert_eq!(
            (table.miners[0].uid, table.miners[0].first_block),
            (7, None)
        );
        assert_eq!(table.miners[0].scores, [Some(0.5), None]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let mixed = r#"{"environments": ["a"], "miners": [{"name": "x", "scores": [0.5]}, {"name": "y", "outcomes": ["1"]}]}"#;
        assert!(
            matches!(read_text(mixed), Err(InputError::Mixed { row, field: "scores", .. }) if row == "y")
        );
        assert!(matches!(read_text("{}"), Err(InputError::Json { .. })));
        assert!(matches!(
            read_text(r#"{"environments": [], "miners": [], "extra": 1}"#),
            Err(InputError::Json { .. })
        ));
        let no_baseline =
            r#"{"environments": ["a"], "miners": [{"name": "x", "outcomes": ["1"]}]}"#;
        assert!(matches!(
            read_text(no_baseline),
            Err(InputError::Table { .. })
        ));
        assert!(matches!(
            read(Path::new("/nonexistent.json")),
            Err(InputError::Read { .. })
        ));
    }
}
