//! Builds the small root in a directory: what stays, with functions that nothing reaches filled,
//! duplicates shared and binaries stripped.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use duplicates::exclude::Exclude;
use duplicates::plan::{Kind as LinkKind, Rules};
use duplicates::progress::Progress;
use duplicates::walk::Search;
use elf::reach::Unreached;
use elf::strip::{self, Level, Refusal};
use names::shown;
use object::ReadCache;
use serde::{Deserialize, Serialize};

use crate::fill::Filling;
use crate::rootfs::Root;
use crate::rootfs::inventory::{Inventory, Kind};
use crate::rootfs::staging::dress_directories;
use crate::write;

/// What is done to files that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Treatment {
    /// Identical files become one with several names.
    pub(crate) share: bool,
    /// What is stripped of binaries.
    pub(crate) strip: Strip,
}

/// What is stripped of binaries.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Strip {
    /// Nothing
    None,
    /// Symbols and debugging information
    Symbols,
    /// The table of sections too, which only linkers and debuggers read
    Sections,
}

/// What became of the files.
#[derive(Debug, Default)]
pub(crate) struct Treated {
    /// Bytes that stripping saved.
    pub(crate) stripped: u64,
    /// Names that now share a file with another.
    pub(crate) shared: u64,
    /// Files that were left as they are, and why.
    pub(crate) left: BTreeMap<PathBuf, String>,
}

/// Fills an empty directory with what an inventory names and treats it; gives the inventory that
/// describes the result.
pub(crate) fn build(
    root: &Root,
    inventory: &Inventory,
    to: &Path,
    treatment: Treatment,
    filling: &Filling,
) -> Result<(Inventory, Treated)> {
    write::directory::fill(inventory, &root.base, to)?;
    for (path, filled) in &filling.libraries {
        if let Some(entry) = inventory.get(path) {
            fill(&to.join(path), &filled.unreached)
                .and_then(|()| crate::rootfs::staging::dress(&to.join(path), entry))
                .with_context(|| format!("cannot fill functions of `{}`", shown(path)))?;
        }
    }
    let mut treated = Treated::default();
    if treatment.share {
        treated.shared = share(to)?;
    }
    let level = match treatment.strip {
        Strip::None => None,
        Strip::Symbols => Some(Level::Symbols),
        Strip::Sections => Some(Level::Sections),
    };
    if let Some(level) = level {
        strip_all(inventory, to, level, &mut treated)?;
    }
    dress_directories(to, inventory)?;
    Ok((describe(inventory, to)?, treated))
}

/// Gives identical files one content. Hard links, for nothing that reads files sees a difference.
fn share(directory: &Path) -> Result<u64> {
    let search = Search {
        exclude: Exclude::new(&[]).context("no patterns are given")?,
        cross_file_systems: false,
        follow_arguments: false,
    };
    let rules = Rules {
        kind: LinkKind::Hard,
        all: false,
        ignore_metadata: false,
        directories: false,
        min_size: 1,
    };
    let survey = duplicates::survey::survey(&[directory.to_owned()], &search, rules, &Silent);
    let outcome = duplicates::apply::apply(&survey.inventory, &survey.plan, None, &Silent);
    if let Some(problem) = survey.problems().chain(&outcome.problems).next() {
        return Err(anyhow!("{problem}")).context("cannot share what is identical");
    }
    Ok(duplicates::figures::Figures::of(&survey, Some(&outcome)).links())
}

struct Silent;

impl Progress for Silent {}

/// Strips every binary in place: the directory is ours, and names that share a file go on doing so.
fn strip_all(inventory: &Inventory, to: &Path, level: Level, treated: &mut Treated) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (path, entry) in inventory.iter().filter(|(_, entry)| entry.is_file()) {
        let full = to.join(path);
        let metadata =
            fs::metadata(&full).with_context(|| format!("cannot read `{}`", shown(&full)))?;
        if metadata.len() < 64 || !seen.insert(metadata.ino()) {
            continue;
        }
        if entry.attributes.keys().any(|name| name == b"security.ima" || name == b"security.evm") {
            treated.left.insert(path.to_owned(), "its content is signed".to_owned());
            continue;
        }
        let plan = match plan(&full, level) {
            Ok(Some(plan)) => plan,
            Ok(None) => continue,
            Err(refusal) => {
                treated.left.insert(path.to_owned(), refusal.to_string());
                continue;
            }
        };
        treated.stripped += metadata.len() - plan.length();
        carry_out(&plan, &full)
            .and_then(|()| crate::rootfs::staging::dress(&full, entry))
            .with_context(|| format!("cannot strip `{}`", shown(&full)))?;
    }
    Ok(())
}

/// Makes functions that nothing reaches stop whoever reaches them all the same.
fn fill(full: &Path, unreached: &Unreached) -> std::io::Result<()> {
    let file = File::options().write(true).open(full)?;
    for body in &unreached.bodies {
        let length = usize::try_from(body.end - body.start).expect("it was in memory");
        let traps: Vec<u8> = unreached.trap.iter().copied().cycle().take(length).collect();
        file.write_all_at(&traps, body.start)?;
    }
    Ok(())
}

/// The plan for a file; nothing for what is no binary.
fn plan(full: &Path, level: Level) -> Result<Option<strip::Plan>, Refusal> {
    let Ok(file) = File::open(full) else {
        return Ok(None);
    };
    let mut head = [0; 4];
    if file.read_exact_at(&mut head, 0).is_err() || head != elf::MAGIC {
        return Ok(None);
    }
    strip::plan(&ReadCache::new(file), level)
}

fn carry_out(plan: &strip::Plan, full: &Path) -> std::io::Result<()> {
    let mut file = File::options().write(true).open(full)?;
    file.set_len(plan.kept)?;
    for (offset, bytes) in &plan.patches {
        file.seek(SeekFrom::Start(*offset))?;
        file.write_all(bytes)?;
    }
    file.seek(SeekFrom::Start(plan.kept))?;
    file.write_all(&plan.appended)
}

/// The inventory with the sizes, and the files with several names, that there are now.
fn describe(inventory: &Inventory, to: &Path) -> Result<Inventory> {
    let mut described = inventory.clone();
    for (path, entry) in inventory.iter() {
        if !entry.is_file() {
            continue;
        }
        let metadata = fs::metadata(to.join(path))
            .with_context(|| format!("cannot read `{}`", shown(path)))?;
        let kind = Kind::File {
            size: metadata.len(),
            shared: (metadata.nlink() > 1).then_some(metadata.ino()),
        };
        described.get_mut(path).expect("it is a copy").kind = kind;
    }
    Ok(described)
}
