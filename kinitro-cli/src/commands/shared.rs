//! Groups of arguments that several commands share.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kinitro_chain::HotkeyPair;
use kinitro_core::digest::BlockHash;
use kinitro_core::ids::{BlockNumber, Hotkey, PolicyName};
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::protocol::wire::GripperConvention;
use kinitro_core::record::Level;
use kinitro_core::seed::OperatorSecret;
use kinitro_core::units::ImageSize;
use kinitro_scoring::{Ratio, Scheme};
use kinitro_sim::episode::View;

use crate::error::{CliError, Kind};
use crate::evaluate;
use crate::evaluate::{SeedSource, ServerSettings};
use crate::policy_server::{Addresses, Deadlines, LatencyProfile, Rules};
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
    /// Cameras in the order of their images, or `none`: corner, corner2, corner3, corner4, topview, gripper, `behind_gripper`,
    /// `lerobot_corner2` (corner4 under the name of those who know it from `LeRobot`).
    #[arg(long, value_name = "LIST", default_value = "corner,gripper")]
    pub cameras: Cameras,
    /// Side of the square images, pixels.
    #[arg(long, value_name = "PIXELS", default_value = "84", value_parser = ["84", "128", "224"])]
    pub image_size: String,
}

/// A list of cameras, as one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cameras(Vec<CameraName>);

impl Cameras {
    /// The cameras.
    pub fn list(&self) -> &[CameraName] {
        &self.0
    }
}

impl FromStr for Cameras {
    type Err = kinitro_core::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let cameras = text.split(',').map(|name| name.trim().parse());
        cameras.collect::<Result<_, _>>().map(Self)
    }
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
            cameras: self.cameras.list().to_vec(),
            size,
        })
    }
}

/// What is demanded of a policy behind a server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy servers")]
pub struct RuleArgs {
    /// Also connect to addresses that are not public, for servers on this machine or network.
    #[arg(long)]
    pub allow_private_endpoints: bool,
    /// Time for an action: `standard` (500 ms) or `strict` (100 ms).
    #[arg(long, value_name = "PROFILE", default_value = "standard", value_parser = ["standard", "strict"])]
    pub latency_profile: String,
    /// Sign of the gripper in actions of four numbers where a server does not say: `simulator` (+1 closes) or `documented` (+1 opens).
    #[arg(long, value_name = "SIGN", default_value_t, value_parser = convention())]
    pub gripper_convention: GripperConvention,
    /// Whether p1 servers get images: `on` or `off`.
    #[arg(long, value_name = "ON|OFF", default_value = "on", value_parser = ["on", "off"])]
    pub p1_images: String,
}

/// What is demanded of policies behind servers, and how much is asked of them at once.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy servers")]
pub struct ServerArgs {
    /// What is demanded of each.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Episodes that wait for servers at once, shared evenly; results do not depend on it. Each takes about 20 MB; a server gets 1 to 8
    /// with v3, 1 with p2 and p1.
    #[arg(long, value_name = "N", default_value_t = ServerSettings::DEFAULT_CONCURRENT)]
    pub max_concurrent: NonZeroUsize,
    /// Seconds that a server has to become ready before the first episode.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u16).range(0..=3600))]
    pub ready_within: u16,
    /// Sign the requests to those policies that have a `--policy-hotkey`; the file holds the operator's hotkey.
    #[arg(long, value_name = "FILE", requires = "policy_hotkeys")]
    pub sign_with: Option<PathBuf>,
    /// Whose server a policy is: requests are signed for this miner, receipts accepted from no other; repeat it for more policies.
    #[arg(long = "policy-hotkey", value_name = "NAME=SS58", value_parser = policy_hotkey)]
    pub policy_hotkeys: Vec<(PolicyName, Hotkey)>,
}

fn policy_hotkey(text: &str) -> Result<(PolicyName, Hotkey), String> {
    let (name, hotkey) = text.split_once('=').ok_or("expected NAME=SS58")?;
    let told = |error: kinitro_core::Error| error.to_string();
    Ok((name.parse().map_err(told)?, hotkey.parse().map_err(told)?))
}

fn convention() -> impl TypedValueParser<Value = GripperConvention> {
    PossibleValuesParser::new(GripperConvention::NAMES.map(|(_, name)| name))
        .try_map(|text| text.parse::<GripperConvention>())
}

impl RuleArgs {
    /// The rules that the arguments name.
    pub fn rules(&self) -> Rules {
        Rules {
            addresses: if self.allow_private_endpoints {
                Addresses::AllowPrivate
            } else {
                Addresses::PublicOnly
            },
            latency: match self.latency_profile.as_str() {
                "strict" => LatencyProfile::Strict,
                _ => LatencyProfile::Standard,
            },
            gripper: self.gripper_convention,
            p1_images: self.p1_images == "on",
            ..Rules::default()
        }
    }
}

impl ServerArgs {
    /// The settings that the arguments name.
    ///
    /// # Errors
    /// A hotkey file that cannot be used, two hotkeys for one policy.
    pub fn settings(&self) -> Result<ServerSettings, CliError> {
        let deadlines = Deadlines {
            // A server is asked three times, with a pause before the second and the third.
            health_pause: Duration::from_secs(self.ready_within.into()) / 2,
            ..Deadlines::default()
        };
        let signer = self.sign_with.as_deref().map(HotkeyPair::read);
        let mut miners = BTreeMap::new();
        for (policy, hotkey) in &self.policy_hotkeys {
            if miners.insert(policy.clone(), hotkey.clone()).is_some() {
                return Err(CliError::usage(anyhow!(
                    "policy `{policy}` is given two hotkeys"
                )));
            }
        }
        Ok(ServerSettings {
            rules: Rules {
                deadlines,
                ..self.rules.rules()
            },
            max_concurrent: self.max_concurrent,
            signer: signer.transpose().map_err(CliError::failed)?,
            miners,
        })
    }
}

/// Reads the size of a picture for people, `84` or `640x480`.
///
/// # Errors
/// If it is none, or a side is not from 16 to 1024.
pub fn parse_size(text: &str) -> Result<ImageSize, String> {
    let (width, height) = text.split_once('x').unwrap_or((text, text));
    let side = |text: &str| {
        let side = text.parse::<u32>().ok();
        side.filter(|side| (16..=1024).contains(side))
            .ok_or("expected a side or `WxH`, with sides from 16 to 1024 pixels")
    };
    ImageSize::new(side(width)?, side(height)?).map_err(|error| error.to_string())
}

/// Reads a level of variation.
pub fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::NAMES.map(|(_, name)| name))
        .try_map(|text| text.parse::<Level>())
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
            Error::NobodyThere { .. } => Kind::MissingDependency,
            _ => Kind::Failed,
        };
        let hint = match &error {
            Error::Occupied { .. } => {
                Some("choose another folder with `--out`, or use it anyway with `--force`")
            }
            Error::UnknownEnv { .. } => Some("`kinitro env list` shows what there is"),
            Error::NobodyThere { .. } => Some(
                "start the servers first; those on this machine or network need `--allow-private-endpoints`",
            ),
            _ => None,
        };
        let error = Self::new(kind, error);
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}
