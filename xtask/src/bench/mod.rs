//! Compares a tool with its peers: CPU time, wall time and memory on trees that people have.

mod census;
pub(crate) mod floor;
mod kernel;
mod listing;
mod machine;
mod packages;
mod peers;
mod roots;
mod toolchains;
mod trees;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum, ValueHint};

use trees::{Store, Tree};

/// What is compared, and how.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The tool to compare with its peers
    tool: Tool,

    /// Make the trees and install the peers, measure nothing
    #[arg(long)]
    prepare: bool,

    /// Keep the trees and the downloads in DIR (otherwise in the workspace's target/bench)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,

    /// Only this tree; may be given several times
    #[arg(long, value_name = "NAME")]
    tree: Vec<Tree>,
}

/// A tool that has peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tool {
    /// Replaces duplicate files by links
    Clink,
}

/// Prepares or measures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let store = Store { directory: arguments.dir.clone().expect("dir") };
    let trees = if arguments.tree.is_empty() { Tree::value_variants() } else { &arguments.tree };
    if arguments.prepare {
        peers::install()?;
        store.prepare(trees)?;
        return store.write_summary(trees);
    }
    Ok(())
}
