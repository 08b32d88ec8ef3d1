//! How close our pictures come to MuJoCo's own renderer, over the tasks, their cameras and the course of experts' episodes.

mod page;

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, anyhow};
use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::env::Environment;
use kinitro_sim::episode::{EpisodeStart, Simulator, View as Seen};
use kinitro_sim::metaworld::experts::expert;
use kinitro_sim::physics::gl::{GlOptions, GlRenderer};
use kinitro_sim::registry;
use kinitro_sim::render::camera::{Orientation, View};
use kinitro_sim::render::scene::{SceneModel, ScenePoses};
use kinitro_sim::render::{Renderer, Shot};
use kinitro_sim::rollout::{self, Driver, ExpertTeacher};

use crate::places;

pub use page::page;

/// The cameras whose pictures are compared.
pub const CAMERAS: [CameraName; 4] = [
    CameraName::Corner,
    CameraName::Corner2,
    CameraName::Gripper,
    CameraName::Topview,
];
/// States per episode: the first, the last, and three between them, evenly spread.
pub const STATES: usize = 5;
/// Least share of pixels on which both renderers agree, over the pictures of a task by a camera.
pub const LEAST_AGREEMENT: f64 = 0.99;
/// The same of a single picture: an edge that runs along a row of pixels may be a row off.
pub const LEAST_OF_PICTURE: f64 = 0.98;
/// Largest mean absolute difference of the colors of a picture, in steps of 1/255.
pub const LARGEST_ERROR: f64 = 8.0;

/// Of two surfaces that are nearer to each other than this along the view, rounding decides which one is seen. Meters.
///
/// The table of some models has parts that lie in one plane with it; and depths of both renderers differ by up to 0.8 mm on 99 % of
/// the pixels that show the same object.
const TIE: f32 = 1e-3;

/// One picture to compare: of a task, by a camera, at a state of the episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// The camera.
    pub camera: CameraName,
    /// The state, from 0 to [`STATES`] − 1.
    pub state: usize,
}

/// Something wrong on purpose, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The picture stands on its head.
    Turned,
    /// The camera is 2 cm off.
    Shifted,
    /// Surfaces have no textures.
    Untextured,
    /// Nothing casts a shadow.
    Unshadowed,
}

/// How pictures are compared.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Width and height.
    pub size: ImageSize,
    /// Whether to compare also with four samples per pixel, as MuJoCo draws by default.
    pub smooth: bool,
    /// Whether pictures are kept.
    pub keep: bool,
    /// What is wrong with ours.
    pub sabotage: Option<Sabotage>,
}

impl Settings {
    /// The size that policies see by default, one sample per pixel.
    pub const DEFAULT: Self = Self {
        size: ImageSize::DEFAULT,
        smooth: false,
        keep: false,
        sabotage: None,
    };

    /// For pictures to look at.
    pub const TO_SHOW: Self = Self {
        keep: true,
        ..Self::DEFAULT
    };
}

/// What a comparison came to.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The task.
    pub env: EnvId,
    /// Camera and state.
    pub case: Case,
    /// Control steps before the state.
    pub step: u16,
    /// Share of pixels that show the same geom or site, or two whose surfaces coincide.
    pub agreement: f64,
    /// Share of pixels that show the same geom or site.
    pub exact: f64,
    /// Mean absolute difference of the colors, in steps of 1/255.
    pub error: f64,
    /// The same against four samples per pixel, if that was asked for.
    pub smooth_error: Option<f64>,
    /// Our picture and MuJoCo's, `[height, width, 3]`; empty unless they are kept.
    pub pictures: [Vec<u8>; 2],
}

impl Comparison {
    /// Whether the picture alone is as close as all of a scene must be together.
    pub fn holds(&self) -> bool {
        self.agreement >= LEAST_AGREEMENT && self.error <= LARGEST_ERROR
    }

    /// Task, camera and step.
    pub fn label(&self) -> String {
        let (task, camera, step) = (self.env.name(), self.case.camera, self.step);
        format!("{task} {camera} step {step}")
    }
}

/// All tasks, cameras and states.
pub fn all_cases() -> Vec<(EnvId, Vec<Case>)> {
    let cases: Vec<Case> = CAMERAS
        .into_iter()
        .flat_map(|camera| (0..STATES).map(move |state| Case { camera, state }))
        .collect();
    registry::ids()
        .into_iter()
        .map(|env| (env, cases.clone()))
        .collect()
}

/// A sample that takes turns: every task once, every pair of camera and state at least twice.
pub fn sampled_cases() -> Vec<(EnvId, Vec<Case>)> {
    let mut cases = all_cases();
    for (task, (_, cases)) in cases.iter_mut().enumerate() {
        let case = cases[(task * 7) % cases.len()];
        *cases = vec![case];
    }
    cases
}

