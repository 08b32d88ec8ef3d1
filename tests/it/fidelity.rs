//! Our pictures against those of MuJoCo's own renderer, and that renderer against Python's.

use std::path::Path;
use std::process::Command;

use kinitro_core::units::ImageSize;
use kinitro_sim::metaworld::env::SawyerEnv;
use kinitro_sim::metaworld::tasks;
use kinitro_sim::physics::Physics;
use kinitro_sim::physics::gl::{GlOptions, GlRenderer};
use kinitro_sim::physics::handles::SiteId;
use kinitro_sim::render::Shot;
use kinitro_sim::render::camera::{Orientation, View};
use kinitro_sim::render::store::MeshStore;
use kinitro_tests::fidelity::{
    Comparison, LARGEST_ERROR, LEAST_AGREEMENT, LEAST_OF_PICTURE, Sabotage, Settings,
    agreement_of_scenes, all_cases, compare, sampled_cases, worst,
};
use kinitro_tests::places;
use serde_json::{Value, json};

/// Everything with `KINITRO_TEST_FULL`, otherwise a picture of every task.
#[test]
fn pictures_look_as_mujoco_draws_them() {
    if !places::opengl("the comparison of pictures") {
        return;
    }
    let cases = if places::full() {
        all_cases()
    } else {
        sampled_cases()
    };
    let compared = compare(&cases, &Settings::DEFAULT).unwrap();
    let expected: usize = cases.iter().map(|(_, cases)| cases.len()).sum();
    assert_eq!(compared.len(), expected);
    let [agreement, error] = worst(&compared).unwrap();
    println!(
        "lowest agreement {:.4} ({}), largest error {:.2} ({})",
        agreement.agreement,
        agreement.label(),
        error.error,
        error.label()
    );
    let far: Vec<String> = compared
        .iter()
        .filter(|picture| picture.agreement < LEAST_OF_PICTURE || picture.error > LARGEST_ERROR)
        .map(|picture| {
            let (label, agreement, error) = (picture.label(), picture.agreement, picture.error);
            format!("{label}: agreement {agreement:.4}, error {error:.2}")
        })
        .collect();
    for (scene, agreement) in agreement_of_scenes(&compared) {
        assert!(agreement >= LEAST_AGREEMENT, "{scene}: {agreement:.4}");
    }
    let exact = compared.iter().map(|picture| picture.exact).sum::<f64>() / expected as f64;
    assert!(exact >= LEAST_AGREEMENT, "{exact}");
    assert!(
        far.is_empty(),
        "{} of {expected}:\n{}",
        far.len(),
        far.join("\n")
    );
}

#[test]
fn what_is_wrong_is_found() {
    if !places::opengl("the comparison of spoiled pictures") {
        return;
    }
    let mut cases = sampled_cases();
    cases.truncate(6);
    let run = |sabotage| {
        let settings = Settings {
            sabotage,
            ..Settings::DEFAULT
        };
        compare(&cases, &settings).unwrap()
    };
    let right = run(None);
    for (sabotage, least) in [
        (Sabotage::Turned, 6),
        (Sabotage::Shifted, 5),
        (Sabotage::Untextured, 3),
        (Sabotage::Unshadowed, 1),
    ] {
        let wrong = run(Some(sabotage));
        let caught = wrong.iter().filter(|picture| !picture.holds()).count();
        assert!(caught >= least, "{sabotage:?}: {caught} of 6, {wrong:?}");
        let mean = |pictures: &[Comparison]| {
            pictures.iter().map(|picture| picture.error).sum::<f64>() / pictures.len() as f64
        };
        assert!(mean(&wrong) > 1.1 * mean(&right), "{sabotage:?}");
    }
}

