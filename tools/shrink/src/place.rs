//! Changes a root where it stands, and takes that back.
//!
//! What goes and what changes is in an archive and on the disk before the first change is made. So
//! whatever happens afterwards, `shrink undo` brings everything back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use names::shown;

use crate::make::Made;
use crate::rootfs::inventory::{Inventory, Kind};
use crate::rootfs::{Root, staging};
use crate::write;

/// Under this name a file stands for a moment before it takes its real place.
const MOMENTARY: &str = ".shrink-new";
const ENDING: &str = ".removed.tar";

/// Where what goes is kept when the user does not say: beside the root.
pub(crate) fn archive_of(root: &Path) -> PathBuf {
    let mut name = root.file_name().unwrap_or_default().to_owned();
    name.push(ENDING);
    root.with_file_name(name)
}

/// What is to be done to a root, as data.
struct Plan {
    /// Names that go, what is in a directory before it.
    removed: Vec<PathBuf>,
    /// Files that get another content or share it with others.
    changed: BTreeSet<PathBuf>,
}

impl Plan {
    /// `filled` are files whose content changed and whose size did not.
    fn between(before: &Inventory, after: &Inventory, filled: &BTreeSet<PathBuf>) -> Self {
        let mut removed: Vec<_> = before
            .iter()
            .filter(|(path, _)| after.get(path).is_none())
            .map(|(path, _)| path.to_owned())
            .collect();
        removed.reverse();
        let (old, new) = (sharing(before), sharing(after));
        let changed = after.iter().filter(|(path, entry)| {
            let was = before.get(path).map(super::rootfs::inventory::Entry::size);
            was != Some(entry.size()) || old.get(path) != new.get(path) || filled.contains(*path)
        });
        Self { removed, changed: changed.map(|(path, _)| path.to_owned()).collect() }
    }

    /// What the archive has to hold: all that goes or changes, names that share a file with it, and
    /// every directory, whose times change.
    fn archived(&self, before: &Inventory) -> Inventory {
        let touched: BTreeSet<&Path> =
            self.removed.iter().chain(&self.changed).map(PathBuf::as_path).collect();
        let groups: BTreeSet<u64> = touched.iter().filter_map(|path| group(before, path)).collect();
        let mut archived = Inventory::default();
        for (path, entry) in before.iter() {
            let shares = group(before, path).is_some_and(|number| groups.contains(&number));
            if entry.kind == Kind::Directory || shares || touched.contains(path) {
                archived.insert(path.to_owned(), entry.clone());
            }
        }
        archived
    }
}

fn group(inventory: &Inventory, path: &Path) -> Option<u64> {
    match inventory.get(path)?.kind {
        Kind::File { shared, .. } => shared,
        _ => None,
    }
}

/// For every file with several names: all of them.
fn sharing(inventory: &Inventory) -> BTreeMap<&Path, BTreeSet<&Path>> {
    let mut groups: BTreeMap<u64, BTreeSet<&Path>> = BTreeMap::new();
    for (path, _) in inventory.iter() {
        if let Some(number) = group(inventory, path) {
            groups.entry(number).or_default().insert(path);
        }
    }
    let mut sharing = BTreeMap::new();
    for names in groups.values().filter(|names| names.len() > 1) {
        for name in names {
            sharing.insert(*name, names.clone());
        }
    }
    sharing
}

/// Makes the root what was made of it elsewhere.
pub(crate) fn replace(made: &Made, root: &Path, archive: &Path) -> Result<()> {
    let before = &made.root.inventory;
    let plan = Plan::between(before, &made.inventory, &made.filled);
    keep(&plan.archived(before), root, archive)?;
    let again = || {
        ui::hinted(
            "the root is changed in part",
            format!("`shrink undo {}` brings everything back", shown(archive)),
        )
    };
    let mut changed = Inventory::default();
    for path in &plan.changed {
        changed.insert(path.clone(), made.inventory.get(path).expect("it is in it").clone());
    }
    put(&changed, &made.small, root).with_context(again)?;
    for path in &plan.removed {
        let full = root.join(path);
        let directory = before.get(path).is_some_and(|entry| entry.kind == Kind::Directory);
        let gone = if directory { fs::remove_dir(&full) } else { fs::remove_file(&full) };
        gone.with_context(|| format!("cannot remove `{}`", shown(&full))).with_context(again)?;
    }
    staging::dress_directories(root, &made.inventory).with_context(again)?;
    Ok(())
}

