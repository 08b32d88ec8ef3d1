//! Resets from a remembered hand against Meta-World's long way, which simulates the hand twice.

use kinitro_core::seed::Draws;
use kinitro_sim::Error;
use kinitro_sim::metaworld::benchmarks::Benchmark;
use kinitro_sim::metaworld::env::SawyerEnv;
use kinitro_sim::metaworld::spec::{HandStart, TaskSpec};
use kinitro_sim::metaworld::tasks::{self, TASKS};
use kinitro_tests::batches::random_action;
use kinitro_tests::places;

/// Placements of each task.
const VECTORS: usize = 20;

/// Steps that follow each reset.
const STEPS: usize = 3;

/// For how many placements the long way starts from what the placements before have left.
const USED: usize = 6;

/// Every task goes the short way exactly where it leads to the same state, model and memory as the long way, whatever was done
/// before.
#[test]
fn the_short_way_is_taken_where_it_leads_to_the_same_place() {
    let (mut simulated, mut wrong) = (Vec::new(), Vec::new());
    for task in TASKS {
        let remembering = Box::leak(Box::new(TaskSpec {
            hand_start: HandStart::Remembered,
            ..**task
        }));
        let remembered = difference(remembering);
        if task.hand_start == HandStart::Simulated {
            simulated.push(task.name);
            if remembered.is_none() {
                wrong.push(format!("{} need not be simulated", task.name));
            }
            wrong.extend(difference(task));
        } else {
            wrong.extend(remembered);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("simulated in every reset: {}", simulated.join(", "));
}

/// Where the task's way and the long way part, if they do.
fn difference(task: &'static TaskSpec) -> Option<String> {
    let name = task.name;
    let dir = places::model_folder().join("sawyer_xyz");
    let mut short = SawyerEnv::new(&dir, task).unwrap();
    let mut long = short.duplicate().unwrap();
    let mut draws = Draws::from_key([3; 32], 0);
    let placements = Benchmark::mt1(task, 5).train.into_iter().take(VECTORS);
    for (number, placed) in placements.enumerate() {
        let placement = placed.placement;
        if number % USED == 0 {
            long = long.duplicate().unwrap();
        }
        let first = [
            short.reset_parity(&placement).unwrap(),
            long.reset_parity_in_full(&placement).unwrap(),
        ];
        let bits = first.map(|observation| observation.map(f64::to_bits));
        if bits[0] != bits[1] {
            return Some(format!("{name}: first observation of placement {number}"));
        }
        // State of the simulation, numbers of the model, and all that is remembered of the episode.
        if short.save() != long.save() || short.memory() != long.memory() {
            return Some(format!("{name}: state or memory of placement {number}"));
        }
        for step in 0..STEPS {
            let action = random_action(&mut draws);
            let outcomes = [short.step(action).unwrap(), long.step(action).unwrap()];
            if outcomes[0] != outcomes[1] || short.save() != long.save() {
                return Some(format!("{name}: step {step} of placement {number}"));
            }
        }
    }
    None
}

/// What the engine cannot do in a reset is an error, after which all goes on as before.
#[test]
fn both_ways_refuse_what_is_no_placement() {
    let task = tasks::find("door-lock-v3").unwrap();
    let dir = places::model_folder().join("sawyer_xyz");
    let mut env = SawyerEnv::new(&dir, task).unwrap();
    let placement = Benchmark::mt1(task, 5).train[0].placement.clone();
    let expected = env.reset_parity(&placement).unwrap();
    for reset in [SawyerEnv::reset_parity, SawyerEnv::reset_parity_in_full] {
        assert!(matches!(
            reset(&mut env, &placement[1..]),
            Err(Error::DrawLength { .. })
        ));
        let mut faulty = placement.clone();
        faulty[1] = f64::INFINITY;
        assert!(matches!(
            reset(&mut env, &faulty),
            Err(Error::DrawNotFinite { index: 1, .. })
        ));
        faulty[1] = 1e200;
        let far_away = reset(&mut env, &faulty);
        assert!(
            far_away.is_err() || env.physics().warnings().diverged(),
            "{far_away:?}"
        );
        assert_eq!(reset(&mut env, &placement).unwrap(), expected);
        assert!(!env.physics().warnings().diverged());
    }
}
