//! Documents that have been read: those given, and those that links lead to.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::address::Jump;
use crate::config::Settings;
use crate::document::converted::Converter;
use crate::document::limits::Limits;
use crate::document::problem::Problem;
use crate::document::{self, Content};
use crate::gather;
use crate::link::Link;
use crate::targets::{Found, Speller, Targets};

/// A document, and what reading it gave.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) path: PathBuf,
    /// Links may lead to files in this folder.
    pub(crate) root: PathBuf,
    pub(crate) content: Result<Content, Problem>,
}

impl Reading {
    /// The links, if it could be read.
    pub(crate) fn links(&self) -> &[Link] {
        self.content.as_ref().map_or(&[], |content| &content.links)
    }
}

/// Reads documents side by side, in their order; `read` is told of each.
pub(crate) fn read_all(
    documents: &[gather::Found],
    settings: &Settings,
    read: &(dyn Fn(&Path) + Sync),
    stop: &(dyn Fn() -> bool + Sync),
) -> Vec<Reading> {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(documents.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut contents = Vec::new();
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(document) = documents.get(number)
            && !stop()
        {
            contents.push((number, read_one(&document.path, settings)));
            read(&document.path);
        }
        contents
    };
    let mut contents: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().flat_map(join).collect()
    });
    contents.sort_by_key(|(number, _)| *number);
    let reading = |(number, content): (usize, _)| {
        let gather::Found { path, root } = documents[number].clone();
        Reading { path, root, content }
    };
    contents.into_iter().map(reading).collect()
}

fn read_one(path: &Path, settings: &Settings) -> Result<Content, Problem> {
    let limits = &settings.limits;
    match (document::read(path, limits), &settings.converter, Converter::takes(path)) {
        (Err(Problem::Older), Some(converter), Some(into)) => converter.read(path, into, limits),
        (content, ..) => content,
    }
}

/// What links to other files lead to, read at most once.
#[derive(Debug)]
pub(crate) struct Library {
    limits: Limits,
    pub(super) speller: Speller,
    /// What was looked for in the document at hand: many links lead to one place.
    places: HashMap<Jump, Found>,
    targets: HashMap<PathBuf, Result<Arc<dyn Targets>, Problem>>,
    /// For each folder, the files below it by their names.
    names: HashMap<PathBuf, HashMap<std::ffi::OsString, Vec<PathBuf>>>,
}

impl Library {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            speller: Speller::default(),
            places: HashMap::new(),
            targets: HashMap::new(),
            names: HashMap::new(),
        }
    }

    /// Another document is at hand.
    pub(super) fn next_document(&mut self) {
        self.places.clear();
    }

    /// A place in the document at hand.
    pub(super) fn find(&mut self, jump: &Jump, content: &Content) -> Found {
        if let Some(found) = self.places.get(jump) {
            return found.clone();
        }
        let found = content.targets.find(jump, &self.speller);
        self.places.insert(jump.clone(), found.clone());
        found
    }

    /// The places in a file.
    pub(super) fn targets(&mut self, path: &Path) -> Result<Arc<dyn Targets>, Problem> {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if let Some(known) = self.targets.get(&real) {
            return known.clone();
        }
        let targets = document::read(path, &self.limits).map(|content| content.targets.into());
        self.targets.insert(real, targets.clone());
        targets
    }

    /// The one file below a folder that has this name; None where there is none, or several.
    pub(super) fn moved_to(&mut self, root: &Path, name: &std::ffi::OsStr) -> Option<PathBuf> {
        let names = self.names.entry(root.to_owned()).or_insert_with(|| names_below(root));
        match names.get(name)?.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }
}

/// The files below a folder by their names, up to a number that is found in a moment.
fn names_below(root: &Path) -> HashMap<std::ffi::OsString, Vec<PathBuf>> {
    const MOST: usize = 100_000;
    let mut names: HashMap<_, Vec<PathBuf>> = HashMap::new();
    let mut folders = vec![root.to_owned()];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            count += 1;
            if count > MOST {
                return HashMap::new();
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => {
                    names.entry(entry.file_name()).or_default().push(entry.path());
                }
                _ => {}
            }
        }
    }
    names
}
