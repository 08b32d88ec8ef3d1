//! Batches for tests, and digests of what their environments do: equal however they are put together.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::str::FromStr;

use anyhow::Context as _;
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, Draws};
use kinitro_sim::batch::{Batch, BatchOptions, Buffers, Member, Scenes};
use kinitro_sim::episode::View;
use kinitro_sim::metaworld::benchmarks::Benchmark;
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::metaworld::tasks::TASKS;
use sha2::{Digest as _, Sha256};

use crate::places;

/// Steps of the episode of the parity profile, and of that of the evaluation profile.
const STEPS: [usize; 2] = [200, 50];
/// The same where images are taken, of every so many tasks only.
const STEPS_SEEN: [usize; 2] = [6, 4];
const SEEN: usize = 17;
/// The seed of placements, keys and actions.
const SEED: u32 = 42;

/// How environments are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Environments of one task in a batch of their own; none puts one of every task into one batch.
    pub of_one_task: Option<usize>,
    /// Threads of every batch.
    pub threads: NonZeroUsize,
    /// Whether both standard cameras are looked through.
    pub images: bool,
}

impl FromStr for Shape {
    type Err = anyhow::Error;

    /// Reads `16x2`, `mixedx8`, or one of these with `+images`.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (text, images) = match text.strip_suffix("+images") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (environments, threads) = text
            .rsplit_once('x')
            .with_context(|| format!("`{text}` is not like `16x2` or `mixedx8`"))?;
        let of_one_task = match environments {
            "mixed" => None,
            number => Some(number.parse().context("the number of environments")?),
        };
        let threads = threads.parse().context("the number of threads")?;
        Ok(Self {
            of_one_task,
            threads,
            images,
        })
    }
}

/// SHA-256 of all that the environments of a shape bring in two random episodes each, and of the states that they end in.
///
/// Environment `k` of a task is in every shape the same: one episode of the parity profile and one of the evaluation profile, in
/// an order that differs from one to the next.
///
/// # Errors
/// Those of the batch.
pub fn digests(shape: Shape) -> anyhow::Result<BTreeMap<String, String>> {
    let numbered = TASKS.iter().enumerate();
    let every = if shape.images { SEEN } else { 1 };
    let tasks = numbered.step_by(every);
    let mut digests = BTreeMap::new();
    match shape.of_one_task {
        None => digests.extend(play(shape, tasks.map(|(_, task)| (*task, 0)).collect())?),
        Some(count) => {
            for (_, task) in tasks {
                let players = (0..count).map(|number| (*task, number)).collect();
                digests.extend(play(shape, players)?);
            }
        }
    }
    Ok(digests)
}

/// The digests of a batch of these environments: task and number.
fn play(
    shape: Shape,
    players: Vec<(&'static TaskSpec, usize)>,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut players: Vec<Player> = players
        .into_iter()
        .map(|(task, number)| Player::new(task, number))
        .collect();
    let members: Vec<Member> = players.iter().map(|player| player.member(0)).collect();
    let view = if shape.images {
        View::standard()
    } else {
        View::state_only()
    };
    let options = BatchOptions {
        threads: shape.threads,
        view,
        depth: shape.images,
        segmentation: shape.images,
        ..BatchOptions::default()
    };
    let mut buffers = Buffers::new(members.len(), &options);
    let mut batch = Batch::new(&places::models(), &members, options)?;
    let steps = if shape.images { STEPS_SEEN } else { STEPS };
    for (part, &steps) in steps.iter().enumerate() {
        for (index, player) in players.iter().enumerate() {
            batch.set_scenes(index, player.member(part).scenes, player.number as u64)?;
        }
        batch.reset(&mut buffers.outputs())?;
        for (index, player) in players.iter_mut().enumerate() {
            hash_row(&buffers, index, &mut player.hasher);
        }
        // Environments of one batch take the same number of steps in all.
        for _ in 0..steps {
            let actions: Vec<[f32; 4]> = players.iter_mut().map(Player::act).collect();
            batch.step(&actions, &mut buffers.outputs())?;
            for (index, player) in players.iter_mut().enumerate() {
                hash_row(&buffers, index, &mut player.hasher);
            }
        }
        for (index, player) in players.iter_mut().enumerate() {
            let snapshot = batch.snapshot(index)?;
            let state = snapshot.state().context("the environment was reset")?;
            // Every number is printed so that its bits can be read back.
            player.hasher.update(format!("{state:?}"));
        }
    }
    Ok(players.into_iter().map(Player::finish).collect())
}

/// An environment, who acts in it, and what is known of it.
struct Player {
    task: &'static TaskSpec,
    number: usize,
    draws: Draws,
    hasher: Sha256,
}

impl Player {
    fn new(task: &'static TaskSpec, number: usize) -> Self {
        let name = format!("{} {number}", task.name);
        Self {
            task,
            number,
            draws: Draws::from_key(Sha256::digest(name).into(), u64::from(SEED)),
            hasher: Sha256::new(),
        }
    }

    /// The environment in its first or second episode.
    fn member(&self, part: usize) -> Member {
        let placed_first = self.task.name.len().is_multiple_of(2) != self.number.is_multiple_of(2);
        let scenes = if placed_first == (part == 0) {
            placed(self.task, SEED)
        } else {
            keyed(SEED)
        };
        Member {
            task: self.task,
            scenes,
        }
    }

    fn act(&mut self) -> [f32; 4] {
        random_action(&mut self.draws)
    }

    fn finish(self) -> (String, String) {
        let name = format!("{} {}", self.task.name, self.number);
        let mut hex = String::new();
        for byte in self.hasher.finalize() {
            write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
        }
        (name, hex)
    }
}

/// The scenes of `MT1(task, seed)`.
pub fn placed(task: &'static TaskSpec, seed: u32) -> Scenes {
    let placements = Benchmark::mt1(task, seed).train.into_iter();
    Scenes::Placed(placements.map(|placed| placed.placement).collect())
}

/// The scenes of a local seed at level `seed`.
pub fn keyed(seed: u32) -> Scenes {
    Scenes::Keyed {
        seed: CycleSeed::from_local_seed(seed.into()),
        level: Level::Seed,
    }
}

/// Every component uniform between −1 and 1.
pub fn random_action(draws: &mut Draws) -> [f32; 4] {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "actions are single precision"
    )]
    std::array::from_fn(|_| draws.uniform(-1.0, 1.0) as f32)
}

/// Observation, measures and reward of a row.
pub fn row_numbers(buffers: &Buffers, row: usize) -> impl Iterator<Item = f64> {
    let rest = buffers
        .row_info(row)
        .iter()
        .chain(&buffers.rewards[row..=row]);
    buffers.observation(row).iter().chain(rest).copied()
}

/// All bits of a row but those of the last observation.
pub fn row_bits(buffers: &Buffers, row: usize) -> Vec<u64> {
    let flags = [buffers.terminated[row], buffers.truncated[row]];
    let numbers = row_numbers(buffers, row).map(f64::to_bits);
    numbers.chain(flags.map(u64::from)).collect()
}

fn hash_row(buffers: &Buffers, row: usize, hasher: &mut Sha256) {
    for bits in row_bits(buffers, row) {
        hasher.update(bits.to_le_bytes());
    }
    hasher.update(buffers.row_images(row));
    for depth in buffers.row_depth(row) {
        hasher.update(depth.to_le_bytes());
    }
    for segment in buffers.row_segmentation(row).as_flattened() {
        hasher.update(segment.to_le_bytes());
    }
}
