//! Says what is being done, and how far it is.
//!
//! On a terminal that is one line, which is drawn over: first what is done, then how far it is, cut
//! to the width. Elsewhere, as in the log of a server that builds, it is a line now and then, and
//! none where the work is done before anybody wonders.
//!
//! Proof: `tests/terminal.rs::on_a_terminal_of_80_columns_one_sees_what_is_done`,
//! `tests/terminal.rs::a_long_step_is_cut_to_the_width`,
//! `src/log.rs::what_takes_long_is_told_and_then_now_and_then`

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::Voice;
use crate::log::Log;
use crate::numbers::Unit;

/// Which part of the progress people want to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Nothing.
    Nothing,
    /// A line that is drawn over on terminals; elsewhere one now and then.
    Progress,
    /// A line for each step, also on terminals: what other programs say comes between them.
    Steps,
}

/// What is being done, on standard error.
#[derive(Debug)]
pub struct Line {
    bar: ProgressBar,
    /// Whether it stands on a terminal.
    draws: bool,
    log: Option<Log>,
}

/// The bar that stands on the terminal: whoever writes there has to lift it.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

impl Line {
    /// A line that says nothing yet.
    #[must_use]
    pub fn new(voice: Voice, show: Show) -> Self {
        let draws = show == Show::Progress && std::io::stderr().is_terminal();
        let target =
            if draws { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if draws {
            *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
            bar.set_style(style("{spinner}"));
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        let log = match show {
            Show::Nothing => None,
            Show::Progress if draws => None,
            Show::Progress => Some(Log::now_and_then(voice)),
            Show::Steps => Some(Log::of_each_step(voice)),
        };
        Self { bar, draws, log }
    }

    /// Says what is being done from now on; nobody knows how much of it there is.
    pub fn say(&self, what: &str) {
        // The width is for the words; how long it has taken stands at the edge.
        self.stage(what, "{spinner} {wide_msg} {elapsed}", None, Unit::Things);
        self.bar.set_message(what.to_owned());
    }

    /// Says what is being done from now on, as it is counted: "files found".
    pub fn count(&self, what: &str) {
        self.stage(what, "{spinner} {prefix}: {human_pos} {wide_msg}", None, Unit::Things);
    }

    /// Says what is being done from now on, of which there is so much.
    pub fn measure(&self, what: &str, all: u64, unit: Unit) {
        let template = match unit {
            Unit::Things => "{spinner} {prefix} {bar:16} {human_pos} of {human_len} {wide_msg}",
            Unit::Bytes => {
                "{spinner} {prefix} {bar:16} {bytes} of {total_bytes}, {bytes_per_sec} {wide_msg}"
            }
        };
        self.stage(what, template, Some(all), unit);
    }

    fn stage(&self, what: &str, template: &str, all: Option<u64>, unit: Unit) {
        self.bar.reset();
        if let Some(all) = all {
            self.bar.set_length(all);
        }
        self.bar.set_style(style(template));
        self.bar.set_prefix(what.to_owned());
        self.bar.set_message("");
        if let Some(log) = &self.log {
            log.step(what, all, unit);
        }
    }

    /// So much more is done.
    pub fn add(&self, more: u64) {
        self.bar.inc(more);
        if let Some(log) = &self.log {
            log.add(more);
        }
    }

    /// What stands behind the numbers: the address that is waited for.
    pub fn detail(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Takes the line away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
        if let Some(log) = &self.log {
            log.rest();
        }
    }
}

impl Drop for Line {
    /// An error that is said next begins at the edge.
    fn drop(&mut self) {
        self.clear();
        if self.draws {
            *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// Does something while no line stands on the terminal.
pub(crate) fn lifted(work: impl FnOnce()) {
    let drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match drawn {
        Some(bar) if !bar.is_finished() => bar.suspend(work),
        _ => work(),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are ours and right")
}
