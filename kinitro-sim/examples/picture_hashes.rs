//! Prints digests of pictures, for comparing machines: colors, distances and objects of scenes through every camera, and of the
//! meshes in them.
//!
//! `cargo run --release -p kinitro-sim --example picture_hashes -- POSES_FOLDER MODEL.xml…`
//!
//! The first run writes where everything stands into the folder, later ones read it there. So only the rasterizer and what it
//! prepares are compared, not the physics: a build for another processor must print the same lines from the same folder. A mesh that
//! is another one as given was compiled differently by MuJoCo, and so are its pictures.
#![expect(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::error::Error;
use std::fs;
use std::path::Path;

use kinitro_core::digest::FileDigest;
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::units::ImageSize;
use kinitro_sim::physics::Physics;
use kinitro_sim::physics::libm::{self, LibmMode};
use kinitro_sim::render::camera::View;
use kinitro_sim::render::scene::{LightPose, Pose, SceneModel, ScenePoses};
use kinitro_sim::render::store::{self, MeshStore};
use kinitro_sim::render::{Renderer, Shot};

const SIDES: [u32; 3] = [84, 128, 224];
/// Engine steps before the poses are written, so that nothing stands exactly where the model has it.
const STEPS: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [folder, models @ ..] = &arguments[..] else {
        return Err("usage: picture_hashes POSES_FOLDER MODEL.xml…".into());
    };
    // The pinned functions exist for one platform only, and nothing here is scored.
    libm::init(LibmMode::Host)?;
    let meshes = MeshStore::in_memory();
    for model in models {
        let mut physics = Physics::load(Path::new(model))?;
        let scene = physics.scene_model(&meshes)?;
        let stem = Path::new(model).file_stem().unwrap_or_default();
        let file = Path::new(folder).join(stem).with_extension("poses");
        let poses = if file.exists() {
            decode(&fs::read(&file)?, &scene).ok_or("a file of poses of another model")?
        } else {
            physics.step(STEPS);
            physics.forward_kinematics();
            let mut poses = ScenePoses::default();
            physics.write_scene_poses(&scene, &[], &mut poses);
            fs::write(&file, encode(&poses))?;
            poses
        };
        let stem = stem.to_string_lossy();
        for (name, triangles) in physics.drawn_meshes() {
            let (given, prepared, _) = store::measure(&triangles)?;
            println!(
                "{stem} mesh {name} given {} prepared {}",
                short(given),
                short(prepared)
            );
        }
        print(&stem, &scene, &poses)?;
    }
    Ok(())
}

fn print(stem: &str, scene: &SceneModel, poses: &ScenePoses) -> Result<(), Box<dyn Error>> {
    let mut renderer = Renderer::new();
    for (camera, name) in CameraName::NAMES {
        for side in SIDES {
            let size = ImageSize::new(side, side)?;
            let pixels = size.rgb_len() / 3;
            let mut rgb = vec![0; size.rgb_len()];
            let (mut depth, mut segmentation) = (vec![0.0; pixels], vec![[0; 2]; pixels]);
            let mut shot = Shot {
                depth: Some(&mut depth),
                segmentation: Some(&mut segmentation),
                ..Shot::rgb(View::of(scene, camera)?, size, &mut rgb)
            };
            renderer.render(scene, poses, &mut shot)?;
            let depth: Vec<u8> = depth
                .iter()
                .flat_map(|meters| meters.to_le_bytes())
                .collect();
            let segmentation = segmentation.as_flattened().iter();
            let segmentation: Vec<u8> = segmentation.flat_map(|id| id.to_le_bytes()).collect();
            let [rgb, depth, segmentation] =
                [&rgb, &depth, &segmentation].map(|bytes| short(FileDigest::of(&[bytes])));
            println!("{stem} {name} {side} rgb {rgb} depth {depth} objects {segmentation}");
        }
    }
    Ok(())
}

fn short(digest: FileDigest) -> String {
    digest.to_string()[..16].to_owned()
}

fn encode(poses: &ScenePoses) -> Vec<u8> {
    let shown = poses.shown.iter().map(|&shown| f64::from(u8::from(shown)));
    let all = poses.objects.iter().chain(&poses.cameras);
    let placed = all.flat_map(|pose| pose.position.into_iter().chain(pose.rotation));
    let lights = poses.lights.iter();
    let lights = lights.flat_map(|light| light.position.into_iter().chain(light.direction));
    let numbers = shown.chain(placed).chain(lights);
    numbers.flat_map(f64::to_le_bytes).collect()
}

fn decode(bytes: &[u8], scene: &SceneModel) -> Option<ScenePoses> {
    let (numbers, rest) = bytes.as_chunks::<8>();
    let mut numbers = numbers.iter().map(|&number| f64::from_le_bytes(number));
    let mut poses = ScenePoses::default();
    for _ in &scene.objects {
        poses.shown.push(numbers.next()? != 0.0);
    }
    let mut triple = || Some([numbers.next()?, numbers.next()?, numbers.next()?]);
    let mut pose = || {
        let (position, rows) = (triple()?, [triple()?, triple()?, triple()?]);
        let rotation = *rows.as_flattened().first_chunk()?;
        Some(Pose { position, rotation })
    };
    for _ in &scene.objects {
        poses.objects.push(pose()?);
    }
    for _ in &scene.cameras {
        poses.cameras.push(pose()?);
    }
    for _ in &scene.lights {
        let (position, direction) = (triple()?, triple()?);
        poses.lights.push(LightPose {
            position,
            direction,
        });
    }
    (rest.is_empty() && numbers.next().is_none()).then_some(poses)
}
