//! From a recipe to one file that boots.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use names::shown;

use crate::audit::{Audit, audit};
use crate::command::Said;
use crate::compressor::Compressor;
use crate::image::{Image, Parts};
use crate::kernel::{self, Built};
use crate::manifest::Manifest;
use crate::part::Part;
use crate::recipe::Recipe;
use crate::sources::{Access, Packages, Wanted};
use crate::store::{self, Store};
use crate::technique::Step;
use crate::userland::{self, tree::Tree};
use crate::{loops, parts, toolchain};

/// How a recipe is built.
#[derive(Clone)]
pub(crate) struct Job<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) compressor: Compressor,
    pub(crate) store: &'a Store<'a>,
    pub(crate) lock_file: &'a Path,
    pub(crate) access: Access,
    pub(crate) said: Said,
}

/// What came of it.
pub(crate) struct Finished {
    pub(crate) image: Image,
    pub(crate) manifest: Manifest,
    /// What programs ask of the kernel that it does not have.
    pub(crate) audit: Audit,
}

impl Job<'_> {
    /// Builds the recipe.
    pub(crate) fn run(&self) -> Result<Finished> {
        let recipe = self.recipe;
        self.store.tell("fetching what the recipe needs");
        let packages = Packages::fetch(
            &wanted(recipe)?,
            &recipe.sources,
            self.lock_file,
            self.access,
            self.store,
        )?;
        self.store.tell("building the programs");
        let userland = userland::build(recipe, &packages, self.store, self.said)?;
        self.store.tell("configuring the kernel");
        let tree =
            kernel::Tree::configure(recipe, self.compressor, &packages, self.store, self.said)?;
        self.store.tell("building the kernel");
        let built = tree.build(&userland.archive(recipe.uses(Step::ShareDuplicates))?)?;
        let mut command_line = command_line(recipe);
        let mut image = put_together(recipe, &tree, &built, &command_line)?;
        if recipe.uses(Step::PresetLoops) {
            self.store.tell("counting loops per jiffy at a first boot");
            let manifest = Manifest::new(recipe, &image, &command_line, self.compressor);
            if let Some(count) = loops::per_jiffy(
                &image,
                &manifest,
                &built.symbols,
                recipe.board.kernel.virtual_start,
            )? {
                command_line.push_str(&format!(" lpj={count}"));
                image = put_together(recipe, &tree, &built, &command_line)?;
            }
        }
        let mut manifest = Manifest::new(recipe, &image, &command_line, self.compressor);
        manifest.parts = parts::of(tree.sizes(&built)?, &userland);
        manifest.packages =
            packages.versions().map(|(name, version)| (name.into(), version.into())).collect();
        let binaries: Vec<_> = binaries(&userland)
            .map(|(path, content)| (path.to_owned(), content.to_vec()))
            .collect();
        let audit = audit(&binaries, &tree.options, recipe.board.audited)?;
        Ok(Finished { image, manifest, audit })
    }
}

/// Writes the image and what describes it. The description goes first: without its image it says
/// that the image is another, and asks for a new build.
pub(crate) fn write(finished: &Finished, output: &Path) -> Result<()> {
    within_budget(finished, output)?;
    finished.manifest.write(output)?;
    store::replace(output, &finished.image.bytes)
}

/// All packages that a recipe needs.
fn wanted(recipe: &Recipe) -> Result<BTreeSet<Wanted>> {
    let mut wanted: BTreeSet<_> = toolchain::packages(recipe)?.into_iter().collect();
    wanted.insert(Wanted::binary(&recipe.kernel.source, kernel::SOURCE_ARCHITECTURE));
    wanted.extend(recipe.busybox.iter().map(|busybox| Wanted::source(&busybox.source)));
    let board = &recipe.board.architecture;
    wanted.extend(recipe.all_packages().into_iter().map(|name| Wanted::binary(name, board)));
    Ok(wanted)
}

/// What the kernel is told: by the board, by techniques, by the recipe. An init that ends stops the
/// machine at once instead of leaving it hanging.
fn command_line(recipe: &Recipe) -> String {
    let board = [recipe.board.kernel.command_line.as_str(), "panic=-1"];
    let techniques = recipe.techniques.iter().map(|technique| technique.command_line.as_str());
    let words = board.into_iter().chain(techniques).chain([recipe.command_line.as_str()]);
    words.filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" ")
}

