//! Quantities that plain numbers would confuse: fractions, image sizes, exact counts, quaternion orders.

use serde::{Deserialize, Serialize};

use crate::error::{Error, quote};

/// A number in `[0, 1]`: a rate, a share, a gripper opening.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct UnitInterval(f64);

impl UnitInterval {
    /// 0.
    pub const ZERO: Self = Self(0.0);
    /// 1.
    pub const ONE: Self = Self(1.0);

    /// # Errors
    /// [`Error::OutOfRange`] outside `[0, 1]` and for NaN.
    pub fn new(value: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&value) {
            return Ok(Self(value));
        }
        Err(Error::OutOfRange {
            what: "fraction".to_owned(),
            value,
            expected: "a number in [0, 1]",
        })
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for UnitInterval {
    type Error = Error;

    fn try_from(value: f64) -> Result<Self, Error> {
        Self::new(value)
    }
}

impl From<UnitInterval> for f64 {
    fn from(value: UnitInterval) -> Self {
        value.0
    }
}

/// Width and height of an image in pixels, each in `1..=`[`ImageSize::MAX_SIDE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawImageSize")]
pub struct ImageSize {
    width: u32,
    height: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawImageSize {
    width: u32,
    height: u32,
}

impl ImageSize {
    /// Longest side, in pixels: bounds the memory that a foreign document can ask for.
    pub const MAX_SIDE: u32 = 4096;
    /// What a policy sees by default: 84 × 84 pixels.
    pub const DEFAULT: Self = Self::square(84);

    /// # Errors
    /// [`Error::OutOfRange`] if a side is 0 or above [`Self::MAX_SIDE`].
    pub fn new(width: u32, height: u32) -> Result<Self, Error> {
        for (what, side) in [("image width", width), ("image height", height)] {
            if !(1..=Self::MAX_SIDE).contains(&side) {
                let value = f64::from(side);
                return Err(Error::OutOfRange {
                    what: what.to_owned(),
                    value,
                    expected: "1 to 4096 pixels",
                });
            }
        }
        Ok(Self { width, height })
    }

    /// As high as wide; the side must be valid.
    pub(crate) const fn square(side: u32) -> Self {
        Self {
            width: side,
            height: side,
        }
    }

    /// Pixels per row.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Rows.
    pub const fn height(self) -> u32 {
        self.height
    }

    /// Bytes of an image of this size: `height × width × 3`.
    pub const fn rgb_len(self) -> usize {
        3 * self.pixel_count()
    }

    /// Pixels of an image of this size: `height × width`.
    pub const fn pixel_count(self) -> usize {
        // At most 2^24, which every supported `usize` holds, also three times.
        self.width as usize * self.height as usize
    }
}

impl TryFrom<RawImageSize> for ImageSize {
    type Error = Error;

    fn try_from(raw: RawImageSize) -> Result<Self, Error> {
        Self::new(raw.width, raw.height)
    }
}

/// A count that may exceed what JSON numbers hold exactly; written as a string of decimal digits.
///
/// Points over all subsets of 50 environments pass 2⁵³ by far.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct BigCount(pub u128);

impl TryFrom<String> for BigCount {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        // `u128::from_str` would accept a leading `+`.
        let digits_only = text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|_| digits_only)
            .map(Self)
            .ok_or_else(|| Error::Grammar {
                what: "count",
                text: quote(&text),
                reason: "expected decimal digits of a number below 2^128",
            })
    }
}

impl From<BigCount> for String {
    fn from(count: BigCount) -> Self {
        count.0.to_string()
    }
}

/// A rotation as a quaternion, real part first: the order of MuJoCo's state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuatWxyz(pub [f64; 4]);

/// A rotation as a quaternion, real part last: the order on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuatXyzw(pub [f64; 4]);

impl From<QuatWxyz> for QuatXyzw {
    fn from(QuatWxyz([w, x, y, z]): QuatWxyz) -> Self {
        Self([x, y, z, w])
    }
}

impl From<QuatXyzw> for QuatWxyz {
    fn from(QuatXyzw([x, y, z, w]): QuatXyzw) -> Self {
        Self([w, x, y, z])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_outside_the_unit_interval_are_refused() {
        assert_eq!(UnitInterval::new(1.0).unwrap(), UnitInterval::ONE);
        for bad in [
            -f64::MIN_POSITIVE,
            1.0 + f64::EPSILON,
            f64::NAN,
            f64::INFINITY,
        ] {
            assert!(UnitInterval::new(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<UnitInterval>("1.5").is_err());
    }

    #[test]
    fn image_sizes_are_bounded() {
        assert_eq!(ImageSize::new(3, 2).unwrap().rgb_len(), 18);
        assert!(ImageSize::new(0, 84).is_err());
        assert!(ImageSize::new(84, ImageSize::MAX_SIDE + 1).is_err());
        assert!(serde_json::from_str::<ImageSize>(r#"{"width":84,"height":0}"#).is_err());
        assert_eq!(
            serde_json::to_string(&ImageSize::DEFAULT).unwrap(),
            r#"{"width":84,"height":84}"#
        );
    }

    #[test]
    fn big_counts_are_strings_of_digits() {
        let all = BigCount(u128::MAX);
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<BigCount>(&json).unwrap(), all);
        for bad in [
            "\"\"",
            "\"+1\"",
            "\"-1\"",
            "\"1.0\"",
            "1",
            "\"340282366920938463463374607431768211456\"",
        ] {
            assert!(serde_json::from_str::<BigCount>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quaternion_orders_convert_both_ways() {
        let state = QuatWxyz([1.0, 2.0, 3.0, 4.0]);
        assert_eq!(QuatXyzw::from(state), QuatXyzw([2.0, 3.0, 4.0, 1.0]));
        assert_eq!(QuatWxyz::from(QuatXyzw::from(state)), state);
    }
}
