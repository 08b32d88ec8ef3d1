//! Plays scripted experts without being told anything privileged: each episode is found by its environment and policy seed
//! among the scenes of a run whose seed is known, and its scene is simulated here in lockstep.
//!
//! The copy is moved by exactly what the evaluator reads from the answers. Before each answer the copy is compared with
//! what the request shows of the robot, to the bit:
//!
//! | what happened | how it shows | what is done |
//! |---|---|---|
//! | the answer was applied | the copy agrees | go on |
//! | the request is repeated | V3 repeats the step's number; otherwise the robot has not moved | the same answer again |
//! | an answer came too late, the evaluator repeated the action before | the copy disagrees | the copy is simulated again with that action |
//! | a request never arrived | V3 skips a step's number; otherwise the copy disagrees | the copy follows |
//! | anything else | the copy disagrees still | refusal `out_of_step`: acting on another scene would only look like an expert |
//!
//! Where a held action and the answered one move the robot alike, the two histories cannot be told apart here.
//! In P1 and P2, a repeated request in a pose that the robot kept for a step looks like the next step.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use kinitro_core::ids::{EnvId, EpisodeIndex, Hotkey};
use kinitro_core::protocol::policy::Action;
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_sim::env::Environment;
use kinitro_sim::metaworld::experts;
use kinitro_sim::models::Models;
use kinitro_sim::registry;
use kinitro_sim::rollout::{ExpertTeacher, Teacher as _};

use super::behaviour::{Asked, Behaviour, Player, Refusal, Start, StepNumber, action};
use super::episodes::lock;

/// Environments that are kept for the next episodes.
const MAX_IDLE: usize = 8;

/// Episodes at once. A compiled environment takes about 20 MB, measured with `pick-place-v3`.
const AFFORDABLE: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// Steps in a row that the copy follows an evaluator without an answer; evaluators give up earlier.
const MAX_MISSED: usize = 8;

/// Which run is mirrored.
#[derive(Debug)]
pub struct Scenes {
    /// What the run's scenes are drawn from.
    pub cycle: CycleSeed,
    /// How much the scenes vary.
    pub level: Level,
    /// How many scenes per environment the run has at most.
    pub episodes: u32,
    /// Whose policy seeds the run uses; `None` for local runs.
    pub hotkey: Option<Hotkey>,
}

/// The scripted experts, on copies of the scenes.
#[derive(Debug)]
pub struct Mirror {
    scenes: Scenes,
    noise: f64,
    /// By environment, then policy seed; made when an environment is first asked for.
    keys: Mutex<BTreeMap<EnvId, Arc<BTreeMap<u32, EpisodeKey>>>>,
    stage: Arc<Stage>,
}

impl Mirror {
    /// Experts with normal noise of standard deviation `noise` on each entry of their commands, as
    /// [`ExpertTeacher`] has it.
    ///
    /// The engine must have been set up as for an evaluation, see [`Engine::start`](crate::engine::Engine::start).
    pub fn new(scenes: Scenes, noise: f64, models: Models) -> Self {
        let stage = Stage {
            models,
            idle: Mutex::default(),
        };
        Self {
            scenes,
            noise,
            keys: Mutex::default(),
            stage: Arc::new(stage),
        }
    }

    /// The scenes of an environment by policy seed. Of two with one policy seed, which 31 bits make rare, the first is meant.
    fn keys(&self, env: &EnvId) -> Arc<BTreeMap<u32, EpisodeKey>> {
        let mut keys = lock(&self.keys);
        let known = keys.entry(env.clone()).or_insert_with(|| {
            let key = |episode| EpisodeKey::derive(&self.scenes.cycle, env, EpisodeIndex(episode));
            let by_seed = |key: EpisodeKey| {
                let miner = MinerKey::derive(&key, self.scenes.hotkey.as_ref());
                (miner.policy_seed().value(), key)
            };
            // The last insertion stays, so the first scene goes last.
            Arc::new(
                (0..u64::from(self.scenes.episodes))
                    .rev()
                    .map(key)
                    .map(by_seed)
                    .collect(),
            )
        });
        Arc::clone(known)
    }
}

impl Behaviour for Mirror {
    fn affordable_episodes(&self) -> NonZeroUsize {
        AFFORDABLE
    }

    fn begin(&self, start: &Start<'_>) -> Result<Box<dyn Player>, Refusal> {
        let Some(expert) = experts::expert(start.env.name()) else {
            let message = format!("`{}` has no scripted expert", start.env);
            return Err(Refusal::new(404, "no_expert", message));
        };
        // Only environments with an expert, of which there are few, are remembered.
        let keys = self.keys(start.env);
        let Some(key) = keys.get(&start.seed.value()) else {
            let message = format!(
                "none of the first {} scenes of `{}` has this policy seed: is it the same seed, level and hotkey?",
                self.scenes.episodes, start.env
            );
            return Err(Refusal::new(404, "unknown_scene", message));
        };
        let mut copy = Replica {
            environment: Some(self.stage.take(start.env).map_err(simulator)?),
            stage: Arc::clone(&self.stage),
            key: key.clone(),
            level: self.scenes.level,
            taken: Vec::new(),
            is_over: false,
        };
        copy.restart(&[])?;
        Ok(Box::new(Reflection {
            copy,
            teacher: ExpertTeacher::seeded(expert, self.noise, start.seed),
            last: None,
        }))
    }
}

