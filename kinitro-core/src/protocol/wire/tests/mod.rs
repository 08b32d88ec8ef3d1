//! Golden messages, hostile bytes, payload sizes, and the page that documents them.

mod golden;
mod hostile;
mod page;
mod round_trip;
mod sizes;

use super::v3::Task;
use super::*;
use crate::ids::{EnvId, EpisodeIndex};
use crate::protocol::policy::{Action, CameraName, Image, Observation};
use crate::seed::{CycleSeed, EpisodeKey, MinerKey, PolicySeed};
use crate::units::{ImageSize, QuatXyzw};

fn env() -> EnvId {
    "metaworld/pick-place-v3".parse().unwrap()
}

fn seed() -> PolicySeed {
    let key = EpisodeKey::derive(&CycleSeed::from_local_seed(0), &env(), EpisodeIndex(0));
    MinerKey::derive(&key, None).policy_seed()
}

fn episode() -> EpisodeId {
    "7c1e0b94".parse().unwrap()
}

fn task(env: &EnvId) -> Task<'_> {
    Task {
        env,
        seed: seed(),
        prompt: Some("pick up the puck and move it to the goal"),
        cameras: &v3::CAMERAS,
        image_size: ImageSize::DEFAULT,
        control_hz: 80.0,
        max_steps: 500,
        max_chunk: ChunkLimit::NONE,
        gripper_convention: GripperConvention::Simulator,
    }
}

fn hand() -> p2::HandState {
    p2::HandState {
        orientation: QuatXyzw([0.0, 1.0, 0.0, 0.0]),
        linear_velocity: [0.25, 0.0, -0.5],
        angular_velocity: [0.0; 3],
    }
}

/// An observation with images of 2 × 1 pixels, short enough to be read.
fn observation(cameras: [CameraName; 2]) -> Observation {
    let size = ImageSize::new(2, 1).unwrap();
    let image = |(camera, first): (CameraName, u8)| {
        Image::new(camera, size, (first..first + 6).collect()).unwrap()
    };
    Observation {
        proprio: [0.1, 0.6, 0.2, 0.75],
        images: cameras.into_iter().zip([0, 249]).map(image).collect(),
    }
}

fn action(numbers: [f32; 4]) -> Action {
    Action::from_recorded(numbers).unwrap()
}

fn bytes(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    String::from_utf8(bytes(write)).unwrap()
}

#[test]
fn names_of_protocols_and_encodings_are_read_back() {
    for (protocol, name) in Protocol::NAMES {
        assert_eq!(name.parse::<Protocol>().unwrap(), protocol);
    }
    assert!("v4".parse::<Protocol>().is_err());
    for encoding in [Encoding::Json, Encoding::Msgpack] {
        let with_parameter = format!("{}; charset=utf-8", encoding.content_type().to_uppercase());
        assert_eq!(Encoding::from_content_type(&with_parameter), Some(encoding));
    }
    assert_eq!(Encoding::from_content_type("text/html"), None);
}
