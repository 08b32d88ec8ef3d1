//! Many environments stepped at once, on several threads: the engine for training and for measuring speed.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::num::NonZeroUsize;
//! use kinitro_core::{record::Level, seed::CycleSeed};
//! use kinitro_sim::batch::{Batch, BatchOptions, Buffers, Member, Scenes};
//! use kinitro_sim::metaworld::tasks;
//! use kinitro_sim::models::Models;
//!
//! let task = tasks::find("push-v3").ok_or("no such task")?;
//! let scenes = Scenes::Keyed { seed: CycleSeed::from_local_seed(7), level: Level::Seed };
//! let members = vec![Member { task, scenes }; 16];
//! let options = BatchOptions { threads: NonZeroUsize::new(2).ok_or("none")?, ..BatchOptions::default() };
//! let mut batch = Batch::new(&Models::in_folder("metaworld/assets"), &members, options)?;
//!
//! let mut buffers = Buffers::of(&batch);
//! batch.reset(&mut buffers.outputs())?;
//! batch.step(&[[0.0, 0.0, -1.0, 0.0]; 16], &mut buffers.outputs())?;
//! println!("rewards {:?}", buffers.rewards);
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! * What an environment does depends on its own scenes and actions alone, bit for bit: not on the number of threads, not on the
//!   other environments of the batch, not on the order in which results are received.
//! * A step allocates nothing: results go into buffers of the caller. (Where images are drawn, the renderer's own buffers grow in
//!   the first steps, until they have the size that the scenes need.)
//! * Environments of a task take turns on a few simulators, one per thread that can be busy with that task; what is kept per
//!   environment is its state, some ten kilobytes.
//!
//! # Episodes
//!
//! Environment `i` of `n` plays episodes `i`, `i + n`, `i + 2 n`, … of its [`Scenes`]. An episode ends after 500 steps
//! (`truncated`), with [`Ending::Success`] also when the task is solved (`terminated`); a simulation that diverges is
//! `truncated`, whatever it shows. What follows is Gymnasium's choice of three, [`Autoreset`].

mod buffers;
mod crew;
mod member;
mod outputs;
mod sight;

use std::num::NonZeroUsize;
use std::sync::{Arc, MutexGuard};

use kinitro_core::record::level::Level;
use kinitro_core::seed::CycleSeed;

use crate::Error;
use crate::episode::View;
use crate::metaworld::env::GoalVisibility;
use crate::metaworld::spec::TaskSpec;
use crate::models::Models;
use crew::Crew;
use member::{Floor, Request, Seat};
use outputs::check;

pub use buffers::Buffers;
pub use member::MemberSnapshot;
pub use outputs::Outputs;

/// Number of measures beside the reward.
pub const INFO_LEN: usize = 6;

/// One environment of a batch.
#[derive(Debug, Clone)]
pub struct Member {
    /// What is to be done in it.
    pub task: &'static TaskSpec,
    /// Where its episodes come from.
    pub scenes: Scenes,
}

/// Where the episodes of an environment come from.
#[derive(Debug, Clone)]
pub enum Scenes {
    /// The parity profile: episode `k` is placed by vector `k` modulo their number.
    Placed(Arc<[Box<[f64]>]>),
    /// The evaluation profile: episode `k` of a cycle.
    Keyed {
        /// Where the keys come from.
        seed: CycleSeed,
        /// How much varies.
        level: Level,
    },
}

/// What happens after the end of an episode. Source of names and meanings: Gymnasium 1.x, `AutoresetMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Autoreset {
    /// The next step resets: its action is ignored, its reward is 0, its observation the first of the next episode.
    #[default]
    NextStep,
    /// The same step resets: its observation is the first of the next episode, the last one goes to
    /// [`Outputs::last_observations`]. Reward, flags and measures are those of the end.
    SameStep,
    /// Nothing: the caller resets, and a step before that is an error.
    Disabled,
}

/// What ends an episode besides its time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// Nothing, as in Meta-World.
    #[default]
    TimeLimit,
    /// Success, as in evaluations.
    Success,
}

/// How a batch works.
#[derive(Debug, Clone)]
pub struct BatchOptions {
    /// Threads that simulate, that of the caller included.
    pub threads: NonZeroUsize,
    /// What follows the end of an episode.
    pub autoreset: Autoreset,
    /// What ends an episode.
    pub ending: Ending,
    /// Whether observations show the goal.
    pub goal: GoalVisibility,
    /// Images taken after every reset and step.
    pub view: View,
    /// Whether the distance of what is seen is taken with every image.
    pub depth: bool,
    /// Whether it is told with every image what is seen.
    pub segmentation: bool,
}

impl BatchOptions {
    /// Pixels of the images of one environment.
    pub(crate) fn row_pixels(&self) -> usize {
        self.view.cameras.len() * self.view.size.pixel_count()
    }

