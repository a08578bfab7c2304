//! What a tool promises, judged from outside, and pages as a browser shows them.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

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
