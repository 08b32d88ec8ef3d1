//! The one error type of the crate.

use crate::ids::EnvId;
use crate::protocol::wire::AnswerRule;

/// Why a value was refused.
///
/// Values that came from outside are quoted shortened to [`QUOTE_LIMIT`] characters, so that a hostile input cannot flood a log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text breaks the grammar of what it should name.
    #[error("invalid {what} `{text}`: {reason}")]
    Grammar {
        /// What the text should have been, for example `environment id`.
        what: &'static str,
        /// The refused text, shortened.
        text: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// A text should be one of a fixed list of names.
    #[error("unknown {what} `{text}`; known: {known}")]
    UnknownName {
        /// What the text should have named, for example `camera`.
        what: &'static str,
        /// The refused text, shortened.
        text: String,
        /// Every accepted name, separated by commas.
        known: String,
    },
    /// Environments are well formed, but not among those that exist here.
    #[error("not available: {}; asked for by `{requested_by}`", join_ids(missing))]
    UnavailableEnvs {
        /// Every missing environment, in the order asked for.
        missing: Vec<EnvId>,
        /// The selection as the user wrote it.
        requested_by: String,
    },
    /// A number is not finite or lies outside its range.
    #[error("{what} is `{value}`, expected {expected}")]
    OutOfRange {
        /// The quantity, with its index or path where it has one.
        what: String,
        /// The refused value.
        value: f64,
        /// The accepted range.
        expected: &'static str,
    },
    /// A sequence has the wrong number of elements.
    #[error("{what} has {found} {unit}, expected {expected}")]
    Length {
        /// The sequence.
        what: &'static str,
        /// What is counted, for example `bytes`.
        unit: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// An input exceeds its size limit.
    #[error("{what} exceeds the limit of {limit} {unit}")]
    TooLarge {
        /// The input.
        what: &'static str,
        /// What is counted, for example `bytes`.
        unit: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A name occurs twice where it must be unique.
    #[error("{what} `{name}` occurs twice")]
    Duplicate {
        /// What kind of name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Two parts of one document contradict each other.
    #[error("inconsistent {document}: {reason}")]
    Inconsistent {
        /// The document.
        document: &'static str,
        /// The contradiction.
        reason: String,
    },
    /// A document is of a format or version that this build does not read.
    #[error("unsupported format `{found}`, expected `{expected}`")]
    UnsupportedFormat {
        /// The format it claims, shortened.
        found: String,
        /// The format that is read.
        expected: &'static str,
    },
    /// A transcript ends before its header line does.
    #[error("transcript ends inside its header line")]
    TruncatedHeader,
    /// The bytes after a transcript's header are not whole frames.
    #[error("transcript ends with {trailing} bytes of a frame, a frame has {frame_len}")]
    PartialFrame {
        /// Bytes after the last whole frame.
        trailing: usize,
        /// Bytes of one frame.
        frame_len: usize,
    },
    /// The steps of a transcript are not numbered 0, 1, 2, ….
    #[error("frame {index} of the transcript is numbered {step}")]
    StepOrder {
        /// Position of the frame in the file.
        index: usize,
        /// The step number that it carries.
        step: u16,
    },
    /// A transcript frame sets flag bits that have no meaning.
    #[error("frame {index} of the transcript has unknown flag bits `{flags:#06x}`")]
    UnknownFlags {
        /// Position of the frame in the file.
        index: usize,
        /// All flag bits of the frame.
        flags: u16,
    },
    /// A transcript frame holds an action that was never applied.
    #[error("frame {index} of the transcript holds no action")]
    FrameAction {
        /// Position of the frame in the file.
        index: usize,
        /// Which number is wrong, and how.
        #[source]
        source: Box<Error>,
    },
    /// A JSON document does not parse or does not have the expected shape.
    #[error("cannot read {document}")]
    Json {
        /// The document.
        document: &'static str,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// A msgpack document does not parse or does not have the expected shape.
    #[error("cannot read {document}")]
    Msgpack {
        /// The document.
        document: &'static str,
        /// Where and why.
        #[source]
        source: rmp_serde::decode::Error,
    },
    /// An answer of a policy's server breaks a rule of the protocol.
    #[error("{answer} refused: {rule}, at `{at}`: `{found}`")]
    Answer {
        /// The answer, for example `act answer`.
        answer: &'static str,
        /// The rule.
        rule: AnswerRule,
        /// Which part breaks it: a path of field names and indices, or a position in the body.
        at: String,
        /// What stands there, shortened and escaped.
        found: String,
    },
    /// Reading or writing failed.
    #[error("cannot {operation}")]
    Io {
        /// The operation, for example `write transcript`.
        operation: &'static str,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
}

/// Longest quotation of a refused text, in characters.
pub const QUOTE_LIMIT: usize = 80;

/// Shortens a refused text for an error message and escapes control characters.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted: String = text
        .chars()
        .take(QUOTE_LIMIT)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(QUOTE_LIMIT).is_some() {
        quoted.push('…');
    }
    quoted
}

fn join_ids(ids: &[EnvId]) -> String {
    ids.iter()
        .map(|id| format!("`{id}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_short_and_printable() {
        assert_eq!(quote("a\nb"), "a\\nb");
        let long = "é".repeat(QUOTE_LIMIT + 1);
        assert_eq!(quote(&long).chars().count(), QUOTE_LIMIT + 1);
        assert!(quote(&long).ends_with('…'));
    }
}
