//! Distances and objects beside the images of a batch: those of the single renderer, in every way of asking for them.

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::{Action, CameraName};
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::Error;
use kinitro_sim::batch::{Autoreset, Batch, BatchOptions, Buffers, Ending, Member, Scenes};
use kinitro_sim::env::Environment;
use kinitro_sim::episode::View;
use kinitro_sim::metaworld::experts::expert;
use kinitro_sim::registry;
use kinitro_sim::render::scene::ScenePoses;
use kinitro_sim::render::{Renderer, Shot, camera};
use kinitro_tests::places;

use super::{open, task, threads};

const CAMERAS: [CameraName; 2] = [CameraName::Corner2, CameraName::Gripper];
/// Not square, so that rows and columns cannot be confused.
const WIDTH: u32 = 40;
const HEIGHT: u32 = 24;
const SEED: u64 = 5;
/// What is seen: geoms and sites, as the engine numbers kinds of objects, and nothing.
const KINDS: [i32; 3] = [5, 6, -1];

fn size() -> ImageSize {
    ImageSize::new(WIDTH, HEIGHT).unwrap()
}

fn seeing() -> BatchOptions {
    BatchOptions {
        threads: threads(2),
        view: View {
            cameras: CAMERAS.to_vec(),
            size: size(),
        },
        depth: true,
        segmentation: true,
        ..BatchOptions::default()
    }
}

/// Procedural scenes in which nothing varies but placements.
fn members(names: &[&str]) -> Vec<Member> {
    let member = |name: &&str| Member {
        task: task(name),
        scenes: Scenes::Keyed {
            seed: CycleSeed::from_local_seed(SEED),
            level: Level::None,
        },
    };
    names.iter().map(member).collect()
}

/// What a renderer of its own shows of an environment: images, distances, objects.
fn look(environment: &dyn Environment) -> (Vec<u8>, Vec<f32>, Vec<[i32; 2]>) {
    let scene = environment.scene_model().unwrap();
    let mut poses = ScenePoses::default();
    let markers = environment.moved_markers();
    environment
        .physics()
        .write_scene_poses(&scene, markers, &mut poses);
    let pixels = size().pixel_count();
    let mut rgb = vec![0; CAMERAS.len() * size().rgb_len()];
    let mut depth = vec![0.0; CAMERAS.len() * pixels];
    let mut segmentation = vec![[0; 2]; CAMERAS.len() * pixels];
    for (index, camera) in CAMERAS.into_iter().enumerate() {
        let mut shot = Shot {
            view: camera::View::of(&scene, camera).unwrap(),
            size: size(),
            rgb: &mut rgb[index * size().rgb_len()..][..size().rgb_len()],
            depth: Some(&mut depth[index * pixels..][..pixels]),
            segmentation: Some(&mut segmentation[index * pixels..][..pixels]),
        };
        Renderer::new().render(&scene, &poses, &mut shot).unwrap();
    }
    (rgb, depth, segmentation)
}

fn check_row(buffers: &Buffers, row: usize, environment: &dyn Environment) {
    let (rgb, depth, segmentation) = look(environment);
    assert_eq!(buffers.row_images(row), rgb);
    assert_eq!(buffers.row_depth(row), depth);
    assert_eq!(buffers.row_segmentation(row), segmentation);
}

#[test]
fn rows_are_what_a_renderer_of_its_own_shows() {
    let names = ["reach-v3", "drawer-open-v3", "reach-v3"];
    let (mut batch, mut buffers) = open(&members(&names), seeing());
    let mut alone: Vec<Box<dyn Environment>> = names
        .iter()
        .enumerate()
        .map(|(episode, name)| {
            let env: EnvId = format!("metaworld/{name}").parse().unwrap();
            let mut environment = registry::make(&env, &places::models()).unwrap();
            let cycle = CycleSeed::from_local_seed(SEED);
            let key = EpisodeKey::derive(&cycle, &env, EpisodeIndex(episode as u64));
            environment.begin(&key, Level::None).unwrap();
            environment
        })
        .collect();
    batch.reset(&mut buffers.outputs()).unwrap();
    for _ in 0..4 {
        for (row, environment) in alone.iter().enumerate() {
            check_row(&buffers, row, &**environment);
        }
        let command = [0.5_f32, 1.0, -1.0, 0.5];
        batch.step(&[command; 3], &mut buffers.outputs()).unwrap();
        for environment in &mut alone {
            let (action, _) = Action::from_wire(command.map(f64::from)).unwrap();
            environment.step(action).unwrap();
        }
    }
    // Part of the environments, in another order.
    let mut part = Buffers::new(2, &seeing());
    batch.send(&[2, 0], &[[0.0; 4]; 2]).unwrap();
    let received = batch.receive(2, &mut part.outputs()).unwrap().to_vec();
    let (still, _) = Action::from_wire([0.0; 4]).unwrap();
    for (row, index) in received.into_iter().enumerate() {
        alone[index].step(still).unwrap();
        check_row(&part, row, &*alone[index]);
    }

    let kinds: Vec<i32> = buffers.segmentation.iter().map(|[_, kind]| *kind).collect();
    assert!(
        KINDS.iter().all(|kind| kinds.contains(kind)),
        "geoms, sites, nothing"
    );
    for (depth, [object, kind]) in buffers.depth.iter().zip(&buffers.segmentation) {
        assert_eq!(depth.is_finite(), *object >= 0);
        assert_eq!(*kind == -1, *object == -1);
        assert!(*depth > 0.01);
    }
}

