//! The evaluation profile: the tasks of the parity profile in procedural scenes.
//!
//! Same models, placements, rewards and success as in the parity profile; only what is drawn differs, and the first state is
//! one at rest with fresh kinematics. The hand is brought to its start once, when an environment is made, in the compiled model.
//! The order of a reset is fixed:
//!
//! 1. model fields back to their compiled values; friction, damping and masses scaled, at level `hard` contacts too; derived
//!    constants recomputed; the weld of the hand written again;
//! 2. the state set to that of the hand at its start, the scene placed;
//! 3. the same again, since a task may measure before it moves, and furniture then stands where it will stand;
//! 4. the free object raised by its drop, the arm's joints and the commanded hand position disturbed;
//! 5. simulated, hand held and gripper open, until hand, fingers and objects are still, for at most 0.6 s;
//! 6. at level `hard` gravity tilted, so that what rolls or swings starts from rest where it was placed.
//!
//! What follows is step 0, if the robot is free: where it touches anything, the next placement of the same episode is tried,
//! friction, damping, masses and noise being the same.
//!
//! At level `hard` the robot may be slow to obey: an action is carried out as many control steps after it was sent as the scene
//! says, and until then the hand is held and the gripper open, as before step 0. The delay belongs to the scene: what a policy
//! sends is what is recorded, and the reward of a step is that of the action carried out in it.
//!
//! How a scene looks to a miner is drawn when it has begun, see [`looks`](crate::looks), and changes nothing of the above.
//!
//! The marker of the goal is drawn exactly at the target, wherever the engine has it, and follows a target that moves. Markers
//! of other goals and of the finger tips are not drawn.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::p2::HandState;
use kinitro_core::record::level::Level;
use kinitro_core::record::scene::SceneRecord;
use kinitro_core::seed::{EpisodeKey, MinerKey};

use super::env::{GoalVisibility, SawyerEnv, SawyerState, StepOutcome, TIME_LIMIT};
use super::furnishing::Furnishing;
use super::observe;
use super::randomize::{DrawnScene, draw_areas};
use super::sawyer::FRAME_SKIP;
use super::spec::TaskSpec;
use super::tasks::TASKS;
use crate::Error;
use crate::env::{EnvSpec, Environment, PrivilegedState, Progress};
use crate::looks::Looks;
use crate::models::Models;
use crate::physics::float_mode::with_ieee_defaults;
use crate::physics::handles::{JointId, SiteId};
use crate::physics::visual::SiteOverride;
use crate::physics::{Physics, Snapshot};
use crate::registry::Family;
use crate::render::scene::SceneModel;
use crate::render::store::MeshStore;

/// The family's row in the registry.
pub const FAMILY: Family = Family {
    name: "metaworld",
    summary: "A Sawyer arm with a two-finger gripper at a table (Meta-World 3.1.1)",
    list: || TASKS.iter().map(|task| spec(task)).collect(),
    make: |name, models| {
        let Some(task) = super::tasks::find(name) else {
            return Ok(None);
        };
        Ok(Some(Box::new(EvaluationEnv::new(models, task)?)))
    },
};

/// How often the hand is brought to its start, 0.6 s each time, before it is as good as still: the springs that hold it creep.
const SETTLINGS: usize = 4;
/// Control steps after which a scene counts as settled whatever still moves: 0.6 s. A few things never rest, such as the flask of
/// the stick tasks, which trembles on its table.
const MAX_SETTLING_STEPS: usize = 48;
/// Control steps in a row that a scene must be still for: a thing that swings is still where it turns round, and one that is let
/// go before it falls.
const STILL_STEPS: usize = 5;
/// Fingers and objects are still if none of their degrees of freedom is faster than this, m/s or rad/s; the hand, if it moves
/// along no axis faster.
const STILL_SPEED: f64 = 0.01;
/// The hand is still if it turns about no axis faster than this, rad/s: 5 mm/s at the finger tips. The springs that hold it let
/// the wrist creep for half a second longer than the rest.
const STILL_TURN: f64 = 0.1;
/// Red spheres that Meta-World draws at the finger tips; a policy sees the fingers themselves.
const FINGERTIP_MARKERS: [&str; 2] = ["rightEndEffector", "leftEndEffector"];
/// The joints of the arm, from base to hand.
const ARM_JOINTS: [&str; 7] = [
    "right_j0", "right_j1", "right_j2", "right_j3", "right_j4", "right_j5", "right_j6",
];
/// The robot's command while a scene comes to rest: hand held, gripper open.
const IDLE: [f32; 4] = [0.0, 0.0, 0.0, -1.0];
/// Actions under way at most: those of the longest delay and the one just sent. Held ready, so that no step allocates.
const LONGEST_QUEUE: usize = 2;
/// Duration of a control step, seconds.
const CONTROL_PERIOD: f64 = 0.0125;

