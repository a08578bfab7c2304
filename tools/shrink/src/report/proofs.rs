//! What was proven, and what was not.

use std::io::{self, Write};

use names::shown_text;
use serde::Serialize;
use ui::Ended;

use crate::cli::{Format, Output};
use crate::prove::{Proof, Verdict};

/// Writes proofs alone to standard output.
pub(crate) fn write(proofs: &[Proof], output: &Output) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        verdict: Verdict,
        proofs: &'a [Proof],
    }
    match output.format {
        Format::Json => super::json(&Document { verdict: Verdict::of(proofs), proofs }),
        Format::Text if output.quiet => Ok(()),
        Format::Text => {
            let mut out = io::stdout().lock();
            write_text(&mut out, proofs)
        }
    }
}

/// 1 when a test comes to something else in the small root, or proves nothing.
pub(crate) fn ended(proofs: &[Proof]) -> Ended {
    if Verdict::of(proofs).is_bad() { Ended::Found } else { Ended::Done }
}

/// Writes what all tests say together, where there are any.
pub(crate) fn write_headline(out: &mut impl Write, proofs: &[Proof]) -> io::Result<()> {
    let with = |verdict| {
        let numbers = (1..).zip(proofs).filter(move |(_, proof)| proof.verdict() == verdict);
        numbers.map(|(number, _): (usize, _)| number).collect::<Vec<_>>()
    };
    let bad = [
        (with(Verdict::Differs), "differs", "differ"),
        (with(Verdict::ProvesNothing), "proves nothing", "prove nothing"),
    ];
    let bad: Vec<_> = bad
        .iter()
        .filter_map(|(numbers, one, several)| match numbers.as_slice() {
            [] => None,
            [number] => Some(format!("test {number} {one}")),
            numbers => Some(format!("{} tests {several}", numbers.len())),
        })
        .collect();
    match (proofs.len(), bad.as_slice()) {
        (0, _) => Ok(()),
        (1, []) => writeln!(out, "proven by one test"),
        (all, []) => writeln!(out, "proven by {all} tests"),
        _ => writeln!(out, "NOT PROVEN: {}", bad.join(", ")),
    }
}

/// Writes a paragraph for each test.
pub(crate) fn write_text(out: &mut impl Write, proofs: &[Proof]) -> io::Result<()> {
    for (number, proof) in (1..).zip(proofs) {
        let run = shown_text(&proof.baseline.test.run);
        let end = proof.baseline.expected.shown("end");
        match proof.verdict() {
            Verdict::Differs => writeln!(out, "test {number}: DIFFERS in the small root: {run}")?,
            Verdict::ProvesNothing => {
                writeln!(out, "test {number}: PROVES NOTHING ({end}): {run}")?;
            }
            _ => writeln!(out, "test {number}: the same in the small root ({end}): {run}")?,
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
        if let Some(doubt) = &proof.doubt {
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
