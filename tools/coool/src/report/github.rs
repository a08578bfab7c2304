//! The result as annotations: commands in the log of GitHub Actions, which Forgejo and Gitea know,
//! too.

use std::io::{self, Write};

use names::shown_text;

use super::rule::{Rule, plain, results};
use super::{Outcome, Totals, shown_mended, text};

/// A command for each finding that is not known, and for each document that could not be read in
/// full. What is known is in nobody's way.
pub(super) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    for document in outcome.checked {
        let file = property(&plain(&document.path).to_string_lossy());
        for problem in &document.problems {
            writeln!(out, "::error file={file},title=not read in full::{}", data(problem))?;
        }
    }
    for result in results(outcome.checked).iter().filter(|result| !result.row.known) {
        let (command, title) = match result.rule {
            Rule::Broken => ("error", "broken link"),
            Rule::Doubtful => ("warning", "doubtful link"),
            Rule::Moved => ("notice", "moved link"),
        };
        let file = property(&result.path.to_string_lossy());
        let line = result.row.place.line.map_or(String::new(), |line| format!(",line={line}"));
        let said = data(&result.row.sentence());
        writeln!(out, "::{command} file={file}{line},title={title}::{said}")?;
    }
    text::write_totals(&Totals::of(outcome.checked), out)?;
    shown_mended(outcome).map_or(Ok(()), |told| writeln!(out, "{told}"))
}

/// Text that stays one line, and that is no command of its own, neither here nor on a terminal.
fn data(text: &str) -> String {
    shown_text(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

/// The same between commas and colons.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
