//! Our rasterizer against MuJoCo's own renderer.

use kinitro_core::units::ImageSize;
use kinitro_sim::metaworld::tasks::TASKS;
use kinitro_tests::places;
use kinitro_tests::segmentation::{capture, compare};

/// Least share of pixels that show the same geom or site. The rest are pixels on silhouettes, where two renderers round
/// differently: about 0.2 % of a picture of 84 × 84.
const LEAST_AGREEMENT: f64 = 0.98;

#[test]
fn every_pixel_shows_the_object_that_mujoco_shows() {
    let models = places::models().join("sawyer_xyz");
    let mut captures = capture(&models, ImageSize::DEFAULT).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let agreements = compare(&captures, &places::python(), folder.path(), false).unwrap();
    assert_eq!(agreements.len(), TASKS.len() * 2 * 5);
    let worst = agreements
        .iter()
        .min_by(|a, b| a.share.total_cmp(&b.share))
        .unwrap();
    println!("worst picture: {} {:.4}", worst.label, worst.share);
    for agreement in &agreements {
        assert!(agreement.share >= LEAST_AGREEMENT, "{agreement:?}");
    }

    // A picture that is turned the wrong way is found.
    captures.truncate(1);
    captures[0].objects.reverse();
    let turned = compare(&captures, &places::python(), folder.path(), false).unwrap();
    assert!(turned[0].share < LEAST_AGREEMENT, "{turned:?}");
}
