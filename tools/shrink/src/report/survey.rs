//! Where the bytes are.

use std::io::{self, Write};
use std::path::Path;

use names::{Bytes, shown};
use serde::Serialize;
use ui::numbers::Count;

use super::amount;
use crate::cli::{Format, Output};
use crate::survey::{Gain, Survey};

/// Writes the survey to standard output.
pub(crate) fn write(survey: &Survey, root: &Path, output: &Output) -> io::Result<()> {
    match output.format {
        Format::Json => super::json(&document(survey, root)),
        Format::Text if output.quiet => Ok(()),
        Format::Text => write_text(survey, root, output.verbose),
    }
}

fn write_text(survey: &Survey, root: &Path, verbose: bool) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if verbose {
        for file in &survey.files {
            let gain = file.gain.as_ref().map_or(String::new(), |(gain, bytes)| {
                format!("  {} {}", amount(*bytes), gain.name())
            });
            writeln!(out, "{:>12} {}{gain}", file.size, shown(&file.path))?;
        }
        writeln!(out)?;
    }
    let files = survey.files.len() as u64;
    let size = amount(survey.size());
    writeln!(out, "{}: {size} in {} files\n", shown(root), Count(files))?;
    let mut off = false;
    for (gain, bytes, files) in survey.gains() {
        let taken = taken(survey, gain);
        off |= !taken;
        writeln!(
            out,
            "{:>11} {} {:<16} {:>7} files  {}",
            amount(bytes),
            if taken { ' ' } else { '*' },
            gain.name(),
            Count(files as u64).to_string(),
            says(survey, gain),
        )?;
    }
    if off {
        writeln!(out, "\n* stays unless `shrink make` is told `--remove` or what to keep")?;
    }
    out.flush()
}

fn taken(survey: &Survey, gain: &Gain) -> bool {
    match gain {
        Gain::Policy(name) => survey.policies.get(name).is_some_and(|(_, on)| *on),
        _ => true,
    }
}

fn says<'a>(survey: &'a Survey, gain: &Gain) -> &'a str {
    match gain {
        Gain::Policy(name) => survey.policies.get(name).map_or("", |(says, _)| says),
        Gain::Unreachable => "what no program of --keep needs",
        Gain::Duplicate => "what is the same as another file",
        Gain::Symbols => "what only linkers and debuggers read of binaries",
        Gain::Sections => "tables of sections, which running programs do not read",
    }
}

#[derive(Serialize)]
struct Document<'a> {
    root: Bytes,
    bytes: u64,
    gains: Vec<Row<'a>>,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    says: &'a str,
    bytes: u64,
    files: usize,
    taken_by_default: bool,
}

#[derive(Serialize)]
struct File<'a> {
    path: Bytes,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    gain: Option<&'a str>,
    gained_bytes: u64,
}

fn document<'a>(survey: &'a Survey, root: &Path) -> Document<'a> {
    let gains = survey.gains().into_iter().map(|(gain, bytes, files)| Row {
        name: gain.name(),
        says: says(survey, gain),
        bytes,
        files,
        taken_by_default: taken(survey, gain),
    });
    let files = survey.files.iter().map(|file| File {
        path: Bytes::of(&file.path),
        bytes: file.size,
        gain: file.gain.as_ref().map(|(gain, _)| gain.name()),
        gained_bytes: file.gain.as_ref().map_or(0, |(_, bytes)| *bytes),
    });
    Document {
        root: Bytes::of(root),
        bytes: survey.size(),
        gains: gains.collect(),
        files: files.collect(),
    }
}
