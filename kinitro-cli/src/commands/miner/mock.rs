//! `kinitro miner mock`: a policy server to try evaluators out with.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::Args;
use kinitro_chain::HotkeyPair;
use kinitro_core::ids::Hotkey;
use kinitro_core::protocol::view::ViewChoice;
use kinitro_core::protocol::wire::{
    ChunkLimit, Encoding, GripperConvention, ImageEncoding, Protocol,
};
use kinitro_core::record::Level;
use kinitro_core::signature::Sign as _;
use kinitro_sim::physics::libm::LibmMode;
use serde::Serialize;

use super::stop::StopSignals;
use crate::args::Global;
use crate::commands::shared::{self, SceneArgs};
use crate::engine::Engine;
use crate::error::{CliError, Kind};
use crate::evaluate::BuiltIn;
use crate::miner::mock::behaviour::{Random, Zero};
use crate::miner::mock::fault::Fault;
use crate::miner::mock::mirror::{Mirror, Scenes};
use crate::miner::mock::recording::Recordings;
use crate::miner::mock::{
    Admission, Error, Faults, MockServer, Running, Session, Settings, Speaks, Totals,
};
use crate::output::Output;
use crate::places::Places;

/// Arguments of `kinitro miner mock`.
#[derive(Debug, Args)]
#[command(after_help = "\
FAULTS: [health/|reset/|act/|close/]NAME[=VALUE][@RATE], of act requests and always unless it says otherwise
  status=CODE      an error answer (500)              disconnect    no byte of an answer
  slow-body=MS     a byte every so often (100)        hang          no answer, connection open
  endless-body     a body that does not end           garbage       neither JSON nor msgpack
  huge-header      a header of 20 KiB                 nan           a number that is not one
  redirect=URL     status 307                         wrong-length  a number too many
  unready=N        health: not ready N times (always)

EXAMPLES:
  kinitro miner mock --policy expert --seed 7 --episodes 10
  kinitro miner mock --port 8002 --latency-ms 50 --jitter-ms 20 --fault disconnect@0.01 --fault reset/hang@0.1")]
pub struct MockArgs {
    /// Address to listen on; 0.0.0.0 for every one of this machine.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: IpAddr,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8001)]
    port: u16,
    /// How it acts: random, zero, `replay:PATH` (recorded transcripts), `expert` or `expert:noise=SIGMA` (needs MuJoCo).
    #[arg(long, default_value = "random", value_name = "SPEC")]
    policy: MockPolicy,
    /// The same as `--policy random`.
    #[arg(long, hide = true, conflicts_with_all = ["policy", "no_random_actions"])]
    random_actions: bool,
    /// The same as `--policy zero`.
    #[arg(long, hide = true, conflicts_with = "policy")]
    no_random_actions: bool,
    #[command(flatten)]
    speech: SpeechArgs,
    #[command(flatten)]
    faults: FaultArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    mirror: MirrorArgs,
    #[command(flatten)]
    scenes: SceneArgs,
}

/// What it speaks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Protocol")]
struct SpeechArgs {
    /// Generations: all, or one as a server that knows no other: v3, p2, p1.
    #[arg(long, default_value = "all", value_name = "NAME", value_parser = parse_speaks)]
    protocol: Speaks,
    /// Encodings that V3 offers: json, msgpack.
    #[arg(long, default_value = "json,msgpack", value_name = "LIST", value_delimiter = ',', value_parser = parse_encoding)]
    encodings: Vec<Encoding>,
    /// Image encodings that V3 asks for, preferred ones first: raw, png.
    #[arg(long, default_value = "raw,png", value_name = "LIST", value_delimiter = ',', value_parser = parse_image_encoding)]
    images: Vec<ImageEncoding>,
    /// Gripper sign in actions of four numbers: simulator (+1 closes) or documented (+1 opens).
    #[arg(long, default_value_t, value_name = "NAME")]
    gripper_convention: GripperConvention,
    /// What the policy sees, as behind `--policy` of `evaluate`, for example `cameras=corner4+gripper,size=128`: V3 requests
    /// with other images are refused [default: anything].
    #[arg(long, value_name = "VIEW")]
    view: Option<ViewChoice>,
    /// Further actions per answer, where the evaluation takes some: 0 to 8.
    #[arg(long, default_value = "0", value_name = "K", value_parser = parse_chunk)]
    chunk: ChunkLimit,
    /// V3 episodes at once; one more, and the oldest is forgotten [default: 256, for experts 32].
    #[arg(long, value_name = "N")]
    max_episodes: Option<NonZeroUsize>,
}

