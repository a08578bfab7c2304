//! Lets programs of the workbench that change one file system take turns.
//!
//! Two of them at once could each keep what the other replaces, and leave two links that lead to
//! each other. The lock is on the topmost directory of the file system, so it does not matter below
//! which directories they work.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock, fstat};
use rustix::io::Errno;

use crate::beneath;

/// Held as long as this lives.
#[derive(Debug)]
pub struct Lock {
    _held: Vec<OwnedFd>,
}

/// Waits until nobody else changes the file systems that `paths` lie on. Where that takes time,
/// `waiting` is told first.
pub fn wait<'path>(
    paths: impl Iterator<Item = &'path Path>,
    waiting: &dyn Fn(),
) -> Result<Lock, Errno> {
    let mut tops = Vec::new();
    for path in paths {
        let top = topmost(path)?;
        let stat = fstat(&top)?;
        tops.push(((stat.st_dev, stat.st_ino), top));
    }
    // Everybody takes them in the same order, so nobody waits for somebody who waits.
    tops.sort_by_key(|(place, _)| *place);
    tops.dedup_by_key(|(place, _)| *place);
    for (_, top) in &tops {
        take(top, waiting)?;
    }
    Ok(Lock { _held: tops.into_iter().map(|(_, top)| top).collect() })
}

fn take(top: &OwnedFd, waiting: &dyn Fn()) -> Result<(), Errno> {
    match flock(top, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => {
            waiting();
            flock(top, FlockOperation::LockExclusive)
        }
        // Some network file systems have no locks on directories.
        Err(Errno::BADF | Errno::OPNOTSUPP | Errno::INVAL | Errno::NOLCK) => Ok(()),
        other => other,
    }
}

/// The topmost directory on the way to `path` that is on the same file system and can be opened.
fn topmost(path: &Path) -> Result<OwnedFd, Errno> {
    let mut top = beneath::open_root(path.as_os_str().as_bytes())?;
    let device = fstat(&top)?.st_dev;
    for ancestor in path.ancestors().skip(1) {
        match beneath::open_root(ancestor.as_os_str().as_bytes()) {
            Ok(above) if fstat(above.as_fd())?.st_dev == device => top = above,
            _ => break,
        }
    }
    Ok(top)
}
