//! Where a command works: a tree that is looked at, and a home beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What every path reads as, links followed.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// A directory with a tree and a home in it, removed in the end.
#[derive(Debug)]
pub struct Place {
    base: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let base = tempfile::tempdir().expect("a directory to work in");
        for name in ["tree", "home"] {
            fs::create_dir(base.path().join(name)).expect("a directory to work in");
        }
        Self { base }
    }

    /// What the command changes.
    #[must_use]
    pub fn tree(&self) -> PathBuf {
        self.base.path().join("tree")
    }

    /// Where the user's own files are: journals, caches, archives. Nobody looks there.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.base.path().join("home")
    }

    /// What every path in the tree reads as. Links are not followed round in a circle, and what an
    /// interrupted run leaves under names of its own does not count.
    #[must_use]
    pub fn contents(&self) -> Contents {
        let mut contents = Contents::new();
        add_contents(&self.tree(), Path::new(""), &mut Vec::new(), &mut contents);
        contents.retain(|path, _| !is_leftover(Path::new(path)));
        contents
    }

    /// What an interrupted run has left in the tree.
    #[must_use]
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let mut all = Vec::new();
        add_leftovers(&self.tree(), &mut all);
        all
    }
}

fn is_leftover(path: &Path) -> bool {
    path.iter().any(|name| name.as_encoded_bytes().starts_with(b".etabli"))
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a readable directory");
    entries.map(|entry| entry.expect("a readable entry").path()).collect()
}

fn add_leftovers(directory: &Path, all: &mut Vec<PathBuf>) {
    for path in entries(directory) {
        if path.file_name().is_some_and(|name| is_leftover(Path::new(name))) {
            all.push(path);
        } else if path.is_dir() && !path.is_symlink() {
            add_leftovers(&path, all);
        }
    }
}

fn add_contents(root: &Path, below: &Path, above: &mut Vec<PathBuf>, contents: &mut Contents) {
    let real = root.join(below).canonicalize().expect("a directory that is there");
    if above.contains(&real) {
        return;
    }
    above.push(real);
    for full in entries(&root.join(below)) {
        let path = below.join(full.file_name().expect("an entry has a name"));
        if full.is_dir() {
            add_contents(root, &path, above, contents);
        } else if full.is_file() {
            let content = fs::read(&full).expect("a file");
            contents.insert(path.to_string_lossy().into_owned(), content);
        }
    }
    above.pop();
}
