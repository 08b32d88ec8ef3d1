//! Scenes as miners see them, with everything at hand that a test may want to change about them.

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::{CameraName, Image};
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::env::Environment as _;
use kinitro_sim::looks::sensor::Scratch;
use kinitro_sim::looks::{Aspect, Dressed, Looks, Undressed};
use kinitro_sim::metaworld::evaluation::EvaluationEnv;
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::render::camera::{Orientation, View};
use kinitro_sim::render::scene::{ObjectId, SceneModel, ScenePoses};
use kinitro_sim::render::{Renderer, Shot};

use crate::places;

/// The cameras that policies have unless they choose others.
pub const CAMERAS: [CameraName; 2] = [CameraName::Corner, CameraName::Gripper];

/// An environment with everything that pictures of it need.
#[derive(Debug)]
pub struct Studio {
    /// The environment, an episode begun.
    pub env: EvaluationEnv,
    undressed: Undressed,
    renderer: Renderer,
    poses: ScenePoses,
    scratch: Scratch,
}

/// The key of an episode of local seed `seed`.
///
/// # Panics
/// Never: task names are well formed.
pub fn episode_key(task: &TaskSpec, seed: u64, episode: u64) -> EpisodeKey {
    let env: EnvId = format!("metaworld/{}", task.name)
        .parse()
        .expect("task names obey the grammar of ids");
    EpisodeKey::derive(
        &CycleSeed::from_local_seed(seed),
        &env,
        EpisodeIndex(episode),
    )
}

impl Studio {
    /// Compiles the task's model.
    ///
    /// # Panics
    /// If it does not compile or cannot be drawn.
    pub fn new(task: &'static TaskSpec) -> Self {
        let env = EvaluationEnv::new(&places::models(), task).expect("the model compiles");
        let scene = env.scene_model().expect("the model can be drawn");
        Self {
            env,
            undressed: Undressed::new(scene).expect("distractors can be drawn"),
            renderer: Renderer::new(),
            poses: ScenePoses::default(),
            scratch: Scratch::default(),
        }
    }

    /// Begins an episode and returns its looks for local runs.
    ///
    /// # Panics
    /// If the scene cannot be simulated.
    pub fn begin(&mut self, key: &EpisodeKey, level: Level) -> Looks {
        self.env.begin(key, level).expect("the scene begins");
        self.env
            .looks(&MinerKey::derive(key, None), level)
            .expect("textures can be read")
    }

    /// The scene as drawn in some aspects and as in the model in all others.
    pub fn dress(&self, looks: &Looks, aspects: &[Aspect]) -> Dressed {
        Dressed::in_some_aspects(&self.undressed, looks, aspects)
    }

    /// Everything there is to see in the model.
    pub fn scene(&self) -> &SceneModel {
        self.undressed.scene()
    }

    /// The picture of the present state, some objects left out, before and after the sensor.
    ///
    /// # Panics
    /// If it cannot be drawn.
    pub fn picture(
        &mut self,
        dressed: &Dressed,
        camera: CameraName,
        without: &[ObjectId],
    ) -> [Image; 2] {
        let scene = dressed.scene();
        let physics = self.env.physics();
        physics.write_scene_poses(scene, self.env.moved_markers(), &mut self.poses);
        dressed.adjust(&mut self.poses);
        for (object, shown) in scene.objects.iter().zip(&mut self.poses.shown) {
            *shown &= !without.contains(&object.id);
        }
        let size = ImageSize::DEFAULT;
        let view = View::of(scene, camera).expect("every model has every camera");
        let mut rgb = vec![0; size.rgb_len()];
        let mut shot = Shot::rgb(view, size, &mut rgb);
        self.renderer
            .render(scene, &self.poses, &mut shot)
            .expect("the scene can be drawn");
        let clean = Image::new(camera, size, rgb).expect("the buffer has the length of the image");
        let mut sensed = clean.clone();
        dressed.expose(0, view, &mut sensed, &mut self.scratch);
        [clean, sensed]
    }
}

impl Studio {
    /// Where a point of the world is in the pictures that a camera takes of the present state, in pixels from the top left.
    ///
    /// # Panics
    /// If the model lacks the camera.
    pub fn place_in_picture(
        &mut self,
        dressed: &Dressed,
        camera: CameraName,
        point: [f64; 3],
    ) -> [f64; 2] {
        let scene = dressed.scene();
        let physics = self.env.physics();
        physics.write_scene_poses(scene, self.env.moved_markers(), &mut self.poses);
        dressed.adjust(&mut self.poses);
        let view = View::of(scene, camera).expect("every model has every camera");
        let pose = &self.poses.cameras[view.camera];
        let along = |axis: usize| -> f64 {
            (0..3)
                .map(|k| pose.rotation[3 * k + axis] * (point[k] - pose.position[k]))
                .sum()
        };
        let (width, height) = (ImageSize::DEFAULT.width(), ImageSize::DEFAULT.height());
        let [half_width, half_height] = [width, height].map(|side| 0.5 * f64::from(side));
        let focal = half_height / libm::tan(0.5 * scene.cameras[view.camera].fovy);
        let (right, down) = (focal * along(0) / -along(2), focal * along(1) / along(2));
        let turn = match view.orientation {
            Orientation::AsMounted => 1.0,
            Orientation::Turned => -1.0,
        };
        [half_width + turn * right, half_height + turn * down]
    }
}

/// How many pixels differ by at least `amount` in some channel.
pub fn differing(one: &Image, other: &Image, amount: u8) -> usize {
    let pixels = |image: &Image| image.rgb().as_chunks::<3>().0.to_vec();
    let differs = |(a, b): &([u8; 3], [u8; 3])| (0..3).any(|k| a[k].abs_diff(b[k]) >= amount);
    pixels(one)
        .into_iter()
        .zip(pixels(other))
        .filter(differs)
        .count()
}
