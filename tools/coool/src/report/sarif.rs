//! The result as SARIF 2.1.0, which code scanning services show.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use super::rule::{Result, Rule, plain, results};
use super::{Checked, Outcome};

/// A result for each link that is broken or doubtful, or should have another address.
pub(super) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let results = results(outcome.checked);
    let has_baseline = outcome.comparison.is_some();
    let results: Vec<Value> = results.iter().map(|it| result(it, has_baseline)).collect();
    let unread: Vec<Value> = outcome.checked.iter().flat_map(notifications).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "coool",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": Rule::ALL.map(descriptor),
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

fn descriptor(rule: Rule) -> Value {
    json!({
        "id": rule.id(),
        "shortDescription": { "text": rule.description() },
        "defaultConfiguration": { "level": level(rule) },
    })
}

fn level(rule: Rule) -> &'static str {
    match rule {
        Rule::Broken => "error",
        Rule::Doubtful => "warning",
        Rule::Moved => "note",
    }
}

fn result(result: &Result, has_baseline: bool) -> Value {
    let Result { rule, row, path, fingerprint } = result;
    let mut location = json!({
        "physicalLocation": { "artifactLocation": { "uri": uri(path) } },
    });
    let mut fingerprints = json!({ "coool/v1": fingerprint });
    match row.place.line {
        Some(line) => location["physicalLocation"]["region"] = json!({ "startLine": line }),
        // GitHub goes by this one alone. Where there are lines its own action makes it of what stands
        // in them, and complains of any other.
        None => fingerprints["primaryLocationLineHash"] = json!(fingerprint),
    }
    if !row.shown_place.is_empty() || !row.part.is_empty() {
        let named = [("name", &*row.shown_place), ("fullyQualifiedName", row.part)];
        let named = named.into_iter().filter(|(_, text)| !text.is_empty());
        let place = named.map(|(name, text)| (name.to_owned(), json!(text)));
        location["logicalLocations"] = json!([place.collect::<serde_json::Map<_, _>>()]);
    }
    let mut value = json!({
        "ruleId": rule.id(),
        "level": level(*rule),
        "message": { "text": row.sentence() },
        "locations": [location],
        "partialFingerprints": fingerprints,
    });
    if has_baseline {
        value["baselineState"] = json!(if row.known { "unchanged" } else { "new" });
    }
    value
}

fn notifications(document: &Checked) -> impl Iterator<Item = Value> {
    document.problems.iter().map(|problem| {
        json!({
            "level": "error",
            "message": { "text": problem },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": uri(&plain(&document.path)) },
            }}],
        })
    })
}

/// A path as a relative reference, or as an address of a file (RFC 3986, RFC 8089).
fn uri(path: &Path) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    let scheme = if path.is_absolute() { "file://" } else { "" };
    format!("{scheme}{}", percent_encode(path.as_os_str().as_bytes(), KEPT))
}
