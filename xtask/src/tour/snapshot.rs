//! What every path of a tree reads as, and what stands there.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A whole tree at one moment.
pub(super) struct Snapshot {
    entries: BTreeMap<PathBuf, Entry>,
    /// Bytes on disk as `du` counts them: every inode once.
    pub(super) disk: u64,
    pub(super) files: usize,
    pub(super) links: usize,
}

struct Entry {
    reading: Reading,
    standing: Standing,
    identity: Identity,
}

/// What a program gets that opens the path and follows links.
#[derive(Debug, PartialEq, Eq)]
enum Reading {
    Content(blake3::Hash),
    Directory,
    Nothing,
}

/// What stands at the path itself, and must be back after an undo.
#[derive(Debug, PartialEq, Eq)]
struct Standing {
    mode: u32,
    owner: (u32, u32),
    /// Those of a directory change whenever a name in it does.
    size_and_time: Option<(u64, i64, i64)>,
    link: Option<PathBuf>,
}

/// Changes when anything at all is done to what stands at the path.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    inode: u64,
    changed: (i64, i64),
}

impl Snapshot {
    /// Reads everything below the root.
    pub(super) fn take(root: &Path) -> Result<Self> {
        let mut snapshot = Self { entries: BTreeMap::new(), disk: 0, files: 0, links: 0 };
        snapshot.add_below(root, Path::new(""), &mut HashSet::new())?;
        Ok(snapshot)
    }

    fn add_below(
        &mut self,
        root: &Path,
        folder: &Path,
        counted: &mut HashSet<(u64, u64)>,
    ) -> Result<()> {
        let place = root.join(folder);
        let listing =
            fs::read_dir(&place).with_context(|| format!("cannot list `{}`", place.display()))?;
        for entry in listing {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let place = entry.path();
            let metadata = fs::symlink_metadata(&place)
                .with_context(|| format!("cannot look at `{}`", place.display()))?;
            if counted.insert((metadata.dev(), metadata.ino())) {
                self.disk += metadata.blocks() * 512;
            }
            self.files += usize::from(metadata.is_file());
            self.links += usize::from(metadata.is_symlink());
            if metadata.is_dir() {
                self.add_below(root, &path, counted)?;
            }
            self.entries.insert(path, Entry::at(&place, &metadata)?);
        }
        Ok(())
    }

    pub(super) fn paths(&self) -> usize {
        self.entries.len()
    }

    /// The paths that a reader finds different.
    pub(super) fn read_otherwise(&self, later: &Self) -> Vec<PathBuf> {
        self.differing(later, |one, other| one.reading == other.reading)
    }

    /// The paths where something else stands, or something of other content.
    pub(super) fn stand_otherwise(&self, later: &Self) -> Vec<PathBuf> {
        self.differing(later, |one, other| {
            one.standing == other.standing && one.reading == other.reading
        })
    }

    /// The paths where anything was done, be it to put there what was there before.
    pub(super) fn touched(&self, later: &Self) -> Vec<PathBuf> {
        self.differing(later, |one, other| one.identity == other.identity)
    }

    /// A path that one of the two has alone differs, too.
    fn differing(&self, later: &Self, same: fn(&Entry, &Entry) -> bool) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for (path, entry) in &self.entries {
            if !later.entries.get(path).is_some_and(|later| same(entry, later)) {
                paths.push(path.clone());
            }
        }
        let new = later.entries.keys().filter(|path| !self.entries.contains_key(*path));
        paths.extend(new.cloned());
        paths
    }
}

impl Entry {
    fn at(place: &Path, metadata: &Metadata) -> Result<Self> {
        let link = metadata.is_symlink().then(|| fs::read_link(place)).transpose()?;
        let size_and_time = (!metadata.is_dir())
            .then(|| (metadata.size(), metadata.mtime(), metadata.mtime_nsec()));
        Ok(Self {
            reading: Reading::of(place)
                .with_context(|| format!("cannot read `{}`", place.display()))?,
            standing: Standing {
                mode: metadata.mode(),
                owner: (metadata.uid(), metadata.gid()),
                size_and_time,
                link,
            },
            identity: Identity {
                inode: metadata.ino(),
                changed: (metadata.ctime(), metadata.ctime_nsec()),
            },
        })
    }
}

impl Reading {
    fn of(path: &Path) -> io::Result<Self> {
        let Ok(metadata) = fs::metadata(path) else {
            return Ok(Self::Nothing);
        };
        if metadata.is_dir() {
            return Ok(Self::Directory);
        }
        if !metadata.is_file() {
            return Ok(Self::Nothing);
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path)?)?;
        Ok(Self::Content(hasher.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A tree of `a` and `b` with the same content.
    fn tree() -> tempfile::TempDir {
        let tree = tempfile::tempdir().expect("a scratch directory");
        for name in ["a", "b"] {
            fs::write(tree.path().join(name), "the same").expect("a file");
        }
        tree
    }

    fn snapshot(tree: &tempfile::TempDir) -> Snapshot {
        Snapshot::take(tree.path()).expect("everything can be read")
    }

    #[test]
    fn a_link_to_the_same_content_reads_the_same_but_stands_otherwise() {
        let tree = tree();
        let before = snapshot(&tree);

        fs::remove_file(tree.path().join("b")).expect("it was there");
        symlink("a", tree.path().join("b")).expect("a link");
        let after = snapshot(&tree);

        assert!(before.read_otherwise(&after).is_empty());
        assert_eq!(before.stand_otherwise(&after), [PathBuf::from("b")]);
        assert_eq!((before.files, before.links, after.files, after.links), (2, 0, 1, 1));
    }

    #[test]
    fn other_content_missing_names_and_new_names_are_seen() {
        let tree = tree();
        let before = snapshot(&tree);

        fs::write(tree.path().join("a"), "another").expect("a file");
        fs::rename(tree.path().join("b"), tree.path().join("c")).expect("another name");

        assert_eq!(before.read_otherwise(&snapshot(&tree)), ["a", "b", "c"].map(PathBuf::from));
    }

    #[test]
    fn a_file_written_again_with_what_it_held_is_touched() {
        let tree = tree();
        let before = snapshot(&tree);
        assert!(before.touched(&snapshot(&tree)).is_empty());

        fs::remove_file(tree.path().join("a")).expect("it was there");
        fs::write(tree.path().join("new"), "the same").expect("a file");
        fs::rename(tree.path().join("new"), tree.path().join("a")).expect("its old name");

        assert_eq!(before.touched(&snapshot(&tree)), [PathBuf::from("a")]);
    }
}
