//! The result as JSON, JSON lines and CSV.

use std::io::{self, Write};

use serde::Serialize;

use names::Bytes;

use super::{Checked, Comparison, Outcome, PassedOver, Row, Totals, rows};
use crate::identity::Identity;
use crate::messages::VOICE;

/// The form of the JSON document.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document<'run> {
    totals: Totals,
    /// How many documents of each kind cannot be read.
    #[serde(skip_serializing_if = "PassedOver::is_empty")]
    passed_over: &'run PassedOver,
    /// What became of what a baseline knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<BaselineRow<'run>>,
    /// What could not be read.
    problems: Vec<ProblemRow<'run>>,
    links: Vec<Row<'run>>,
}

#[derive(Serialize)]
struct BaselineRow<'run> {
    known: usize,
    mended: Vec<MendedRow<'run>>,
}

#[derive(Serialize)]
struct MendedRow<'run> {
    #[serde(flatten)]
    link: &'run Identity,
    count: usize,
}

impl<'run> BaselineRow<'run> {
    fn of(comparison: &'run Comparison) -> Self {
        let mended = comparison.mended.iter();
        let mended = mended.map(|(link, &count)| MendedRow { link, count }).collect();
        Self { known: comparison.known, mended }
    }
}

#[derive(Serialize)]
struct ProblemRow<'run> {
    document: Bytes,
    problem: &'run str,
}

/// One document with everything.
pub(super) fn json(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let Outcome { checked, passed_over, comparison, .. } = *outcome;
    let problems = checked.iter().flat_map(|document| {
        document
            .problems
            .iter()
            .map(|problem| ProblemRow { document: Bytes::of(&document.path), problem })
    });
    let document = Document {
        totals: Totals::of(checked),
        passed_over,
        baseline: comparison.map(BaselineRow::of),
        problems: problems.collect(),
        links: rows(checked).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &VOICE.document(FORMAT, &document))?;
    writeln!(out)
}

/// A line for each link.
pub(super) fn jsonl(checked: &[Checked], out: &mut dyn Write) -> io::Result<()> {
    for row in rows(checked) {
        serde_json::to_writer(&mut *out, &row)?;
        writeln!(out)?;
    }
    Ok(())
}

/// A row for each link, below a row of titles (RFC 4180).
pub(super) fn csv(checked: &[Checked], out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record([
        "document",
        "part",
        "kind",
        "url",
        "text",
        "place",
        "page",
        "slide",
        "sheet",
        "cell",
        "heading",
        "line",
        "verdict",
        "reason",
        "proposal",
        "confidence",
        "proposal_reason",
        "known",
    ])?;
    let number = |number: Option<u32>| number.map_or(String::new(), |number| number.to_string());
    for row in rows(checked) {
        let place = &row.place;
        let known = if row.known { "true" } else { "" };
        table.write_record([
            &harmless(&names::shown(row.document.as_path())),
            row.part,
            &row.kind.to_string(),
            &harmless(row.url),
            &harmless(row.text),
            &row.shown_place,
            &number(place.page),
            &number(place.slide),
            &harmless(place.sheet.unwrap_or_default()),
            place.cell.unwrap_or_default(),
            &harmless(place.heading.unwrap_or_default()),
            &number(place.line),
            &row.verdict.to_string(),
            row.reason,
            &harmless(row.proposal.unwrap_or_default()),
            &row.confidence.map(|it| it.to_string()).unwrap_or_default(),
            row.proposal_reason.unwrap_or_default(),
            known,
        ])?;
    }
    table.flush()
}

/// A spreadsheet runs what begins like a formula; an apostrophe makes it text.
fn harmless(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}
