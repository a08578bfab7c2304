//! Shows how far the work is, and listens for Ctrl-C.

use std::io;

use duplicates::progress::Progress;
use ui::numbers::Unit;
use ui::{Line, Show, Stop};

use crate::messages::VOICE;

/// What is shown while the work goes on.
pub(crate) struct Bar {
    line: Line,
    stop: Stop,
}

impl Bar {
    pub(crate) fn new(quiet: bool) -> Self {
        let line = Line::new(VOICE, if quiet { Show::Nothing } else { Show::Progress });
        let bar = Self { line, stop: Stop::default() };
        bar.looks();
        bar
    }

    /// From now on the first Ctrl-C ends the work after the step at hand, a second one at once.
    pub(crate) fn stop_on_signals(&self) -> io::Result<()> {
        self.stop.listen()
    }

    /// Whether somebody wants the work to end, for those who wait for others.
    pub(crate) fn to_stop(&self) -> &Stop {
        &self.stop
    }

    /// The files are looked at, perhaps once more.
    pub(crate) fn looks(&self) {
        self.line.count("files found");
    }

    /// A command of the user's runs, and takes as long as it takes.
    pub(crate) fn proves(&self) {
        self.line.say("running the command of the proof");
    }

    pub(crate) fn clear(&self) {
        self.line.clear();
    }
}

impl Progress for Bar {
    fn found(&self, files: u64) {
        self.line.add(files);
    }

    fn to_read(&self, bytes: u64) {
        self.line.measure("comparing", bytes, Unit::Bytes);
    }

    fn read(&self, bytes: u64) {
        self.line.add(bytes);
    }

    fn to_replace(&self, names: u64) {
        self.line.measure("replacing", names, Unit::Things);
    }

    fn replaced(&self, names: u64) {
        self.line.add(names);
    }

    fn waiting(&self) {
        VOICE.note("another clink is changing this file system: waiting until it has finished");
    }

    fn stop(&self) -> bool {
        self.stop.is_asked_for()
    }
}
