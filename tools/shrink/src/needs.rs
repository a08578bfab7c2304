//! What a kept file needs: found by reading it, not by running it.

mod binaries;
mod companions;
pub(crate) mod edge;
mod libraries;
mod mentions;
pub(crate) mod packages;
mod rules;
mod scripts;
mod search_path;
mod start;
mod texts;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::rootfs::Root;
use crate::rootfs::inventory::Entry;

use binaries::{Binaries, Meaning};
use edge::{Edge, Extent, Node};
use packages::Packages;
use rules::{Kept, Rules};
use search_path::{SearchPath, is_on_search_path};
use start::Start;
use texts::Texts;

/// Everything that knows what files of a root need.
pub(crate) struct Needs<'a> {
    root: &'a Root,
    search_path: SearchPath<'a>,
    binaries: Binaries<'a>,
    /// The records of packages, read when they are first asked for.
    packages: OnceCell<Packages>,
    rules: Rules,
}

impl<'a> Needs<'a> {
    pub(crate) fn of(root: &'a Root) -> Result<Self> {
        Ok(Self {
            root,
            search_path: SearchPath::of(root),
            binaries: Binaries::of(root),
            packages: OnceCell::new(),
            rules: Rules::new()?,
        })
    }

    /// The edges that leave a kept file.
    pub(crate) fn edges(&mut self, path: &Path, node: &Node) -> Vec<Edge> {
        let Some(entry) = self.root.inventory.get(path).filter(|entry| entry.is_file()) else {
            return Vec::new();
        };
        let mut edges = if node.is_named() { self.came_with(path) } else { Vec::new() };
        let everything = node.extent == Extent::Everything;
        let texts = Texts { root: self.root, search_path: &self.search_path };
        match Start::of(self.root, path) {
            Err(_) => {}
            Ok(Start::Binary) => edges.extend(self.binary(path, node)),
            Ok(start) => {
                if let Start::Script(interpreter) = &start
                    && (entry.is_program() || everything)
                    && (start.is_declared() || is_started_by_name(path, entry, node))
                {
                    edges.extend(texts.script(path, interpreter, node));
                } else if node.is(crate::reason::Role::Part) {
                    edges.extend(texts.shell(path));
                } else if everything && (texts::is_module(path) || texts::is_setting(path, node)) {
                    edges.extend(texts.names(path, Extent::Start));
                }
            }
        }
        edges
    }

    fn binary(&mut self, path: &Path, node: &Node) -> Vec<Edge> {
        let mut edges = self.binaries.start(path, node);
        if node.extent == Extent::Everything {
            let meaning = Meaning {
                search_path: &self.search_path,
                rules: &self.rules,
                packages: self.packages.get_or_init(|| Packages::of(self.root)),
            };
            edges.extend(self.binaries.later(path, node, &meaning));
        }
        edges
    }

    /// What came with a program, or with a link to one: each may come from a package of its own.
    pub(crate) fn came_with(&self, program: &Path) -> Vec<Edge> {
        let packages = self.packages.get_or_init(|| Packages::of(self.root));
        companions::of(program, self.root, packages, &self.rules, &self.binaries.loader)
    }

    /// What rules keep because of what stays; each rule says it once.
    pub(crate) fn by_rules(&mut self, nodes: &BTreeMap<PathBuf, Node>) -> Vec<Edge> {
        let kept = |(path, node): (&'_ PathBuf, &'_ Node)| {
            let needs = self.binaries.loader.known(path);
            (path.clone(), node.extent, needs)
        };
        let kept: Vec<_> = nodes.iter().map(kept).collect();
        let kept: Vec<_> = kept
            .iter()
            .map(|(path, extent, needs)| Kept {
                path,
                extent: *extent,
                imports: needs.map(|needs| &needs.imports),
            })
            .collect();
        self.rules.edges(&kept, self.root)
    }

    /// Where a program is, by its name on the search path.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        self.search_path.find(name)
    }

    /// Why a file cannot be started in this root, if so.
    pub(crate) fn why_not_started(&mut self, path: &Path) -> Option<String> {
        let texts = Texts { root: self.root, search_path: &self.search_path };
        start::why_not(self.root, &texts, &mut self.binaries.loader, path)
    }

    /// Libraries that binaries name and that are nowhere in the root, each with one that does.
    pub(crate) fn nowhere(&self) -> &BTreeMap<Vec<u8>, PathBuf> {
        &self.binaries.nowhere
    }
}

/// Whether a text without `#!` is a program all the same: `execvp` gives it to a shell. Elsewhere
/// than where programs are, an executable text is more often one whose mode is wrong.
fn is_started_by_name(path: &Path, entry: &Entry, node: &Node) -> bool {
    entry.is_program() && (node.is_named() || path.parent().is_some_and(is_on_search_path))
}
