//! `kinitro evaluate`: policies on the same scenes, scored into weights.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use kinitro_core::groups::EnvSelection;
use kinitro_core::ids::PolicyName;
use kinitro_core::protocol::results::Results;
use kinitro_core::record::Level;
use kinitro_sim::physics::libm::LibmMode;
use kinitro_sim::registry;

use super::shared::{self, SceneArgs, ScoringArgs, ServerArgs, ViewArgs};
use crate::args::Global;
use crate::engine::Engine;
use crate::error::CliError;
use crate::evaluate::output::{
    Folder, Occupied, REPORT_HTML, Recorder, identity, leaderboard, results, success_tables,
    wire_table,
};
use crate::evaluate::{self, Error, Finished, Lineup, NamedPolicy, Observer, Settings};
use crate::output::Output;
use crate::places::Places;
use crate::policy_server::{Addresses, ReceiptNote};
use crate::progress::Progress;
use crate::scoreboard::{ESTIMATED, LOWERED, Rule, Scoreboard};

/// Arguments of `kinitro evaluate`.
#[derive(Debug, Args)]
#[command(after_help = "\
POLICIES:
  NAME=expert               the task's scripted expert
  NAME=expert:noise=SIGMA   the expert, each command disturbed by normal noise
  NAME=random               commands uniform in [-1, 1]
  NAME=zero                 no motion
  NAME=http://HOST:PORT     a server, also https; append #v3, #p2 or #p1 to pin its protocol
  …,cameras=A+B,size=PIXELS behind any of these: what this policy sees; up to two cameras, or none
  Their order is their precedence: of two equally good policies the first is paid.
  The rule's baselines `zero` and `random` always run on the same scenes.

EXAMPLE:
  kinitro evaluate --policy teacher=expert --policy shaky=expert:noise=0.5 --episodes 10
  kinitro evaluate --policy mine=http://localhost:8001 --allow-private-endpoints
  kinitro evaluate --policy far=expert,cameras=lerobot_corner2,size=224 --policy near=expert")]
pub struct EvaluateArgs {
    /// A policy and its name; repeat it for more, in order of precedence.
    #[arg(long = "policy", value_name = "NAME=SPEC", required = true)]
    policies: Vec<NamedPolicy>,
    /// Environments: ids and groups (core8, mt10, mt50, …), separated by commas.
    #[arg(long, value_name = "LIST", default_value = "core8")]
    envs: EnvSelection,
    /// Episodes per environment and policy.
    #[arg(long, value_name = "N", default_value_t = 10)]
    episodes: u32,
    /// How much varies between scenes: none (placement only), seed (also physics and start noise) or hard (wider ranges of
    /// physics, gravity tilted, commands delayed).
    #[arg(long, default_value = "seed", value_parser = shared::level())]
    level: Level,
    /// Episodes that are simulated at once; results do not depend on it [default: one per core].
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Folder for report, results, transcripts and pictures [default: `out/evaluate-SEED`].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds something else than an earlier result.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    scenes: SceneArgs,
    #[command(flatten)]
    scoring: ScoringArgs,
    #[command(flatten)]
    view: ViewArgs,
    #[command(flatten)]
    servers: ServerArgs,
}

impl EvaluateArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// Bad arguments, a missing asset, an unwritable folder, nobody to evaluate, or a failure of the simulator.
    pub fn run(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        let settings = self.settings()?;
        let engine = Engine::start(LibmMode::Pinned, &Places::from_environment(global).models)?;
        let identity = identity(&engine.identity, self.scoring.rule);
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| format!("out/evaluate-{}", self.scenes.name()).into());
        let folder = Folder::open(
            &out,
            if self.force {
                Occupied::Share
            } else {
                Occupied::Refuse
            },
        )?;
        let lineup = Lineup::meet(&settings)?;
        tell_unreachable(&lineup, output);
        let mut watch = Watch {
            recorder: Recorder::new(folder, &lineup, identity.clone()),
            receipts: vec![Receipts::default(); lineup.participants().len()],
            progress: None,
            output,
        };
        let played = evaluate::run(&lineup, &engine.models, &mut watch)?;
        let Watch {
            recorder,
            receipts,
            progress,
            output,
        } = watch;
        drop(progress);
        for (participant, receipts) in lineup.participants().iter().zip(&receipts) {
            receipts.tell(&participant.name, output);
        }
        let scoreboard = evaluate::score(&lineup, &played.verdicts)?;
        let results = results(&lineup, &identity, &played, &scoreboard);
        recorder.publish(&results)?;
        if output.is_json() {
            return output.text(&results.to_json().map_err(CliError::failed)?);
        }
        output.text(
            &Report {
                results: &results,
                scoreboard: &scoreboard,
                rule: self.scoring.rule,
                out: &out,
            }
            .to_string(),
        )
    }

    fn settings(&self) -> Result<Settings, CliError> {
        let envs = self.envs.resolve(&registry::ids()).map_err(|error| {
            CliError::not_found(error).with_hint("`kinitro env list` shows what there is")
        })?;
        let settings = Settings {
            policies: self.policies.clone(),
            envs,
            episodes: self.episodes,
            level: self.level,
            seed: self.scenes.source()?,
            view: self.view.view()?,
            servers: self.servers.settings()?,
            scoring: self.scoring.settings(),
            jobs: shared::jobs(self.jobs),
        };
        settings.validate()?;
        Ok(settings)
    }
}

