//! The floor: walks a tree and reads the candidates without looking at a byte.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::listing;

/// Which tree is read.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The tree to walk and to read
    tree: PathBuf,
}

/// Reads every file of the tree that may have a duplicate.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
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
