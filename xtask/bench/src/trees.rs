//! The three trees that are measured: where they stand, and how they come to be.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde::Serialize;

use super::census::{self, Census};
use super::host::{self, Requirement};
use super::packages::Cache;
use super::{kernel, peers, roots, toolchains};

/// A tree that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tree {
    /// Six cross toolchains, each in its own directory
    Toolchains,
    /// Two root filesystems with different packages
    Rootfs,
    /// A kernel source twice, the second with 48 edits
    Kernel,
}

/// What the trees are made with.
pub(super) const MADE_WITH: [Requirement; 5] = [
    Requirement { program: "dpkg-deb", package: "dpkg" },
    Requirement { program: "mmdebstrap", package: "mmdebstrap" },
    // Without root, mmdebstrap works in a user namespace.
    Requirement { program: "newuidmap", package: "uidmap" },
    Requirement { program: "tar", package: "tar" },
    Requirement { program: "xz", package: "xz-utils" },
];

/// The directory that keeps the trees from run to run.
pub(super) struct Store {
    directory: PathBuf,
}

impl Tree {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Toolchains => "toolchains",
            Self::Rootfs => "rootfs",
            Self::Kernel => "kernel",
        }
    }
}

impl Store {
    /// The directory itself, for what is no tree.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Opens the store in `directory`, or where cargo keeps what it makes.
    pub(super) fn open(directory: Option<&Path>) -> Result<Self> {
        let directory = match (directory, std::env::var_os("CARGO_TARGET_DIR")) {
            (Some(chosen), _) => chosen.to_owned(),
            (None, Some(target)) => PathBuf::from(target).join("bench"),
            (None, None) => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench"),
        };
        // The programs that make trees run in other directories.
        let absolute = fs::create_dir_all(&directory).and_then(|()| directory.canonicalize());
        let directory =
            absolute.with_context(|| format!("cannot open `{}`", directory.display()))?;
        Ok(Self { directory })
    }

    /// Makes the trees that are not there yet.
    pub(super) fn prepare(&self, trees: &[Tree]) -> Result<()> {
        let missing: Vec<Tree> =
            trees.iter().copied().filter(|tree| self.census(*tree).is_err()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        host::require_debian_12()?;
        host::refresh_package_lists()?;
        for tree in missing {
            self.make(tree)?;
        }
        Ok(())
    }

    /// Where a tree stands.
    pub(super) fn path(&self, tree: Tree) -> PathBuf {
        self.directory.join(tree.name())
    }

    /// The size of a tree that is complete.
    pub(super) fn census(&self, tree: Tree) -> Result<Census> {
        let file = self.census_file(tree);
        let Ok(text) = fs::read(&file) else {
            bail!("the tree `{}` is not there yet: run again with --prepare", tree.name());
        };
        serde_json::from_slice(&text).with_context(|| {
            format!(
                "cannot understand `{}`: remove it and run again with --prepare",
                file.display()
            )
        })
    }

    /// Writes what stands ready to the file `READY`: the trees that are there, and how the peers run.
    pub(super) fn write_summary(&self) -> Result<()> {
        let trees = Tree::value_variants().iter().filter_map(|&tree| {
            let census = self.census(tree).ok()?;
            Some(format!("{}: {census}\n", self.path(tree).display()))
        });
        let peers = peers::contestants(Path::new("TREE"));
        let commands = peers.iter().map(|peer| host::line(&peer.command) + "\n");
        let text: String = trees.chain(commands).collect();
        let file = self.directory.join("READY");
        fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))
    }

    /// Builds the tree aside, so that an interrupted build is never taken for a tree; the census is
    /// written last and says that all is there.
    fn make(&self, tree: Tree) -> Result<()> {
        let cache = Cache::open(self.directory.join("downloads"))?;
        let partial = self.directory.join("partial");
        host::empty_directory(&partial)?;
        match tree {
            Tree::Toolchains => toolchains::build(&partial, &cache),
            Tree::Rootfs => roots::build(&partial),
            Tree::Kernel => kernel::build(&partial, &cache),
        }
        .with_context(|| format!("cannot make the tree `{}`", tree.name()))?;
        self.keep(&partial, tree)
    }

    fn keep(&self, partial: &Path, tree: Tree) -> Result<()> {
        let path = self.path(tree);
        host::empty_directory(&path)?;
        fs::rename(partial, &path).with_context(|| format!("cannot make `{}`", path.display()))?;
        let census = serde_json::to_vec(&census::count(&path)?)?;
        let file = self.census_file(tree);
        fs::write(&file, census).with_context(|| format!("cannot write `{}`", file.display()))
    }

    fn census_file(&self, tree: Tree) -> PathBuf {
        self.directory.join(format!("{}.json", tree.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_that_is_not_there_is_to_be_prepared() {
        let directory = tempfile::tempdir().expect("a directory for the test");
        let store = Store::open(Some(directory.path())).expect("a store");
        let error = store.census(Tree::Kernel).expect_err("no tree");
        assert_eq!(
            error.to_string(),
            "the tree `kernel` is not there yet: run again with --prepare"
        );
    }
}
