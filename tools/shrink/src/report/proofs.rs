//! What was proven, and what was not.

use std::io::{self, Write};

use names::shown_text;
use serde::Serialize;
use ui::Ended;

use crate::cli::{Format, Output};
use crate::ledger::Proof;

/// Writes proofs alone to standard output.
pub(crate) fn write(proofs: &[Proof], output: &Output) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        proofs: &'a [Proof],
    }
    match output.format {
        Format::Json => super::json(&Document { proofs }),
        Format::Text if output.quiet => Ok(()),
        Format::Text => {
            let mut out = io::stdout().lock();
            write_text(&mut out, proofs)
        }
    }
}

/// 1 when a test comes to something else in the small root.
pub(crate) fn ended(proofs: &[Proof]) -> Ended {
    let all = proofs.iter().all(|proof| proof.differences.is_empty());
    if all { Ended::Done } else { Ended::Found }
}

/// Writes a paragraph for each test.
pub(crate) fn write_text(out: &mut impl Write, proofs: &[Proof]) -> io::Result<()> {
    for (number, proof) in (1..).zip(proofs) {
        let run = shown_text(&proof.baseline.test.run);
        let end = proof.baseline.expected.end();
        if proof.differences.is_empty() {
            writeln!(out, "test {number}: the same in the small root ({end}): {run}")?;
        } else {
            writeln!(out, "test {number}: DIFFERS in the small root: {run}")?;
        }
        for difference in &proof.differences {
            writeln!(
                out,
                "  {}:\n    in the full root  {}\n    in the small root {}",
                difference.part,
                indented(&difference.expected),
                indented(&difference.found)
            )?;
        }
        if let Some(doubt) = doubt(end) {
            writeln!(out, "  {doubt}")?;
        }
        let unsteady: Vec<_> = proof.baseline.unsteady().collect();
        if !unsteady.is_empty() {
            writeln!(out, "  not compared, for it changes from run to run: {}", list(&unsteady))?;
        }
        let loose: Vec<_> = proof.baseline.without_numbers().collect();
        if !loose.is_empty() {
            writeln!(out, "  compared without its numbers, which change: {}", list(&loose))?;
        }
        if !proof.baseline.reached_for.is_empty() {
            writeln!(
                out,
                "  it reached for {}; tests have no network",
                proof.baseline.reached_for.join(", ")
            )?;
        }
    }
    if !proofs.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

/// Why the end of a test in the full root makes it a poor proof.
fn doubt(end: &str) -> Option<&'static str> {
    match end {
        "exit code 127" => Some("in the full root a command was not found: this proves little"),
        "exit code 126" => Some("in the full root a command cannot be run: this proves little"),
        "not ended in time" => Some(
            "in the full root it does not end either, and was ended: give it more time with \
             --limit, or in a policy file a client",
        ),
        _ => None,
    }
}

fn indented(text: &str) -> String {
    /// More lines say no more.
    const LINES: usize = 8;
    let lines: Vec<_> = text.lines().take(LINES).collect();
    lines.join("\n                      ")
}

fn list(names: &[&str]) -> String {
    /// A long list is in the ledger.
    const NAMED: usize = 4;
    let mut text = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    text
}
