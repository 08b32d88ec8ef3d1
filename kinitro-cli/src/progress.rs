//! How far a command is: a bar on terminals, a line now and then elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// Elsewhere than on a terminal, a line is printed at each of so many parts of the whole.
const LINES: usize = 10;

/// Progress of a command, on standard error.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    total: usize,
    bar: Option<ProgressBar>,
    lines: usize,
}

impl Progress {
    /// Progress over `total` items, called `what` in the plural.
    pub fn new(what: &'static str, total: usize) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let template = "{bar:32} {pos}/{len} {msg}  {elapsed} (about {eta} left)";
            let style =
                ProgressStyle::with_template(template).expect("the template is well formed");
            let bar = ProgressBar::new(total as u64)
                .with_style(style)
                .with_message(what);
            bar.enable_steady_tick(Duration::from_secs(1));
            bar
        });
        Self {
            what,
            total,
            bar,
            lines: 0,
        }
    }

    /// So many are done.
    pub fn done(&mut self, done: usize, output: &mut Output) {
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
            return;
        }
        let lines = done * LINES / self.total.max(1);
        if lines > self.lines {
            self.lines = lines;
            output.note(format_args!("{done} of {} {}", self.total, self.what));
        }
    }
}

impl Drop for Progress {
    /// Takes the bar away, so that what is printed next stands alone.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
