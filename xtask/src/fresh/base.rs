//! The clean root that every fresh root begins as: made by mmdebstrap, kept as an archive.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::commands;
use crate::problem::Advise;

use super::carried::Carried;
use super::place::Place;

const SUITE: &str = "bookworm";

/// What the README asks for beside Rust; Rust links with the C compiler.
const PACKAGES: &str = "ca-certificates,git,gcc,libc6-dev";

/// After so many days another base is made: packages are updated, and what is installed on top of
/// an old base differs from what a new machine has.
const VALID_DAYS: u64 = 7;

/// The archive of the base, made if there is none or it was made of something else.
pub(super) fn provide(place: &Place, carried: &Carried) -> Result<PathBuf> {
    let archive = place.directory().join("base.tar");
    let record = place.directory().join("base.made-of");
    let made_of = made_of(carried);
    let recorded = fs::read_to_string(&record).unwrap_or_default();
    if recorded == made_of && is_recent(&archive) {
        eprintln!("unpacking the base that was made before …");
        return Ok(archive);
    }
    eprintln!("making it with mmdebstrap: {SUITE}, {PACKAGES}; two minutes or three …");
    // While it is made there is none: a base that was made half is never taken for one.
    fs::write(&record, "").with_context(|| format!("cannot write `{}`", record.display()))?;
    make(&archive, carried)?;
    fs::write(&record, made_of).with_context(|| format!("cannot write `{}`", record.display()))?;
    Ok(archive)
}

fn make(archive: &Path, carried: &Carried) -> Result<()> {
    let mut mmdebstrap = Command::new("mmdebstrap");
    mmdebstrap.args(["--quiet", "--variant=minbase", &format!("--include={PACKAGES}")]);
    for settings in carried.apt_settings() {
        mmdebstrap.arg(format!("--aptopt={}", settings.display()));
    }
    mmdebstrap.arg(SUITE).arg(archive).args(carried.package_sources());
    commands::run(mmdebstrap.stdout(std::io::stderr()))
        .context("cannot make a clean Debian 12 root")
        .hint("it needs root, and a mirror of Debian that can be reached")
}

/// Unpacks the archive into an empty directory.
pub(super) fn unpack(archive: &Path, root: &Path) -> Result<()> {
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--file"]);
    commands::run(tar.arg(archive).arg("--directory").arg(root))
}

fn made_of(carried: &Carried) -> String {
    let mut text = format!("{SUITE} {PACKAGES}\n");
    for file in carried.apt_settings().iter().chain(&carried.package_sources()) {
        text += &format!("{}\n{}\n", file.display(), fs::read_to_string(file).unwrap_or_default());
    }
    text
}

fn is_recent(archive: &Path) -> bool {
    let made = fs::metadata(archive).and_then(|metadata| metadata.modified()).ok();
    let age = made.and_then(|made| SystemTime::now().duration_since(made).ok());
    age.is_some_and(|age| age < Duration::from_secs(VALID_DAYS * 24 * 3600))
}
