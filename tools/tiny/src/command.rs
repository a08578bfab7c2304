//! Runs the programs that tiny builds with: what they say is shown when they fail.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, ErrorKind};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use names::shown_text;

/// How many lines of a failed program are shown.
const LINES: usize = 12;

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

/// Runs a command to its end; it must succeed.
pub(crate) fn run(command: &mut Command, said: Said) -> Result<()> {
    match said {
        Said::Kept => output(command).map(drop),
        Said::Shown => run_shown(command),
    }
}

/// What a command prints; it must succeed.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().map_err(|error| cannot_start(command, error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let Output { status, stdout, stderr } = output;
    let said = [stdout, stderr].concat();
    bail!("`{}` failed, {status}{}", line(command), last_lines(&String::from_utf8_lossy(&said)))
}

/// As text, without the white space around it.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&output(command)?).trim().to_owned())
}

/// Both streams come through one pipe, in their order, and go to standard error.
fn run_shown(command: &mut Command) -> Result<()> {
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    let again = writer.try_clone().context("cannot make a pipe")?;
    let mut child = command
        .stdout(writer)
        .stderr(again)
        .spawn()
        .map_err(|error| cannot_start(command, error))?;
    // Our own ends of the pipe must go, or it never ends.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for said in BufReader::new(reader).split(b'\n') {
        let said = said.context("cannot read what a program says")?;
        crate::messages::VOICE.note(&shown_text(&String::from_utf8_lossy(&said)));
    }
    let status = child.wait().context("cannot wait for a program")?;
    if !status.success() {
        bail!("`{}` failed, {status}", line(command));
    }
    Ok(())
}

fn cannot_start(command: &Command, error: std::io::Error) -> anyhow::Error {
    let program = shown_text(&command.get_program().to_string_lossy());
    let attempted = format!("cannot run `{program}`");
    if error.kind() == ErrorKind::NotFound {
        return anyhow!("no such program is installed")
            .context(ui::hinted(&attempted, "`tiny doctor RECIPE` says which package brings it"));
    }
    anyhow::Error::from(error).context(attempted)
}

/// A command as people would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(|word| shown_text(&word.to_string_lossy())).collect();
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

/// The end of what a program said: there it says why it failed.
pub(crate) fn last_lines(said: &str) -> String {
    let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut shown = String::new();
    for line in lines.iter().skip(lines.len().saturating_sub(LINES)) {
        let _ = write!(shown, "\n    {}", shown_text(line));
    }
    shown
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