/// The reference itself: the same bytes as Python's `mujoco.Renderer`.
#[test]
fn mujocos_renderer_draws_as_in_python() {
    if !places::opengl("the comparison with Python's renderer") {
        return;
    }
    let models = places::model_folder().join("sawyer_xyz");
    let sharp = GlOptions {
        reflections: false,
        shadows: false,
        samples: 1,
        device: None,
    };
    let (mut states, mut expected) = (Vec::new(), Vec::new());
    for (name, options, (width, height)) in [
        ("drawer-open-v3", GlOptions::default(), (84, 84)),
        ("hammer-v3", sharp, (160, 120)),
    ] {
        let task = tasks::find(name).unwrap();
        let mut env = SawyerEnv::new(&models, task).unwrap();
        let middle: Vec<f64> = task
            .draw
            .low
            .iter()
            .zip(task.draw.high)
            .map(|(low, high)| 0.5 * (low + high))
            .collect();
        env.reset_parity(&middle).unwrap();
        for _ in 0..20 {
            env.step([0.6, 0.4, -0.8, 1.0]).unwrap();
        }
        env.physics_mut().forward_kinematics();
        let physics = env.physics();
        let mut scene = physics.scene_model(&MeshStore::in_memory()).unwrap();
        let mut gl = GlRenderer::new(physics, options).unwrap();
        for (camera, hidden) in [
            ("corner2", "rightEndEffector"),
            ("gripperPOV", "leftEndEffector"),
        ] {
            scene.set_visible(hidden, false);
            let size = ImageSize::new(width, height).unwrap();
            let view = View {
                camera: scene
                    .cameras
                    .iter()
                    .position(|known| known.name == camera)
                    .unwrap(),
                orientation: Orientation::AsMounted,
            };
            let mut rgb = vec![0; size.rgb_len()];
            let mut ids = vec![[0; 2]; size.rgb_len() / 3];
            let mut shot = Shot::rgb(view, size, &mut rgb);
            shot.segmentation = Some(&mut ids);
            gl.render(&scene, physics, &[], &mut shot).unwrap();
            expected.push((rgb, ids));
            let mut state = state(physics, &models.join(task.model), options);
            state["camera"] = json!(camera);
            state["width"] = json!(width);
            state["height"] = json!(height);
            let shown = |name: &&str| scene.objects.iter().any(|o| o.name == *name && !o.visible);
            state["hidden_sites"] = ["rightEndEffector", "leftEndEffector"]
                .iter()
                .copied()
                .filter(shown)
                .collect();
            states.push(state);
        }
    }

    let mut drawn = &draw_in_python(&states)[..];
    for (index, (rgb, ids)) in expected.iter().enumerate() {
        let (their_rgb, rest) = drawn.split_at(rgb.len());
        let (their_ids, rest) = rest.split_at(8 * ids.len());
        drawn = rest;
        assert!(their_rgb == rgb, "colors of picture {index}");
        let numbers = their_ids.as_chunks::<4>().0;
        let equal = numbers
            .iter()
            .map(|&bytes| i32::from_le_bytes(bytes))
            .eq(ids.iter().copied().flatten());
        assert!(equal, "segmentation of picture {index}");
    }
    assert!(drawn.is_empty());
}

/// Everything that decides what is where, for the script.
fn state(physics: &Physics, model: &Path, options: GlOptions) -> Value {
    let sites: Vec<SiteId> = physics.sites().collect();
    json!({
        "model": model,
        "qpos": physics.qpos(),
        "mocap_pos": physics.mocap_position(),
        "mocap_quat": physics.mocap_quaternion(),
        "body_pos": physics.bodies().map(|body| physics.model_body_position(body)).collect::<Vec<_>>(),
        "site_pos": sites.iter().map(|&site| physics.model_site_position(site)).collect::<Vec<_>>(),
        "samples": options.samples,
        "effects": options.shadows,
    })
}

fn draw_in_python(states: &[Value]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (
        folder.path().join("states.json"),
        folder.path().join("pictures.bin"),
    );
    std::fs::write(&input, serde_json::to_vec(states).unwrap()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/renderer.py");
    let finished = Command::new(places::python())
        .arg(script)
        .args([&input, &output])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&finished.stderr);
    assert!(finished.status.success(), "{said}");
    std::fs::read(output).unwrap()
}
