//! The only reset and step loop of the family.

use std::path::Path;

use crate::Error;
use crate::physics::float_mode::with_ieee_defaults;
use crate::physics::handles::{BodyId, SiteId};
use crate::physics::{ModelNumbers, Physics, Snapshot};

use super::sawyer::Arm;
use super::scene::{Evaluation, Grasp, Placement, ResolvedMarks, RewardV1, Scene, Stage, StepView};
use super::spec::{GeomMark, HandStart, TaskSpec};

/// Control steps in an episode.
///
/// Source: Meta-World 3.1.1, `sawyer_xyz_env.py`, `max_path_length`.
pub const TIME_LIMIT: u32 = 500;

/// Numbers that describe one moment: hand (3), opening (1), objects (14).
const FRAME: usize = 18;

/// Bounds of the observed hand position.
///
/// Source: Meta-World 3.1.1, `sawyer_xyz_env.py`, `_HAND_SPACE`.
const HAND_LOW: [f64; 3] = [-0.525, 0.348, -0.0525];
const HAND_HIGH: [f64; 3] = [0.525, 1.025, 0.7];

/// Whether the goal is part of the observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GoalVisibility {
    /// It is, as in Meta-World's multi-task benchmarks.
    #[default]
    Observable,
    /// Zeros stand in its place, as in Meta-World's meta-learning benchmarks.
    Hidden,
}

/// A Sawyer environment that equals Meta-World 3.1.1 on MuJoCo 3.17.0 step for step.
///
/// # Observation
///
/// | index | content | unit |
/// |---|---|---|
/// | 0..3 | position of the hand | m |
/// | 3 | opening of the gripper, 0 closed to 1 open | |
/// | 4..7, 7..11 | position and quaternion of the first object | m |
/// | 11..14, 14..18 | position and quaternion of the second object, else 0 | m |
/// | 18..36 | the first 18 numbers as they were one step before | |
/// | 36..39 | the goal, or 0 if it is hidden | m |
#[derive(Debug)]
pub struct SawyerEnv {
    pub(super) physics: Physics,
    pub(super) arm: Arm,
    marks: ResolvedMarks,
    task: &'static TaskSpec,
    goal: GoalVisibility,
    /// The hand about to be settled in the scene as it was compiled.
    hand_start: Snapshot,
    episode: Option<Episode>,
}

/// Everything by which one environment differs from another of the same model: the simulation, what the scene has changed in the
/// model, and what is remembered of the episode.
///
/// Many environments can take turns on one [`SawyerEnv`]: each saves its state after its turn and loads it before the next.
#[derive(Debug, Clone, PartialEq)]
pub struct SawyerState {
    simulation: Snapshot,
    model: ModelNumbers,
    goal: GoalVisibility,
    episode: Option<Episode>,
}

/// What is remembered between steps.
#[derive(Debug, Clone, PartialEq)]
struct Episode {
    placement: Placement,
    tcp_start: [f64; 3],
    steps: u32,
    /// The moment before, unclipped.
    previous: [f64; FRAME],
    /// The last observation and action, once there has been a step.
    observation: [f64; 39],
    action: [f32; 4],
    /// The first object as observed at the first step.
    first_object: [f64; 3],
}

impl Episode {
    fn view<'a>(&'a self, scene: Scene<'a>, task: &'static TaskSpec) -> StepView<'a> {
        StepView {
            scene,
            task,
            placement: &self.placement,
            tcp_start: self.tcp_start,
            observation: &self.observation,
            action: self.action,
            first_object: self.first_object,
        }
    }
}

/// What one control step led to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepOutcome {
    /// The 39 observed numbers, clipped to the observation space.
    pub observation: [f64; 39],
    /// Reward version 2.
    pub reward: f64,
    /// The measures that Meta-World returns beside the reward.
    pub info: Info,
    /// Whether this was the last step that the time limit allows.
    pub truncated: bool,
}

