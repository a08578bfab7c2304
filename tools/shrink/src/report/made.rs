//! What became of a root.

use std::collections::BTreeMap;
use std::io::{self, Write};

use names::{shown, shown_text};
use ui::Ended;
use ui::numbers::Count;

use super::{amount, less, proofs};
use crate::cli::{Format, Output};
use crate::ledger::{Fill, FilledLibrary, Ledger};
use crate::reason::{Reason, Role};

/// Writes what was done to standard output.
pub(crate) fn write(ledger: &Ledger, output: &Output) -> io::Result<()> {
    match output.format {
        Format::Json => super::json(&without_form(ledger)?),
        Format::Text if output.quiet => Ok(()),
        Format::Text => write_text(ledger, output.verbose),
    }
}

/// The ledger as a document, which has its form at its beginning, and not that of the file.
fn without_form(ledger: &Ledger) -> io::Result<serde_json::Value> {
    let mut document = serde_json::to_value(ledger)?;
    if let Some(fields) = document.as_object_mut() {
        fields.remove("version");
    }
    Ok(document)
}

/// 1 when a test comes to something else in the small root.
pub(crate) fn ended(ledger: &Ledger) -> Ended {
    proofs::ended(&ledger.proofs)
}

fn write_text(ledger: &Ledger, verbose: bool) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if verbose {
        for removed in &ledger.removed {
            let policy = removed.policy.as_deref().unwrap_or("nothing needs it");
            writeln!(out, "removed {}: {policy}", shown(removed.path.as_path()))?;
        }
        for left in &ledger.left {
            writeln!(out, "not stripped {}: {}", shown(left.path.as_path()), left.because)?;
        }
        for left in ledger.fill.iter().flat_map(|fill| &fill.left) {
            writeln!(out, "not filled {}: {}", shown(left.path.as_path()), left.because)?;
        }
        writeln!(out)?;
    }
    let (before, after) = (ledger.before, ledger.after);
    let files = |names: usize| Count(names as u64).to_string();
    writeln!(
        out,
        "{}: {} in {} files\n{}: {} in {} files, {}",
        shown(ledger.root.as_path()),
        amount(before.bytes),
        files(before.names),
        shown(ledger.result.as_path()),
        amount(after.bytes),
        files(after.names),
        less(before.bytes, after.bytes),
    )?;
    proofs::write_headline(&mut out, &ledger.proofs)?;
    writeln!(out)?;
    write_sums(&mut out, "what went", &gone(ledger))?;
    write_sums(&mut out, "why the rest stays", &stays(ledger))?;
    if let Some(fill) = &ledger.fill {
        write_fill(&mut out, fill, verbose)?;
    }
    proofs::write_text(&mut out, &ledger.proofs)?;
    for nowhere in ledger.nowhere.iter().take(5) {
        writeln!(
            out,
            "note: {} asks for {}, which the full root does not have either",
            shown(nowhere.needed_by.as_path()),
            shown(nowhere.library.as_path()),
        )?;
    }
    for note in &ledger.notes {
        writeln!(out, "note: {}", shown_text(note))?;
    }
    out.flush()
}

/// What became of functions that nothing reaches, and how sure that is.
fn write_fill(out: &mut impl Write, fill: &Fill, verbose: bool) -> io::Result<()> {
    let functions: usize = fill.libraries.iter().map(|library| library.functions).sum();
    let of: usize = fill.libraries.iter().map(|library| library.of).sum();
    let bytes = fill.libraries.iter().map(|library| library.bytes).sum();
    writeln!(
        out,
        "traps instead of functions that nothing reaches (reasoned, not proven):\n\
         {:>11}  {} of {} functions, in {}",
        amount(bytes),
        Count(functions as u64),
        Count(of as u64),
        match fill.libraries.len() {
            1 => "one library".to_owned(),
            count => format!("{} libraries", Count(count as u64)),
        },
    )?;
    for library in fill.libraries.iter().filter(|_| verbose) {
        let FilledLibrary { path, functions, of, bytes } = library;
        let path = shown(path.as_path());
        writeln!(out, "{:>11}  {functions} of {of} functions in {path}", amount(*bytes))?;
    }
    for path in &fill.given_back {
        writeln!(out, "  given back whole, for a test differed: {}", shown(path.as_path()))?;
    }
    writeln!(out)
}

type Sums = BTreeMap<String, (u64, usize)>;

fn add(sums: &mut Sums, name: String, bytes: u64) {
    let sum = sums.entry(name).or_default();
    *sum = (sum.0 + bytes, sum.1 + 1);
}

fn gone(ledger: &Ledger) -> Sums {
    let mut sums = Sums::new();
    for removed in &ledger.removed {
        let name = removed.policy.clone().unwrap_or_else(|| "nothing needs it".to_owned());
        add(&mut sums, name, removed.size);
    }
    if ledger.stripped > 0 {
        sums.insert("stripped from binaries".to_owned(), (ledger.stripped, 0));
    }
    if ledger.shared > 0 {
        let shared = usize::try_from(ledger.shared).unwrap_or(usize::MAX);
        sums.insert("duplicates, now one file".to_owned(), (0, shared));
    }
    sums
}

fn stays(ledger: &Ledger) -> Sums {
    let mut sums = Sums::new();
    for kept in &ledger.kept {
        let name = match &kept.reason {
            Reason::Whole => "no policy takes it away".to_owned(),
            Reason::Asked => "asked for".to_owned(),
            Reason::Meanwhile { .. } => "could not be changed, or changed meanwhile".to_owned(),
            Reason::Protected => "protected".to_owned(),
            Reason::Test { .. } => "a test used it".to_owned(),
            Reason::Needed { role, .. } => role_name(*role).to_owned(),
            Reason::Rule { rule, .. } => format!("rule: {rule}"),
            Reason::Restored { .. } => "a test failed without it".to_owned(),
            Reason::Way { .. } | Reason::Skeleton => continue,
        };
        add(&mut sums, name, kept.size);
    }
    sums
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Library => "needed library",
        Role::LaterLibrary => "library that may be loaded later",
        Role::Interpreter => "loader or interpreter",
        Role::Command => "run by its name",
        Role::Mentioned => "named in a kept file",
        Role::Part => "part of a kept script",
        Role::SamePackage => "came with a kept program",
        Role::Dependency => "came with what that depends on",
    }
}

fn write_sums(out: &mut impl Write, title: &str, sums: &Sums) -> io::Result<()> {
    if sums.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<_> = sums.iter().collect();
    rows.sort_by_key(|(_, (bytes, _))| std::cmp::Reverse(*bytes));
    writeln!(out, "{title}:")?;
    for (name, (bytes, files)) in rows {
        let files =
            if *files == 0 { String::new() } else { format!("{} names", Count(*files as u64)) };
        writeln!(out, "{:>11}  {:<34} {files:>13}", amount(*bytes), name)?;
    }
    writeln!(out)
}
