//! The second tree: two root filesystems of Debian 12 that share a base and serve different ends.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::host;

const IN_BOTH: &str = "build-essential,ca-certificates,git,nginx,perl,python3";

/// Directory of each root filesystem, and the packages that only it holds.
const ROOTS: [(&str, &str); 2] = [("php", "apache2,php-cli"), ("ruby", "redis-server,ruby,tcl")];

/// Builds the two root filesystems below `directory`.
pub(super) fn build(directory: &Path) -> Result<()> {
    for (name, packages) in ROOTS {
        host::say(&format!("rootfs: {name}"));
        build_root(&directory.join(name), &format!("--include={IN_BOTH},{packages}"))?;
    }
    Ok(())
}

/// Goes through an archive: what a user other than root unpacks belongs to that user, who can then
/// read and remove all of it.
fn build_root(root: &Path, include: &str) -> Result<()> {
    let archive = root.with_extension("tar");
    host::run(
        Command::new("mmdebstrap").args(["--variant=minbase", include, "bookworm"]).arg(&archive),
    )?;
    host::empty_directory(root)?;
    host::run(
        Command::new("tar")
            .args(["--extract", "--exclude=./dev/*", "--file"])
            .arg(&archive)
            .arg("--directory")
            .arg(root),
    )?;
    std::fs::remove_file(&archive).with_context(|| format!("cannot remove `{}`", archive.display()))
}
