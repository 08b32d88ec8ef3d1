//! One environment of a batch, and the simulators that environments of one task take turns on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use kinitro_core::ids::EpisodeIndex;
use kinitro_core::seed::{EpisodeKey, MinerKey};

use super::crew::Work;
use super::sight::Sight;
use super::{Autoreset, BatchOptions, Ending, INFO_LEN, Member, Scenes};
use crate::Error;
use crate::env::{Environment as _, STATE_LEN};
use crate::episode::Eyes;
use crate::looks::{Dressed, Looks};
use crate::metaworld::env::{GoalVisibility, Info, SawyerState, StepOutcome};
use crate::metaworld::evaluation::{EvaluationEnv, EvaluationState};
use crate::models::Models;
use crate::render::cache::Cache;

/// All environments of a batch, and the simulators they use.
#[derive(Debug)]
pub(super) struct Floor {
    seats: Box<[Mutex<Seat>]>,
    /// Idle simulators by task; of each as many as can be in use at once.
    idle: Box<[Mutex<Vec<Simulator>>]>,
    options: BatchOptions,
}

/// One environment between its turns.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) member: Member,
    task: usize,
    /// The next episode of this environment; environment `i` of `n` plays episodes `i`, `i + n`, `i + 2 n`, …
    next_episode: u64,
    stride: u64,
    pub(super) request: Request,
    over: bool,
    /// Whether the last turn ended one episode and began the next.
    pub(super) began_another: bool,
    state: Option<EvaluationState>,
    looks: Looks,
    /// The scene in these looks, once somebody has looked at it.
    dressed: Option<Dressed>,
    cache: Cache,
    pub(super) row: Row,
    pub(super) fault: Option<Error>,
}

/// What an environment is to do in its turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Request {
    Reset,
    Step([f32; 4]),
}

/// What a turn led to.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) observation: [f64; STATE_LEN],
    pub(super) reward: f64,
    pub(super) terminated: bool,
    pub(super) truncated: bool,
    pub(super) info: [f64; INFO_LEN],
    pub(super) sight: Sight,
    /// The last observation of an episode that ended in a turn in which the next one began.
    pub(super) last_observation: [f64; STATE_LEN],
    pub(super) last_sight: Sight,
}

/// A copy of an environment of a batch: its episode as far as it has come, and the number of the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberSnapshot {
    pub(super) task: &'static str,
    next_episode: u64,
    over: bool,
    state: Option<EvaluationState>,
    looks: Looks,
}

impl MemberSnapshot {
    /// The simulation and what is remembered of the episode; none before the first reset.
    pub fn state(&self) -> Option<&SawyerState> {
        self.state.as_ref().map(EvaluationState::sawyer)
    }
}

#[derive(Debug)]
struct Simulator {
    environment: EvaluationEnv,
    eyes: Option<Eyes>,
}