    /// Distances of one environment.
    pub(crate) fn row_depth(&self) -> usize {
        if self.depth { self.row_pixels() } else { 0 }
    }

    /// Pixels of one environment of which it is told what they show.
    pub(crate) fn row_segmentation(&self) -> usize {
        if self.segmentation {
            self.row_pixels()
        } else {
            0
        }
    }
}

impl Default for BatchOptions {
    /// One thread, the goal shown, no images.
    fn default() -> Self {
        Self {
            threads: NonZeroUsize::MIN,
            autoreset: Autoreset::default(),
            ending: Ending::default(),
            goal: GoalVisibility::default(),
            view: View::state_only(),
            depth: false,
            segmentation: false,
        }
    }
}

/// Many environments that are stepped at once.
#[derive(Debug)]
pub struct Batch {
    crew: Crew<Floor>,
    /// Which environments were sent and not received yet.
    busy: Box<[bool]>,
    /// Numbers of the environments that were received last.
    received: Vec<usize>,
}

impl Batch {
    /// Compiles the models of all tasks and starts the threads.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] without members, [`Error::NoPlacements`] for one without placements, those of compiling a model and
    /// of the view, [`Error::StartThread`].
    pub fn new(models: &Models, members: &[Member], options: BatchOptions) -> Result<Self, Error> {
        if members.is_empty() {
            return Err(Error::EmptyBatch);
        }
        // More threads than environments would never have anything to do.
        let threads = options.threads.get().min(members.len());
        let floor = Floor::new(models, members, options)?;
        Ok(Self {
            crew: Crew::new(floor, threads, members.len())?,
            busy: vec![false; members.len()].into(),
            received: Vec::with_capacity(members.len()),
        })
    }

    /// Number of environments.
    pub fn len(&self) -> usize {
        self.crew.work().len()
    }

    /// Whether there are none, which [`new`](Self::new) refuses.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How the batch works.
    pub fn options(&self) -> &BatchOptions {
        self.crew.work().options()
    }

