//! Runs other programs, and says which command line failed and how.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// A call of the same cargo that started this chore.
pub(crate) fn cargo(directory: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(directory);
    command
}

/// Runs a program that shows its own output, and returns how it ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    let line = line(command);
    command.stdin(Stdio::null()).status().with_context(|| format!("cannot run `{line}`"))
}

/// Runs a program that shows its own output; it must succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("`{}` failed: {status}", line(command));
    }
    Ok(())
}

/// Runs a program that must succeed, and returns what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot run `{line}`"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` failed: {}: {}", output.status, complaint.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote no UTF-8"))
}

/// Runs a program that says on standard error what it does and what went wrong, and returns how it
/// ended and what it wrote to standard output.
pub(crate) fn answer(command: &mut Command) -> Result<(ExitStatus, String)> {
    let line = line(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let output = command
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .with_context(|| format!("cannot run `{line}`"))?;
    let text =
        String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote no UTF-8"))?;
    Ok((output.status, text))
}

/// The command line as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words: Vec<_> =
        std::iter::once(program).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_line_and_what_the_program_said() {
        let error = output(Command::new("sh").args(["-c", "echo no paper >&2; exit 3"]))
            .expect_err("the shell ended with 3");

        assert_eq!(
            error.to_string(),
            "`sh -c echo no paper >&2; exit 3` failed: exit status: 3: no paper"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("/nowhere/printer")).expect_err("there is none");

        assert_eq!(error.to_string(), "cannot run `printer`");
    }
}