/// A Meta-World task whose scenes come from episode keys.
#[derive(Debug)]
pub struct EvaluationEnv {
    sawyer: SawyerEnv,
    arm_joints: Box<[JointId]>,
    /// The hand at its start, nothing placed, in the compiled model.
    settled: Snapshot,
    /// The marker of the goal, at the target of the present state.
    goal_marker: Option<SiteOverride>,
    /// Actions that were sent and not yet carried out, as many as the scene's control delay has steps.
    under_way: VecDeque<[f32; 4]>,
    /// What the model consists of; shared with twins, and found out when it is first asked for.
    furnishing: Arc<OnceLock<Furnishing>>,
    meshes: MeshStore,
    spec: EnvSpec,
    state: PrivilegedState,
}

impl EvaluationEnv {
    /// Compiles the task's model.
    ///
    /// # Errors
    /// As [`SawyerEnv::new`].
    pub fn new(models: &Models, task: &'static TaskSpec) -> Result<Self, Error> {
        let mut sawyer = SawyerEnv::new(&models.folder().join("sawyer_xyz"), task)?;
        let arm_joints = ARM_JOINTS.map(|name| sawyer.physics.joint(name));
        let arm_joints = arm_joints.into_iter().collect::<Result<_, Error>>()?;
        let settled = with_ieee_defaults(|| {
            for _ in 0..SETTLINGS {
                sawyer.arm.settle(&mut sawyer.physics, task.hand_init);
            }
            sawyer.physics.snapshot()
        });
        sawyer.physics.check()?;
        Ok(Self {
            goal_marker: sawyer.goal_marker().map(at_its_place),
            sawyer,
            arm_joints,
            settled,
            under_way: VecDeque::with_capacity(LONGEST_QUEUE),
            furnishing: Arc::default(),
            meshes: models.meshes().clone(),
            spec: spec(task),
            state: PrivilegedState([0.0; 39]),
        })
    }
}

/// Everything by which one environment differs from another of the same task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EvaluationState {
    sawyer: SawyerState,
    under_way: VecDeque<[f32; 4]>,
}

impl EvaluationState {
    pub(crate) fn sawyer(&self) -> &SawyerState {
        &self.sawyer
    }
}

/// What a [`Batch`](crate::batch::Batch) needs: environments that take turns on one model, and both profiles in one object.
impl EvaluationEnv {
    /// Another environment of the same model.
    pub(crate) fn twin(&self) -> Result<Self, Error> {
        Ok(Self {
            sawyer: self.sawyer.duplicate()?,
            arm_joints: self.arm_joints.clone(),
            settled: self.settled.clone(),
            goal_marker: self.sawyer.goal_marker().map(at_its_place),
            under_way: VecDeque::with_capacity(LONGEST_QUEUE),
            furnishing: Arc::clone(&self.furnishing),
            meshes: self.meshes.clone(),
            spec: self.spec.clone(),
            state: PrivilegedState([0.0; 39]),
        })
    }

    pub(crate) fn set_goal_visibility(&mut self, goal: GoalVisibility) {
        self.sawyer.set_goal_visibility(goal);
    }

    /// Control steps since the last reset.
    pub(crate) fn steps(&self) -> u32 {
        self.sawyer.steps()
    }

    /// Begins an episode of the parity profile, with physics as compiled.
    pub(crate) fn begin_placed(&mut self, placement: &[f64]) -> Result<(), Error> {
        self.sawyer.physics.restore_pristine();
        self.sawyer.arm.weld_hand(&mut self.sawyer.physics);
        let state = self.sawyer.reset_parity(placement)?;
        self.check_at_rest()?;
        self.state = PrivilegedState(state);
        self.under_way.clear();
        self.mark_goal();
        Ok(())
    }

    /// As [`step`](Environment::step), with all measures.
    pub(crate) fn step_fully(&mut self, action: [f32; 4]) -> Result<StepOutcome, Error> {
        self.under_way.push_back(action);
        let due = self.under_way.pop_front();
        let outcome = self
            .sawyer
            .step(due.expect("the action just sent is under way"))?;
        self.state = PrivilegedState(outcome.observation);
        self.mark_goal();
        Ok(outcome)
    }

    pub(crate) fn save(&mut self) -> EvaluationState {
        EvaluationState {
            sawyer: self.sawyer.save(),
            under_way: self.under_way.clone(),
        }
    }

    pub(crate) fn save_into(&mut self, state: &mut EvaluationState) {
        self.sawyer.save_into(&mut state.sawyer);
        state.under_way.clone_from(&self.under_way);
    }

    pub(crate) fn save_step_into(&mut self, state: &mut EvaluationState) {
        self.sawyer.save_step_into(&mut state.sawyer);
        state.under_way.clone_from(&self.under_way);
    }

