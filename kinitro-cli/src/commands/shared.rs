//! Groups of arguments that several commands share.

use std::fs;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::thread;

use anyhow::Context as _;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kinitro_core::digest::BlockHash;
use kinitro_core::ids::BlockNumber;
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::record::Level;
use kinitro_core::seed::OperatorSecret;
use kinitro_core::units::ImageSize;
use kinitro_scoring::{Ratio, Scheme};
use kinitro_sim::episode::View;

use crate::error::{CliError, Kind};
use crate::evaluate;
use crate::evaluate::SeedSource;
use crate::scoreboard::{Evidence, Rule, ScoringSettings, parse_ratio};

/// Longest secret that is read from a file or from standard input, in bytes.
const MAX_SECRET_LEN: u64 = 1024;

/// Where scenes come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Scenes")]
pub struct SceneArgs {
    /// Any number; the same one gives the same scenes.
    #[arg(long, default_value_t = 0, conflicts_with_all = ["block", "block_hash", "secret"])]
    pub seed: u64,
    /// Repeat a round of a network: the height of its block.
    #[arg(long, value_name = "N", requires_all = ["block_hash", "secret"])]
    pub block: Option<u64>,
    /// The finalized hash of that block, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", requires = "block")]
    pub block_hash: Option<BlockHash>,
    /// The operator's secret of that cycle, 64 hexadecimal digits: `-` reads it from standard input, `@FILE` from a file.
    #[arg(
        long,
        value_name = "HEX|-|@FILE",
        requires = "block",
        allow_hyphen_values = true
    )]
    pub secret: Option<String>,
}

impl SceneArgs {
    /// The source that the arguments name.
    ///
    /// # Errors
    /// If the secret cannot be read or is none.
    pub fn source(&self) -> Result<SeedSource, CliError> {
        match (self.block, &self.block_hash, &self.secret) {
            (Some(block), Some(hash), Some(secret)) => Ok(SeedSource::Block {
                block: BlockNumber(block),
                hash: *hash.as_bytes(),
                secret: read_secret(secret)?,
            }),
            _ => Ok(SeedSource::Local { seed: self.seed }),
        }
    }

    /// A name for the scenes, for a folder.
    pub fn name(&self) -> String {
        self.block
            .map_or_else(|| self.seed.to_string(), |block| format!("block-{block}"))
    }
}

fn read_secret(argument: &str) -> Result<OperatorSecret, CliError> {
    let mut text = String::new();
    let text = match argument.strip_prefix('@') {
        _ if argument == "-" => {
            let read = std::io::stdin()
                .take(MAX_SECRET_LEN)
                .read_to_string(&mut text);
            read.context("cannot read the secret from standard input")?;
            text
        }
        Some(path) => {
            let opened = fs::File::open(path).map(|file| file.take(MAX_SECRET_LEN));
            let read = opened.and_then(|mut file| file.read_to_string(&mut text));
            read.with_context(|| format!("cannot read the secret from `{path}`"))?;
            text
        }
        None => argument.to_owned(),
    };
    text.trim().parse().map_err(CliError::usage)
}

/// How results become weights.
#[derive(Debug, Args)]
#[command(next_help_heading = "Scoring")]
pub struct ScoringArgs {
    /// Who wins a subset of environments: `standing_pareto`, `first_commit` or `epsilon_pareto`.
    #[arg(long, value_name = "RULE", default_value_t)]
    pub rule: Rule,
    /// Points of a subset: `linear` (its size), `exponential` or `equal`.
    #[arg(long, value_name = "SCHEME", default_value_t)]
    pub scheme: Scheme,
    /// Sharpness of points → weights, a positive fraction; smaller favors the leader.
    #[arg(long, value_name = "T", default_value = "1", value_parser = parse_ratio)]
    pub temperature: Ratio,
    /// How much proof the default rule asks for: `lifetime` (what decides about money) or `demo` (a handful of episodes;
    /// proves nothing).
    #[arg(long, value_name = "LEVEL", default_value_t)]
    pub evidence: Evidence,
}

impl ScoringArgs {
    /// The settings that the arguments name.
    pub fn settings(&self) -> ScoringSettings {
        let Self {
            rule,
            scheme,
            temperature,
            evidence,
        } = *self;
        ScoringSettings {
            rule,
            scheme,
            temperature,
            evidence,
        }
    }
}

/// What policies see.
#[derive(Debug, Args)]
#[command(next_help_heading = "Images")]
pub struct ViewArgs {
    /// Cameras in the order of their images, or `none`: corner, corner2, corner3, corner4, topview, gripper, `behind_gripper`.
    #[arg(long, value_name = "LIST", default_value = "corner,gripper", value_parser = parse_cameras)]
    pub cameras: Cameras,
    /// Side of the square images, pixels.
    #[arg(long, value_name = "PIXELS", default_value = "84", value_parser = ["84", "128", "224"])]
    pub image_size: String,
}

/// A list of cameras, as one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cameras(Vec<CameraName>);

fn parse_cameras(text: &str) -> Result<Cameras, String> {
    if text == "none" {
        return Ok(Cameras(Vec::new()));
    }
    let cameras = text.split(',').map(|name| {
        name.trim()
            .parse()
            .map_err(|error: kinitro_core::Error| error.to_string())
    });
    cameras.collect::<Result<_, _>>().map(Cameras)
}

impl ViewArgs {
    /// The view that the arguments name.
    ///
    /// # Errors
    /// Never: the sizes on offer are valid.
    pub fn view(&self) -> Result<View, CliError> {
        let pixels = self.image_size.parse().map_err(CliError::usage)?;
        let size = ImageSize::new(pixels, pixels).map_err(CliError::usage)?;
        Ok(View {
            cameras: self.cameras.0.clone(),
            size,
        })
    }
}

/// Reads a level of variation, one that scenes are drawn for.
pub fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(["none", "seed"]).try_map(|text| text.parse::<Level>())
}

/// Worker threads: as asked for, or one per core.
pub fn jobs(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    asked
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

impl From<evaluate::Error> for CliError {
    fn from(error: evaluate::Error) -> Self {
        use evaluate::Error;
        let kind = match &error {
            Error::PolicySpec { .. }
            | Error::DuplicatePolicy { .. }
            | Error::Setting { .. }
            | Error::NoExpert { .. }
            | Error::Occupied { .. }
            | Error::Score {
                source: kinitro_scoring::Error::InvalidParam { .. },
            } => Kind::Usage,
            Error::UnknownEnv { .. } => Kind::NotFound,
            _ => Kind::Failed,
        };
        let hint = match &error {
            Error::Occupied { .. } => {
                Some("choose another folder with `--out`, or use it anyway with `--force`")
            }
            Error::UnknownEnv { .. } => Some("`kinitro env list` shows what there is"),
            _ => None,
        };
        let error = Self::new(kind, error);
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}
