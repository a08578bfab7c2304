//! `cargo xtask tour`: every tool at its real work on real input.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::Verdict;
use crate::commands;
use crate::needs;
use crate::workspace::Workspace;

mod clink;
mod coool;
mod input;
mod promises;
mod proof;
mod shrink;
mod snapshot;
mod tiny;

/// A tool's place on the tour: a new tool adds its line here.
struct Stop {
    tool: &'static str,
    title: &'static str,
    visit: fn(&Journey) -> Result<Verdict>,
}

const STOPS: &[Stop] = &[
    Stop { tool: "clink", title: "from a real tree in to a smaller tree out", visit: clink::visit },
    Stop {
        tool: "coool",
        title: "from documents with broken links to documents put right",
        visit: coool::visit,
    },
    Stop {
        tool: "shrink",
        title: "from a root filesystem to a small one that does the same",
        visit: shrink::visit,
    },
    Stop {
        tool: "tiny",
        title: "from packages to a graphical Linux in one file",
        visit: tiny::visit,
    },
];

/// What becomes of the trees that the tour worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traces {
    Keep,
    Remove,
}

impl Traces {
    pub(crate) fn when_asked_to_keep(keep: bool) -> Self {
        if keep { Self::Keep } else { Self::Remove }
    }
}

/// What a stop may use.
struct Journey<'a> {
    workspace: &'a Workspace,
    /// Stays from tour to tour, so that what was downloaded once is there.
    cache: PathBuf,
    /// For this tour alone.
    scratch: PathBuf,
}

impl Journey<'_> {
    /// The tool as it is released.
    fn tool(&self, name: &str) -> PathBuf {
        self.workspace.target.join("release").join(name)
    }
}

/// Visits every stop.
pub(crate) fn run(workspace: &Workspace, traces: Traces) -> Result<Verdict> {
    let beginning = Instant::now();
    announce();
    needs::provide(&[needs::TOUR, needs::TINY])?;
    build(workspace)?;
    let cache = workspace.target.join("tour");
    fs::create_dir_all(&cache).with_context(|| format!("cannot make `{}`", cache.display()))?;
    let scratch = tempfile::Builder::new()
        .prefix("trees-")
        .tempdir_in(&cache)
        .with_context(|| format!("cannot make a directory in `{}`", cache.display()))?;
    let journey = Journey { workspace, cache, scratch: scratch.path().to_owned() };

    let mut verdict = Verdict::Good;
    for (number, stop) in (1..).zip(STOPS) {
        println!("== stop {number} of {}: {}, {}\n", STOPS.len(), stop.tool, stop.title);
        if (stop.visit)(&journey)? == Verdict::Faulty {
            verdict = Verdict::Faulty;
        }
    }

    if traces == Traces::Keep {
        println!("\nthe trees of this tour stay in {}", scratch.keep().display());
    }
    let end = match verdict {
        Verdict::Good => "every tool did its work",
        Verdict::Faulty => "FAILED: a tool did not do what it promises, see above",
    };
    println!("\n== the tour took {:.0} s: {end}", beginning.elapsed().as_secs_f64());
    Ok(verdict)
}

/// What is going to be done, before anything takes time.
fn announce() {
    println!("== the tour: every tool at its real work on real input");
    for Stop { tool, title, .. } in STOPS {
        println!("   {tool:<8}{title}");
    }
    println!(
        "== {LONGEST}; it downloads packages, builds the tools, and makes a\n   Debian root, a \
         kernel and a system of them, all below cargo's target directory\n"
    );
}

/// Of a machine with two processors that has nothing yet.
const LONGEST: &str = "it may take 25 minutes the first time, and a few from then on";

/// All tools in one go: what they share is compiled once, and one is linked while another compiles.
fn build(workspace: &Workspace) -> Result<()> {
    eprintln!("building the tools as they are released; the first time takes minutes …");
    let mut build = commands::cargo(&workspace.root);
    build.args(["build", "--release", "--locked"]);
    commands::run(build.args(STOPS.iter().map(|stop| format!("--package={}", stop.tool))))
}
