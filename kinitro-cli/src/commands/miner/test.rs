//! `kinitro miner test`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;
use kinitro_chain::HotkeyPair;
use kinitro_core::ids::{EnvId, Hotkey};
use kinitro_core::protocol::view::ViewChoice;
use kinitro_core::protocol::wire::Protocol;
use kinitro_core::record::Level;
use kinitro_core::seed::CycleSeed;
use kinitro_core::signature::Sign;
use kinitro_sim::physics::libm::LibmMode;
use serde::Serialize;

use crate::args::Global;
use crate::commands::env::parse_env;
use crate::commands::shared::{self, RuleArgs};
use crate::engine::Engine;
use crate::error::CliError;
use crate::miner::conformance::{self, Report, Settings, Verdict};
use crate::output::Output;
use crate::places::Places;
use crate::policy_server::{Endpoint, Parties, Rules};

/// Arguments of `kinitro miner test`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES:
  kinitro miner test https://policy.example
  kinitro miner test http://localhost:8001 --allow-private-endpoints --env reach-v3
  kinitro miner test https://policy.example --view cameras=lerobot_corner2,size=224
  kinitro miner test http://localhost:8001#v3 --allow-private-endpoints --latency-profile strict --json")]
pub struct TestArgs {
    /// The server: `http(s)://HOST[:PORT][/BASE][#v3|p2|p1]`.
    #[arg(value_name = "URL")]
    endpoint: Endpoint,
    /// The environment whose observations it is shown, for example `metaworld/reach-v3` or `reach-v3`.
    #[arg(long, value_name = "ENV", default_value = "metaworld/pick-place-v3", value_parser = parse_env)]
    env: EnvId,
    /// Check this protocol alone, announced or not: v3, p2, p1 [default: all that the server announces].
    #[arg(long, value_name = "NAME")]
    protocol: Option<Protocol>,
    /// What the policy sees in v3, as behind `--policy` of `evaluate`: `cameras=A+B,size=PIXELS`, up to two cameras or none,
    /// 84, 128 or 224 pixels [default: corner+gripper, 84].
    #[arg(long, value_name = "VIEW")]
    view: Option<ViewChoice>,
    /// Act requests whose time is measured.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    steps: u16,
    /// Scenes in which the gripper's sign is tried; 0 leaves it out.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(0..=50))]
    grasps: u16,
    /// Any number; decides scenes and policy seeds, as in `evaluate --seed`.
    #[arg(long, short, default_value_t = 0)]
    seed: u64,
    /// How much varies between scenes: none (placement only), seed (also physics and start noise) or hard (wider ranges of
    /// physics, gravity tilted, commands delayed).
    #[arg(long, default_value = "seed", value_parser = shared::level())]
    level: Level,
    /// Sign the requests, for a server that answers nobody else; the file holds a hotkey.
    #[arg(long, value_name = "FILE", requires = "hotkey")]
    sign_with: Option<PathBuf>,
    /// The miner whose server it is: requests are signed for this hotkey.
    #[arg(long, value_name = "SS58", requires = "sign_with")]
    hotkey: Option<Hotkey>,
    #[command(flatten)]
    rules: RuleArgs,
}

impl TestArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// An unknown environment, a missing asset, a failure of the simulator; or a server that an evaluation would find fault with.
    pub fn run(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        let settings = self.settings()?;
        let engine = Engine::start(LibmMode::Pinned, &Places::from_environment(global).models)?;
        let report = conformance::run(&settings, &engine.models, |check| {
            output.note(format_args!("{}: {check}", check.verdict.as_str()));
        })?;
        output.print(&Shown(&report))?;
        let failed: Vec<String> = report
            .with(Verdict::Fail)
            .map(ToString::to_string)
            .collect();
        if report.ready {
            return Ok(());
        }
        Err(CliError::failed(anyhow!(
            "an evaluation would hold against this server: {}",
            failed.join(", ")
        )))
    }

    fn rules(&self) -> Rules {
        let mut rules = self.rules.rules();
        if let Some(view) = &self.view {
            if let Some(cameras) = view.cameras() {
                rules.cameras = cameras.to_vec();
            }
            rules.image_size = view.size().unwrap_or(rules.image_size);
        }
        rules
    }

    fn settings(&self) -> Result<Settings, CliError> {
        let signer = self.sign_with.as_deref().map(HotkeyPair::read).transpose();
        let signer = signer.map_err(CliError::failed)?;
        Ok(Settings {
            endpoint: self.endpoint.clone(),
            env: self.env.clone(),
            protocol: self.protocol,
            rules: self.rules(),
            steps: self.steps.into(),
            grasps: self.grasps.into(),
            cycle: CycleSeed::from_local_seed(self.seed),
            level: self.level,
            parties: Parties {
                signer: signer.map(|pair| Arc::new(pair) as Arc<dyn Sign>),
                miner: self.hotkey.clone(),
            },
        })
    }
}

/// What is printed.
#[derive(Serialize)]
#[serde(transparent)]
struct Shown<'a>(&'a Report);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let cameras: Vec<&str> = report.cameras.iter().map(|name| name.as_str()).collect();
        let cameras = match cameras.as_slice() {
            [] => "no images".to_owned(),
            names => names.join(", "),
        };
        let (width, height) = (report.image_size.width(), report.image_size.height());
        writeln!(
            f,
            "\n{}, shown {} (v3: {cameras}; {width} × {height})\n",
            report.url, report.env
        )?;
        for check in &report.checks {
            writeln!(
                f,
                "{:7}  {:2}  {:16}  {}",
                check.verdict.as_str(),
                check.protocol.map_or("", Protocol::as_str),
                check.subject,
                check.measured
            )?;
        }
        let hinted = |verdict| report.with(verdict).filter(|check| check.hint.is_some());
        for (title, verdict) in [
            ("What to fix", Verdict::Fail),
            ("What to know", Verdict::Warn),
        ] {
            if hinted(verdict).next().is_some() {
                writeln!(f, "\n{title}")?;
            }
            for check in hinted(verdict) {
                writeln!(
                    f,
                    "  {check}: {}",
                    check.hint.as_deref().unwrap_or_default()
                )?;
            }
        }
        let count = |verdict| report.with(verdict).count();
        let (failed, warned) = (count(Verdict::Fail), count(Verdict::Warn));
        let verdict = if report.ready {
            "Ready for evaluation"
        } else {
            "Not ready for evaluation"
        };
        write!(f, "\n{verdict}: {failed} failed, {warned} warnings")
    }
}
