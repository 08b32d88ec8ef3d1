//! `kinitro evaluate`: policies on the same scenes, scored into weights.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use kinitro_core::groups::EnvSelection;
use kinitro_core::protocol::results::Results;
use kinitro_core::record::Level;
use kinitro_sim::physics::libm::LibmMode;
use kinitro_sim::registry;

use super::shared::{self, SceneArgs, ScoringArgs, ViewArgs};
use crate::args::Global;
use crate::engine::Engine;
use crate::error::CliError;
use crate::evaluate::output::{
    Folder, Occupied, REPORT_HTML, Recorder, identity, leaderboard, results, success_tables,
};
use crate::evaluate::{self, Error, Finished, NamedPolicy, Observer, Settings};
use crate::output::Output;
use crate::places::Places;
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
  Their order is their precedence: of two equally good policies the first is paid.
  The rule's baselines `zero` and `random` always run on the same scenes.

EXAMPLE:
  kinitro evaluate --policy teacher=expert --policy shaky=expert:noise=0.5 --episodes 10")]
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
    /// How much varies between scenes: none (placement only) or seed (also physics and start noise).
    #[arg(long, default_value = "seed", value_parser = shared::level())]
    level: Level,
    /// Worker threads; results do not depend on it [default: one per core].
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
}

impl EvaluateArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// Bad arguments, a missing asset, an unwritable folder, or a failure of the simulator.
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
        let mut watch = Watch {
            recorder: Recorder::new(folder, &settings, identity.clone()),
            progress: None,
            output,
        };
        let verdicts = evaluate::run(&settings, &engine.models, &mut watch)?;
        let Watch {
            recorder,
            progress,
            output,
        } = watch;
        drop(progress);
        let scoreboard = evaluate::score(&settings, &verdicts)?;
        let results = results(&settings, &identity, &verdicts, &scoreboard);
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
            scoring: self.scoring.settings(),
            jobs: shared::jobs(self.jobs),
        };
        settings.validate()?;
        Ok(settings)
    }
}

/// Records episodes and shows progress.
struct Watch<'a> {
    recorder: Recorder<'a>,
    progress: Option<Progress>,
    output: &'a mut Output,
}

impl Observer for Watch<'_> {
    fn episode(&mut self, finished: &Finished, done: usize, planned: usize) -> Result<(), Error> {
        let progress = self
            .progress
            .get_or_insert_with(|| Progress::new("episodes", planned));
        progress.done(done, self.output);
        self.recorder.episode(finished)
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
        let out = self.out.display();
        writeln!(f, "\nReport       {out}/{REPORT_HTML}")?;
        if !settings.cameras.is_empty() {
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
