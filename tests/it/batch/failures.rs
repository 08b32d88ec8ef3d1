//! What one environment cannot do is told, and leaves the others alone.

use std::sync::Arc;

use kinitro_core::protocol::policy::CameraName;
use kinitro_core::units::ImageSize;
use kinitro_sim::Error;
use kinitro_sim::batch::{Autoreset, Batch, BatchOptions, Member, Outputs, Scenes};
use kinitro_sim::episode::View;
use kinitro_sim::models::Models;
use kinitro_tests::batches::{placed, row_bits};
use kinitro_tests::places;

use super::{actions, members, open, task};

const TASKS: [&str; 3] = ["reach-v3", "push-v3", "reach-v3"];

/// The environment that failed, and why.
fn blame(error: Error) -> (usize, Error) {
    match error {
        Error::InMember { index, source } => (index, *source),
        other => panic!("`{other}` is nobody's"),
    }
}

#[test]
fn an_action_that_is_no_number_stops_nobody_else() {
    let (mut batch, mut buffers) = open(&members(&TASKS), BatchOptions::default());
    let (mut other, mut expected) = open(&members(&TASKS), BatchOptions::default());
    batch.reset(&mut buffers.outputs()).unwrap();
    other.reset(&mut expected.outputs()).unwrap();
    let first = buffers.clone();
    let mut actions = actions(2, 3);
    other.step(&actions[0], &mut expected.outputs()).unwrap();

    actions[0][1][2] = f32::NAN;
    let refused = batch.step(&actions[0], &mut buffers.outputs());
    let (index, reason) = blame(refused.expect_err("no motion is NaN"));
    assert_eq!(index, 1);
    assert!(matches!(reason, Error::ActionNotFinite { index: 2, .. }));
    for row in [0, 2] {
        assert_eq!(row_bits(&buffers, row), row_bits(&expected, row));
    }
    assert_eq!(row_bits(&buffers, 1), row_bits(&first, 1));
    // It has not moved: the same action leads to where it leads from the first observation.
    actions[0][1][2] = 0.5;
    batch.step(&actions[0], &mut buffers.outputs()).unwrap();
    assert_eq!(buffers.observation(1)[18..36], first.observation(1)[..18]);
}

