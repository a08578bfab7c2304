//! The floor: walks a tree and reads the candidates without looking at a byte.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use super::listing;
use super::race::Contestant;

/// How the floor is called in tables.
pub(super) const FLOOR: &str = "floor";

/// The command of this program that runs the floor in a process of its own.
pub(super) const COMMAND: &str = "read-floor";

/// Which tree is read.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The tree to walk and to read
    tree: PathBuf,
}

/// Reads every file of the tree that may have a duplicate.
pub(super) fn run(arguments: &Arguments) -> Result<()> {
    read_candidates(arguments)
        .with_context(|| format!("cannot read the tree `{}`", arguments.tree.display()))
}

fn read_candidates(arguments: &Arguments) -> rustix::io::Result<()> {
    let listing = listing::list(&arguments.tree)?;
    let mut reader = listing.reader();
    for file in listing.candidates() {
        reader.read(file, |_| {})?;
    }
    Ok(())
}

/// The floor as one of those who run.
pub(super) fn contestant(bench: &Path, tree: &Path) -> Contestant {
    let mut command = Command::new(bench);
    command.arg(COMMAND).arg(tree);
    Contestant { name: FLOOR, command }
}
