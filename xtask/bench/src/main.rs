//! `cargo xtask bench`: compares a tool with its peers, clink on trees that people have, coool on
//! addresses and a long document. shrink, which has none to race, is held against its goals and
//! against tar.
//!
//! The programs take turns, so that one run gives fair ratios even on a machine that others use;
//! the absolute figures are this machine's.

mod links;
mod shrink;

// How the trees come to be …
mod census;
mod kernel;
mod packages;
mod roots;
mod toolchains;
mod trees;

// … who runs over them …
mod build;
mod clink;
mod floor;
mod listing;
mod peers;

// … and what comes out.
mod figures;
mod goals;
mod measure;
mod race;
mod report;
mod results;

mod host;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use serde::Serialize;

use build::Programs;
use census::Census;
use clink::{CLINK, WAYS};
use measure::PageCache;
use race::{Contestant, LeftOut, Rules};
use report::Report;
use results::{Announcement, TreeReport};
use trees::{Store, Tree};

/// Compare a tool with its peers
#[derive(Debug, Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    comparison: Option<Arguments>,

    #[command(subcommand)]
    part: Option<Part>,
}

/// What the benchmark runs of itself, in a process of its own.
#[derive(Debug, Subcommand)]
enum Part {
    /// Walk a tree and read the files that may have a duplicate; the benchmark's floor
    #[command(hide = true, name = floor::COMMAND)]
    ReadFloor(floor::Arguments),
}

/// What is compared, and how.
#[derive(Debug, Args)]
struct Arguments {
    /// The tool to compare with its peers
    tool: Tool,

    /// Make what is worked on and install the peers, measure nothing
    ///
    /// What is there already stays. As root, what is missing is installed; otherwise a message says
    /// how.
    #[arg(long)]
    prepare: bool,

    /// Keep the trees and the downloads in DIR (otherwise in `bench` in cargo's target directory)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,

    /// Measure N rounds (otherwise 5, or 3 with --cold)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,

    /// Only this tree of clink's; may be given several times
    #[arg(long, value_name = "NAME")]
    tree: Vec<Tree>,

    /// Drop the page cache before each run of clink and compare wall time alone; for root
    #[arg(long)]
    cold: bool,

    /// The form of the result on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// A tool that has peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tool {
    /// Replaces duplicate files by links
    Clink,
    /// Finds broken links in office documents
    Coool,
    /// Makes a root filesystem small
    Shrink,
}

/// A form of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables and verdicts
    Text,
    /// One document for programs
    Json,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match (&cli.part, &cli.comparison) {
        (Some(Part::ReadFloor(arguments)), _) => floor::run(arguments),
        (None, Some(arguments)) => run(arguments),
        (None, None) => unreachable!("clap asks for the tool where no part is named"),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            host::say(&format!("error: {error}"));
            error.chain().skip(1).for_each(|cause| host::say(&format!("because: {cause}")));
            ExitCode::from(2)
        }
    }
}

/// Prepares or measures.
fn run(arguments: &Arguments) -> Result<()> {
    match arguments.tool {
        Tool::Clink => run_clink(arguments),
        Tool::Coool => run_coool(arguments),
        Tool::Shrink => run_shrink(arguments),
    }
}

fn run_coool(arguments: &Arguments) -> Result<()> {
    ensure!(
        arguments.tree.is_empty() && arguments.dir.is_none() && !arguments.cold,
        "coool works on no trees: leave out `--tree`, `--dir` and `--cold`"
    );
    if arguments.prepare {
        return links::prepare();
    }
    show(arguments.format, &links::run(arguments.runs.unwrap_or(5))?)
}

fn run_shrink(arguments: &Arguments) -> Result<()> {
    ensure!(
        arguments.tree.is_empty() && !arguments.cold,
        "shrink works on a root of its own: leave out `--tree` and `--cold`"
    );
    let store = Store::open(arguments.dir.as_deref())?;
    if arguments.prepare {
        return shrink::prepare(store.directory());
    }
    show(arguments.format, &shrink::run(store.directory(), arguments.runs.unwrap_or(3))?)
}

