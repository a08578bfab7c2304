//! Shows on a terminal how far the work is, and listens for Ctrl-C.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use duplicates::progress::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};

/// One line on standard error, where that is a terminal.
pub(crate) struct Bar {
    line: ProgressBar,
    stop: Arc<AtomicBool>,
}

impl Bar {
    pub(crate) fn new(quiet: bool) -> Self {
        let target =
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let line = ProgressBar::with_draw_target(None, target);
        line.set_style(style("{spinner} {human_pos} files found"));
        if !line.is_hidden() {
            line.enable_steady_tick(Duration::from_millis(100));
        }
        Self { line, stop: Arc::default() }
    }

    /// From now on the first Ctrl-C ends the work after the step at hand, a second one at once.
    pub(crate) fn stop_on_signals(&self) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&self.stop))?;
            signal_hook::flag::register(signal, Arc::clone(&self.stop))?;
        }
        Ok(())
    }

    pub(crate) fn clear(&self) {
        self.line.finish_and_clear();
    }

    fn stage(&self, template: &str, length: u64) {
        self.line.reset();
        self.line.set_length(length);
        self.line.set_style(style(template));
    }
}

impl Progress for Bar {
    fn found(&self, files: u64) {
        self.line.inc(files);
    }

    fn to_read(&self, bytes: u64) {
        self.stage("{bar:30} {bytes} of {total_bytes} compared, {bytes_per_sec}", bytes);
    }

    fn read(&self, bytes: u64) {
        self.line.inc(bytes);
    }

    fn to_replace(&self, names: u64) {
        self.stage("{bar:30} {human_pos} of {human_len} replaced", names);
    }

    fn replaced(&self, names: u64) {
        self.line.inc(names);
    }

    fn waiting(&self) {
        crate::messages::VOICE
            .note("another clink is changing this file system: waiting until it has finished");
    }

    fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are ours and right")
}