#[test]
fn what_is_asked_in_vain_is_told() {
    let (mut batch, mut buffers) = open(&members(&TASKS), BatchOptions::default());
    let (index, reason) = blame(
        batch
            .step(&[[0.0; 4]; 3], &mut buffers.outputs())
            .expect_err("there was no reset"),
    );
    assert!(matches!((index, reason), (0, Error::NotReset)));
    assert!(batch.snapshot(0).unwrap().state().is_none());

    // Buffers are looked at before anything is done.
    batch.reset(&mut buffers.outputs()).unwrap();
    let before: Vec<_> = (0..3).map(|index| batch.snapshot(index).unwrap()).collect();
    let (mut five, mut refuse) = (vec![0.0; 5], |outputs: &mut Outputs<'_>| {
        match batch.step(&[[0.0; 4]; 3], outputs) {
            Err(Error::BufferLength { what, found: 5, .. }) => what,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(
        refuse(&mut Outputs::observations(&mut five)),
        "observations"
    );
    let rewards = Some(&mut five[..]);
    assert_eq!(
        refuse(&mut Outputs {
            rewards,
            ..buffers.outputs()
        }),
        "rewards"
    );
    let info = Some(&mut five[..]);
    assert_eq!(
        refuse(&mut Outputs {
            info,
            ..buffers.outputs()
        }),
        "info"
    );
    let last_images = Some(&mut [0; 5][..]);
    assert_eq!(
        refuse(&mut Outputs {
            last_images,
            ..buffers.outputs()
        }),
        "last images"
    );
    for actions in [&[[0.0; 4]; 2][..], &[[0.0; 4]; 4]] {
        assert!(matches!(
            batch.step(actions, &mut buffers.outputs()),
            Err(Error::BufferLength {
                what: "actions",
                ..
            })
        ));
    }
    let after: Vec<_> = (0..3).map(|index| batch.snapshot(index).unwrap()).collect();
    assert_eq!(before, after);

    // Who does not exist, or is under way.
    assert!(matches!(
        batch.send(&[0, 3], &[[0.0; 4]; 2]),
        Err(Error::UnknownMember { index: 3, len: 3 })
    ));
    assert!(matches!(
        batch.send(&[1, 1], &[[0.0; 4]; 2]),
        Err(Error::MemberBusy { index: 1 })
    ));
    // Nothing was sent, and nobody is taken for busy.
    assert!(batch.receive(1, &mut buffers.first(1)).unwrap().is_empty());
    batch.send(&[1], &[[0.0; 4]]).unwrap();
    assert!(matches!(
        batch.send_reset(&[0, 1]),
        Err(Error::MemberBusy { index: 1 })
    ));
    assert!(matches!(
        batch.step(&[[0.0; 4]; 3], &mut buffers.outputs()),
        Err(Error::MemberBusy { index: 1 })
    ));
    assert!(matches!(
        batch.reset_members(&[0], &mut buffers.first(1)),
        Err(Error::MemberBusy { index: 1 })
    ));
    assert!(matches!(
        batch.snapshot(1),
        Err(Error::MemberBusy { index: 1 })
    ));
    assert!(matches!(
        batch.restore(1, &before[1]),
        Err(Error::MemberBusy { index: 1 })
    ));
    assert_eq!(batch.receive(3, &mut buffers.outputs()).unwrap(), [1]);
    assert!(matches!(
        batch.restore(0, &before[1]),
        Err(Error::ForeignTask {
            task: "push-v3",
            environment: "reach-v3"
        })
    ));
    assert!(matches!(
        batch.set_scenes(2, Scenes::Placed(Arc::from([])), 0),
        Err(Error::NoPlacements { index: 2 })
    ));
    batch.step(&[[0.0; 4]; 3], &mut buffers.outputs()).unwrap();
}

#[test]
fn batches_that_cannot_be_are_refused() {
    let models = places::models();
    assert!(matches!(
        Batch::new(&models, &[], BatchOptions::default()),
        Err(Error::EmptyBatch)
    ));
    let nowhere = Member {
        task: task("reach-v3"),
        scenes: Scenes::Placed(Arc::from([])),
    };
    let list = [members(&["reach-v3"]), vec![nowhere]].concat();
    assert!(matches!(
        Batch::new(&models, &list, BatchOptions::default()),
        Err(Error::NoPlacements { index: 1 })
    ));
    let missing = Models::in_folder(places::workspace().join("docs"));
    assert!(matches!(
        Batch::new(&missing, &members(&["reach-v3"]), BatchOptions::default()),
        Err(Error::CompileModel { .. })
    ));
}

/// A copy from a batch with images fits one without, and the other way round.
#[test]
fn views_do_not_matter_to_copies() {
    let seeing = BatchOptions {
        view: View {
            cameras: vec![CameraName::Corner],
            size: ImageSize::new(32, 24).unwrap(),
        },
        ..BatchOptions::default()
    };
    let names = ["reach-v3"];
    let (mut seeing, mut images) = open(&members(&names), seeing);
    let (mut blind, mut buffers) = open(&members(&names), BatchOptions::default());
    seeing.reset(&mut images.outputs()).unwrap();
    let black = images.images.iter().all(|&byte| byte == 0);
    assert!(!black && images.images.len() == 32 * 24 * 3);
    blind.reset(&mut buffers.outputs()).unwrap();
    let (with, without) = (seeing.snapshot(0).unwrap(), blind.snapshot(0).unwrap());
    assert_eq!(with, without);
    blind.restore(0, &with).unwrap();
    seeing.restore(0, &without).unwrap();
    blind.step(&[[1.0; 4]], &mut buffers.outputs()).unwrap();
    seeing.step(&[[1.0; 4]], &mut images.outputs()).unwrap();
    assert_eq!(images.observations, buffers.observations);
}

/// Scenes of which the first stands farther away than the engine can reckon with: it takes no position above 1e10 for one, and
/// squares overflow above 1e154.
fn far_away(name: &str, distance: f64) -> Member {
    let Scenes::Placed(placements) = placed(task(name), 3) else {
        unreachable!("placed scenes are placed");
    };
    let mut placements = placements.to_vec();
    placements[0][0] = distance;
    Member {
        task: task(name),
        scenes: Scenes::Placed(placements.into()),
    }
}

/// Divergence ends an episode, and the next environment on the same simulator is as it would be.
#[test]
fn a_simulation_that_diverges_is_cut_off() {
    let names = ["reach-v3"; 3];
    let mut list = members(&names);
    let healthy = list.clone();
    list[0] = far_away(names[0], 1e12);
    for autoreset in [Autoreset::NextStep, Autoreset::SameStep] {
        let options = BatchOptions {
            autoreset,
            ..BatchOptions::default()
        };
        let (mut batch, mut buffers) = open(&list, options.clone());
        let (mut other, mut expected) = open(&healthy, options);
        batch.reset(&mut buffers.outputs()).unwrap();
        other.reset(&mut expected.outputs()).unwrap();
        for (step, actions) in actions(12, 3).iter().enumerate() {
            batch.step(actions, &mut buffers.outputs()).unwrap();
            other.step(actions, &mut expected.outputs()).unwrap();
            for row in [1, 2] {
                assert_eq!(row_bits(&buffers, row), row_bits(&expected, row));
            }
            assert_eq!(buffers.truncated, [step == 0, false, false], "{step}");
            assert_eq!(buffers.terminated, [false; 3]);
            assert!(buffers.observations.iter().all(|number| number.is_finite()));
        }
    }
}

/// A scene that diverges before anybody acts is an error of its environment alone, and is passed over.
#[test]
fn a_scene_that_diverges_is_passed_over() {
    let names = ["door-lock-v3"; 2];
    let mut list = members(&names);
    let (mut other, mut expected) = open(&list, BatchOptions::default());
    list[0] = far_away(names[0], 1e200);
    let (mut batch, mut buffers) = open(&list, BatchOptions::default());
    other.reset(&mut expected.outputs()).unwrap();
    let refused = batch.reset(&mut buffers.outputs());
    let (index, reason) = blame(refused.expect_err("the door is nowhere"));
    assert!(
        matches!((index, &reason), (0, Error::SceneDiverged { .. })),
        "{reason}"
    );
    assert_eq!(row_bits(&buffers, 1), row_bits(&expected, 1));

    // The other environment goes on, on the simulator that has diverged.
    for actions in &actions(5, 2) {
        other.step(actions, &mut expected.outputs()).unwrap();
        batch.send(&[1], &actions[1..]).unwrap();
        batch.receive(1, &mut buffers.first(1)).unwrap();
        assert_eq!(row_bits(&buffers, 0), row_bits(&expected, 1));
    }
    batch.reset_members(&[0], &mut buffers.first(1)).unwrap();
    other.reset_members(&[0], &mut expected.first(1)).unwrap();
    assert_eq!(row_bits(&buffers, 0), row_bits(&expected, 0));
}
