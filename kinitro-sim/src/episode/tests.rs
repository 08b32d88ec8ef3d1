//! Behavior of [`Episode`] on an environment of a few lines, whose actions can break the simulation.

use super::*;
use crate::env::Progress;
use crate::physics::Physics;
use crate::render::scene::SceneModel;
use crate::render::store::MeshStore;
use crate::rollout::{self, Driver, PolicyStart, RemotePolicy, Seen};
use kinitro_core::seed::CycleSeed;
use kinitro_core::units::QuatXyzw;

/// A ball on a table.
const MODEL: &str = r#"<mujoco>
  <worldbody>
    <geom type="plane" size="1 1 .1"/>
    <body name="hand" mocap="true"/>
    <body pos="0 0 .1"><freejoint/><geom size=".05"/></body>
  </worldbody>
</mujoco>"#;

#[derive(Debug)]
struct Ball {
    spec: EnvSpec,
    physics: Physics,
    state: PrivilegedState,
}

impl Ball {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ball.xml");
        std::fs::write(&file, MODEL).unwrap();
        let spec = EnvSpec {
            id: "test/ball-v1".parse().unwrap(),
            summary: "A ball rolls.",
            instruction: "Roll the ball.",
            difficulty: None,
            max_steps: 20,
            control_period: 0.002,
        };
        Self {
            spec,
            physics: Physics::load(&file).unwrap(),
            state: PrivilegedState([0.0; 39]),
        }
    }
}

impl Environment for Ball {
    fn duplicate(&self) -> Result<Box<dyn Environment>, Error> {
        Ok(Box::new(Self {
            spec: self.spec.clone(),
            physics: self.physics.duplicate()?,
            state: self.state,
        }))
    }

    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn scene_model(&self) -> Result<SceneModel, Error> {
        self.physics.scene_model(&MeshStore::in_memory())
    }

    fn begin(&mut self, _key: &EpisodeKey, _level: Level) -> Result<SceneRecord, Error> {
        self.physics.reset_data();
        self.physics.check()?;
        Ok(SceneRecord::new())
    }

    /// The first entry accelerates the ball, `1` beyond all numbers; the last solves the task.
    fn step(&mut self, action: Action) -> Result<Progress, Error> {
        let [push, _, _, solve] = *action.as_array();
        self.physics
            .set_qvel(0, &[if push == 1.0 { 1e20 } else { f64::from(push) }]);
        self.physics.step(1);
        self.physics.check()?;
        Ok(Progress {
            reward: 0.5,
            success: solve == 1.0,
        })
    }

    fn proprioception(&self) -> [f32; 4] {
        [0.0; 4]
    }

    fn hand(&self) -> HandState {
        HandState {
            orientation: QuatXyzw([0.0, 0.0, 0.0, 1.0]),
            linear_velocity: [0.0; 3],
            angular_velocity: [0.0; 3],
        }
    }

    fn privileged(&self) -> &PrivilegedState {
        &self.state
    }

    fn physics(&self) -> &Physics {
        &self.physics
    }
}

/// A ball with the start of an episode.
fn ready() -> (Simulator, EpisodeStart) {
    let simulator = Simulator::of(Box::new(Ball::new()), &View::state_only()).unwrap();
    let key = EpisodeKey::derive(
        &CycleSeed::from_local_seed(0),
        &simulator.spec().id,
        kinitro_core::ids::EpisodeIndex(0),
    );
    let start = EpisodeStart {
        miner_key: MinerKey::derive(&key, None),
        key,
        level: Level::None,
    };
    (simulator, start)
}

/// Plays the commands and returns what remains; an episode that is still running then is abandoned.
fn play(commands: &[[f64; 4]]) -> EpisodeRecord {
    let (mut simulator, start) = ready();
    let mut episode = simulator.begin(&start).unwrap();
    for command in commands {
        let (action, clipped) = Action::from_wire(*command).unwrap();
        episode.apply(TakenAction { action, clipped }).unwrap();
    }
    episode.abandon(Outcome::PolicyError);
    episode.finish().unwrap()
}

#[test]
fn the_end_of_an_episode_has_one_of_four_reasons() {
    let push = [0.25, 0.0, 0.0, 0.0];
    let cases: [(Vec<[f64; 4]>, Outcome); 4] = [
        (vec![push; 20], Outcome::Unsolved),
        (vec![push, [0.0, 0.0, 0.0, 1.0]], Outcome::Success),
        (vec![push, [1.0, 0.0, 0.0, 0.0]], Outcome::SimDiverged),
        (vec![push], Outcome::PolicyError),
    ];
    for (commands, outcome) in cases {
        let record = play(&commands);
        assert_eq!(record.outcome, outcome);
        assert_eq!(record.success, outcome == Outcome::Success);
        assert_eq!(usize::from(record.steps), commands.len());
        assert_eq!(record.total_reward, 0.5 * commands.len() as f64);
        assert_eq!(record.image_hash, None);
    }
    assert!(!std::path::Path::new("MUJOCO_LOG.TXT").exists());
}