/// Says whose episodes are lost before they begin: that is a result, and the others' go on.
fn tell_unreachable(lineup: &Lineup<'_>, output: &mut Output) {
    let mut missing = lineup.unreachable().peekable();
    if missing.peek().is_none() {
        return;
    }
    for (name, reason) in missing {
        output.note(format_args!(
            "warning: policy `{name}` is unreachable, all its episodes fail: {reason}"
        ));
    }
    if lineup.settings().servers.rules.addresses == Addresses::PublicOnly {
        output.note("hint: servers on this machine or network need `--allow-private-endpoints`");
    }
}

/// Records episodes and shows progress.
struct Watch<'a> {
    recorder: Recorder<'a>,
    /// By participant.
    receipts: Vec<Receipts>,
    progress: Option<Progress>,
    output: &'a mut Output,
}

impl Observer for Watch<'_> {
    fn episode(&mut self, finished: &Finished, done: usize, planned: usize) -> Result<(), Error> {
        let progress = self
            .progress
            .get_or_insert_with(|| Progress::new("episodes", planned));
        progress.done(done, self.output);
        if let Some(exchange) = &finished.exchange {
            self.receipts[finished.unit.participant].count(&exchange.receipt);
        }
        self.recorder.episode(finished)
    }
}

/// The receipts that a policy's server gave.
#[derive(Debug, Clone, Default)]
struct Receipts {
    hold: u64,
    refused: u64,
    /// Why the first of the refused does not hold.
    reason: String,
}

impl Receipts {
    fn count(&mut self, note: &ReceiptNote) {
        match note {
            ReceiptNote::Absent => {}
            ReceiptNote::Holds(_) => self.hold += 1,
            ReceiptNote::Refused { reason, .. } => {
                if self.refused == 0 {
                    self.reason.clone_from(reason);
                }
                self.refused += 1;
            }
        }
    }

    fn tell(&self, name: &PolicyName, output: &mut Output) {
        if self.hold > 0 {
            output.note(format_args!("policy `{name}`: {} receipts hold", self.hold));
        }
        if self.refused > 0 {
            output.note(format_args!(
                "warning: policy `{name}`: {} receipts do not hold, the first one so: {}",
                self.refused, self.reason
            ));
        }
    }
}

/// What is printed.
struct Report<'a> {
    results: &'a Results,
    scoreboard: &'a Scoreboard,
    rule: Rule,
    out: &'a Path,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.results.settings;
        let out = self.out.display();
        // What most people want next stands first: it draws what the tables below say.
        writeln!(f, "\nReport       {out}/{REPORT_HTML}")?;
        writeln!(
            f,
            "\nSuccess rates in percent, with Wilson intervals at 95 %; {} episodes each, level {}\n",
            settings.episodes, settings.level
        )?;
        for table in success_tables(self.results) {
            writeln!(f, "{table}")?;
        }
        let temperature = settings.temperature;
        writeln!(
            f,
            "\nRule {}, scheme {}, temperature {temperature}; order is precedence\n",
            self.rule, settings.scheme
        )?;
        let name = |uid: u16| self.results.policies[usize::from(uid)].name.to_string();
        writeln!(f, "{}", leaderboard(self.scoreboard, name))?;
        if self.scoreboard.thresholds_lowered {
            writeln!(f, "\n{LOWERED}")?;
        }
        if self.scoreboard.awarded == 0 && !self.scoreboard.thresholds_lowered {
            writeln!(
                f,
                "\nNothing is awarded: {} episodes per environment may be too few to prove anything. `--evidence demo` lowers\n\
                 the thresholds for a demonstration.",
                settings.episodes
            )?;
        }
        if self.scoreboard.is_approximate {
            writeln!(f, "\n{ESTIMATED}")?;
        }
        if let Some(table) = wire_table(self.results) {
            writeln!(f, "\nAnswers of servers in milliseconds\n\n{table}")?;
        }
        writeln!(f)?;
        let mut policies = self.results.policies.iter();
        if policies.any(|policy| !policy.cameras.is_empty()) {
            writeln!(f, "Pictures     {out}/pictures/<environment>/<policy>.png")?;
        }
        writeln!(
            f,
            "Tables       {out}/results.json, results.csv, episodes.csv"
        )?;
        writeln!(
            f,
            "Transcripts  {out}/transcripts, checked by: kinitro replay {out}"
        )
    }
}