/// What is worth looking at: the picture with the lowest agreement and the one with the largest error of each camera, then others
/// evenly over the tasks, twelve in all.
pub fn shown_cases(compared: &[Comparison]) -> Vec<(EnvId, Vec<Case>)> {
    const SHOWN: usize = 12;
    let mut shown: Vec<&Comparison> = Vec::new();
    for camera in CAMERAS {
        let of_camera = || compared.iter().filter(|one| one.case.camera == camera);
        shown.extend(of_camera().min_by(|a, b| a.agreement.total_cmp(&b.agreement)));
        shown.extend(of_camera().max_by(|a, b| a.error.total_cmp(&b.error)));
    }
    let spread = (0..SHOWN).map(|index| &compared[index * compared.len() / SHOWN]);
    for comparison in spread {
        if shown.len() < SHOWN {
            shown.push(comparison);
        }
    }
    let cases = shown.iter().map(|one| (one.env.clone(), vec![one.case]));
    cases.collect()
}

/// Draws and compares; tasks are shared out among all cores. The result is in the order of the cases.
///
/// # Errors
/// If a model cannot be compiled, simulated or drawn; [`kinitro_sim::Error::GlUnavailable`] where there is no OpenGL.
pub fn compare(
    cases: &[(EnvId, Vec<Case>)],
    settings: &Settings,
) -> anyhow::Result<Vec<Comparison>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || -> anyhow::Result<()> {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((env, cases)) = cases.get(index) else {
                return Ok(());
            };
            let compared = of_task(env, cases, settings).with_context(|| env.to_string())?;
            let mut done = done.lock().map_err(|_| anyhow!("another thread failed"))?;
            done.push((index, compared));
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let results = workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| anyhow!("a thread panicked"))?);
        results.collect::<anyhow::Result<Vec<()>>>()
    })?;
    let mut done = done
        .into_inner()
        .map_err(|_| anyhow!("a thread panicked"))?;
    done.sort_by_key(|(index, _)| *index);
    Ok(done
        .into_iter()
        .flat_map(|(_, compared)| compared)
        .collect())
}

fn of_task(env: &EnvId, cases: &[Case], settings: &Settings) -> anyhow::Result<Vec<Comparison>> {
    let mut simulator = Simulator::new(env, &places::models(), &Seen::state_only())?;
    let key = EpisodeKey::derive(&CycleSeed::from_local_seed(0), env, EpisodeIndex(0));
    let start = EpisodeStart {
        miner_key: MinerKey::derive(&key, None),
        key,
        level: Level::None,
    };
    let expert = expert(env.name()).context("no expert")?;
    let mut teacher = ExpertTeacher::new(expert, 0.0);
    // Where the states are is known once the episode has been played.
    let record = rollout::run(
        &mut simulator,
        &start,
        &mut Driver::Teacher(&mut teacher),
        |_, _| (),
    )?;
    let step_of =
        |state: usize| u16::try_from(state * usize::from(record.steps) / (STATES - 1)).ok();

    let mut pair: Option<Pair> = None;
    let mut compared = Ok(Vec::new());
    rollout::run_watched(
        &mut simulator,
        &start,
        &mut Driver::Teacher(&mut teacher),
        u16::MAX,
        |episode| {
            for &case in cases {
                if step_of(case.state) != Some(episode.steps()) {
                    continue;
                }
                if let Ok(list) = &mut compared {
                    let comparison = Pair::get(&mut pair, episode.environment(), settings)
                        .and_then(|pair| {
                            pair.compare(
                                env,
                                case,
                                episode.steps(),
                                episode.environment(),
                                settings,
                            )
                        });
                    match comparison {
                        Ok(comparison) => list.push(comparison),
                        Err(reason) => compared = Err(reason),
                    }
                }
            }
        },
    )?;
    compared
}

/// Both renderers of one task.
struct Pair {
    scene: SceneModel,
    ours: Renderer,
    gl: GlRenderer,
    smooth: Option<GlRenderer>,
}

/// Colors, what is seen where, and how far away it is.
struct Drawn {
    rgb: Vec<u8>,
    ids: Vec<[i32; 2]>,
    depth: Vec<f32>,
}

impl Drawn {
    fn shows_the_same(&self, other: &Self, pixel: usize) -> bool {
        self.ids[pixel] == other.ids[pixel]
    }

    fn agrees(&self, other: &Self, pixel: usize) -> bool {
        // Where one of them sees nothing its distance is infinite, and the difference no number below the limit.
        self.shows_the_same(other, pixel) || (self.depth[pixel] - other.depth[pixel]).abs() < TIE
    }
}

