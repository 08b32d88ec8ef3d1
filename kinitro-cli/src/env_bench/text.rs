//! The report, for people.

use std::fmt::{self, Write as _};

use super::machine::Machine;
use super::report::{BenchReport, PeerReport, Rate, ShapeSummary, TaskReport};

impl fmt::Display for BenchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = plural(self.machine.cores, "core");
        let measured = Measured {
            machine: &self.machine,
            cores: &cores,
            rounds: self.rounds,
            slice_s: self.slice_s,
            peers: &self.peers,
        };
        measured.write(f)?;
        for (index, shape) in self.shapes.iter().enumerate() {
            write_shape(f, index, shape, &self.tasks)?;
        }
        write_resets(f, &self.tasks)?;
        write_scaling(f, &self.shapes)?;
        write_summary(f, self)
    }
}

/// What every report begins with: where, how, and what to be wary of.
pub(super) struct Measured<'a> {
    pub(super) machine: &'a Machine,
    /// Which or how many cores.
    pub(super) cores: &'a str,
    pub(super) rounds: usize,
    pub(super) slice_s: f64,
    pub(super) peers: &'a [PeerReport],
}

impl Measured<'_> {
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpu = self.machine.cpu.as_deref().unwrap_or("unknown processor");
        write!(f, "{cpu}, {}", self.cores)?;
        if let Some(load) = self.machine.load {
            write!(f, ", load {load:.2}")?;
        }
        writeln!(
            f,
            "; medians of {}, slices of {} s and more",
            plural(self.rounds, "round"),
            self.slice_s
        )?;
        for warning in self.machine.warnings() {
            writeln!(f, "warning: {warning}")?;
        }
        for peer in self.peers {
            if let Some(failure) = &peer.failure {
                writeln!(f, "warning: no figures of {}: {failure}", peer.name)?;
            }
        }
        Ok(())
    }
}

