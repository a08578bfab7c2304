//! The three trees that are measured: where they stand, and how they come to be.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use super::census::{self, Census};
use super::machine::{self, Requirement};
use super::packages::Cache;
use super::{kernel, roots, toolchains};

/// A tree that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tree {
    /// Six cross toolchains, each in its own directory
    Toolchains,
    /// Two root filesystems with different packages
    Rootfs,
    /// A kernel source twice, the second with 48 edits
    Kernel,
}

/// What the trees are made with.
const MADE_WITH: [Requirement; 5] = [
    Requirement { program: "dpkg-deb", package: "dpkg" },
    Requirement { program: "mmdebstrap", package: "mmdebstrap" },
    // Without root, mmdebstrap works in a user namespace.
    Requirement { program: "newuidmap", package: "uidmap" },
    Requirement { program: "tar", package: "tar" },
    Requirement { program: "xz", package: "xz-utils" },
];

/// The directory that keeps the trees from run to run.
pub(super) struct Store {
    pub(super) directory: PathBuf,
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
    /// Makes the trees that are not there yet.
    pub(super) fn prepare(&self, trees: &[Tree]) -> Result<()> {
        let missing: Vec<Tree> =
            trees.iter().copied().filter(|tree| self.census(*tree).is_err()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        machine::require_debian_12()?;
        machine::refresh_package_lists()?;
        machine::install(&MADE_WITH)?;
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
            format!("cannot understand `{}`: remove it and run again with --prepare", file.display())
        })
    }

    /// Builds the tree aside, so that an interrupted build is never taken for a tree; the census is
    /// written last and says that all is there.
    fn make(&self, tree: Tree) -> Result<()> {
        let cache = Cache::open(self.directory.join("downloads"))?;
        let partial = self.directory.join("partial");
        machine::empty_directory(&partial)?;
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
        machine::empty_directory(&path)?;
        fs::rename(partial, &path).with_context(|| format!("cannot make `{}`", path.display()))?;
        let census = serde_json::to_vec(&census::count(&path)?)?;
        let file = self.census_file(tree);
        fs::write(&file, census).with_context(|| format!("cannot write `{}`", file.display()))
    }

    fn census_file(&self, tree: Tree) -> PathBuf {
        self.directory.join(format!("{}.json", tree.name()))
    }
}

impl Store {
    /// Writes what stands ready and how it is measured, for people and for scripts.
    pub(super) fn write_summary(&self, trees: &[Tree]) -> Result<()> {
        use std::fmt::Write as _;
        let mut text = String::new();
        for &tree in trees {
            let census = self.census(tree)?;
            let _ = writeln!(
                text,
                "{}: {} files, {} bytes, {} of them in {} duplicate files",
                self.path(tree).display(),
                census.files,
                census.bytes,
                census.duplicate_bytes,
                census.duplicate_files
            );
        }
        for peer in &super::peers::PEERS {
            if let Some(command) = peer.command(Path::new("TREE")) {
                let _ = writeln!(text, "{}", machine::line(&command));
            }
        }
        fs::write(self.directory.join("READY"), text)?;
        Ok(())
    }
}
