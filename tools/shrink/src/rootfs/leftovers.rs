//! What a run that was killed has left in a root: found by its names, and cleaned up by the next.

use std::collections::BTreeSet;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use files::beneath;
use files::leftovers;
use files::lock::{self, Lock};
use files::temporary;
use names::shown;

use crate::messages::VOICE;

use super::inventory::Inventory;

/// Waits until no other of our tools changes the file system of a root.
pub(crate) fn alone(root: &Path) -> Result<Lock> {
    let waiting = || VOICE.note("waiting for another run to finish");
    lock::wait(std::iter::once(root), &waiting)
        .with_context(|| format!("cannot lock `{}`", shown(root)))
}

/// Cleans up where names of ours stand; says whether there were any.
pub(crate) fn clean(root: &Path, inventory: &Inventory) -> Result<bool> {
    let is_ours =
        |path: &Path| path.file_name().is_some_and(|name| temporary::is_temporary(name.as_bytes()));
    let found = inventory.iter().map(|(path, _)| path).filter(|path| is_ours(path));
    let directories: BTreeSet<_> = found.filter_map(Path::parent).collect();
    if directories.is_empty() {
        return Ok(false);
    }
    let clean = || format!("cannot clean up in `{}` after a run that was ended", shown(root));
    let _lock = alone(root)?;
    let top = beneath::open_root(root.as_os_str().as_bytes()).with_context(clean)?;
    for directory in directories {
        let path = directory.as_os_str().as_bytes();
        let open = beneath::open(top.as_fd(), path, beneath::DIRECTORY).with_context(clean)?;
        leftovers::clean_all(open).with_context(clean)?;
    }
    Ok(true)
}
