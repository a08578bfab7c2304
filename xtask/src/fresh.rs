//! `cargo xtask fresh`: the README's commands on a machine that has nothing but Rust, git and a C
//! compiler.
//!
//! Whoever reads the README has not what the people who wrote it have gathered on their machines.
//! So a clean Debian 12 root is made, the committed tree is put into it, and the command runs there
//! with nothing of this machine in sight but the kernel, the network and Rust.
//!
//! Proof: `tests/fresh.rs::a_command_runs_in_a_root_of_its_own_and_nothing_stays_mounted`,
//! `tests/fresh.rs::what_a_command_leaves_running_ends_with_it`,
//! `src/fresh/place.rs::a_place_that_is_being_used_is_not_touched`

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Error, Result};
use clap::{Args, ValueEnum, ValueHint};

use crate::Verdict;
use crate::commands;
use crate::needs;
use crate::problem;
use crate::workspace::Workspace;

use self::carried::Carried;
use self::inside::{Bind, Ended, Entry};
use self::packages::Packages;
use self::place::Place;

pub(crate) mod inside;

mod base;
mod carried;
mod packages;
mod place;
mod release;
mod tree;

/// Where things stand in a fresh root.
const HOME: &str = "/root";
const RUST: &str = "/opt/rust";
const TREE: &str = "root/etabli";

/// What is tried, and where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What runs, each in a root of its own (otherwise tour, then test)
    chores: Vec<Chore>,

    /// Keep what roots are made of in DIR (otherwise in `fresh` in cargo's target directory)
    #[arg(long = "root", value_name = "DIR", value_hint = ValueHint::DirPath)]
    place: Option<PathBuf>,

    /// Keep the last root, to look at
    #[arg(long)]
    keep: bool,

    /// Where no fresh root can be had, say so and run the command here, as it is
    #[arg(long)]
    or_here: bool,
}

/// A command of the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Chore {
    /// Every tool at its real work on real input
    Tour,
    /// Everything that is checked
    Test,
    /// Packages made in two roots, which come to the same, and installed in a third without Rust
    Dist,
    /// How long files and functions are: in two minutes it is known whether a root can be had
    Sizes,
}

impl Chore {
    fn name(self) -> &'static str {
        match self {
            Self::Tour => "tour",
            Self::Test => "test",
            Self::Dist => "dist",
            Self::Sizes => "sizes",
        }
    }
}

/// Tries each command in a root of its own.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<Verdict> {
    let usual = [Chore::Tour, Chore::Test];
    let chores = if arguments.chores.is_empty() { &usual[..] } else { &arguments.chores };
    let mut verdict = Verdict::Good;
    for chore in chores {
        let came_to = match attempt(workspace, arguments, *chore) {
            Ok(verdict) => verdict,
            Err(error) if arguments.or_here => run_here(workspace, *chore, &error)?,
            Err(error) => return Err(error),
        };
        if came_to == Verdict::Faulty {
            verdict = Verdict::Faulty;
        }
    }
    Ok(verdict)
}

/// How a command went, and what it took.
struct Outcome {
    chore: Chore,
    ended: Ended,
    took: Duration,
    making_took: Duration,
    packages: Packages,
}

fn attempt(workspace: &Workspace, arguments: &Arguments, chore: Chore) -> Result<Verdict> {
    needs::provide(&[needs::FRESH])?;
    let usual = workspace.target.join("fresh");
    let place = Place::open(arguments.place.as_deref().unwrap_or(&usual))?;
    let carried = Carried::from_host()?;
    if chore == Chore::Dist {
        return release::run(workspace, &place, &carried);
    }
    let begin = Instant::now();
    let root = furnish(workspace, &place, &carried)?;
    let entry = entry(&place, &root, &carried, chore)?;
    let before = packages::installed(&root)?;
    let making_took = begin.elapsed();

    eprintln!(
        "the root is ready after {}; there: cargo xtask {}\n",
        spoken(making_took),
        chore.name()
    );
    let begin = Instant::now();
    let ended = entry.run()?;
    let took = begin.elapsed();

    let packages = Packages::added(&before, &root)?;
    if arguments.keep {
        println!("\nthe root stays in {}", root.display());
    } else if let Err(error) = place.remove_root() {
        // The command has run, and its outcome counts; the next run tries to remove it again.
        problem::show(&error);
    }
    println!("\n{}", Outcome { chore, ended, took, making_took, packages });
    Ok(ended.verdict())
}

/// A clean root, with what comes along from this machine and the committed tree.
fn furnish(workspace: &Workspace, place: &Place, carried: &Carried) -> Result<PathBuf> {
    eprintln!("fresh: a clean Debian 12 root in `{}`", place.directory().display());
    let base = base::provide(place, carried)?;
    let root = place.empty_root()?;
    base::unpack(&base, &root)?;
    carried.put_into(&root)?;
    tree::bring(workspace, &root.join(TREE))?;
    Ok(root)
}

/// The command with all that it may see: the environment has nothing that is not named here.
fn entry(place: &Place, root: &Path, carried: &Carried, chore: Chore) -> Result<Entry> {
    let path = format!("{RUST}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    let mut environment = carried.environment.clone();
    environment.insert("HOME".to_owned(), HOME.to_owned());
    environment.insert("PATH".to_owned(), path);
    let mut binds = vec![Bind::for_reading(carried::rust()?, RUST)];
    for (kept, inside) in place.caches()? {
        binds.push(Bind::for_writing(kept, inside));
    }
    Ok(Entry {
        root: root.to_owned(),
        binds,
        environment,
        directory: Path::new("/").join(TREE),
        words: ["cargo", "xtask", chore.name()].map(str::to_owned).into(),
    })
}

/// Runs the command on this machine, and says before and after that nothing fresh was proven.
fn run_here(workspace: &Workspace, chore: Chore, error: &Error) -> Result<Verdict> {
    let warning = || {
        println!(
            "\n!! NOT IN A FRESH ROOT: `cargo xtask {}` runs on this machine as it is, and",
            chore.name()
        );
        println!("!! a stranger's machine may lack what is here. No fresh root could be had:");
        print!("{}", problem::describe(error));
        println!();
    };
    warning();
    let mut again = commands::cargo(&workspace.root);
    let status = commands::status(again.args(["xtask", chore.name()]))?;
    warning();
    Ok(if status.success() { Verdict::Good } else { Verdict::Faulty })
}

impl fmt::Display for Outcome {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chore, ended, took, making_took, packages } = self;
        let (took, making_took) = (spoken(*took), spoken(*making_took));
        writeln!(text, "fresh: the root took {making_took}; {packages}")?;
        write!(
            text,
            "fresh: `cargo xtask {}` {ended} in a clean Debian 12 root, after {took}",
            chore.name()
        )
    }
}

/// In minutes and seconds.
fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_minutes_and_seconds() {
        assert_eq!(spoken(Duration::from_millis(59_900)), "59 s");
        assert_eq!(spoken(Duration::from_secs(754)), "12 min 34 s");
    }
}
