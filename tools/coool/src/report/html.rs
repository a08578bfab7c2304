//! The result as a page to look at, in one file without scripts.

use std::io::{self, Write};

use names::shown;

use super::{Checked, Row, Totals, escaped, rows};
use crate::verdict::Verdict;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Links</title>
<style>
:root { color-scheme: light dark; --line: light-dark(#ddd, #444); --soft: light-dark(#666, #aaa);
  --broken: light-dark(#b3261e, #ff8a80); --doubtful: light-dark(#8a5a00, #ffcc66);
  --moved: light-dark(#1a5fb4, #8ab4f8); --ok: light-dark(#1e7d34, #7fd492); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-weight: 600; } h2 { margin-top: 2.5rem; font-size: 1.15rem; overflow-wrap: anywhere; }
.totals { display: flex; flex-wrap: wrap; gap: .75rem; padding: 0; list-style: none; }
.totals li { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem 1rem; }
.totals b { display: block; font-size: 1.6rem; line-height: 1.2; }
article { border-left: .3rem solid var(--line); padding: .1rem 0 .1rem 1rem; margin: 1rem 0; }
article.broken { border-color: var(--broken); } article.doubtful { border-color: var(--doubtful); }
article.redirected { border-color: var(--moved); } article.ok { border-color: var(--ok); }
.verdict { font-weight: 600; margin-right: .5rem; } .broken .verdict { color: var(--broken); }
.doubtful .verdict { color: var(--doubtful); } .redirected .verdict { color: var(--moved); }
.ok .verdict { color: var(--ok); }
code { overflow-wrap: anywhere; } p { margin: .2rem 0; } .soft { color: var(--soft); }
details { margin: 1rem 0; } summary { cursor: pointer; color: var(--soft); }
</style>
</head>
<body>
"#;

/// Writes the page: what needs attention is open, the rest folded.
pub(super) fn write(checked: &[Checked], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    write_totals(&Totals::of(checked), out)?;
    for document in checked {
        write_document(document, out)?;
    }
    writeln!(out, "</body>\n</html>")
}

fn write_totals(totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h1>Links</h1>\n<ul class=\"totals\">")?;
    for (name, number) in [
        ("documents", totals.documents),
        ("links", totals.links),
        ("broken", totals.broken),
        ("doubtful", totals.doubtful),
        ("redirected", totals.redirected),
        ("unchecked", totals.unchecked),
        ("ok", totals.ok),
    ] {
        writeln!(out, "<li><b>{number}</b>{name}</li>")?;
    }
    writeln!(out, "</ul>")
}

fn write_document(document: &Checked, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>{}</h2>", escaped(&shown(&document.path)))?;
    for problem in &document.problems {
        writeln!(
            out,
            "<article class=\"broken\"><p><span class=\"verdict\">cannot be read in full</span>{}</p></article>",
            escaped(problem)
        )?;
    }
    let needs_attention = |row: &Row| {
        row.could_not
            || row.proposal.is_some()
            || matches!(row.verdict, Verdict::Broken | Verdict::Doubtful)
    };
    let (open, folded): (Vec<Row>, Vec<Row>) =
        rows(std::slice::from_ref(document)).partition(needs_attention);
    for row in &open {
        write_link(row, out)?;
    }
    if !folded.is_empty() {
        writeln!(out, "<details><summary>{} other links</summary>", folded.len())?;
        for row in &folded {
            write_link(row, out)?;
        }
        writeln!(out, "</details>")?;
    }
    Ok(())
}

fn write_link(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<article class=\"{}\">", row.verdict)?;
    writeln!(
        out,
        "<p><span class=\"verdict\">{}</span><code>{}</code></p>",
        row.verdict,
        address(if row.url.is_empty() { "(no address)" } else { row.url })
    )?;
    let words = if row.text.is_empty() { String::new() } else { format!(" “{}”", row.text) };
    let place =
        if row.shown_place.is_empty() { String::new() } else { format!(", {}", row.shown_place) };
    writeln!(out, "<p>{}</p>", escaped(&format!("{}{words}{place}", row.kind)))?;
    if !row.reason.is_empty() {
        writeln!(out, "<p class=\"soft\">{}</p>", escaped(row.reason))?;
    }
    for hop in row.redirects {
        let how = if hop.permanent { "for good" } else { "for now" };
        writeln!(out, "<p class=\"soft\">moved {how} to <code>{}</code></p>", escaped(&hop.url))?;
    }
    for note in row.notes {
        writeln!(out, "<p class=\"soft\">{}</p>", escaped(note))?;
    }
    if let Some(proposal) = row.proposal {
        let confidence = escaped(&row.shown_confidence());
        writeln!(out, "<p>perhaps <code>{}</code>, {confidence}</p>", address(proposal))?;
    }
    writeln!(out, "</article>")
}

/// An address: one of the web is there to be clicked on, no other is.
fn address(address: &str) -> String {
    let shown = escaped(address);
    if address.starts_with("http://") || address.starts_with("https://") {
        format!("<a href=\"{shown}\" rel=\"noopener noreferrer\">{shown}</a>")
    } else {
        shown
    }
}