#[test]
fn a_divergence_counts_even_if_the_task_is_solved_in_the_same_step() {
    assert_eq!(play(&[[1.0, 0.0, 0.0, 1.0]]).outcome, Outcome::SimDiverged);
}

#[test]
fn hashes_depend_on_the_actions_alone() {
    let commands = [[0.25, 0.0, 0.0, 0.0], [0.5, 0.0, 0.0, 0.0]];
    assert_eq!(play(&commands), play(&commands));
    let other = play(&[commands[0], [0.5, 0.0, 0.25, 0.0]]);
    assert_eq!(
        other.state_hash,
        play(&commands).state_hash,
        "the third entry moves nothing"
    );
    assert_ne!(other.observation_hash, play(&commands).observation_hash);
    assert_ne!(play(&commands[..1]).state_hash, play(&commands).state_hash);
}

#[test]
fn nothing_follows_the_end_and_nothing_is_recorded_before_it() {
    let (mut simulator, start) = ready();
    let taken = TakenAction {
        action: Action::ZERO,
        clipped: false,
    };

    let running = simulator.begin(&start).unwrap();
    assert!(matches!(
        running.finish(),
        Err(Error::EpisodeRunning { steps: 0 })
    ));

    let mut over = simulator.begin(&start).unwrap();
    over.abandon(Outcome::InvalidAction);
    over.abandon(Outcome::PolicyError);
    assert!(matches!(
        over.apply(taken),
        Err(Error::EpisodeFinished {
            outcome: Outcome::InvalidAction
        })
    ));
}

/// Pushes for some steps, then fails.
struct Failing {
    steps: u16,
    outcome: Outcome,
    begun: Option<PolicyStart>,
    ended: Vec<Outcome>,
}

impl RemotePolicy for Failing {
    fn begin(&mut self, start: &PolicyStart) -> Result<(), Outcome> {
        self.begun = Some(start.clone());
        if self.outcome == Outcome::ResetFailed {
            return Err(self.outcome);
        }
        Ok(())
    }

    fn act(&mut self, seen: &Seen<'_>) -> Result<TakenAction, Outcome> {
        if seen.step == self.steps {
            return Err(self.outcome);
        }
        assert_eq!(seen.hand.orientation.0, [0.0, 0.0, 0.0, 1.0]);
        let (action, _) = Action::from_wire([0.25, 0.0, 0.0, 0.0]).unwrap();
        let clipped = seen.step == 1;
        Ok(TakenAction { action, clipped })
    }

    fn end(&mut self, record: &EpisodeRecord) {
        self.ended.push(record.outcome);
    }
}

#[test]
fn a_failure_of_a_remote_policy_ends_the_episode_and_its_replay_is_equal() {
    for (outcome, steps) in [
        (Outcome::ActTimeout, 3),
        (Outcome::PolicyError, 0),
        (Outcome::InvalidAction, 5),
        (Outcome::ResetFailed, 0),
        (Outcome::Unsolved, 20),
    ] {
        let (mut simulator, start) = ready();
        let mut policy = Failing {
            steps,
            outcome,
            begun: None,
            ended: Vec::new(),
        };
        let mut watched = Vec::new();
        let mut driver = Driver::Remote(&mut policy);
        let record = rollout::run(&mut simulator, &start, &mut driver, |step, _| {
            watched.push(step);
        })
        .unwrap();
        assert_eq!((record.outcome, record.steps), (outcome, steps));
        assert!(!record.success);
        assert_eq!(watched, (0..=steps).collect::<Vec<_>>());
        assert_eq!(policy.ended, [outcome]);
        let begun = policy.begun.unwrap();
        assert_eq!((begun.control_hz, begun.max_steps), (500.0, 20));
        assert_eq!(begun.seed, start.miner_key.policy_seed());

        let replayed = rollout::replay(&mut simulator, &start, &record.actions, outcome).unwrap();
        assert_eq!(replayed, record);
        // An end that only the simulation can show is not believed.
        let lie = rollout::replay(&mut simulator, &start, &record.actions, Outcome::Success);
        assert!(!lie.unwrap().success);
    }
}
