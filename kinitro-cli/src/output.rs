//! The only printer.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde::Serialize;

use crate::error::{CliError, Kind};

/// Standard output and error of a command.
#[derive(Debug)]
pub struct Output {
    json: bool,
    color: bool,
}

impl Output {
    /// With `json`, results are one JSON object each. Color is used on a terminal, unless `NO_COLOR` is set.
    pub fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            json,
            color: wanted && !json && io::stdout().is_terminal(),
        }
    }

    /// Whether results are printed as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether text may be colored.
    pub fn has_color(&self) -> bool {
        self.color
    }

    /// Prints a result, as text or as one line of JSON.
    ///
    /// # Errors
    /// [`Kind::ClosedOutput`] if the reader has gone, [`Kind::Failed`] if writing fails otherwise.
    pub fn print<T: Serialize + Display>(&mut self, result: &T) -> Result<(), CliError> {
        if self.json {
            let line = serde_json::to_string(result).map_err(CliError::failed)?;
            self.text(&line)
        } else {
            self.text(&result.to_string())
        }
    }

    /// Prints text as it is, with a line break at its end.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn text(&mut self, text: &str) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        let ending = if text.ends_with('\n') { "" } else { "\n" };
        write!(stdout, "{text}{ending}")
            .and_then(|()| stdout.flush())
            .map_err(|cause| match cause.kind() {
                io::ErrorKind::BrokenPipe => CliError::new(Kind::ClosedOutput, cause),
                _ => CliError::failed(
                    anyhow::Error::new(cause).context("cannot write to standard output"),
                ),
            })
    }

    /// Tells the user something beside the result, on standard error.
    pub fn note(&mut self, text: impl Display) {
        // Nobody is left to tell if this fails.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Reports why a command failed; returns what the process exits with.
    pub fn fail(&mut self, error: &CliError) -> ExitCode {
        if !error.kind().is_silent() {
            self.note(error);
        }
        ExitCode::from(error.exit_code())
    }
}
