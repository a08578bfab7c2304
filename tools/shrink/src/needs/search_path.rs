//! Where programs are found by their names.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::rootfs::Root;
use crate::rootfs::inventory::{Entry, Follow, Kind};

/// The directories in which shells and `execvp` look.
const DIRECTORIES: &[&str] =
    &["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];

/// The programs of a root that are found by their names.
pub(crate) struct SearchPath<'a> {
    root: &'a Root,
    /// The names of all of them.
    pub(crate) names: BTreeSet<Vec<u8>>,
}

impl<'a> SearchPath<'a> {
    pub(crate) fn of(root: &'a Root) -> Self {
        let mut names = BTreeSet::new();
        for directory in DIRECTORIES {
            for (path, entry) in root.inventory.children(Path::new(directory)) {
                if entry.kind != Kind::Directory {
                    names.extend(path.file_name().map(|name| name.as_bytes().to_vec()));
                }
            }
        }
        Self { root, names }
    }

    /// The path of a program with this name; a path is no name.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        if program.contains('/') {
            return None;
        }
        let mut places = DIRECTORIES.iter().map(|place| Path::new("/").join(place).join(program));
        places.find(|path| {
            let end = self.root.inventory.resolve(Path::new(""), path, Follow::Last).end;
            end.and_then(|end| self.root.inventory.get(&end)).is_some_and(Entry::is_program)
        })
    }
}

/// Whether what lies in a directory is found by its name.
pub(crate) fn is_on_search_path(directory: &Path) -> bool {
    DIRECTORIES.iter().any(|place| directory == Path::new(place)) || directory.ends_with("games")
}