/// The measures that Meta-World returns beside the reward. Their exact meaning differs between tasks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Info {
    /// Whether the task counts as done at this step.
    pub success: bool,
    /// Mostly 1 near the object and 0 elsewhere.
    pub near_object: f64,
    /// Mostly 1 if the object is held and 0 if not.
    pub grasp_success: f64,
    /// Part of the reward that is paid for grasping.
    pub grasp_reward: f64,
    /// Part of the reward that is paid for the object's place.
    pub in_place_reward: f64,
    /// Distance of the object from the target, in meters or radians.
    pub obj_to_target: f64,
}

/// Where the points that rewards refer to are, in meters in the world frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Memory {
    /// Where the object, or the hand, must come to.
    pub target: [f64; 3],
    /// Where the object started.
    pub object_start: [f64; 3],
    /// Where the point between the finger tips was before the first step.
    pub tcp_start: [f64; 3],
}

impl SawyerEnv {
    /// Compiles the task's model from Meta-World's folder `assets/sawyer_xyz`.
    ///
    /// # Errors
    /// [`Error::CompileModel`] if the file is missing or refused, [`Error::UnknownElement`] or [`Error::UnsuitableModel`] if
    /// it is not the scene that the task needs.
    pub fn new(model_dir: &Path, task: &'static TaskSpec) -> Result<Self, Error> {
        let mut physics = with_ieee_defaults(|| Physics::load(&model_dir.join(task.model)))?;
        let arm = Arm::mount(&mut physics)?;
        let marks = ResolvedMarks::resolve(&task.marks, &physics)?;
        with_ieee_defaults(|| {
            physics.reset_data();
            arm.settle(&mut physics, task.hand_init);
        });
        physics.check()?;
        Ok(Self {
            hand_start: physics.snapshot(),
            physics,
            arm,
            marks,
            task,
            goal: GoalVisibility::default(),
            episode: None,
        })
    }

