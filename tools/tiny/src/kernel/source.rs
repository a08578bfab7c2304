//! The kernel's sources, unpacked.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;

use crate::command::{Said, command, run};
use crate::recipe::Recipe;
use crate::sources::Packages;
use crate::store::{self, Key, Store};

/// Unpacks the archive that Debian's `linux-source-…` packages hold, once for each package.
pub(super) fn unpack(
    recipe: &Recipe,
    packages: &Packages,
    store: &Store,
    said: Said,
) -> Result<PathBuf> {
    let name = &recipe.kernel.source;
    let key = Key::new().and("kernel source").and_all(packages.identity(name));
    let held = store.hold("sources", &key)?;
    held.once("linux", |place| {
        let package = packages.binary(name)?;
        let around = place.with_extension("package");
        store::remove(&around)?;
        run(command("dpkg-deb").arg("-x").arg(package).arg(&around), said)
            .context("cannot unpack the package of the kernel's sources")?;
        let archive = archive(&around.join("usr/src"))?;
        store::make_directory(place)?;
        let mut tar = command("tar");
        tar.arg("--extract").arg("--strip-components=1").arg("--file").arg(&archive);
        run(tar.arg("--directory").arg(place), said)
            .context("cannot unpack the kernel's sources")?;
        store::remove(&around)
    })
}

/// The one archive of the package.
fn archive(directory: &Path) -> Result<PathBuf> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot read `{}`", shown(directory)))?;
    let archives = entries.flatten().map(|entry| entry.path());
    archives
        .filter(|path| path.to_string_lossy().contains(".tar"))
        .min()
        .context("the package holds no archive of the kernel's sources")
}
