//! The marker of the goal in what cameras see: where the target is, and no other goal beside it.

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::{Action, CameraName};
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::env::Environment as _;
use kinitro_sim::episode::{EpisodeStart, Simulator, View};
use kinitro_sim::metaworld::evaluation::EvaluationEnv;
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::metaworld::tasks::{TASKS, find};
use kinitro_sim::models::Models;
use kinitro_sim::physics::visual::SiteOverride;
use kinitro_sim::render::scene::{ObjectId, SceneModel, ScenePoses};
use kinitro_sim::render::{Renderer, Shot, camera};
use kinitro_tests::places;

/// The marker is set to the target itself; this allows for nothing but another way of adding.
const EXACT: f64 = 1e-9;

fn key(task: &TaskSpec, episode: u64) -> EpisodeKey {
    let env: EnvId = format!("metaworld/{}", task.name).parse().unwrap();
    EpisodeKey::derive(&CycleSeed::from_local_seed(2), &env, EpisodeIndex(episode))
}

/// Names and places of the sites of `scene` that are drawn now.
fn drawn_sites(env: &EvaluationEnv, scene: &SceneModel) -> Vec<(String, [f64; 3])> {
    let mut poses = ScenePoses::default();
    env.physics()
        .write_scene_poses(scene, env.moved_markers(), &mut poses);
    let shown = poses.objects.iter().zip(&poses.shown);
    let drawn = scene
        .objects
        .iter()
        .zip(shown)
        .filter(|(object, (_, shown))| {
            object.visible && **shown && matches!(object.id, ObjectId::Site(_))
        });
    drawn
        .map(|(object, (pose, _))| (object.name.clone(), pose.position))
        .collect()
}

fn check_markers(env: &EvaluationEnv, scene: &SceneModel, task: &TaskSpec, when: &str) {
    let drawn = drawn_sites(env, scene);
    let place = |name: &str| drawn.iter().find(|(drawn, _)| drawn == name);
    if let Some(marker) = task.goal_marker {
        let name = task.marks.site_name(marker);
        let (_, position) =
            place(name).unwrap_or_else(|| panic!("{}: `{name}` is not drawn {when}", task.name));
        let target = env.target().expect("an episode has begun");
        let off: f64 = position
            .iter()
            .zip(target)
            .map(|(drawn, target)| (drawn - target).abs())
            .fold(0.0, f64::max);
        assert!(
            off < EXACT,
            "{}: `{name}` is drawn at {position:?} {when}, the target is at {target:?}",
            task.name
        );
    }
    for &marker in task.misleading_markers {
        let name = task.marks.site_name(marker);
        assert!(place(name).is_none(), "{}: `{name}` is drawn", task.name);
    }
}

#[test]
fn the_goal_is_marked_where_the_target_is() {
    for task in TASKS {
        let mut env = EvaluationEnv::new(&places::models(), task).unwrap();
        let scene = env.scene_model().unwrap();
        for (episode, level) in [(0, Level::None), (1, Level::Hard)] {
            env.begin(&key(task, episode), level).unwrap();
            check_markers(&env, &scene, task, "at the start");
            let (down, _) = Action::from_wire([0.2, 0.5, -1.0, 1.0]).unwrap();
            for _ in 0..40 {
                env.step(down).unwrap();
            }
            check_markers(&env, &scene, task, "after some steps");
        }
    }
}

const SIZE: u32 = 84;

/// The picture of the present state, the goal marked where `markers` say.
fn picture(env: &EvaluationEnv, scene: &SceneModel, markers: &[SiteOverride]) -> Vec<u8> {
    let mut poses = ScenePoses::default();
    env.physics().write_scene_poses(scene, markers, &mut poses);
    let size = ImageSize::new(SIZE, SIZE).unwrap();
    let view = camera::View::of(scene, CameraName::Corner).unwrap();
    let mut rgb = vec![0; size.rgb_len()];
    let mut shot = Shot::rgb(view, size, &mut rgb);
    Renderer::new().render(scene, &poses, &mut shot).unwrap();
    rgb
}

fn observed(models: &Models, task: &'static TaskSpec, episode: u64) -> Vec<u8> {
    let view = View {
        cameras: vec![CameraName::Corner],
        size: ImageSize::new(SIZE, SIZE).unwrap(),
    };
    let environment = Box::new(EvaluationEnv::new(models, task).unwrap());
    let mut simulator = Simulator::of(environment, &view).unwrap();
    let key = key(task, episode);
    let start = EpisodeStart {
        miner_key: MinerKey::derive(&key, None),
        key,
        // The scene alone decides the picture: looks are not drawn.
        level: Level::None,
    };
    let episode = simulator.begin(&start).unwrap();
    episode.observation().images[0].rgb().to_vec()
}

/// Nothing but the marker says where the goal of `reach-v3` is: a policy that sees must see it, and where it is.
#[test]
fn policies_see_where_the_goal_is() {
    let models = places::models();
    let task = find("reach-v3").unwrap();
    let mut env = EvaluationEnv::new(&models, task).unwrap();
    env.begin(&key(task, 0), Level::None).unwrap();
    let scene = env.scene_model().unwrap();
    let marker = env.moved_markers()[0];
    let here = picture(&env, &scene, &[marker]);
    assert_eq!(observed(&models, task, 0), here);

    let [x, y, z] = marker.position.unwrap();
    let moved = SiteOverride {
        position: Some([x + 0.1, y, z]),
        ..marker
    };
    let there = picture(&env, &scene, &[moved]);
    let pixels = here.chunks_exact(3).zip(there.chunks_exact(3));
    let pixels = pixels.filter(|(one, other)| one != other).count();
    // A ball of 2 cm is about ten pixels here, once where it is and once where it is not.
    assert!((4..200).contains(&pixels), "{pixels} pixels differ");
}
