//! Development tasks: `cargo xtask gen` writes the generated documents and the seeds of the fuzz corpus, `cargo xtask check`
//! checks the documents and the layers; `batch-digests`, `soak` and `probe` are what tests run in other builds, and people by hand.
//! `sheets` draws the contact sheets of the documentation, `cargo xtask-gl fidelity` compares all pictures with MuJoCo's renderer.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::{env, fs};

use anyhow::{Context as _, bail};
use kinitro_core::record::Level;
use kinitro_sim::metaworld::tasks::TASKS;
use kinitro_sim::physics::libm::{self, LibmMode};
use kinitro_sim::registry;
use kinitro_tests::soak::{self, Progress};
use kinitro_tests::{batches, experts, meshes, places, probe, seeds, sheets};

fn main() -> ExitCode {
    let task = env::args().nth(1);
    let done = match task.as_deref() {
        Some("gen") => generate(),
        Some("check") => check(),
        Some("batch-digests") => batch_digests(),
        Some("soak") => soaking(),
        Some("probe") => probing(),
        Some("sheets") => contact_sheets(),
        Some("fidelity") => fidelity(),
        _ => Err(anyhow::anyhow!(
            "usage: cargo xtask gen | check | batch-digests SHAPE… | soak [STEPS [THREADS]] | probe TRAINED HELD_OUT [TASK…] | sheets | fidelity"
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            #[expect(clippy::print_stderr, reason = "a development tool speaks to its user")]
            {
                eprintln!("error: {reason:#}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The generated documents: path below `docs/generated` and content.
fn documents() -> Vec<(&'static str, String)> {
    vec![
        ("environments.md", environments()),
        (
            "experts.md",
            experts::page(&experts::run(&[Level::None, Level::Seed, Level::Hard])),
        ),
    ]
}

fn environments() -> String {
    let mut page = "# Environments\n\nWritten by `cargo xtask gen`.\n\n| id | what happens | instruction | difficulty | steps |\n|---|---|---|---|---|\n".to_owned();
    for spec in registry::list() {
        let (id, summary, instruction) = (&spec.id, spec.summary, spec.instruction);
        let (difficulty, steps) = (spec.difficulty.unwrap_or("–"), spec.max_steps);
        writeln!(
            page,
            "| `{id}` | {summary} | {instruction} | {difficulty} | {steps} |"
        )
        .expect("writing to a string cannot fail");
    }
    page
}

/// Where the table of prepared meshes lies.
const MESHES: &str = "kinitro-sim/src/render/meshes.txt";

/// The table as this machine computes it, with the mathematics of evaluations.
fn mesh_table() -> anyhow::Result<String> {
    libm::init(LibmMode::Pinned)?;
    meshes::table(&places::models())
}

fn generate() -> anyhow::Result<()> {
    seeds::write()?;
    fs::write(places::workspace().join(MESHES), mesh_table()?).context(MESHES)?;
    let folder = places::workspace().join("docs/generated");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for (name, content) in documents() {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

fn check() -> anyhow::Result<()> {
    let mut faults = Vec::new();
    let meshes = fs::read_to_string(places::workspace().join(MESHES)).unwrap_or_default();
    if meshes != mesh_table()? {
        faults.push(format!(
            "`{MESHES}` is not what the models and the code say: run `cargo xtask gen`"
        ));
    }
    for (name, content) in documents() {
        let path = places::workspace().join("docs/generated").join(name);
        if fs::read_to_string(&path).unwrap_or_default() != content {
            faults.push(format!(
                "`docs/generated/{name}` is not what the code says: run `cargo xtask gen`"
            ));
        }
    }
    for door in DOORS {
        door.check(&mut faults)?;
    }
    for (package, allowed) in LAYERS {
        check_layer(package, allowed, &mut faults)?;
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

/// Prints what the environments of a batch do, in each of the shapes that are named: `16x2`, `mixedx8`, `1x1+images`.
fn batch_digests() -> anyhow::Result<()> {
    let shapes = env::args().skip(2);
    let listed: anyhow::Result<Vec<_>> = shapes
        .map(|shape| batches::digests(shape.parse()?))
        .collect();
    print(&serde_json::to_string(&listed?)?);
    Ok(())
}

/// How well a small regressor locates object and goal in pictures of the tasks that are named, or of all: a line of JSON each.
fn probing() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(2);
    let mut scenes = || -> anyhow::Result<u64> {
        let count = arguments.next().context("two numbers of scenes")?;
        Ok(count.parse()?)
    };
    let scenes = [scenes()?, scenes()?];
    let named: Vec<_> = arguments.collect();
    let tasks = TASKS
        .iter()
        .filter(|task| named.is_empty() || named.iter().any(|it| it == task.name));
    let rounds: Vec<_> = tasks
        .flat_map(|task| [Level::None, Level::Seed].map(|level| (*task, level)))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || -> anyhow::Result<()> {
        while let Some(&(task, level)) = rounds.get(next.fetch_add(1, Ordering::Relaxed)) {
            for finding in probe::try_task(task, level, &mut probe::Ours, scenes) {
                print(&serde_json::to_string(&finding)?);
            }
        }
        Ok(())
    };
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let mut results = workers.into_iter().map(ScopedJoinHandle::join);
        results.try_for_each(|result| result.expect("scenes can be drawn"))
    })
}

/// Two million steps on one thread, unless told otherwise.
fn soaking() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(2);
    let steps = arguments.next().map_or(Ok(2_000_000), |text| text.parse());
    let threads = arguments
        .next()
        .map_or(Ok(NonZeroUsize::MIN), |text| text.parse());
    let steps = steps.context("the number of steps")?;
    let threads = threads.context("the number of threads")?;
    soak::run(steps, threads, |progress| {
        let Progress {
            steps,
            resets,
            ended,
            memory,
        } = progress;
        let megabytes = memory as f64 / 1e6;
        print(&format!(
            "{steps:>9} steps, {resets:>6} random resets, {ended:>6} episodes to their end, {megabytes:.1} MB resident"
        ));
    })?;
    Ok(())
}

/// Draws `docs/images/scenes-<camera>.png`.
fn contact_sheets() -> anyhow::Result<()> {
    for (camera, sheet) in sheets::contact()? {
        write_picture(&format!("scenes-{camera}.png"), &sheet)?;
    }
    Ok(())
}

/// Writes `docs/generated/fidelity.md` and `docs/images/fidelity.png`.
#[cfg(feature = "gl")]
fn fidelity() -> anyhow::Result<()> {
    use kinitro_tests::fidelity::{Settings, all_cases, compare, page, shown_cases};

    let devices = kinitro_sim::physics::gl::devices()?;
    let settings = Settings {
        smooth: true,
        ..Settings::DEFAULT
    };
    let compared = compare(&all_cases(), &settings)?;
    let shown = compare(&shown_cases(&compared), &Settings::TO_SHOW)?;
    write_picture("fidelity.png", &sheets::beside(&shown, settings.size)?)?;
    let path = places::workspace().join("docs/generated/fidelity.md");
    fs::write(&path, page(&compared, &shown, &devices[0]))
        .with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(not(feature = "gl"))]
fn fidelity() -> anyhow::Result<()> {
    bail!("this task needs MuJoCo's renderer: `cargo xtask-gl fidelity`")
}

fn write_picture(name: &str, sheet: &sheets::Sheet) -> anyhow::Result<()> {
    let path = places::workspace().join("docs/images").join(name);
    let png = sheet.png()?;
    print(&format!("{}: {} KB", path.display(), png.len() / 1000));
    fs::write(&path, png).with_context(|| format!("cannot write `{}`", path.display()))
}

fn print(line: &str) {
    #[expect(clippy::print_stdout, reason = "a development tool speaks to its user")]
    {
        println!("{line}");
    }
}

/// Our own packages that a package may depend on.
const LAYERS: &[(&str, &[&str])] = &[
    ("kinitro-core", &[]),
    ("kinitro-sim", &["kinitro-core"]),
    ("kinitro-scoring", &["kinitro-core"]),
    ("kinitro-chain", &["kinitro-core"]),
    (
        "kinitro-cli",
        &[
            "kinitro-core",
            "kinitro-sim",
            "kinitro-scoring",
            "kinitro-chain",
        ],
    ),
    (
        "kinitro-py",
        &[
            "kinitro-core",
            "kinitro-sim",
            "kinitro-scoring",
            "kinitro-cli",
        ],
    ),
];

fn check_layer(package: &str, allowed: &[&str], faults: &mut Vec<String>) -> anyhow::Result<()> {
    let path = places::workspace().join(package).join("Cargo.toml");
    let manifest =
        fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    for line in manifest.lines() {
        let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
        if name.starts_with("kinitro-") && name != package && !allowed.contains(&name) {
            faults.push(format!("`{package}` must not depend on `{name}`"));
        }
    }
    Ok(())
}

/// A word that only some places may use.
struct Door {
    word: &'static str,
    allowed: &'static [&'static str],
}

const DOORS: &[Door] = &[
    Door {
        word: "mujoco_rs",
        allowed: &["kinitro-sim/src/physics/"],
    },
    Door {
        word: "unsafe ",
        allowed: &["kinitro-sim/src/physics/"],
    },
    Door {
        word: "pyo3",
        allowed: &["kinitro-py/src/"],
    },
    Door {
        word: "std::env::var",
        allowed: &["kinitro-cli/src/", "kinitro-py/src/", "tests/"],
    },
];

impl Door {
    fn check(&self, faults: &mut Vec<String>) -> anyhow::Result<()> {
        for package in [
            "kinitro-core",
            "kinitro-sim",
            "kinitro-scoring",
            "kinitro-chain",
            "kinitro-cli",
            "kinitro-py",
        ] {
            self.check_folder(&places::workspace().join(package).join("src"), faults)?;
        }
        Ok(())
    }

    fn check_folder(&self, folder: &Path, faults: &mut Vec<String>) -> anyhow::Result<()> {
        let entries =
            fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                self.check_folder(&path, faults)?;
                continue;
            }
            let shown = path
                .strip_prefix(places::workspace())?
                .to_string_lossy()
                .into_owned();
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            if !is_rust
                || shown.ends_with("/tests.rs")
                || self.allowed.iter().any(|place| shown.starts_with(place))
            {
                continue;
            }
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read `{shown}`"))?;
            // What only tests use is theirs; their modules close a file.
            let for_tests = |line: &&str| line.starts_with("#[cfg(") && line.contains("test");
            let uses =
                |line: &str| line.contains(self.word) && !line.trim_start().starts_with("//");
            if text.lines().take_while(|line| !for_tests(line)).any(uses) {
                faults.push(format!(
                    "`{shown}` uses `{}`, which belongs into {}",
                    self.word.trim(),
                    self.allowed.join(" or ")
                ));
            }
        }
        Ok(())
    }
}
