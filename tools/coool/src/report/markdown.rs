//! The result as Markdown, for comments and wikis.

use std::io::{self, Write};

use names::{shown, shown_text};

use super::{Checked, Detail, Row, Totals, rows};
use crate::verdict::Verdict;

/// A table for each document with something to say.
pub(super) fn write(checked: &[Checked], detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    let totals = Totals::of(checked);
    writeln!(out, "# Links\n")?;
    writeln!(out, "| documents | links | broken | doubtful | redirected | unchecked | ok |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} |",
        totals.documents,
        totals.links,
        totals.broken,
        totals.doubtful,
        totals.redirected,
        totals.unchecked,
        totals.ok
    )?;
    for document in checked {
        write_document(document, detail, out)?;
    }
    Ok(())
}

fn write_document(document: &Checked, detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    let wanted = |row: &Row| {
        detail != Detail::Attention
            || row.could_not
            || (!row.known
                && (row.proposal.is_some()
                    || matches!(row.verdict, Verdict::Broken | Verdict::Doubtful)))
    };
    let links: Vec<Row> = rows(std::slice::from_ref(document)).filter(wanted).collect();
    if links.is_empty() && document.problems.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## {}\n", cell(&shown(&document.path)))?;
    for problem in &document.problems {
        writeln!(out, "Cannot be read in full: {}\n", cell(problem))?;
    }
    if links.is_empty() {
        return Ok(());
    }
    writeln!(out, "| verdict | address | where | text | reason | perhaps |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    for row in links {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            if row.known { "known".to_owned() } else { row.verdict.to_string() },
            cell(row.url),
            cell(&row.shown_place),
            cell(row.text),
            cell(row.reason),
            row.proposal.map_or(String::new(), |proposal| {
                format!("{} ({})", cell(proposal), cell(&row.shown_confidence()))
            }),
        )?;
    }
    Ok(())
}

/// Text that means nothing to Markdown.
fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for letter in shown_text(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' | '@' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}
