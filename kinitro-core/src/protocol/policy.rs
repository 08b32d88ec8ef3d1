//! What a policy sees and what it answers.
//!
//! Nothing here can hold an object's pose, a goal or a key: whatever is not in [`Observation`] a policy cannot see.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::names;
use crate::units::ImageSize;

/// One command to the robot: `[dx, dy, dz, grip]`, each in `[-1, 1]`.
///
/// The first three move the hand's target in the world frame, 1 being the family's largest move per control step; `grip` +1 closes, −1 opens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Action([f32; 4]);

impl Action {
    /// No motion, no gripper effort.
    pub const ZERO: Self = Self([0.0; 4]);

    /// Turns what a policy answered into what is applied: each number must be finite, is rounded to f32, then clipped to `[-1, 1]`.
    ///
    /// The flag tells whether a number was changed by clipping; rounding to f32 alone does not count.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for NaN and infinities.
    pub fn from_wire(wire: [f64; 4]) -> Result<(Self, bool), Error> {
        if let Some(index) = wire.iter().position(|number| !number.is_finite()) {
            let what = format!("action[{index}]");
            return Err(Error::OutOfRange {
                what,
                value: wire[index],
                expected: "a finite number",
            });
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounding to f32 is the rule; what overflows is clipped"
        )]
        let rounded = wire.map(|number| number as f32);
        let applied = rounded.map(|number| number.clamp(-1.0, 1.0));
        Ok((Self(applied), applied != rounded))
    }

    /// Takes an action that was applied and recorded before, bit for bit.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if a number is not in `[-1, 1]`: such an action was never applied.
    pub fn from_recorded(applied: [f32; 4]) -> Result<Self, Error> {
        match applied
            .iter()
            .position(|number| !(-1.0..=1.0).contains(number))
        {
            None => Ok(Self(applied)),
            Some(index) => {
                let (what, value) = (format!("action[{index}]"), f64::from(applied[index]));
                Err(Error::OutOfRange {
                    what,
                    value,
                    expected: "a number in [-1, 1]",
                })
            }
        }
    }

    /// The four numbers.
    pub const fn as_array(&self) -> &[f32; 4] {
        &self.0
    }

    /// The four numbers as little-endian f32, the form in transcripts and hashes.
    pub fn to_le_bytes(&self) -> [u8; 16] {
        f32_le_bytes(&self.0)
    }
}

/// Everything that a policy sees at one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Hand position x, y, z in meters (world frame), then the gripper's opening, 0 closed … 1 open.
    pub proprio: [f32; 4],
    /// One image per camera, in the declared order of the cameras; empty where nothing is rendered.
    pub images: Vec<Image>,
}

impl Observation {
    /// The proprioception as little-endian f32, the form in hashes.
    pub fn proprio_le_bytes(&self) -> [u8; 16] {
        f32_le_bytes(&self.proprio)
    }
}

/// A picture from one camera: `height × width × 3` bytes RGB, row by row from the top left, upright and unmirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    camera: CameraName,
    size: ImageSize,
    rgb: Vec<u8>,
}

impl Image {
    /// # Errors
    /// [`Error::Length`] if `rgb` is not `size.rgb_len()` bytes long.
    pub fn new(camera: CameraName, size: ImageSize, rgb: Vec<u8>) -> Result<Self, Error> {
        if rgb.len() == size.rgb_len() {
            return Ok(Self { camera, size, rgb });
        }
        Err(Error::Length {
            what: "image",
            unit: "bytes",
            found: rgb.len(),
            expected: size.rgb_len(),
        })
    }

    /// The camera.
    pub const fn camera(&self) -> CameraName {
        self.camera
    }

    /// Width and height.
    pub const fn size(&self) -> ImageSize {
        self.size
    }

    /// The bytes, shape `[height, width, 3]`.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The bytes for rewriting in place, shape `[height, width, 3]`.
    pub fn rgb_mut(&mut self) -> &mut [u8] {
        &mut self.rgb
    }

    /// Gives the buffer back.
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }
}

