//! Finds where the bytes of a root are, by what could be done about them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use duplicates::exclude::Exclude;
use duplicates::plan::{Kind as LinkKind, Rules};
use duplicates::progress::Progress;
use duplicates::walk::Search;
use elf::strip::{Level, plan};
use object::ReadCache;

use crate::graph::Graph;
use crate::policy::{Policies, PolicyFile, Switch};
use crate::reason::Reasons;
use crate::rootfs::Root;
use crate::rootfs::inventory::Kind;

/// What could be done about bytes. Each byte counts once, under the first that fits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gain {
    /// A policy names the file.
    Policy(String),
    /// None of the programs that matter needs the file.
    Unreachable,
    /// Another file is the same.
    Duplicate,
    /// Symbols and debugging information.
    Symbols,
    /// Tables of sections.
    Sections,
}

impl Gain {
    /// A word for it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Policy(name) => name,
            Self::Unreachable => "unreachable",
            Self::Duplicate => "duplicates",
            Self::Symbols => "symbols",
            Self::Sections => "section-headers",
        }
    }
}

/// A file with several names counts under the first.
#[derive(Debug)]
pub(crate) struct Survey {
    /// Every file with its bytes, and how many of them could go.
    pub(crate) files: Vec<Surveyed>,
    /// What the names of gains mean, and whether `make` takes them without being asked.
    pub(crate) policies: BTreeMap<String, (String, bool)>,
}

/// A file and what could be gained by it.
#[derive(Debug)]
pub(crate) struct Surveyed {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) gain: Option<(Gain, u64)>,
}

impl Survey {
    /// Looks at every file of a root. With programs to keep, what they do not need is unreachable.
    pub(crate) fn of(root: &Root, keep: &[PathBuf]) -> Result<Self> {
        let policies = Policies::new(&PolicyFile::default(), &[], &[], &root.inventory)?;
        let needed = needed(root, &policies, keep)?;
        let duplicates = duplicates(&root.base)?;
        let mut files = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for (path, entry) in root.inventory.iter() {
            let again = match entry.kind {
                Kind::File { shared: Some(number), .. } => !seen.insert(number),
                Kind::File { .. } | Kind::Link(_) => false,
                _ => true,
            };
            if again {
                continue;
            }
            let size = entry.size();
            let gain = gain(root, path, size, &policies, needed.as_ref(), &duplicates);
            files.push(Surveyed { path: path.to_owned(), size, gain });
        }
        let policies = policies.list().map(|(name, says, switch)| {
            (name.to_owned(), (says.to_owned(), switch == Switch::Remove))
        });
        Ok(Self { files, policies: policies.collect() })
    }

    /// All bytes.
    pub(crate) fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Bytes and files for each gain, the largest first.
    pub(crate) fn gains(&self) -> Vec<(&Gain, u64, usize)> {
        let mut gains: BTreeMap<&Gain, (u64, usize)> = BTreeMap::new();
        for (gain, bytes) in self.files.iter().filter_map(|file| file.gain.as_ref()) {
            let sum = gains.entry(gain).or_default();
            *sum = (sum.0 + bytes, sum.1 + 1);
        }
        let mut gains: Vec<_> =
            gains.into_iter().map(|(gain, (bytes, files))| (gain, bytes, files)).collect();
        gains.sort_by_key(|(_, bytes, _)| std::cmp::Reverse(*bytes));
        gains
    }
}

fn needed(root: &Root, policies: &Policies, keep: &[PathBuf]) -> Result<Option<Reasons>> {
    if keep.is_empty() {
        return Ok(None);
    }
    let removed = BTreeMap::new();
    let mut graph = Graph::of(root, policies, &removed)?;
    for program in keep {
        graph.ask(program)?;
    }
    Ok(Some(graph.settle()))
}

fn gain(
    root: &Root,
    path: &Path,
    size: u64,
    policies: &Policies,
    needed: Option<&Reasons>,
    duplicates: &BTreeMap<PathBuf, u64>,
) -> Option<(Gain, u64)> {
    /// What distributions strip leaves some bytes that a strip of ours still takes.
    const SOME: u64 = 1024;
    if let Some((name, _)) = policies.of(path) {
        return Some((Gain::Policy(name.to_owned()), size));
    }
    if needed.is_some_and(|needed| !needed.contains_key(path)) {
        return Some((Gain::Unreachable, size));
    }
    if let Some(bytes) = duplicates.get(path) {
        return Some((Gain::Duplicate, *bytes));
    }
    if !root.inventory.get(path).is_some_and(super::rootfs::inventory::Entry::is_file) {
        return None;
    }
    let head = root.head(path, 4).ok()?;
    if head != elf::MAGIC {
        return None;
    }
    let cache = ReadCache::new(root.read(path).ok()?);
    let saved = |level| match plan(&cache, level) {
        Ok(Some(plan)) => size - plan.length(),
        _ => 0,
    };
    let (symbols, sections) = (saved(Level::Symbols), saved(Level::Sections));
    match (symbols, sections) {
        (0, 0) => None,
        (0..=SOME, sections) => Some((Gain::Sections, sections.max(symbols))),
        _ => Some((Gain::Symbols, sections.max(symbols))),
    }
}

/// Files that are the same as another, and their bytes.
fn duplicates(base: &Path) -> Result<BTreeMap<PathBuf, u64>> {
    let search =
        Search { exclude: Exclude::new(&[])?, cross_file_systems: false, follow_arguments: true };
    let rules = Rules {
        kind: LinkKind::Hard,
        all: false,
        ignore_metadata: false,
        directories: false,
        min_size: 1,
    };
    let survey = duplicates::survey::survey(&[base.to_owned()], &search, rules, &Silent);
    let mut found = BTreeMap::new();
    for group in survey.planned_groups() {
        for link in group.replaced {
            if let Ok(path) = link.path.strip_prefix(base) {
                found.insert(path.to_owned(), group.size);
            }
        }
    }
    Ok(found)
}

struct Silent;

impl Progress for Silent {}
