//! A directory of our own, into which something is moved under its own name to be looked at.
//!
//! Nobody else reaches it there. As it keeps its name, a run that finds the directory after a kill
//! can put it back.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{self, AtFlags, Mode};
use rustix::io::Errno;

use crate::failure::Failure;
use crate::settle;
use crate::temporary;
use crate::tree;

/// What was moved, and where it is.
#[derive(Debug)]
pub(crate) struct Drawer {
    /// Its own name, in the directory that the thing stood in.
    label: Vec<u8>,
    open: OwnedFd,
    name: Vec<u8>,
}

impl Drawer {
    /// Moves `name` away. The name is free from then on.
    pub(crate) fn take(directory: BorrowedFd<'_>, name: &[u8]) -> Result<Self, Failure> {
        let drawer = temporary::make_drawer(|new| fs::mkdirat(directory, new, Mode::RWXU))?;
        let taken =
            tree::open_directory(directory, &drawer).map_err(Failure::System).and_then(|open| {
                fs::renameat(directory, name, &open, name).map_err(Failure::at_seen_name)?;
                Ok(open)
            });
        match taken {
            Ok(open) => Ok(Self { label: drawer, open, name: name.to_vec() }),
            Err(failure) => {
                // What is to be reported is why; only the empty drawer is left to clean up.
                let _ = fs::unlinkat(directory, &drawer, AtFlags::REMOVEDIR);
                Err(failure)
            }
        }
    }

    /// Where it is now: a directory and the name in it.
    pub(crate) fn place(&self) -> (BorrowedFd<'_>, &[u8]) {
        (self.open.as_fd(), &self.name)
    }

    /// Puts it back because of `why`. Where somebody has taken the name it stays in the drawer.
    pub(crate) fn give_back(self, directory: BorrowedFd<'_>, why: Failure) -> Failure {
        match settle::put(self.open.as_fd(), &self.name, directory, &self.name) {
            Ok(()) => {
                let _ = fs::unlinkat(directory, &self.label, AtFlags::REMOVEDIR);
                why
            }
            Err(_) => self.keep(),
        }
    }

    /// The path from the directory that it stood in.
    pub(crate) fn path(&self) -> Vec<u8> {
        [&*self.label, b"/", &*self.name].concat()
    }

    /// Leaves it in the drawer.
    pub(crate) fn keep(&self) -> Failure {
        Failure::Aside(self.path())
    }

    /// Removes what is there, and the drawer with it.
    pub(crate) fn remove(self, directory: BorrowedFd<'_>) -> Result<(), Errno> {
        tree::remove(self.open.as_fd(), &self.name)?;
        self.clear(directory)
    }

    /// Removes the empty drawer.
    pub(crate) fn clear(self, directory: BorrowedFd<'_>) -> Result<(), Errno> {
        fs::unlinkat(directory, &self.label, AtFlags::REMOVEDIR)
    }
}
