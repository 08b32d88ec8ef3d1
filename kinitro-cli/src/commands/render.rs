//! `kinitro render`: one picture of a scene.

mod file;

use std::fmt;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::{Episode, EpisodeStart, Simulator, Status, View};
use kinitro_sim::physics::libm::LibmMode;
use kinitro_sim::registry;
use kinitro_sim::rollout;
use serde::Serialize;

use super::env::parse_env;
use super::shared;
use crate::args::Global;
use crate::engine::Engine;
use crate::error::CliError;
use crate::evaluate::BuiltIn;
use crate::output::Output;
use crate::painter::{Brush, BrushArgs, Painter, Painting};
use crate::places::Places;
use file::{Legend, Shape};

/// Arguments of `kinitro render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The environment, for example `metaworld/reach-v3` or `reach-v3`.
    #[arg(value_name = "ENV", value_parser = parse_env)]
    env: EnvId,
    /// Cameras, side by side: corner, corner2, corner3, corner4, topview, gripper, `behind_gripper`.
    #[arg(
        long = "camera",
        value_name = "LIST",
        default_value = "corner",
        value_delimiter = ','
    )]
    cameras: Vec<CameraName>,
    /// Size of each camera's picture, pixels: a side, or width × height as `640x480`; sides from 16 to 1024.
    #[arg(long, value_name = "N|WxH", default_value = "480", value_parser = shared::parse_size)]
    size: ImageSize,
    /// The file, `*.png` or `*.npy`; the environment's name as PNG in this folder if not given.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What of the scene: `rgb` (colors), `depth` (distances along the view) or `segmentation` (which object is where).
    #[arg(long, value_name = "LAYER", value_enum, default_value_t = What::Rgb, hide_possible_values = true)]
    what: What,
    /// Any number; the same one gives the same scenes as `evaluate --seed`.
    #[arg(long, short, default_value_t = 0)]
    seed: u64,
    /// Number of the episode whose scene is shown.
    #[arg(long, value_name = "N", default_value_t = 0)]
    episode: u64,
    /// How much varies between scenes: none (placement only), seed or hard; see `evaluate`.
    #[arg(long, default_value = "none", value_parser = shared::level())]
    level: Level,
    /// Control steps before the picture is taken, fewer if the episode ends before.
    #[arg(long, value_name = "N", default_value_t = 0)]
    steps: u16,
    /// Who acts in them: `expert`, `expert:noise=SIGMA`, `random` or `zero`.
    #[arg(long, value_name = "NAME", default_value = "expert")]
    policy: BuiltIn,
    #[command(flatten)]
    brush: BrushArgs,
}

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum What {
    /// Colors.
    Rgb,
    /// Meters along the view; as PNG 16 bits of millimeters, 0 where nothing is.
    Depth,
    /// The geom or site; as PNG a color each, which `--json` lists.
    Segmentation,
}

impl RenderArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// An unknown environment, a missing asset or OpenGL, a failure of the simulator, a file that cannot be written.
    pub fn run(&self, global: &Global, output: &mut Output) -> Result<(), CliError> {
        if !registry::ids().contains(&self.env) {
            let unknown = anyhow!("unknown environment `{}`", self.env);
            return Err(
                CliError::not_found(unknown).with_hint("`kinitro env list` shows what there is")
            );
        }
        let path = self.path();
        let shape = Shape::of(&path, self.size, self.cameras.len()).map_err(CliError::usage)?;
        self.brush.check()?;
        let engine = Engine::start(LibmMode::Pinned, &Places::from_environment(global).models)?;
        let shown = self.show(&engine)?;

        let paintings = &shown.paintings[..];
        let mut legend = None;
        let bytes = match self.what {
            What::Rgb => shape.colors(paintings),
            What::Depth => shape.depth(paintings),
            What::Segmentation => {
                let listed = legend.insert(Legend::of(paintings, shown.painter.scene()));
                shape.segmentation(paintings, listed)
            }
        };
        crate::env_check::write(&path, &bytes.map_err(CliError::failed)?)?;
        output.print(&Report {
            file: path.display().to_string(),
            env: self.env.to_string(),
            level: self.level.to_string(),
            seed: self.seed,
            episode: self.episode,
            step: shown.step,
            renderer: self.brush.renderer,
            what: self.what,
            cameras: self.cameras.iter().map(ToString::to_string).collect(),
            width: self.size.width(),
            height: self.size.height(),
            legend,
        })
    }

    fn path(&self) -> PathBuf {
        let given = self.out.clone();
        given.unwrap_or_else(|| PathBuf::from(format!("{}.png", self.env.name())))
    }

    /// Plays the episode up to the step that is asked for, and draws it there.
    fn show(&self, engine: &Engine) -> Result<Shown, CliError> {
        let mut simulator = Simulator::new(&self.env, &engine.models, &View::state_only())?;
        let index = EpisodeIndex(self.episode);
        let key = EpisodeKey::derive(&CycleSeed::from_local_seed(self.seed), &self.env, index);
        let start = EpisodeStart {
            miner_key: MinerKey::derive(&key, None),
            key,
            level: self.level,
        };
        let mut actor = self.policy.actor(&self.env)?;
        let mut painter = None;
        let mut paintings = Ok(Vec::new());
        let mut step = 0;
        rollout::run_watched(
            &mut simulator,
            &start,
            &mut actor.driver(),
            self.steps,
            |episode| {
                if episode.steps() == 0 {
                    painter = Some(self.prepare(episode, &start));
                }
                if episode.steps() == self.steps || episode.status() != Status::Running {
                    step = episode.steps();
                    if let Some(Ok(painter)) = &mut painter {
                        paintings = self.paint(painter, episode);
                    }
                }
            },
        )?;
        Ok(Shown {
            step,
            painter: painter.ok_or_else(|| anyhow!("the episode has no first step"))??,
            paintings: paintings?,
        })
    }

    fn prepare(
        &self,
        episode: &Episode<'_>,
        start: &EpisodeStart,
    ) -> Result<Painter, kinitro_sim::Error> {
        let mut painter = Painter::new(&self.brush, episode.environment())?;
        painter.dress(episode.environment(), start)?;
        Ok(painter)
    }

    fn paint(
        &self,
        painter: &mut Painter,
        episode: &Episode<'_>,
    ) -> Result<Vec<Painting>, kinitro_sim::Error> {
        let layers = self.what != What::Rgb;
        let paint = |&camera| painter.paint(episode, camera, self.size, layers);
        self.cameras.iter().map(paint).collect()
    }
}

/// A scene and its pictures, in the order of the cameras.
struct Shown {
    step: u16,
    painter: Painter,
    paintings: Vec<Painting>,
}

#[derive(Debug, Serialize)]
struct Report {
    file: String,
    env: String,
    level: String,
    seed: u64,
    episode: u64,
    /// Control steps before the picture.
    step: u16,
    renderer: Brush,
    what: What,
    cameras: Vec<String>,
    /// Of one camera's picture.
    width: u32,
    height: u32,
    /// What the numbers and colors of a segmentation stand for.
    legend: Option<Legend>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} from {}, {} × {} pixels, level {}, seed {}, episode {}, step {}",
            self.file,
            self.env,
            self.cameras.join(", "),
            self.width,
            self.height,
            self.level,
            self.seed,
            self.episode,
            self.step
        )?;
        match &self.legend {
            Some(legend) => write!(f, "\n{legend}"),
            None => Ok(()),
        }
    }
}
