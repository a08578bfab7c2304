//! The result as SARIF 2.1.0, which code scanning services show.

use std::io::{self, Write};
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use super::{Checked, Row, rows};
use crate::verdict::Verdict;

/// A result for each link that is broken or doubtful, or should have another address.
pub(super) fn write(checked: &[Checked], out: &mut dyn Write) -> io::Result<()> {
    let results: Vec<Value> = rows(checked).filter_map(|row| result(&row)).collect();
    let unread: Vec<Value> = checked.iter().flat_map(notifications).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "coool",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [
                    rule("broken-link", "The link leads nowhere"),
                    rule("doubtful-link", "Nobody can say whether the link leads anywhere"),
                    rule("moved-link", "What the link leads to has moved for good"),
                ],
            }},
            "invocations": [{
                "executionSuccessful": unread.is_empty(),
                "toolExecutionNotifications": unread,
            }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn rule(id: &str, text: &str) -> Value {
    json!({ "id": id, "shortDescription": { "text": text } })
}

fn result(row: &Row) -> Option<Value> {
    let (rule, level) = match row.verdict {
        Verdict::Broken => ("broken-link", "error"),
        Verdict::Doubtful => ("doubtful-link", "warning"),
        Verdict::Redirected if row.proposal.is_some() => ("moved-link", "note"),
        _ => return None,
    };
    let proposal = row.proposal.map_or(String::new(), |proposal| {
        format!("; perhaps {proposal} ({})", row.shown_confidence())
    });
    let place =
        if row.shown_place.is_empty() { String::new() } else { format!(" ({})", row.shown_place) };
    let mut location = json!({ "artifactLocation": { "uri": uri(row.document.as_path()) } });
    if let Some(line) = row.place.line {
        location["region"] = json!({ "startLine": line });
    }
    Some(json!({
        "ruleId": rule,
        "level": level,
        "message": { "text": format!("{}{place}: {}{proposal}", row.url, row.reason) },
        "locations": [{
            "physicalLocation": location,
            "logicalLocations": [{ "fullyQualifiedName": row.part, "name": row.shown_place }],
        }],
    }))
}

fn notifications(document: &Checked) -> impl Iterator<Item = Value> {
    document.problems.iter().map(|problem| {
        json!({
            "level": "error",
            "message": { "text": problem },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": uri(&document.path) },
            }}],
        })
    })
}

/// A path as a relative or absolute reference (RFC 3986).
fn uri(path: &Path) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    percent_encode(path.as_os_str().as_encoded_bytes(), KEPT).to_string()
}
