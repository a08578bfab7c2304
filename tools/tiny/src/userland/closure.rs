//! What is taken of packages, and the libraries that it needs.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use globset::GlobBuilder;
use names::shown;

use super::tree::{Node, Tree};
use crate::board::Board;

/// How many links may follow each other: the kernel's own bound.
const MOST_LINKS: usize = 40;

/// Takes what the patterns name.
pub(super) fn take(patterns: &[String], root: &Path, tree: &mut Tree) -> Result<()> {
    let mut paths = BTreeSet::new();
    collect(root, Path::new(""), &mut paths)?;
    for pattern in patterns {
        let pattern = pattern.trim_start_matches('/');
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .with_context(|| format!("`{pattern}` is no pattern of paths"))?
            .compile_matcher();
        let mut found = false;
        for path in paths.iter().filter(|path| glob.is_match(path)) {
            found = true;
            take_one(path, root, tree)?;
        }
        if !found {
            bail!(ui::hinted(
                &format!("no package has a file `{pattern}`"),
                "look at `take` and `names` under [packages] in the recipe",
            ));
        }
    }
    Ok(())
}

/// Every path below the packages' root that is no directory.
pub(super) fn collect(root: &Path, below: &Path, paths: &mut BTreeSet<PathBuf>) -> Result<()> {
    let directory = root.join(below);
    let entries =
        fs::read_dir(&directory).with_context(|| format!("cannot read `{}`", shown(&directory)))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read `{}`", shown(&directory)))?;
        let path = below.join(entry.file_name());
        if entry.file_type().context("cannot read a directory")?.is_dir() {
            collect(root, &path, paths)?;
        } else {
            paths.insert(path);
        }
    }
    Ok(())
}

/// Takes a file or a link with what it leads to. Links inside a package's root lead below it.
fn take_one(path: &Path, root: &Path, tree: &mut Tree) -> Result<()> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if tree.get(&path).is_some() {
            return Ok(());
        }
        let full = root.join(&path);
        let found = fs::symlink_metadata(&full)
            .with_context(|| format!("cannot read `{}`", shown(&full)))?;
        if !found.is_symlink() {
            let content =
                fs::read(&full).with_context(|| format!("cannot read `{}`", shown(&full)))?;
            return tree.add(&path, Node::file(content, found.permissions().mode() & 0o777));
        }
        let target =
            fs::read_link(&full).with_context(|| format!("cannot read `{}`", shown(&full)))?;
        tree.add(&path, Node::Link(target.clone()))?;
        path = resolved(path.parent().unwrap_or(Path::new("")), &target);
    }
    bail!("`{}` leads in a circle", shown(&path))
}

/// Where a link in a directory leads, below the root.
fn resolved(directory: &Path, target: &Path) -> PathBuf {
    let mut path = if target.is_absolute() { PathBuf::new() } else { directory.to_owned() };
    for component in target.components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                path.pop();
            }
            _ => {}
        }
    }
    path
}

/// Takes the libraries and loaders that binaries of the tree need, and what those need. All binaries
/// must be for the board.
pub(super) fn complete(tree: &mut Tree, root: Option<&Path>, board: &Board) -> Result<()> {
    let multiarch = &board.toolchain.multiarch;
    let directories = [
        format!("lib/{multiarch}"),
        format!("usr/lib/{multiarch}"),
        "lib".into(),
        "usr/lib".into(),
    ];
    let mut looked_at = BTreeSet::new();
    loop {
        let todo: Vec<_> = tree
            .files()
            .filter(|(path, content)| {
                content.starts_with(&elf::MAGIC) && !looked_at.contains(*path)
            })
            .map(|(path, content)| (path.to_owned(), elf::needs::read(content)))
            .collect();
        if todo.is_empty() {
            return Ok(());
        }
        for (path, needs) in todo {
            let needs =
                needs.with_context(|| format!("cannot read the binary `/{}`", shown(&path)))?;
            let (is, wanted) = (needs.architecture.name(), board.audited.name());
            if is != wanted {
                bail!("`/{}` is a program for {is}, not for {wanted}", shown(&path));
            }
            if let Some(interpreter) = &needs.interpreter {
                let interpreter = text(interpreter)?;
                root.context("there are no packages")
                    .and_then(|root| {
                        take_one(Path::new(interpreter.trim_start_matches('/')), root, tree)
                    })
                    .with_context(|| missing(&interpreter, &path))?;
            }
            for library in &needs.libraries {
                let library = text(library)?;
                let place = directories.iter().map(|directory| Path::new(directory).join(&library));
                let place = place.into_iter().find(|place| {
                    let is_in = |root: &Path| fs::symlink_metadata(root.join(place)).is_ok();
                    tree.get(place).is_some() || root.is_some_and(is_in)
                });
                let place = place.with_context(|| missing(&library, &path))?;
                if let Some(root) = root {
                    take_one(&place, root, tree)?;
                }
            }
            looked_at.insert(path);
        }
    }
}

fn text(name: &[u8]) -> Result<String> {
    String::from_utf8(name.to_vec()).context("a library's name is no text")
}

fn missing(library: &str, path: &Path) -> ui::Hinted {
    ui::hinted(
        &format!("`/{}` needs `{library}`, which no package of the recipe has", shown(path)),
        "add the package that brings it to `names` under [packages] in the recipe",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_come_with_what_they_lead_to_and_lead_nowhere_else() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(root.path().join("usr/lib")).expect("a directory");
        fs::write(root.path().join("usr/lib/liba.so.1.2"), "a").expect("a file");
        std::os::unix::fs::symlink("/usr/lib/liba.so.1.2", root.path().join("usr/lib/liba.so.1"))
            .expect("a link");
        std::os::unix::fs::symlink("../../../../etc/passwd", root.path().join("usr/lib/out"))
            .expect("a link");

        let mut tree = Tree::default();
        take(&["usr/lib/liba.so.1".to_owned()], root.path(), &mut tree).expect("it is there");
        let names: Vec<_> = tree.files().map(|(path, _)| path.to_owned()).collect();
        assert_eq!(names, [Path::new("usr/lib/liba.so.1.2")]);

        let out = take(&["usr/lib/out".to_owned()], root.path(), &mut tree);
        assert!(
            out.expect_err("there is no etc/passwd in the root")
                .to_string()
                .ends_with("etc/passwd`")
        );
    }

    #[test]
    fn a_pattern_that_names_nothing_is_a_mistake() {
        let root = tempfile::tempdir().expect("a directory");

        let error = take(&["usr/lib/*.so".to_owned()], root.path(), &mut Tree::default());

        assert_eq!(
            error.expect_err("nothing is there").to_string(),
            "no package has a file `usr/lib/*.so`"
        );
    }
}