fn put_together(
    recipe: &Recipe,
    tree: &kernel::Tree<'_>,
    built: &Built,
    command_line: &str,
) -> Result<Image> {
    let device_tree = tree.device_tree(command_line)?;
    let parts = Parts {
        board: &recipe.board,
        kernel: built,
        device_tree: device_tree.as_deref(),
        compressor: tree.compressor(),
        picture: recipe.picture(),
    };
    parts.assemble()
}

/// A build over its budget says what grew since the last one that was not.
fn within_budget(finished: &Finished, output: &Path) -> Result<()> {
    let Manifest { budget, image_size, parts, .. } = &finished.manifest;
    let Some(budget) = *budget else {
        return Ok(());
    };
    if *image_size <= budget {
        return Ok(());
    }
    let before = Manifest::of(output).map(|manifest| manifest.parts).unwrap_or_default();
    let grown = grown(&before, parts);
    let what = if grown.is_empty() { largest(parts) } else { grown };
    bail!(ui::hinted(
        &format!(
            "the image has {image_size} bytes, {} more than its budget of {budget}{what}",
            image_size - budget
        ),
        "take something out, or raise `budget` in the recipe; no image was written",
    ))
}

/// How many parts are named.
const NAMED: usize = 8;

fn grown(before: &[Part], after: &[Part]) -> String {
    let mut grown: Vec<(u64, &Part, &str)> = after
        .iter()
        .filter_map(|part| match before.iter().find(|old| old.name == part.name) {
            Some(old) if part.bytes > old.bytes => Some((part.bytes - old.bytes, part, "grew by")),
            None if !before.is_empty() => Some((part.bytes, part, "is new with")),
            _ => None,
        })
        .collect();
    grown.sort_by_key(|(bytes, part, _)| (std::cmp::Reverse(*bytes), part.name.clone()));
    let lines = grown.iter().take(NAMED);
    lines.map(|(bytes, part, how)| format!("\n    {} {how} {bytes} bytes", part.name)).collect()
}

fn largest(parts: &[Part]) -> String {
    let mut parts: Vec<_> = parts.iter().collect();
    parts.sort_by_key(|part| (std::cmp::Reverse(part.bytes), part.name.clone()));
    let lines = parts.iter().take(NAMED);
    lines.map(|part| format!("\n    {} has {} bytes", part.name, part.bytes)).collect()
}

/// Where the lock file of a recipe stands: beside it.
pub(crate) fn lock_file(recipe: &Path) -> PathBuf {
    recipe.with_extension("lock")
}

/// Compares two builds bit by bit, and names the first place where they differ.
pub(crate) fn compare(first: &Image, second: &Image) -> Result<()> {
    if first.bytes == second.bytes {
        return Ok(());
    }
    let at = first.bytes.iter().zip(&second.bytes).take_while(|(one, other)| one == other).count();
    bail!(
        "two builds of the same recipe differ, first at byte {at}: {} and {} bytes long",
        first.bytes.len(),
        second.bytes.len()
    )
}

/// A second place for everything, so that nothing of the first build helps the second one, but for
/// the packages themselves.
pub(crate) fn second_store<'a>(store: &Store<'a>) -> Result<(tempfile::TempDir, Store<'a>)> {
    let directory = tempfile::Builder::new().prefix("second-build-").tempdir_in(store.path());
    let directory = directory.context("cannot make a place for the second build")?;
    let packages = directory.path().join("packages");
    std::os::unix::fs::symlink(store.packages(), &packages)
        .with_context(|| format!("cannot make `{}`", shown(&packages)))?;
    let lists = directory.path().join("apt");
    if store.lists().is_dir() {
        std::os::unix::fs::symlink(store.lists(), &lists)
            .with_context(|| format!("cannot make `{}`", shown(&lists)))?;
    }
    let second = store.another(directory.path())?;
    Ok((directory, second))
}

/// Reads an image that was written before.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read the image `{}`", shown(path)))
}

/// The files of a userland, for whoever only looks at them.
pub(crate) fn binaries(userland: &Tree) -> impl Iterator<Item = (&Path, &[u8])> {
    userland.files().filter(|(_, content)| content.starts_with(&elf::MAGIC))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, bytes: u64) -> Part {
        Part { name: name.to_owned(), bytes }
    }

    #[test]
    fn what_grew_is_named_the_most_first() {
        let before = [part("kernel: mm", 100), part("/bin/busybox", 50)];
        let after = [part("kernel: mm", 120), part("/bin/busybox", 49), part("/bin/vim", 900)];

        assert_eq!(
            grown(&before, &after),
            "\n    /bin/vim is new with 900 bytes\n    kernel: mm grew by 20 bytes"
        );
    }
}
