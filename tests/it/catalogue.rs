//! One suite over the whole catalogue: a new environment is covered without new test code.

use std::collections::BTreeSet;
use std::f64::consts::TAU;
use std::num::NonZeroUsize;

use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::{Action, CameraName};
use kinitro_core::record::{Level, Outcome, SceneGroup, SceneRecord};
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::batch::{Batch, BatchOptions, Member, Outputs, Scenes};
use kinitro_sim::env::{Environment as _, STATE_LEN};
use kinitro_sim::episode::{EpisodeRecord, EpisodeStart, Simulator, Status, TakenAction, View};
use kinitro_sim::metaworld::env::SawyerEnv;
use kinitro_sim::metaworld::evaluation::EvaluationEnv;
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::metaworld::tasks::{TASKS, find};
use kinitro_sim::physics::handles::GeomId;
use kinitro_sim::registry;
use kinitro_tests::simulators::state_only as simulator;
use kinitro_tests::{experts, places};

/// Share of scenes that the experts must solve over all environments.
const EXPERT_RATE: f64 = 0.9;
/// Share that the expert of each environment must solve. The expert of soccer pinches the ball while it pushes, and loses it in
/// half of the scenes that are more slippery than the compiled one; all others solve three quarters at least.
const EXPERT_RATE_OF_EACH: f64 = 0.65;

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
            let drawn = scene(&mut one, episode, Level::Seed);
            digests.insert(drawn.digest().to_string());
            // The other simulator meets the keys in another order, after another level.
            let reversed = start(&env, 3 - episode, Level::None);
            drop(other.begin(&reversed).unwrap());
            assert_eq!(drawn, scene(&mut other, episode, Level::Seed), "{env}");
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
        // Small and few, since images are slow where nothing is optimized.
        let view = View {
            cameras: vec![CameraName::Corner],
            size: ImageSize::new(16, 16).unwrap(),
        };
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

