//! Who acts in an episode, and the synchronous loop that drives one.

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::{Action, Observation};
use kinitro_core::protocol::wire::p2::HandState;
use kinitro_core::record::outcome::Outcome;
use kinitro_core::seed::{Draws, MinerStream, PolicySeed};

use crate::Error;
use crate::env::{EnvSpec, PrivilegedState};
use crate::episode::{Episode, EpisodeRecord, EpisodeStart, Simulator, Status, TakenAction};
use crate::metaworld::experts::Expert;

/// What is told to whoever acts before an episode, and nothing else about the scene.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyStart {
    /// The environment.
    pub env: EnvId,
    /// The task as an English sentence.
    pub instruction: &'static str,
    /// The only randomness that a policy is given; unrelated to the scene.
    pub seed: PolicySeed,
    /// Control steps per second of simulated time.
    pub control_hz: f64,
    /// Control steps after which an unsolved episode ends.
    pub max_steps: u16,
}

impl PolicyStart {
    /// What is told of an episode.
    pub fn new(spec: &EnvSpec, start: &EpisodeStart) -> Self {
        Self {
            env: spec.id.clone(),
            instruction: spec.instruction,
            seed: start.miner_key.policy_seed(),
            control_hz: 1.0 / spec.control_period,
            max_steps: spec.max_steps,
        }
    }
}

/// Something that acts on what a miner's policy may see.
pub trait Policy: Send {
    /// Called once before the first observation of an episode.
    fn begin(&mut self, start: &PolicyStart);

    /// The next command: hand motion `dx, dy, dz` and gripper effort, each nominally in `[-1, 1]`.
    fn act(&mut self, observation: &Observation) -> [f64; 4];
}

/// Something that acts on the privileged state; never a miner.
pub trait Teacher: Send {
    /// Called once before the first state of an episode.
    fn begin(&mut self, start: &PolicyStart);

    /// The next command, as [`Policy::act`].
    fn act(&mut self, state: &PrivilegedState) -> [f64; 4];
}

/// What a policy behind a wire may be shown: the observation, and what the second protocol generation adds to it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Control steps taken so far.
    pub step: u16,
    /// What every policy sees.
    pub observation: &'a Observation,
    /// How the hand is turned and moves.
    pub hand: &'a HandState,
}

/// A policy that can fail: one behind a network. An `Err` is the outcome that ends the episode.
pub trait RemotePolicy: Send {
    /// Called once before the first observation of an episode, when the scene is ready.
    ///
    /// # Errors
    /// How the episode ends, without a step.
    fn begin(&mut self, start: &PolicyStart) -> Result<(), Outcome>;

