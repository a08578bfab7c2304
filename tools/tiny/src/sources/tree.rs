//! Packages unpacked into one root, from which files are taken and with which programs are built.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;

use super::Packages;
use crate::command::{Said, command, run};
use crate::store::{self, Key, Store};

/// Unpacks binary packages over each other, once for each set of packages.
pub(crate) fn unpack(packages: &Packages, names: &[&str], store: &Store) -> Result<PathBuf> {
    let mut key = Key::new().and("root");
    for name in names {
        key = key.and_all(packages.identity(name));
    }
    let held = store.hold("roots", &key)?;
    held.once("root", |root| {
        store::make_directory(root)?;
        for name in names {
            let file = packages.binary(name)?;
            unpack_one(file, root)?;
        }
        Ok(())
    })
}

fn unpack_one(package: &Path, root: &Path) -> Result<()> {
    run(command("dpkg-deb").arg("-x").arg(package).arg(root), Said::Kept)
        .with_context(|| format!("cannot unpack `{}`", shown(package)))
}