/// What goes wrong.
#[derive(Debug, Args)]
#[command(next_help_heading = "Faults")]
struct FaultArgs {
    /// Answer act requests after so many milliseconds at the earliest.
    #[arg(long, default_value_t = 0, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=600_000))]
    latency_ms: u64,
    /// Up to so many milliseconds more, uniformly.
    #[arg(long, default_value_t = 0, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=600_000))]
    jitter_ms: u64,
    /// Probability of status 500; the same as `--fault status=500@P`.
    #[arg(long, value_name = "P")]
    fail_rate: Option<f64>,
    /// Answer byte by byte; the same as `--fault slow-body`.
    #[arg(long)]
    slow_body: bool,
    /// Something that goes wrong, see below; repeat it for more, the first that strikes is applied.
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Fault>,
    /// Decides when faults strike and how long answers take.
    #[arg(long, default_value_t = 0, value_name = "N")]
    fault_seed: u64,
}

/// Whom it obeys, and who vouches for it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Signatures")]
struct TrustArgs {
    /// The file of the miner's hotkey: receipts are given in its name, by a new session key that lasts for a day.
    #[arg(long, value_name = "FILE")]
    hotkey_file: Option<PathBuf>,
    /// Answer only requests that this hotkey has signed for the miner's; repeat it for more.
    #[arg(long, value_name = "SS58", requires = "hotkey_file")]
    verify_signatures: Vec<Hotkey>,
}

/// Whose scenes the expert plays.
#[derive(Debug, Args)]
#[command(next_help_heading = "The run that `--policy expert` takes part in")]
struct MirrorArgs {
    /// Level of the run.
    #[arg(long, default_value = "seed", value_parser = shared::level())]
    level: Level,
    /// Episodes per environment of the run, at least.
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    episodes: u32,
    /// The miner that the run takes this server for; none in local runs.
    #[arg(long, value_name = "SS58")]
    hotkey: Option<Hotkey>,
}

/// What `--policy` says.
#[derive(Debug, Clone, PartialEq)]
enum MockPolicy {
    Random,
    Zero,
    Replay(PathBuf),
    Expert { noise: f64 },
}

impl FromStr for MockPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("replay:") {
            return Ok(Self::Replay(path.into()));
        }
        match text.parse() {
            Ok(BuiltIn::Random) => Ok(Self::Random),
            Ok(BuiltIn::Zero) => Ok(Self::Zero),
            Ok(BuiltIn::Expert { noise }) => Ok(Self::Expert { noise }),
            Err(error) => Err(format!("{error}, or `replay:PATH`")),
        }
    }
}

impl fmt::Display for MockPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => write!(f, "{}", BuiltIn::Random),
            Self::Zero => write!(f, "{}", BuiltIn::Zero),
            Self::Expert { noise } => write!(f, "{}", BuiltIn::Expert { noise: *noise }),
            Self::Replay(path) => write!(f, "replay:{}", path.display()),
        }
    }
}

impl MockArgs {
    /// Whether it computes with MuJoCo.
    pub fn needs_engine(&self) -> bool {
        matches!(self.policy(), MockPolicy::Expert { .. })
    }

    fn policy(&self) -> MockPolicy {
        if self.no_random_actions {
            MockPolicy::Zero
        } else {
            self.policy.clone()
        }
    }

