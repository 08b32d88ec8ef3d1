//! Meta-World's benchmarks: our task lists against Python's and against recorded ones.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::Command;

use kinitro_core::groups::EnvGroup;
use kinitro_sim::Error;
use kinitro_sim::metaworld::benchmarks::{Benchmark, PLACEMENTS, PlacedTask, Suite};
use kinitro_sim::metaworld::env::{GoalVisibility, SawyerEnv};
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::metaworld::tasks::{self, TASKS};
use kinitro_tests::places;
use ndarray::Array2;
use ndarray_npy::NpzReader;
use serde_json::{Value, json};

/// None of them is the recorded one.
const SEEDS: [u32; 3] = [0, 7, u32::MAX];

/// How many tasks Meta-World has.
const ALL_TASKS: usize = 50;

/// The seed of the recording.
const RECORDED_SEED: u32 = 42;

/// A benchmark of ours, and how Python is asked for its own.
struct Comparison {
    name: &'static str,
    task: Option<&'static str>,
    seed: u32,
    ours: Benchmark,
}

impl Comparison {
    fn mt1(task: &'static TaskSpec, seed: u32) -> Self {
        Self {
            name: "MT1",
            task: Some(task.name),
            seed,
            ours: Benchmark::mt1(task, seed),
        }
    }

    fn ml1(task: &'static TaskSpec, seed: u32) -> Self {
        Self {
            name: "ML1",
            task: Some(task.name),
            seed,
            ours: Benchmark::ml1(task, seed),
        }
    }

    fn of(suite: Suite, seed: u32) -> Self {
        Self {
            name: suite.name(),
            task: None,
            seed,
            ours: Benchmark::of(suite, seed),
        }
    }
}

/// MT1 of every task and MT10, ML10 and ML45 for one seed each, and ML1 of every tenth task; all there is where [`places::full`].
fn comparisons() -> Vec<Comparison> {
    let mut list = Vec::new();
    if places::full() {
        for seed in SEEDS {
            list.extend(TASKS.iter().map(|task| Comparison::mt1(task, seed)));
        }
        list.extend(TASKS.iter().map(|task| Comparison::ml1(task, SEEDS[1])));
        list.extend(drawable().map(|suite| Comparison::of(suite, SEEDS[1])));
    } else {
        let seeds = SEEDS.iter().cycle();
        list.extend(
            TASKS
                .iter()
                .zip(seeds)
                .map(|(task, &seed)| Comparison::mt1(task, seed)),
        );
        let some = TASKS.iter().step_by(10);
        list.extend(some.map(|task| Comparison::ml1(task, SEEDS[1])));
        let suites =
            drawable().filter(|suite| matches!(suite, Suite::Mt10 | Suite::Ml10 | Suite::Ml45));
        list.extend(suites.map(|suite| Comparison::of(suite, SEEDS[0])));
    }
    list
}

/// The suites whose tasks all exist.
fn drawable() -> impl Iterator<Item = Suite> {
    let exist = |group: &EnvGroup| group.members().all(|id| tasks::find(id.name()).is_some());
    Suite::ALL.into_iter().filter(move |suite| {
        let (train, test) = suite.groups();
        exist(train) && test.is_none_or(exist)
    })
}

#[test]
fn benchmarks_equal_pythons() {
    let comparisons = comparisons();
    let theirs = ask_python(&comparisons);
    assert_eq!(theirs.len(), comparisons.len());
    let mut placements = 0;
    for (comparison, theirs) in comparisons.iter().zip(&theirs) {
        let Comparison {
            name, task, seed, ..
        } = comparison;
        let what = format!("{name} {task:?} by seed {seed}");
        for (split, ours) in [&comparison.ours.train, &comparison.ours.test]
            .into_iter()
            .enumerate()
        {
            let theirs = theirs[split].as_array().unwrap();
            assert_eq!(ours.len(), theirs.len(), "{what}, list {split}");
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                assert_same(
                    ours,
                    theirs,
                    &format!("{what}, list {split}, entry {index}"),
                );
            }
            placements += ours.len();
        }
    }
    // Nothing is left out once there are all tasks.
    let all = drawable().count() == Suite::ALL.len();
    assert_eq!(all, TASKS.len() == ALL_TASKS);
    let (count, tasks) = (comparisons.len(), TASKS.len());
    println!("{count} benchmarks of {tasks} tasks, {placements} placements equal to the bit");
}