    pub(crate) fn load(&mut self, state: &EvaluationState) -> Result<(), Error> {
        self.under_way.clone_from(&state.under_way);
        self.sawyer.load(&state.sawyer)
    }
}

impl Environment for EvaluationEnv {
    fn duplicate(&self) -> Result<Box<dyn Environment>, Error> {
        Ok(Box::new(self.twin()?))
    }

    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn begin(&mut self, key: &EpisodeKey, level: Level) -> Result<SceneRecord, Error> {
        let mut candidates = DrawnScene::candidates(self.sawyer.task(), key, level);
        let (scene, state) = loop {
            let scene = candidates.next().ok_or_else(|| Error::SceneObstructed {
                env: self.spec.id.clone(),
            })?;
            let state = with_ieee_defaults(|| self.reset(&scene))?;
            self.sawyer.physics.check()?;
            self.check_at_rest()?;
            if !self.touches() {
                break (scene, state);
            }
        };
        self.state = PrivilegedState(state);
        self.mark_goal();
        self.under_way.clear();
        let delay = scene.disturbance().map_or(0, |it| it.control_delay);
        self.under_way.resize(usize::from(delay), IDLE);
        Ok(scene.record())
    }

    fn looks(&self, key: &MinerKey, level: Level) -> Result<Looks, Error> {
        if level == Level::None {
            return Ok(Looks::nominal());
        }
        let furnishing = self.furnishing()?;
        let space = || {
            let boxes = draw_areas(self.sawyer.task());
            furnishing.free_space(self.physics(), boxes, self.points_of_interest())
        };
        Ok(Looks::draw(key, level, &furnishing.wardrobe, space))
    }

    fn step(&mut self, action: Action) -> Result<Progress, Error> {
        let outcome = self.step_fully(*action.as_array())?;
        Ok(Progress {
            reward: outcome.reward,
            success: outcome.info.success,
        })
    }

    fn proprioception(&self) -> [f32; 4] {
        observe::proprioception(&self.sawyer)
    }

    fn hand(&self) -> HandState {
        with_ieee_defaults(|| observe::hand(&self.sawyer))
    }

    fn privileged(&self) -> &PrivilegedState {
        &self.state
    }

    fn physics(&self) -> &Physics {
        self.sawyer.physics()
    }

    fn moved_markers(&self) -> &[SiteOverride] {
        self.goal_marker.as_slice()
    }

    fn scene_model(&self) -> Result<SceneModel, Error> {
        let mut scene = self.physics().scene_model(&self.meshes)?;
        for marker in self.hidden_markers() {
            scene.set_visible(marker, false);
        }
        Ok(scene)
    }
}

