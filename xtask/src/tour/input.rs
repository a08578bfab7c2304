//! A real tree to work on: the cross toolchains' libraries and headers from Debian packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::commands;
use crate::needs;

const ARCHITECTURES: &[&str] = &["arm64", "armel", "armhf"];

const PARTS: &[&str] =
    &["libc6", "libc6-dev", "libgcc-12-dev", "libstdc++-12-dev", "linux-libc-dev"];

/// What stands in for the toolchains where they cannot be downloaded.
const PARTS_OF_USR: &[&str] =
    &["/usr/include", "/usr/share/doc", "/usr/share/perl", "/usr/share/zoneinfo"];

/// A tree that may be changed.
pub(super) struct Input {
    pub(super) tree: PathBuf,
    pub(super) what: String,
}

/// Makes the tree in `scratch`; what is downloaded stays in `cache`.
pub(super) fn copy(cache: &Path, scratch: &Path) -> Result<Input> {
    let tree = scratch.join("toolchains");
    fs::create_dir_all(&tree).with_context(|| format!("cannot make `{}`", tree.display()))?;
    match packages(&cache.join("packages")) {
        Ok(packages) => {
            eprintln!("unpacking {} packages …", packages.len());
            unpack(&packages, &tree)?;
            let what = format!("the toolchains for {}", ARCHITECTURES.join(", "));
            Ok(Input { tree, what })
        }
        Err(error) => {
            eprintln!("no toolchains to work on: {error:#}");
            eprintln!("copying parts of /usr instead …");
            copy_usr(&tree)?;
            Ok(Input { tree, what: "parts of this machine's /usr, copied twice".to_owned() })
        }
    }
}

fn packages(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut missing = Vec::new();
    for name in names() {
        if cached(folder, &name).is_none() {
            missing.push(name);
        }
    }
    if !missing.is_empty() {
        eprintln!("downloading {} packages …", missing.len());
        download(&missing, folder)?;
    }
    let mut packages = Vec::new();
    for name in names() {
        let package = cached(folder, &name);
        packages.push(package.with_context(|| format!("package `{name}` did not arrive"))?);
    }
    Ok(packages)
}

fn names() -> Vec<String> {
    let mut names = Vec::new();
    for architecture in ARCHITECTURES {
        for part in PARTS {
            names.push(format!("{part}-{architecture}-cross"));
        }
    }
    names
}

fn cached(folder: &Path, name: &str) -> Option<PathBuf> {
    let beginning = format!("{name}_");
    let files = fs::read_dir(folder).ok()?.flatten();
    let mut files = files.filter(|file| file.file_name().to_string_lossy().starts_with(&beginning));
    files.next().map(|file| file.path())
}

/// Downloads beside the cache first, so that the cache holds only what is complete.
fn download(names: &[String], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let is_root = rustix::process::geteuid().is_root();
    if is_root && !needs::lists_exist() {
        needs::update_lists()?;
    }
    let arriving =
        tempfile::tempdir_in(folder).context("cannot make a directory to download to")?;
    let mut apt = Command::new("apt-get");
    apt.current_dir(arriving.path()).stdout(std::io::stderr());
    if is_root {
        // The user that apt would change to may not write below our target directory.
        apt.args(["-o", "APT::Sandbox::User=root"]);
    }
    apt.args(["-q", "download"]).args(names);
    if let Err(error) = commands::run(&mut apt) {
        if !is_root {
            return Err(error.context("cannot download without fresh lists, `sudo apt-get update`"));
        }
        needs::update_lists()?;
        commands::run(&mut apt)?;
    }
    for package in fs::read_dir(arriving.path())? {
        let package = package?;
        fs::rename(package.path(), folder.join(package.file_name()))?;
    }
    Ok(())
}

fn unpack(packages: &[PathBuf], tree: &Path) -> Result<()> {
    for package in packages {
        commands::run(Command::new("dpkg-deb").arg("-x").arg(package).arg(tree))?;
    }
    Ok(())
}

/// Two copies, as two releases of one system would have them.
fn copy_usr(tree: &Path) -> Result<()> {
    let parts: Vec<_> = PARTS_OF_USR.iter().filter(|part| Path::new(part).is_dir()).collect();
    if parts.is_empty() {
        bail!("there is nothing to copy: {} are all missing", PARTS_OF_USR.join(", "));
    }
    for release in ["old", "new"] {
        let release = tree.join(release);
        fs::create_dir(&release).with_context(|| format!("cannot make `{}`", release.display()))?;
        commands::run(Command::new("cp").arg("--archive").args(&parts).arg(&release))?;
    }
    Ok(())
}
