//! What the benchmark asks of the machine it runs on: to run programs, and to install missing ones.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A program and the Debian package that brings it.
#[derive(Clone, Copy)]
pub(super) struct Requirement {
    pub(super) program: &'static str,
    pub(super) package: &'static str,
}

/// Installs the packages of the programs that are missing; without root, says how.
pub(super) fn install(requirements: &[Requirement]) -> Result<()> {
    let packages: Vec<&str> = requirements
        .iter()
        .filter(|requirement| find(requirement.program).is_none())
        .map(|requirement| requirement.package)
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    if !is_root() {
        bail!("programs are missing: as root, run `{}`", apt_get_line(&packages));
    }
    say(&format!("installing {}", packages.join(", ")));
    refresh_package_lists()?;
    run(Command::new("apt-get")
        .args(["install", "--yes", "--no-install-recommends"])
        .args(&packages)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Brings the package lists up to date where that is allowed.
pub(super) fn refresh_package_lists() -> Result<()> {
    if is_root() { run(Command::new("apt-get").arg("update")) } else { Ok(()) }
}

/// The one line that installs `packages`.
pub(super) fn apt_get_line(packages: &[&str]) -> String {
    format!("apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Refuses a machine whose packages are not the ones the trees are made from.
pub(super) fn require_debian_12() -> Result<()> {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    if release.lines().any(|line| line == "VERSION_CODENAME=bookworm") {
        return Ok(());
    }
    bail!(
        "the trees are made from the packages of Debian 12, and this machine runs something else: \
         prepare them on Debian 12 (a container will do) and copy the directory here"
    )
}

/// Where `program` stands among the directories of `PATH`.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let directories = std::env::var_os("PATH")?;
    // A user's PATH often leaves out the administrator's programs.
    std::env::split_paths(&directories)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// Whether this process may install packages and drop the page cache.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a command whose output nobody needs unless it fails.
pub(super) fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// Runs a command and gives its standard output.
pub(super) fn output(command: &mut Command) -> Result<String> {
    let result = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    if !result.status.success() {
        let complaint = String::from_utf8_lossy(&result.stderr);
        bail!("`{}` failed with {}:\n{}", line(command), result.status, complaint.trim_end());
    }
    String::from_utf8(result.stdout)
        .with_context(|| format!("`{}` printed something that is not UTF-8", line(command)))
}

/// A command as one would type it.
pub(super) fn line(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

/// Tells the person who waits what is going on.
pub(super) fn say(text: &str) {
    // Nobody listens on a closed standard error; the work goes on.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Removes what an interrupted preparation left, and makes an empty directory.
pub(super) fn empty_directory(path: &Path) -> Result<()> {
    if path.exists() {
        std::fs::remove_dir_all(path)
            .with_context(|| format!("cannot remove `{}`", path.display()))?;
    }
    std::fs::create_dir_all(path).with_context(|| format!("cannot make `{}`", path.display()))
}