    /// Begins the next episode of every environment; row `i` is environment `i`.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn reset(&mut self, out: &mut Outputs<'_>) -> Result<(), Error> {
        out.check(self.len(), self.options())?;
        self.request((0..self.len()).map(|index| (index, Request::Reset)))?;
        self.complete(out)
    }

    /// Steps every environment by one control step; row `i` is environment `i`.
    ///
    /// `actions` is `[n]` rows of `[dx, dy, dz, grip]` as [`SawyerEnv::step`](crate::metaworld::env::SawyerEnv::step) takes them.
    ///
    /// # Errors
    /// [`Error::BufferLength`] for a buffer of another length than its rows need, [`Error::MemberBusy`] while environments that
    /// were [sent](Self::send) are not received; nothing has happened then. Otherwise that of the environment with the lowest
    /// number that has one, in an [`Error::InMember`]: [`Error::ActionNotFinite`], [`Error::NotReset`], [`Error::AwaitsReset`]
    /// (with [`Autoreset::Disabled`]), [`Error::SceneDiverged`], those of the engine. All others have been stepped, and their
    /// rows are written; its own row holds what it brought before. An episode that cannot begin is passed over.
    pub fn step(&mut self, actions: &[[f32; 4]], out: &mut Outputs<'_>) -> Result<(), Error> {
        check("actions", actions.len(), self.len())?;
        let requests = actions.iter().map(|&action| Request::Step(action));
        out.check(self.len(), self.options())?;
        self.request(requests.enumerate())?;
        self.complete(out)
    }

    /// Begins the next episode of some environments, for callers that reset by themselves ([`Autoreset::Disabled`]). Row `k` is
    /// environment `members[k]`.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`step`](Self::step).
    pub fn reset_members(&mut self, members: &[usize], out: &mut Outputs<'_>) -> Result<(), Error> {
        out.check(members.len(), self.options())?;
        // What else is under way would be received in their place.
        if let Some(index) = self.busy.iter().position(|&busy| busy) {
            return Err(Error::MemberBusy { index });
        }
        self.request(members.iter().map(|&index| (index, Request::Reset)))?;
        self.gather(members.len());
        self.write(members, out)
    }

    /// Gives some environments an action each and returns at once; [`receive`](Self::receive) collects what it led to.
    ///
    /// Threads other than the caller's begin right away; the caller's works during `receive`.
    ///
    /// # Errors
    /// [`Error::BufferLength`] unless there is an action for each, [`Error::UnknownMember`], [`Error::MemberBusy`] for one that
    /// was sent before and not received; nothing has happened then.
    pub fn send(&mut self, members: &[usize], actions: &[[f32; 4]]) -> Result<(), Error> {
        check("actions", actions.len(), members.len())?;
        let requests = actions.iter().map(|&action| Request::Step(action));
        self.request(members.iter().copied().zip(requests))
    }

    /// As [`send`](Self::send), for the next episode instead of a step.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_reset(&mut self, members: &[usize]) -> Result<(), Error> {
        self.request(members.iter().map(|&index| (index, Request::Reset)))
    }

    /// Waits for `count` environments that were sent, or for all of them if they are fewer, and returns their numbers; row `k`
    /// of the buffers, which hold `count` rows, is the `k`-th of them.
    ///
    /// Which environments come first depends on their speed; what each brings does not.
    ///
    /// # Errors
    /// As [`step`](Self::step), the first in the order of the rows; [`received`](Self::received) says what they are.
    pub fn receive(&mut self, count: usize, out: &mut Outputs<'_>) -> Result<&[usize], Error> {
        out.check(count, self.options())?;
        self.gather(count);
        self.write(&self.received, out)?;
        Ok(&self.received)
    }

    /// Numbers of the environments that brought results last, in the order of the rows.
    pub fn received(&self) -> &[usize] {
        &self.received
    }

    /// A copy of one environment, to go back to.
    ///
    /// # Errors
    /// [`Error::UnknownMember`]; [`Error::MemberBusy`] for one that was sent and not received.
    pub fn snapshot(&self, member: usize) -> Result<MemberSnapshot, Error> {
        Ok(self.idle_seat(member)?.snapshot())
    }

    /// Puts a copy in the place of an environment of the same task, in this batch or another one.
    ///
    /// Its episode goes on to the bit, the goal shown or hidden as it was. The episodes after it are those of this place: its
    /// scenes, and every `n`-th of them from the number on that the copy would have come to.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot), and [`Error::ForeignTask`].
    pub fn restore(&mut self, member: usize, snapshot: &MemberSnapshot) -> Result<(), Error> {
        let mut seat = self.idle_seat(member)?;
        let environment = seat.member.task.name;
        if snapshot.task != environment {
            let task = snapshot.task;
            return Err(Error::ForeignTask { task, environment });
        }
        seat.restore(snapshot);
        Ok(())
    }

    /// Gives an environment other scenes, beginning with `episode`, from its next reset on.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot), and [`Error::NoPlacements`].
    pub fn set_scenes(&mut self, member: usize, scenes: Scenes, episode: u64) -> Result<(), Error> {
        if matches!(&scenes, Scenes::Placed(placements) if placements.is_empty()) {
            return Err(Error::NoPlacements { index: member });
        }
        self.idle_seat(member)?.set_scenes(scenes, episode);
        Ok(())
    }

    fn idle_seat(&self, member: usize) -> Result<MutexGuard<'_, Seat>, Error> {
        self.check_idle(member)?;
        Ok(self.crew.work().seat(member))
    }

    fn check_idle(&self, index: usize) -> Result<(), Error> {
        match self.busy.get(index) {
            None => {
                let len = self.len();
                Err(Error::UnknownMember { index, len })
            }
            Some(true) => Err(Error::MemberBusy { index }),
            Some(false) => Ok(()),
        }
    }

    /// Hands requests to the crew, all or none of them.
    fn request(
        &mut self,
        requests: impl Iterator<Item = (usize, Request)> + Clone,
    ) -> Result<(), Error> {
        for (count, (index, request)) in requests.clone().enumerate() {
            if let Err(refused) = self.check_idle(index) {
                for (index, _) in requests.take(count) {
                    self.busy[index] = false;
                }
                return Err(refused);
            }
            self.busy[index] = true;
            self.crew.work().seat(index).request = request;
        }
        self.crew.send(requests.map(|(index, _)| index));
        Ok(())
    }

    /// Collects the numbers of `count` environments that have had their turn.
    fn gather(&mut self, count: usize) {
        self.received.clear();
        self.crew.receive(count, &mut self.received);
        for &index in &self.received {
            self.busy[index] = false;
        }
    }

    /// Collects all environments, and writes them in the order of their numbers.
    fn complete(&mut self, out: &mut Outputs<'_>) -> Result<(), Error> {
        self.gather(self.len());
        self.received.sort_unstable();
        self.write(&self.received, out)
    }

    /// Writes the rows of some environments. The first fault, in their order, is returned after all rows are written.
    fn write(&self, members: &[usize], out: &mut Outputs<'_>) -> Result<(), Error> {
        let mut fault = None;
        for (row, &index) in members.iter().enumerate() {
            let mut seat = self.crew.work().seat(index);
            out.write(row, &seat.row, seat.began_another);
            let here = seat.fault.take().map(Box::new);
            fault = fault.or(here.map(|source| Error::InMember { index, source }));
        }
        fault.map_or(Ok(()), Err)
    }
}
