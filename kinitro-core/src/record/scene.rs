//! Every number that was drawn for one episode, by name.
//!
//! # Canonical bytes
//! Fields in the byte order of `group.name`; for each field
//!
//! ```text
//! u32le(length of "group.name") ‖ "group.name" ‖ u32le(count) ‖ count × f64 little-endian
//! ```
//!
//! A single number has count 1. The digest is SHA-256("kinitro/scene/1" ‖ canonical bytes); the JSON form is only a view, though an exact one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, kind};
use crate::error::{Error, quote};

/// Digest of a [`SceneRecord`].
pub type SceneDigest = Digest<kind::Scene>;

/// What kind of thing a drawn value decides. Declared in the order of the names, which is the order in the digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SceneGroup {
    /// Objects that have nothing to do with the task.
    Distractor,
    /// Scales of friction, damping, mass, gain.
    Physics,
    /// Noise on the robot's first pose.
    Reset,
    /// Placement and goal.
    Scene,
    /// Noise on what is measured.
    Sensor,
    /// Lights, colors, camera poses.
    Visual,
}

impl SceneGroup {
    /// The name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Distractor => "distractor",
            Self::Physics => "physics",
            Self::Reset => "reset",
            Self::Scene => "scene",
            Self::Sensor => "sensor",
            Self::Visual => "visual",
        }
    }
}

/// The drawn values of one episode; what was not drawn is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "RawScene", into = "RawScene")]
pub struct SceneRecord {
    fields: BTreeMap<(SceneGroup, String), Vec<f64>>,
}

impl SceneRecord {
    /// Longest name of a value, in bytes.
    pub const MAX_NAME_LEN: usize = 64;
    /// Most numbers in one value.
    pub const MAX_NUMBERS: usize = 16;
    /// Most values in one record.
    pub const MAX_FIELDS: usize = 1024;

    /// A record of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records a value: one number, or up to [`Self::MAX_NUMBERS`] that belong together.
    ///
    /// Names are `[a-z][a-z0-9_]*`, at most [`Self::MAX_NAME_LEN`] bytes. The order of insertion leaves no trace.
    ///
    /// # Errors
    /// A malformed name, a name recorded before, no or too many numbers, a number that is not finite, or too many values.
    pub fn insert(&mut self, group: SceneGroup, name: &str, numbers: &[f64]) -> Result<(), Error> {
        if let Some(reason) = name_fault(name) {
            return Err(Error::Grammar {
                what: "scene value name",
                text: quote(name),
                reason,
            });
        }
        let qualified = || format!("{}.{name}", group.as_str());
        if numbers.is_empty() {
            return Err(Error::Inconsistent {
                document: "scene record",
                reason: format!("`{}` is empty", qualified()),
            });
        }
        if numbers.len() > Self::MAX_NUMBERS {
            return Err(Error::TooLarge {
                what: "scene value",
                unit: "numbers",
                limit: Self::MAX_NUMBERS,
            });
        }
        if let Some(value) = numbers.iter().copied().find(|number| !number.is_finite()) {
            return Err(Error::OutOfRange {
                what: qualified(),
                value,
                expected: "a finite number",
            });
        }
        if self.fields.len() == Self::MAX_FIELDS {
            return Err(Error::TooLarge {
                what: "scene record",
                unit: "values",
                limit: Self::MAX_FIELDS,
            });
        }
        if self.get(group, name).is_some() {
            return Err(Error::Duplicate {
                what: "scene value",
                name: qualified(),
            });
        }
        self.fields
            .insert((group, name.to_owned()), numbers.to_vec());
        Ok(())
    }

    /// The numbers of a value, if it was drawn.
    pub fn get(&self, group: SceneGroup, name: &str) -> Option<&[f64]> {
        self.fields
            .get(&(group, name.to_owned()))
            .map(Vec::as_slice)
    }

    /// All values in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (SceneGroup, &str, &[f64])> {
        self.fields
            .iter()
            .map(|((group, name), numbers)| (*group, name.as_str(), numbers.as_slice()))
    }

    /// The bytes that the digest covers; see the module's page.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (group, name, numbers) in self.iter() {
            let qualified = format!("{}.{name}", group.as_str());
            bytes.extend(count_bytes(qualified.len()));
            bytes.extend(qualified.as_bytes());
            bytes.extend(count_bytes(numbers.len()));
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
        bytes
    }

    /// SHA-256("kinitro/scene/1" ‖ canonical bytes).
    pub fn digest(&self) -> SceneDigest {
        SceneDigest::of(&[b"kinitro/scene/1", &self.canonical_bytes()])
    }
}

/// The JSON view: group → name → number or list of numbers.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct RawScene(BTreeMap<SceneGroup, BTreeMap<String, RawValue>>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum RawValue {
    Number(f64),
    Numbers(Vec<f64>),
}

