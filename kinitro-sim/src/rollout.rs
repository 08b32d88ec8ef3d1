//! Who acts in an episode, and the synchronous loop that drives one.

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::{Action, Observation};
use kinitro_core::record::outcome::Outcome;
use kinitro_core::seed::{Draws, MinerStream, PolicySeed};

use crate::Error;
use crate::env::PrivilegedState;
use crate::episode::{EpisodeRecord, EpisodeStart, Simulator, Status, TakenAction};
use crate::metaworld::experts::Expert;

/// What is told to a policy or teacher before an episode, and nothing else about the scene.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyStart {
    /// The environment.
    pub env: EnvId,
    /// The task as an English sentence.
    pub instruction: &'static str,
    /// The only randomness that a policy is given; unrelated to the scene.
    pub seed: PolicySeed,
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

/// Who drives an episode. The two kinds read different types, so that privileged state cannot reach a policy.
#[expect(missing_debug_implementations, reason = "trait objects of user code")]
pub enum Driver<'a> {
    /// Acts on observations.
    Policy(&'a mut dyn Policy),
    /// Acts on the privileged state.
    Teacher(&'a mut dyn Teacher),
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

impl Policy for RandomPolicy {
    fn begin(&mut self, start: &PolicyStart) {
        self.draws = Some(draws_of(start.seed));
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
}

impl Teacher for ExpertTeacher {
    fn begin(&mut self, start: &PolicyStart) {
        self.draws = Some(draws_of(start.seed));
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

/// Runs one episode to its end; `watch` sees every observation, the first and the last included.
///
/// A command that is not finite ends the episode as [`Outcome::InvalidAction`].
///
/// # Errors
/// Those of [`Simulator::begin`] and [`Episode::apply`](crate::episode::Episode::apply).
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
    let told = PolicyStart {
        env: simulator.spec().id.clone(),
        instruction: simulator.spec().instruction,
        seed: start.miner_key.policy_seed(),
    };
    match driver {
        Driver::Policy(policy) => policy.begin(&told),
        Driver::Teacher(teacher) => teacher.begin(&told),
    }
    let mut episode = simulator.begin(start)?;
    loop {
        watch(episode.steps(), episode.observation());
        if episode.steps() == max_steps {
            episode.abandon(Outcome::Unsolved);
        }
        if let Status::Over(_) = episode.status() {
            return episode.finish();
        }
        let command = match driver {
            Driver::Policy(policy) => policy.act(episode.observation()),
            Driver::Teacher(teacher) => teacher.act(episode.privileged()),
        };
        match Action::from_wire(command) {
            Ok((action, clipped)) => {
                episode.apply(TakenAction { action, clipped })?;
            }
            Err(_) => episode.abandon(Outcome::InvalidAction),
        }
    }
}

/// Repeats an episode from its recorded actions.
///
/// `claimed` is the recorded outcome: it stands where the actions end before the episode does and it is a fault of the policy,
/// which no simulation can show; anything else claimed there becomes [`Outcome::PolicyError`]. Actions after the end are ignored,
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
    episode.abandon(match claimed {
        Outcome::InvalidAction => claimed,
        _ => Outcome::PolicyError,
    });
    episode.finish()
}

/// Randomness of a policy from its seed alone, so that the same policy behind a server draws the same numbers.
fn draws_of(seed: PolicySeed) -> Draws {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&seed.value().to_le_bytes());
    Draws::from_key(key, MinerStream::Policy as u64)
}
