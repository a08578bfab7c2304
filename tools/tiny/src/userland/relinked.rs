//! Libraries of a tree that are linked anew, with nothing but what the rest of the tree asks of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use globset::GlobBuilder;
use names::shown;

use super::relink::{self, Plan, Refusal};
use super::tree::{Node, Tree};
use crate::programs::Workbench;
use crate::recipe::userland::Relink;
use crate::store::Key;
use crate::toolchain::{compiler_version, cross, own_directories};

/// Links the libraries that the recipe names, in its order: what is smaller already asks for less.
pub(super) fn all(wanted: &[Relink], tree: &mut Tree, bench: &Workbench<'_>) -> Result<()> {
    for wanted in wanted {
        one(wanted, tree, bench)
            .with_context(|| format!("cannot link `{}` anew", wanted.library))?;
    }
    Ok(())
}

fn one(wanted: &Relink, tree: &mut Tree, bench: &Workbench<'_>) -> Result<()> {
    let place = place(&wanted.library, tree)?;
    let binaries: BTreeMap<&Path, &[u8]> =
        tree.files().filter(|(_, content)| content.starts_with(&elf::MAGIC)).collect();
    let library = *binaries.get(place.as_path()).context("it is no binary")?;
    let users: Vec<&[u8]> =
        binaries.iter().filter(|(path, _)| **path != place).map(|(_, content)| *content).collect();
    let looked_up: Vec<_> = wanted.looked_up.iter().map(String::as_str).collect();
    let plan = match Plan::new(library, &users, &looked_up) {
        Ok(plan) => plan,
        // Whoever names it must find it, but it is small enough as it is.
        Err(Refusal::Unasked) => return Ok(()),
        Err(refusal) => return Err(refusal.into()),
    };
    let inputs = inputs(&wanted.from, bench.root.context("the recipe names no packages")?)?;
    let compiler = cross(bench.recipe, "gcc");
    let key = Key::new()
        .and("relink")
        .and(compiler_version(bench.recipe)?)
        .and(library)
        .and(format!("{plan:?}"))
        .and_all(&wanted.from)
        .and_all(packages(bench));
    let held = bench.store.hold("libraries", &key)?;
    let made = held.once_of("library", |result| {
        let read = relink::link(&plan, compiler, &inputs, result)?;
        read.refuse_this_machine(&own_directories(bench.recipe)?)?;
        Ok(read)
    })?;
    let content = fs::read(&made).with_context(|| format!("cannot read `{}`", shown(&made)))?;
    tree.replace(&place, Node::file(content, 0o644))
}

/// Where a library stands in the tree: at its name, or where links from there lead.
fn place(library: &str, tree: &Tree) -> Result<PathBuf> {
    let named = tree.iter().find(|(path, _)| path.file_name().is_some_and(|name| name == library));
    match named {
        Some((path, Node::File { .. })) => Ok(path.to_owned()),
        Some((path, Node::Link(target))) if target.components().count() == 1 => {
            Ok(path.with_file_name(target))
        }
        _ => bail!("nothing needs it: take it out of the recipe"),
    }
}

/// What the linker is given, in order; each pattern names one file.
fn inputs(patterns: &[String], root: &Path) -> Result<Vec<PathBuf>> {
    let mut all = std::collections::BTreeSet::new();
    super::closure::collect(root, Path::new(""), &mut all)?;
    let find = |pattern: &String| {
        let glob = GlobBuilder::new(pattern.trim_start_matches('/'))
            .literal_separator(true)
            .build()
            .with_context(|| format!("`{pattern}` is no pattern of paths"))?
            .compile_matcher();
        let found = all.iter().find(|path| glob.is_match(path));
        found.map(|path| root.join(path)).with_context(|| {
            ui::hinted(
                &format!("no package has a file `{pattern}`"),
                "add the package that brings it to `build` under [packages] in the recipe",
            )
        })
    };
    patterns.iter().map(find).collect()
}

/// The packages that inputs come from.
fn packages<'a>(bench: &'a Workbench<'_>) -> Vec<&'a str> {
    let architecture = &bench.recipe.board.architecture;
    let names = bench.recipe.all_packages();
    names.iter().flat_map(|name| bench.packages.identity(name, architecture)).collect()
}
