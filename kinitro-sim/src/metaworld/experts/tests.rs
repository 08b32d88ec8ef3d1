use std::fs::File;
use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzReader;

use super::{EXPERTS, expert};
use crate::metaworld::tasks::TASKS;

/// An observation in which everything else is 0.
fn observation(hand: [f64; 3], opening: f64, object: [f64; 3], goal: [f64; 3]) -> [f64; 39] {
    let mut o = [0.0; 39];
    o[..3].copy_from_slice(&hand);
    o[3] = opening;
    o[4..7].copy_from_slice(&object);
    o[36..].copy_from_slice(&goal);
    o
}

#[test]
fn every_task_has_its_expert() {
    let experts: Vec<&str> = EXPERTS.iter().map(|(name, _)| *name).collect();
    let tasks: Vec<&str> = TASKS.iter().map(|task| task.name).collect();
    assert_eq!(experts, tasks);
    assert!(tasks.iter().all(|name| expert(name).is_some()));
    assert!(expert("reach").is_none());
}

#[test]
fn reach_is_a_proportional_controller() {
    let o = observation([0.0, 0.5, 0.25], 1.0, [0.0; 3], [0.5, 0.5, 0.0]);
    assert_eq!(expert("reach-v3").unwrap()(&o), [2.5, 0.0, -1.25, 0.0]);
}

#[test]
fn pick_place_waits_until_the_gripper_holds_the_puck() {
    let at_puck = |opening| {
        observation(
            [0.0, 0.6, 0.02],
            opening,
            [0.005, 0.6, 0.02],
            [0.0, 0.85, 0.25],
        )
    };
    let pick_place = expert("pick-place-v3").unwrap();
    assert_eq!(pick_place(&at_puck(0.9)), [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(pick_place(&at_puck(0.5)), [0.0, 2.5, 2.3, 1.0]);
}

/// Every action that Python's experts chose in the recorded episodes, to the bit.
#[test]
fn actions_equal_the_recorded_ones() {
    let Some(data) = std::env::var_os("KINITRO_TEST_DATA") else {
        println!("skipped: KINITRO_TEST_DATA is not set, so there are no recorded episodes");
        return;
    };
    for &(name, expert) in EXPERTS {
        let path = Path::new(&data).join(format!("golden/metaworld/{name}.npz"));
        let mut npz = NpzReader::new(File::open(path).unwrap()).unwrap();
        for seed in 0..3 {
            let initial: Array1<f64> = npz.by_name(&format!("s{seed}_exp_init_obs")).unwrap();
            let observations: Array2<f64> = npz.by_name(&format!("s{seed}_exp_obs")).unwrap();
            let actions: Array2<f32> = npz.by_name(&format!("s{seed}_exp_action")).unwrap();
            let seen = std::iter::once(initial.view()).chain(observations.outer_iter());
            for (step, (observation, action)) in seen.zip(actions.outer_iter()).enumerate() {
                let observation: &[f64; 39] = observation.to_slice().unwrap().try_into().unwrap();
                let ours = expert(observation).map(f32::to_bits);
                let theirs: Vec<u32> = action.iter().map(|a| a.to_bits()).collect();
                assert_eq!(ours.as_slice(), theirs, "{name}, seed {seed}, step {step}");
            }
        }
    }
}
