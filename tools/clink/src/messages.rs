//! What goes to standard error, and the exit code.
//!
//! An error says what was attempted, why it failed and what to do.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use duplicates::problem::Problem;

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
}

/// Turns the end of a run into the exit code, and says why where it is an error.
pub fn finish(result: Result<Ended>) -> ExitCode {
    match result {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Found) => ExitCode::from(1),
        Ok(Ended::Incomplete) => ExitCode::from(2),
        Ok(Ended::Interrupted) => ExitCode::from(130),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let because = error.chain().skip(1).map(ToString::to_string);
            print(
                &error.to_string(),
                because,
                error.downcast_ref::<Hinted>().map(|hinted| hinted.hint),
            );
            ExitCode::from(2)
        }
    }
}

/// Who reads our output may have seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Prints problems, all of them where that is asked for.
pub(crate) fn problems<'problem>(problems: impl Iterator<Item = &'problem Problem>, all: bool) {
    /// More are no help on a screen.
    const SHOWN: usize = 20;
    let mut hidden = 0;
    for (number, problem) in problems.enumerate() {
        if all || number < SHOWN {
            print(&problem.to_string(), problem.source().map(ToString::to_string), problem.hint());
        } else {
            hidden += 1;
        }
    }
    if hidden > 0 {
        note(&format!("{hidden} more such messages; --verbose shows all"));
    }
}

/// Prints something that the user should know and that is no error.
pub(crate) fn note(text: &str) {
    say(&format!("clink: {text}\n"));
}

fn print(what: &str, because: impl IntoIterator<Item = String>, hint: Option<&str>) {
    let because = because.into_iter().map(|reason| format!("  because: {reason}\n"));
    let hint = hint.map(|hint| format!("  hint: {hint}\n"));
    let lines = std::iter::once(format!("clink: {what}\n")).chain(because).chain(hint);
    say(&lines.collect::<String>());
}

fn say(text: &str) {
    // Where nobody can be told, the work goes on and the exit code tells.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// An error with advice.
#[derive(Debug)]
pub(crate) struct Hinted {
    what: String,
    hint: &'static str,
}

pub(crate) fn hinted(what: &str, hint: &'static str) -> Hinted {
    Hinted { what: what.to_owned(), hint }
}

impl Display for Hinted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl Error for Hinted {}
