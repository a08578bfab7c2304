//! Counts a tree: its files, their bytes, and how many of these are there twice.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::listing::{self, Listing};

/// The size of a tree, hard links counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Census {
    pub(super) files: u64,
    pub(super) bytes: u64,
    /// Files that have the content of another one that was counted already.
    pub(super) duplicate_files: u64,
    pub(super) duplicate_bytes: u64,
}

impl Display for Census {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| (bytes + 500_000) / 1_000_000;
        write!(
            out,
            "{} files, {} MB; {} duplicates, {} MB",
            self.files,
            megabytes(self.bytes),
            self.duplicate_files,
            megabytes(self.duplicate_bytes),
        )
    }
}

/// Counts the tree below `root`.
pub(super) fn count(root: &Path) -> Result<Census> {
    listing::list(root)
        .and_then(|listing| count_files(&listing))
        .with_context(|| format!("cannot count the files of `{}`", root.display()))
}

fn count_files(listing: &Listing) -> rustix::io::Result<Census> {
    let mut census = Census {
        files: listing.file_names,
        bytes: listing.files.iter().map(|file| file.size).sum(),
        ..Census::default()
    };
    let mut contents = HashSet::new();
    let mut reader = listing.reader();
    for file in listing.candidates() {
        let mut hasher = blake3::Hasher::new();
        reader.read(file, |bytes| {
            hasher.update(bytes);
        })?;
        if !contents.insert(*hasher.finalize().as_bytes()) {
            census.duplicate_files += 1;
            census.duplicate_bytes += file.size;
        }
    }
    Ok(census)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn two_copies_of_a_file_are_one_duplicate() {
        let tree = tempfile::tempdir().expect("a directory for the test");
        for (name, content) in [("one", "same"), ("two", "same"), ("three", "else"), ("four", "")] {
            fs::write(tree.path().join(name), content).expect("a file");
        }
        let expected = Census { files: 4, bytes: 12, duplicate_files: 1, duplicate_bytes: 4 };
        assert_eq!(count(tree.path()).expect("a census"), expected);
    }
}
