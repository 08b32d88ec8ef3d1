//! One suite over the whole catalogue: a new environment is covered without new test code.

use std::collections::BTreeSet;

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::Action;
use kinitro_core::record::{Level, Outcome, SceneGroup};
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_sim::episode::{EpisodeRecord, EpisodeStart, Simulator, Status, TakenAction, View};
use kinitro_sim::registry;
use kinitro_tests::{experts, places};

/// Share of scenes that the experts must solve over all environments.
const EXPERT_RATE: f64 = 0.9;
/// Share that the expert of each environment must solve: 15 points below the overall rate, for the hardest insertion.
const EXPERT_RATE_OF_EACH: f64 = 0.75;

fn simulator(env: &EnvId) -> Simulator {
    Simulator::new(env, &places::models(), &View::state_only()).unwrap()
}

fn start(env: &EnvId, episode: u64, level: Level) -> EpisodeStart {
    let key = EpisodeKey::derive(&CycleSeed::from_local_seed(5), env, EpisodeIndex(episode));
    EpisodeStart {
        miner_key: MinerKey::derive(&key, None),
        key,
        level,
    }
}

#[test]
fn experts_solve_procedural_scenes() {
    let rows = experts::run(&[Level::Seed]);
    let solved: usize = rows.iter().map(|row| row.steps.len()).sum();
    let rate = solved as f64 / (rows.len() as f64 * experts::KEYS as f64);
    println!(
        "{}experts solve {rate:.3} of all scenes",
        experts::page(&rows)
    );
    assert!(EXPERT_RATE <= rate, "{rate}");
    for row in rows {
        assert!(
            EXPERT_RATE_OF_EACH <= row.steps.len() as f64 / experts::KEYS as f64,
            "{}: {}",
            row.env,
            row.steps.len()
        );
    }
}

#[test]
fn scenes_differ_between_keys_and_are_equal_for_equal_keys() {
    for env in registry::ids() {
        let (mut one, mut other) = (simulator(&env), simulator(&env));
        let mut digests = BTreeSet::new();
        for episode in 0..4 {
            let scene = one
                .begin(&start(&env, episode, Level::Seed))
                .unwrap()
                .scene()
                .clone();
            digests.insert(scene.digest().to_string());
            // The other simulator meets the keys in another order, after another level.
            let reversed = start(&env, 3 - episode, Level::None);
            drop(other.begin(&reversed).unwrap());
            assert_eq!(
                scene,
                *other
                    .begin(&start(&env, episode, Level::Seed))
                    .unwrap()
                    .scene(),
                "{env}"
            );
        }
        assert_eq!(digests.len(), 4, "{env}");
    }
}

/// Thirty steps of made-up actions.
fn play(simulator: &mut Simulator, start: &EpisodeStart) -> EpisodeRecord {
    let mut episode = simulator.begin(start).unwrap();
    for step in 0..30_u8 {
        let push = f64::from(step % 7) / 3.5 - 0.8;
        let (action, clipped) = Action::from_wire([push, -push, -0.5, 1.0]).unwrap();
        if episode.apply(TakenAction { action, clipped }).unwrap() != Status::Running {
            break;
        }
    }
    episode.abandon(Outcome::PolicyError);
    episode.finish().unwrap()
}

#[test]
fn an_episode_does_not_depend_on_what_its_simulator_did_before() {
    for env in registry::ids() {
        let fresh = play(&mut simulator(&env), &start(&env, 1, Level::Seed));
        let mut used = simulator(&env);
        play(&mut used, &start(&env, 0, Level::Seed));
        play(&mut used, &start(&env, 2, Level::None));
        assert_eq!(
            play(&mut used, &start(&env, 1, Level::Seed)),
            fresh,
            "{env}"
        );
    }
}

#[test]
fn a_duplicated_simulator_gives_the_same_bits() {
    for env in registry::ids() {
        let view = View::standard();
        let mut used = Simulator::new(&env, &places::models(), &view).unwrap();
        let mut early = used.duplicate().unwrap();
        let fresh = play(&mut used, &start(&env, 1, Level::Seed));
        assert!(fresh.image_hash.is_some());
        play(&mut used, &start(&env, 0, Level::Seed));
        let mut late = used.duplicate().unwrap();
        for simulator in [&mut early, &mut late] {
            let record = play(simulator, &start(&env, 1, Level::Seed));
            assert_eq!(record, fresh, "{env}");
        }
    }
}

