//! `cargo xtask sizes`: how long files and functions are, to look at in review.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::Verdict;
use crate::workspace::Workspace;

use self::measure::{Function, Purpose};

mod measure;

/// A function longer than this deserves a second look.
const LONG: usize = 60;

/// Shows the sizes of all Rust code of ours, what ships apart from what tests it.
pub(crate) fn run(workspace: &Workspace) -> Result<Verdict> {
    let report = report(&measure_all(workspace)?);
    match io::stdout().write_all(report.as_bytes()) {
        // Whoever reads through `head` has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Verdict::Good),
    }
}

fn report(sources: &[Source]) -> String {
    let mut lines = table(sources);
    lines.push("\nthe ten longest functions in production, in lines".to_owned());
    for (source, function) in longest(sources).into_iter().take(10) {
        let Function { lines: length, name, line, .. } = function;
        lines.push(format!("{length:>5}  {name}  {}:{line}", source.path));
    }
    lines.join("\n") + "\n"
}

fn table(sources: &[Source]) -> Vec<String> {
    let [count, median, ninetieth, longest, long] = ["count", "median", "90th", "longest", "> 60"];
    let head = format!("{count:>7}{median:>8}{ninetieth:>8}{longest:>8}{long:>8}");
    let mut rows = vec![format!("{:<22}{head}", "lines of")];
    for purpose in [Purpose::Production, Purpose::Test] {
        let lines = sources.iter().map(|source| source.lines(purpose));
        let lines = lines.filter(|lines| *lines > 0).collect();
        rows.push(row(&format!("files, {purpose}"), lines));
    }
    for purpose in [Purpose::Production, Purpose::Test] {
        let functions = sources.iter().flat_map(|source| source.functions(purpose));
        let lines: Vec<_> = functions.map(|function| function.lines).collect();
        let long = share_of_long(&lines);
        rows.push(format!("{}{long:>6} %", row(&format!("functions, {purpose}"), lines)));
    }
    rows
}

/// A file with what is in it.
struct Source {
    path: String,
    measured: measure::Measured,
}

impl Source {
    fn lines(&self, purpose: Purpose) -> usize {
        match purpose {
            Purpose::Production => self.measured.production_lines,
            Purpose::Test => self.measured.test_lines,
        }
    }

    fn functions(&self, purpose: Purpose) -> impl Iterator<Item = &Function> {
        self.measured.functions.iter().filter(move |function| function.purpose == purpose)
    }
}

fn measure_all(workspace: &Workspace) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for file in workspace.files()? {
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let path = file.display().to_string();
        let text = fs::read_to_string(workspace.root.join(&file))
            .with_context(|| format!("cannot read `{path}`"))?;
        let measured = measure::source(&text, purpose_of(&file))
            .with_context(|| format!("cannot understand `{path}` as Rust"))?;
        sources.push(Source { path, measured });
    }
    Ok(sources)
}

/// Files in `tests` and `benches`, and modules called `tests`, ship with nothing.
fn purpose_of(file: &Path) -> Purpose {
    let is_test = |part: &Path| ["tests", "benches"].iter().any(|name| part == Path::new(name));
    let in_tests = file.iter().any(|part| is_test(Path::new(part)));
    if in_tests || file.file_stem().is_some_and(|stem| stem == "tests") {
        Purpose::Test
    } else {
        Purpose::Production
    }
}

fn longest(sources: &[Source]) -> Vec<(&Source, &Function)> {
    let mut functions: Vec<_> = sources
        .iter()
        .flat_map(|source| {
            source.functions(Purpose::Production).map(move |function| (source, function))
        })
        .collect();
    functions.sort_by_key(|(_, function)| std::cmp::Reverse(function.lines));
    functions
}

fn row(title: &str, mut lines: Vec<usize>) -> String {
    lines.sort_unstable();
    let [median, ninetieth, longest] = [50, 90, 100].map(|percent| quantile(&lines, percent));
    let count = lines.len();
    format!("{title:<22}{count:>7}{median:>8}{ninetieth:>8}{longest:>8}")
}

/// In percent.
fn share_of_long(lines: &[usize]) -> usize {
    let long = lines.iter().filter(|lines| **lines > LONG).count();
    100 * long / lines.len().max(1)
}

/// The smallest value that at least this share, in percent, of the sorted values does not exceed.
fn quantile(sorted: &[usize], percent: usize) -> usize {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_count_median_ninetieth_and_longest() {
        let lines = vec![70, 1, 2, 3, 4, 5, 6, 7, 8, 9];

        assert_eq!(share_of_long(&lines), 10);
        assert_eq!(
            row("functions", lines),
            "functions                  10       5       9      70"
        );
    }

    #[test]
    fn nothing_has_no_size() {
        assert_eq!(share_of_long(&[]), 0);
        assert_eq!(row("files", vec![]), "files                       0       0       0       0");
    }

    #[test]
    fn tests_are_told_from_what_ships() {
        assert_eq!(purpose_of(Path::new("tools/clink/tests/undo.rs")), Purpose::Test);
        assert_eq!(purpose_of(Path::new("crates/elf/src/strip/tests.rs")), Purpose::Test);
        assert_eq!(purpose_of(Path::new("tools/clink/src/cli.rs")), Purpose::Production);
    }
}
