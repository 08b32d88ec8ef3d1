use serde_json::json;

use super::*;

/// A slice of a thousand steps at so many per second.
fn slice(rate: f64) -> Slice {
    Slice {
        steps: 1000,
        seconds: 1000.0 / rate,
        resets: vec![0.016],
    }
}

fn samples(shape: Shape, systems: &[(System, &[f64])]) -> Samples {
    let slices = |rates: &[f64]| rates.iter().map(|&rate| slice(rate)).collect();
    Samples {
        shape,
        systems: systems
            .iter()
            .map(|&(system, rates)| (system, slices(rates)))
            .collect(),
    }
}

fn batch(threads: usize) -> Shape {
    Shape {
        environments: 16,
        threads,
    }
}

fn task(name: &'static str, samples: &[Samples]) -> TaskReport {
    TaskReport {
        task: name,
        shapes: samples.iter().map(Samples::report).collect(),
        reset_ms: ResetReport {
            parity: Some(0.5),
            randomized: Some(2.0),
            envpool: None,
            metaworld: None,
        },
    }
}

const ENVPOOL: System = System::Peer(Peer::EnvPool);
const METAWORLD: System = System::Peer(Peer::MetaWorld);

/// One on one, then a batch; ours is `factor` times as fast as `EnvPool` in the batch.
fn task_with(name: &'static str, factor: f64) -> TaskReport {
    let single = samples(
        Shape::SINGLE,
        &[
            (System::Ours, &[900.0]),
            (System::Floor, &[1000.0]),
            (ENVPOOL, &[300.0]),
            (METAWORLD, &[100.0]),
        ],
    );
    let batched = samples(
        batch(1),
        &[
            (System::Ours, &[1000.0]),
            (System::Floor, &[1250.0]),
            (ENVPOOL, &[1000.0 / factor]),
        ],
    );
    task(name, &[single, batched])
}

fn shapes(tasks: &[TaskReport]) -> Vec<ShapeSummary> {
    let shapes = [Shape::SINGLE, batch(1)];
    (0..shapes.len())
        .map(|index| ShapeSummary::new(&shapes, index, tasks))
        .collect()
}

fn summary(tasks: &[TaskReport]) -> Summary {
    Summary::new(&shapes(tasks), tasks)
}

/// A report of two tasks, of which the second was not compared with `EnvPool`.
pub(in crate::env_bench) fn example() -> BenchReport {
    let mut lost = task_with("push-v3", 2.5);
    for shape in &mut lost.shapes {
        shape.envpool = None;
        shape.envpool_ratio = None;
    }
    let tasks = vec![task_with("reach-v3", 1.5), lost];
    let peer = |peer: Peer, failure: Option<&str>| PeerReport {
        name: peer.name(),
        version: peer.version(),
        failure: failure.map(str::to_owned),
    };
    BenchReport {
        machine: Machine {
            cpu: Some("A & B <9000>".to_owned()),
            cores: 2,
            load: Some(0.1),
            optimized: true,
        },
        rounds: 1,
        slice_s: 0.3,
        seed: 0,
        peers: vec![
            peer(Peer::EnvPool, Some("`envpool` did not answer within 120 s")),
            peer(Peer::MetaWorld, None),
        ],
        shapes: shapes(&tasks),
        summary: summary(&tasks),
        tasks,
    }
}

#[test]
fn ratios_are_medians_over_rounds_and_not_of_medians() {
    // The machine became slower from round to round; in each, ours was twice as fast.
    let samples = samples(
        batch(1),
        &[
            (System::Ours, &[400.0, 200.0, 100.0]),
            (ENVPOOL, &[200.0, 100.0, 50.0]),
            (System::Floor, &[500.0, 250.0, 125.0]),
        ],
    );
    let report = samples.report();
    assert_eq!(report.envpool_ratio, Some(2.0));
    assert_eq!(report.mj_step_share, Some(0.8));
    let rate = report.kinitro.unwrap();
    assert_eq!(
        (rate.median, rate.lowest, rate.highest),
        (200.0, 100.0, 400.0)
    );
    assert_eq!(report.kinitro_without_info, None);
}

#[test]
fn a_peer_that_was_lost_on_the_way_has_no_ratio() {
    let samples = samples(
        batch(1),
        &[(System::Ours, &[400.0, 400.0]), (ENVPOOL, &[200.0])],
    );
    assert_eq!(samples.report().envpool_ratio, None);
    assert_eq!(samples.reset_ms(Peer::EnvPool), Some(1.0));
}

#[test]
fn the_summary_has_its_figures_under_their_names() {
    let tasks = [task_with("reach-v3", 1.5), task_with("push-v3", 2.5)];
    let summary = serde_json::to_value(summary(&tasks)).unwrap();
    let near = |name: &str, expected: f64| {
        let found = summary[name].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-9, "{name}: {found}");
    };
    near("envpool_mean_ratio", 2.0);
    near("envpool_worst_ratio", 1.5);
    near("envpool_single_mean_ratio", 3.0);
    near("metaworld_mean_ratio", 9.0);
    near("metaworld_grasping_mean_ratio", 9.0);
    near("mj_step_share", 0.8);
    near("mj_step_worst_share", 0.8);
    near("reset_ms_median", 0.5);
    near("reset_ms_median_randomized", 2.0);
}

#[test]
fn what_one_task_lacks_is_null_in_the_summary() {
    let mut without = task_with("push-v3", 2.0);
    for shape in &mut without.shapes {
        shape.envpool_ratio = None;
        shape.metaworld_ratio = None;
    }
    let summary = serde_json::to_value(summary(&[task_with("reach-v3", 2.0), without])).unwrap();
    for name in [
        "envpool_mean_ratio",
        "envpool_worst_ratio",
        "envpool_single_mean_ratio",
        "metaworld_mean_ratio",
        "metaworld_grasping_mean_ratio",
    ] {
        assert_eq!(summary[name], json!(null), "{name}");
    }
    assert!(summary["mj_step_share"].is_number());
}

#[test]
fn speedup_is_over_the_batch_on_one_thread() {
    let shapes = [Shape::SINGLE, batch(1), batch(2)];
    let rates: [&[f64]; 3] = [&[700.0], &[1000.0], &[1900.0]];
    let all: Vec<Samples> = shapes
        .iter()
        .zip(rates)
        .map(|(&shape, rates)| samples(shape, &[(System::Ours, rates)]))
        .collect();
    let tasks = [task("reach-v3", &all)];
    let speedups: Vec<_> = (0..3)
        .map(|index| ShapeSummary::new(&shapes, index, &tasks).speedup)
        .collect();
    assert_eq!(speedups, [None, Some(1.0), Some(1.9)]);
}
