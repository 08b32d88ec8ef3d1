//! Meta-World's benchmarks: which tasks, placed where, in which order.
//!
//! A benchmark is a list of placed tasks for training and one for testing, [`PLACEMENTS`] for each task in it. It depends on
//! its seed alone and equals that of Meta-World 3.1.1 to the bit:
//!
//! | benchmark | training | test | goal |
//! |---|---|---|---|
//! | [`mt1`](Benchmark::mt1) | one task | nothing | observable |
//! | [`ml1`](Benchmark::ml1) | one task | the same, placed by seed + 1 | hidden |
//! | [`Suite::Mt10`], `Mt25`, `Mt50` | 10, 25, 50 tasks | nothing | observable |
//! | [`Suite::Ml10`], `Ml25`, `Ml45` | 10, 25, 45 tasks | 5 others, placed by the same seed | hidden |
//!
//! The tasks of a list are placed one after the other by one generator ([`Mt19937`]), so that a task's placements depend on the
//! tasks before it: only those of the first one are those of `mt1`. Each list begins with a new generator. A reset draws twice
//! (`sawyer_xyz_env.py`, `reset`), so every second vector that the task accepts is a placement.
//!
//! Two things are not as in Python. There, the entry point of ML1 for training through Gymnasium's `make_vec`
//! (`Meta-World/ML1-train`) gives out the test tasks; here training tasks are training tasks, as in Python's own class `ML1`.
//! And `ML1` refuses the seed 2³² − 1, which has no successor; here 0 follows it.
//!
//! Source: Meta-World 3.1.1, `__init__.py`, `_make_tasks` and the classes of the benchmarks.

use kinitro_core::groups::EnvGroup;

use super::env::{GoalVisibility, SawyerEnv};
use super::numpy_draws::{Mt19937, NumpyUniform};
use super::spec::TaskSpec;
use super::tasks;
use crate::Error;

/// Placements of each task in a benchmark.
pub const PLACEMENTS: usize = 50;

/// A task and where everything stands in it: what one episode of a benchmark is.
#[derive(Debug, Clone)]
pub struct PlacedTask {
    /// The task.
    pub task: &'static TaskSpec,
    /// The placement vector, a point of the task's [`DrawSpace`](super::spec::DrawSpace) (m, world frame).
    pub placement: Box<[f64]>,
    /// Whether the goal is observed.
    pub goal: GoalVisibility,
}

impl PlacedTask {
    /// Starts an episode and returns its first observation, see [`SawyerEnv::reset_parity`].
    ///
    /// # Errors
    /// [`Error::ForeignTask`] if the environment is one of another task, and those of `reset_parity`.
    pub fn begin(&self, env: &mut SawyerEnv) -> Result<[f64; 39], Error> {
        if env.task().name != self.task.name {
            return Err(Error::ForeignTask {
                task: self.task.name,
                environment: env.task().name,
            });
        }
        env.set_goal_visibility(self.goal);
        env.reset_parity(&self.placement)
    }
}

/// The benchmarks of several tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// Ten tasks.
    Mt10,
    /// The ten of MT10 and fifteen more.
    Mt25,
    /// All tasks.
    Mt50,
    /// Ten tasks, and five to test on.
    Ml10,
    /// The tasks of MT25, and five to test on, one of which is among them.
    Ml25,
    /// All tasks but the five to test on.
    Ml45,
}

impl Suite {
    /// Every suite.
    pub const ALL: [Self; 6] = [
        Self::Mt10,
        Self::Mt25,
        Self::Mt50,
        Self::Ml10,
        Self::Ml25,
        Self::Ml45,
    ];

    /// Its name in Meta-World.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mt10 => "MT10",
            Self::Mt25 => "MT25",
            Self::Mt50 => "MT50",
            Self::Ml10 => "ML10",
            Self::Ml25 => "ML25",
            Self::Ml45 => "ML45",
        }
    }

    /// The environment groups of its tasks, for training and for testing. Their order is the order of placing.
    pub fn groups(self) -> (&'static EnvGroup, Option<&'static EnvGroup>) {
        let (train, test) = match self {
            Self::Mt10 => ("mt10", None),
            Self::Mt25 => ("mt25", None),
            Self::Mt50 => ("mt50", None),
            Self::Ml10 => ("ml10-train", Some("ml10-test")),
            Self::Ml25 => ("ml25-train", Some("ml25-test")),
            Self::Ml45 => ("ml45-train", Some("ml45-test")),
        };
        let group = |name| EnvGroup::by_name(name).expect("the groups above exist");
        (group(train), test.map(group))
    }

    /// Whether the goal is observed: it is unless the suite is about learning to learn, and has tasks to test on.
    fn goal(self) -> GoalVisibility {
        match self.groups() {
            (_, None) => GoalVisibility::Observable,
            (_, Some(_)) => GoalVisibility::Hidden,
        }
    }
}

/// Placed tasks to train on, and to test on.
#[derive(Debug, Clone)]
pub struct Benchmark {
    /// [`PLACEMENTS`] of each task, task after task.
    pub train: Vec<PlacedTask>,
    /// Likewise; none in MT benchmarks.
    pub test: Vec<PlacedTask>,
}

impl Benchmark {
    /// `metaworld.MT1(task, seed)`.
    pub fn mt1(task: &'static TaskSpec, seed: u32) -> Self {
        Self {
            train: placed([task], seed, GoalVisibility::Observable),
            test: Vec::new(),
        }
    }

    /// `metaworld.ML1(task, seed)`.
    pub fn ml1(task: &'static TaskSpec, seed: u32) -> Self {
        let split = |seed| placed([task], seed, GoalVisibility::Hidden);
        Self {
            train: split(seed),
            test: split(seed.wrapping_add(1)),
        }
    }

    /// `metaworld.MT10(seed)` and the like.
    pub fn of(suite: Suite, seed: u32) -> Self {
        let (train, test) = suite.groups();
        let split = |group: &EnvGroup| {
            let members = group.members().map(|id| {
                tasks::find(id.name()).expect("the groups of the benchmarks hold tasks alone")
            });
            placed(members, seed, suite.goal())
        };
        Self {
            train: split(train),
            test: test.map(split).unwrap_or_default(),
        }
    }
}

/// Places one task after the other, all by one generator.
fn placed(
    tasks: impl IntoIterator<Item = &'static TaskSpec>,
    seed: u32,
    goal: GoalVisibility,
) -> Vec<PlacedTask> {
    let mut draws = Mt19937::new(seed);
    let mut list = Vec::new();
    for task in tasks {
        let space = &task.draw;
        let mut next =
            || draws.accepted_vector(space.low, space.high, |vector| space.accepts(vector));
        list.extend((0..PLACEMENTS).map(|_| {
            // Placed by the first pass of the reset, and then anew by the second.
            next();
            PlacedTask {
                task,
                placement: next().into(),
                goal,
            }
        }));
    }
    list
}

#[cfg(test)]
mod tests;
