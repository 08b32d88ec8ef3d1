//! Ends of episodes and what follows them; partial batches; copies.

use kinitro_core::record::Level;
use kinitro_core::seed::CycleSeed;
use kinitro_sim::batch::{Autoreset, BatchOptions, Buffers, Ending, INFO_LEN, Member, Scenes};
use kinitro_sim::env::STATE_LEN;
use kinitro_sim::metaworld::env::{GoalVisibility, SawyerEnv, TIME_LIMIT};
use kinitro_sim::metaworld::experts::expert;
use kinitro_tests::batches::{placed, row_bits};
use kinitro_tests::places;

use super::{actions, members, open, task, threads};

/// Three environments that are solved at different times, and one that is not.
const TASKS: [&str; 4] = [
    "button-press-topdown-v3",
    "reach-v3",
    "drawer-close-v3",
    "pick-place-v3",
];

/// The experts' actions after what was last observed; the last environment stands still.
fn expert_actions(buffers: &Buffers) -> Vec<[f32; 4]> {
    let act = |(index, name): (usize, &&str)| match index {
        3 => [0.0; 4],
        _ => expert(name).unwrap()(buffers.observation(index).try_into().unwrap()),
    };
    TASKS.iter().enumerate().map(act).collect()
}

fn until_success(autoreset: Autoreset) -> BatchOptions {
    BatchOptions {
        threads: threads(2),
        autoreset,
        ending: Ending::Success,
        ..BatchOptions::default()
    }
}

/// The first observation of the `number`-th episode of every environment, from a batch that does nothing but reset.
fn beginnings(number: usize) -> Buffers {
    let (mut batch, mut buffers) = open(&members(&TASKS), BatchOptions::default());
    for _ in 0..=number {
        batch.reset(&mut buffers.outputs()).unwrap();
    }
    buffers
}

#[test]
fn the_next_step_resets() {
    let (mut batch, mut buffers) = open(&members(&TASKS), until_success(Autoreset::NextStep));
    let second = beginnings(1);
    batch.reset(&mut buffers.outputs()).unwrap();
    assert_eq!(buffers.observations, beginnings(0).observations);
    let mut ends = [0; 4];
    for _ in 0..200 {
        let before = buffers.clone();
        let mut actions = expert_actions(&buffers);
        for (action, &over) in actions.iter_mut().zip(&before.terminated) {
            if over {
                // Ignored, since the step resets.
                *action = [f32::NAN; 4];
            }
        }
        batch.step(&actions, &mut buffers.outputs()).unwrap();
        for (index, ends) in ends.iter_mut().enumerate() {
            let success = buffers.info[index * INFO_LEN] == 1.0;
            assert_eq!(buffers.terminated[index], success, "{index}");
            assert!(!buffers.truncated[index]);
            if before.terminated[index] {
                if *ends == 1 {
                    assert_eq!(buffers.observation(index), second.observation(index));
                }
                assert_eq!(buffers.rewards[index], 0.0);
                assert!(!buffers.terminated[index]);
                assert_eq!(
                    buffers.info[index * INFO_LEN..][..INFO_LEN],
                    [0.0; INFO_LEN]
                );
            }
            *ends += u32::from(buffers.terminated[index]);
        }
    }
    assert!(ends[..3].iter().all(|&ends| ends > 1), "{ends:?}");
    assert_eq!(ends[3], 0);
}

#[test]
fn the_same_step_resets() {
    let (mut batch, mut buffers) = open(&members(&TASKS), until_success(Autoreset::SameStep));
    let (mut other, mut plain) = open(&members(&TASKS), until_success(Autoreset::NextStep));
    let second = beginnings(1);
    batch.reset(&mut buffers.outputs()).unwrap();
    other.reset(&mut plain.outputs()).unwrap();
    let mut ended = [false; 4];
    for _ in 0..150 {
        let actions = expert_actions(&buffers);
        let last = buffers.last_observations.clone();
        batch.step(&actions, &mut buffers.outputs()).unwrap();
        other.step(&actions, &mut plain.outputs()).unwrap();
        for index in 0..4 {
            if ended[index] {
                continue;
            }
            assert_eq!(buffers.rewards[index], plain.rewards[index]);
            assert_eq!(buffers.terminated[index], plain.terminated[index]);
            assert_eq!(
                buffers.info[index * INFO_LEN..][..INFO_LEN],
                plain.info[index * INFO_LEN..][..INFO_LEN]
            );
            ended[index] = plain.terminated[index];
            if ended[index] {
                assert_eq!(buffers.last_observation(index), plain.observation(index));
                assert_eq!(buffers.observation(index), second.observation(index));
            } else {
                assert_eq!(buffers.observation(index), plain.observation(index));
                let left_alone = &last[index * STATE_LEN..][..STATE_LEN];
                assert_eq!(buffers.last_observation(index), left_alone);
            }
        }
    }
    assert_eq!(ended, [true, true, true, false]);
}

