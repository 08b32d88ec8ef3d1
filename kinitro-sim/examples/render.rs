//! Draws a model's initial state through every camera into PNG files.
//!
//! `cargo run --release -p kinitro-sim --example render -- MODEL.xml OUT_FOLDER [SIDE]`

use std::error::Error;
use std::fs::File;
use std::path::Path;

use kinitro_core::protocol::policy::CameraName;
use kinitro_core::units::ImageSize;
use kinitro_sim::physics::Physics;
use kinitro_sim::render::camera::View;
use kinitro_sim::render::scene::ScenePoses;
use kinitro_sim::render::store::MeshStore;
use kinitro_sim::render::{Renderer, Shot};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [model, out, rest @ ..] = &arguments[..] else {
        return Err("usage: render MODEL.xml OUT_FOLDER [SIDE]".into());
    };
    let pixels = rest.first().map_or(Ok(480), |pixels| pixels.parse())?;
    let size = ImageSize::new(pixels, pixels)?;

    let physics = Physics::load(Path::new(model))?;
    let mut scene = physics.scene_model(&MeshStore::in_memory())?;
    for finger_tip in ["rightEndEffector", "leftEndEffector"] {
        scene.set_visible(finger_tip, false);
    }
    let mut poses = ScenePoses::default();
    physics.write_scene_poses(&scene, &[], &mut poses);

    let mut renderer = Renderer::new();
    let stem = Path::new(model)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    for (camera, name) in CameraName::NAMES {
        let mut rgb = vec![0; size.rgb_len()];
        let view = View::of(&scene, camera)?;
        renderer.render(&scene, &poses, &mut Shot::rgb(view, size, &mut rgb))?;
        let file = File::create(Path::new(out).join(format!("{stem}-{name}.png")))?;
        let mut encoder = png::Encoder::new(file, size.width(), size.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header()?.write_image_data(&rgb)?;
    }
    Ok(())
}