fn assert_same(ours: &PlacedTask, theirs: &Value, what: &str) {
    assert_eq!(theirs[0], ours.task.name, "{what}");
    assert_eq!(theirs[1], ours.goal == GoalVisibility::Hidden, "{what}");
    let theirs: Vec<u64> = theirs[2]
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap().to_bits())
        .collect();
    assert_eq!(bits(&ours.placement), theirs, "{what}");
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// For each benchmark Python's lists: train and test.
fn ask_python(comparisons: &[Comparison]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let (requests, answers) = (
        folder.path().join("requests.json"),
        folder.path().join("answers.json"),
    );
    let list: Vec<Value> = comparisons
        .iter()
        .map(|one| json!({ "benchmark": one.name, "task": one.task, "seed": one.seed }))
        .collect();
    std::fs::write(&requests, serde_json::to_vec(&list).unwrap()).unwrap();
    // `-I`: neither the user's site packages nor PYTHONPATH nor the current folder may decide what is imported.
    let output = Command::new(places::python())
        .arg("-I")
        .arg(places::workspace().join("tests/oracle/benchmarks.py"))
        .arg(places::workspace().join("kinitro-cli/src/parity"))
        .args([&requests, &answers])
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the script failed: {complaints}");
    serde_json::from_slice(&std::fs::read(&answers).unwrap()).unwrap()
}

/// The recording was made with all physics, unlike the lists that Python makes for the test above.
#[test]
fn benchmarks_equal_the_recorded_one() {
    let Some(data) = places::test_data("the comparison with recorded placements") else {
        return;
    };
    let file = data.join("golden/metaworld/mt1_seed42_rand_vecs.npz");
    let mut recorded = NpzReader::new(File::open(file).unwrap()).unwrap();
    let names: BTreeSet<String> = recorded.names().unwrap().into_iter().collect();
    assert_eq!(names.len(), ALL_TASKS);
    for task in TASKS {
        assert!(names.contains(task.name), "{}", task.name);
        let theirs: Array2<f64> = recorded.by_name(task.name).unwrap();
        let ours = Benchmark::mt1(task, RECORDED_SEED).train;
        assert_eq!((ours.len(), theirs.nrows()), (PLACEMENTS, PLACEMENTS));
        for (index, (ours, theirs)) in ours.iter().zip(theirs.outer_iter()).enumerate() {
            let theirs = theirs.to_vec();
            assert_eq!(
                bits(&ours.placement),
                bits(&theirs),
                "{}, {index}",
                task.name
            );
        }
    }
}

#[test]
fn an_environment_shows_a_placed_task_and_hides_its_goal_if_told_to() {
    let models = places::model_folder().join("sawyer_xyz");
    let task = tasks::find("push-v3").unwrap();
    let mut env = SawyerEnv::new(&models, task).unwrap();
    let open = &Benchmark::mt1(task, 3).train[0];
    let blind = &Benchmark::ml1(task, 3).train[0];
    assert_eq!(open.placement, blind.placement);

    let seen = open.begin(&mut env).unwrap();
    assert_eq!(seen[36..39], env.target().unwrap());
    let unseen = blind.begin(&mut env).unwrap();
    assert_eq!(unseen[36..39], [0.0; 3]);
    assert_eq!(unseen[..36], seen[..36]);

    let other = &Benchmark::mt1(tasks::find("reach-v3").unwrap(), 3).train[0];
    let error = other.begin(&mut env).unwrap_err();
    assert!(matches!(error, Error::ForeignTask { .. }), "{error}");
}