/// The hand's velocity against the central difference of its observed position over two control steps (25 ms), while it is
/// moved to and fro: the difference smooths what happens within, which at the accelerations that the arm reaches is this much.
#[test]
fn the_hand_moves_as_it_is_said_to() {
    const TOLERANCE: f64 = 0.1;
    for env in registry::ids() {
        let mut simulator = simulator(&env);
        let period = simulator.spec().control_period;
        let mut episode = simulator.begin(&start(&env, 0, Level::Seed)).unwrap();
        let mut seen: Vec<([f64; 3], [f64; 3])> = Vec::new();
        for step in 0..60_u8 {
            let push = if step % 40 < 20 { 0.8 } else { -0.8 };
            let (action, clipped) = Action::from_wire([push, -push, 0.3, 0.0]).unwrap();
            if episode.apply(TakenAction { action, clipped }).unwrap() != Status::Running {
                break;
            }
            let [x, y, z, _] = episode.observation().proprio.map(f64::from);
            let hand = episode.hand();
            let length: f64 = hand.orientation.0.iter().map(|part| part * part).sum();
            assert!((length - 1.0).abs() < 1e-9, "{env}: {length}");
            assert!(hand.angular_velocity.iter().all(|part| part.abs() < 5.0));
            seen.push(([x, y, z], hand.linear_velocity));
        }
        let (mut fastest, mut worst) = (0.0_f64, 0.0_f64);
        for window in seen.windows(3) {
            let [(before, _), (_, velocity), (after, _)] = window else {
                unreachable!("windows of three")
            };
            for axis in 0..3 {
                let difference = (after[axis] - before[axis]) / (2.0 * period);
                worst = worst.max((velocity[axis] - difference).abs());
                fastest = fastest.max(velocity[axis].abs());
            }
        }
        println!("{env}: up to {fastest:.3} m/s, differences up to {worst:.4} m/s");
        assert!(
            fastest > 0.3 && worst < TOLERANCE,
            "{env}: {fastest} {worst}"
        );
    }
}

#[test]
fn randomization_is_within_its_ranges_and_recorded() {
    let ranges = [
        (SceneGroup::Scene, "drop", 0.0, 0.02),
        (SceneGroup::Physics, "friction_scale", 0.8, 1.2),
        (SceneGroup::Physics, "damping_scale", 0.9, 1.1),
        (SceneGroup::Physics, "mass_scale", 0.8, 1.2),
        (SceneGroup::Reset, "hand_noise", -0.02, 0.02),
        (SceneGroup::Reset, "joint_noise", -0.02, 0.02),
    ];
    for env in registry::ids() {
        let mut simulator = simulator(&env);
        for episode in 0..8 {
            let scene = simulator
                .begin(&start(&env, episode, Level::Seed))
                .unwrap()
                .scene()
                .clone();
            for (group, name, low, high) in ranges {
                let numbers = scene
                    .get(group, name)
                    .unwrap_or_else(|| panic!("{env}: {name} is not recorded"));
                assert!(
                    numbers.iter().all(|number| (low..=high).contains(number)),
                    "{env}: {name} is {numbers:?}"
                );
            }
        }
        let plain = simulator
            .begin(&start(&env, 0, Level::None))
            .unwrap()
            .scene()
            .clone();
        assert!(
            plain.get(SceneGroup::Physics, "mass_scale").is_none(),
            "{env}"
        );
    }
}

/// Nothing is thrown about by the start of an episode: an idle robot leaves an idle scene.
#[test]
fn scenes_are_at_rest() {
    /// Fastest motion of the hand in the second after the start, meters per step.
    const DRIFT: f32 = 2e-4;
    for env in registry::ids() {
        let mut simulator = simulator(&env);
        for number in 0..8 {
            let mut episode = simulator.begin(&start(&env, number, Level::Seed)).unwrap();
            let mut before = episode.observation().proprio;
            for _ in 0..80 {
                let taken = TakenAction {
                    action: Action::ZERO,
                    clipped: false,
                };
                let status = episode.apply(taken).unwrap();
                assert_eq!(
                    status,
                    Status::Running,
                    "{env}: episode {number} ends without an action"
                );
                let now = episode.observation().proprio;
                for axis in 0..3 {
                    assert!(
                        (now[axis] - before[axis]).abs() < DRIFT,
                        "{env}: episode {number} moves"
                    );
                }
                before = now;
            }
        }
    }
}

#[test]
fn proprioception_varies_and_stays_in_range() {
    for env in registry::ids() {
        let mut simulator = simulator(&env);
        let mut seen = BTreeSet::new();
        for episode in 0..4 {
            let episode = simulator.begin(&start(&env, episode, Level::Seed)).unwrap();
            let [x, y, z, opening] = episode.observation().proprio;
            assert!(
                (0.0..=1.0).contains(&opening)
                    && x.abs() < 0.6
                    && (0.3..1.1).contains(&y)
                    && (0.0..0.6).contains(&z),
                "{env}"
            );
            seen.insert([x, y, z].map(f32::to_bits));
        }
        assert_eq!(
            seen.len(),
            4,
            "{env}: the hand always starts at the same place"
        );
    }
}

#[test]
fn the_hard_level_is_refused_until_it_is_drawn() {
    let env = &registry::ids()[0];
    let refused = simulator(env)
        .begin(&start(env, 0, Level::Hard))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "level `hard` is not drawn by scene generator 1"
    );
}
