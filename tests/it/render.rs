//! `kinitro render` through its public border: files that show what was asked for.

use std::fs::File;
use std::path::Path;

use kinitro_tests::program::{command, kinitro};
use ndarray::{Array3, Array4};
use ndarray_npy::read_npy;
use serde_json::Value;

/// Runs `kinitro render reach-v3` with these arguments and `--out`; returns what it reports.
fn render(more: &str, out: &Path) -> Value {
    let path = out.to_str().unwrap();
    let words = ["render", "reach-v3", "--json", "--out", path];
    let finished = kinitro(words.into_iter().chain(more.split_whitespace()));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    serde_json::from_str(&finished.stdout).unwrap()
}

struct Png {
    width: usize,
    height: usize,
    depth: png::BitDepth,
    bytes: Vec<u8>,
}

fn read(path: &Path) -> Png {
    let file = std::io::BufReader::new(File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    Png {
        width: info.width as usize,
        height: info.height as usize,
        depth: info.bit_depth,
        bytes,
    }
}

#[test]
fn colors_depth_and_segmentation_are_of_the_same_scene() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let view = "--camera corner,gripper --size 96x64 --seed 3 --steps 10";
    let report = render(view, &path("rgb.png"));
    assert_eq!(report["step"], 10);
    assert_eq!(report["cameras"], serde_json::json!(["corner", "gripper"]));
    let colors = read(&path("rgb.png"));
    assert_eq!((colors.width, colors.height), (192, 64));
    render(view, &path("rgb.npy"));
    let array: Array4<u8> = read_npy(path("rgb.npy")).unwrap();
    assert_eq!(array.dim(), (2, 64, 96, 3));
    for (row, column) in [(0, 0), (31, 40), (63, 95)] {
        for camera in 0..2 {
            let start = 3 * (row * 192 + camera * 96 + column);
            for channel in 0..3 {
                assert_eq!(
                    array[[camera, row, column, channel]],
                    colors.bytes[start + channel]
                );
            }
        }
    }

    render(&format!("{view} --what depth"), &path("depth.npy"));
    let meters: Array3<f32> = read_npy(path("depth.npy")).unwrap();
    render(&format!("{view} --what depth"), &path("depth.png"));
    let depth = read(&path("depth.png"));
    assert_eq!(depth.depth, png::BitDepth::Sixteen);
    let report = render(&format!("{view} --what segmentation"), &path("ids.npy"));
    let ids: Array4<i32> = read_npy(path("ids.npy")).unwrap();
    for ((camera, row, column), &meters) in meters.indexed_iter() {
        let start = 2 * (row * 192 + camera * 96 + column);
        let millimeters = u16::from_be_bytes([depth.bytes[start], depth.bytes[start + 1]]);
        let seen = ids[[camera, row, column, 1]] >= 0;
        assert_eq!(seen, meters.is_finite());
        let expected = if seen { (1000.0 * meters).round() } else { 0.0 };
        assert_eq!(f32::from(millimeters), expected);
    }
    // What the legend counts is all that is seen.
    let entries = report["legend"].as_array().unwrap();
    let listed: u64 = entries
        .iter()
        .map(|entry| entry["pixels"].as_u64().unwrap())
        .sum();
    let seen = meters.iter().filter(|meters| meters.is_finite()).count();
    assert_eq!(usize::try_from(listed), Ok(seen));
    assert!(
        entries
            .iter()
            .any(|entry| entry["name"] == "goal" && entry["kind"] == "site")
    );
}

#[test]
fn what_cannot_be_drawn_is_said() {
    for (line, code, part) in [
        ("render nothing-v3", 3, "unknown environment"),
        ("render reach-v3 --size 8", 2, "16 to 1024"),
        ("render reach-v3 --camera nose", 2, "nose"),
        ("render reach-v3 --out picture.jpg", 2, "`*.png` or `*.npy`"),
        ("render reach-v3 --policy clever", 2, "expert"),
        ("env test reach-v3 --video clip.mp4", 2, "*.gif"),
    ] {
        let finished = kinitro(line.split_whitespace());
        assert_eq!(finished.code, Some(code), "{line}: {}", finished.stderr);
        assert!(
            finished.stderr.contains(part),
            "{line}: {}",
            finished.stderr
        );
    }
}

#[test]
fn videos_have_a_frame_for_every_fourth_step_and_one_for_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let test = |video: &str| {
        let path = folder.path().join(video);
        let line = "env test reach-v3 --episodes 1 --max-steps 10 --video-size 32x16 --video";
        let finished = kinitro(line.split_whitespace().chain([path.to_str().unwrap()]));
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        path
    };
    // Steps 0, 4, 8 and 10.
    let frames = test("frames");
    let last = read(&frames.join("00003.png"));
    assert_eq!((last.width, last.height), (64, 16));
    assert!(!frames.join("00004.png").exists());

    let y4m = std::fs::read(test("clip.y4m")).unwrap();
    let header = b"YUV4MPEG2 W64 H16 F80:4 Ip A1:1 C444 XCOLORRANGE=LIMITED\n";
    assert!(y4m.starts_with(header));
    let frame = b"FRAME\n".len() + 3 * 64 * 16;
    assert_eq!(y4m.len(), header.len() + 4 * frame);
    // Luma of the first pixel of the last frame, by BT.601.
    let [r, g, b] = [0, 1, 2].map(|channel| f64::from(last.bytes[channel]));
    let luma = 16.0 + (65.481 * r + 128.553 * g + 24.966 * b) / 255.0;
    let written = y4m[header.len() + 3 * frame + b"FRAME\n".len()];
    assert!(
        (f64::from(written) - luma).abs() <= 0.51,
        "{written} {luma}"
    );

    let gif = std::fs::read(test("clip.gif")).unwrap();
    assert!(gif.starts_with(b"GIF89a"));
    assert_eq!(gif[6..10], [64, 0, 16, 0]);
    // Each frame is announced with its delay of 5/100 s.
    let announced = gif
        .windows(6)
        .filter(|bytes| bytes[..3] == [0x21, 0xF9, 4] && bytes[4..] == [5, 0]);
    assert_eq!(announced.count(), 4);
}

#[test]
fn without_opengl_there_is_a_remedy() {
    // The loader takes these for libEGL and cannot load them.
    let folder = tempfile::tempdir().unwrap();
    for name in ["libEGL.so.1", "libEGL.so"] {
        std::fs::write(folder.path().join(name), "no library").unwrap();
    }
    let output = command()
        .args(["render", "reach-v3", "--renderer", "gl"])
        .env("LD_LIBRARY_PATH", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let remedy = if cfg!(feature = "gl") {
        "apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri"
    } else {
        "--features gl"
    };
    assert!(said.contains(remedy), "{said}");
}
