//! What an interrupted run left behind.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use names::Bytes;
use rustix::fs;
use rustix::io::Errno;

use super::Work;
use crate::inventory::{DirectoryId, Leftover};
use crate::problem::Problem;
use crate::sighting::status;
use crate::temporary;
use crate::tree::{self, Name};

impl Work<'_> {
    pub(super) fn clean_up(&mut self) {
        let mut places: BTreeMap<DirectoryId, Vec<&Leftover>> = BTreeMap::new();
        for leftover in &self.inventory.leftovers {
            places.entry(leftover.directory).or_default().push(leftover);
        }
        for (id, leftovers) in places {
            for leftover in leftovers {
                let cleaned = self
                    .inventory
                    .open_directory(id)
                    .and_then(|directory| clean(&directory, &leftover.name));
                let path = || {
                    self.inventory.shown_directory(id).join(Bytes(leftover.name.to_vec()).as_path())
                };
                match cleaned {
                    Ok(true) => self.outcome.cleaned += 1,
                    Ok(false) => self.outcome.problems.push(Problem::stated(
                        "clean up",
                        &path(),
                        "it was left by an earlier run and holds something that no link beside it leads to",
                    )),
                    Err(Errno::NOENT) => {}
                    Err(errno) => self.outcome.problems.push(Problem::system("clean up", &path(), errno)),
                }
            }
        }
    }
}

/// Removes all leftovers in a directory with which nothing is lost.
pub(crate) fn clean_all(directory: &OwnedFd) -> Result<(), Errno> {
    for Name(name) in tree::list(directory)? {
        if temporary::is_temporary(&name) {
            clean(directory, &name)?;
        }
    }
    Ok(())
}

/// Removes a leftover if nothing is lost with it: what an undo was making, a link, a further name of a file, or what a link
/// beside it leads to anyway.
fn clean(directory: &OwnedFd, name: &[u8]) -> Result<bool, Errno> {
    let stat = status(directory, name)?;
    let kind = fs::FileType::from_raw_mode(u32::from(stat.stx_mode));
    let redundant = temporary::is_spare(name)
        || kind.is_symlink()
        || kind.is_file() && stat.stx_nlink > 1
        || leads_to_the_same(directory, name)?;
    if redundant {
        tree::remove(directory.as_fd(), name)?;
    }
    Ok(redundant)
}

fn leads_to_the_same(directory: &OwnedFd, name: &[u8]) -> Result<bool, Errno> {
    for Name(link) in tree::list(directory)? {
        if temporary::is_temporary(&link) {
            continue;
        }
        let Ok(text) = fs::readlinkat(directory, &link, Vec::new()) else { continue };
        if let Ok(true) =
            tree::is_part_of(directory.as_fd(), name, directory.as_fd(), text.as_bytes())
        {
            return Ok(true);
        }
    }
    Ok(false)
}
