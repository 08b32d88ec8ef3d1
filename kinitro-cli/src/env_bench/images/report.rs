//! What came out.

use std::collections::BTreeMap;

use kinitro_core::protocol::policy::CameraName;
use kinitro_core::units::ImageSize;
use serde::Serialize;

use super::{SIDES, Samples};
use crate::env_bench::machine::Machine;
use crate::env_bench::report::{PeerReport, Rate};
use crate::env_bench::slice::ratio;
use crate::env_bench::statistics::{mean, median, smallest};

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageReport {
    /// Where.
    pub machine: Machine,
    /// The core that everything stayed on.
    pub core: usize,
    /// Rounds per task.
    pub rounds: usize,
    /// Shortest length of a slice, seconds.
    pub slice_s: f64,
    /// Seed of actions and placements.
    pub seed: u32,
    /// The cameras of every step.
    pub cameras: Vec<CameraName>,
    /// The size of every image.
    pub image_size: ImageSize,
    /// Whom with.
    pub peers: Vec<PeerReport>,
    /// What draws Meta-World's pictures, in its own words.
    pub renderer: Option<String>,
    /// Task by task.
    pub tasks: Vec<ImageTaskReport>,
    /// What an image costs, by size.
    pub pictures: Vec<PictureReport>,
    /// The figures that matter.
    pub summary: ImageSummary,
}

/// One task. Rates count complete control steps; ratios are medians over the rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageTaskReport {
    /// Its name.
    pub task: &'static str,
    /// Ours, with images.
    pub kinitro: Option<Rate>,
    /// Ours, without images.
    pub kinitro_without_images: Option<Rate>,
    /// Meta-World's, with pictures as it delivers them.
    pub metaworld: Option<Rate>,
    /// Meta-World's, with pictures without shadows, reflections and multisampling.
    pub metaworld_plain: Option<Rate>,
    /// Ours with images over Meta-World's.
    pub metaworld_ratio: Option<f64>,
    /// Ours with images over Meta-World's with plain pictures.
    pub metaworld_plain_ratio: Option<f64>,
    /// What one of our images costs, milliseconds, by the pixels of its side.
    pub picture_ms: BTreeMap<u32, f64>,
}

/// What one of our images costs, milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PictureReport {
    /// Pixels of its side.
    pub side: u32,
    /// Median over the tasks.
    pub median_ms: f64,
    /// The most expensive task's.
    pub worst_ms: f64,
    /// Which one that is.
    pub worst_task: &'static str,
}

/// The figures that matter. `null` is what was not measured for every task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageSummary {
    /// Mean over the tasks of our complete steps per second: physics, observation, and the image of every camera.
    pub steps_per_second_with_images: Option<f64>,
    /// The slowest task's.
    pub steps_per_second_with_images_worst: Option<f64>,
    /// Mean over the tasks of our steps per second without images, on the same core.
    pub steps_per_second_without_images: Option<f64>,
    /// Mean over the tasks of our rate over Meta-World's with pictures as it delivers them.
    pub metaworld_images_mean_ratio: Option<f64>,
    /// The worst task's.
    pub metaworld_images_worst_ratio: Option<f64>,
    /// Mean over the tasks of our rate over Meta-World's with pictures without shadows, reflections and multisampling.
    pub metaworld_plain_images_mean_ratio: Option<f64>,
    /// The worst task's.
    pub metaworld_plain_images_worst_ratio: Option<f64>,
    /// Median over the tasks of what one of our images costs, milliseconds, by the pixels of its side.
    pub picture_ms: BTreeMap<u32, f64>,
}

impl ImageTaskReport {
    pub(super) fn new(task: &'static str, samples: &Samples) -> Self {
        let pictures = samples.pictures.iter();
        Self {
            task,
            kinitro: Rate::of(&samples.ours),
            kinitro_without_images: Rate::of(&samples.blind),
            metaworld: Rate::of(&samples.stock),
            metaworld_plain: Rate::of(&samples.plain),
            metaworld_ratio: ratio(&samples.ours, &samples.stock),
            metaworld_plain_ratio: ratio(&samples.ours, &samples.plain),
            picture_ms: pictures
                .map(|&(side, seconds)| (side, 1000.0 * seconds))
                .collect(),
        }
    }
}

