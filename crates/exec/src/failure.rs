//! What is said of a program that did not do what it should.

use std::fmt;
use std::io::{self, ErrorKind};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Error, anyhow};
use names::shown_text;

use crate::{Program, find};

/// It ended, and not well.
pub(crate) fn ended(line: &str, status: ExitStatus, said: &str) -> Error {
    anyhow!("`{line}` failed, {status}{said}")
}

/// It was ended.
pub(crate) fn late(line: &str, limit: Duration) -> Error {
    anyhow!("`{line}` took longer than {} and was ended", in_words(limit))
}

/// Somebody wanted the work to stop, and the program was ended.
#[derive(Debug)]
pub struct Stopped {
    pub(crate) line: String,
}

impl std::error::Error for Stopped {}

impl fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` was stopped", self.line)
    }
}

/// It could not be started.
pub(crate) fn not_started(program: &Program, error: io::Error) -> Error {
    let name = program.command.get_program();
    let attempted = format!("cannot run `{}`", shown_text(&name.to_string_lossy()));
    // The system says "not found" of a directory to work in and of a script's interpreter, too.
    if error.kind() != ErrorKind::NotFound || find(name).is_some() {
        return Error::from(error).context(attempted);
    }
    let error = anyhow!("no such program is installed");
    match &program.hint {
        Some(hint) => error.context(ui::hinted(&attempted, hint.clone())),
        None => error.context(attempted),
    }
}

fn in_words(limit: Duration) -> String {
    match (limit.as_secs(), limit.subsec_millis()) {
        (0, milliseconds) => format!("{milliseconds} ms"),
        (seconds, _) if seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        (seconds, _) if seconds % 60 == 0 => format!("{} min", seconds / 60),
        (seconds, _) => format!("{seconds} s"),
    }
}
