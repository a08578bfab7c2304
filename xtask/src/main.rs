//! The workbench's own chores: `cargo xtask CHORE`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore speaks to the person who started it"
)]

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use crate::test::Depth;
use crate::tour::Traces;
use crate::workspace::Workspace;

mod dist;
mod fresh;
mod sizes;
mod test;
mod tidy;
mod tour;

mod commands;
mod needs;
mod problem;
mod workspace;

/// The workbench's own chores
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Option<Chore>,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Show every tool at its real work on real input
    Tour {
        /// Keep the trees that the tour worked on, and say where they are
        #[arg(long)]
        keep: bool,
    },
    /// Check everything: formatting, the rules of the house, lints, tests, documentation
    Test {
        /// Run the long proofs too
        #[arg(long)]
        full: bool,
    },
    /// Compare a tool with its peers; `cargo xtask bench --help` says more
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        arguments: Vec<OsString>,
    },
    /// Try the README's commands in a clean Debian 12 root
    Fresh(fresh::Arguments),
    /// Enter a root that was made, and run a command there
    #[command(hide = true, name = fresh::inside::COMMAND)]
    Enter(fresh::inside::Arguments),
    /// Make binaries, man pages, shell completions and Debian packages in target/dist
    Dist,
    /// Show how long files and functions are
    Sizes,
}

/// What a chore that ran to its end has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// All is well.
    Good,
    /// It looked for faults and found some; they have been shown.
    Faulty,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(Chore::Enter(arguments)) = &cli.chore {
        return fresh::inside::enter(arguments).into();
    }
    match run(&cli) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Faulty) => ExitCode::from(1),
        Err(error) => {
            problem::show(&error);
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<Verdict> {
    let Some(chore) = &cli.chore else {
        Cli::command().print_help()?;
        return Ok(Verdict::Good);
    };
    let workspace = Workspace::load()?;
    match chore {
        Chore::Tour { keep } => tour::run(&workspace, Traces::when_asked_to_keep(*keep)),
        Chore::Test { full } => test::run(&workspace, Depth::when_asked_for_all(*full)),
        Chore::Bench { arguments } => bench(&workspace, arguments),
        Chore::Fresh(arguments) => fresh::run(&workspace, arguments),
        Chore::Enter(_) => unreachable!("it was run without a workspace"),
        Chore::Dist => dist::run(&workspace),
        Chore::Sizes => sizes::run(&workspace),
    }
}

/// A program of its own: whoever comes for another chore need not wait until it is compiled.
fn bench(workspace: &Workspace, arguments: &[OsString]) -> Result<Verdict> {
    let mut bench = commands::cargo(&workspace.root);
    bench.args(["run", "--quiet", "--locked", "--package=bench", "--"]).args(arguments);
    let status = commands::status(&mut bench)?;
    Ok(if status.success() { Verdict::Good } else { Verdict::Faulty })
}
