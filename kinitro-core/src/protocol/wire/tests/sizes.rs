//! How many bytes an act request has.

use super::*;
use crate::seed::Draws;

/// What was measured on rendered pictures of two cameras with 84 × 84 pixels, in bytes.
const RENDERED: [(&str, usize); 4] = [
    ("P1, JSON", 188_843),
    ("P2, JSON", 56_839),
    ("V3, msgpack, raw", 42_612),
    ("V3, msgpack, PNG", 16_474),
];

/// Two pictures as a renderer makes them: a shaded table, a dark gripper, a bright object, and a little noise.
fn pictures() -> Vec<Image> {
    let mut noise = Draws::from_key([7; 32], 0);
    let mut picture = |camera| {
        let mut rgb = Vec::new();
        for y in 0..84_u64 {
            for x in 0..84_u64 {
                let is_gripper = (30..50).contains(&x) && y < 40;
                let is_object = x.abs_diff(55).pow(2) + y.abs_diff(60).pow(2) < 64;
                let base = match (is_gripper, is_object) {
                    (true, _) => [40, 42, 48],
                    (false, true) => [220, 60, 50],
                    (false, false) => [110 + x, 100 + y, 90 + u64::midpoint(x, y)],
                };
                rgb.extend(base.map(|color| u8::try_from(color + noise.below(3)).unwrap()));
            }
        }
        Image::new(camera, ImageSize::DEFAULT, rgb).unwrap()
    };
    p1::CAMERAS.map(&mut picture).into()
}

fn png_file(image: &Image) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, image.size().width(), image.size().height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(image.rgb()).unwrap();
    writer.finish().unwrap();
    file
}

/// Name of a format in `docs/protocol.md`, and its size here.
pub(super) fn measured() -> Vec<(&'static str, usize)> {
    let view = Observation {
        proprio: [0.006_157, 0.600_214, 0.193_867, 0.987_5],
        images: pictures(),
    };
    let files: Vec<_> = view.images.iter().map(png_file).collect();
    let v3 = |encoding, pixels| {
        let request = v3::ActRequest::new(episode(), 250, &view, pixels, Some(seed())).unwrap();
        bytes(|out| request.write(encoding, out)).len()
    };
    let p1 = p1::ActRequest::new(&view).unwrap();
    let p2 = p2::ActRequest::new(&view, &hand()).unwrap();
    vec![
        ("P1, JSON", bytes(|out| p1.write(out)).len()),
        ("P2, JSON", bytes(|out| p2.write(out)).len()),
        ("V3, JSON, raw", v3(Encoding::Json, Pixels::Raw)),
        ("V3, JSON, PNG", v3(Encoding::Json, Pixels::Png(&files))),
        ("V3, msgpack, raw", v3(Encoding::Msgpack, Pixels::Raw)),
        (
            "V3, msgpack, PNG",
            v3(Encoding::Msgpack, Pixels::Png(&files)),
        ),
    ]
}

#[test]
fn payloads_are_as_large_as_on_rendered_pictures() {
    let measured = measured();
    for (format, expected) in RENDERED {
        let (_, found) = measured.iter().find(|(name, _)| *name == format).unwrap();
        let difference = found.abs_diff(expected);
        assert!(
            difference * 20 <= expected,
            "{format}: {found}, expected {expected} within 5 %"
        );
    }
}
