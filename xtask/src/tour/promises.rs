//! What a tool promises, judged from outside, and pages as a browser shows them.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::Verdict;
use crate::commands;

/// A promise, and where it does not hold.
pub(super) struct Promise {
    pub(super) words: &'static str,
    pub(super) broken_at: Vec<String>,
}

/// Shows which promises hold.
pub(super) fn show(promises: &[Promise]) -> Verdict {
    let mut verdict = Verdict::Good;
    for Promise { words, broken_at } in promises {
        println!("  {}  {words}", if broken_at.is_empty() { "yes" } else { "NO " });
        for place in broken_at.iter().take(5) {
            println!("         {place}");
            verdict = Verdict::Faulty;
        }
    }
    verdict
}

/// Runs a tool and returns its result. What it says of errors and of its work is shown as it says
/// it. With 1 it ends when it found what it looks for.
pub(super) fn run(tool: &mut Command) -> Result<String> {
    let line = commands::line(tool);
    println!("$ {line}");
    let (status, result) = commands::answer(tool)?;
    match status.code() {
        Some(0 | 1) => Ok(result),
        _ => bail!("`{line}` ended with {status}; why, it says above"),
    }
}

/// Takes a picture of a page, beside it.
pub(super) fn picture(page: &Path, window: &str) -> Result<()> {
    let picture = page.with_extension("png");
    let mut chromium = Command::new("chromium");
    chromium.args(["--headless", "--no-sandbox", "--hide-scrollbars"]);
    chromium.arg(format!("--window-size={window}"));
    chromium.arg(format!("--screenshot={}", picture.display()));
    chromium.arg(format!("file://{}", page.display()));
    commands::output(&mut chromium)?;
    println!("and its picture:      {}", picture.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        command
    }

    #[test]
    fn what_a_tool_found_is_a_result_and_what_it_could_not_do_is_an_error() {
        assert_eq!(run(&mut shell("echo broken; exit 1")).expect("a result"), "broken\n");
        assert_eq!(
            run(&mut shell("echo half; exit 2")).expect_err("it could not").to_string(),
            "`sh -c echo half; exit 2` ended with exit status: 2; why, it says above"
        );
    }
}
