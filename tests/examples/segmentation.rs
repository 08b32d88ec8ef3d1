//! Prints how far the rasterizer and MuJoCo's renderer see the same objects.
//!
//! `cargo run --release -p kinitro-tests --example segmentation -- PYTHON MODEL_FOLDER [SIDE [OUT_FOLDER]]`
//!
//! With `OUT_FOLDER`, raw colors of both are left there: `LABEL.ours.rgb` and `LABEL.rgb`.
#![expect(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::path::Path;

use anyhow::bail;
use kinitro_core::units::ImageSize;
use kinitro_tests::segmentation::{capture, compare};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [python, models, rest @ ..] = &arguments[..] else {
        bail!("usage: segmentation PYTHON MODEL_FOLDER [SIDE [OUT_FOLDER]]");
    };
    let side = rest.first().map_or(Ok(84), |side| side.parse())?;
    let captures = capture(Path::new(models), ImageSize::new(side, side)?)?;

    let scratch = tempfile::tempdir()?;
    let out = rest.get(1).map(Path::new);
    if let Some(out) = out {
        for capture in &captures {
            std::fs::write(
                out.join(format!("{}.ours.rgb", capture.label)),
                &capture.rgb,
            )?;
        }
    }
    let agreements = compare(
        &captures,
        Path::new(python),
        out.unwrap_or(scratch.path()),
        out.is_some(),
    )?;
    for of_task in agreements.chunk_by(|a, b| a.task == b.task) {
        let mean =
            of_task.iter().map(|agreement| agreement.share).sum::<f64>() / of_task.len() as f64;
        if let Some(worst) = of_task.iter().min_by(|a, b| a.share.total_cmp(&b.share)) {
            println!(
                "{:26} mean {mean:.4}  worst {:.4} ({})",
                worst.task, worst.share, worst.label
            );
        }
    }
    Ok(())
}
