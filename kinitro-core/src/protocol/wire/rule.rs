//! The rules that an answer can break.

use std::fmt;

use crate::names;

/// A rule of the protocol that an answer breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnswerRule {
    /// The body exceeds [`MAX_ANSWER_LEN`](super::limits::MAX_ANSWER_LEN).
    TooLong,
    /// The body is no JSON or msgpack document, or more than one.
    Malformed,
    /// Lists and maps nest deeper than [`MAX_DEPTH`](super::limits::MAX_DEPTH).
    TooDeep,
    /// There are more than [`MAX_VALUES`](super::limits::MAX_VALUES) values.
    TooManyValues,
    /// A map has a key twice.
    DuplicateKey,
    /// A number is NaN or infinite; in JSON, which has no such numbers, the names `NaN`, `Infinity` and `-Infinity`.
    NotFinite,
    /// A required field is absent or null.
    Missing,
    /// A value is of another type than its field.
    Type,
    /// A list or text has the wrong number of elements.
    Length,
    /// An action names a channel that the robot does not have.
    UnknownChannel,
    /// A value of the right type is not among the accepted ones.
    Value,
    /// More further actions than were announced.
    Chunk,
    /// The body reports an error instead of answering.
    Reported,
}

impl AnswerRule {
    const TEXTS: [(Self, &'static str); 13] = [
        (Self::TooLong, "longer than 65536 bytes"),
        (Self::Malformed, "not well formed"),
        (Self::TooDeep, "nested deeper than 8 levels"),
        (Self::TooManyValues, "more than 4096 values"),
        (Self::DuplicateKey, "a key occurs twice"),
        (Self::NotFinite, "not a finite number"),
        (Self::Missing, "a required field is missing"),
        (Self::Type, "of the wrong type"),
        (Self::Length, "of the wrong length"),
        (Self::UnknownChannel, "not a channel of this robot"),
        (Self::Value, "not an accepted value"),
        (Self::Chunk, "more further actions than announced"),
        (Self::Reported, "the server reports an error"),
    ];
}

impl fmt::Display for AnswerRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(names::name(&Self::TEXTS, self))
    }
}
