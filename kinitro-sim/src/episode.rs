//! One evaluated episode as a stepper: begin, observe, apply, finish. No I/O, no threads, no clock.

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::{Action, CameraName, Image, Observation};
use kinitro_core::protocol::wire::p2::HandState;
use kinitro_core::record::hash::{
    ImageHash, ImageHasher, ObservationHash, ObservationHasher, StateHash, StateHasher, StateView,
};
use kinitro_core::record::level::Level;
use kinitro_core::record::outcome::Outcome;
use kinitro_core::record::scene::SceneRecord;
use kinitro_core::seed::{EpisodeKey, MinerKey};
use kinitro_core::units::ImageSize;

use crate::Error;
use crate::env::{EnvSpec, Environment, PrivilegedState};
use crate::looks::sensor::Scratch;
use crate::looks::{Dressed, Looks, Undressed};
use crate::models::Models;
use crate::registry;
use crate::render::cache::Cache;
use crate::render::scene::ScenePoses;
use crate::render::{Renderer, Shot, camera};

/// Which images an observation carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Cameras in the order in which their images are delivered; empty for state-only runs.
    pub cameras: Vec<CameraName>,
    /// Size of every image, pixels.
    pub size: ImageSize,
}

impl View {
    /// No images at all.
    pub fn state_only() -> Self {
        Self {
            cameras: Vec::new(),
            size: ImageSize::DEFAULT,
        }
    }

    /// The default of the present wire protocol: `corner` and `gripper`, 84 × 84.
    pub fn standard() -> Self {
        Self {
            cameras: vec![CameraName::Corner, CameraName::Gripper],
            size: ImageSize::DEFAULT,
        }
    }
}

/// What decides an episode besides the actions.
#[derive(Debug, Clone)]
pub struct EpisodeStart {
    /// Decides the scene; the same for every policy.
    pub key: EpisodeKey,
    /// Decides what differs between policies: how the scene looks, and the policy seed.
    pub miner_key: MinerKey,
    /// How much varies.
    pub level: Level,
}

/// Whether an episode goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Another action is expected.
    Running,
    /// Ended with this outcome.
    Over(Outcome),
}

/// What remains of a finished episode; together with the key and the view it can be repeated and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct EpisodeRecord {
    /// Everything that was drawn for the scene.
    pub scene: SceneRecord,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the task was solved.
    pub success: bool,
    /// Control steps taken.
    pub steps: u16,
    /// Sum of the shaped rewards.
    pub total_reward: f64,
    /// Over the physical state at step 0 and after every control step.
    pub state_hash: StateHash,
    /// Over every image delivered; `None` if none was rendered.
    pub image_hash: Option<ImageHash>,
    /// Over observations and actions, chained.
    pub observation_hash: ObservationHash,
    /// The actions taken.
    pub actions: Vec<TakenAction>,
}

/// An action as it was applied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TakenAction {
    /// What was applied.
    pub action: Action,
    /// Whether the command lay outside of `[-1, 1]`.
    pub clipped: bool,
}

/// One environment with its renderer, ready to run episode after episode on one thread.
///
/// Compiling a model costs about 0.1 s: keep a simulator per thread and environment.
#[derive(Debug)]
pub struct Simulator {
    environment: Box<dyn Environment>,
    eyes: Option<Eyes>,
    cache: Cache,
}

/// Takes the images of an observation.
#[derive(Debug)]
pub(crate) struct Eyes {
    undressed: Undressed,
    poses: ScenePoses,
    renderer: Renderer,
    scratch: Scratch,
    cameras: Vec<(CameraName, camera::View)>,
    size: ImageSize,
}

impl Eyes {
    pub(crate) fn new(environment: &dyn Environment, view: &View) -> Result<Option<Self>, Error> {
        if view.cameras.is_empty() {
            return Ok(None);
        }
        let scene = environment.scene_model()?;
        let cameras = view
            .cameras
            .iter()
            .map(|&name| Ok((name, camera::View::of(&scene, name)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Some(Self {
            undressed: Undressed::new(scene)?,
            poses: ScenePoses::default(),
            renderer: Renderer::new(),
            scratch: Scratch::default(),
            cameras,
            size: view.size,
        }))
    }

    /// The same view with buffers of its own.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            undressed: self.undressed.clone(),
            poses: ScenePoses::default(),
            renderer: Renderer::new(),
            scratch: Scratch::default(),
            cameras: self.cameras.clone(),
            size: self.size,
        }
    }

