//! The evaluation profile: the tasks of the parity profile in procedural scenes.
//!
//! Same models, placements, rewards and success as in the parity profile; only what is drawn differs, and the first state is
//! one at rest with fresh kinematics. The order of a reset is fixed:
//!
//! 1. model fields back to their compiled values; friction, damping and masses scaled; derived constants recomputed; the
//!    weld of the hand written again;
//! 2. the scene placed once, so that furniture stands where it will stand when the hand comes;
//! 3. the state reset, the hand brought to its start, the scene placed again;
//! 4. the free object raised by its drop, the arm's joints and the commanded hand position disturbed;
//! 5. simulated, hand held and gripper open, until nothing moves, for at most one second.
//!
//! What follows is step 0.

use std::path::Path;

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::p2::HandState;
use kinitro_core::record::level::Level;
use kinitro_core::record::scene::SceneRecord;
use kinitro_core::seed::EpisodeKey;

use super::env::{SawyerEnv, TIME_LIMIT};
use super::observe;
use super::randomize::DrawnScene;
use super::sawyer::FRAME_SKIP;
use super::spec::TaskSpec;
use super::tasks::TASKS;
use crate::Error;
use crate::env::{EnvSpec, Environment, PrivilegedState, Progress};
use crate::physics::Physics;
use crate::physics::float_mode::with_ieee_defaults;
use crate::registry::Family;
use crate::render::scene::SceneModel;

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

/// Control steps after which a scene counts as settled whatever still moves: 1 s.
const MAX_SETTLING_STEPS: usize = 80;
/// Control steps that are always simulated, since an object that is let go starts at rest: 0.1 s.
const MIN_SETTLING_STEPS: usize = 8;
/// A scene is at rest if no degree of freedom is faster than this, m/s or rad/s.
const REST_SPEED: f64 = 0.01;
/// Red spheres that Meta-World draws at the finger tips; a policy sees the fingers themselves.
const FINGERTIP_MARKERS: [&str; 2] = ["rightEndEffector", "leftEndEffector"];
/// The joints of the arm, from base to hand.
const ARM_JOINTS: [&str; 7] = [
    "right_j0", "right_j1", "right_j2", "right_j3", "right_j4", "right_j5", "right_j6",
];
/// Duration of a control step, seconds.
const CONTROL_PERIOD: f64 = 0.0125;

/// A Meta-World task whose scenes come from episode keys.
#[derive(Debug)]
pub struct EvaluationEnv {
    sawyer: SawyerEnv,
    /// Where the joints of the arm are in the generalized positions.
    arm_joints: [usize; 7],
    spec: EnvSpec,
    state: PrivilegedState,
}

impl EvaluationEnv {
    /// Compiles the task's model; `models` is Meta-World's folder `assets`.
    ///
    /// # Errors
    /// As [`SawyerEnv::new`].
    pub fn new(models: &Path, task: &'static TaskSpec) -> Result<Self, Error> {
        let sawyer = SawyerEnv::new(&models.join("sawyer_xyz"), task)?;
        let mut arm_joints = [0; 7];
        for (address, name) in arm_joints.iter_mut().zip(ARM_JOINTS) {
            let joint = sawyer.physics.joint(name)?;
            *address = sawyer.physics.joint_qpos_address(joint);
        }
        Ok(Self {
            sawyer,
            arm_joints,
            spec: spec(task),
            state: PrivilegedState([0.0; 39]),
        })
    }
}

impl Environment for EvaluationEnv {
    fn duplicate(&self) -> Result<Box<dyn Environment>, Error> {
        Ok(Box::new(Self {
            sawyer: self.sawyer.duplicate()?,
            arm_joints: self.arm_joints,
            spec: self.spec.clone(),
            state: PrivilegedState([0.0; 39]),
        }))
    }

    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn begin(&mut self, key: &EpisodeKey, level: Level) -> Result<SceneRecord, Error> {
        let scene = DrawnScene::draw(self.sawyer.task(), key, level)?;
        let state = with_ieee_defaults(|| self.reset(&scene));
        self.sawyer.physics.check()?;
        if self.sawyer.physics.warnings().diverged() {
            let env = self.spec.id.clone();
            return Err(Error::SceneDiverged { env });
        }
        self.state = PrivilegedState(state);
        Ok(scene.record())
    }

    fn step(&mut self, action: Action) -> Result<Progress, Error> {
        let outcome = self.sawyer.step(*action.as_array())?;
        self.state = PrivilegedState(outcome.observation);
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

    fn scene_model(&self) -> Result<SceneModel, Error> {
        let mut scene = self.physics().scene_model()?;
        for marker in FINGERTIP_MARKERS {
            scene.set_visible(marker, false);
        }
        Ok(scene)
    }
}

impl EvaluationEnv {
    /// Resets to a drawn scene and returns its first observation, with fresh kinematics and not clipped.
    fn reset(&mut self, scene: &DrawnScene) -> [f64; 39] {
        self.vary_model(scene);
        self.sawyer.physics.reset_data();
        self.sawyer.physics.forward();
        self.sawyer.place(&scene.draw);
        self.sawyer.physics.reset_data();
        let (_, placement) = self.sawyer.settle_and_place(&scene.draw);
        self.disturb(scene);
        come_to_rest(&mut self.sawyer.physics);
        self.sawyer.start(self.sawyer.tcp(), placement)
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
            for (address, noise) in self.arm_joints.into_iter().zip(variation.joint_noise) {
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
}

fn come_to_rest(physics: &mut Physics) {
    for step in 0..MAX_SETTLING_STEPS {
        let moving = physics.qvel().iter().any(|speed| speed.abs() >= REST_SPEED);
        if MIN_SETTLING_STEPS <= step && !moving {
            break;
        }
        physics.step(FRAME_SKIP);
    }
    physics.forward();
}

fn spec(task: &TaskSpec) -> EnvSpec {
    let id: EnvId = format!("metaworld/{}", task.name)
        .parse()
        .expect("task names obey the grammar of ids");
    EnvSpec {
        id,
        summary: task.summary,
        instruction: task.instruction,
        max_steps: u16::try_from(TIME_LIMIT).expect("500 fits"),
        control_period: CONTROL_PERIOD,
    }
}
