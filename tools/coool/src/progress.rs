//! Shows what is being waited for, and listens for Ctrl-C.

use std::io;
use std::path::Path;
use std::time::Duration;

use ui::numbers::Unit;
use ui::{Line, Show, Stop};

use crate::messages::VOICE;
use crate::remote::Watch;
use crate::verdict::Verdict;

/// What is shown while the work goes on.
pub(crate) struct Bar {
    line: Line,
    stop: Stop,
    /// Whether each step is told in a line of its own.
    debug: bool,
}

impl Bar {
    pub(crate) fn new(quiet: bool, debug: bool) -> Self {
        let show = if quiet || debug { Show::Nothing } else { Show::Progress };
        Self { line: Line::new(VOICE, show), stop: Stop::default(), debug }
    }

    /// From now on the first Ctrl-C ends the work with what is known so far, a second one at once.
    pub(crate) fn stop_on_signals(&self) -> io::Result<()> {
        self.stop.listen()
    }

    pub(crate) fn to_read(&self, documents: usize) {
        self.line.measure("reading documents", documents as u64, Unit::Things);
    }

    pub(crate) fn read(&self, document: &Path) {
        self.line.add(1);
        self.tell(|| format!("read {}", names::shown(document)));
    }

    pub(crate) fn to_draw(&self, pages: usize) {
        self.line.measure("drawing pages", pages as u64, Unit::Things);
    }

    pub(crate) fn drew(&self, document: &Path, number: u32) {
        self.line.add(1);
        self.tell(|| format!("drew page {number} of {}", names::shown(document)));
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.is_asked_for()
    }

    pub(crate) fn clear(&self) {
        self.line.clear();
    }

    fn tell(&self, words: impl FnOnce() -> String) {
        if self.debug {
            VOICE.note(&words());
        }
    }
}

impl Watch for Bar {
    fn to_ask(&self, addresses: usize) {
        self.line.measure("asking for addresses", addresses as u64, Unit::Things);
    }

    fn asked(&self, url: &str) {
        self.line.detail(&names::shown_text(url));
        self.tell(|| format!("asking {}", names::shown_text(url)));
    }

    fn answered(&self, url: &str, verdict: Verdict) {
        self.line.add(1);
        self.tell(|| format!("{verdict}: {}", names::shown_text(url)));
    }

    fn waiting(&self, host: &str, time: Duration) {
        let words = format!("{host} asks to wait {} s", time.as_secs());
        self.line.detail(&words);
        self.tell(|| words);
    }

    fn stop(&self) -> bool {
        self.stopped()
    }
}
