//! The episodes that a server plays at present.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::{Action, Observation};
use kinitro_core::protocol::wire::EpisodeId;
use kinitro_core::record::{ObservationHash, ObservationHasher};
use kinitro_core::seed::PolicySeed;

use super::behaviour::{Asked, Player, Refusal, StepNumber};
use super::form::Form;

/// One episode.
pub(super) struct Live {
    /// Or why nobody plays.
    player: Result<Box<dyn Player>, Refusal>,
    /// The policy seed.
    pub(super) seed: PolicySeed,
    env: EnvId,
    /// How many further actions its answers carry.
    chunk: usize,
    /// How often it was begun before anything was asked.
    pub(super) begun_before: u32,
    answers: u32,
    asked: Option<(u32, u32)>,
    last: Option<(u32, Vec<Action>)>,
    hasher: ObservationHasher,
}

impl Live {
    pub(super) fn new(
        player: Result<Box<dyn Player>, Refusal>,
        env: EnvId,
        seed: PolicySeed,
        chunk: usize,
    ) -> Self {
        Self {
            player,
            seed,
            env,
            chunk,
            begun_before: 0,
            answers: 0,
            asked: None,
            last: None,
            hasher: ObservationHasher::new(),
        }
    }

    /// The step that a request is about, and how often it was asked about before.
    pub(super) fn turn(&mut self, told: Option<u32>) -> (StepNumber, u32) {
        let step = told.map_or(StepNumber::Counted(self.answers), StepNumber::Told);
        let attempt = match self.asked {
            Some((asked, attempt)) if asked == step.value() => attempt.saturating_add(1),
            _ => 0,
        };
        self.asked = Some((step.value(), attempt));
        (step, attempt)
    }

    /// The actions for a step. Where a request says that it repeats a step, it gets the same actions again.
    ///
    /// In the older generations the first request is never refused: outside of any episode, evaluators find out by one of
    /// their own making which of them a server speaks. Where nobody can act it is answered without motion.
    pub(super) fn act(
        &mut self,
        step: StepNumber,
        view: &Observation,
        form: Form,
    ) -> Result<Vec<Action>, Refusal> {
        if let (StepNumber::Told(number), Some((last, actions))) = (step, &self.last)
            && number == *last
        {
            return Ok(actions.clone());
        }
        let answer = match &mut self.player {
            Ok(player) => player.act(&Asked {
                step,
                proprio: view.proprio,
                count: 1 + self.chunk,
                form,
            }),
            Err(refusal) => Err(refusal.clone()),
        };
        let actions = match (answer, step) {
            (Err(_), StepNumber::Counted(0)) => vec![Action::ZERO],
            (answer, _) => answer?,
        };
        self.answers = self.answers.saturating_add(1);
        self.last = Some((step.value(), actions.clone()));
        if let Some(now) = actions.first() {
            self.hasher.update(view, &form.decoded(now));
        }
        Ok(actions)
    }

    /// The chain over what was seen and done; further actions of a chunk are not in it, since nobody saw what they led to.
    pub(super) fn hash(&self) -> ObservationHash {
        self.hasher.clone().finish()
    }

    /// Whether this is the same episode as `other`, begun again before anything was asked.
    fn repeats(&self, other: &Self) -> bool {
        other.asked.is_none() && (&self.env, self.seed) == (&other.env, other.seed)
    }
}

/// An episode that requests share.
pub(super) type Shared = Arc<Mutex<Live>>;

/// The named episodes of V3, a bounded number of them, and the single one of the older generations.
#[derive(Default)]
pub(super) struct Episodes {
    most: usize,
    /// In the order in which they began.
    named: Mutex<VecDeque<(EpisodeId, Shared)>>,
    single: Mutex<Option<Shared>>,
}

impl Episodes {
    /// Room for so many named episodes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// Begins an episode in place of one with the same name; drops the oldest if there is no room.
    pub(super) fn begin(&self, id: Option<&EpisodeId>, mut live: Live) -> u32 {
        let before = match id {
            Some(id) => self.take(id),
            None => lock(&self.single).take(),
        };
        if let Some(before) = before {
            let before = lock(&before);
            if live.repeats(&before) {
                live.begun_before = before.begun_before.saturating_add(1);
            }
        }
        let attempt = live.begun_before;
        let live = Arc::new(Mutex::new(live));
        let Some(id) = id else {
            *lock(&self.single) = Some(live);
            return attempt;
        };
        let mut named = lock(&self.named);
        named.push_back((id.clone(), live));
        let dropped = if named.len() > self.most {
            named.pop_front()
        } else {
            None
        };
        // Letting go of an episode may take a moment, during which others need not wait.
        drop(named);
        drop(dropped);
        attempt
    }

    /// The episode of this name, or the single one.
    pub(super) fn find(&self, id: Option<&EpisodeId>) -> Option<Shared> {
        match id {
            Some(id) => lock(&self.named)
                .iter()
                .find(|(name, _)| name == id)
                .map(|(_, live)| Arc::clone(live)),
            None => lock(&self.single).clone(),
        }
    }

    /// Ends an episode.
    pub(super) fn take(&self, id: &EpisodeId) -> Option<Shared> {
        let mut named = lock(&self.named);
        let position = named.iter().position(|(name, _)| name == id)?;
        named.remove(position).map(|(_, live)| live)
    }
}

/// Locks; a thread that panicked before leaves an episode that refuses or goes on, but no broken memory.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
