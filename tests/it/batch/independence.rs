//! What an environment does depends on its scenes and actions alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::thread;

use kinitro_sim::metaworld::tasks::TASKS;
use kinitro_tests::{places, program};

use crate::determinism::OLD_PROCESSOR;

type Digests = BTreeMap<String, String>;

/// What environments do in each of several shapes, computed by another process.
fn digests(program: &Path, shapes: &[&str], tunables: Option<&str>) -> Vec<Digests> {
    let mut command = Command::new(program);
    command
        .current_dir(places::workspace())
        .arg("batch-digests")
        .args(shapes)
        .envs(tunables.map(|tunables| ("GLIBC_TUNABLES", tunables)));
    let output = command.output().expect("the program starts");
    assert!(
        output.status.success(),
        "{shapes:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let digests: Vec<Digests> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(digests.len(), shapes.len());
    digests
}

/// All tasks, 200 steps of the parity profile and 50 in procedural scenes, in four shapes, two builds and two processors.
#[test]
fn batches_of_any_shape_bring_the_same_bits() {
    let (debug, release) = (program::executable("xtask"), program::optimized("xtask"));
    let runs = [
        (&release, &["16x1", "16x2", "1x1", "mixedx8"][..], None),
        (&release, &["1x1", "mixedx8"], Some(OLD_PROCESSOR)),
        (&debug, &["1x1", "mixedx8"], None),
    ];
    let found = thread::scope(|scope| {
        let children = runs.map(|(program, shapes, tunables)| {
            scope.spawn(move || digests(program, shapes, tunables))
        });
        children.map(|child| child.join().unwrap())
    });
    let mut expected = Digests::new();
    for ((program, shapes, tunables), found) in runs.into_iter().zip(found) {
        for (shape, found) in shapes.iter().zip(found) {
            let environments = if shape.starts_with("16") { 16 } else { 1 };
            assert_eq!(found.len(), TASKS.len() * environments, "{shape}");
            for (environment, digest) in found {
                let first = expected.entry(environment.clone());
                assert_eq!(
                    *first.or_insert_with(|| digest.clone()),
                    digest,
                    "{environment} in {shape} of {}, {tunables:?}",
                    program.display()
                );
            }
        }
    }
    // A digest of nothing, or of what all have in common, would be equal too.
    let distinct: BTreeSet<_> = expected.values().collect();
    assert_eq!(distinct.len(), TASKS.len() * 16);
}

#[test]
fn batches_of_any_shape_bring_the_same_images() {
    let shapes = ["1x1+images", "4x2+images", "mixedx3+images"];
    let debug = digests(&program::executable("xtask"), &shapes[2..], None);
    let release = digests(&program::optimized("xtask"), &shapes, None);
    assert_eq!(release[0].len(), 3);
    assert_eq!(release[2], release[0]);
    assert_eq!(debug[0], release[0]);
    for (environment, digest) in &release[0] {
        assert_eq!(release[1][environment], *digest, "{environment}");
    }
}
