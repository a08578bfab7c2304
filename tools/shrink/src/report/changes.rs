//! How two roots differ.

use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Result;
use names::{Bytes, shown};
use serde::Serialize;

use super::{amount, less};
use crate::cli::{Format, Output};
use crate::rootfs::Root;
use crate::rootfs::inventory::{Entry, Kind};

/// What differs between two roots.
#[derive(Serialize)]
pub(crate) struct Changes {
    bytes: [u64; 2],
    /// Paths that only the first has.
    removed: Vec<Bytes>,
    /// Paths that only the second has.
    added: Vec<Bytes>,
    /// Paths that both have, and what differs.
    changed: Vec<Changed>,
}

#[derive(Serialize)]
struct Changed {
    path: Bytes,
    what: Vec<&'static str>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && self.changed.is_empty()
    }
}

/// Compares two roots, contents and all.
pub(crate) fn between(first: &Root, second: &Root) -> Result<Changes> {
    let (one, two) = (&first.inventory, &second.inventory);
    let mut changes = Changes {
        bytes: [one.size(), two.size()],
        removed: Vec::new(),
        added: Vec::new(),
        changed: Vec::new(),
    };
    for (path, entry) in one.iter() {
        match two.get(path) {
            None => changes.removed.push(Bytes::of(path)),
            Some(other) => {
                let what = differences(first, second, path, entry, other)?;
                if !what.is_empty() {
                    changes.changed.push(Changed { path: Bytes::of(path), what });
                }
            }
        }
    }
    let added = two.iter().filter(|(path, _)| one.get(path).is_none());
    changes.added = added.map(|(path, _)| Bytes::of(path)).collect();
    Ok(changes)
}

fn differences(
    first: &Root,
    second: &Root,
    path: &Path,
    one: &Entry,
    two: &Entry,
) -> Result<Vec<&'static str>> {
    let content = match (&one.kind, &two.kind) {
        (Kind::File { size: one, .. }, Kind::File { size: two, .. }) => {
            one != two || !same(first, second, path)?
        }
        (one, two) => one != two,
    };
    let parts = [
        ("content", content),
        ("mode", one.mode != two.mode),
        ("owner", one.owner != two.owner),
        ("time", one.modified != two.modified),
        ("attributes", one.attributes != two.attributes),
    ];
    Ok(parts.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect())
}

fn same(first: &Root, second: &Root, path: &Path) -> io::Result<bool> {
    let (mut one, mut two) = (first.read(path)?, second.read(path)?);
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = fill(&mut one, &mut left)?;
        if read != fill(&mut two, &mut right)? || left[..read] != right[..read] {
            return Ok(false);
        }
        if read == 0 {
            return Ok(true);
        }
    }
}

fn fill(file: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match file.read(&mut block[filled..])? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

/// Writes the differences to standard output.
pub(crate) fn write(changes: &Changes, output: &Output) -> io::Result<()> {
    if output.format == Format::Json {
        return super::json(changes);
    }
    if output.quiet {
        return Ok(());
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    for path in &changes.removed {
        writeln!(out, "- /{}", shown(path.as_path()))?;
    }
    for path in &changes.added {
        writeln!(out, "+ /{}", shown(path.as_path()))?;
    }
    for changed in &changes.changed {
        writeln!(out, "~ /{}: {}", shown(changed.path.as_path()), changed.what.join(", "))?;
    }
    let [before, after] = changes.bytes;
    writeln!(
        out,
        "\n{} names less, {} more, {} changed; {} and {}, {}",
        changes.removed.len(),
        changes.added.len(),
        changes.changed.len(),
        amount(before),
        amount(after),
        less(before, after),
    )?;
    out.flush()
}