/// Writes the archive; afterwards it is on the disk.
fn keep(archived: &Inventory, root: &Path, archive: &Path) -> Result<()> {
    let write = || {
        ui::hinted(
            &format!("cannot keep what goes in `{}`", shown(archive)),
            "nothing was changed; name another place with --archive",
        )
    };
    let parent = archive.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file =
        tempfile::NamedTempFile::new_in(parent.unwrap_or(Path::new("."))).with_context(write)?;
    write::tape::write(archived, root, BufWriter::with_capacity(1 << 18, &mut file))
        .and_then(|mut out| Ok(out.flush()?))
        .with_context(write)?;
    file.as_file().sync_all().with_context(write)?;
    file.persist_noclobber(archive).with_context(write)?;
    let directory = File::open(parent.unwrap_or(Path::new("."))).with_context(write)?;
    directory.sync_all().with_context(write)
}

/// Puts files into a root, each whole or not at all.
fn put(inventory: &Inventory, from: &Path, root: &Path) -> Result<u64> {
    let mut first_names: BTreeMap<u64, PathBuf> = BTreeMap::new();
    let mut count = 0;
    for (path, entry) in inventory.iter() {
        let full = root.join(path);
        let put = || format!("cannot write `{}`", shown(&full));
        stays_inside(root, path).with_context(put)?;
        if entry.kind == Kind::Directory {
            if fs::symlink_metadata(&full).is_err() {
                fs::create_dir(&full).with_context(put)?;
                count += 1;
            }
            continue;
        }
        let momentary = full.with_file_name(MOMENTARY);
        let _ = fs::remove_file(&momentary);
        let first = group(inventory, path).and_then(|number| {
            let first = first_names.entry(number).or_insert_with(|| full.clone());
            (*first != full).then(|| first.clone())
        });
        match first {
            Some(first) => fs::hard_link(&first, &momentary).with_context(put)?,
            None => write::directory::add(from, root, path, entry, MOMENTARY)?,
        }
        fs::rename(&momentary, &full).with_context(put)?;
        count += 1;
    }
    Ok(count)
}

/// Makes sure that the directories above a path are directories: where one became a link since, what
/// is written below it would land elsewhere.
fn stays_inside(root: &Path, path: &Path) -> Result<()> {
    for directory in path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()) {
        if fs::symlink_metadata(root.join(directory)).is_ok_and(|found| !found.is_dir()) {
            bail!(ui::hinted(
                &format!("`{}` is no directory any more", shown(&root.join(directory))),
                "move it away and try again: what is there already stays",
            ));
        }
    }
    Ok(())
}

/// Brings back what an archive holds; gives how many names that were.
pub(crate) fn undo(archive: &Path, root: Option<&Path>) -> Result<u64> {
    let root = match root {
        Some(root) => root.to_owned(),
        None => root_of(archive)?,
    };
    if !root.is_dir() {
        bail!(ui::hinted(
            &format!("cannot bring back anything to `{}`: it is no directory", shown(&root)),
            "name the root after the archive",
        ));
    }
    let scratch = crate::scratch::Scratch::beside(&root)?;
    let kept = Root::open(archive, scratch.path())?;
    for (path, entry) in kept.inventory.iter() {
        if entry.kind == Kind::Directory {
            let _ = fs::remove_file(root.join(path).join(MOMENTARY));
        }
    }
    let count = put(&kept.inventory, &kept.base, &root)?;
    staging::dress_directories(&root, &kept.inventory)?;
    Ok(count)
}

fn root_of(archive: &Path) -> Result<PathBuf> {
    let name = archive.to_string_lossy();
    match name.strip_suffix(ENDING) {
        Some(root) => Ok(root.into()),
        None => bail!(ui::hinted(
            &format!("the name `{}` does not say what it was taken from", shown(archive)),
            "name the root after the archive",
        )),
    }
}