fn write_shape(
    f: &mut fmt::Formatter<'_>,
    index: usize,
    shape: &ShapeSummary,
    tasks: &[TaskReport],
) -> fmt::Result {
    writeln!(
        f,
        "\n{}: steps/s of all environments, ours over theirs; in parentheses ours without info values",
        shape_name(shape.environments, shape.threads)
    )?;
    let head = [
        "task",
        "kinitro",
        "(no info)",
        "floor",
        "in mj_step",
        "envpool",
        "ratio",
        "python",
        "ratio",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for task in tasks {
        let of = &task.shapes[index];
        let median = |rate: Option<Rate>| whole(rate.map(|rate| rate.median));
        rows.push([
            task.task.to_owned(),
            median(of.kinitro),
            median(of.kinitro_without_info),
            median(of.floor),
            both(of.mj_step_share, of.mj_step_share_without_info),
            median(of.envpool),
            both(of.envpool_ratio, of.envpool_ratio_without_info),
            median(of.metaworld),
            both(of.metaworld_ratio, of.metaworld_ratio_without_info),
        ]);
    }
    rows.push([
        "mean".to_owned(),
        whole(shape.kinitro),
        whole(shape.kinitro_without_info),
        whole(shape.floor),
        both(shape.mj_step_share, shape.mj_step_share_without_info),
        whole(shape.envpool),
        both(
            shape.envpool_mean_ratio,
            shape.envpool_mean_ratio_without_info,
        ),
        whole(shape.metaworld),
        both(
            shape.metaworld_mean_ratio,
            shape.metaworld_mean_ratio_without_info,
        ),
    ]);
    let mut worst = [(); 9].map(|()| String::new());
    "worst".clone_into(&mut worst[0]);
    worst[4] = both(shape.mj_step_worst_share, None);
    worst[6] = both(shape.envpool_worst_ratio, None);
    worst[8] = both(shape.metaworld_worst_ratio, None);
    rows.push(worst);
    write_table(f, &rows)
}

fn write_resets(f: &mut fmt::Formatter<'_>, tasks: &[TaskReport]) -> fmt::Result {
    writeln!(f, "\nreset of one environment, median, ms")?;
    let head = ["task", "kinitro", "random physics", "envpool", "python"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(tasks.iter().map(|task| {
        let times = &task.reset_ms;
        [
            task.task.to_owned(),
            short(times.parity),
            short(times.randomized),
            short(times.envpool),
            short(times.metaworld),
        ]
    }));
    write_table(f, &rows)
}

/// Rows under a head; names to the left, figures to the right, and no column in which there are none.
pub(super) fn write_table<const COLUMNS: usize>(
    f: &mut fmt::Formatter<'_>,
    rows: &[[String; COLUMNS]],
) -> fmt::Result {
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = || rows.iter().map(|row| &row[column]);
        let is_empty = cells()
            .skip(1)
            .all(|cell| matches!(cell.as_str(), "" | "-"));
        let longest = cells().map(|cell| cell.chars().count()).max();
        longest.filter(|_| !is_empty).unwrap_or(0)
    });
    for row in rows {
        let mut line = format!("{:1$}", row[0], widths[0]);
        for (cell, width) in row
            .iter()
            .zip(widths)
            .skip(1)
            .filter(|(_, width)| 0 < *width)
        {
            write!(line, "  {cell:>width$}")?;
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

fn write_scaling(f: &mut fmt::Formatter<'_>, shapes: &[ShapeSummary]) -> fmt::Result {
    writeln!(f, "\nscaling over threads")?;
    for shape in shapes.iter().filter(|shape| shape.is_batch()) {
        let efficiency = shape.speedup.map(|speedup| speedup / shape.threads as f64);
        writeln!(
            f,
            "{:28}{:>9} steps/s, {} times one thread, efficiency {}",
            shape_name(shape.environments, shape.threads),
            whole(shape.kinitro),
            short(shape.speedup),
            short(efficiency),
        )?;
    }
    Ok(())
}

fn write_summary(f: &mut fmt::Formatter<'_>, report: &BenchReport) -> fmt::Result {
    let summary = &report.summary;
    writeln!(
        f,
        "\nEnvPool: {} times as fast in the mean, {} in the worst task (batches); {} one on one",
        short(summary.envpool_mean_ratio),
        short(summary.envpool_worst_ratio),
        short(summary.envpool_single_mean_ratio)
    )?;
    writeln!(
        f,
        "Python Meta-World: {} times as fast in the mean, {} for push, pick and coffee",
        short(summary.metaworld_mean_ratio),
        short(summary.metaworld_grasping_mean_ratio)
    )?;
    writeln!(
        f,
        "inside mj_step: {} of a step in the mean, {} in the worst task",
        short(summary.mj_step_share),
        short(summary.mj_step_worst_share)
    )?;
    write!(
        f,
        "reset: {} ms, {} ms with randomized physics (medians over the tasks)",
        short(summary.reset_ms_median),
        short(summary.reset_ms_median_randomized)
    )
}

/// A shape in words.
pub(super) fn shape_name(environments: usize, threads: usize) -> String {
    format!(
        "{} on {}",
        plural(environments, "environment"),
        plural(threads, "thread")
    )
}

/// So many of something.
pub(super) fn plural(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

/// A figure without decimals.
pub(super) fn whole(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.0}"))
}

/// A figure with two decimals.
pub(super) fn short(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.2}"))
}

fn both(with: Option<f64>, without: Option<f64>) -> String {
    match without {
        Some(without) => format!("{} ({without:.2})", short(with)),
        None => short(with),
    }
}

#[cfg(test)]
mod tests {
    use crate::env_bench::report::tests::example;

    #[test]
    fn tables_hold_what_was_measured_and_nothing_else() {
        let text = example().to_string();
        let single: Vec<&str> = text
            .lines()
            .skip_while(|line| !line.starts_with("1 environment on 1 thread"))
            .take(6)
            .map(str::trim_end)
            .collect();
        assert_eq!(
            single[1..],
            [
                "task      kinitro  floor  in mj_step  envpool  ratio  python  ratio",
                "reach-v3      900   1000        0.90      300   3.00     100   9.00",
                "push-v3       900   1000        0.90        -      -     100   9.00",
                "mean          900   1000        0.90        -      -     100   9.00",
                "worst                           0.90               -           9.00",
            ]
        );
        assert!(text.contains("\n16 environments on 1 thread: steps/s"));
    }

    #[test]
    fn a_peer_without_figures_is_said_to_have_none() {
        let text = example().to_string();
        let warning = "warning: no figures of envpool: `envpool` did not answer within 120 s";
        assert!(text.lines().any(|line| line == warning), "{text}");
        assert!(text.contains("EnvPool: - times as fast in the mean"));
    }
}
