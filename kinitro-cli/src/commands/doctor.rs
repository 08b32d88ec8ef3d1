//! `kinitro doctor`: whether this machine can evaluate, and what to do if not.

use std::env::consts::{ARCH, OS};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use kinitro_sim::assets::{Asset, AssetPlaces, Found};
use kinitro_sim::render::store::{Holding, MeshStore};
use serde::Serialize;

use super::engine_check::EngineReport;
use crate::args::Global;
use crate::error::CliError;
use crate::launcher;
use crate::output::Output;
use crate::places::{Places, cache_folder};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// Evaluation works, something else does not.
    Warn,
    /// Evaluation cannot work.
    Fail,
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    /// What was found.
    detail: String,
    /// What to do about it.
    fix: Option<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    checks: Vec<Check>,
    can_evaluate: bool,
}

/// Runs all checks and prints them.
///
/// # Errors
/// [`crate::error::Kind::MissingDependency`] if this machine cannot evaluate as it is.
pub fn run(global: &Global, output: &mut Output) -> Result<(), CliError> {
    let places = Places::from_environment(global);
    let library = Asset::Library.find(&places.library);
    let checks = vec![
        platform(),
        asset("MuJoCo library", &library),
        engine(library.ok().as_ref()),
        asset("models", &Asset::Models.find(&places.models)),
        oracle(&places.models),
        cache(),
        meshes(),
    ];
    let can_evaluate = checks.iter().all(|check| check.verdict != Verdict::Fail);
    output.print(&Report {
        checks,
        can_evaluate,
    })?;
    if can_evaluate {
        Ok(())
    } else {
        Err(CliError::missing(anyhow!(
            "this machine cannot evaluate yet"
        )))
    }
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            name,
            verdict,
            detail: detail.into(),
            fix: None,
        }
    }

    fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

fn platform() -> Check {
    let detail = format!("{ARCH} {OS}");
    if (ARCH, OS) == ("x86_64", "linux") {
        Check::new("platform", Verdict::Ok, detail)
    } else {
        Check::new("platform", Verdict::Fail, detail).with_fix(
            "scores are computed on x86-64 Linux; other platforms cannot pin the mathematics yet",
        )
    }
}

fn asset(name: &'static str, found: &Result<Found, kinitro_sim::Error>) -> Check {
    match found {
        Ok(found) => Check::new(name, Verdict::Ok, found.path.display().to_string()),
        Err(error) => Check::new(name, Verdict::Fail, error.to_string())
            .with_fix("run `kinitro assets install`"),
    }
}

/// Starts the engine with the library, which pins the mathematics and checks it.
fn engine(library: Option<&Found>) -> Check {
    let name = "engine";
    let Some(library) = library else {
        return Check::new(name, Verdict::Fail, "not tried without the library")
            .with_fix("run `kinitro assets install`");
    };
    match ask_engine(library) {
        Ok(report) => Check::new(
            name,
            Verdict::Ok,
            format!("mathematics pinned to libm {}", report.libm),
        ),
        Err(error) => Check::new(name, Verdict::Fail, format!("{error:#}"))
            .with_fix("install `kinitro` and `kinitro-engine` of one build, in one folder"),
    }
}

fn ask_engine(library: &Found) -> anyhow::Result<EngineReport> {
    let mut engine = launcher::command(library).map_err(|error| anyhow!("{error}"))?;
    let output = engine
        .args(["engine-check", "--json"])
        .output()
        .context("cannot start it")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("it answers in another format")
}

/// The Python packages that `kinitro env parity` compares with.
fn oracle(places: &AssetPlaces) -> Check {
    let name = "Python oracle";
    let has = |folder: &Path, package: &str| folder.join(package).is_dir();
    let complete = places.site_packages.iter().find(|folder| {
        ["mujoco", "metaworld", "gymnasium", "numpy", "scipy"]
            .iter()
            .all(|package| has(folder, package))
    });
    match complete {
        Some(folder) => Check::new(name, Verdict::Ok, folder.display().to_string()),
        None => Check::new(
            name,
            Verdict::Warn,
            "Meta-World and its needs are not installed",
        )
        .with_fix("only `kinitro env parity` needs them: run `deploy/bootstrap.sh` in a checkout"),
    }
}

fn cache() -> Check {
    let name = "cache";
    let Some(folder) = cache_folder() else {
        return Check::new(
            name,
            Verdict::Warn,
            "neither `XDG_CACHE_HOME` nor `HOME` is set",
        )
        .with_fix("set one of them to use `kinitro assets install`");
    };
    let detail = folder.display().to_string();
    match tempfile::tempdir_in(existing(&folder)) {
        Ok(_) => Check::new(name, Verdict::Ok, detail),
        Err(error) => Check::new(name, Verdict::Warn, format!("{detail}: {error}"))
            .with_fix("make it writable, or set `XDG_CACHE_HOME` to a folder that is"),
    }
}

/// What the cache holds of prepared meshes. Without them the first episodes begin later, that is all.
fn meshes() -> Check {
    let name = "prepared meshes";
    let Holding {
        ready,
        missing,
        unusable,
    } = MeshStore::in_cache(cache_folder().as_deref()).holding();
    let all = ready + missing + unusable;
    if unusable > 0 {
        let detail = format!("{unusable} of {all} are damaged, and made anew when they are needed");
        return Check::new(name, Verdict::Warn, detail).with_fix("run `kinitro assets install`");
    }
    Check::new(name, Verdict::Ok, format!("{ready} of {all}"))
}

/// The nearest folder above that exists: the rest would be made in it.
fn existing(folder: &Path) -> PathBuf {
    let mut above = folder.ancestors();
    above
        .find(|folder| folder.is_dir())
        .map_or_else(|| PathBuf::from("/"), Path::to_owned)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let verdict = match check.verdict {
                Verdict::Ok => "ok",
                Verdict::Warn => "warn",
                Verdict::Fail => "fail",
            };
            writeln!(f, "{verdict:<5} {:<15} {}", check.name, check.detail)?;
            if let Some(fix) = &check.fix {
                writeln!(f, "{:<21} fix: {fix}", "")?;
            }
        }
        Ok(())
    }
}
