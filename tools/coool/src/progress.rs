//! Shows on a terminal what is being waited for, and listens for Ctrl-C.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::messages::VOICE;
use crate::remote::Watch;
use crate::verdict::Verdict;

/// One line on standard error, where that is a terminal.
pub(crate) struct Bar {
    line: ProgressBar,
    stop: Arc<AtomicBool>,
    /// Whether each step is told in a line of its own.
    debug: bool,
}

impl Bar {
    pub(crate) fn new(quiet: bool, debug: bool) -> Self {
        let hidden = quiet || debug;
        let target =
            if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let line = ProgressBar::with_draw_target(None, target);
        line.set_style(style("{spinner} {human_pos} of {human_len} documents read"));
        if !line.is_hidden() {
            line.enable_steady_tick(Duration::from_millis(100));
        }
        Self { line, stop: Arc::default(), debug }
    }

    /// From now on the first Ctrl-C ends the work with what is known so far, a second one at once.
    pub(crate) fn stop_on_signals(&self) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&self.stop))?;
            signal_hook::flag::register(signal, Arc::clone(&self.stop))?;
        }
        Ok(())
    }

    pub(crate) fn to_read(&self, documents: usize) {
        self.line.set_length(documents as u64);
    }

    pub(crate) fn read(&self, document: &Path) {
        self.line.inc(1);
        self.tell(|| format!("read {}", names::shown(document)));
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn clear(&self) {
        self.line.finish_and_clear();
    }

    fn tell(&self, words: impl FnOnce() -> String) {
        if self.debug {
            VOICE.note(&words());
        }
    }
}

impl Watch for Bar {
    fn to_ask(&self, addresses: usize) {
        self.line.reset();
        self.line.set_length(addresses as u64);
        self.line.set_style(style("{bar:30} {human_pos} of {human_len} addresses {msg}"));
    }

    fn asked(&self, url: &str) {
        self.line.set_message(names::shown_text(url));
        self.tell(|| format!("asking {}", names::shown_text(url)));
    }

    fn answered(&self, url: &str, verdict: Verdict) {
        self.line.inc(1);
        self.tell(|| format!("{verdict}: {}", names::shown_text(url)));
    }

    fn waiting(&self, host: &str, time: Duration) {
        let words = format!("{host} asks to wait {} s", time.as_secs());
        self.line.set_message(words.clone());
        self.tell(|| words);
    }

    fn stop(&self) -> bool {
        self.stopped()
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are ours and right")
}
