//! Packages unpacked into one root, from which files are taken and with which programs are built.

#![expect(clippy::disallowed_methods, reason = "the tree is being unpacked in the store")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;

use super::Packages;
use crate::command::{Said, run};
use crate::store::{self, Key, Store};
use crate::surroundings::tool;

/// Unpacks binary packages of an architecture over each other, once for each set of packages.
pub(crate) fn unpack(
    packages: &Packages,
    names: &[&str],
    architecture: &str,
    store: &Store,
) -> Result<PathBuf> {
    let mut key = Key::new().and("root");
    for name in names {
        key = key.and_all(packages.identity(name, architecture));
    }
    let held = store.hold("roots", &key)?;
    held.once("root", |root| {
        store::make_directory(root)?;
        for name in names {
            unpack_one(packages.binary(name, architecture)?, root)?;
        }
        stay_below(root, Path::new(""))
    })
}

/// Links of packages lead from the root of a system: here they would lead to this machine's files, so
/// each gets as many `..` as it stands deep.
fn stay_below(root: &Path, below: &Path) -> Result<()> {
    let directory = root.join(below);
    let failed = || format!("cannot change the links in `{}`", shown(&directory));
    for entry in fs::read_dir(&directory).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let kind = entry.file_type().with_context(failed)?;
        if kind.is_dir() {
            stay_below(root, &below.join(entry.file_name()))?;
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path()).with_context(failed)?;
            if let Ok(target) = target.strip_prefix("/") {
                let up: PathBuf = below.components().map(|_| "..").collect();
                fs::remove_file(entry.path()).with_context(failed)?;
                symlink(up.join(target), entry.path()).with_context(failed)?;
            }
        }
    }
    Ok(())
}

fn unpack_one(package: &Path, root: &Path) -> Result<()> {
    run(tool("dpkg-deb").arg("-x").arg(package).arg(root), Said::Kept)
        .with_context(|| format!("cannot unpack `{}`", shown(package)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_packages_do_not_lead_to_this_machine() {
        let root = tempfile::tempdir().expect("a directory");
        let library = root.path().join("usr/lib/libm.so");
        fs::create_dir_all(root.path().join("usr/lib")).expect("a directory");
        symlink("/lib/libm.so.6", &library).expect("a link");
        symlink("libm.so", root.path().join("usr/lib/beside")).expect("a link");

        stay_below(root.path(), Path::new("")).expect("they are changed");

        assert_eq!(fs::read_link(library).expect("a link"), Path::new("../../lib/libm.so.6"));
        let beside = fs::read_link(root.path().join("usr/lib/beside")).expect("a link");
        assert_eq!(beside, Path::new("libm.so"));
    }
}
