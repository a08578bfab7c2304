//! The result as `JUnit` XML, in the form that Jenkins documents and other servers read, too.

use std::collections::HashMap;
use std::io::{self, Write};

use names::shown;

use super::{Checked, Row, Totals, escaped, rows};
use crate::verdict::Verdict;

/// A suite for each document, a case for each link.
pub(super) fn write(checked: &[Checked], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"coool\" {}>", Counts::of(checked).without_skipped())?;
    for document in checked {
        suite(document, out)?;
    }
    writeln!(out, "</testsuites>")
}

/// How many cases came to what.
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(checked: &[Checked]) -> Self {
        let totals = Totals::of(checked);
        let problems: usize = checked.iter().map(|document| document.problems.len()).sum();
        Self {
            tests: totals.links + problems,
            failures: totals.broken - totals.known,
            errors: totals.could_not + problems,
            skipped: totals.unchecked - totals.could_not + totals.known,
        }
    }

    fn without_skipped(&self) -> String {
        let Self { tests, failures, errors, .. } = self;
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"")
    }
}

fn suite(document: &Checked, out: &mut dyn Write) -> io::Result<()> {
    let name = value(&shown(&document.path));
    let checked = std::slice::from_ref(document);
    let counts = Counts::of(checked);
    writeln!(
        out,
        "  <testsuite name=\"{name}\" {} skipped=\"{}\">",
        counts.without_skipped(),
        counts.skipped,
    )?;
    for problem in &document.problems {
        let problem = value(problem);
        writeln!(
            out,
            "    <testcase classname=\"{name}\" name=\"reading\"><error message=\"{problem}\"/></testcase>"
        )?;
    }
    let mut alike = HashMap::new();
    for row in rows(checked) {
        let nth = alike.entry((row.url, row.text)).or_insert(0_usize);
        *nth += 1;
        case(&name, &row, *nth, out)?;
    }
    writeln!(out, "  </testsuite>")
}

/// A case goes by what the link says: servers follow it from run to run, and pages move.
fn case(class: &str, row: &Row, nth: usize, out: &mut dyn Write) -> io::Result<()> {
    let words = if row.text.is_empty() { String::new() } else { format!(" \"{}\"", row.text) };
    let nth = if nth == 1 { String::new() } else { format!(" ({nth})") };
    let name = value(&format!("{}{words}{nth}", row.url));
    write!(out, "    <testcase classname=\"{class}\" name=\"{name}\"")?;
    let reason = value(row.reason);
    match row.verdict {
        Verdict::Broken if row.known => {
            writeln!(out, "><skipped message=\"known: {reason}\"/></testcase>")
        }
        Verdict::Broken => {
            let told = escaped(&format!("{} link: {}", row.kind, row.sentence()));
            writeln!(
                out,
                "><failure type=\"broken-link\" message=\"{reason}\">{told}</failure></testcase>"
            )
        }
        Verdict::Unchecked if row.could_not => {
            writeln!(out, "><error message=\"{reason}\"/></testcase>")
        }
        Verdict::Unchecked => writeln!(out, "><skipped message=\"{reason}\"/></testcase>"),
        _ => writeln!(out, "/>"),
    }
}

/// The value of an attribute, in which a reader takes line breaks and tabs for blanks unless they
/// are escaped.
fn value(text: &str) -> String {
    escaped(text).replace('\n', "&#10;").replace('\t', "&#9;")
}