/// The last sight of an episode is the same whether the same step, the next one or the caller begins another.
#[test]
fn ends_of_episodes_keep_what_was_seen_last() {
    let play = |autoreset| {
        let options = BatchOptions {
            autoreset,
            ending: Ending::Success,
            ..seeing()
        };
        let (mut batch, mut buffers) = open(&members(&["reach-v3"; 2]), options);
        batch.reset(&mut buffers.outputs()).unwrap();
        loop {
            let act = expert("reach-v3").unwrap();
            let actions: Vec<[f32; 4]> = (0..2)
                .map(|row| act(buffers.observation(row).try_into().unwrap()))
                .collect();
            batch.step(&actions, &mut buffers.outputs()).unwrap();
            if let Some(row) = buffers.terminated.iter().position(|&over| over) {
                return (batch, buffers, row);
            }
        }
    };
    let (_, next, row) = play(Autoreset::NextStep);
    let (mut manual, disabled, _) = play(Autoreset::Disabled);
    let (_, same, also) = play(Autoreset::SameStep);
    assert_eq!(row, also);
    let pixels = CAMERAS.len() * size().pixel_count();
    let last = |depth: &[f32]| depth[row * pixels..][..pixels].to_vec();
    assert_eq!(last(&next.depth), last(&disabled.depth));
    assert_eq!(last(&same.last_depth), last(&disabled.depth));
    assert_eq!(
        same.last_segmentation[row * pixels..][..pixels],
        *disabled.row_segmentation(row)
    );
    assert_eq!(next.last_depth, vec![0.0; 2 * pixels], "nobody wrote to it");

    let mut one = Buffers::new(1, &seeing());
    manual.reset_members(&[row], &mut one.outputs()).unwrap();
    assert_eq!(one.row_depth(0), same.row_depth(row));
    assert_eq!(one.row_segmentation(0), same.row_segmentation(row));
    assert_ne!(one.row_depth(0), last(&disabled.depth));
}

#[test]
fn buffers_have_the_length_that_was_asked_for() {
    let refused =
        |batch: &mut Batch, buffers: &mut Buffers| match batch.reset(&mut buffers.outputs()) {
            Err(Error::BufferLength {
                what,
                found,
                expected,
            }) => (what, found, expected),
            other => panic!("{other:?}"),
        };
    let one = members(&["reach-v3"]);
    let pixels = CAMERAS.len() * size().pixel_count();
    let colors = BatchOptions {
        depth: false,
        segmentation: false,
        ..seeing()
    };
    let (mut batch, mut buffers) = open(&one, colors.clone());
    assert!(buffers.depth.is_empty() && buffers.last_segmentation.is_empty());
    batch.reset(&mut buffers.outputs()).unwrap();
    let found = refused(&mut batch, &mut Buffers::new(1, &seeing()));
    assert_eq!(found, ("depth", pixels, 0));
    let (mut batch, mut buffers) = open(&one, seeing());
    let found = refused(&mut batch, &mut Buffers::new(1, &colors));
    assert_eq!(found, ("depth", 0, pixels));
    // What is not asked for this time may be missing.
    let mut outputs = buffers.outputs();
    (outputs.depth, outputs.last_segmentation) = (None, None);
    batch.reset(&mut outputs).unwrap();
    assert!(buffers.depth.iter().all(|&depth| depth == 0.0));
    assert!(buffers.segmentation.iter().any(|[_, kind]| *kind == 5));
}
