//! Rules for what programs need that no table in them names.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::Bytes;
use serde::Deserialize;

use crate::globs::Globs;
use crate::reason::Reason;
use crate::rootfs::Root;
use crate::rootfs::inventory::{Follow, Kind};

use super::edge::{Authority, Edge, Extent};

/// The rules that come with shrink.
const RULES: &str = include_str!("../../data/rules.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    /// Packages that others depend on to be installed, not to run.
    for_installing: BTreeSet<String>,
    rule: Vec<Written>,
    not_loaded: Vec<WrittenPair>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenPair {
    library: String,
    by: String,
    #[expect(dead_code, reason = "it is for those who read the rules")]
    because: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    name: String,
    #[serde(default)]
    imports: BTreeSet<String>,
    #[serde(default)]
    not_for: Vec<String>,
    #[serde(default)]
    kept: Vec<String>,
    #[serde(default)]
    only_asked: bool,
    #[serde(default)]
    even_removed: bool,
    #[serde(default)]
    keep: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    named_in: Option<WrittenNames>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenNames {
    files: Vec<String>,
    words: String,
    prefix: String,
    suffix: String,
    under: Vec<String>,
}

/// A rule: when a kept file is such, others stay too.
#[derive(Debug)]
struct Rule {
    name: String,
    imports: BTreeSet<Vec<u8>>,
    not_for: Globs,
    kept: Globs,
    only_asked: bool,
    /// Whether it keeps what a policy that is on by itself would take away.
    even_removed: bool,
    keep: Globs,
    named_in: Option<NamedIn>,
}

#[derive(Debug)]
struct NamedIn {
    files: Globs,
    words: Globs,
    prefix: String,
    suffix: String,
    under: Globs,
}

/// A kept file, as rules see it.
pub(crate) struct Kept<'a> {
    pub(crate) path: &'a Path,
    pub(crate) extent: Extent,
    /// What it asks the loader for, where it is a binary.
    pub(crate) imports: Option<&'a BTreeSet<Vec<u8>>>,
}

/// All rules.
pub(crate) struct Rules {
    all: Vec<Rule>,
    /// Which have fired, and for how much: for a program of --keep a rule fires once more.
    fired: BTreeMap<usize, Extent>,
    /// Packages that others depend on to be installed, not to run.
    pub(crate) for_installing: BTreeSet<String>,
    not_loaded: Vec<(Globs, Globs)>,
}

impl Rules {
    /// Reads the rules that come with shrink.
    pub(crate) fn new() -> Result<Self> {
        let file: File =
            toml::from_str(RULES).context("the rules that come with shrink are damaged")?;
        let pair = |pair: &WrittenPair| -> Result<_> {
            let globs = |glob: &String| Globs::new(std::slice::from_ref(glob), &[]);
            Ok((globs(&pair.library)?, globs(&pair.by)?))
        };
        Ok(Self {
            for_installing: file.for_installing,
            not_loaded: file.not_loaded.iter().map(pair).collect::<Result<_>>()?,
            all: file.rule.into_iter().map(Rule::of).collect::<Result<_>>()?,
            fired: BTreeMap::new(),
        })
    }

    /// Lets every rule look at what stays that has not fired for as much before.
    pub(crate) fn edges(&mut self, kept: &[Kept], root: &Root) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (number, rule) in self.all.iter().enumerate() {
            let fired = self.fired.get(&number).copied();
            if fired == Some(Extent::Everything) {
                continue;
            }
            let by = rule.fired_by(kept);
            if let Some(by) = by.filter(|by| fired < Some(by.extent)) {
                self.fired.insert(number, by.extent);
                edges.extend(rule.edges(by, root));
            }
        }
        edges
    }

    /// Whether a library whose name stands in a binary may be loaded by it.
    pub(crate) fn may_load(&self, library: &[u8], by: &Path) -> bool {
        let library = Path::new(std::ffi::OsStr::from_bytes(library));
        let never = |(name, who): &(Globs, Globs)| name.matches(library) && who.matches(by);
        !self.not_loaded.iter().any(never)
    }
}

impl Rule {
    fn of(written: Written) -> Result<Self> {
        let named_in = written.named_in.map(|named| -> Result<_> {
            Ok(NamedIn {
                files: Globs::new(&named.files, &[])?,
                words: Globs::new(&[named.words], &[])?,
                prefix: named.prefix,
                suffix: named.suffix,
                under: Globs::new(&named.under, &[])?,
            })
        });
        Ok(Self {
            imports: written.imports.into_iter().map(String::into_bytes).collect(),
            not_for: Globs::new(&written.not_for, &[])?,
            kept: Globs::new(&written.kept, &[])?,
            only_asked: written.only_asked,
            even_removed: written.even_removed,
            keep: Globs::new(&written.keep, &written.except)?,
            named_in: named_in.transpose()?,
            name: written.name,
        })
    }

    /// The first kept file that makes the rule fire. What a program of --keep needs counts for more,
    /// as does what it needs in turn.
    fn fired_by<'k>(&self, kept: &'k [Kept<'k>]) -> Option<&'k Kept<'k>> {
        let mut firing = kept.iter().filter(|kept| self.fires(kept));
        let first = firing.next()?;
        if first.extent == Extent::Everything {
            return Some(first);
        }
        Some(firing.find(|kept| kept.extent == Extent::Everything).unwrap_or(first))
    }

    fn fires(&self, kept: &Kept) -> bool {
        if self.only_asked && kept.extent < Extent::Everything {
            return false;
        }
        let imports = kept.imports.is_some_and(|imports| !imports.is_disjoint(&self.imports));
        imports && !self.not_for.matches(kept.path) || self.kept.matches(kept.path)
    }

    /// What stays when it has fired.
    fn edges(&self, by: &Kept, root: &Root) -> Vec<Edge> {
        let authority =
            if self.even_removed { Authority::OverrulesDefaults } else { Authority::Obeys };
        let reason = || Reason::Rule { rule: self.name.clone(), by: Bytes::of(by.path) };
        let edge = |path: PathBuf| {
            let edge = Edge::new(Path::new("/").join(path), reason(), by.extent);
            Edge { authority, ..edge }
        };
        self.keeps(root).into_iter().map(edge).collect()
    }

    /// All that it matches, besides directories.
    fn keeps(&self, root: &Root) -> Vec<PathBuf> {
        let entries = root.inventory.iter().filter(|(_, entry)| entry.kind != Kind::Directory);
        let matched = entries.filter(|(path, _)| self.keep.matches(path));
        let mut keeps: Vec<_> = matched.map(|(path, _)| path.to_owned()).collect();
        if let Some(named) = &self.named_in {
            keeps.extend(named.keeps(root));
        }
        keeps
    }
}

impl NamedIn {
    fn keeps(&self, root: &Root) -> Vec<PathBuf> {
        let mut names = BTreeSet::new();
        for (path, _) in root.inventory.iter().filter(|(path, _)| self.files.matches(path)) {
            let Some(file) = root.inventory.resolve(Path::new(""), path, Follow::Last).end else {
                continue;
            };
            let text = root.text(&file);
            let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
            for word in lines.flat_map(str::split_whitespace) {
                let word = word.rsplit('/').next().unwrap_or(word);
                if self.words.matches(Path::new(word)) {
                    names.insert(format!("{}{word}{}", self.prefix, self.suffix));
                }
            }
        }
        let chosen = root.inventory.iter().filter(|(path, _)| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| names.contains(name))
                && path.parent().is_some_and(|parent| self.under.matches(parent))
        });
        chosen.map(|(path, _)| path.to_owned()).collect()
    }
}