impl Pair {
    fn get<'a>(
        made: &'a mut Option<Self>,
        environment: &dyn Environment,
        settings: &Settings,
    ) -> anyhow::Result<&'a mut Self> {
        if made.is_none() {
            // Ours mirrors nothing.
            let sharp = GlOptions {
                reflections: false,
                samples: 1,
                ..GlOptions::default()
            };
            let smooth = GlOptions {
                samples: 4,
                ..sharp
            };
            let physics = environment.physics();
            *made = Some(Self {
                scene: environment.scene_model()?,
                ours: Renderer::new(),
                gl: GlRenderer::new(physics, sharp)?,
                smooth: settings
                    .smooth
                    .then(|| GlRenderer::new(physics, smooth))
                    .transpose()?,
            });
        }
        made.as_mut().context("made above")
    }

    fn compare(
        &mut self,
        env: &EnvId,
        case: Case,
        step: u16,
        environment: &dyn Environment,
        settings: &Settings,
    ) -> anyhow::Result<Comparison> {
        let view = View::of(&self.scene, case.camera)?;
        let ours = self.ours(view, environment, settings)?;
        let theirs = drawn(settings.size, view, true, |shot| {
            let markers = environment.moved_markers();
            self.gl
                .render(&self.scene, environment.physics(), markers, shot)
        })?;
        let smooth = self.smooth.as_mut().map(|gl| {
            drawn(settings.size, view, false, |shot| {
                gl.render(
                    &self.scene,
                    environment.physics(),
                    environment.moved_markers(),
                    shot,
                )
            })
        });
        let smooth = smooth.transpose()?;
        let share = |agree: &dyn Fn(usize) -> bool| {
            let pixels = ours.ids.len();
            (0..pixels).filter(|&pixel| agree(pixel)).count() as f64 / pixels as f64
        };
        Ok(Comparison {
            env: env.clone(),
            case,
            step,
            agreement: share(&|pixel| ours.agrees(&theirs, pixel)),
            exact: share(&|pixel| ours.shows_the_same(&theirs, pixel)),
            error: difference(&ours.rgb, &theirs.rgb),
            smooth_error: smooth.map(|smooth| difference(&ours.rgb, &smooth.rgb)),
            pictures: if settings.keep {
                [ours.rgb, theirs.rgb]
            } else {
                [Vec::new(), Vec::new()]
            },
        })
    }

    fn ours(
        &mut self,
        mut view: View,
        environment: &dyn Environment,
        settings: &Settings,
    ) -> anyhow::Result<Drawn> {
        let mut scene = self.scene.clone();
        let mut poses = ScenePoses::default();
        environment
            .physics()
            .write_scene_poses(&scene, environment.moved_markers(), &mut poses);
        match settings.sabotage {
            None => {}
            Some(Sabotage::Turned) => {
                view.orientation = match view.orientation {
                    Orientation::AsMounted => Orientation::Turned,
                    Orientation::Turned => Orientation::AsMounted,
                };
            }
            Some(Sabotage::Shifted) => poses.cameras[view.camera].position[0] += 0.02,
            Some(Sabotage::Untextured) => {
                for object in &mut scene.objects {
                    object.material.texture = None;
                }
            }
            Some(Sabotage::Unshadowed) => {
                for light in &mut scene.lights {
                    light.casts_shadow = false;
                }
            }
        }
        Ok(drawn(settings.size, view, true, |shot| {
            self.ours.render(&scene, &poses, shot).map(drop)
        })?)
    }
}

fn drawn(
    size: ImageSize,
    view: View,
    layers: bool,
    render: impl FnOnce(&mut Shot<'_>) -> Result<(), kinitro_sim::Error>,
) -> Result<Drawn, kinitro_sim::Error> {
    let mut drawn = Drawn {
        rgb: vec![0; size.rgb_len()],
        ids: vec![[-1; 2]; size.rgb_len() / 3],
        depth: vec![f32::INFINITY; size.rgb_len() / 3],
    };
    let mut shot = Shot::rgb(view, size, &mut drawn.rgb);
    if layers {
        shot.segmentation = Some(&mut drawn.ids);
        shot.depth = Some(&mut drawn.depth);
    }
    render(&mut shot)?;
    Ok(drawn)
}

/// Mean absolute difference.
fn difference(one: &[u8], other: &[u8]) -> f64 {
    let sum: u64 = one
        .iter()
        .zip(other)
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / one.len().max(1) as f64
}

/// The agreement of every task by every camera, over its pictures.
pub fn agreement_of_scenes(comparisons: &[Comparison]) -> Vec<(String, f64)> {
    let tasks = comparisons.chunk_by(|a, b| a.env == b.env);
    let scenes = tasks.flat_map(|of_task| {
        CAMERAS.into_iter().filter_map(move |camera| {
            let pictures = of_task.iter().filter(|one| one.case.camera == camera);
            let shares: Vec<f64> = pictures.map(|one| one.agreement).collect();
            let label = format!("{} {camera}", of_task[0].env.name());
            (!shares.is_empty()).then(|| (label, shares.iter().sum::<f64>() / shares.len() as f64))
        })
    });
    scenes.collect()
}

/// The picture with the lowest agreement and the one with the largest error.
pub fn worst(comparisons: &[Comparison]) -> Option<[&Comparison; 2]> {
    let agreement = comparisons
        .iter()
        .min_by(|a, b| a.agreement.total_cmp(&b.agreement))?;
    let error = comparisons
        .iter()
        .max_by(|a, b| a.error.total_cmp(&b.error))?;
    Some([agreement, error])
}
