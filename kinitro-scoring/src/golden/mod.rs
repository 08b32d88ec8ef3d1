//! Checks of this crate against recorded cases of the scoring rules.
//!
//! Two formats, told apart by the field `schema` of the gzipped JSON object:
//! `kinitro-scoring-reference/1` for the compatible rules and `standing_pareto/1` for the default rule.
//! Parsing is strict: unknown or missing fields are errors.

mod reference;
mod standing;

use std::fmt;
use std::io::Read as _;

use serde::Deserialize;

/// Decompressed files beyond this size are refused.
const MAX_BYTES: u64 = 1 << 30;

/// Result of checking one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Format of the file.
    pub schema: String,
    /// Cases that were checked, the one with the mismatch included.
    pub cases: usize,
    /// Values that were compared and agreed.
    pub values: usize,
    /// The first difference, if there is one.
    pub mismatch: Option<Mismatch>,
}

/// The first difference between a file and this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Id of the case.
    pub case: u64,
    /// Kind of the case.
    pub kind: String,
    /// Path of the field.
    pub field: String,
    /// Expected and found.
    pub detail: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            case,
            kind,
            field,
            detail,
        } = self;
        write!(f, "case {case} ({kind}), {field}: {detail}")
    }
}

/// Why a file could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// Not gzip, or more than 1 GiB.
    #[error("cannot decompress the cases")]
    Decompress(#[source] std::io::Error),
    /// Not the JSON that the schema promises.
    #[error("cannot parse the cases")]
    Parse(#[source] serde_json::Error),
    /// Neither of the two formats.
    #[error("unknown schema `{schema}`")]
    UnknownSchema {
        /// What the file says.
        schema: String,
    },
    /// A case that is not a valid table.
    #[error("case `{case}` cannot be scored")]
    Score {
        /// Id of the case.
        case: u64,
        /// Why.
        #[source]
        source: crate::Error,
    },
}

/// Checks all cases of a gzipped file up to the first mismatch.
///
/// # Errors
/// [`GoldenError`] when the bytes are not a valid file of either format.
pub fn check_gz(bytes: &[u8]) -> Result<Report, GoldenError> {
    let mut text = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(bytes).take(MAX_BYTES);
    reader
        .read_to_end(&mut text)
        .map_err(GoldenError::Decompress)?;
    check_json(&text)
}

/// Checks all cases of a decompressed file up to the first mismatch.
///
/// # Errors
/// [`GoldenError`] when the text is not a valid file of either format.
pub fn check_json(text: &[u8]) -> Result<Report, GoldenError> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let head: Head = serde_json::from_slice(text).map_err(GoldenError::Parse)?;
    match head.schema.as_str() {
        reference::SCHEMA => reference::check(text),
        standing::SCHEMA => standing::check(text),
        _ => Err(GoldenError::UnknownSchema {
            schema: head.schema,
        }),
    }
}

/// Compares the values of one case; stops at the first difference.
#[derive(Debug, Default)]
struct Comparison {
    values: usize,
}

/// A field that differs, and how.
struct Difference {
    field: String,
    detail: String,
}

impl Comparison {
    fn equal<T: PartialEq + fmt::Debug>(
        &mut self,
        field: impl fmt::Display,
        expected: &T,
        found: &T,
    ) -> Result<(), Difference> {
        self.check(field, expected == found, || {
            format!("expected {expected:?}, found {found:?}")
        })
    }

    /// Numbers within `tolerance`; NaN agrees with NaN, an infinity with itself.
    fn close(
        &mut self,
        field: impl fmt::Display,
        expected: f64,
        found: f64,
        tolerance: f64,
    ) -> Result<(), Difference> {
        let agrees = expected == found
            || (expected - found).abs() <= tolerance
            || (expected.is_nan() && found.is_nan());
        self.check(field, agrees, || {
            format!("expected {expected:?}, found {found:?}")
        })
    }

    fn check(
        &mut self,
        field: impl fmt::Display,
        agrees: bool,
        detail: impl FnOnce() -> String,
    ) -> Result<(), Difference> {
        if agrees {
            self.values += 1;
            return Ok(());
        }
        Err(Difference {
            field: field.to_string(),
            detail: detail(),
        })
    }
}
