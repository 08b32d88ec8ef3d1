//! The one error type of the crate.

use crate::ids::EnvId;
use crate::protocol::wire::AnswerRule;
use crate::protocol::wire::signed::RequestRule;
use crate::record::receipt::ReceiptRule;

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
    /// A request to a policy's server breaks a rule of signed requests.
    #[error("request refused: {rule}, at `{header}`: `{found}`")]
    Request {
        /// The rule.
        rule: RequestRule,
        /// The header that breaks it.
        header: &'static str,
        /// What stands there, shortened and escaped.
        found: String,
    },
    /// A receipt proves nothing about the episode that it was offered for.
    #[error("receipt refused: {rule}")]
    Receipt {
        /// What is wrong with it.
        rule: ReceiptRule,
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
/// Longest message of a parser, in characters. The longest regular one names every field of a transcript's header, in under 400.
const PARSER_LIMIT: usize = 500;

impl Error {
    /// A JSON document was refused. The parser's message may quote the document at any length and as it is: it is escaped and shortened.
    pub(crate) fn json(document: &'static str, source: serde_json::Error) -> Self {
        // Only what is wrong with a value or a field is told with its text.
        let source = if source.is_data() {
            let text = source.to_string();
            let place = format!(" at line {} column {}", source.line(), source.column());
            let reason = text.strip_suffix(&place).unwrap_or(&text);
            // Made from a text that ends with a place, the new error has that place.
            serde::de::Error::custom(printable(reason) + &place)
        } else {
            source
        };
        Self::Json { document, source }
    }

    /// A msgpack document was refused; the parser's message as in [`Error::json`].
    pub(crate) fn msgpack(document: &'static str, source: rmp_serde::decode::Error) -> Self {
        use rmp_serde::decode::Error as Source;

        let source = match source {
            Source::Syntax(reason) => Source::Syntax(printable(&reason)),
            other => other,
        };
        Self::Msgpack { document, source }
    }
}

/// A parser's message: quotation marks are its own, so they and backslashes stay.
fn printable(message: &str) -> String {
    let mut printable = String::new();
    for (position, c) in message.chars().enumerate() {
        if position == PARSER_LIMIT {
            printable.push('…');
            break;
        }
        match c {
            '"' | '\'' | '\\' => printable.push(c),
            _ => printable.extend(c.escape_debug()),
        }
    }
    printable
}

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
    fn parsers_messages_are_short_and_printable() {
        let message = |key: &str| {
            #[derive(Debug, serde::Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Document {}

            let text =
                serde_json::to_string(&std::collections::BTreeMap::from([(key, 0)])).unwrap();
            let json = serde_json::from_str::<Document>(&text).unwrap_err();
            let packed = rmp_serde::to_vec(&std::collections::BTreeMap::from([(key, 0)])).unwrap();
            let msgpack = rmp_serde::from_slice::<Document>(&packed).unwrap_err();
            [
                Error::json("document", json),
                Error::msgpack("document", msgpack),
            ]
            .map(|error| std::error::Error::source(&error).unwrap().to_string())
        };
        let [json, msgpack] = message("a\x1b[2J");
        assert_eq!(
            json,
            r"unknown field `a\u{1b}[2J`, there are no fields at line 1 column 13"
        );
        assert_eq!(msgpack, r"unknown field `a\u{1b}[2J`, there are no fields");
        for text in message(&"\u{10ffff}".repeat(5000)) {
            assert!(text.len() <= 10 * PARSER_LIMIT + 40);
        }
    }

    #[test]
    fn quotations_are_short_and_printable() {
        assert_eq!(quote("a\nb"), "a\\nb");
        let long = "é".repeat(QUOTE_LIMIT + 1);
        assert_eq!(quote(&long).chars().count(), QUOTE_LIMIT + 1);
        assert!(quote(&long).ends_with('…'));
    }
}
