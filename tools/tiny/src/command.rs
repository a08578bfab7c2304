//! The programs that tiny builds with: what they say is shown when they fail, and none outlives us
//! or runs for ever.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Result;
use exec::Program;

pub(crate) use exec::line;

/// Longer than any build takes: a whole kernel on one slow processor needs an hour.
const BUILD: Duration = Duration::from_hours(6);

/// Longer than the largest package, which has 150 MB, takes over a line of 50 kB a second.
const FETCH: Duration = Duration::from_hours(1);

/// What a program says of itself it says at once, also on a machine that is very busy.
const QUESTION: Duration = Duration::from_mins(5);

/// What of a program's output people see while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing, unless it fails.
    Kept,
    /// All of it, on standard error.
    Shown,
}

/// A command that neither reads our input nor depends on the user's language.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).env("LC_ALL", "C");
    command
}

/// Runs a command to its end, once; it must succeed.
pub(crate) fn run(command: &mut Command, said: Said) -> Result<()> {
    let mut program = program(command, BUILD);
    match said {
        Said::Kept => program.run(),
        Said::Shown => program.run_telling(&mut |line| crate::messages::VOICE.note(line)),
    }
}

/// What a command prints, run once; it must succeed.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    program(command, FETCH).output()
}

/// As text, without the white space around it.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    program(command, QUESTION).text()
}

/// Takes the command, whose words and pipes go when it has run.
fn program(command: &mut Command, limit: Duration) -> Program {
    let mut program = Program::of(std::mem::replace(command, Command::new("")), limit);
    program.hint("`tiny doctor RECIPE` says which package brings it");
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_shown_with_its_last_words() {
        let mut failing = command("sh");
        failing.args(["-c", "echo one; echo two >&2; exit 3"]);

        let error = run(&mut failing, Said::Kept).expect_err("it fails");

        assert_eq!(
            error.to_string(),
            "`sh -c 'echo one; echo two >&2; exit 3'` failed, exit status: 3\n    one\n    two"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut command("no-such-program"), Said::Kept).expect_err("it is not there");

        assert_eq!(error.to_string(), "cannot run `no-such-program`");
    }
}
