//! Whether the rasterizer sees the same objects as MuJoCo's own renderer.
//!
//! [`capture`] runs every task and draws pictures; [`compare`] has `oracle/segmentation.py` draw the same states through
//! OpenGL and counts the pixels that show the same geom or site.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::units::ImageSize;
use kinitro_sim::metaworld::env::SawyerEnv;
use kinitro_sim::metaworld::tasks::TASKS;
use kinitro_sim::physics::Physics;
use kinitro_sim::physics::handles::SiteId;
use kinitro_sim::physics::visual::SiteOverride;
use kinitro_sim::render::camera::{Orientation, View};
use kinitro_sim::render::scene::{ObjectId, SceneModel, ScenePoses};
use kinitro_sim::render::{Renderer, Shot};
use serde_json::{Value, json};

/// What each object number of a site starts from, as in the script.
const SITE_BASE: i32 = 10_000;
const CAMERAS: [CameraName; 2] = [CameraName::Corner, CameraName::Gripper];
const HIDDEN_SITES: [&str; 2] = ["rightEndEffector", "leftEndEffector"];
const STATES_PER_TASK: usize = 5;
const STEPS_BETWEEN_STATES: usize = 12;
/// The marker that is moved in the second to last state, and hidden in the last.
const MARKER: &str = "goal";

/// A picture of ours, and the state that it shows.
#[derive(Debug)]
pub struct Capture {
    /// Task, camera and number of the state.
    pub label: String,
    /// The task alone.
    pub task: &'static str,
    /// Width and height.
    pub size: ImageSize,
    /// Colors, `[height, width, 3]`.
    pub rgb: Vec<u8>,
    /// Object per pixel, numbered as in the script.
    pub objects: Vec<i32>,
    state: Value,
}

/// How far two pictures of the same state agree.
#[derive(Debug)]
pub struct Agreement {
    /// Task, camera and number of the state.
    pub label: String,
    /// The task alone.
    pub task: &'static str,
    /// Share of pixels that show the same object.
    pub share: f64,
}

/// Draws every task in five states through both default cameras. `model_dir` is Meta-World's folder `assets/sawyer_xyz`.
///
/// # Errors
/// If a model cannot be loaded or drawn.
pub fn capture(model_dir: &Path, size: ImageSize) -> anyhow::Result<Vec<Capture>> {
    let mut captures = Vec::new();
    let mut renderer = Renderer::new();
    for task in TASKS {
        let mut env = SawyerEnv::new(model_dir, task)?;
        let mut scene = env.physics().scene_model()?;
        for name in HIDDEN_SITES {
            scene.set_visible(name, false);
        }
        let middle: Vec<f64> = task
            .draw
            .low
            .iter()
            .zip(task.draw.high)
            .map(|(low, high)| 0.5 * (low + high))
            .collect();
        env.reset_parity(&middle)?;
        for index in 0..STATES_PER_TASK {
            // A path that passes over the table and closes the gripper on the way.
            let direction = [
                [0.6, 0.4, -0.8],
                [-1.0, 0.7, 0.3],
                [0.9, -0.3, -0.6],
                [-0.2, 0.5, 0.9],
            ][index % 4];
            let grip = if index % 2 == 0 { -1.0 } else { 1.0 };
            for _ in 0..STEPS_BETWEEN_STATES {
                env.step([direction[0], direction[1], direction[2], grip])?;
            }
            env.physics_mut().forward_kinematics();
            let physics = env.physics();
            let overrides = marker_override(physics, index);
            for camera in CAMERAS {
                let label = format!("{}-{camera}-{index}", task.name);
                let state = state(physics, &model_dir.join(task.model), &overrides);
                captures.push(draw(
                    &mut renderer,
                    physics,
                    &scene,
                    (camera, size),
                    (label, task.name),
                    state,
                    &overrides,
                )?);
            }
        }
    }
    Ok(captures)
}

/// The marker moved in the second to last state and hidden in the last; some scenes have none.
fn marker_override(physics: &Physics, index: usize) -> Vec<SiteOverride> {
    let Ok(site) = physics.site(MARKER) else {
        return Vec::new();
    };
    let [x, y, z] = physics.site_position(site);
    match STATES_PER_TASK - index {
        2 => vec![SiteOverride {
            site,
            position: Some([x + 0.05, y - 0.1, z + 0.08]),
            visible: true,
        }],
        1 => vec![SiteOverride {
            site,
            position: None,
            visible: false,
        }],
        _ => Vec::new(),
    }
}

