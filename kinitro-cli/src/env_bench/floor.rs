//! The floor: the physics of the same steps, and nothing else.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use kinitro_sim::Error;
use kinitro_sim::metaworld::env::SawyerEnv;
use kinitro_sim::metaworld::sawyer::Arm;
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::models::Models;
use kinitro_sim::physics::float_mode::with_ieee_defaults;

use super::plan::{Actions, Placements, Plan, Shape};
use super::slice::{Length, Slice};

/// Environments that get the same starts and commands as ours, and of which only `mj_step` is run, five times per control step.
///
/// The commands follow from the actions alone, so the states are those of the environments. Every thread has one simulator, on which
/// its environments are played one after the other, each for a whole pass: nothing is copied between steps, no thread waits for
/// another, and no memory is colder than it has to be.
pub(super) struct Floor {
    simulators: Vec<Simulator>,
    placements: Placements,
    /// Placements used so far.
    begun: usize,
    actions: Arc<Actions>,
}

struct Simulator {
    env: SawyerEnv,
    arm: Arm,
}

impl Floor {
    pub(super) fn new(
        models: &Models,
        task: &'static TaskSpec,
        placements: &Placements,
        plan: &Plan,
    ) -> Result<Self, Error> {
        let threads = plan.shapes.iter().map(|shape| shape.threads).max();
        let original = SawyerEnv::new(&models.folder().join("sawyer_xyz"), task)?;
        let simulators = (0..threads.unwrap_or(1)).map(|_| {
            let mut env = original.duplicate()?;
            Ok(Simulator {
                arm: Arm::mount(env.physics_mut())?,
                env,
            })
        });
        Ok(Self {
            simulators: simulators.collect::<Result<_, Error>>()?,
            placements: Arc::clone(placements),
            begun: 0,
            actions: Arc::clone(&plan.actions),
        })
    }

    pub(super) fn slice(&mut self, shape: Shape, length: Length) -> Result<Slice, Error> {
        Slice::of_passes(shape.environments, length, |steps| self.pass(shape, steps))
    }

    /// Plays every environment of a shape once. What resets and steps took is what they took the slowest thread.
    fn pass(&mut self, shape: Shape, steps: usize) -> Result<(Duration, Duration), Error> {
        let portion = shape.environments.div_ceil(shape.threads);
        let (placements, begun, actions) = (&self.placements, self.begun, &self.actions);
        let play = |simulator: &mut Simulator, thread: usize| {
            let mut times = (Duration::ZERO, Duration::ZERO);
            for environment in thread * portion..shape.environments.min((thread + 1) * portion) {
                let placement = &placements[(begun + environment) % placements.len()];
                let (reset, stepping) = simulator.play(placement, actions, environment, steps)?;
                times.0 += reset;
                times.1 += stepping;
            }
            Ok::<_, Error>(times)
        };
        let play = &play;
        let times = thread::scope(|scope| {
            let mut simulators = self.simulators[..shape.threads].iter_mut().enumerate();
            let own = simulators.next();
            let others: Vec<_> = simulators
                .map(|(thread, simulator)| scope.spawn(move || play(simulator, thread)))
                .collect();
            let own = own.map(|(thread, simulator)| play(simulator, thread));
            let others = others
                .into_iter()
                .map(|other| other.join().expect("a thread that panics has said why"));
            own.into_iter()
                .chain(others)
                .collect::<Result<Vec<_>, Error>>()
        })?;
        self.begun += shape.environments;
        let slowest = |time: fn(&(Duration, Duration)) -> Duration| times.iter().map(time).max();
        Ok((
            slowest(|times| times.0).unwrap_or_default(),
            slowest(|times| times.1).unwrap_or_default(),
        ))
    }

    /// Where the hand of the environment that the first thread played last has come to.
    pub(super) fn hand(&mut self) -> Result<[f64; 3], Error> {
        let Simulator { env, arm } = &mut self.simulators[0];
        let physics = env.physics_mut();
        with_ieee_defaults(|| physics.forward_kinematics());
        physics.check()?;
        Ok(arm.hand(physics))
    }
}

impl Simulator {
    /// Resets, then for every action sets the commands and runs `mj_step` five times.
    fn play(
        &mut self,
        placement: &[f64],
        actions: &Actions,
        environment: usize,
        steps: usize,
    ) -> Result<(Duration, Duration), Error> {
        let begun = Instant::now();
        self.env.reset_parity(placement)?;
        let reset = begun.elapsed();
        let (low, high) = (self.env.task().mocap_low, self.env.task().mocap_high);
        let (arm, physics) = (self.arm, self.env.physics_mut());
        let begun = Instant::now();
        with_ieee_defaults(|| {
            for step in 0..steps {
                let action = actions.at(step, environment + 1)[environment];
                arm.act(physics, action, low, high);
            }
        });
        let stepping = begun.elapsed();
        physics.check()?;
        Ok((reset, stepping))
    }
}
