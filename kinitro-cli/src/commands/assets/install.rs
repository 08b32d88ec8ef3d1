//! `kinitro assets install`.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kinitro_sim::assets::{Asset, AssetPlaces};
use serde::Serialize;

use super::wheel::{WHEELS, Wheel};
use crate::commands::prepare_meshes::PreparedMeshes;
use crate::error::CliError;
use crate::launcher;
use crate::output::Output;
use crate::places::cache_folder;

/// Arguments of `kinitro assets install`.
#[derive(Debug, Args)]
pub struct InstallArgs {
    /// Take the wheel files from this folder instead of fetching them with pip.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Install again what is already there.
    #[arg(long)]
    force: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Installed {
    cache: PathBuf,
    new: Vec<&'static str>,
    kept: Vec<&'static str>,
    meshes: PreparedMeshes,
}

/// The same before the meshes are prepared.
struct Unpacked {
    cache: PathBuf,
    new: Vec<&'static str>,
    kept: Vec<&'static str>,
}

impl InstallArgs {
    /// Fetches what is missing, verifies it, and moves it into the cache in one step per asset; then has the engine prepare the
    /// meshes of all scenes.
    ///
    /// # Errors
    /// [`crate::error::Kind::MissingDependency`] without Python, pip or the engine; [`crate::error::Kind::Failed`] if fetching,
    /// verifying or writing fails. Of each asset the cache has the old or the new state then.
    pub fn run(&self, output: &mut Output) -> Result<(), CliError> {
        let Unpacked { cache, new, kept } = self.unpack()?;
        let meshes = prepare_meshes(&cache)?;
        output.print(&Installed {
            cache,
            new,
            kept,
            meshes,
        })
    }

    fn unpack(&self) -> Result<Unpacked, CliError> {
        let cache = cache_folder().ok_or_else(|| {
            CliError::missing(anyhow!("there is no folder for the cache"))
                .with_hint("set `XDG_CACHE_HOME` or `HOME`")
        })?;
        let mut report = Unpacked {
            cache,
            new: Vec::new(),
            kept: Vec::new(),
        };
        for wheel in &WHEELS {
            let target = wheel.asset.cache_folder(&report.cache);
            if !self.force && verify(wheel.asset, &target).is_ok() {
                report.kept.push(wheel.asset.name());
            } else {
                self.install(wheel, &report.cache, &target)?;
                report.new.push(wheel.asset.name());
            }
        }
        Ok(report)
    }

    fn install(&self, wheel: &Wheel, cache: &Path, target: &Path) -> Result<(), CliError> {
        let bar = ProgressBar::new_spinner();
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg} {bytes}")
                .expect("the template is a constant"),
        );
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        // Inside the cache, so that moving it to its place is one step.
        let work = fs::create_dir_all(cache)
            .and_then(|()| tempfile::tempdir_in(cache))
            .with_context(|| format!("cannot write to `{}`", cache.display()))?;
        let wheels = if let Some(folder) = &self.from {
            folder.as_path()
        } else {
            bar.set_message(format!("fetching {}", wheel.asset.name()));
            fetch(wheel, work.path())?;
            work.path()
        };
        bar.set_message(format!("unpacking {}", wheel.asset.name()));
        let unpacked = work.path().join("unpacked");
        wheel.unpack(wheels, &unpacked, |bytes| bar.set_position(bytes))?;
        verify(wheel.asset, &unpacked)?;
        replace(&unpacked, target, work.path())
            .with_context(|| format!("cannot write `{}`", target.display()))?;
        bar.finish_and_clear();
        Ok(())
    }
}

/// Has the engine prepare the meshes of the installed models; it shows its progress on standard error.
fn prepare_meshes(cache: &Path) -> Result<PreparedMeshes, CliError> {
    let places = AssetPlaces {
        cache: Some(cache.to_owned()),
        ..AssetPlaces::default()
    };
    let library = Asset::Library.find(&places)?;
    let models = Asset::Models.find(&places)?;
    let output = launcher::command(&library)?
        .args(["prepare-meshes", "--json", "--assets-dir"])
        .arg(models.path)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start the engine")?;
    if !output.status.success() {
        return Err(CliError::failed(anyhow!(
            "the engine cannot prepare the meshes"
        )));
    }
    serde_json::from_slice(&output.stdout)
        .context("the engine answers in another format")
        .map_err(CliError::failed)
}

fn verify(asset: Asset, folder: &Path) -> Result<(), kinitro_sim::Error> {
    asset.verify(&match asset {
        Asset::Library => folder.join(kinitro_sim::assets::LIBRARY_FILE),
        Asset::Models => folder.join("assets"),
    })
}

/// Puts `new` in the place of `target`; what was there goes with the working folder.
fn replace(new: &Path, target: &Path, work: &Path) -> std::io::Result<()> {
    if target.exists() {
        fs::rename(target, work.join("replaced"))?;
    }
    fs::rename(new, target)
}

/// Lets pip fetch the wheel into a folder, from whichever index the user has configured.
fn fetch(wheel: &Wheel, folder: &Path) -> Result<(), CliError> {
    let requirements = folder.join("requirements.txt");
    let pinned = format!("{} --hash=sha256:{}\n", wheel.requirement, wheel.sha256);
    fs::File::create(&requirements)
        .and_then(|mut file| file.write_all(pinned.as_bytes()))
        .with_context(|| format!("cannot write `{}`", requirements.display()))?;
    let hint = "install Python 3 with pip (Debian: `apt install python3-pip`), or fetch the wheel files elsewhere and use `--from DIR`";
    let output = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps"])
        .args(["--only-binary=:all:", "--platform=manylinux_2_28_x86_64"])
        .args([
            "--python-version=3.11",
            "--implementation=cp",
            "--abi=cp311",
        ])
        .args(["--disable-pip-version-check", "--require-hashes"])
        .arg("--dest")
        .arg(folder)
        .arg("--requirement")
        .arg(&requirements)
        .stdin(Stdio::null())
        .output()
        .map_err(|cause| {
            CliError::missing(anyhow!(cause).context("cannot run `python3`")).with_hint(hint)
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if said.contains("No module named pip") {
        return Err(CliError::missing(anyhow!("`python3` has no pip")).with_hint(hint));
    }
    Err(CliError::failed(
        anyhow!(said).context(format!("pip cannot fetch `{}`", wheel.file)),
    ))
}

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.new {
            writeln!(f, "{name}: installed")?;
        }
        for name in &self.kept {
            writeln!(f, "{name}: already there")?;
        }
        writeln!(f, "{}", self.meshes)?;
        write!(f, "in {}", self.cache.display())
    }
}