/// A drawn value and the range that it stays in.
type Range = (SceneGroup, &'static str, f64, f64);

/// What every level draws.
const PLACEMENT: &[Range] = &[(SceneGroup::Scene, "drop", 0.0, 0.02)];
/// What levels above `none` draw beside it, in ranges of their own where they differ.
const START: &[Range] = &[
    (SceneGroup::Physics, "mass_scale", 0.8, 1.2),
    (SceneGroup::Reset, "hand_noise", -0.02, 0.02),
    (SceneGroup::Reset, "joint_noise", -0.02, 0.02),
];
const ORDINARY: &[Range] = &[
    (SceneGroup::Physics, "friction_scale", 0.8, 1.2),
    (SceneGroup::Physics, "damping_scale", 0.9, 1.1),
];
const WIDE: &[Range] = &[
    (SceneGroup::Physics, "friction_scale", 0.5, 1.5),
    (SceneGroup::Physics, "damping_scale", 0.8, 1.2),
    (SceneGroup::Physics, "gravity_tilt", 0.0, 0.00873),
    (SceneGroup::Physics, "gravity_azimuth", 0.0, TAU),
    (SceneGroup::Physics, "contact_time_scale", 0.9, 1.1),
    (SceneGroup::Physics, "control_delay", 0.0, 1.0),
];

#[test]
fn randomization_is_within_its_ranges_and_recorded() {
    let levels: [(Level, &[&[Range]]); 3] = [
        (Level::None, &[PLACEMENT]),
        (Level::Seed, &[PLACEMENT, START, ORDINARY]),
        (Level::Hard, &[PLACEMENT, START, WIDE]),
    ];
    for env in registry::ids() {
        let mut simulator = simulator(&env);
        for episode in 0..8 {
            for (level, ranges) in levels {
                let scene = scene(&mut simulator, episode, level);
                let mut expected = 1; // the draw itself
                for &(group, name, low, high) in ranges.iter().copied().flatten() {
                    let numbers = scene
                        .get(group, name)
                        .unwrap_or_else(|| panic!("{env}: {name} is not recorded"));
                    assert!(
                        numbers.iter().all(|number| (low..=high).contains(number)),
                        "{env}: {name} is {numbers:?}"
                    );
                    expected += 1;
                }
                // How a scene looks is drawn apart, see `looks`.
                let decides_success = |&(group, _, _): &(SceneGroup, &str, &[f64])| {
                    use SceneGroup::{Physics, Reset, Scene};
                    matches!(group, Scene | Physics | Reset)
                };
                let found = scene.iter().filter(decides_success).count();
                assert_eq!(found, expected, "{env}: {level}");
            }
        }
    }
}

/// What one level adds leaves alone what the level before draws, so that both differ in nothing but what is named.
#[test]
fn levels_share_the_draws_that_they_have_in_common() {
    for env in registry::ids() {
        let mut simulator = simulator(&env);
        let mut tilted = 0;
        for episode in 0..4 {
            let [seed, hard] =
                [Level::Seed, Level::Hard].map(|level| scene(&mut simulator, episode, level));
            // In a few tasks other physics let the robot touch what it otherwise does not, and it is placed again.
            let same_place = [(SceneGroup::Scene, "draw"), (SceneGroup::Scene, "drop")];
            let placed = same_place.iter().filter(|_| env.name() == "reach-v3");
            let shared = [
                (SceneGroup::Physics, "mass_scale"),
                (SceneGroup::Reset, "hand_noise"),
                (SceneGroup::Reset, "joint_noise"),
            ];
            for &(group, name) in shared.iter().chain(placed) {
                assert_eq!(
                    seed.get(group, name),
                    hard.get(group, name),
                    "{env}: {name}"
                );
            }
            // One number of the stream, stretched to a wider range around the same middle.
            let friction =
                |scene: &SceneRecord| scene.get(SceneGroup::Physics, "friction_scale").unwrap()[0];
            let stretched = 1.0 + (friction(&seed) - 1.0) * 2.5;
            assert!((friction(&hard) - stretched).abs() < 1e-12, "{env}");
            tilted += usize::from(hard.get(SceneGroup::Physics, "gravity_tilt").unwrap()[0] > 0.0);
        }
        assert!(tilted > 0, "{env}: gravity is never tilted");
    }
}

/// The hand obeys as late as the scene says, and what is recorded is what was sent.
#[test]
fn commands_are_delayed_as_the_scene_says() {
    let env = &registry::ids()[0];
    let mut simulator = simulator(env);
    let action = |z: f64| Action::from_wire([0.0, 0.0, z, -1.0]).unwrap().0;
    let mut delays = BTreeSet::new();
    for number in 0..16 {
        let start = start(env, number, Level::Hard);
        let mut tracks = Vec::new();
        let mut delay = 0;
        for first in [action(1.0), action(-1.0)] {
            let mut episode = simulator.begin(&start).unwrap();
            let drawn = episode.scene().get(SceneGroup::Physics, "control_delay");
            delay = usize::from(drawn.unwrap()[0] == 1.0);
            let mut track = Vec::new();
            for action in [first, Action::ZERO, Action::ZERO] {
                let taken = TakenAction {
                    action,
                    clipped: false,
                };
                episode.apply(taken).unwrap();
                track.push(episode.observation().proprio.map(f32::to_bits));
            }
            episode.abandon(Outcome::PolicyError);
            assert_eq!(episode.finish().unwrap().actions[0].action, first);
            tracks.push(track);
        }
        let obeyed = (0..3).find(|&step| tracks[0][step] != tracks[1][step]);
        assert_eq!(obeyed, Some(delay), "episode {number}");
        delays.insert(delay);
    }
    assert_eq!(delays, BTreeSet::from([0, 1]));
}

/// Environments that take turns on one model keep apart what level `hard` changes in it, and the commands under way.
#[test]
fn hard_scenes_take_turns_in_a_batch() {
    const STEPS: usize = 12;
    let task = find("push-v3").unwrap();
    let env: EnvId = "metaworld/push-v3".parse().unwrap();
    let seed = CycleSeed::from_local_seed(5);
    let levels = [
        Level::Hard,
        Level::Seed,
        Level::Hard,
        Level::None,
        Level::Hard,
        Level::Hard,
    ];
    let members = levels.map(|level| Member {
        task,
        scenes: Scenes::Keyed {
            seed: seed.clone(),
            level,
        },
    });
    let options = BatchOptions {
        threads: NonZeroUsize::MIN,
        ..BatchOptions::default()
    };
    let mut batch = Batch::new(&places::models(), &members, options).unwrap();
    let mut together = vec![0.0; levels.len() * STATE_LEN];
    batch
        .reset(&mut Outputs::observations(&mut together))
        .unwrap();
    let mut simulators = levels.map(|_| EvaluationEnv::new(&places::models(), task).unwrap());
    for (number, (single, level)) in (0..).zip(simulators.iter_mut().zip(levels)) {
        single
            .begin(&start(&env, number, level).key, level)
            .unwrap();
    }
    for step in 0..STEPS {
        for (number, single) in simulators.iter().enumerate() {
            let row = &together[number * STATE_LEN..][..STATE_LEN];
            assert_eq!(row, single.privileged().0, "{number}, step {step}");
        }
        let push = if step % 5 == 0 { -1.0 } else { 0.5 };
        let action = [push, 0.3, -0.6, push];
        batch
            .step(&[action; 6], &mut Outputs::observations(&mut together))
            .unwrap();
        let (action, _) = Action::from_wire(action.map(f64::from)).unwrap();
        for single in &mut simulators {
            single.step(action).unwrap();
        }
    }
}

fn scene(simulator: &mut Simulator, episode: u64, level: Level) -> SceneRecord {
    let start = start(&simulator.spec().id.clone(), episode, level);
    simulator.begin(&start).unwrap().scene().clone()
}

/// Nothing is thrown about by the start of an episode: an idle robot leaves an idle scene.
#[test]
fn scenes_are_at_rest() {
    /// Fastest motion of the hand in the second after the start, meters per step.
    const DRIFT: f32 = 2e-4;
    for env in registry::ids() {
        let mut simulator = simulator(&env);
        for (number, (level, _)) in (0..6).zip(Level::NAMES.into_iter().cycle()) {
            let mut episode = simulator.begin(&start(&env, number, level)).unwrap();
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

/// Contacts are soft: whatever rests on something is this deep in it, at most. Meters.
const PRESSED_IN: f64 = 0.001;
/// How far beyond the box that the hand is kept in fingers, tools and the ends of what they hold reach. Meters.
const REACH: f64 = 0.15;
/// Scenes per environment and level.
const STARTS: u64 = 50;

/// No scene asks for what cannot be done: nothing starts inside something else, and the robot can get to the target.
#[test]
fn scenes_start_free_and_can_be_solved() {
    for task in TASKS {
        let mut env = EvaluationEnv::new(&places::models(), task).unwrap();
        let nominal = nominal_contacts(task);
        for (level, _) in Level::NAMES {
            for episode in 0..STARTS {
                let start = start(&env.spec().id.clone(), episode, level);
                env.begin(&start.key, level).unwrap();
                let deep = env.physics().contacts().find(|contact| {
                    contact.depth > PRESSED_IN && !nominal.contains(&contact.geoms)
                });
                if let Some(contact) = deep {
                    let bodies = contact.geoms.map(|geom| env.physics().body_name_of(geom));
                    let millimeters = contact.depth * 1e3;
                    panic!(
                        "{}: {level}, episode {episode}: {bodies:?} {millimeters:.1} mm",
                        task.name
                    );
                }
                let target = env.target().unwrap();
                for axis in 0..3 {
                    let reached = task.mocap_low[axis] - REACH..=task.mocap_high[axis] + REACH;
                    assert!(
                        reached.contains(&target[axis]),
                        "{}: {level}, episode {episode}: target {target:?}",
                        task.name
                    );
                }
            }
        }
    }
}

/// Pairs that are in each other wherever Meta-World puts them: the plug in its socket.
fn nominal_contacts(task: &'static TaskSpec) -> Vec<[GeomId; 2]> {
    let mut env = SawyerEnv::new(&places::model_folder().join("sawyer_xyz"), task).unwrap();
    let bounds = task.draw.low.iter().zip(task.draw.high);
    let middle: Vec<_> = bounds
        .map(|(low, high)| f64::midpoint(*low, *high))
        .collect();
    env.reset_parity(&middle).unwrap();
    env.physics_mut().forward();
    env.physics()
        .contacts()
        .map(|contact| contact.geoms)
        .collect()
}