impl EvaluationEnv {
    /// The task that is to be done.
    pub fn task(&self) -> &'static TaskSpec {
        self.sawyer.task()
    }

    /// Where the object, or the hand, must come to in the present state; none before the first episode.
    pub fn target(&self) -> Option<[f64; 3]> {
        self.sawyer.target()
    }

    /// Where hand, objects and target are.
    fn points_of_interest(&self) -> Vec<[f64; 3]> {
        let state = &self.state.0;
        let point = |first: usize| [state[first], state[first + 1], state[first + 2]];
        // Zeros stand for a second object where there is none.
        let objects = [point(4), point(11)].into_iter();
        let objects = objects.filter(|object| *object != [0.0; 3]);
        [point(0)]
            .into_iter()
            .chain(objects)
            .chain(self.target())
            .collect()
    }

    fn furnishing(&self) -> Result<&Furnishing, Error> {
        if let Some(known) = self.furnishing.get() {
            return Ok(known);
        }
        let hidden: Vec<_> = self.hidden_markers().collect();
        let found = Furnishing::of(self.physics(), self.sawyer.arm.hand_body(), &hidden)?;
        // A twin may have been faster; it found the same.
        Ok(self.furnishing.get_or_init(|| found))
    }

    /// Names of the sites that are not drawn.
    fn hidden_markers(&self) -> impl Iterator<Item = &'static str> {
        let task = self.sawyer.task();
        let misleading = task.misleading_markers.iter();
        let misleading = misleading.map(|&mark| task.marks.site_name(mark));
        misleading.chain(FINGERTIP_MARKERS)
    }

    /// Resets to a drawn scene and returns its first observation, with fresh kinematics and not clipped.
    fn reset(&mut self, scene: &DrawnScene) -> Result<[f64; 39], Error> {
        self.vary_model(scene);
        self.bring_hand()?;
        self.sawyer.place(&scene.draw);
        self.bring_hand()?;
        let placement = self.sawyer.place(&scene.draw);
        self.disturb(scene);
        self.come_to_rest();
        if let Some(disturbance) = scene.disturbance() {
            let physics = &mut self.sawyer.physics;
            physics.tilt_gravity(disturbance.gravity_tilt, disturbance.gravity_azimuth);
            physics.forward();
        }
        Ok(self.sawyer.start(self.sawyer.tcp(), placement))
    }

    /// Sets the state to that of the hand at its start.
    fn bring_hand(&mut self) -> Result<(), Error> {
        // A snapshot holds no warnings: those of the episode before end here.
        self.sawyer.physics.reset_data();
        self.sawyer.physics.restore(&self.settled)
    }

    fn mark_goal(&mut self) {
        if let Some(marker) = &mut self.goal_marker {
            marker.position = self.sawyer.target();
        }
    }

    /// Whether a new scene is one that can be simulated.
    fn check_at_rest(&self) -> Result<(), Error> {
        if self.physics().warnings().diverged() {
            let env = self.spec.id.clone();
            return Err(Error::SceneDiverged { env });
        }
        Ok(())
    }

    fn vary_model(&mut self, scene: &DrawnScene) {
        let manipulated: Vec<_> = self.sawyer.manipulated().collect();
        let physics = &mut self.sawyer.physics;
        physics.restore_pristine();
        if let Some(variation) = &scene.variation {
            physics.scale_friction(variation.friction_scale);
            physics.scale_damping(variation.damping_scale);
            for body in manipulated {
                physics.scale_body_mass(body, variation.mass_scale);
            }
            if let Some(disturbance) = &variation.disturbance {
                physics.scale_contact_time(disturbance.contact_time_scale);
            }
            physics.set_constants();
        }
        self.sawyer.arm.weld_hand(physics);
    }

    fn disturb(&mut self, scene: &DrawnScene) {
        let (low, high) = (self.sawyer.task().mocap_low, self.sawyer.task().mocap_high);
        let physics = &mut self.sawyer.physics;
        if let Some(address) = physics.free_joint_qpos_address() {
            let height = physics.qpos()[address + 2] + scene.drop;
            physics.set_qpos(address + 2, &[height]);
        }
        if let Some(variation) = &scene.variation {
            for (&joint, noise) in self.arm_joints.iter().zip(variation.joint_noise) {
                let address = physics.joint_qpos_address(joint);
                let angle = physics.qpos()[address] + noise;
                physics.set_qpos(address, &[angle]);
            }
            let mut hand = physics.mocap_position();
            for axis in 0..3 {
                hand[axis] = (hand[axis] + variation.hand_noise[axis]).clamp(low[axis], high[axis]);
            }
            physics.set_mocap_position(hand);
        }
    }

    fn come_to_rest(&mut self) {
        let mut still = 0;
        for _ in 0..MAX_SETTLING_STEPS {
            still = if self.is_still() { still + 1 } else { 0 };
            if still == STILL_STEPS {
                break;
            }
            self.sawyer.physics.step(FRAME_SKIP);
        }
        self.sawyer.physics.forward();
    }

    /// Whether the robot is in contact with anything but itself. The pads of the fingers push from 1 mm on.
    fn touches(&self) -> bool {
        let physics = &self.sawyer.physics;
        let robot = physics.root_of_body(self.sawyer.arm.hand_body());
        physics.contacts().any(|contact| {
            let [one, other] = contact
                .geoms
                .map(|geom| physics.root_of_geom(geom) == robot);
            one != other
        })
    }

    /// Whether hand, fingers and objects are still. How the arm moves that holds the hand does not matter.
    fn is_still(&self) -> bool {
        let physics = &self.sawyer.physics;
        let slow = |speeds: [f64; 3], limit: f64| speeds.iter().all(|speed| speed.abs() < limit);
        let hand = physics.body_velocity(self.sawyer.arm.hand_body());
        let of_arm = |dof| {
            let mut joints = self.arm_joints.iter();
            joints.any(|&joint| physics.joint_dof_address(joint) == dof)
        };
        let mut others = (0..).zip(physics.qvel()).filter(|&(dof, _)| !of_arm(dof));
        slow(hand.linear, STILL_SPEED)
            && slow(hand.angular, STILL_TURN)
            && others.all(|(_, speed)| speed.abs() < STILL_SPEED)
    }
}

fn at_its_place(site: SiteId) -> SiteOverride {
    SiteOverride {
        site,
        position: None,
        visible: true,
    }
}

fn spec(task: &TaskSpec) -> EnvSpec {
    let id: EnvId = format!("metaworld/{}", task.name)
        .parse()
        .expect("task names obey the grammar of ids");
    EnvSpec {
        id,
        summary: task.summary,
        instruction: task.instruction,
        difficulty: Some(task.difficulty.name()),
        max_steps: u16::try_from(TIME_LIMIT).expect("500 fits"),
        control_period: CONTROL_PERIOD,
    }
}
