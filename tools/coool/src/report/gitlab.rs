//! The result as a report of code quality, which GitLab shows beside the changes of a merge request.

use std::io::{self, Write};

use names::shown_text;
use serde_json::{Value, json};

use super::Checked;
use super::rule::{Result, Rule, plain, results};

/// An issue for each finding, and for each document that could not be read in full.
pub(super) fn write(checked: &[Checked], out: &mut dyn Write) -> io::Result<()> {
    let unread = checked.iter().flat_map(unread);
    let issues: Vec<Value> = unread.chain(results(checked).iter().map(issue)).collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

fn issue(result: &Result) -> Value {
    let severity = match result.rule {
        _ if result.row.known => "info",
        Rule::Broken => "major",
        Rule::Doubtful => "minor",
        Rule::Moved => "info",
    };
    json!({
        "description": shown_text(&result.row.sentence()),
        "check_name": result.rule.id(),
        "fingerprint": result.fingerprint,
        "severity": severity,
        "location": {
            "path": result.path.to_string_lossy(),
            // Where there are no lines, one has to be named all the same.
            "lines": { "begin": result.row.place.line.unwrap_or(1) },
        },
    })
}

fn unread(document: &Checked) -> impl Iterator<Item = Value> {
    let path = plain(&document.path).to_string_lossy().into_owned();
    document.problems.iter().map(move |problem| {
        let fingerprint = blake3::hash(format!("unread\0{path}\0{problem}").as_bytes()).to_hex();
        json!({
            "description": format!("cannot be read in full: {}", shown_text(problem)),
            "check_name": "unread-document",
            "fingerprint": fingerprint[..32],
            "severity": "major",
            "location": { "path": path, "lines": { "begin": 1 } },
        })
    })
}
