//! Builds the small root in a directory: what stays, with functions that nothing reaches filled,
//! duplicates shared and binaries stripped.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use duplicates::exclude::Exclude;
use duplicates::plan::{Kind as LinkKind, Rules};
use duplicates::progress::Progress;
use duplicates::walk::Search;
use elf::Layout;
use elf::reach::Unreached;
use elf::strip::{self, Level};
use names::shown;
use object::ReadCache;
use serde::{Deserialize, Serialize};

use crate::fill::Filling;
use crate::rootfs::Root;
use crate::rootfs::inventory::{Entry, Inventory, Kind};
use crate::rootfs::staging::dress_directories;
use crate::strippable::Strippable;
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

/// Directories of what nobody writes while the system runs (FHS 3.0, chapters 3 and 4). Elsewhere two
/// files that are the same today are two settings, logs or pages: what is written to one must not
/// change the other.
const STATIC: &[&str] = &["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt"];

/// Gives identical files one content. Hard links, for nothing that reads files sees a difference.
fn share(directory: &Path) -> Result<u64> {
    let places = STATIC.iter().map(|place| directory.join(place));
    let places: Vec<_> = places.filter(|place| is_directory(place)).collect();
    if places.is_empty() {
        return Ok(0);
    }
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
    let survey = duplicates::survey::survey(&places, &search, rules, &Silent);
    let outcome = duplicates::apply::apply(&survey.inventory, &survey.plan, None, &Silent);
    if let Some(problem) = survey.problems().chain(&outcome.problems).next() {
        return Err(anyhow!("{problem}")).context("cannot share what is identical");
    }
    Ok(duplicates::figures::Figures::of(&survey, Some(&outcome)).links())
}

/// A link to one, as `bin` often is, leads to a place that is named itself.
fn is_directory(place: &Path) -> bool {
    place.symlink_metadata().is_ok_and(|found| found.is_dir())
}

struct Silent;

impl Progress for Silent {}

/// Strips binaries in place: the directory is ours, and names that share a file go on doing so.
fn strip_all(inventory: &Inventory, to: &Path, level: Level, treated: &mut Treated) -> Result<()> {
    let strippable = Strippable::of(inventory, to);
    for names in names_of_files(inventory, to)?.values() {
        let [(path, entry), ..] = names.as_slice() else {
            continue;
        };
        let full = to.join(path);
        let Some(binary) = binary(&full) else {
            continue;
        };
        let plan = match plan(&binary, names, &strippable, level) {
            Ok(Some(plan)) => plan,
            Ok(None) => continue,
            Err(because) => {
                treated.left.insert((*path).to_owned(), because);
                continue;
            }
        };
        let strip = || format!("cannot strip `{}`", shown(&full));
        treated.stripped += length(&full).with_context(strip)? - plan.length();
        carry_out(&plan, &full)
            .and_then(|()| crate::rootfs::staging::dress(&full, entry))
            .with_context(strip)?;
    }
    Ok(())
}

type Names<'a> = Vec<(&'a Path, &'a Entry)>;

/// All names of each file that may be a binary, by its inode: what holds for one name holds for the
/// file.
fn names_of_files<'a>(inventory: &'a Inventory, to: &Path) -> Result<BTreeMap<u64, Names<'a>>> {
    /// A shorter file has no header.
    const SHORTEST: u64 = 64;
    let mut files: BTreeMap<u64, Names> = BTreeMap::new();
    for (path, entry) in inventory.iter().filter(|(_, entry)| entry.is_file()) {
        let full = to.join(path);
        let metadata =
            fs::metadata(&full).with_context(|| format!("cannot read `{}`", shown(&full)))?;
        if metadata.len() >= SHORTEST {
            files.entry(metadata.ino()).or_default().push((path, entry));
        }
    }
    Ok(files)
}

fn length(full: &Path) -> std::io::Result<u64> {
    Ok(fs::metadata(full)?.len())
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

/// A file, if it is a binary.
fn binary(full: &Path) -> Option<ReadCache<File>> {
    let file = File::open(full).ok()?;
    let mut head = [0; 4];
    file.read_exact_at(&mut head, 0).ok()?;
    (head == elf::MAGIC).then(|| ReadCache::new(file))
}

/// The plan for a binary, where there is something to gain; or why it is left as it is.
fn plan(
    binary: &ReadCache<File>,
    names: &Names,
    strippable: &Strippable,
    level: Level,
) -> Result<Option<strip::Plan>, String> {
    let plan = strip::plan(binary, level).map_err(|refusal| refusal.to_string())?;
    let layout = Layout::read(binary).map_err(|problem| problem.to_string())?;
    let mut names = names.iter();
    match (plan, names.find_map(|(path, entry)| strippable.why_left(path, entry, &layout))) {
        (Some(_), Some(because)) => Err(because),
        (plan, _) => Ok(plan),
    }
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
