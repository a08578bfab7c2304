//! Shows on a terminal what is being done.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};

/// One line on standard error, where that is a terminal.
#[derive(Debug)]
pub struct Line(ProgressBar);

impl Line {
    /// A line that says nothing yet; a quiet one never does.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        let target =
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let line = ProgressBar::with_draw_target(None, target);
        if !line.is_hidden() {
            line.enable_steady_tick(Duration::from_millis(100));
        }
        Self(line)
    }

    /// Says what is being done from now on.
    pub fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    /// Takes the line away.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}