    /// Black images, to be drawn into.
    pub(crate) fn blank(&self) -> Vec<Image> {
        let black = |&(camera, _): &(CameraName, _)| {
            Image::new(camera, self.size, vec![0; self.size.rgb_len()])
                .expect("the buffer has the length of the image")
        };
        self.cameras.iter().map(black).collect()
    }

    /// The scene of an episode, to be looked at.
    pub(crate) fn dress(&self, looks: &Looks) -> Dressed {
        Dressed::new(&self.undressed, looks)
    }

    /// Takes all images of the state that `environment` has come to in `step` control steps. `cache` is that environment's own.
    /// Distances and objects are for all images, one after the other, or empty.
    pub(crate) fn look(
        &mut self,
        environment: &dyn Environment,
        (dressed, cache): (&Dressed, &mut Cache),
        step: u32,
        images: &mut [Image],
        depth: &mut [f32],
        segmentation: &mut [[i32; 2]],
    ) -> Result<(), Error> {
        let scene = dressed.scene();
        let markers = environment.moved_markers();
        environment
            .physics()
            .write_scene_poses(scene, markers, &mut self.poses);
        dressed.adjust(&mut self.poses);
        let pixels = self.size.pixel_count();
        let mut depths = depth.chunks_exact_mut(pixels);
        let mut segments = segmentation.chunks_exact_mut(pixels);
        let views = self.cameras.iter().map(|&(_, view)| view);
        let shots = images.iter_mut().zip(views.clone()).map(|(image, view)| {
            // An image takes half a millisecond: whoever waits for the processor, as threads that carry answers do, has a turn before it.
            std::thread::yield_now();
            Shot {
                view,
                size: self.size,
                rgb: image.rgb_mut(),
                depth: depths.next(),
                segmentation: segments.next(),
            }
        });
        self.renderer.render_all(scene, &self.poses, cache, shots)?;
        for (image, view) in images.iter_mut().zip(views) {
            dressed.expose(step, view, image, &mut self.scratch);
        }
        Ok(())
    }
}

impl Simulator {
    /// Compiles the model of `env`.
    ///
    /// # Errors
    /// [`Error::UnknownEnv`], and those of compiling a model.
    pub fn new(env: &EnvId, models: &Models, view: &View) -> Result<Self, Error> {
        Self::of(registry::make(env, models)?, view)
    }

    /// A simulator of an environment that need not be in the registry.
    ///
    /// # Errors
    /// [`Error::UnknownCamera`] if the model lacks a camera of the view; [`Error::UnsuitableMesh`] if it cannot be drawn.
    pub fn of(environment: Box<dyn Environment>, view: &View) -> Result<Self, Error> {
        let eyes = Eyes::new(&*environment, view)?;
        Ok(Self {
            environment,
            eyes,
            cache: Cache::new(),
        })
    }

    /// Another simulator of the same environment and view, as good as a newly made one, without compiling anything.
    ///
    /// Costs about a tenth of [`new`](Self::new); meshes that are drawn are shared, the engine's model is not.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn duplicate(&self) -> Result<Self, Error> {
        Ok(Self {
            environment: self.environment.duplicate()?,
            eyes: self.eyes.as_ref().map(Eyes::duplicate),
            cache: Cache::new(),
        })
    }

    /// What is fixed about the environment.
    pub fn spec(&self) -> &EnvSpec {
        self.environment.spec()
    }

    /// Builds and settles the scene of `start` and takes the first observation.
    ///
    /// How the scene looks is drawn and recorded whether there are cameras or not.
    ///
    /// # Errors
    /// Those of [`Environment::begin`] and [`Environment::looks`].
    pub fn begin(&mut self, start: &EpisodeStart) -> Result<Episode<'_>, Error> {
        let mut scene = self.environment.begin(&start.key, start.level)?;
        let looks = self.environment.looks(&start.miner_key, start.level)?;
        looks.record(&mut scene);
        let mut episode = Episode {
            observation: Observation {
                proprio: [0.0; 4],
                images: self.eyes.as_ref().map_or_else(Vec::new, Eyes::blank),
            },
            dressed: self.eyes.as_ref().map(|eyes| eyes.dress(&looks)),
            scene,
            status: Status::Running,
            total_reward: 0.0,
            state_hasher: StateHasher::new(),
            image_hasher: ImageHasher::new(),
            observation_hasher: ObservationHasher::new(),
            actions: Vec::with_capacity(usize::from(self.environment.spec().max_steps)),
            simulator: self,
        };
        episode.look()?;
        Ok(episode)
    }
}

