//! The kernel's sources, unpacked.

#![expect(clippy::disallowed_methods, reason = "it is being made in the store")]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use names::shown;

use super::SOURCE_ARCHITECTURE;
use crate::command::{Said, run};
use crate::recipe::Recipe;
use crate::sources::Packages;
use crate::store::{self, Key, Store};
use crate::surroundings::tool;
use crate::technique::Technique;

/// Unpacks the archive that Debian's `linux-source-…` packages hold and changes what techniques
/// change, once for each package and set of changes.
pub(super) fn unpack(
    recipe: &Recipe,
    packages: &Packages,
    store: &Store,
    said: Said,
) -> Result<PathBuf> {
    let name = &recipe.kernel.source;
    let key = Key::new()
        .and("kernel source")
        .and_all(packages.identity(name, SOURCE_ARCHITECTURE))
        .and(edits(recipe));
    let held = store.hold("sources", &key)?;
    held.once("linux", |place| {
        store.tell("unpacking the kernel's sources");
        let package = packages.binary(name, SOURCE_ARCHITECTURE)?;
        let around = place.with_extension("package");
        store::remove(&around)?;
        run(tool("dpkg-deb").arg("-x").arg(package).arg(&around), said)
            .context("cannot unpack the package of the kernel's sources")?;
        let archive = archive(&around.join("usr/src"))?;
        store::make_directory(place)?;
        let mut tar = tool("tar");
        tar.arg("--extract").arg("--strip-components=1").arg("--file").arg(&archive);
        run(tar.arg("--directory").arg(place), said)
            .context("cannot unpack the kernel's sources")?;
        for technique in &recipe.techniques {
            change(technique, place)
                .with_context(|| format!("cannot use the technique `{}`", technique.name))?;
        }
        store::remove(&around)
    })
}

/// All changes of a recipe's techniques, for keys.
pub(super) fn edits(recipe: &Recipe) -> String {
    let edits = recipe.techniques.iter().flat_map(|technique| &technique.edits);
    edits.map(|edit| format!("{edit:?}\n")).collect()
}

/// Changes sources as a technique says. A kernel that has not what is to be changed is another one.
fn change(technique: &Technique, sources: &Path) -> Result<()> {
    for edit in &technique.edits {
        let path = sources.join(&edit.file);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}` of the kernel", edit.file))?;
        ensure!(
            text.contains(&edit.find),
            ui::hinted(
                &format!("`{}` of this kernel has no `{}`", edit.file, edit.find.trim()),
                "leave the technique out: list the others as `techniques` in the recipe",
            )
        );
        fs::write(&path, text.replace(&edit.find, &edit.replace))
            .with_context(|| format!("cannot write `{}`", shown(&path)))?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_has_not_what_is_to_be_changed_is_refused() {
        let sources = tempfile::tempdir().expect("a directory");
        fs::write(sources.path().join("Kconfig"), "select A\n").expect("a file");
        let technique = |find: &str| -> Technique {
            let text = format!(
                "says = \"\"\n[[edit]]\nfile = \"Kconfig\"\nfind = \"{find}\"\nreplace = \"select B\"\n"
            );
            toml::from_str(&text).expect("a technique")
        };

        change(&technique("select A"), sources.path()).expect("it is there");
        let text = fs::read_to_string(sources.path().join("Kconfig")).expect("a file");
        assert_eq!(text, "select B\n");

        let error = change(&technique("select A"), sources.path()).expect_err("it is gone");
        assert_eq!(error.to_string(), "`Kconfig` of this kernel has no `select A`");
    }
}
