//! The result for people: by document, and in it by address.

use std::io::{self, Write};

use names::{shown, shown_text};

use super::{Checked, Detail, Outcome, Row, Totals, shown_mended, shown_passed_over};
use crate::verdict::Verdict;

/// Writes as much as people want to see.
pub(super) fn write(outcome: &Outcome, detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    for document in outcome.checked {
        write_document(document, detail, out)?;
    }
    write_totals(&Totals::of(outcome.checked), out)?;
    let said = [shown_passed_over(outcome.passed_over), shown_mended(outcome)];
    said.into_iter().flatten().try_for_each(|told| writeln!(out, "{told}"))
}

fn write_document(document: &Checked, detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    let groups = groups(document, detail);
    if groups.is_empty() && document.problems.is_empty() && detail == Detail::Attention {
        return Ok(());
    }
    let title = shown(&document.path);
    writeln!(out, "{title}\n{}", "=".repeat(title.chars().count()))?;
    for problem in &document.problems {
        writeln!(out, "\ncannot be read in full: {}", shown_text(problem))?;
    }
    for group in groups {
        match detail {
            Detail::List => write_address(&group, out)?,
            Detail::Attention | Detail::Everything => write_group(&group, out)?,
        }
    }
    writeln!(out)
}

/// The links of one address that have the same finding, in the order of the first.
fn groups(document: &Checked, detail: Detail) -> Vec<Vec<Row<'_>>> {
    let mut groups: Vec<Vec<Row>> = Vec::new();
    let mut numbers = std::collections::HashMap::new();
    for (link, finding) in &document.links {
        let row = Row::of(document, link, finding);
        if detail == Detail::Attention && !needs_attention(&row) {
            continue;
        }
        let key = (row.url, row.verdict, row.known, row.reason, row.proposal);
        let number = *numbers.entry(key).or_insert(groups.len());
        if number == groups.len() {
            groups.push(Vec::new());
        }
        groups[number].push(row);
    }
    groups
}

fn needs_attention(row: &Row) -> bool {
    match row.verdict {
        Verdict::Broken => !row.known,
        Verdict::Doubtful => true,
        Verdict::Redirected => row.proposal.is_some(),
        Verdict::Unchecked => row.could_not,
        Verdict::Ok => !row.notes.is_empty(),
    }
}

fn write_address(group: &[Row], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", shown_address(&group[0]))?;
    group.iter().try_for_each(|row| write_link(row, out))
}

fn shown_address(row: &Row) -> String {
    if row.url.is_empty() { "(no address)".to_owned() } else { shown_text(row.url).clone() }
}

fn write_group(group: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let first = &group[0];
    let known = if first.known { " (known)" } else { "" };
    writeln!(out, "\n{}{known}: {}", first.verdict, shown_address(first))?;
    if !first.reason.is_empty() {
        writeln!(out, "  because: {}", shown_text(first.reason))?;
    }
    for hop in first.redirects {
        let how = if hop.permanent { "for good" } else { "for now" };
        writeln!(out, "  moved {how} ({}) to {}", hop.status, shown_text(&hop.url))?;
    }
    for note in first.notes {
        writeln!(out, "  note: {}", shown_text(note))?;
    }
    if let Some(proposal) = first.proposal {
        let confidence = first.shown_confidence();
        writeln!(out, "  perhaps: {}", shown_text(proposal))?;
        writeln!(out, "    {}", shown_text(&confidence))?;
    }
    let links = if group.len() == 1 { "1 link" } else { &format!("{} links", group.len()) };
    writeln!(out, "  {links}:")?;
    for row in group {
        write_link(row, out)?;
    }
    Ok(())
}

fn write_link(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "    {}", row.kind)?;
    if !row.text.is_empty() {
        write!(out, " \"{}\"", shown_text(row.text))?;
    }
    if !row.shown_place.is_empty() {
        write!(out, ", {}", shown_text(&row.shown_place))?;
    }
    writeln!(out)
}

/// `2 documents, 5 links: 1 broken, 4 ok`.
pub(super) fn write_totals(totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
    let mut words = Vec::new();
    for (number, name) in [
        (totals.broken, "broken"),
        (totals.doubtful, "doubtful"),
        (totals.redirected, "redirected"),
        (totals.unchecked, "unchecked"),
    ] {
        if number > 0 {
            words.push(format!("{number} {name}"));
        }
        if name == "broken" && totals.known > 0 {
            words.push(format!("{} of them known", totals.known));
        }
    }
    if totals.ok > 0 || words.is_empty() {
        words.push(format!("{} ok", totals.ok));
    }
    writeln!(out, "{}: {}", sum(totals), words.join(", "))
}

/// `2 documents, 5 links`.
pub(super) fn sum(totals: &Totals) -> String {
    let count = |number: usize, one: &str, many: &str| {
        format!("{number} {}", if number == 1 { one } else { many })
    };
    let documents = count(totals.documents, "document", "documents");
    format!("{documents}, {}", count(totals.links, "link", "links"))
}
