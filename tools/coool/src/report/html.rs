//! The result as a page to look at, in one file without scripts.

use std::collections::BTreeSet;
use std::io::{self, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use names::shown;

use super::{Checked, Outcome, Pictures, Row, Totals, escaped, text};
use crate::verdict::{Finding, Verdict};

/// What a reader can show and hide. The first four are shown at first.
const GROUPS: [Group; 7] = [
    Group { class: "broken", name: "broken", is_shown: true },
    Group { class: "could-not", name: "could not be checked", is_shown: true },
    Group { class: "doubtful", name: "doubtful", is_shown: true },
    Group { class: "redirected", name: "redirected", is_shown: true },
    Group { class: "known", name: "known to be broken", is_shown: false },
    Group { class: "unchecked", name: "unchecked", is_shown: false },
    Group { class: "ok", name: "ok", is_shown: false },
];

/// Links that are shown and hidden together.
struct Group {
    class: &'static str,
    name: &'static str,
    is_shown: bool,
}

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
h2 small { font-weight: normal; color: var(--soft); margin-left: .5rem; }
label { display: inline-block; border: 1px solid var(--line); border-radius: .5rem; cursor: pointer;
  padding: .5rem 1rem; margin: 0 .5rem .5rem .25rem; } label b { font-size: 1.3rem; }
article { border-left: .3rem solid var(--line); padding: .1rem 0 .1rem 1rem; margin: 1rem 0; }
article.broken { border-color: var(--broken); }
article.doubtful, article.could-not { border-color: var(--doubtful); }
article.redirected { border-color: var(--moved); } article.ok { border-color: var(--ok); }
.verdict { font-weight: 600; margin-right: .5rem; } .broken .verdict { color: var(--broken); }
.doubtful .verdict, .could-not .verdict { color: var(--doubtful); }
.redirected .verdict { color: var(--moved); } .ok .verdict { color: var(--ok); }
summary { cursor: pointer; } img { max-width: 100%; border: 1px solid var(--line); }
code { overflow-wrap: anywhere; } p { margin: .2rem 0; } .soft { color: var(--soft); }
"#;

/// Writes the page. What is shown of it is for the reader to choose, without scripts: many servers
/// that keep reports allow none.
pub(super) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    for Group { class, .. } in &GROUPS {
        writeln!(out, "#{class}:not(:checked) ~ main article.{class} {{ display: none; }}")?;
    }
    writeln!(out, "</style>\n</head>\n<body>")?;
    write_filters(&Totals::of(outcome.checked), out)?;
    writeln!(out, "<main>")?;
    for document in outcome.checked {
        write_document(document, outcome.pictures, out)?;
    }
    writeln!(out, "</main>\n</body>\n</html>")
}

/// How many links there are of each group, to be shown or hidden.
fn write_filters(totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h1>{}</h1>", text::sum(totals))?;
    for group in GROUPS.iter().filter(|group| count(totals, group) > 0) {
        let Group { class, name, is_shown } = group;
        let checked = if *is_shown { " checked" } else { "" };
        writeln!(
            out,
            "<input type=\"checkbox\" id=\"{class}\"{checked}><label for=\"{class}\"><b>{}</b> \
             {name}</label>",
            count(totals, group)
        )?;
    }
    Ok(())
}

fn count(totals: &Totals, group: &Group) -> usize {
    match group.class {
        "broken" => totals.broken - totals.known,
        "known" => totals.known,
        "could-not" => totals.could_not,
        "unchecked" => totals.unchecked - totals.could_not,
        "doubtful" => totals.doubtful,
        "redirected" => totals.redirected,
        _ => totals.ok,
    }
}

/// The group of a link.
fn class(row: &Row) -> &'static str {
    match row.verdict {
        Verdict::Broken if row.known => "known",
        Verdict::Broken => "broken",
        Verdict::Unchecked if row.could_not => "could-not",
        Verdict::Unchecked => "unchecked",
        Verdict::Doubtful => "doubtful",
        Verdict::Redirected => "redirected",
        Verdict::Ok => "ok",
    }
}

fn write_document(document: &Checked, pictures: &Pictures, out: &mut dyn Write) -> io::Result<()> {
    let checked = std::slice::from_ref(document);
    let totals = Totals::of(checked);
    let counts: Vec<String> = GROUPS
        .iter()
        .map(|group| (count(&totals, group), group.name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let name = escaped(&shown(&document.path));
    writeln!(out, "<section>\n<h2>{name} <small>{}</small></h2>", counts.join(", "))?;
    for problem in &document.problems {
        writeln!(
            out,
            "<article><p><span class=\"verdict\">cannot be read in full</span>{}</p></article>",
            prose(problem)
        )?;
    }
    let mut shown_pages = BTreeSet::new();
    for (link, finding) in &document.links {
        let picture = pictures.of(&document.path, link).filter(|_| is_newly_broken(finding));
        let picture = picture.filter(|(number, _)| shown_pages.insert(*number));
        write_link(&Row::of(document, link, finding), picture, out)?;
    }
    writeln!(out, "</section>")
}

fn is_newly_broken(finding: &Finding) -> bool {
    finding.verdict == Verdict::Broken && !finding.known
}

/// A page, folded away: it is large.
fn write_picture(row: &Row, number: u32, picture: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let name = escaped(&shown(row.document.as_path()));
    let what = if row.place.slide.is_some() { "slide" } else { "page" };
    writeln!(
        out,
        "<details><summary>{what} {number}</summary><img alt=\"{what} {number} of {name}\" \
         src=\"data:image/png;base64,{}\"></details>",
        BASE64_STANDARD.encode(picture)
    )
}

fn write_link(row: &Row, picture: Option<(u32, &[u8])>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<article class=\"{}\">", class(row))?;
    writeln!(
        out,
        "<p><span class=\"verdict\">{}</span><code>{}</code></p>",
        if row.known { "known to be broken".to_owned() } else { row.verdict.to_string() },
        address(if row.url.is_empty() { "(no address)" } else { row.url })
    )?;
    let words = if row.text.is_empty() { String::new() } else { format!(" “{}”", row.text) };
    let place =
        if row.shown_place.is_empty() { String::new() } else { format!(", {}", row.shown_place) };
    writeln!(out, "<p>{}</p>", escaped(&format!("{}{words}{place}", row.kind)))?;
    if !row.reason.is_empty() {
        writeln!(out, "<p class=\"soft\">{}</p>", prose(row.reason))?;
    }
    for hop in row.redirects {
        let how = if hop.permanent { "for good" } else { "for now" };
        writeln!(out, "<p class=\"soft\">moved {how} to <code>{}</code></p>", escaped(&hop.url))?;
    }
    for note in row.notes {
        writeln!(out, "<p class=\"soft\">{}</p>", prose(note))?;
    }
    if let Some(proposal) = row.proposal {
        let confidence = prose(&row.shown_confidence());
        writeln!(out, "<p>perhaps <code>{}</code>, {confidence}</p>", address(proposal))?;
    }
    if let Some((number, picture)) = picture {
        write_picture(row, number, picture, out)?;
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

/// What we say: between backticks stands what is to be read letter by letter.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`')
        && let Some((name, after)) = after.split_once('`')
    {
        prose.push_str(&format!("{}<code>{}</code>", escaped(before), escaped(name)));
        rest = after;
    }
    prose + &escaped(rest)
}
