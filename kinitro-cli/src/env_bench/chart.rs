//! The ratios of every task as a picture.

use std::fmt::Write as _;

use super::plan::Shape;
use super::report::{BenchReport, ShapeReport, TaskReport};
use super::text::{plural, shape_name};

/// Width of the names of tasks, of a panel and of the space between panels, pixels.
const NAMES: f64 = 190.0;
const PANEL: f64 = 330.0;
const GAP: f64 = 40.0;
/// Height of a task and of what is above and below all of them.
const ROW: f64 = 16.0;
const HEAD: f64 = 72.0;
const FOOT: f64 = 44.0;
const BAR: f64 = 10.0;
/// Room for the figure to the right of the longest bar.
const FIGURE: f64 = 38.0;

/// Text and lines in a gray that both white and dark pages bear; bars in two colors that all kinds of color vision tell apart.
const STYLE: &str = "text{font:11px system-ui,sans-serif;fill:#6e7781}.title{font-weight:600;font-size:13px}.name,.figure{dominant-baseline:central}\
.name{text-anchor:end}.peer0{fill:#0969da}.peer1{fill:#bc4c00}.one{stroke:#6e7781;stroke-dasharray:3 3}.axis{stroke:#8c959f}\
@media(prefers-color-scheme:dark){text{fill:#adbac7}.peer0{fill:#539bf5}.peer1{fill:#e0823d}.one{stroke:#adbac7}.axis{stroke:#768390}}";

/// A panel: what is compared, and the ratio of a task.
struct Panel {
    title: String,
    shape: String,
    ratios: Vec<Option<f64>>,
}

/// An SVG picture with a bar per task: how many times as fast as `EnvPool` in the batch on the fewest threads, and as Python Meta-World
/// one on one, all with info values. It needs no font, script or file beside it, and fits light and dark pages.
pub fn chart(report: &BenchReport) -> String {
    let panels = panels(report);
    let rows = report.tasks.len() as f64;
    let (width, height) = (NAMES + 2.0 * PANEL + 2.0 * GAP, HEAD + ROW * rows + FOOT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Speed of every Meta-World task against other implementations\">\n<style>{STYLE}</style>\n"
    );
    for (row, task) in report.tasks.iter().enumerate() {
        let y = middle(row);
        let name = task.task;
        line(
            &mut svg,
            &format!("<text class=\"name\" x=\"{NAMES}\" y=\"{y}\">{name}</text>"),
        );
    }
    for (number, panel) in panels.iter().enumerate() {
        draw_panel(&mut svg, number, panel);
    }
    let y = height - 16.0;
    let footer = escape(&footer(report));
    line(
        &mut svg,
        &format!("<text x=\"8\" y=\"{y}\">{footer}</text>"),
    );
    svg.push_str("</svg>\n");
    svg
}

fn panels(report: &BenchReport) -> [Panel; 2] {
    let batch = report.shapes.iter().filter(|shape| shape.is_batch());
    let batch = batch.min_by_key(|shape| shape.threads);
    let (environments, threads) = batch.map_or((0, 0), |shape| (shape.environments, shape.threads));
    let ratios = |environments, threads, ratio: fn(&ShapeReport) -> Option<f64>| {
        let find = |task: &TaskReport| {
            let mut shapes = task.shapes.iter();
            let shape = shapes
                .find(|shape| (shape.environments, shape.threads) == (environments, threads))?;
            ratio(shape)
        };
        report.tasks.iter().map(find).collect()
    };
    let single = Shape::SINGLE;
    let version = |name| {
        let mut peers = report.peers.iter();
        peers
            .find(|peer| peer.name == name)
            .map_or("", |peer| peer.version)
    };
    [
        Panel {
            title: format!("times EnvPool {}", version("envpool")),
            shape: shape_name(environments, threads),
            ratios: ratios(environments, threads, |shape| shape.envpool_ratio),
        },
        Panel {
            title: format!("times Python Meta-World {}", version("metaworld")),
            shape: shape_name(single.environments, single.threads),
            ratios: ratios(single.environments, single.threads, |shape| {
                shape.metaworld_ratio
            }),
        },
    ]
}

