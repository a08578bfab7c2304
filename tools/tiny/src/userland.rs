//! What the kernel starts: programs, libraries, files, device files, as a tree that becomes an
//! initramfs.

mod closure;
mod relink;
mod relinked;
mod treat;
pub(crate) mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;

use crate::command::Said;
use crate::programs::{self, Workbench};
use crate::recipe::Recipe;
use crate::recipe::userland::inside;
use crate::sources::{Packages, tree as packages_tree};
use crate::store::Store;
use crate::toolchain::C;
use crate::{busybox, recipe};
use tree::{Node, Tree};

/// Device files that every system has: `Documentation/admin-guide/devices.txt` of the kernel.
const DEVICES: [(&str, (u32, u32)); 4] =
    [("dev/console", (5, 1)), ("dev/null", (1, 3)), ("dev/zero", (1, 5)), ("dev/tty", (5, 0))];

/// Directories that programs expect.
const DIRECTORIES: [&str; 6] = ["bin", "dev", "etc", "proc", "sys", "tmp"];

/// Builds and collects everything.
pub(crate) fn build(
    recipe: &Recipe,
    packages: &Packages,
    store: &Store,
    said: Said,
) -> Result<Tree> {
    let musl = C::with_musl(recipe, packages, store)?;
    let mut tree = Tree::default();
    for directory in DIRECTORIES {
        tree.add(Path::new(directory), Node::Directory)?;
    }
    devices(recipe, &mut tree)?;
    if let Some(busybox) = &recipe.busybox {
        let binary = busybox::build(recipe, busybox, &musl, packages, store, said)?;
        tree.add(Path::new("bin/busybox"), program(&binary)?)?;
        for name in busybox::names(busybox) {
            tree.add(&Path::new("bin").join(name), Node::Link("busybox".into()))?;
        }
    }
    let root = packages_root(recipe, packages, store)?;
    let bench = Workbench { recipe, root: root.as_deref(), packages, store, said };
    for wanted in &recipe.programs {
        let binary = programs::build(wanted, &bench)?;
        tree.add(&Path::new("bin").join(&wanted.name), program(&binary)?)?;
        for link in &wanted.links {
            tree.add(&Path::new("bin").join(link), Node::Link(wanted.name.clone().into()))?;
        }
    }
    if let Some(root) = &root {
        closure::take(&recipe.packages.take, root, &mut tree)?;
    }
    closure::complete(&mut tree, root.as_deref(), &recipe.board)?;
    relinked::all(&recipe.relinked, &mut tree, &bench)?;
    files(recipe, &mut tree)?;
    treat::treat(&mut tree, &recipe.techniques);
    Ok(tree)
}

/// The packages that files are taken from and that programs are built with, unpacked.
fn packages_root(recipe: &Recipe, packages: &Packages, store: &Store) -> Result<Option<PathBuf>> {
    let names = recipe.all_packages();
    if names.is_empty() {
        return Ok(None);
    }
    packages_tree::unpack(packages, &names, &recipe.board.architecture, store).map(Some)
}

fn devices(recipe: &Recipe, tree: &mut Tree) -> Result<()> {
    for (path, (major, minor)) in DEVICES {
        tree.add(Path::new(path), Node::Device { major, minor })?;
    }
    let features = recipe.kernel.features.iter().map(|name| &recipe.board.features[name]);
    let devices = features.flat_map(|feature| &feature.devices);
    for device in devices.chain([&recipe.board.console]) {
        let (major, minor) = device.number;
        tree.add(Path::new(&device.path), Node::Device { major, minor })?;
    }
    Ok(())
}

/// The recipe's own files, and what runs first. They replace what packages brought.
fn files(recipe: &Recipe, tree: &mut Tree) -> Result<()> {
    let script = format!("#!/bin/sh\n{}", recipe.start.script);
    tree.replace(Path::new("init"), Node::file(script.into_bytes(), 0o755))?;
    for file in &recipe.files {
        let (content, mode) = content(file, &recipe.directory)?;
        tree.replace(&inside(&file.path)?, Node::file(content, mode))?;
    }
    Ok(())
}

/// The permissions are the recipe's, or those that such a content has everywhere: what the file has on
/// this machine depends on who unpacked the recipe, and how.
fn content(file: &recipe::userland::File, directory: &Path) -> Result<(Vec<u8>, u32)> {
    let content = match &file.text {
        Some(text) => text.clone().into_bytes(),
        None => read(&directory.join(file.from.as_deref().expect("a file has one or the other")))?,
    };
    let is_program = content.starts_with(&elf::MAGIC) || content.starts_with(b"#!");
    let usual = if is_program { 0o755 } else { 0o644 };
    Ok((content, file.mode.unwrap_or(usual)))
}

fn program(binary: &Path) -> Result<Node> {
    Ok(Node::file(read(binary)?, 0o755))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", shown(path)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_a_file_may_is_the_recipes_and_not_the_checkouts() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path().join("file");
        let mode = |text: &str, on_this_machine, of_the_recipe| {
            fs::write(&place, text).expect("a file");
            let permissions = fs::Permissions::from_mode(on_this_machine);
            fs::set_permissions(&place, permissions).expect("permissions");
            let file = recipe::userland::File {
                path: "etc/file".into(),
                text: None,
                from: Some("file".into()),
                mode: of_the_recipe,
            };
            content(&file, directory.path()).expect("a file").1
        };
        for on_this_machine in [0o600, 0o664, 0o777] {
            assert_eq!(mode("words\n", on_this_machine, None), 0o644);
            assert_eq!(mode("#!/bin/sh\n", on_this_machine, None), 0o755);
            assert_eq!(mode("words\n", on_this_machine, Some(0o640)), 0o640);
        }
    }
}
