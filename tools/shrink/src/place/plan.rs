//! What is to be done to a root, as data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::rootfs::inventory::{Entry, Inventory, Kind};

/// What is to be done to a root.
pub(super) struct Plan {
    /// Names that go.
    pub(super) removed: BTreeSet<PathBuf>,
    /// Files that get another content or share it with others.
    pub(super) changed: BTreeSet<PathBuf>,
}

impl Plan {
    /// `filled` are files whose content changed and whose size did not, each by its first name.
    pub(super) fn between(
        before: &Inventory,
        after: &Inventory,
        filled: &BTreeSet<PathBuf>,
    ) -> Self {
        let removed = before.iter().filter(|(path, _)| after.get(path).is_none());
        let removed = removed.map(|(path, _)| path.to_owned()).collect();
        // A file that loses a name and keeps another need not change for that.
        let (old, new) = (sharing(before, after), sharing(after, after));
        let is_filled = |path: &Path| match new.get(path) {
            Some(names) => names.iter().any(|name| filled.contains(*name)),
            None => filled.contains(path),
        };
        let changed = after.iter().filter(|(path, entry)| {
            let was = before.get(path).map(Entry::size);
            was != Some(entry.size()) || old.get(path) != new.get(path) || is_filled(path)
        });
        Self { removed, changed: changed.map(|(path, _)| path.to_owned()).collect() }
    }

    /// What the archive has to hold: all that goes or changes, names that share a file with it, and
    /// every directory, whose times change.
    pub(super) fn archived(&self, before: &Inventory) -> Inventory {
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

    /// Directories in which a name goes or changes, or which go themselves.
    pub(super) fn touched_directories(&self) -> BTreeSet<&Path> {
        let touched = self.removed.iter().chain(&self.changed);
        touched.flat_map(|path| [Some(path.as_path()), path.parent()]).flatten().collect()
    }

    /// Leaves a path as it is after all; says whether it was to change.
    pub(super) fn leave(&mut self, path: &Path) -> bool {
        self.removed.remove(path) || self.changed.remove(path)
    }
}

/// The number of the file that a name shares with others.
pub(super) fn group(inventory: &Inventory, path: &Path) -> Option<u64> {
    match inventory.get(path)?.kind {
        Kind::File { shared, .. } => shared,
        _ => None,
    }
}

/// Paths in groups: those that share one file stand together.
pub(super) fn groups<'a>(
    paths: impl Iterator<Item = &'a Path>,
    inventory: &Inventory,
) -> Vec<Vec<&'a Path>> {
    let mut groups: Vec<Vec<&Path>> = Vec::new();
    let mut places: BTreeMap<u64, usize> = BTreeMap::new();
    for path in paths {
        match group(inventory, path) {
            Some(number) => match places.get(&number) {
                Some(place) => groups[*place].push(path),
                None => {
                    places.insert(number, groups.len());
                    groups.push(vec![path]);
                }
            },
            None => groups.push(vec![path]),
        }
    }
    groups
}

/// For every file with several names that stay: all of these.
fn sharing<'a>(
    inventory: &'a Inventory,
    after: &Inventory,
) -> BTreeMap<&'a Path, BTreeSet<&'a Path>> {
    let mut groups: BTreeMap<u64, BTreeSet<&Path>> = BTreeMap::new();
    for (path, _) in inventory.iter().filter(|(path, _)| after.get(path).is_some()) {
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