#[test]
fn without_autoreset_the_caller_resets_each_by_itself() {
    let (mut batch, mut buffers) = open(&members(&TASKS), until_success(Autoreset::Disabled));
    let second = beginnings(1);
    batch.reset(&mut buffers.outputs()).unwrap();
    let over = loop {
        let actions = expert_actions(&buffers);
        batch.step(&actions, &mut buffers.outputs()).unwrap();
        if let Some(index) = buffers.terminated.iter().position(|&over| over) {
            break index;
        }
    };
    let before = buffers.clone();
    let refused = batch.step(&[[0.0; 4]; 4], &mut buffers.outputs());
    let refused = refused.expect_err("nobody has reset it");
    assert_eq!(
        refused.to_string(),
        format!("environment {over} of the batch failed")
    );
    let reason = std::error::Error::source(&refused).unwrap();
    assert!(reason.to_string().contains("has not been reset since"));
    // The others were stepped; its own row is what it was.
    assert_eq!(buffers.observation(over), before.observation(over));
    assert_ne!(buffers.observation(3), before.observation(3));

    let mut one = Buffers::new(1, &BatchOptions::default());
    batch.reset_members(&[over], &mut one.outputs()).unwrap();
    assert_eq!(one.observation(0), second.observation(over));
    batch.step(&[[0.0; 4]; 4], &mut buffers.outputs()).unwrap();
    assert_ne!(buffers.observation(over), second.observation(over));
}

/// Nothing but time ends an episode, after as many steps as in the environment itself and with the same rows.
#[test]
fn time_runs_out_as_for_a_single_environment() {
    let name = "reach-v3";
    let Scenes::Placed(placements) = placed(task(name), 3) else {
        unreachable!("placed scenes are placed");
    };
    let member = Member {
        task: task(name),
        scenes: placed(task(name), 3),
    };
    let (mut batch, mut buffers) = open(&vec![member; 2], BatchOptions::default());
    let dir = places::model_folder().join("sawyer_xyz");
    let mut single = SawyerEnv::new(&dir, task(name)).unwrap();

    batch.reset(&mut buffers.outputs()).unwrap();
    let start = single.reset_parity(&placements[1]).unwrap();
    assert_eq!(buffers.observation(1), start);
    let steps = TIME_LIMIT as usize;
    for (step, actions) in actions(steps, 2).iter().enumerate() {
        batch.step(actions, &mut buffers.outputs()).unwrap();
        let outcome = single.step(actions[1]).unwrap();
        assert_eq!(buffers.observation(1), outcome.observation);
        assert_eq!(buffers.rewards[1], outcome.reward);
        let info = outcome.info;
        let measures = [
            f64::from(info.success),
            info.near_object,
            info.grasp_success,
            info.grasp_reward,
            info.in_place_reward,
            info.obj_to_target,
        ];
        assert_eq!(buffers.info[INFO_LEN..], measures);
        assert_eq!(buffers.terminated, [false; 2]);
        assert_eq!(buffers.truncated, [step + 1 == steps; 2], "{step}");
    }
    // Environment `i` of `n` plays episodes `i`, `i + n`, …
    batch.step(&[[0.0; 4]; 2], &mut buffers.outputs()).unwrap();
    for (index, episode) in [(0, 2), (1, 3)] {
        let start = single.reset_parity(&placements[episode]).unwrap();
        assert_eq!(buffers.observation(index), start);
    }
    assert_eq!(buffers.truncated, [false; 2]);
}

/// Also across the end of the list, which begins anew.
#[test]
fn scenes_can_be_exchanged() {
    let (mut batch, mut buffers) = open(&members(&TASKS), BatchOptions::default());
    let first = beginnings(0);
    batch.reset(&mut buffers.outputs()).unwrap();
    let running = buffers.clone();
    for (index, member) in members(&TASKS).into_iter().enumerate() {
        batch
            .set_scenes(index, member.scenes, 50 * 4 + index as u64)
            .unwrap();
    }
    // The running episode is left alone.
    batch.step(&[[0.0; 4]; 4], &mut buffers.outputs()).unwrap();
    assert_eq!(
        buffers.observations[18..22],
        running.observations[..4],
        "the moment before"
    );
    batch.reset(&mut buffers.outputs()).unwrap();
    // 50 placements: episode 200 is placed as episode 0; keys never repeat.
    assert_eq!(buffers.observation(0), first.observation(0));
    assert_ne!(buffers.observation(1), first.observation(1));
    let again = Scenes::Keyed {
        seed: CycleSeed::from_local_seed(3),
        level: Level::Seed,
    };
    batch.set_scenes(1, again, 1).unwrap();
    batch.reset(&mut buffers.outputs()).unwrap();
    assert_eq!(buffers.observation(1), first.observation(1));
}