impl From<SceneRecord> for RawScene {
    fn from(record: SceneRecord) -> Self {
        let mut raw = BTreeMap::<SceneGroup, BTreeMap<String, RawValue>>::new();
        for ((group, name), numbers) in record.fields {
            let value = match numbers[..] {
                [number] => RawValue::Number(number),
                _ => RawValue::Numbers(numbers),
            };
            raw.entry(group).or_default().insert(name, value);
        }
        Self(raw)
    }
}

impl TryFrom<RawScene> for SceneRecord {
    type Error = Error;

    fn try_from(RawScene(raw): RawScene) -> Result<Self, Error> {
        let mut record = Self::new();
        for (group, values) in raw {
            for (name, value) in values {
                match value {
                    RawValue::Number(number) => record.insert(group, &name, &[number])?,
                    RawValue::Numbers(numbers) => record.insert(group, &name, &numbers)?,
                }
            }
        }
        Ok(record)
    }
}

fn name_fault(name: &str) -> Option<&'static str> {
    if name.len() > SceneRecord::MAX_NAME_LEN {
        return Some("longer than 64 bytes");
    }
    let begins_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins_well
        || !name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Some("expected a lower-case letter, then lower-case letters, digits and `_`");
    }
    None
}

fn count_bytes(count: usize) -> [u8; 4] {
    u32::try_from(count)
        .expect("names and values are short")
        .to_le_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finite() -> impl Strategy<Value = f64> {
        any::<u64>()
            .prop_map(f64::from_bits)
            .prop_filter("finite", |number| number.is_finite())
    }

    fn fields() -> impl Strategy<Value = BTreeMap<(SceneGroup, String), Vec<f64>>> {
        let group = prop_oneof![
            Just(SceneGroup::Scene),
            Just(SceneGroup::Physics),
            Just(SceneGroup::Visual)
        ];
        prop::collection::btree_map(
            (group, "[a-z][a-z0-9_]{0,8}"),
            prop::collection::vec(finite(), 1..5),
            0..8,
        )
    }

    #[test]
    fn canonical_bytes_are_as_documented() {
        let mut record = SceneRecord::new();
        record
            .insert(SceneGroup::Scene, "goal", &[0.5, -0.0])
            .unwrap();
        record
            .insert(SceneGroup::Physics, "friction", &[1.25])
            .unwrap();
        let mut expected = Vec::new();
        expected.extend(16_u32.to_le_bytes());
        expected.extend(b"physics.friction");
        expected.extend(1_u32.to_le_bytes());
        expected.extend(1.25_f64.to_le_bytes());
        expected.extend(10_u32.to_le_bytes());
        expected.extend(b"scene.goal");
        expected.extend(2_u32.to_le_bytes());
        expected.extend(0.5_f64.to_le_bytes());
        expected.extend((-0.0_f64).to_le_bytes());
        assert_eq!(record.canonical_bytes(), expected);
        assert_eq!(
            record.digest(),
            SceneDigest::of(&[b"kinitro/scene/1", &expected])
        );
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(
            json,
            r#"{"physics":{"friction":1.25},"scene":{"goal":[0.5,-0.0]}}"#
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let mut record = SceneRecord::new();
        record.insert(SceneGroup::Scene, "goal", &[0.5]).unwrap();
        assert!(record.insert(SceneGroup::Scene, "goal", &[0.5]).is_err());
        assert!(record.insert(SceneGroup::Scene, "Goal", &[0.5]).is_err());
        assert!(record.insert(SceneGroup::Scene, "", &[0.5]).is_err());
        assert!(record.insert(SceneGroup::Scene, "empty", &[]).is_err());
        assert!(
            record
                .insert(SceneGroup::Scene, "nan", &[f64::NAN])
                .is_err()
        );
        assert!(
            record
                .insert(
                    SceneGroup::Scene,
                    "long",
                    &[0.0; SceneRecord::MAX_NUMBERS + 1]
                )
                .is_err()
        );
        assert_eq!(record.iter().count(), 1);
        assert!(serde_json::from_str::<SceneRecord>(r#"{"weather":{"rain":1.0}}"#).is_err());
    }

    proptest! {
        #[test]
        fn digest_does_not_depend_on_the_order_of_insertion(fields in fields(), key: [u8; 32]) {
            let record_of = |fields: &[(&(SceneGroup, String), &Vec<f64>)]| {
                let mut record = SceneRecord::new();
                for ((group, name), numbers) in fields {
                    record.insert(*group, name, numbers).unwrap();
                }
                record
            };
            let mut order: Vec<_> = fields.iter().collect();
            let sorted = record_of(&order);
            crate::seed::Draws::from_key(key, 0).shuffle(&mut order);
            prop_assert_eq!(record_of(&order).digest(), sorted.digest());
        }

        #[test]
        fn json_keeps_every_bit(fields in fields()) {
            let mut record = SceneRecord::new();
            for ((group, name), numbers) in &fields {
                record.insert(*group, name, numbers).unwrap();
            }
            let read: SceneRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
            prop_assert_eq!(read.canonical_bytes(), record.canonical_bytes());
        }
    }
}
