//! Fuzzing of the parsers of foreign bytes: that the targets compile, at every test; and for a
//! while that they find nothing, where all is asked for.
//!
//! Without cargo-fuzz, which would have to be compiled first, and with the Rust that is there: what
//! tells the fuzzer which code an input has reached is an option of LLVM's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::Verdict;
use crate::commands;
use crate::workspace::Workspace;

use super::side_by_side::{self, Job};

/// How long each target runs.
const SECONDS: u32 = 60;

/// Flags that count which code is reached, and what it compares.
const COVERAGE: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Checks the types of all targets.
pub(super) fn check(workspace: &Workspace) -> Result<Verdict> {
    let mut cargo = cargo(workspace, "check", "fuzz-check");
    let status = commands::status(&mut cargo)?;
    Ok(if status.success() { Verdict::Good } else { Verdict::Faulty })
}

/// Runs every target for a while, from what it has found before.
pub(super) fn run(workspace: &Workspace) -> Result<Verdict> {
    let host = host()?;
    let mut cargo = cargo(workspace, "build", "fuzz");
    // A named target keeps the flags away from build scripts and macros.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}")).args([
        "--release",
        "--target",
        &host,
    ]);
    commands::run(&mut cargo)?;
    let programs = workspace.target.join("fuzz").join(host).join("release");
    let targets = targets(&workspace.root.join("fuzz/fuzz_targets"))?;
    let jobs = targets.iter().map(|target| job(workspace, &programs, target));
    let failed = side_by_side::run_and_show(jobs.collect::<Result<_>>()?)?;
    for target in &failed {
        println!("   failed: {target}; the input lies in fuzz/artifacts/{target}");
    }
    Ok(if failed.is_empty() { Verdict::Good } else { Verdict::Faulty })
}

fn cargo(workspace: &Workspace, what: &str, place: &str) -> Command {
    let mut cargo = commands::cargo(&workspace.root);
    cargo.args([what, "--manifest-path=fuzz/Cargo.toml", "--locked", "--bins", "--target-dir"]);
    cargo.arg(workspace.target.join(place));
    cargo
}

fn job(workspace: &Workspace, programs: &Path, target: &str) -> Result<Job> {
    let directory = |name: &str| {
        let directory = workspace.root.join("fuzz").join(name).join(target);
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make `{}`", directory.display()))?;
        Ok::<PathBuf, anyhow::Error>(directory)
    };
    let artifacts = directory("artifacts")?;
    let mut command = Command::new(programs.join(target));
    command.arg(directory("corpus")?).args(["-timeout=30", "-rss_limit_mb=4096"]);
    command.arg(format!("-max_total_time={SECONDS}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    // Some unpack what they are given: that need not wear a disk.
    if Path::new("/dev/shm").is_dir() {
        command.env("TMPDIR", "/dev/shm");
    }
    Ok(Job { name: target.to_owned(), command })
}

/// The names of the targets, which are those of their files.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let cannot = || format!("cannot list `{}`", folder.display());
    let mut targets = Vec::new();
    for file in fs::read_dir(folder).with_context(cannot)? {
        let file = file.with_context(cannot)?.path();
        let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
        targets.extend(name.filter(|_| file.extension().is_some_and(|end| end == "rs")));
    }
    ensure!(!targets.is_empty(), "there is no target in `{}`", folder.display());
    targets.sort();
    Ok(targets)
}

/// The machine that Rust compiles for here.
fn host() -> Result<String> {
    let said = commands::output(Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_are_the_rust_files_of_their_folder() {
        let folder = tempfile::tempdir().expect("a scratch directory");
        for file in ["tar.rs", "elf.rs", "README.md"] {
            fs::write(folder.path().join(file), "").expect("a file");
        }

        assert_eq!(targets(folder.path()).expect("a listing"), ["elf", "tar"]);
    }

    #[test]
    fn a_folder_without_targets_is_no_success() {
        let folder = tempfile::tempdir().expect("a scratch directory");

        assert!(targets(folder.path()).is_err());
    }
}