/// Environments that wait for their next episode.
#[derive(Debug)]
struct Stage {
    models: Models,
    idle: Mutex<Vec<(EnvId, Box<dyn Environment>)>>,
}

impl Stage {
    fn take(&self, env: &EnvId) -> Result<Box<dyn Environment>, kinitro_sim::Error> {
        let mut idle = lock(&self.idle);
        if let Some(position) = idle.iter().position(|(id, _)| id == env) {
            return Ok(idle.swap_remove(position).1);
        }
        drop(idle);
        registry::make(env, &self.models)
    }

    fn give_back(&self, environment: Box<dyn Environment>) {
        let mut idle = lock(&self.idle);
        idle.push((environment.spec().id.clone(), environment));
        let surplus = (idle.len() > MAX_IDLE).then(|| idle.remove(0));
        drop(idle);
        drop(surplus);
    }
}

/// A copy of an episode's scene, moved by the actions that the evaluator is believed to have applied.
struct Replica {
    /// `None` only while it is dropped.
    environment: Option<Box<dyn Environment>>,
    stage: Arc<Stage>,
    key: EpisodeKey,
    level: Level,
    taken: Vec<Action>,
    is_over: bool,
}

impl Replica {
    fn environment(&mut self) -> &mut dyn Environment {
        self.environment
            .as_mut()
            .expect("an environment is given back only when its copy is dropped")
            .as_mut()
    }

    /// The scene from its beginning, moved by these actions.
    fn restart(&mut self, actions: &[Action]) -> Result<(), Refusal> {
        let (key, level) = (self.key.clone(), self.level);
        self.environment().begin(&key, level).map_err(simulator)?;
        self.taken.clear();
        self.is_over = false;
        actions.iter().try_for_each(|action| self.apply(*action))
    }

    /// One step; nothing happens after the end, as in the evaluator.
    fn apply(&mut self, action: Action) -> Result<(), Refusal> {
        if self.is_over {
            return Ok(());
        }
        let progress = self.environment().step(action).map_err(simulator)?;
        self.taken.push(action);
        let max_steps = usize::from(self.environment().spec().max_steps);
        self.is_over = progress.success || self.taken.len() == max_steps;
        Ok(())
    }

    /// Repeats the action before, at first none, as an evaluator does without an answer, until the copy agrees.
    fn hold_until_agreed(&mut self, asked: &Asked) -> Result<bool, Refusal> {
        let held = self.taken.last().copied().unwrap_or(Action::ZERO);
        for _ in 0..MAX_MISSED {
            self.apply(held)?;
            if self.agrees(asked) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the copy is at this step, if it is told, and the robot looks as the evaluator's does.
    fn agrees(&mut self, asked: &Asked) -> bool {
        let is_there = match asked.step {
            StepNumber::Told(step) => step as usize == self.taken.len(),
            StepNumber::Counted(_) => true,
        };
        is_there && self.environment().proprioception() == asked.proprio
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(environment) = self.environment.take() {
            self.stage.give_back(environment);
        }
    }
}

/// An expert that plays one episode.
struct Reflection {
    copy: Replica,
    teacher: ExpertTeacher,
    last: Option<Answered>,
}

/// The request before.
struct Answered {
    /// The actions that had been taken when it came.
    taken: usize,
    proprio: [f32; 4],
    actions: Vec<Action>,
}

impl Reflection {
    /// Brings the copy to the state that the evaluator shows.
    fn follow(&mut self, asked: &Asked) -> Result<(), Refusal> {
        if self.copy.agrees(asked) {
            return Ok(());
        }
        let mut answered = self.copy.taken.clone();
        answered.truncate(self.last.as_ref().map_or(0, |last| last.taken));
        // Requests since the last answer were lost; or else the last answer came too late.
        if self.copy.hold_until_agreed(asked)? {
            return Ok(());
        }
        self.copy.restart(&answered)?;
        if self.copy.hold_until_agreed(asked)? {
            return Ok(());
        }
        Err(Refusal::new(
            409,
            "out_of_step",
            "the robot is not where this server's copy of the scene has it",
        ))
    }

    /// The last answer, if this request repeats the one before without saying so.
    fn repeated(&mut self, asked: &Asked) -> Option<Vec<Action>> {
        let last = self.last.as_ref()?;
        let is_silent = matches!(asked.step, StepNumber::Counted(_));
        let is_repeated = is_silent && last.proprio == asked.proprio && !self.copy.agrees(asked);
        is_repeated.then(|| last.actions.clone())
    }
}

impl Player for Reflection {
    fn act(&mut self, asked: &Asked) -> Result<Vec<Action>, Refusal> {
        if let Some(actions) = self.repeated(asked) {
            return Ok(actions);
        }
        self.follow(asked)?;
        let taken = self.copy.taken.len();
        let mut actions = Vec::with_capacity(asked.count);
        while actions.len() < asked.count && !self.copy.is_over {
            let command = self.teacher.act(self.copy.environment().privileged());
            let decoded = asked.form.decoded(&action(command)?);
            self.copy.apply(decoded)?;
            actions.push(decoded);
        }
        if actions.is_empty() {
            let message = format!("the episode was over after {taken} steps");
            return Err(Refusal::new(409, "episode_over", message));
        }
        self.last = Some(Answered {
            taken,
            proprio: asked.proprio,
            actions: actions.clone(),
        });
        Ok(actions)
    }
}

fn simulator(error: impl fmt::Display) -> Refusal {
    Refusal::new(500, "simulator", error.to_string())
}
