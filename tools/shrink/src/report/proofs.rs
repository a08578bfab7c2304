//! What was proven, and what was not.

use std::io::{self, Write};
use std::iter;

use names::shown_text;
use serde::Serialize;
use ui::Ended;

use crate::cli::{Format, Output};
use crate::prove::aspects::Difference;
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
            let (expected, found) = from_where_they_differ(difference);
            writeln!(
                out,
                "  {}:\n    in the full root  {}\n    in the small root {}",
                difference.part,
                indented(&expected),
                indented(&found)
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

/// Both texts without the lines that they begin with alike, but for the last of them.
fn from_where_they_differ(difference: &Difference) -> (Vec<&str>, Vec<&str>) {
    let Difference { expected, found, .. } = difference;
    let same = expected.lines().zip(found.lines()).take_while(|(one, other)| one == other).count();
    let rest = |text| match same {
        0 | 1 => str::lines(text).collect(),
        _ => iter::once("…").chain(str::lines(text).skip(same - 1)).collect(),
    };
    (rest(expected), rest(found))
}

fn indented(lines: &[&str]) -> String {
    /// More lines say no more.
    const LINES: usize = 8;
    lines.iter().take(LINES).copied().collect::<Vec<_>>().join("\n                      ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_is_shown_from_where_it_differs() {
        let difference = |expected: &str, found: &str| Difference {
            part: "standard output".to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        };

        let long = difference("1\n2\n3\n4", "1\n2\n3\n5\n6");
        assert_eq!(from_where_they_differ(&long), (vec!["…", "3", "4"], vec!["…", "3", "5", "6"]));
        let shorter = difference("1\n2\n3", "1\n2");
        assert_eq!(from_where_they_differ(&shorter), (vec!["…", "2", "3"], vec!["…", "2"]));
        let all = difference("1\n2", "3");
        assert_eq!(from_where_they_differ(&all), (vec!["1", "2"], vec!["3"]));
    }
}
