//! The workbench's own chores.

mod bench;

use clap::{Parser, Subcommand};

/// The workbench's own chores
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Compare a tool with its peers
    Bench(bench::Arguments),
    /// Walk a tree and read the files that may have a duplicate; the benchmark's floor
    #[command(hide = true, name = bench::floor::COMMAND)]
    ReadFloor(bench::floor::Arguments),
}

fn main() -> anyhow::Result<()> {
    match &Cli::parse().chore {
        Chore::Bench(arguments) => bench::run(arguments),
        Chore::ReadFloor(arguments) => bench::floor::run(arguments),
    }
}