/// What an image costs, by size, over all tasks.
pub(super) fn pictures(tasks: &[ImageTaskReport]) -> Vec<PictureReport> {
    let of = |side: u32| {
        let costs = || {
            let tasks = tasks.iter();
            tasks.filter_map(move |task| Some((*task.picture_ms.get(&side)?, task.task)))
        };
        let (worst_ms, worst_task) = costs().max_by(|(a, _), (b, _)| a.total_cmp(b))?;
        Some(PictureReport {
            side,
            median_ms: median(costs().map(|(cost, _)| cost))?,
            worst_ms,
            worst_task,
        })
    };
    SIDES.into_iter().filter_map(of).collect()
}

impl ImageSummary {
    pub(super) fn new(tasks: &[ImageTaskReport]) -> Self {
        let rates = |rate: fn(&ImageTaskReport) -> Option<Rate>| {
            tasks.iter().map(move |task| Some(rate(task)?.median))
        };
        let ratios = |ratio: fn(&ImageTaskReport) -> Option<f64>| tasks.iter().map(ratio);
        let pictures = pictures(tasks).into_iter();
        Self {
            steps_per_second_with_images: mean(rates(|task| task.kinitro)),
            steps_per_second_with_images_worst: smallest(rates(|task| task.kinitro)),
            steps_per_second_without_images: mean(rates(|task| task.kinitro_without_images)),
            metaworld_images_mean_ratio: mean(ratios(|task| task.metaworld_ratio)),
            metaworld_images_worst_ratio: smallest(ratios(|task| task.metaworld_ratio)),
            metaworld_plain_images_mean_ratio: mean(ratios(|task| task.metaworld_plain_ratio)),
            metaworld_plain_images_worst_ratio: smallest(ratios(|task| task.metaworld_plain_ratio)),
            picture_ms: pictures.map(|cost| (cost.side, cost.median_ms)).collect(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::env_bench::slice::Slice;

    fn slices(rates: &[f64]) -> Vec<Slice> {
        let slice = |&rate: &f64| Slice {
            steps: 100,
            seconds: 100.0 / rate,
            resets: vec![0.01],
        };
        rates.iter().map(slice).collect()
    }

    fn task(name: &'static str, ours: &[f64], stock: &[f64], plain: &[f64]) -> ImageTaskReport {
        let samples = Samples {
            ours: slices(ours),
            blind: slices(&[4000.0]),
            stock: slices(stock),
            plain: slices(plain),
            pictures: vec![(84, 0.0005 * ours[0] / 1000.0), (128, 0.001)],
        };
        ImageTaskReport::new(name, &samples)
    }

    /// Two tasks, the second without plain pictures.
    pub(in crate::env_bench::images) fn example() -> ImageReport {
        let tasks = vec![
            task("reach-v3", &[1000.0], &[5.0], &[50.0]),
            task("push-v3", &[600.0], &[6.0], &[]),
        ];
        ImageReport {
            machine: Machine {
                cpu: Some("Example 9000".to_owned()),
                cores: 2,
                load: Some(0.1),
                optimized: true,
            },
            core: 1,
            rounds: 1,
            slice_s: 0.3,
            seed: 0,
            cameras: vec![CameraName::Corner, CameraName::Gripper],
            image_size: ImageSize::DEFAULT,
            peers: Vec::new(),
            renderer: Some("llvmpipe".to_owned()),
            pictures: pictures(&tasks),
            summary: ImageSummary::new(&tasks),
            tasks,
        }
    }

    #[test]
    fn the_summary_has_its_figures_under_their_names() {
        let summary = serde_json::to_value(example().summary).unwrap();
        let expected = serde_json::json!({
            "steps_per_second_with_images": 800.0,
            "steps_per_second_with_images_worst": 600.0,
            "steps_per_second_without_images": 4000.0,
            "metaworld_images_mean_ratio": 150.0,
            "metaworld_images_worst_ratio": 100.0,
            "metaworld_plain_images_mean_ratio": null,
            "metaworld_plain_images_worst_ratio": null,
            "picture_ms": {"84": 0.4, "128": 1.0},
        });
        assert_eq!(summary, expected);
    }

    #[test]
    fn the_most_expensive_task_is_named() {
        let pictures = example().pictures;
        assert_eq!(pictures.len(), 2);
        let first = &pictures[0];
        assert_eq!(
            (first.side, first.worst_ms, first.worst_task),
            (84, 0.5, "reach-v3")
        );
    }

    #[test]
    fn ratios_are_medians_over_rounds() {
        let task = task("reach-v3", &[400.0, 200.0, 90.0], &[4.0, 2.0, 1.0], &[40.0]);
        assert_eq!(task.metaworld_ratio, Some(100.0));
        assert_eq!(task.metaworld_plain_ratio, None, "a round was lost");
    }
}