#[test]
fn a_hidden_goal_stays_hidden() {
    let options = BatchOptions {
        goal: GoalVisibility::Hidden,
        ..BatchOptions::default()
    };
    let names = ["reach-v3", "reach-v3"];
    let (mut hidden, mut buffers) = open(&members(&names), options);
    hidden.reset(&mut buffers.outputs()).unwrap();
    assert_eq!(buffers.observation(0)[36..], [0.0; 3]);
    let copy = hidden.snapshot(0).unwrap();

    // In a batch that shows it, the copy's episode goes on without; nobody else's, and none after it.
    let (mut shown, mut buffers) = open(&members(&names), BatchOptions::default());
    shown.reset(&mut buffers.outputs()).unwrap();
    shown.restore(0, &copy).unwrap();
    let goals = |buffers: &Buffers| [0, 1].map(|row| buffers.observation(row)[36..] != [0.0; 3]);
    shown.step(&[[0.0; 4]; 2], &mut buffers.outputs()).unwrap();
    assert_eq!(goals(&buffers), [false, true]);
    shown.reset(&mut buffers.outputs()).unwrap();
    assert_eq!(goals(&buffers), [true, true]);
}

/// Half of the environments at a time, in changing order, while the others are under way.
#[test]
fn partial_batches_bring_what_whole_ones_bring() {
    let names = [TASKS, TASKS].concat();
    let members = members(&names);
    let actions = actions(40, names.len());
    let options = BatchOptions {
        threads: threads(3),
        ..BatchOptions::default()
    };
    let (mut whole, mut buffers) = open(&members, BatchOptions::default());
    let mut expected = vec![Vec::new(); names.len()];
    whole.reset(&mut buffers.outputs()).unwrap();
    for actions in &actions {
        whole.step(actions, &mut buffers.outputs()).unwrap();
        for (index, rows) in expected.iter_mut().enumerate() {
            rows.push(row_bits(&buffers, index));
        }
    }

    let (mut partial, mut buffers) = open(&members, options);
    let mut found = vec![Vec::new(); names.len()];
    let mut taken = vec![0; names.len()];
    partial.send_reset(&[7, 0, 3, 5, 1]).unwrap();
    partial.send_reset(&[2, 6, 4]).unwrap();
    for round in 1.. {
        let count = 1 + round % 5;
        let received = partial
            .receive(count, &mut buffers.first(count))
            .unwrap()
            .to_vec();
        if received.is_empty() {
            break;
        }
        assert_eq!(received, partial.received());
        let mut again = Vec::new();
        for (row, &index) in received.iter().enumerate() {
            if taken[index] > 0 {
                found[index].push(row_bits(&buffers, row));
            }
            if taken[index] < actions.len() {
                again.push(index);
            }
        }
        again.reverse();
        let next: Vec<_> = again
            .iter()
            .map(|&index| actions[taken[index]][index])
            .collect();
        for &index in &received {
            taken[index] += 1;
        }
        partial.send(&again, &next).unwrap();
    }
    assert_eq!(found, expected);
}

#[test]
fn a_copy_goes_on_to_the_bit_here_and_elsewhere() {
    let names = ["push-v3", "hammer-v3", "hammer-v3", "box-close-v3"];
    let members = members(&names);
    let actions = actions(80, names.len());
    let (mut batch, mut buffers) = open(&members, BatchOptions::default());
    batch.reset(&mut buffers.outputs()).unwrap();
    for actions in &actions[..40] {
        batch.step(actions, &mut buffers.outputs()).unwrap();
    }
    let copies: Vec<_> = (0..4).map(|index| batch.snapshot(index).unwrap()).collect();
    let mut go_on = |batch: &mut kinitro_sim::batch::Batch| {
        let mut rows = Vec::new();
        for actions in &actions[40..] {
            batch.step(actions, &mut buffers.outputs()).unwrap();
            rows.extend((0..4).map(|index| row_bits(&buffers, index)));
        }
        batch.reset(&mut buffers.outputs()).unwrap();
        rows.extend((0..4).map(|index| row_bits(&buffers, index)));
        rows
    };
    let expected = go_on(&mut batch);
    let ended = batch.snapshot(3).unwrap();
    for (index, copy) in copies.iter().enumerate() {
        batch.restore(index, copy).unwrap();
    }
    assert_eq!(go_on(&mut batch), expected);
    assert_eq!(batch.snapshot(3).unwrap(), ended);

    let options = BatchOptions {
        threads: threads(2),
        ..BatchOptions::default()
    };
    let (mut other, _) = open(&members, options);
    for (index, copy) in copies.iter().enumerate() {
        other.restore(index, copy).unwrap();
    }
    assert_eq!(go_on(&mut other), expected);
}
