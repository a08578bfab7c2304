//! `cargo xtask dist`: what is handed to others, in `target/dist`.
//!
//! The same commit gives the same bytes: paths of the building machine are kept out of the
//! binaries, and every time stamp is that of the commit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::Verdict;
use crate::commands;
use crate::needs;
use crate::problem::Advise;
use crate::workspace::{Member, Workspace};

use self::debian::Package;

mod debian;
mod depends;
mod manual;

/// Makes everything for every tool, checks the packages, and shows what came out.
pub(crate) fn run(workspace: &Workspace) -> Result<Verdict> {
    needs::provide(&[needs::DIST])?;
    let epoch = epoch(workspace)?;
    let folder = empty_folder(&workspace.target.join("dist"))?;
    for tool in workspace.tools() {
        build(workspace, &tool.name)?;
    }
    // After the tools: what both are made of is compiled by then.
    let papers = build(workspace, "papers")?;
    for tool in workspace.tools() {
        let binary = strip(workspace, tool, &folder)?;
        let manual = manual::write(&papers, tool, &folder)?;
        let package = Package { workspace, tool, binary: &binary, manual: &manual, epoch };
        prove(tool, &package.build(&folder)?)?;
    }
    show(&folder)?;
    Ok(Verdict::Good)
}

/// The time of the last commit, in seconds since 1970, unless the caller states another.
fn epoch(workspace: &Workspace) -> Result<u64> {
    let stated = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(stated) => stated,
        Err(_) => commands::output(Command::new("git").current_dir(&workspace.root).args([
            "-c",
            "safe.directory=*",
            "log",
            "-1",
            "--format=%ct",
        ]))
        .context("cannot learn when the last commit was made")
        .hint("outside a git checkout, set SOURCE_DATE_EPOCH to the seconds since 1970")?,
    };
    let stated = stated.trim();
    stated.parse().with_context(|| format!("`{stated}` is no number of seconds since 1970"))
}

fn empty_folder(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot empty `{}`", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    Ok(folder.to_owned())
}

/// Builds apart from everyday builds: other flags in the same place would rebuild everything,
/// here and then there again.
fn build(workspace: &Workspace, package: &str) -> Result<PathBuf> {
    let place = workspace.target.join("reproducible");
    let mut build = commands::cargo(&workspace.root);
    build.args(["build", "--release", "--locked", "--package", package, "--bin", package]);
    build.arg("--target-dir").arg(&place);
    build.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags_without_places(workspace));
    commands::run(&mut build)?;
    Ok(place.join("release").join(package))
}

/// The binary as it is handed out.
fn strip(workspace: &Workspace, tool: &Member, folder: &Path) -> Result<PathBuf> {
    let binary = folder.join(&tool.name);
    let with_symbols = workspace.target.join("reproducible/release").join(&tool.name);
    commands::run(Command::new("strip").arg("-o").arg(&binary).arg(&with_symbols))?;
    Ok(binary)
}

/// Panic messages carry source paths; these flags make them the same on every machine.
fn flags_without_places(workspace: &Workspace) -> String {
    let mut places = vec![(workspace.root.clone(), "etabli")];
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    if let Some(cargo) = std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home) {
        places.push((cargo, "cargo"));
    }
    let flags: Vec<_> = places
        .iter()
        .map(|(place, name)| format!("--remap-path-prefix={}=/{name}", place.display()))
        .collect();
    flags.join("\u{1f}")
}

/// Unpacks the package into a scratch root and asks the tool there for its version.
fn prove(member: &Member, package: &Path) -> Result<()> {
    let root = tempfile::tempdir().context("cannot make a scratch directory")?;
    commands::run(Command::new("dpkg-deb").arg("-x").arg(package).arg(root.path()))?;
    let tool = root.path().join("usr/bin").join(&member.name);
    let said = commands::output(Command::new(tool).arg("--version"))
        .with_context(|| format!("the tool in `{}` does not run", package.display()))?;
    let expected = format!("{} {}", member.name, member.version);
    ensure!(
        said.trim() == expected,
        "`--version` of the tool in `{}` says `{}`, not `{expected}`",
        package.display(),
        said.trim()
    );
    eprintln!("unpacked into a scratch root, it says: {expected}");
    Ok(())
}

fn show(folder: &Path) -> Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort();
    for file in files {
        let sum = commands::output(Command::new("sha256sum").arg(&file))?;
        let sum = sum.split_whitespace().next().unwrap_or_default();
        println!("{sum}  {:>9}  {}", fs::metadata(&file)?.len(), file.display());
    }
    Ok(())
}
