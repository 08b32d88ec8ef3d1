//! What a command fails with: a chain of causes, an exit code, and a hint.

use std::fmt;

/// Why a command failed.
#[derive(Debug)]
pub struct CliError {
    kind: Kind,
    cause: anyhow::Error,
    hint: Option<String>,
}

/// The kinds of failure; their numbers are the exit codes. Most commands that are stopped by Ctrl-C or SIGTERM end by that
/// signal, which shells report as 130 and 143; those that have something to bring to an end first exit with that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whoever reads the output has gone: nothing to report.
    ClosedOutput = 0,
    /// The operation failed.
    Failed = 1,
    /// The arguments make no sense.
    Usage = 2,
    /// What was named does not exist.
    NotFound = 3,
    /// Something that the command needs is missing or cannot be reached.
    MissingDependency = 4,
    /// Ended by Ctrl-C, as it should.
    Interrupted = 130,
    /// Ended by SIGTERM, as it should.
    Terminated = 143,
}

impl Kind {
    /// Whether there is nothing to report.
    pub(crate) const fn is_silent(self) -> bool {
        matches!(
            self,
            Self::ClosedOutput | Self::Interrupted | Self::Terminated
        )
    }
}

impl CliError {
    /// An error of some kind.
    pub fn new(kind: Kind, cause: impl Into<anyhow::Error>) -> Self {
        Self {
            kind,
            cause: cause.into(),
            hint: None,
        }
    }

    /// The operation failed.
    pub fn failed(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(Kind::Failed, cause)
    }

    /// The arguments make no sense.
    pub fn usage(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(Kind::Usage, cause)
    }

    /// What was named does not exist.
    pub fn not_found(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(Kind::NotFound, cause)
    }

    /// Something that is needed is missing.
    pub fn missing(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(Kind::MissingDependency, cause)
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        self.kind as u8
    }
}

impl fmt::Display for CliError {
    /// `error:`, the causes, `hint:`; a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.cause)?;
        for cause in self.cause.chain().skip(1) {
            write!(f, "\n  caused by: {cause}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<anyhow::Error> for CliError {
    fn from(cause: anyhow::Error) -> Self {
        Self::failed(cause)
    }
}

impl From<kinitro_sim::Error> for CliError {
    fn from(cause: kinitro_sim::Error) -> Self {
        use kinitro_sim::Error;
        let kind = match &cause {
            Error::AssetMissing { .. }
            | Error::AssetMismatch { .. }
            | Error::AssetUnreadable { .. }
            | Error::LibmUnsupported { .. }
            | Error::GlUnavailable { .. } => Kind::MissingDependency,
            Error::UnknownGlDevice { .. } => Kind::NotFound,
            _ => Kind::Failed,
        };
        Self::new(kind, cause)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn an_error_prints_its_causes_and_the_hint() {
        let cause = std::fs::read("/nonexistent/file").context("cannot read the table");
        let error = CliError::not_found(cause.unwrap_err()).with_hint("look elsewhere");
        assert_eq!(
            error.to_string(),
            "error: cannot read the table\n  caused by: No such file or directory (os error 2)\nhint: look elsewhere"
        );
        assert_eq!(error.exit_code(), 3);
    }
}
