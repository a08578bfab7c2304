//! `cargo xtask test`: every check there is, in order, until the first that fails.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::Verdict;
use crate::commands;
use crate::needs;
use crate::problem::Advise;
use crate::tidy;
use crate::workspace::Workspace;

use self::side_by_side::Job;
use self::skipped::Skipped;

mod fuzz;
mod programs;
mod side_by_side;
mod skipped;

/// How much is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What should run before every change lands.
    Usual,
    /// The long proofs too: tests read it from `ETABLI_FULL=1`.
    Full,
}

impl Depth {
    pub(crate) fn when_asked_for_all(all: bool) -> Self {
        if all { Self::Full } else { Self::Usual }
    }
}

/// One check.
struct Step {
    title: &'static str,
    check: Check,
}

enum Check {
    /// Cargo with these arguments must succeed.
    Cargo(&'static [&'static str]),
    /// This must find nothing; it shows what it finds.
    Own(fn(&Workspace) -> Result<Verdict>),
    /// Every test program must succeed.
    Programs,
}

const STEPS: &[Step] = &[
    Step { title: "what the tests need beyond Rust", check: Check::Own(provide_needs) },
    Step { title: "formatting", check: Check::Cargo(&["fmt", "--all", "--check"]) },
    Step { title: "the rules of the house", check: Check::Own(tidy::run) },
    Step {
        title: "lints, warnings denied",
        check: Check::Cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]),
    },
    // Tests spoil files as they like, and the chores have nobody's files before them.
    Step {
        title: "what is shipped changes files by the crate `files` alone",
        check: Check::Cargo(&[
            "clippy",
            "--workspace",
            "--exclude=bench",
            "--exclude=etabli-testkit",
            "--exclude=papers",
            "--exclude=xtask",
            "--lib",
            "--bins",
            "--locked",
            "--",
            "-D",
            "warnings",
            "-D",
            "clippy::disallowed_methods",
        ]),
    },
    Step { title: "unit and integration tests", check: Check::Programs },
    Step {
        title: "documentation tests",
        check: Check::Cargo(&["test", "--workspace", "--locked", "--doc"]),
    },
    Step { title: "fuzz targets", check: Check::Own(fuzz::check) },
    Step {
        title: "documentation, warnings denied",
        check: Check::Cargo(&["doc", "--workspace", "--no-deps", "--locked"]),
    },
];

/// What a full run does besides.
const LONG_STEPS: &[Step] =
    &[Step { title: "fuzzing, a minute for each target", check: Check::Own(fuzz::run) }];

/// Runs the steps, shows each with its time, and ends with a line that sums them up.
pub(crate) fn run(workspace: &Workspace, depth: Depth) -> Result<Verdict> {
    let beginning = Instant::now();
    fs::create_dir_all(&workspace.target)
        .and_then(|()| fs::write(kept_in(workspace), ""))
        .context("cannot write to cargo's target directory")?;
    let long: &[Step] = if depth == Depth::Full { LONG_STEPS } else { &[] };
    let count = STEPS.len() + long.len();
    for (number, step) in (1..).zip(STEPS.iter().chain(long)) {
        println!("== {number}/{count} {}", step.title);
        let start = Instant::now();
        let verdict = step.check.run(workspace, depth)?;
        let seconds = start.elapsed().as_secs_f64();
        if verdict == Verdict::Faulty {
            println!("   failed after {seconds:.1} s\n");
            println!("FAILED: {} (step {number} of {count})", step.title);
            println!("{}", step.check.advice());
            return Ok(Verdict::Faulty);
        }
        println!("   passed in {seconds:.1} s\n");
    }
    let skipped = Skipped::read(&kept_in(workspace))?;
    let verdict = judge(&skipped);
    if verdict == Verdict::Good {
        println!("PASSED: all {count} steps in {:.1} s", beginning.elapsed().as_secs_f64());
    }
    if depth == Depth::Usual {
        println!("left to `cargo xtask test --full`: {} long proofs", skipped.left_to_full);
    }
    println!("{skipped}");
    Ok(verdict)
}

/// Where the tests keep what they leave out.
fn kept_in(workspace: &Workspace) -> PathBuf {
    workspace.target.join("skipped")
}

/// On a machine that is there to test, what was not tested is a fault.
fn judge(skipped: &Skipped) -> Verdict {
    if !skipped.is_wanting() || !skipped::nothing_may_be_wanting() {
        return Verdict::Good;
    }
    println!("FAILED: where CI is set, nothing may be left out for want of a tool or of a right");
    Verdict::Faulty
}

impl Check {
    fn run(&self, workspace: &Workspace, depth: Depth) -> Result<Verdict> {
        match self {
            Self::Own(check) => check(workspace),
            Self::Programs => test_programs(workspace, depth),
            Self::Cargo(arguments) => {
                let mut command = commands::cargo(&workspace.root);
                command.args(*arguments).env("RUSTDOCFLAGS", "-D warnings");
                surround(&mut command, workspace, depth);
                let status = commands::status(&mut command)?;
                Ok(if status.success() { Verdict::Good } else { Verdict::Faulty })
            }
        }
    }

    fn advice(&self) -> String {
        let again = "mend what is shown above, then run `cargo xtask test` again";
        match self {
            Self::Own(_) | Self::Programs => again.to_owned(),
            Self::Cargo(arguments) => {
                format!("{again}; this step alone: `cargo {}`", arguments.join(" "))
            }
        }
    }
}

/// What tests find in their environment.
fn surround(command: &mut Command, workspace: &Workspace, depth: Depth) {
    command.env("PATH", needs::search_path()).env(testkit::KEPT_IN, kept_in(workspace));
    if depth == Depth::Full {
        command.env(testkit::FULL, "1");
    }
}

fn test_programs(workspace: &Workspace, depth: Depth) -> Result<Verdict> {
    let Some(programs) = programs::compile(workspace)? else { return Ok(Verdict::Faulty) };
    let jobs = programs.iter().map(|program| {
        let mut command = Command::new(&program.executable);
        command.current_dir(&program.package_directory);
        // As cargo has it, for tests that look for their package while they run.
        command.env("CARGO_MANIFEST_DIR", &program.package_directory);
        surround(&mut command, workspace, depth);
        Job { name: program.name(), command }
    });
    let failed = side_by_side::run_and_show(jobs.collect())?;
    for program in &failed {
        println!("   failed: {program}; alone: `cargo test -p {program}`");
    }
    Ok(if failed.is_empty() { Verdict::Good } else { Verdict::Faulty })
}

fn provide_needs(workspace: &Workspace) -> Result<Verdict> {
    needs::provide(&[needs::TEST, needs::TINY])?;
    provide_component(workspace, "fmt", "rustfmt")?;
    provide_component(workspace, "clippy", "clippy")?;
    Ok(Verdict::Good)
}

/// A small installation of Rust comes without these two; they belong to the user, not to root.
fn provide_component(workspace: &Workspace, subcommand: &str, component: &str) -> Result<()> {
    let mut question = commands::cargo(&workspace.root);
    question.args([subcommand, "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if commands::status(&mut question)?.success() {
        return Ok(());
    }
    commands::run(Command::new("rustup").args(["component", "add", component]))
        .with_context(|| format!("`cargo {subcommand}` is missing and cannot be installed"))
        .hint(format!("install the Rust component `{component}`"))
}
