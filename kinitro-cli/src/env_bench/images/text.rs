//! The report, for people.

use std::fmt;

use super::report::ImageReport;
use crate::env_bench::report::Rate;
use crate::env_bench::text::{Measured, short, whole, write_table};

impl fmt::Display for ImageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = format!("core {} of {}", self.core, self.machine.cores);
        let measured = Measured {
            machine: &self.machine,
            cores: &cores,
            rounds: self.rounds,
            slice_s: self.slice_s,
            peers: &self.peers,
        };
        measured.write(f)?;
        self.write_tasks(f)?;
        self.write_pictures(f)?;
        self.write_summary(f)
    }
}

impl ImageReport {
    fn write_tasks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.cameras.iter().map(|name| name.as_str()).collect();
        let (width, height) = (self.image_size.width(), self.image_size.height());
        write!(
            f,
            "\ncomplete steps/s of one environment with the images of {}, {width} × {height}",
            names.join(" and ")
        )?;
        if let Some(renderer) = &self.renderer {
            write!(
                f,
                "; python's by {renderer}, plain: no shadows, reflections, multisampling"
            )?;
        }
        writeln!(f)?;
        let head = [
            "task",
            "kinitro",
            "(no images)",
            "python",
            "ratio",
            "plain",
            "ratio",
        ];
        let mut rows = vec![head.map(str::to_owned)];
        let median = |rate: Option<Rate>| rate.map(|rate| rate.median);
        for task in &self.tasks {
            rows.push([
                task.task.to_owned(),
                whole(median(task.kinitro)),
                whole(median(task.kinitro_without_images)),
                short(median(task.metaworld)),
                whole(task.metaworld_ratio),
                short(median(task.metaworld_plain)),
                short(task.metaworld_plain_ratio),
            ]);
        }
        let summary = &self.summary;
        let nothing = String::new;
        rows.push([
            "mean".to_owned(),
            whole(summary.steps_per_second_with_images),
            whole(summary.steps_per_second_without_images),
            nothing(),
            whole(summary.metaworld_images_mean_ratio),
            nothing(),
            short(summary.metaworld_plain_images_mean_ratio),
        ]);
        rows.push([
            "worst".to_owned(),
            whole(summary.steps_per_second_with_images_worst),
            nothing(),
            nothing(),
            whole(summary.metaworld_images_worst_ratio),
            nothing(),
            short(summary.metaworld_plain_images_worst_ratio),
        ]);
        write_table(f, &rows)
    }

    fn write_pictures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\none image, ms")?;
        let head = ["pixels", "median", "worst", "task"];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(self.pictures.iter().map(|cost| {
            [
                format!("{0} × {0}", cost.side),
                format!("{:.3}", cost.median_ms),
                format!("{:.3}", cost.worst_ms),
                cost.worst_task.to_owned(),
            ]
        }));
        write_table(f, &rows)
    }

    fn write_summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = &self.summary;
        write!(
            f,
            "\nwith images: {} steps/s in the mean, {} in the slowest task",
            whole(summary.steps_per_second_with_images),
            whole(summary.steps_per_second_with_images_worst)
        )?;
        if summary.metaworld_images_mean_ratio.is_some() {
            write!(
                f,
                "\nPython Meta-World: {} times as fast in the mean, {} with its plain pictures",
                whole(summary.metaworld_images_mean_ratio),
                short(summary.metaworld_plain_images_mean_ratio)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::env_bench::images::report::tests::example;

    #[test]
    fn tables_hold_what_was_measured_and_nothing_else() {
        let text = example().to_string();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert_eq!(
            lines[2..],
            [
                "complete steps/s of one environment with the images of corner and gripper, 84 × 84; python's by llvmpipe, \
                 plain: no shadows, reflections, multisampling",
                "task      kinitro  (no images)  python  ratio  plain  ratio",
                "reach-v3     1000         4000    5.00    200  50.00  20.00",
                "push-v3       600         4000    6.00    100      -      -",
                "mean          800         4000            150             -",
                "worst         600                         100             -",
                "",
                "one image, ms",
                "pixels     median  worst      task",
                "84 × 84     0.400  0.500  reach-v3",
                "128 × 128   1.000  1.000   push-v3",
                "",
                "with images: 800 steps/s in the mean, 600 in the slowest task",
                "Python Meta-World: 150 times as fast in the mean, - with its plain pictures",
            ]
        );
    }
}