fn draw_panel(svg: &mut String, number: usize, panel: &Panel) {
    let left = NAMES + 12.0 + number as f64 * (PANEL + GAP);
    let known: Vec<f64> = panel.ratios.iter().copied().flatten().collect();
    let title = match known.len() {
        0 => format!("{}: not measured", panel.title),
        count => format!(
            "{}: mean {:.2}",
            panel.title,
            known.iter().sum::<f64>() / count as f64
        ),
    };
    let title = escape(&title);
    let shape = &panel.shape;
    line(
        svg,
        &format!(
            "<text class=\"title\" x=\"{left}\" y=\"20\">{title}</text><text x=\"{left}\" y=\"35\">{shape}</text>"
        ),
    );
    let longest = known.iter().copied().fold(1.0, f64::max);
    let scale = (PANEL - FIGURE) / longest;
    let (top, bottom) = (HEAD - 8.0, HEAD + ROW * panel.ratios.len() as f64);
    line(
        svg,
        &format!("<line class=\"axis\" x1=\"{left}\" x2=\"{left}\" y1=\"{top}\" y2=\"{bottom}\"/>"),
    );
    for (row, ratio) in panel.ratios.iter().enumerate() {
        let Some(ratio) = ratio else { continue };
        let (length, y) = (ratio * scale, middle(row));
        let (bar, figure) = (y - BAR / 2.0, left + length + 5.0);
        line(
            svg,
            &format!(
                "<rect class=\"peer{number}\" x=\"{left}\" y=\"{bar}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>\
                 <text class=\"figure\" x=\"{figure:.1}\" y=\"{y}\">{ratio:.2}</text>"
            ),
        );
    }
    // In front of the bars: what is left of it is slower.
    let one = left + scale;
    line(
        svg,
        &format!(
            "<line class=\"one\" x1=\"{one:.1}\" x2=\"{one:.1}\" y1=\"{top}\" y2=\"{bottom}\"/><text x=\"{:.1}\" y=\"{}\">1</text>",
            one - 3.0,
            top - 4.0
        ),
    );
}

/// Height of the middle of a row.
fn middle(row: usize) -> f64 {
    HEAD + ROW * (row as f64 + 0.5)
}

fn footer(report: &BenchReport) -> String {
    let cpu = report.machine.cpu.as_deref().unwrap_or("unknown processor");
    format!(
        "State only, random actions, with info values; resets not counted. Medians of {}, {cpu}, {} cores.",
        plural(report.rounds, "round"),
        report.machine.cores
    )
}

fn line(svg: &mut String, element: &str) {
    writeln!(svg, "{element}").expect("writing to a string cannot fail");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env_bench::report::tests::example;

    #[test]
    fn every_ratio_that_was_measured_has_its_bar() {
        let svg = chart(&example());
        assert_eq!(svg.matches("<rect class=\"peer0\"").count(), 1);
        assert_eq!(svg.matches("<rect class=\"peer1\"").count(), 2);
        assert!(svg.contains(">push-v3</text>") && svg.contains(">1.50</text>"));
        assert!(svg.contains("times EnvPool 1.2.5: mean 1.50"));
    }

    #[test]
    fn names_of_processors_are_text() {
        let svg = chart(&example());
        assert!(svg.contains("A &amp; B &lt;9000&gt;, 2 cores"));
    }

    #[test]
    fn without_figures_there_are_no_bars() {
        let mut report = example();
        for shape in report.tasks.iter_mut().flat_map(|task| &mut task.shapes) {
            shape.envpool_ratio = None;
            shape.metaworld_ratio = None;
        }
        let svg = chart(&report);
        assert!(!svg.contains("<rect"));
        assert_eq!(svg.matches("not measured").count(), 2);
    }
}