    /// The next action.
    ///
    /// # Errors
    /// How the episode ends.
    fn act(&mut self, seen: &Seen<'_>) -> Result<TakenAction, Outcome>;

    /// Called once when the episode is over, however it ended; best effort, and unable to change the record.
    fn end(&mut self, record: &EpisodeRecord);
}

/// Who drives an episode. Each kind reads its own type, so that privileged state cannot reach a policy.
#[expect(missing_debug_implementations, reason = "trait objects of user code")]
pub enum Driver<'a> {
    /// Acts on observations.
    Policy(&'a mut dyn Policy),
    /// Acts on the privileged state.
    Teacher(&'a mut dyn Teacher),
    /// Acts on observations, and may fail.
    Remote(&'a mut dyn RemotePolicy),
}

impl Driver<'_> {
    fn begin(&mut self, start: &PolicyStart) -> Result<(), Outcome> {
        match self {
            Self::Policy(policy) => policy.begin(start),
            Self::Teacher(teacher) => teacher.begin(start),
            Self::Remote(policy) => policy.begin(start)?,
        }
        Ok(())
    }

    fn act(&mut self, episode: &Episode<'_>) -> Result<TakenAction, Outcome> {
        let command = match self {
            Self::Policy(policy) => policy.act(episode.observation()),
            Self::Teacher(teacher) => teacher.act(episode.privileged()),
            Self::Remote(policy) => {
                return policy.act(&Seen {
                    step: episode.steps(),
                    observation: episode.observation(),
                    hand: &episode.hand(),
                });
            }
        };
        match Action::from_wire(command) {
            Ok((action, clipped)) => Ok(TakenAction { action, clipped }),
            Err(_) => Err(Outcome::InvalidAction),
        }
    }

    fn end(&mut self, record: &EpisodeRecord) {
        if let Self::Remote(policy) = self {
            policy.end(record);
        }
    }
}

/// Always commands no motion and no gripper effort: the first baseline of the default scoring rule.
#[derive(Debug, Clone, Copy, Default)]
pub struct ZeroPolicy;

impl Policy for ZeroPolicy {
    fn begin(&mut self, _start: &PolicyStart) {}

    fn act(&mut self, _observation: &Observation) -> [f64; 4] {
        [0.0; 4]
    }
}

/// Commands uniform in `[-1, 1]` per entry, drawn from the policy seed: the second baseline.
#[derive(Debug, Default)]
pub struct RandomPolicy {
    draws: Option<Draws>,
}

impl RandomPolicy {
    /// The policy at the first step of an episode, for those who know the seed alone, such as servers.
    pub fn seeded(seed: PolicySeed) -> Self {
        Self {
            draws: Some(draws_of(seed)),
        }
    }
}

impl Policy for RandomPolicy {
    fn begin(&mut self, start: &PolicyStart) {
        *self = Self::seeded(start.seed);
    }

    fn act(&mut self, _observation: &Observation) -> [f64; 4] {
        let draws = self
            .draws
            .as_mut()
            .expect("`begin` precedes `act` in every rollout");
        std::array::from_fn(|_| draws.uniform(-1.0, 1.0))
    }
}

/// A task's scripted expert, optionally disturbed by independent normal noise on each entry of its command.
#[derive(Debug)]
pub struct ExpertTeacher {
    expert: Expert,
    noise: f64,
    draws: Option<Draws>,
}

impl ExpertTeacher {
    /// The expert with noise of standard deviation `noise` (in command units, `0` for none).
    pub fn new(expert: Expert, noise: f64) -> Self {
        Self {
            expert,
            noise,
            draws: None,
        }
    }

    /// The same at the first step of an episode, for those who know the seed alone, such as servers.
    pub fn seeded(expert: Expert, noise: f64, seed: PolicySeed) -> Self {
        Self {
            draws: Some(draws_of(seed)),
            ..Self::new(expert, noise)
        }
    }
}

impl Teacher for ExpertTeacher {
    fn begin(&mut self, start: &PolicyStart) {
        *self = Self::seeded(self.expert, self.noise, start.seed);
    }

    fn act(&mut self, state: &PrivilegedState) -> [f64; 4] {
        let command = (self.expert)(&state.0).map(f64::from);
        if self.noise == 0.0 {
            return command;
        }
        let draws = self
            .draws
            .as_mut()
            .expect("`begin` precedes `act` in every rollout");
        // The expert's command is a distance times a gain and may be large: clip before disturbing it,
        // otherwise noise would only show where the expert is nearly there.
        command.map(|entry| entry.clamp(-1.0, 1.0) + self.noise * draws.normal())
    }
}

/// Runs one episode to its end; `watch` sees every observation once, the first and the last included.
///
/// The scene is ready when the driver is told to begin, so that no server waits for it.
/// A command that is not finite ends the episode as [`Outcome::InvalidAction`], a failure of a remote policy as that failure.
///
/// # Errors
/// Those of [`Simulator::begin`] and [`Episode::apply`].
pub fn run(
    simulator: &mut Simulator,
    start: &EpisodeStart,
    driver: &mut Driver<'_>,
    watch: impl FnMut(u16, &Observation),
) -> Result<EpisodeRecord, Error> {
    run_up_to(simulator, start, driver, u16::MAX, watch)
}

/// As [`run`], but gives up after `max_steps`: what is not solved then ends as [`Outcome::Unsolved`].
///
/// # Errors
/// As [`run`].
pub fn run_up_to(
    simulator: &mut Simulator,
    start: &EpisodeStart,
    driver: &mut Driver<'_>,
    max_steps: u16,
    mut watch: impl FnMut(u16, &Observation),
) -> Result<EpisodeRecord, Error> {
    run_watched(simulator, start, driver, max_steps, |episode| {
        watch(episode.steps(), episode.observation());
    })
}

/// As [`run_up_to`], for whoever watches more than policies see: pictures from elsewhere, say.
///
/// # Errors
/// As [`run`].
pub fn run_watched(
    simulator: &mut Simulator,
    start: &EpisodeStart,
    driver: &mut Driver<'_>,
    max_steps: u16,
    mut watch: impl FnMut(&Episode<'_>),
) -> Result<EpisodeRecord, Error> {
    let told = PolicyStart::new(simulator.spec(), start);
    let mut episode = simulator.begin(start)?;
    if let Err(outcome) = driver.begin(&told) {
        episode.abandon(outcome);
    }
    loop {
        watch(&episode);
        if episode.steps() == max_steps {
            episode.abandon(Outcome::Unsolved);
        }
        if episode.status() == Status::Running {
            match driver.act(&episode) {
                Ok(taken) => {
                    episode.apply(taken)?;
                    continue;
                }
                Err(outcome) => episode.abandon(outcome),
            }
        }
        let record = episode.finish()?;
        driver.end(&record);
        return Ok(record);
    }
}

/// Repeats an episode from its recorded actions.
///
/// `claimed` is the recorded outcome: it stands where the actions end before the episode does and it is a failure of the policy
/// ([`Outcome::is_policy_failure`]), which no simulation can show; anything else claimed there becomes [`Outcome::PolicyError`]. Actions after the end are ignored,
/// so that the number of steps differs from what was recorded.
///
/// # Errors
/// As [`run`].
pub fn replay(
    simulator: &mut Simulator,
    start: &EpisodeStart,
    actions: &[TakenAction],
    claimed: Outcome,
) -> Result<EpisodeRecord, Error> {
    let mut episode = simulator.begin(start)?;
    for taken in actions {
        if let Status::Over(_) = episode.apply(*taken)? {
            break;
        }
    }
    episode.abandon(if claimed.is_policy_failure() {
        claimed
    } else {
        Outcome::PolicyError
    });
    episode.finish()
}

/// Randomness of a policy from its seed alone, so that the same policy behind a server draws the same numbers.
fn draws_of(seed: PolicySeed) -> Draws {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&seed.value().to_le_bytes());
    Draws::from_key(key, MinerStream::Policy as u64)
}
