//! What was written into documents, or would be.

use std::io::{self, Write};

use names::{Bytes, shown, shown_text};
use serde::Serialize;

use crate::fix::{Applied, Edit, Left, Plan};
use crate::messages::VOICE;
use crate::proposal::{Confidence, Proposal};

/// For people.
pub(super) fn text(fixed: &[(Plan, Option<Applied>)], out: &mut dyn Write) -> io::Result<()> {
    let mut written = 0;
    let mut planned = 0;
    for (plan, applied) in fixed {
        let count = plan.edits().count();
        if count == 0 && plan.left.is_empty() {
            continue;
        }
        *(if applied.is_some() { &mut written } else { &mut planned }) += count;
        let title = shown(&plan.document);
        writeln!(out, "{title}\n{}", "=".repeat(title.chars().count()))?;
        for edit in plan.edits() {
            let Proposal { because, confidence, .. } = &edit.proposal;
            writeln!(out, "  {}\n    -> {}", shown_text(&edit.old), shown_text(&edit.new))?;
            writeln!(out, "    {confidence}: {}", shown_text(because))?;
        }
        for left in &plan.left {
            writeln!(
                out,
                "  left: {}\n    perhaps: {} ({}: {})\n    because: {}",
                shown_text(&left.address),
                shown_text(&left.proposal),
                left.confidence,
                shown_text(&left.proposal_reason),
                left.reason
            )?;
        }
        if let Some(applied) = applied {
            writeln!(out, "  the old document is {}", shown(&applied.backup))?;
        }
        writeln!(out)?;
    }
    let addresses = |count| if count == 1 { "address" } else { "addresses" };
    if planned > 0 {
        writeln!(out, "{planned} {} would be written anew", addresses(planned))
    } else {
        writeln!(out, "{written} {} written anew", addresses(written))
    }
}

/// The form of the JSON document.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document<'run> {
    documents: Vec<Fixed<'run>>,
}

#[derive(Serialize)]
struct Fixed<'run> {
    document: Bytes,
    /// None where nothing was written.
    backup: Option<Bytes>,
    changes: Vec<Change<'run>>,
    left: &'run [Left],
}

#[derive(Serialize)]
struct Change<'run> {
    part: &'run str,
    old: &'run str,
    new: &'run str,
    confidence: Confidence,
    proposal_reason: &'run str,
}

/// For programs.
pub(super) fn json(fixed: &[(Plan, Option<Applied>)], out: &mut dyn Write) -> io::Result<()> {
    let documents = fixed.iter().map(|(plan, applied)| Fixed {
        document: Bytes::of(&plan.document),
        backup: applied.as_ref().map(|applied| Bytes::of(&applied.backup)),
        changes: changes(plan),
        left: &plan.left,
    });
    let document = Document { documents: documents.collect() };
    serde_json::to_writer_pretty(&mut *out, &VOICE.document(FORMAT, &document))?;
    writeln!(out)
}

fn changes(plan: &Plan) -> Vec<Change<'_>> {
    let mut changes = Vec::new();
    for (part, edits) in &plan.parts {
        changes.extend(edits.iter().map(|edit| change(part, edit)));
    }
    changes
}

fn change<'run>(part: &'run str, edit: &'run Edit) -> Change<'run> {
    let Proposal { because, confidence, .. } = &edit.proposal;
    let (old, new) = (&edit.old, &edit.new);
    Change { part, old, new, confidence: *confidence, proposal_reason: because }
}
