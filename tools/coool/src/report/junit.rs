//! The result as `JUnit` XML, which continuous integration servers show.

use std::io::{self, Write};

use names::shown;

use super::{Checked, Row, Totals, escaped, rows};
use crate::verdict::Verdict;

/// A suite for each document, a case for each link that was looked at.
pub(super) fn write(checked: &[Checked], out: &mut dyn Write) -> io::Result<()> {
    let totals = Totals::of(checked);
    let errors: usize = checked.iter().map(|document| document.problems.len()).sum();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"coool\" tests=\"{}\" failures=\"{}\" errors=\"{errors}\">",
        totals.links + errors,
        totals.broken,
    )?;
    for document in checked {
        suite(document, out)?;
    }
    writeln!(out, "</testsuites>")
}

fn suite(document: &Checked, out: &mut dyn Write) -> io::Result<()> {
    let name = escaped(&shown(&document.path));
    let checked = std::slice::from_ref(document);
    let totals = Totals::of(checked);
    let errors = document.problems.len();
    writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{errors}\" skipped=\"{}\">",
        totals.links + errors,
        totals.broken,
        totals.unchecked,
    )?;
    for problem in &document.problems {
        let problem = escaped(problem);
        writeln!(
            out,
            "    <testcase classname=\"{name}\" name=\"reading\"><error message=\"{problem}\"/></testcase>"
        )?;
    }
    for row in rows(checked) {
        case(&name, &row, out)?;
    }
    writeln!(out, "  </testsuite>")
}

fn case(class: &str, row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let place =
        if row.shown_place.is_empty() { String::new() } else { format!(" ({})", row.shown_place) };
    let name = escaped(&format!("{}{place}", row.url));
    write!(out, "    <testcase classname=\"{class}\" name=\"{name}\"")?;
    let reason = escaped(row.reason);
    match row.verdict {
        Verdict::Broken => {
            let words = escaped(row.text);
            writeln!(
                out,
                "><failure message=\"{reason}\">{} \"{words}\"</failure></testcase>",
                row.kind
            )
        }
        Verdict::Unchecked => writeln!(out, "><skipped message=\"{reason}\"/></testcase>"),
        _ => writeln!(out, "/>"),
    }
}
