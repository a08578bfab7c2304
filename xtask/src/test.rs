//! `cargo xtask test`: every check there is, in order, until the first that fails.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::Verdict;
use crate::commands;
use crate::needs;
use crate::problem::Advise;
use crate::tidy;
use crate::workspace::Workspace;

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
    Step {
        title: "unit, integration and documentation tests",
        check: Check::Cargo(&["test", "--workspace", "--locked"]),
    },
    Step {
        title: "documentation, warnings denied",
        check: Check::Cargo(&["doc", "--workspace", "--no-deps", "--locked"]),
    },
];

/// Runs the steps, shows each with its time, and ends with a line that sums them up.
pub(crate) fn run(workspace: &Workspace, depth: Depth) -> Result<Verdict> {
    let beginning = Instant::now();
    for (number, step) in (1..).zip(STEPS) {
        println!("== {number}/{} {}", STEPS.len(), step.title);
        let start = Instant::now();
        let verdict = step.check.run(workspace, depth)?;
        let seconds = start.elapsed().as_secs_f64();
        if verdict == Verdict::Faulty {
            println!("   failed after {seconds:.1} s\n");
            println!("FAILED: {} (step {number} of {})", step.title, STEPS.len());
            println!("{}", step.check.advice());
            return Ok(Verdict::Faulty);
        }
        println!("   passed in {seconds:.1} s\n");
    }
    println!("PASSED: all {} steps in {:.1} s", STEPS.len(), beginning.elapsed().as_secs_f64());
    if depth == Depth::Usual {
        println!("`cargo xtask test --full` runs the long proofs too");
    }
    Ok(Verdict::Good)
}

impl Check {
    fn run(&self, workspace: &Workspace, depth: Depth) -> Result<Verdict> {
        let arguments = match self {
            Self::Own(check) => return check(workspace),
            Self::Cargo(arguments) => arguments,
        };
        let mut command = commands::cargo(&workspace.root);
        command.args(*arguments).env("PATH", needs::search_path());
        command.env("RUSTDOCFLAGS", "-D warnings");
        if depth == Depth::Full {
            command.env("ETABLI_FULL", "1");
        }
        let status = commands::status(&mut command)?;
        Ok(if status.success() { Verdict::Good } else { Verdict::Faulty })
    }

    fn advice(&self) -> String {
        let again = "mend what is shown above, then run `cargo xtask test` again";
        match self {
            Self::Own(_) => again.to_owned(),
            Self::Cargo(arguments) => {
                format!("{again}; this step alone: `cargo {}`", arguments.join(" "))
            }
        }
    }
}

fn provide_needs(workspace: &Workspace) -> Result<Verdict> {
    needs::provide(needs::TEST)?;
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
