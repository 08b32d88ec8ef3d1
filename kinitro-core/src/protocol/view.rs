//! What a policy may choose to see.
//!
//! The choice belongs to a revision of the policy as its weights do: it is made before an evaluation begins, and no message of a
//! server can make or change it.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, quote};
use crate::protocol::policy::CameraName;
use crate::units::ImageSize;

/// Most cameras of a policy.
pub const MAX_CAMERAS: usize = 2;

/// The sizes of a policy's images, with their names: the side of the square in pixels.
const SIZES: [(ImageSize, &str); 3] = [
    (ImageSize::DEFAULT, "84"),
    (ImageSize::square(128), "128"),
    (ImageSize::square(224), "224"),
];
/// What stands for no cameras at all.
const NO_CAMERAS: &str = "none";

/// What a policy chooses to see; what it leaves open is as for every policy.
///
/// Its text is `cameras=NAME[+NAME],size=PIXELS` or one of the two, with `none` for no cameras.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewChoice {
    cameras: Option<Vec<CameraName>>,
    size: Option<ImageSize>,
}

impl ViewChoice {
    /// # Errors
    /// [`Error::TooLarge`] for more than [`MAX_CAMERAS`], [`Error::Duplicate`] for a camera that is named twice,
    /// [`Error::UnknownName`] for another size than 84, 128 or 224 pixels.
    pub fn new(cameras: Option<Vec<CameraName>>, size: Option<ImageSize>) -> Result<Self, Error> {
        if let Some(cameras) = &cameras {
            check_cameras(cameras)?;
        }
        if let Some(size) = size
            && !SIZES.iter().any(|(known, _)| *known == size)
        {
            return Err(unknown_size(&format!("{}x{}", size.width(), size.height())));
        }
        Ok(Self { cameras, size })
    }

    /// The cameras in the order of their images, if they are chosen.
    pub fn cameras(&self) -> Option<&[CameraName]> {
        self.cameras.as_deref()
    }

    /// The size of every image, if it is chosen.
    pub const fn size(&self) -> Option<ImageSize> {
        self.size
    }

    /// Whether nothing is chosen; the text is empty then.
    pub const fn is_open(&self) -> bool {
        self.cameras.is_none() && self.size.is_none()
    }
}

/// Whether a policy can see through these cameras.
///
/// # Errors
/// [`Error::TooLarge`] for more than [`MAX_CAMERAS`], [`Error::Duplicate`] for one that is named twice.
pub fn check_cameras(cameras: &[CameraName]) -> Result<(), Error> {
    if cameras.len() > MAX_CAMERAS {
        return Err(Error::TooLarge {
            what: "a policy's view",
            unit: "cameras",
            limit: MAX_CAMERAS,
        });
    }
    if let [first, second] = cameras
        && first == second
    {
        return Err(Error::Duplicate {
            what: "camera",
            name: first.to_string(),
        });
    }
    Ok(())
}

impl fmt::Display for ViewChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cameras) = &self.cameras {
            let names: Vec<&str> = cameras.iter().map(|camera| camera.as_str()).collect();
            let names = match names.as_slice() {
                [] => NO_CAMERAS.to_owned(),
                names => names.join("+"),
            };
            write!(f, "cameras={names}")?;
        }
        if let Some(size) = self.size {
            let comma = if self.cameras.is_some() { "," } else { "" };
            write!(f, "{comma}size={}", size.width())?;
        }
        Ok(())
    }
}

impl FromStr for ViewChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (mut cameras, mut size) = (None, None);
        for part in text.split(',') {
            let is_second = match part.split_once('=') {
                Some(("cameras", names)) => cameras.replace(cameras_of(names)?).is_some(),
                Some(("size", pixels)) => size.replace(size_of(pixels)?).is_some(),
                _ => {
                    return Err(Error::Grammar {
                        what: "view",
                        text: quote(part),
                        reason: "expected `cameras=NAME[+NAME]` or `size=PIXELS`",
                    });
                }
            };
            if is_second {
                return Err(Error::Duplicate {
                    what: "part of a view",
                    name: quote(part),
                });
            }
        }
        Self::new(cameras, size)
    }
}

fn cameras_of(names: &str) -> Result<Vec<CameraName>, Error> {
    if names == NO_CAMERAS {
        return Ok(Vec::new());
    }
    names.split('+').map(str::parse).collect()
}

fn size_of(pixels: &str) -> Result<ImageSize, Error> {
    let known = SIZES.iter().find(|(_, name)| *name == pixels);
    known
        .map(|(size, _)| *size)
        .ok_or_else(|| unknown_size(pixels))
}

fn unknown_size(text: &str) -> Error {
    Error::UnknownName {
        what: "image size",
        text: quote(text),
        known: SIZES.map(|(_, name)| name).join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_read_back() {
        for text in [
            "cameras=corner+gripper,size=128",
            "cameras=lerobot_corner2",
            "cameras=none,size=84",
            "size=224",
        ] {
            let choice: ViewChoice = text.parse().unwrap();
            assert_eq!(choice.to_string(), text);
            assert!(!choice.is_open());
        }
        let choice: ViewChoice = "size=84,cameras=gripper+corner".parse().unwrap();
        let cameras = [CameraName::Gripper, CameraName::Corner];
        assert_eq!(choice.cameras(), Some(&cameras[..]));
        assert_eq!(choice.size(), Some(ImageSize::DEFAULT));
        assert_eq!(ViewChoice::default().to_string(), "");
        assert!(ViewChoice::default().is_open());
    }

    #[test]
    fn what_is_refused_is_told_with_what_there_is() {
        for (text, told) in [
            ("cameras=corner+corner2+gripper", "limit of 2 cameras"),
            ("cameras=corner+corner", "camera `corner` occurs twice"),
            ("cameras=periscope", "behind_gripper, lerobot_corner2"),
            ("cameras=", "unknown camera ``"),
            ("cameras=none+corner", "unknown camera `none`"),
            ("size=100", "unknown image size `100`; known: 84, 128, 224"),
            ("size=+84", "unknown image size `+84`"),
            ("size=84,size=128", "`size=128` occurs twice"),
            ("fovy=60", "`cameras=NAME[+NAME]` or `size=PIXELS`"),
            ("", "invalid view ``"),
        ] {
            let message = text.parse::<ViewChoice>().unwrap_err().to_string();
            assert!(message.contains(told), "{text}: {message}");
        }
        let tall = ImageSize::new(84, 128).unwrap();
        let message = ViewChoice::new(None, Some(tall)).unwrap_err().to_string();
        assert!(message.contains("`84x128`"), "{message}");
    }
}