fn run_clink(arguments: &Arguments) -> Result<()> {
    let trees = if arguments.tree.is_empty() { Tree::value_variants() } else { &arguments.tree };
    let store = Store::open(arguments.dir.as_deref())?;
    if arguments.prepare {
        return prepare(&store, trees);
    }
    show(arguments.format, &measure_trees(&store, trees, arguments.rules()?)?)
}

fn show(format: Format, report: &(impl Display + Serialize)) -> Result<()> {
    let text = match format {
        Format::Text => report.to_string(),
        Format::Json => serde_json::to_string_pretty(report)? + "\n",
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

fn prepare(store: &Store, trees: &[Tree]) -> Result<()> {
    // All at once, so that whoever is not root has one line to run.
    host::install(&[&peers::requirements()[..], &trees::MADE_WITH].concat())?;
    peers::install_from_crates()?;
    store.prepare(trees)?;
    store.write_summary()
}

impl Arguments {
    fn rules(&self) -> Result<Rules> {
        let (cache, rounds) = if self.cold { (PageCache::Cold, 3) } else { (PageCache::Warm, 5) };
        ensure!(
            cache == PageCache::Warm || host::is_root(),
            "cannot drop the page cache, because only root may: run as root, or without --cold"
        );
        Ok(Rules { rounds: self.runs.unwrap_or(rounds), cache })
    }
}

fn measure_trees(store: &Store, trees: &[Tree], rules: Rules) -> Result<Report> {
    // A missing tree is found out before anything is built.
    let censuses = trees.iter().map(|tree| store.census(*tree)).collect::<Result<Vec<_>>>()?;
    let programs = build::programs()?;
    let measured = trees
        .iter()
        .zip(censuses)
        .map(|(&tree, census)| measure_tree(tree, &store.path(tree), census, &programs, rules));
    Ok(Report {
        version: 1,
        tool: CLINK,
        page_cache: rules.cache,
        rounds: rules.rounds,
        trees: measured.collect::<Result<_>>()?,
        missing: peers::missing(),
    })
}

fn measure_tree(
    tree: Tree,
    path: &Path,
    census: Census,
    programs: &Programs,
    rules: Rules,
) -> Result<TreeReport> {
    host::say(&format!("measuring {}", tree.name()));
    let (links, mut left_out) = announcements(&programs.clink, path);
    let mut contestants = clinks(&programs.clink, &links, path)?;
    contestants.extend(peers::contestants(path));
    contestants.push(floor::contestant(&programs.bench, path));
    let (placings, failed) = race::run(contestants, rules);
    left_out.extend(failed);
    let mut report =
        TreeReport { tree, census, programs: placings, links, left_out, verdicts: Vec::new() };
    report.verdicts = goals::judge(&report, rules.cache);
    Ok(report)
}

/// Asks each way to run clink how many links it would make.
fn announcements(program: &Path, tree: &Path) -> (Vec<Announcement>, Vec<LeftOut>) {
    let mut announcements = Vec::new();
    let mut left_out = Vec::new();
    for way in &WAYS {
        match way.links(program, tree) {
            Ok(links) => announcements.push(Announcement { program: way.name, links }),
            Err(error) => {
                left_out.push(LeftOut { program: way.name, reason: format!("{error:#}") });
            }
        }
    }
    (announcements, left_out)
}

/// Whoever cannot say what it would link has not done the work, and its time means nothing.
fn clinks(program: &Path, announcements: &[Announcement], tree: &Path) -> Result<Vec<Contestant>> {
    WAYS.iter()
        .filter(|way| announcements.iter().any(|announced| announced.program == way.name))
        .map(|way| Ok(Contestant { name: way.name, command: way.command(program, tree)? }))
        .collect()
}
