//! What an interrupted run has left under temporary names.
//!
//! Only who holds the [`lock`](crate::lock) knows that nobody is at work with them.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use crate::settle;
use crate::sighting::{Sighting, status};
use crate::temporary;
use crate::tree::{self, Name};

/// What came of a leftover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleaned {
    /// It is gone, and nothing with it.
    Removed,
    /// It has its name again.
    Restored,
    /// It may be the only copy of something, and stays.
    Kept,
}

/// Cleans up all leftovers in a directory with which nothing is lost.
pub fn clean_all(directory: impl AsFd) -> Result<(), Errno> {
    for Name(name) in tree::list(&directory)? {
        if temporary::is_temporary(&name) {
            clean(&directory, &name)?;
        }
    }
    Ok(())
}

/// Removes a leftover if nothing is lost with it: what was being made, a link, a further name of a
/// file, or what a link beside it leads to anyway. Puts back what was moved aside.
pub fn clean(directory: impl AsFd, name: &[u8]) -> Result<Cleaned, Errno> {
    let directory = directory.as_fd();
    if temporary::is_drawer(name) {
        return clear(directory, name);
    }
    let stat = status(directory, name)?;
    let kind = Sighting::of(&stat).kind();
    let redundant = temporary::is_spare(name)
        || temporary::is_named_for(name, stat.stx_ino)
        || kind.is_symlink()
        || kind.is_file() && stat.stx_nlink > 1
        || what_took_its_place_is_the_same(directory, name)?
        || a_link_leads_to_the_same(directory, directory, name)?;
    if !redundant {
        return Ok(Cleaned::Kept);
    }
    tree::remove(directory, name)?;
    Ok(Cleaned::Removed)
}

/// Empties a drawer.
fn clear(directory: BorrowedFd<'_>, drawer: &[u8]) -> Result<Cleaned, Errno> {
    let open = tree::open_directory(directory, drawer)?;
    let mut cleaned = Cleaned::Removed;
    for Name(name) in tree::list(&open)? {
        match settle::put(open.as_fd(), &name, directory, &name) {
            Ok(()) => cleaned = Cleaned::Restored,
            // What took its place was there already.
            Err(Errno::EXIST) if a_link_leads_to_the_same(directory, open.as_fd(), &name)? => {
                tree::remove(open.as_fd(), &name)?;
            }
            Err(Errno::EXIST) => return Ok(Cleaned::Kept),
            Err(errno) => return Err(errno),
        }
    }
    fs::unlinkat(directory, drawer, AtFlags::REMOVEDIR)?;
    Ok(cleaned)
}

/// Whether what it has changed places with holds all of it: a further name of a file with the same
/// content.
fn what_took_its_place_is_the_same(directory: BorrowedFd<'_>, name: &[u8]) -> Result<bool, Errno> {
    for Name(beside) in tree::list(directory)? {
        let is_it = !temporary::is_temporary(&beside)
            && temporary::is_named_for(name, status(directory, &beside)?.stx_ino);
        if is_it && tree::is_part_of(directory, name, directory, &beside)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a link in the directory leads to what holds all of `name` in `place`.
fn a_link_leads_to_the_same(
    directory: BorrowedFd<'_>,
    place: BorrowedFd<'_>,
    name: &[u8],
) -> Result<bool, Errno> {
    for Name(link) in tree::list(directory)? {
        if temporary::is_temporary(&link) {
            continue;
        }
        let Ok(text) = fs::readlinkat(directory, &link, Vec::new()) else { continue };
        if let Ok(true) = tree::is_part_of(place, name, directory, text.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}