/// A running episode.
#[derive(Debug)]
pub struct Episode<'a> {
    simulator: &'a mut Simulator,
    scene: SceneRecord,
    /// Where there are cameras.
    dressed: Option<Dressed>,
    observation: Observation,
    status: Status,
    total_reward: f64,
    state_hasher: StateHasher,
    image_hasher: ImageHasher,
    observation_hasher: ObservationHasher,
    actions: Vec<TakenAction>,
}

impl Episode<'_> {
    /// What a policy may see of the present state.
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// The state that only teachers and tests may read.
    pub fn privileged(&self) -> &PrivilegedState {
        self.simulator.environment.privileged()
    }

    /// The environment in its present state, for pictures that no policy gets.
    pub fn environment(&self) -> &dyn Environment {
        &*self.simulator.environment
    }

    /// How the hand is turned and moves: what one protocol generation shows beside the observation. Computed when asked for.
    pub fn hand(&self) -> HandState {
        self.simulator.environment.hand()
    }

    /// Everything that was drawn for the scene.
    pub fn scene(&self) -> &SceneRecord {
        &self.scene
    }

    /// Whether the episode goes on.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Control steps taken so far.
    pub fn steps(&self) -> u16 {
        u16::try_from(self.actions.len()).expect("an episode ends before its steps exceed 16 bits")
    }

    /// Applies one action and advances the simulation by one control step.
    ///
    /// # Errors
    /// [`Error::EpisodeFinished`] after the end; those of the engine.
    pub fn apply(&mut self, taken: TakenAction) -> Result<Status, Error> {
        if let Status::Over(outcome) = self.status {
            return Err(Error::EpisodeFinished { outcome });
        }
        self.observation_hasher
            .update(&self.observation, &taken.action);
        self.actions.push(taken);
        let progress = self.simulator.environment.step(taken.action)?;
        self.total_reward += progress.reward;
        self.status = if self.simulator.environment.physics().warnings().diverged() {
            Status::Over(Outcome::SimDiverged)
        } else if progress.success {
            Status::Over(Outcome::Success)
        } else if self.steps() == self.simulator.spec().max_steps {
            Status::Over(Outcome::Unsolved)
        } else {
            Status::Running
        };
        self.look()?;
        Ok(self.status)
    }

    /// Ends the episode for a reason outside of the simulation, such as a policy that fails to answer.
    /// An episode that is over keeps its outcome.
    pub fn abandon(&mut self, outcome: Outcome) {
        if self.status == Status::Running {
            self.status = Status::Over(outcome);
        }
    }

    /// Closes an episode that is over and returns its record.
    ///
    /// # Errors
    /// [`Error::EpisodeRunning`] if it is not: [`abandon`](Self::abandon) it first.
    pub fn finish(self) -> Result<EpisodeRecord, Error> {
        let Status::Over(outcome) = self.status else {
            return Err(Error::EpisodeRunning {
                steps: self.steps(),
            });
        };
        Ok(EpisodeRecord {
            outcome,
            success: outcome == Outcome::Success,
            steps: self.steps(),
            total_reward: self.total_reward,
            state_hash: self.state_hasher.finish(),
            image_hash: self.image_hasher.finish(),
            observation_hash: self.observation_hasher.finish(),
            scene: self.scene,
            actions: self.actions,
        })
    }

    /// Takes the observation of the present state and adds it to the hashes.
    fn look(&mut self) -> Result<(), Error> {
        let environment = &*self.simulator.environment;
        let physics = environment.physics();
        self.state_hasher.update(&StateView {
            qpos: physics.qpos(),
            qvel: physics.qvel(),
            mocap_pos: &physics.mocap_position(),
            mocap_quat: &physics.mocap_quaternion(),
            time: physics.time(),
        });
        self.observation.proprio = environment.proprioception();
        let step = u32::from(self.steps());
        if let (Some(eyes), Some(dressed)) = (&mut self.simulator.eyes, &self.dressed) {
            let seen = (dressed, &mut self.simulator.cache);
            let images = &mut self.observation.images;
            eyes.look(environment, seen, step, images, &mut [], &mut [])?;
        }
        self.image_hasher.update(&self.observation);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