    /// Runs a server that acts without the engine, until it is told to stop.
    ///
    /// # Errors
    /// Transcripts that cannot be played, a taken address; [`Kind::Interrupted`] or [`Kind::Terminated`] at the end.
    pub fn run_light(&self, output: &mut Output) -> Result<(), CliError> {
        let settings = match self.policy() {
            MockPolicy::Random => Settings::new(Random),
            MockPolicy::Zero => Settings::new(Zero),
            MockPolicy::Replay(path) => {
                let recordings = Recordings::read(&[path])?;
                output.note(format_args!("{} recorded episodes", recordings.len()));
                Settings::new(recordings)
            }
            MockPolicy::Expert { .. } => {
                return Err(CliError::usage(anyhow!("experts need the engine")));
            }
        };
        self.serve(settings, output)
    }

    /// Runs a server that plays experts, until it is told to stop.
    ///
    /// # Errors
    /// A missing asset, a secret that is none, a taken address; [`Kind::Interrupted`] or [`Kind::Terminated`] at the end.
    pub fn run_engine(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        let MockPolicy::Expert { noise } = self.policy() else {
            return Err(CliError::usage(anyhow!(
                "this is a part of `kinitro`; use that"
            )));
        };
        let scenes = Scenes {
            cycle: self.scenes.source()?.cycle_seed(),
            level: self.mirror.level,
            episodes: self.mirror.episodes,
            hotkey: self.mirror.hotkey.clone(),
        };
        let engine = Engine::start(LibmMode::Pinned, &Places::from_environment(global).models)?;
        self.serve(
            Settings::new(Mirror::new(scenes, noise, engine.models)),
            output,
        )
    }

    fn serve(&self, settings: Settings, output: &mut Output) -> Result<(), CliError> {
        let SpeechArgs {
            protocol,
            gripper_convention,
            chunk,
            max_episodes,
            ..
        } = self.speech;
        if self.speech.view.is_some() && !protocol.protocols().contains(&Protocol::V3) {
            return Err(CliError::usage(anyhow!(
                "`--view` is for V3: the older protocols have cameras of their own"
            )));
        }
        let (admission, session) = self.trust.settings()?;
        let settings = Settings {
            address: SocketAddr::new(self.host, self.port),
            speaks: protocol,
            encodings: self.speech.encodings.clone(),
            images: self.speech.images.clone(),
            gripper_convention,
            view: self.speech.view.clone().unwrap_or_default(),
            chunk,
            max_episodes: max_episodes.unwrap_or(settings.max_episodes),
            faults: self.faults.faults()?,
            admission,
            session,
            ..settings
        };
        let signals = StopSignals::catch().context("cannot wait for signals")?;
        let server = MockServer::start(settings)?;
        output.print(&self.listening(&server))?;
        let begun = Instant::now();
        let kind: Kind = signals.wait();
        let totals = server.totals();
        drop(server);
        output.note(Summary {
            totals,
            seconds: begun.elapsed().as_secs_f64(),
        });
        Err(CliError::new(kind, anyhow!("stopped by a signal")))
    }

    fn listening(&self, server: &Running) -> Listening {
        let protocols = self.speech.protocol.protocols();
        let url = server.url();
        Listening {
            evaluate: format!(
                "kinitro evaluate --policy mock={url}{} --allow-private-endpoints{}{}",
                self.chosen_view(),
                self.unsaid_convention(),
                self.same_scenes()
            ),
            url,
            protocols: protocols.into_iter().map(Protocol::as_str).collect(),
            policy: self.policy().to_string(),
        }
    }

    /// What the policy sees, as it stands behind its address.
    fn chosen_view(&self) -> String {
        let view = self.speech.view.as_ref();
        view.map_or_else(String::new, |view| format!(",{view}"))
    }