    /// Another environment of the same model, not yet reset.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn duplicate(&self) -> Result<Self, Error> {
        let mut physics = with_ieee_defaults(|| self.physics.duplicate())?;
        self.arm.weld_hand(&mut physics);
        Ok(Self {
            physics,
            arm: self.arm,
            marks: self.marks.clone(),
            task: self.task,
            goal: self.goal,
            hand_start: self.hand_start.clone(),
            episode: None,
        })
    }

    /// Shows or hides the goal, from the next observation on.
    pub fn set_goal_visibility(&mut self, goal: GoalVisibility) {
        self.goal = goal;
    }

    /// Starts an episode in which everything stands where `draw` says, and returns its first observation (not clipped).
    ///
    /// Equal draws lead to equal episodes, whatever was done with this object before, as long as the model is the same.
    ///
    /// Quirk: the scene is placed twice, and only changes of the model survive in between; poses in the first observation may
    /// be those of the start of the last time step (`sawyer_xyz_env.py`, `reset`).
    ///
    /// # Errors
    /// [`Error::DrawLength`] or [`Error::DrawNotFinite`] if `draw` is no placement vector of the task. That it lies within the
    /// task's [`DrawSpace`](super::spec::DrawSpace) is not required.
    pub fn reset_parity(&mut self, draw: &[f64]) -> Result<[f64; 39], Error> {
        self.reset_by(draw, Self::begin)
    }

    /// As [`reset_parity`](Self::reset_parity), to the bit, in the way that Meta-World goes: the hand is brought to its start
    /// twice in 250 time steps each, even where the result is known. For comparisons; takes some ten times as long.
    ///
    /// # Errors
    /// As `reset_parity`.
    pub fn reset_parity_in_full(&mut self, draw: &[f64]) -> Result<[f64; 39], Error> {
        self.reset_by(draw, Self::begin_in_full)
    }

    fn reset_by(
        &mut self,
        draw: &[f64],
        begin: fn(&mut Self, &[f64]) -> [f64; 39],
    ) -> Result<[f64; 39], Error> {
        let task = self.task;
        let expected = task.draw.len();
        if draw.len() != expected {
            return Err(Error::DrawLength {
                task: task.name,
                found: draw.len(),
                expected,
            });
        }
        if let Some(index) = draw.iter().position(|value| !value.is_finite()) {
            return Err(Error::DrawNotFinite {
                task: task.name,
                index,
                value: draw[index],
            });
        }
        let observation = with_ieee_defaults(|| begin(self, draw));
        self.physics.check()?;
        Ok(observation)
    }

    fn begin(&mut self, draw: &[f64]) -> [f64; 39] {
        // Of the first pass nothing is left but where it has put things in the model.
        self.settle_hand(HandStart::Remembered);
        self.place(draw);
        self.settle_hand(self.task.hand_start);
        self.place_and_start(draw)
    }

    fn begin_in_full(&mut self, draw: &[f64]) -> [f64; 39] {
        self.physics.reset_data();
        self.physics.forward();
        self.arm.settle(&mut self.physics, self.task.hand_init);
        self.arm.settled(&mut self.physics);
        self.place(draw);
        self.settle_hand(HandStart::Simulated);
        self.place_and_start(draw)
    }

    fn place_and_start(&mut self, draw: &[f64]) -> [f64; 39] {
        let tcp_start = self.arm.tcp(&self.physics);
        let placement = self.place(draw);
        self.start(tcp_start, placement)
    }

    /// Brings the hand to its start, everything else to the state after loading.
    pub(super) fn settle_hand(&mut self, start: HandStart) {
        self.physics.reset_data();
        match start {
            HandStart::Remembered => self
                .physics
                .resume(&self.hand_start)
                .expect("the snapshot was taken from this model"),
            HandStart::Simulated => self.arm.settle(&mut self.physics, self.task.hand_init),
        }
        self.arm.settled(&mut self.physics);
    }

    /// Puts everything where `draw` says.
    pub(super) fn place(&mut self, draw: &[f64]) -> Placement {
        let mut stage = Stage {
            physics: &mut self.physics,
            arm: &self.arm,
            marks: &self.marks,
        };
        (self.task.place)(&mut stage, draw)
    }

    /// Starts counting steps from the present state, and returns its observation, not clipped.
    pub(super) fn start(&mut self, tcp_start: [f64; 3], placement: Placement) -> [f64; 39] {
        let scene = self.scene();
        let frame = frame(&scene, self.task);
        let goal = self.goal.shown(scene.anchor(placement.target));
        let observation = stack(&frame, &frame, goal);
        self.episode = Some(Episode {
            placement,
            tcp_start,
            steps: 0,
            previous: frame,
            observation,
            action: [0.0; 4],
            first_object: [frame[4], frame[5], frame[6]],
        });
        observation
    }

    /// Carries out one control step (0.0125 s).
    ///
    /// `action` is `[dx, dy, dz, grip]`: hand motion in the world frame as a fraction of 1 cm, clipped to `[-1, 1]`, then the
    /// gripper effort, +1 to close and −1 to open.
    ///
    /// # Errors
    /// [`Error::NotReset`] before the first reset, [`Error::EpisodeOver`] after [`TIME_LIMIT`] steps,
    /// [`Error::ActionNotFinite`] for an action with an infinity or NaN. Nothing is changed then.
    pub fn step(&mut self, action: [f32; 4]) -> Result<StepOutcome, Error> {
        if let Some(index) = action.iter().position(|component| !component.is_finite()) {
            return Err(Error::ActionNotFinite {
                index,
                value: action[index],
            });
        }
        match &self.episode {
            None => Err(Error::NotReset),
            Some(episode) if episode.steps == TIME_LIMIT => {
                Err(Error::EpisodeOver { limit: TIME_LIMIT })
            }
            Some(_) => {
                let outcome = with_ieee_defaults(|| self.advance(action));
                self.physics.check()?;
                Ok(outcome)
            }
        }
    }

    fn advance(&mut self, action: [f32; 4]) -> StepOutcome {
        let task = self.task;
        self.arm
            .act(&mut self.physics, action, task.mocap_low, task.mocap_high);
        self.physics.forward_kinematics();

        let scene = Scene {
            physics: &self.physics,
            arm: &self.arm,
            marks: &self.marks,
        };
        let frame = frame(&scene, task);
        let episode = self
            .episode
            .as_mut()
            .expect("`step` has seen that there is an episode");
        let goal = scene.anchor(episode.placement.target);
        let goal = self
            .goal
            .shown(clip(goal, task.goal_space_low, task.goal_space_high));
        episode.observation = stack(&clip_hand(frame), &clip_hand(episode.previous), goal);
        episode.action = action;
        episode.previous = frame;
        if episode.steps == 0 {
            episode.first_object = [frame[4], frame[5], frame[6]];
        }
        episode.steps += 1;

        let evaluation = (task.reward)(&episode.view(scene, task));
        StepOutcome {
            observation: episode.observation,
            reward: evaluation.reward,
            truncated: episode.steps == TIME_LIMIT,
            info: self.measure(&evaluation),
        }
    }

    /// Completes an evaluation with what only contact forces can tell.
    fn measure(&mut self, evaluation: &Evaluation) -> Info {
        let (grasp_success, success) = match evaluation.grasp {
            Grasp::Known(held) => (held, evaluation.success),
            Grasp::IfPinched(geom) => (f64::from(self.pinches(geom)), evaluation.success),
            Grasp::IfPinchedForSuccess(geom) => {
                let pinched = self.pinches(geom);
                (f64::from(pinched), evaluation.success && pinched)
            }
        };
        Info {
            success,
            near_object: evaluation.near_object,
            grasp_success,
            grasp_reward: evaluation.grasp_reward,
            in_place_reward: evaluation.in_place_reward,
            obj_to_target: evaluation.obj_to_target,
        }
    }

    fn pinches(&mut self, geom: GeomMark) -> bool {
        // A full pass costs a fifth of a time step and more; mostly the pads are too far away for anything but "no".
        if !self.scene().may_pinch(geom) {
            return false;
        }
        self.physics.forward();
        self.scene().pinches(geom)
    }

    /// Reward version 1 of the last step; none before the first step of an episode.
    pub fn reward_v1(&self) -> Option<RewardV1> {
        let episode = self.episode.as_ref().filter(|episode| episode.steps > 0)?;
        let view = episode.view(self.scene(), self.task);
        Some(with_ieee_defaults(|| (self.task.reward_v1)(&view)))
    }

    /// Control steps since the last reset.
    pub fn steps(&self) -> u32 {
        self.episode.as_ref().map_or(0, |episode| episode.steps)
    }

    /// The points that rewards refer to; none before the first reset.
    pub fn memory(&self) -> Option<Memory> {
        let episode = self.episode.as_ref()?;
        let scene = self.scene();
        Some(Memory {
            target: scene.anchor(episode.placement.target),
            object_start: scene.anchor(episode.placement.object_start),
            tcp_start: episode.tcp_start,
        })
    }

    /// Where the object, or the hand, must come to, unclipped; none before the first reset.
    pub fn target(&self) -> Option<[f64; 3]> {
        self.memory().map(|memory| memory.target)
    }

    /// The point between the finger tips.
    pub fn tcp(&self) -> [f64; 3] {
        self.arm.tcp(&self.physics)
    }

    /// The task that is being done.
    pub fn task(&self) -> &'static TaskSpec {
        self.task
    }

    /// The bodies that the robot is to move, with all that hangs on them: many models keep the mass of an object in a part of
    /// the body that is named.
    pub fn manipulated(&self) -> impl Iterator<Item = BodyId> {
        self.task
            .manipulated
            .iter()
            .flat_map(|&mark| self.physics.subtree(self.marks.body(mark)))
    }

    /// The site that shows the goal, if the task has one.
    pub fn goal_marker(&self) -> Option<SiteId> {
        self.task.goal_marker.map(|mark| self.marks.site(mark))
    }

    /// The simulation.
    pub fn physics(&self) -> &Physics {
        &self.physics
    }

    /// The simulation, for changing what a scene is made of between episodes. Changing its state in the middle of an episode
    /// leaves what is remembered of its start as it is.
    pub fn physics_mut(&mut self) -> &mut Physics {
        &mut self.physics
    }

    /// The state, to go on from later.
    pub fn save(&mut self) -> SawyerState {
        SawyerState {
            simulation: self.physics.snapshot(),
            model: self.physics.model_numbers(),
            goal: self.goal,
            episode: self.episode.clone(),
        }
    }

    /// As [`save`](Self::save), into a state of the same model; allocates nothing.
    pub fn save_into(&mut self, state: &mut SawyerState) {
        self.physics.read_model_numbers(&mut state.model);
        self.save_step_into(state);
    }

    /// As [`save_into`](Self::save_into), where only steps were taken since the state was saved or loaded: the scene is the same.
    pub fn save_step_into(&mut self, state: &mut SawyerState) {
        self.physics.save(&mut state.simulation);
        state.goal = self.goal;
        state.episode.clone_from(&self.episode);
    }

    /// Goes on from a state that an environment of the same model has saved, to the bit. Allocates nothing.
    ///
    /// Poses come at the next step: what [`physics`](Self::physics) shows until then is of the state before.
    ///
    /// # Errors
    /// [`Error::ForeignSnapshot`] if the model is of another size.
    pub fn load(&mut self, state: &SawyerState) -> Result<(), Error> {
        if self.physics.warnings().diverged() {
            // The divergence was that of another state.
            self.physics.reset_data();
        }
        self.physics.resume(&state.simulation)?;
        self.physics.write_model_numbers(&state.model);
        self.goal = state.goal;
        self.episode.clone_from(&state.episode);
        Ok(())
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            physics: &self.physics,
            arm: &self.arm,
            marks: &self.marks,
        }
    }
}