/// Everything that decides what is where, for the script.
fn state(physics: &Physics, model: &Path, overrides: &[SiteOverride]) -> Value {
    let moved = overrides
        .iter()
        .filter_map(|entry| Some((MARKER.to_owned(), json!(entry.position?))));
    let hidden = overrides
        .iter()
        .filter(|entry| !entry.visible)
        .map(|_| MARKER);
    let sites: Vec<SiteId> = physics.sites().collect();
    json!({
        "model": model,
        "qpos": physics.qpos(),
        "mocap_pos": physics.mocap_position(),
        "mocap_quat": physics.mocap_quaternion(),
        "body_pos": physics.bodies().map(|body| physics.model_body_position(body)).collect::<Vec<_>>(),
        "site_pos": sites.iter().map(|&site| physics.model_site_position(site)).collect::<Vec<_>>(),
        "site_xpos": Value::Object(moved.collect()),
        "hidden_sites": HIDDEN_SITES.into_iter().chain(hidden).collect::<Vec<_>>(),
    })
}

fn draw(
    renderer: &mut Renderer,
    physics: &Physics,
    scene: &SceneModel,
    (camera, size): (CameraName, ImageSize),
    (label, task): (String, &'static str),
    mut state: Value,
    overrides: &[SiteOverride],
) -> anyhow::Result<Capture> {
    let mut poses = ScenePoses::default();
    physics.write_scene_poses(scene, overrides, &mut poses);
    let view = View::of(scene, camera)?;
    let mut rgb = vec![0; size.rgb_len()];
    let layers = renderer.render(
        scene,
        &poses,
        &mut Shot {
            view,
            size,
            rgb: &mut rgb,
        },
    )?;
    let (width, height) = (size.width() as usize, size.height() as usize);
    let pixels = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
    let objects = pixels
        .map(|(column, row)| number(layers.object(column, row)))
        .collect();
    state["label"] = json!(label);
    state["camera"] = json!(scene.cameras[view.camera].name);
    state["turned"] = json!(view.orientation == Orientation::Turned);
    state["width"] = json!(width);
    state["height"] = json!(height);
    Ok(Capture {
        label,
        task,
        size,
        rgb,
        objects,
        state,
    })
}

fn number(object: Option<ObjectId>) -> i32 {
    match object {
        None => -1,
        Some(ObjectId::Geom(index)) => i32::from(index),
        Some(ObjectId::Site(index)) => SITE_BASE + i32::from(index),
    }
}

/// Draws the same states with MuJoCo's renderer, in a Python process, and compares. `folder` receives the exchanged files;
/// `colors` has the script leave its colors there too, as `LABEL.rgb`.
///
/// # Errors
/// If Python, the package `mujoco` or its renderer does not work.
pub fn compare(
    captures: &[Capture],
    python: &Path,
    folder: &Path,
    colors: bool,
) -> anyhow::Result<Vec<Agreement>> {
    let (states, ids) = (folder.join("states.json"), folder.join("ids.bin"));
    let list: Vec<_> = captures.iter().map(|capture| &capture.state).collect();
    std::fs::write(&states, serde_json::to_vec(&list)?)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/segmentation.py");
    let mut command = Command::new(python);
    command.arg(script).arg(&states).arg(&ids);
    if colors {
        command.arg(folder);
    }
    let output = command
        .output()
        .with_context(|| format!("cannot start `{}`", python.display()))?;
    ensure!(
        output.status.success(),
        "the script failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );

    let bytes = std::fs::read(&ids)?;
    let theirs: Vec<i32> = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&number| i32::from_le_bytes(number))
        .collect();
    let expected: usize = captures.iter().map(|capture| capture.objects.len()).sum();
    ensure!(
        theirs.len() == expected,
        "the script drew {} pixels instead of {expected}",
        theirs.len()
    );
    let mut rest = &theirs[..];
    let mut agreements = Vec::new();
    for capture in captures {
        let (picture, later) = rest.split_at(capture.objects.len());
        rest = later;
        let equal = picture
            .iter()
            .zip(&capture.objects)
            .filter(|(theirs, ours)| theirs == ours)
            .count();
        let share = equal as f64 / picture.len() as f64;
        agreements.push(Agreement {
            label: capture.label.clone(),
            task: capture.task,
            share,
        });
    }
    Ok(agreements)
}