/// The public names of the cameras; positions in the world frame.
///
/// Source of the positions: the models of Meta-World 3.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraName {
    /// Fixed at (−1.1, −0.4, 0.6) m.
    Corner,
    /// Fixed at (1.3, −0.2, 1.1) m.
    Corner2,
    /// Fixed at (0.9, 0, 1.5) m.
    Corner3,
    /// Fixed at (0.75, 0.075, 0.7) m, in the direction of `corner2`.
    Corner4,
    /// Fixed at (0, 0.5, 1.5) m, looking straight down.
    Topview,
    /// Follows the hand: both finger tips and what lies beneath. Meta-World's `gripperPOV`.
    Gripper,
    /// Follows the hand from behind. Meta-World's `behindGripper`.
    BehindGripper,
    /// The picture of [`Corner4`](Self::Corner4), to the byte, under the name of those who know it from `LeRobot`.
    ///
    /// `LeRobot`'s Meta-World environment moves `corner2` to where `corner4` is and reverses both axes of what Meta-World delivers,
    /// which is how `corner4` is delivered here. Source: `lerobot/envs/metaworld.py`.
    LerobotCorner2,
}

impl CameraName {
    /// Every camera with its name.
    pub const NAMES: [(Self, &'static str); 8] = [
        (Self::Corner, "corner"),
        (Self::Corner2, "corner2"),
        (Self::Corner3, "corner3"),
        (Self::Corner4, "corner4"),
        (Self::Topview, "topview"),
        (Self::Gripper, "gripper"),
        (Self::BehindGripper, "behind_gripper"),
        (Self::LerobotCorner2, "lerobot_corner2"),
    ];

    /// The name on the wire and in file names.
    pub fn as_str(self) -> &'static str {
        names::name(&Self::NAMES, &self)
    }
}

impl fmt::Display for CameraName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for CameraName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        names::parse("camera", &Self::NAMES, text)
    }
}

fn f32_le_bytes(numbers: &[f32; 4]) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (chunk, number) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
        *chunk = number.to_le_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_numbers_are_rounded_then_clipped() {
        for (wire, applied, clipped) in [
            ([0.1, -0.2, 0.3, 1.0], [0.1_f32, -0.2, 0.3, 1.0], false),
            ([1.5, -3.0, 0.0, 0.0], [1.0, -1.0, 0.0, 0.0], true),
            ([1e300, -1e300, 1e-300, 0.0], [1.0, -1.0, 0.0, 0.0], true),
            // The nearest f32 of the first number is 1 already.
            ([1.0 + 1e-9, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], false),
        ] {
            assert_eq!(
                Action::from_wire(wire).unwrap(),
                (Action(applied), clipped),
                "{wire:?}"
            );
        }
    }

    #[test]
    fn not_a_number_is_not_an_action() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let message = Action::from_wire([0.0, 0.0, bad, 0.0])
                .unwrap_err()
                .to_string();
            assert!(message.contains("action[2]"), "{message}");
        }
    }

    #[test]
    fn recorded_actions_were_clipped_before() {
        assert!(Action::from_recorded([-1.0, 1.0, 0.0, -0.0]).is_ok());
        for bad in [1.0 + f32::EPSILON, f32::NAN, f32::NEG_INFINITY] {
            assert!(
                Action::from_recorded([0.0, 0.0, 0.0, bad]).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn images_have_the_length_of_their_size() {
        let size = ImageSize::new(2, 1).unwrap();
        assert!(Image::new(CameraName::Corner, size, vec![0; 6]).is_ok());
        let message = Image::new(CameraName::Corner, size, vec![0; 5])
            .unwrap_err()
            .to_string();
        assert_eq!(message, "image has 5 bytes, expected 6");
    }

    #[test]
    fn camera_names_parse_and_print() {
        for (camera, name) in CameraName::NAMES {
            assert_eq!(name.parse::<CameraName>().unwrap(), camera);
            assert_eq!(
                serde_json::to_string(&camera).unwrap(),
                format!("\"{name}\"")
            );
            assert_eq!(
                serde_json::from_str::<CameraName>(&format!("\"{name}\"")).unwrap(),
                camera
            );
        }
        let message = "gripperPOV".parse::<CameraName>().unwrap_err().to_string();
        assert!(message.contains("behind_gripper"), "{message}");
    }
}