impl Floor {
    pub(super) fn new(
        models: &Models,
        members: &[Member],
        options: BatchOptions,
    ) -> Result<Self, Error> {
        let mut originals: Vec<Simulator> = Vec::new();
        let mut users = Vec::new();
        let mut seats = Vec::with_capacity(members.len());
        for (index, member) in members.iter().enumerate() {
            if matches!(&member.scenes, Scenes::Placed(placements) if placements.is_empty()) {
                return Err(Error::NoPlacements { index });
            }
            let known = originals
                .iter()
                .position(|simulator| simulator.environment.task().name == member.task.name);
            let task = known.unwrap_or(originals.len());
            if known.is_none() {
                let mut environment = EvaluationEnv::new(models, member.task)?;
                environment.set_goal_visibility(options.goal);
                let eyes = Eyes::new(&environment, &options.view)?;
                originals.push(Simulator { environment, eyes });
                users.push(0);
            }
            users[task] += 1;
            let blank = Sight::blank(originals[task].eyes.as_ref(), &options);
            let row = Row {
                observation: [0.0; STATE_LEN],
                reward: 0.0,
                terminated: false,
                truncated: false,
                info: [0.0; INFO_LEN],
                last_observation: [0.0; STATE_LEN],
                last_sight: blank.clone(),
                sight: blank,
            };
            seats.push(Mutex::new(Seat {
                member: member.clone(),
                task,
                next_episode: index as u64,
                stride: members.len() as u64,
                request: Request::Reset,
                over: true,
                began_another: false,
                state: None,
                looks: Looks::nominal(),
                dressed: None,
                cache: Cache::new(),
                row,
                fault: None,
            }));
        }
        let mut idle = Vec::with_capacity(originals.len());
        for (original, users) in originals.into_iter().zip(users) {
            let copies = options.threads.get().min(users);
            let mut simulators = Vec::with_capacity(copies);
            for _ in 1..copies {
                simulators.push(original.duplicate()?);
            }
            simulators.push(original);
            idle.push(Mutex::new(simulators));
        }
        Ok(Self {
            seats: seats.into(),
            idle: idle.into(),
            options,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn options(&self) -> &BatchOptions {
        &self.options
    }

    /// The environment of a number below [`len`](Self::len); waits while it has its turn.
    pub(super) fn seat(&self, index: usize) -> MutexGuard<'_, Seat> {
        lock(&self.seats[index])
    }
}

impl Work for Floor {
    fn run(&self, job: usize) {
        let mut seat = self.seat(job);
        let idle = &self.idle[seat.task];
        let taken = lock(idle).pop();
        let mut simulator =
            taken.expect("there are as many simulators of a task as can be in use at once");
        if let Err(fault) = seat.take_turn(&mut simulator, &self.options) {
            seat.fault = Some(fault);
        }
        lock(idle).push(simulator);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic is handed to the caller, who cannot use the batch any more.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Simulator {
    fn duplicate(&self) -> Result<Self, Error> {
        Ok(Self {
            environment: self.environment.twin()?,
            eyes: self.eyes.as_ref().map(Eyes::duplicate),
        })
    }
}

impl Seat {
    fn take_turn(
        &mut self,
        simulator: &mut Simulator,
        options: &BatchOptions,
    ) -> Result<(), Error> {
        self.began_another = false;
        match self.request {
            Request::Reset => self.reset(simulator, options.goal),
            // Before the first reset there is no episode that could have ended.
            Request::Step(_)
                if self.over
                    && self.state.is_some()
                    && options.autoreset == Autoreset::NextStep =>
            {
                self.reset(simulator, options.goal)
            }
            Request::Step(action) => {
                self.step(simulator, action, options.ending)?;
                self.began_another = self.over && options.autoreset == Autoreset::SameStep;
                if self.began_another {
                    self.begin_next(simulator, options.goal)?;
                }
                Ok(())
            }
        }
    }

    fn reset(&mut self, simulator: &mut Simulator, goal: GoalVisibility) -> Result<(), Error> {
        self.begin(simulator, goal)?;
        self.row.reward = 0.0;
        self.row.terminated = false;
        self.row.truncated = false;
        self.row.info = [0.0; INFO_LEN];
        Ok(())
    }

    /// Begins the next episode in the turn in which one has ended: reward, flags and measures stay those of the end.
    fn begin_next(&mut self, simulator: &mut Simulator, goal: GoalVisibility) -> Result<(), Error> {
        self.row.last_observation = self.row.observation;
        std::mem::swap(&mut self.row.sight, &mut self.row.last_sight);
        self.begin(simulator, goal)
    }

    fn begin(&mut self, simulator: &mut Simulator, goal: GoalVisibility) -> Result<(), Error> {
        let environment = &mut simulator.environment;
        let episode = self.next_episode;
        // An episode that cannot begin is passed over, and the one before is not gone on with.
        self.next_episode += self.stride;
        self.over = true;
        // The environment before may have been restored from a batch with another goal.
        environment.set_goal_visibility(goal);
        match &self.member.scenes {
            Scenes::Placed(placements) => {
                let count = placements.len() as u64;
                let index = usize::try_from(episode % count).expect("below the length of a slice");
                environment.begin_placed(&placements[index])?;
                self.looks = Looks::nominal();
            }
            Scenes::Keyed { seed, level } => {
                let key = EpisodeKey::derive(seed, &environment.spec().id, EpisodeIndex(episode));
                environment.begin(&key, *level)?;
                self.looks = environment.looks(&MinerKey::derive(&key, None), *level)?;
            }
        }
        self.dressed = None;
        self.row.observation = environment.privileged().0;
        if let Some(state) = &mut self.state {
            environment.save_into(state);
        } else {
            self.state = Some(environment.save());
        }
        self.over = false;
        self.look(simulator)
    }

    fn step(
        &mut self,
        simulator: &mut Simulator,
        action: [f32; 4],
        ending: Ending,
    ) -> Result<(), Error> {
        let state = self.state.as_mut().ok_or(Error::NotReset)?;
        if self.over {
            return Err(Error::AwaitsReset);
        }
        let environment = &mut simulator.environment;
        environment.load(state)?;
        let StepOutcome {
            observation,
            reward,
            truncated,
            mut info,
        } = environment.step_fully(action)?;
        environment.save_step_into(state);
        // A simulation that diverges starts over by itself: what it shows then is no success of anybody.
        let diverged = environment.physics().warnings().diverged();
        info.success &= !diverged;
        let row = &mut self.row;
        row.observation = observation;
        row.reward = reward;
        row.info = numbers(&info);
        row.terminated = info.success && ending == Ending::Success;
        row.truncated = !row.terminated && (truncated || diverged);
        self.over = row.terminated || row.truncated;
        self.look(simulator)
    }

    fn look(&mut self, simulator: &mut Simulator) -> Result<(), Error> {
        let Simulator { environment, eyes } = simulator;
        if let Some(eyes) = eyes {
            let dressed = self.dressed.get_or_insert_with(|| eyes.dress(&self.looks));
            let seen = (&*dressed, &mut self.cache);
            self.row
                .sight
                .take(eyes, environment, seen, environment.steps())?;
        }
        Ok(())
    }

    pub(super) fn snapshot(&self) -> MemberSnapshot {
        MemberSnapshot {
            task: self.member.task.name,
            next_episode: self.next_episode,
            over: self.over,
            state: self.state.clone(),
            looks: self.looks.clone(),
        }
    }

    pub(super) fn restore(&mut self, snapshot: &MemberSnapshot) {
        self.next_episode = snapshot.next_episode;
        self.over = snapshot.over;
        self.state.clone_from(&snapshot.state);
        self.looks.clone_from(&snapshot.looks);
        self.dressed = None;
    }

    /// The episodes that follow are those of other scenes, from the first of this environment on.
    pub(super) fn set_scenes(&mut self, scenes: Scenes, first_episode: u64) {
        self.member.scenes = scenes;
        self.next_episode = first_episode;
    }
}

fn numbers(info: &Info) -> [f64; INFO_LEN] {
    [
        f64::from(info.success),
        info.near_object,
        info.grasp_success,
        info.grasp_reward,
        info.in_place_reward,
        info.obj_to_target,
    ]
}