    /// The gripper's sign, where it matters and health does not say it.
    fn unsaid_convention(&self) -> String {
        let convention = self.speech.gripper_convention;
        let is_unsaid = self.speech.protocol == Speaks::Only(Protocol::P1);
        if is_unsaid && convention != GripperConvention::default() {
            format!(" --gripper-convention {convention}")
        } else {
            String::new()
        }
    }

    /// The arguments of an evaluation on the scenes that the expert knows.
    fn same_scenes(&self) -> String {
        if !self.needs_engine() {
            return String::new();
        }
        let source = match (self.scenes.block, &self.scenes.block_hash) {
            (Some(block), Some(hash)) => {
                format!("--block {block} --block-hash {hash} --secret …")
            }
            _ => format!("--seed {}", self.scenes.seed),
        };
        format!(" {source} --level {}", self.mirror.level)
    }
}

impl TrustArgs {
    fn settings(&self) -> Result<(Option<Admission>, Option<Session>), CliError> {
        const DAY: Duration = Duration::from_hours(24);

        let Some(file) = &self.hotkey_file else {
            return Ok((None, None));
        };
        let hotkey = HotkeyPair::read(file).map_err(CliError::failed)?;
        let admission = Admission {
            miner: hotkey.hotkey().clone(),
            signers: self.verify_signatures.clone(),
        };
        let session = Session::begin(&hotkey, DAY);
        Ok((
            Some(admission).filter(|admission| !admission.signers.is_empty()),
            Some(session),
        ))
    }
}

impl FaultArgs {
    fn faults(&self) -> Result<Faults, CliError> {
        let mut list = self.faults.clone();
        if let Some(rate) = self.fail_rate {
            let fault = format!("status=500@{rate}");
            list.push(fault.parse()?);
        }
        if self.slow_body {
            list.push("slow-body".parse()?);
        }
        Ok(Faults {
            list,
            seed: self.fault_seed,
            latency: Duration::from_millis(self.latency_ms),
            jitter: Duration::from_millis(self.jitter_ms),
        })
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        match error {
            Error::Find(_) | Error::Open { .. } => Self::not_found(error),
            Error::Listen { .. } => {
                Self::failed(error).with_hint("`--port` takes another one, `--port 0` any free one")
            }
            Error::Fault { .. } => Self::usage(error),
            error => Self::failed(error),
        }
    }
}

/// Printed when the server listens.
#[derive(Debug, Serialize)]
struct Listening {
    url: String,
    protocols: Vec<&'static str>,
    policy: String,
    evaluate: String,
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Policy server at {} ({}; {})",
            self.url,
            self.protocols.join(", "),
            self.policy
        )?;
        write!(f, "Evaluate it   {}", self.evaluate)
    }
}

/// Told when the server has stopped.
struct Summary {
    totals: Totals,
    seconds: f64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.totals.act as f64 / self.seconds.max(1e-3);
        let (totals, seconds) = (self.totals, self.seconds);
        write!(
            f,
            "{totals}; {rate:.1} act requests per second in {seconds:.1} s"
        )
    }
}

fn parse_speaks(text: &str) -> Result<Speaks, kinitro_core::Error> {
    if text == "all" {
        return Ok(Speaks::All);
    }
    text.parse().map(Speaks::Only)
}

fn parse_encoding(text: &str) -> Result<Encoding, String> {
    named("encoding", &Encoding::NAMES, text)
}

fn parse_image_encoding(text: &str) -> Result<ImageEncoding, String> {
    named("image encoding", &ImageEncoding::NAMES, text)
}

fn named<T: Copy>(what: &str, names: &[(T, &str)], text: &str) -> Result<T, String> {
    let found = names.iter().find(|(_, name)| *name == text.trim());
    found
        .map(|(value, _)| *value)
        .ok_or_else(|| format!("unknown {what} `{text}`"))
}

fn parse_chunk(text: &str) -> Result<ChunkLimit, String> {
    let actions: u8 = text.parse().map_err(|_| "expected 0 to 8".to_owned())?;
    ChunkLimit::new(actions).map_err(|error| error.to_string())
}
