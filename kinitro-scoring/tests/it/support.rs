//! Random tables of outcomes, drawn by skill on shared scenes.
use kinitro_core::seed::Draws;
use kinitro_scoring::{
    Baseline, Commit, EnvOutcomes, EpisodeOutcome, Miner, MinerRef, Outcome, OutcomeTable,
};
use proptest::prelude::*;

/// Part of an outcome that the scene decides; the rest is the policy's own luck.
const SCENE_SHARE: f64 = 0.85;

/// Scenes and the miners that played them.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) envs: usize,
    pub(crate) episodes: usize,
    pub(crate) key: u64,
    pub(crate) miners: Vec<Miner>,
}

/// A small world: 0–8 miners in 1–6 environments of 60–130 episodes, skills in families.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let kinds = prop::collection::vec((0..8_u8, 0.0..1.0_f64, 0..1_500_u64), 0..9);
    (1..7_usize, 60..130_usize, any::<u64>(), kinds).prop_map(|(envs, episodes, key, kinds)| {
        let mut world = World::empty(envs, episodes, key);
        for (rank, (kind, skill, block)) in kinds.into_iter().enumerate() {
            let miner = match kind {
                0 => world.newcomer(block, |env| if env == rank % envs { 1.0 } else { 0.0 }),
                1 => world.newcomer(block, |env| if env == rank % envs { 0.0 } else { skill }),
                2..=4 if rank > 0 => world.noisy(rank - 1, 1_500 + rank as u64, 0.2 + 0.5 * skill),
                5 => world.newcomer(block, |env| if env % 2 == 0 { skill } else { 1.0 - skill }),
                _ => world.newcomer(block, |_| 0.5 + 0.4 * skill),
            };
            world.miners.push(miner);
        }
        world
    })
}

impl World {
    pub(crate) fn empty(envs: usize, episodes: usize, key: u64) -> Self {
        Self {
            envs,
            episodes,
            key,
            miners: Vec::new(),
        }
    }

    pub(crate) fn table(&self) -> OutcomeTable {
        self.table_of(self.miners.clone())
    }

    pub(crate) fn table_of(&self, miners: Vec<Miner>) -> OutcomeTable {
        let failures = vec![EpisodeOutcome::Failure; self.episodes];
        let zero = Baseline {
            name: "zero".to_owned(),
            outcomes: vec![EnvOutcomes::new(failures).unwrap(); self.envs],
        };
        let envs = (0..self.envs).map(|env| format!("env {env}")).collect();
        OutcomeTable::new(envs, vec![zero], miners).unwrap()
    }

    /// A miner with these success rates on the world's scenes.
    pub(crate) fn newcomer(&self, block: u64, skill: impl Fn(usize) -> f64) -> Miner {
        let mut luck = self.draws(1 + self.miners.len() as u64);
        let outcomes = (0..self.envs).map(|env| {
            let mut scenes = self.draws(1_000 + env as u64);
            let episode = |_| {
                let (scene, own) = (scenes.unit(), luck.unit());
                let difficulty = if luck.unit() < SCENE_SHARE {
                    scene
                } else {
                    own
                };
                if difficulty < skill(env) {
                    EpisodeOutcome::Success
                } else {
                    EpisodeOutcome::Failure
                }
            };
            EnvOutcomes::new((0..self.episodes).map(episode)).unwrap()
        });
        self.miner(
            format!("key {}", self.miners.len()),
            block,
            outcomes.collect(),
        )
    }

    /// A later miner with the outcomes of another, some successes turned into failures.
    pub(crate) fn copy_of(&self, original: usize, spoil: f64, number: u64) -> Miner {
        let original = &self.miners[original];
        let mut draws = self.draws(50 + number);
        let outcomes = remade(original, self.episodes, |_, outcome| match outcome {
            EpisodeOutcome::Success if draws.unit() < spoil => EpisodeOutcome::Failure,
            outcome => outcome,
        });
        let block = original.commits[0].block + 1 + number;
        self.miner(
            format!("{} copy {number}", original.id.hotkey),
            block,
            outcomes,
        )
    }

    /// A miner with the outcomes of another, better in some environments and with a little bad luck in all.
    fn noisy(&self, original: usize, block: u64, gain: f64) -> Miner {
        let mut draws = self.draws(90 + self.miners.len() as u64);
        let improved: Vec<bool> = (0..self.envs).map(|_| draws.unit() < 0.6).collect();
        let outcomes = remade(
            &self.miners[original],
            self.episodes,
            |env, outcome| match (outcome, draws.unit()) {
                (EpisodeOutcome::Failure, luck) if improved[env] && luck < gain => {
                    EpisodeOutcome::Success
                }
                (EpisodeOutcome::Success, luck) if luck < 0.02 => EpisodeOutcome::Failure,
                (outcome, _) => outcome,
            },
        );
        self.miner(format!("key {}", self.miners.len()), block, outcomes)
    }

    /// All miners, one of them with some failures turned into successes.
    pub(crate) fn improved(&self, who: usize, chance: f64) -> Vec<Miner> {
        let mut draws = self.draws(200);
        let mut miners = self.miners.clone();
        miners[who].outcomes = remade(
            &self.miners[who],
            self.episodes,
            |_, outcome| match outcome {
                EpisodeOutcome::Failure if draws.unit() < chance => EpisodeOutcome::Success,
                outcome => outcome,
            },
        );
        miners
    }

    fn miner(&self, hotkey: String, block: u64, outcomes: Vec<EnvOutcomes>) -> Miner {
        // Copies are made beside the world's own miners, several at a time.
        let copies = hotkey
            .rsplit_once("copy ")
            .map_or(0, |(_, number)| 100 + number.parse::<u16>().unwrap());
        let commit = Commit {
            block,
            extrinsic: 0,
            digest: format!("digest of {hotkey}"),
        };
        Miner {
            id: MinerRef {
                uid: u16::try_from(self.miners.len()).unwrap() + copies,
                hotkey,
            },
            commits: vec![commit],
            outcomes,
        }
    }

    fn draws(&self, stream: u64) -> Draws {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.key.to_le_bytes());
        Draws::from_key(key, stream)
    }
}

fn remade(
    miner: &Miner,
    episodes: usize,
    mut change: impl FnMut(usize, EpisodeOutcome) -> EpisodeOutcome,
) -> Vec<EnvOutcomes> {
    let row = |(env, outcomes): (usize, &EnvOutcomes)| {
        let episodes: Vec<_> = (0..episodes)
            .map(|episode| change(env, outcomes.outcome(episode)))
            .collect();
        EnvOutcomes::new(episodes).unwrap()
    };
    miner.outcomes.iter().enumerate().map(row).collect()
}

/// Environments that no miner solves.
pub(crate) fn solved_by_nobody(outcome: &Outcome) -> u64 {
    !outcome
        .relations
        .solved
        .iter()
        .fold(0, |solved, mask| solved | mask)
}