impl GoalVisibility {
    fn shown(self, goal: [f64; 3]) -> [f64; 3] {
        match self {
            Self::Observable => goal,
            Self::Hidden => [0.0; 3],
        }
    }
}

/// The numbers that describe the present moment.
fn frame(scene: &Scene<'_>, task: &TaskSpec) -> [f64; FRAME] {
    let mut frame = [0.0; FRAME];
    frame[..3].copy_from_slice(&scene.arm.hand(scene.physics));
    frame[3] = scene.arm.opening(scene.physics);
    frame[4..].copy_from_slice(&(task.objects)(scene).0);
    frame
}

fn stack(now: &[f64; FRAME], before: &[f64; FRAME], goal: [f64; 3]) -> [f64; 39] {
    let mut observation = [0.0; 39];
    observation[..FRAME].copy_from_slice(now);
    observation[FRAME..2 * FRAME].copy_from_slice(before);
    observation[2 * FRAME..].copy_from_slice(&goal);
    observation
}

/// Keeps the hand within the observation space; objects are unbounded there, and the opening never leaves its bounds.
fn clip_hand(mut frame: [f64; FRAME]) -> [f64; FRAME] {
    let hand = clip([frame[0], frame[1], frame[2]], HAND_LOW, HAND_HIGH);
    frame[..3].copy_from_slice(&hand);
    frame
}

fn clip(v: [f64; 3], low: [f64; 3], high: [f64; 3]) -> [f64; 3] {
    [
        v[0].clamp(low[0], high[0]),
        v[1].clamp(low[1], high[1]),
        v[2].clamp(low[2], high[2]),
    ]
}

#[cfg(test)]
mod tests;
