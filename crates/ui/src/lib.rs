//! What every tool says: on standard error while it works, as a document, and how it ends.
//!
//! An error says what was attempted, why it failed and what to do.

mod advice;
mod document;
mod format;
mod line;
mod log;
pub mod numbers;
mod stop;

pub use document::Document;
pub use format::Format;
pub use line::{Line, Show};
pub use stop::Stop;

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display};
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All was done.
    Done,
    /// A check found something.
    Found,
    /// Something could not be done; messages say what.
    Incomplete,
    /// Ctrl-C or another signal ended it early.
    Interrupted,
    /// A command that was run on behalf of the user ended with this exit code, and so do we.
    As(u8),
}

/// Speaks for a tool: its name stands before what it says.
#[derive(Debug, Clone, Copy)]
pub struct Voice {
    name: &'static str,
}

impl Voice {
    /// The voice of the tool with this name.
    #[must_use]
    pub const fn of(name: &'static str) -> Self {
        Self { name }
    }

    /// Turns the end of a run into the exit code, and says why where it is an error.
    #[must_use]
    pub fn finish(self, result: Result<Ended>) -> ExitCode {
        match result {
            Ok(Ended::Done) => ExitCode::SUCCESS,
            Ok(Ended::Found) => ExitCode::from(1),
            Ok(Ended::Incomplete) => ExitCode::from(2),
            Ok(Ended::Interrupted) => ExitCode::from(130),
            Ok(Ended::As(code)) => ExitCode::from(code),
            Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
            Err(error) => {
                self.error(&error);
                ExitCode::from(2)
            }
        }
    }

    /// Says an error with its causes and its hint.
    pub fn error(self, error: &anyhow::Error) {
        let because = error.chain().skip(1).map(ToString::to_string);
        let hint = error.downcast_ref::<Hinted>().map(|hinted| &*hinted.hint);
        self.problem(&error.to_string(), because, hint.or_else(|| advice::for_system(error)));
    }

    /// Says what was attempted, why it failed and what to do.
    pub fn problem(
        self,
        what: &str,
        because: impl IntoIterator<Item = String>,
        hint: Option<&str>,
    ) {
        let what = format!("{}: {what}\n", self.name);
        let because = because.into_iter().map(|reason| format!("  because: {}\n", plain(&reason)));
        let hint = hint.map(|hint| format!("  hint: {hint}\n"));
        say(&std::iter::once(what).chain(because).chain(hint).collect::<String>());
    }

    /// Says something that the user should know and that is no error.
    pub fn note(self, text: &str) {
        say(&format!("{}: {text}\n", self.name));
    }
}

/// The system's words as ours are: in lower case, and without the number, which tells nobody more.
fn plain(reason: &str) -> Cow<'_, str> {
    let Some((words, _)) = reason.split_once(" (os error ").filter(|(_, end)| end.ends_with(')'))
    else {
        return reason.into();
    };
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect::<String>().into()
}

/// Who reads our output may have seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn say(text: &str) {
    line::lifted(|| {
        // Where nobody can be told, the work goes on and the exit code tells.
        let _ = std::io::stderr().write_all(text.as_bytes());
    });
}

/// An error with advice.
#[derive(Debug)]
pub struct Hinted {
    what: String,
    hint: Cow<'static, str>,
}

/// What was attempted, and what to do when it fails: for an error, or as its context.
#[must_use]
pub fn hinted(what: &str, hint: impl Into<Cow<'static, str>>) -> Hinted {
    Hinted { what: what.to_owned(), hint: hint.into() }
}

impl Hinted {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl Display for Hinted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl Error for Hinted {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_said_as_we_speak() {
        let said = std::io::Error::from_raw_os_error(13).to_string();
        assert_eq!(plain(&said), "permission denied");
        assert_eq!(plain("Word says so"), "Word says so");
        assert_eq!(plain("(os error of the year"), "(os error of the year");
    }
}
