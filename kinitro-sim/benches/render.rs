//! Time per picture of the rasterizer, by stage and size.
//!
//! `cargo bench -p kinitro-sim --bench render -- MODEL.xml…`
//!
//! Each line is over interleaved rounds, so that a busy machine disturbs all lines alike; it tells the median, and the fastest, which
//! a busy machine disturbs least. "coverage" is everything up to knowing what is seen at each pixel, "light" what a picture drawn
//! anew takes besides (shadows, textures, shading), "again" the whole picture of an environment that remembers what stands still.
#![expect(clippy::print_stdout, reason = "a benchmark reports to the terminal")]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use kinitro_core::protocol::policy::CameraName;
use kinitro_core::units::ImageSize;
use kinitro_sim::physics::Physics;
use kinitro_sim::render::cache::Cache;
use kinitro_sim::render::camera::View;
use kinitro_sim::render::scene::{SceneModel, ScenePoses};
use kinitro_sim::render::store::MeshStore;
use kinitro_sim::render::{Renderer, Shot};

const ROUNDS: usize = 60;
const SIDES: [u32; 4] = [84, 128, 224, 480];
const CAMERAS: [CameraName; 2] = [CameraName::Corner, CameraName::Gripper];

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo passes `--bench`; everything else names a model.
    let models: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    if models.is_empty() {
        println!("skipped: no model files given, see the head of benches/render.rs");
        return Ok(());
    }
    println!(
        "{}; one thread, {ROUNDS} interleaved rounds, ms per picture",
        processor()
    );
    for model in models {
        let physics = Physics::load(Path::new(&model))?;
        let start = Instant::now();
        let scene = physics.scene_model(&MeshStore::in_memory())?;
        let built = start.elapsed();
        let triangles: usize = scene
            .objects
            .iter()
            .map(|object| scene.meshes[object.mesh].triangle_count())
            .sum();
        println!(
            "{model}: {triangles} triangles, scene built in {:.1} ms",
            milliseconds(built)
        );
        let mut poses = ScenePoses::default();
        physics.write_scene_poses(&scene, &[], &mut poses);
        measure(&scene, &poses)?;
    }
    Ok(())
}

fn measure(scene: &SceneModel, poses: &ScenePoses) -> Result<(), Box<dyn Error>> {
    let mut renderer = Renderer::new();
    let mut rgb = Vec::new();
    let mut cache = Cache::new();
    let mut cases = Vec::new();
    for camera in CAMERAS {
        for side in SIDES {
            cases.push((
                camera,
                ImageSize::new(side, side)?,
                [const { Vec::new() }; 3],
            ));
        }
    }
    for _ in 0..ROUNDS {
        for (camera, size, times) in &mut cases {
            let view = View::of(scene, *camera)?;
            let start = Instant::now();
            black_box(renderer.visibility(scene, poses, view, *size)?);
            times[0].push(start.elapsed());
            rgb.resize(size.rgb_len(), 0);
            let start = Instant::now();
            black_box(renderer.render(scene, poses, &mut Shot::rgb(view, *size, &mut rgb))?);
            times[1].push(start.elapsed());
            let start = Instant::now();
            let shot = Shot::rgb(view, *size, &mut rgb);
            renderer.render_all(scene, poses, &mut cache, [shot])?;
            times[2].push(start.elapsed());
        }
    }
    for (camera, size, times) in cases {
        let (width, height) = (size.width(), size.height());
        print!("  {camera:8} {width:3}×{height:<3}");
        for (name, pick) in [("median", 0.5), ("fastest", 0.0)] {
            let [coverage, whole, again] =
                [0, 1, 2].map(|stage| milliseconds(quantile(&times[stage], pick)));
            print!(
                "  {name}: coverage {coverage:.3} light {:.3} again {again:.3}",
                whole - coverage
            );
        }
        println!();
    }
    Ok(())
}

/// The time that a share of all times is below.
fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index: truncation is meant"
    )]
    let index = (sorted.len() as f64 * share) as usize;
    sorted[index]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// What the system calls the processor.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(
        || "unknown processor".to_owned(),
        |(_, name)| name.to_owned(),
    )
}
