//! What a binary needs: its loader, its libraries, and what it mentions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use names::Bytes;

use crate::reason::Role;
use crate::rootfs::Root;

use super::edge::{Edge, Extent, Node, Rpath};
use super::libraries::{self, Loader};
use super::mentions::{self, Mentions};
use super::packages::Packages;
use super::rules::Rules;
use super::search_path::SearchPath;

/// Reads binaries, each with the libraries that the loader would find for it.
pub(crate) struct Binaries<'a> {
    root: &'a Root,
    pub(crate) loader: Loader<'a>,
    /// Libraries that binaries name and that are nowhere in the root.
    pub(crate) nowhere: BTreeMap<Vec<u8>, PathBuf>,
}

/// What tells which of the names in a binary are meant.
pub(crate) struct Meaning<'a> {
    pub(crate) search_path: &'a SearchPath<'a>,
    pub(crate) rules: &'a Rules,
    pub(crate) packages: &'a Packages,
}

impl<'a> Binaries<'a> {
    pub(crate) fn of(root: &'a Root) -> Self {
        Self { root, loader: Loader::of(root), nowhere: BTreeMap::new() }
    }

    /// What starts it: its loader, and what that loads.
    pub(crate) fn start(&mut self, path: &Path, node: &Node) -> Vec<Edge> {
        let Some(needs) = self.loader.needs(path) else {
            return Vec::new();
        };
        let interpreter = needs.interpreter.clone().map(Bytes);
        let mut edges: Vec<_> = interpreter
            .map(|loader| Edge::needed(loader.as_path(), path, Role::Interpreter, node.extent))
            .into_iter()
            .collect();
        for library in &needs.libraries {
            let found = self.libraries(library, &needs, path, node, Role::Library);
            if found.is_empty() {
                self.nowhere.entry(library.clone()).or_insert_with(|| path.to_owned());
            }
            edges.extend(found);
        }
        edges
    }

    /// What it may load, run or read later. What a test alone reaches did so before our eyes.
    pub(crate) fn later(&mut self, path: &Path, node: &Node, meaning: &Meaning) -> Vec<Edge> {
        let Some(needs) = self.loader.needs(path) else {
            return Vec::new();
        };
        let Ok(mentions) = mentions::of(self.root, path, &meaning.search_path.names) else {
            return Vec::new();
        };
        let mut edges = Vec::new();
        let named = needs.may_load.iter().chain(&mentions.libraries);
        let later = named.filter(|library| !needs.libraries.contains(library));
        for library in later.filter(|library| meaning.rules.may_load(library, path)) {
            edges.extend(self.libraries(library, &needs, path, node, Role::LaterLibrary));
        }
        if node.is_named() {
            edges.extend(commands(path, &mentions, meaning));
        }
        // A library serves many, and hardly any of them means all that it names.
        let is_library = path.to_string_lossy().contains(".so");
        let extent = if is_library { Extent::Start } else { Extent::Everything };
        edges.extend(mentions::edges(self.root, &mentions.paths, path, extent));
        edges
    }

    /// Every file that the loader may find under a library's name: those who load the binary pass
    /// their RPATHs on, and each of them may find another.
    fn libraries(
        &mut self,
        library: &[u8],
        needs: &Rc<elf::needs::Needs>,
        path: &Path,
        node: &Node,
        role: Role,
    ) -> Vec<Edge> {
        let mut edges = Vec::new();
        for inherited in &node.inherited {
            let passed_on = passed_on(libraries::own_rpath(needs, path), inherited);
            for found in self.loader.find(library, needs, path, inherited) {
                let edge = Edge::needed(found, path, role, node.extent);
                edges.push(Edge { inherited: passed_on.clone(), ..edge });
            }
        }
        edges
    }
}

/// The RPATH that a binary's libraries inherit: its own, then what it inherited itself. Each
/// directory stands there once, so that libraries that need each other do not pass on ever more.
fn passed_on(own: Rpath, inherited: &Rpath) -> Rpath {
    let mut passed_on = own;
    for directory in inherited {
        if !passed_on.contains(directory) {
            passed_on.push(directory.clone());
        }
    }
    passed_on
}

/// Programs whose names stand in a program. So many words are such names that this is asked of the
/// named programs alone and of what came with them, which is kept with its libraries only.
fn commands(path: &Path, mentions: &Mentions, meaning: &Meaning) -> Vec<Edge> {
    let names: BTreeSet<_> =
        mentions.programs.iter().map(|name| String::from_utf8_lossy(name)).collect();
    let found = names.iter().filter_map(|name| meaning.search_path.find(name));
    found
        .filter(|found| meaning.packages.came_with(path, found))
        .map(|found| Edge::needed(found, path, Role::Command, Extent::Start))
        .collect()
}
