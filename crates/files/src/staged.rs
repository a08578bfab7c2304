//! A new state under a temporary name, beside the name whose place it is going to take.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{self, AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::drawer::Drawer;
use crate::dress::timestamps;
use crate::expected::Expected;
use crate::failure::Failure;
use crate::settle;
use crate::sighting::{Sighting, Time};
use crate::temporary;
use crate::tree;

/// A file, link or directory that is ready and has no place yet. Dropped, it is removed.
#[derive(Debug)]
pub struct Staged<D: AsFd> {
    directory: D,
    name: Vec<u8>,
    /// What stands there, where that was seen already.
    seen: Option<Sighting>,
    /// Whether the name is ours to clean up.
    is_ours: bool,
}

/// What has made room, still whole, under a name that nobody else knows.
#[derive(Debug)]
#[must_use = "it is on the disk until it is removed"]
pub struct Aside<D: AsFd> {
    directory: D,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Beside(Vec<u8>),
    InDrawer(Drawer),
}

impl<D: AsFd> Staged<D> {
    /// A symbolic link with this text.
    pub fn link(directory: D, text: &[u8]) -> Result<Self, Errno> {
        let name = temporary::make(|name| fs::symlinkat(text, &directory, name))?;
        Ok(Self::ours(directory, name, None))
    }

    /// The same with another time of modification: for a link, its own.
    pub fn dated(self, modified: Time) -> Result<Self, Errno> {
        let times = timestamps(modified, modified);
        fs::utimensat(&self.directory, &self.name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(self)
    }

    /// A further name of the file `name` in `from`, which looks like this.
    pub fn hard_link(
        directory: D,
        from: impl AsFd,
        name: &[u8],
        seen: &Sighting,
    ) -> Result<Self, Errno> {
        let link = |new: &[u8]| fs::linkat(&from, name, &directory, new, AtFlags::empty());
        let name = temporary::make_for(seen.inode, link)?;
        Ok(Self::ours(directory, name, Some(*seen)))
    }

    /// An empty directory that only its owner can use.
    pub fn directory(directory: D) -> Result<Self, Errno> {
        let name = temporary::make_spare(|new| fs::mkdirat(&directory, new, Mode::RWXU))?;
        Ok(Self::ours(directory, name, None))
    }

    fn ours(directory: D, name: Vec<u8>, seen: Option<Sighting>) -> Self {
        Self { directory, name, seen, is_ours: true }
    }

    /// The name that it has until it takes its place.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The directory that it is in.
    #[must_use]
    pub fn parent(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Gives it a name that nothing has; `EEXIST` where something has it, which stays.
    pub fn put_new(mut self, name: &[u8]) -> Result<(), Failure> {
        let directory = self.directory.as_fd();
        settle::put(directory, &self.name, directory, name)?;
        self.is_ours = false;
        Ok(())
    }

    /// Takes the place of `name`, whatever has it by then: only for what is ours alone, as a cache
    /// is.
    pub fn put_over(mut self, name: &[u8]) -> Result<(), Failure> {
        fs::renameat(&self.directory, &self.name, &self.directory, name)?;
        self.is_ours = false;
        Ok(())
    }
}

impl<D: AsFd + Clone> Staged<D> {
    /// Takes the place of what is expected to stand under `name`, which is removed. Where something
    /// else stands there, before or after, it keeps its place or gets it back.
    pub fn replace(self, name: &[u8], old: &mut dyn Expected) -> Result<(), Failure> {
        self.change_places(name, old)?.remove()?;
        Ok(())
    }

    /// The same, but the old one is left to the caller.
    pub fn change_places(
        mut self,
        name: &[u8],
        old: &mut dyn Expected,
    ) -> Result<Aside<D>, Failure> {
        let staged = self.name_for_exchange()?;
        let directory = self.directory.clone();
        let directory = directory.as_fd();
        old.is_there(directory, name)?;
        old.will_fit(directory, &self.name)?;
        match settle::exchange(directory, &self.name, name) {
            Ok(()) => {}
            Err(errno) if settle::is_unsupported(errno) => {
                return self.take_place_in_steps(name, &staged, old);
            }
            Err(errno) => return Err(Failure::at_seen_name(errno)),
        }
        self.is_ours = false;
        let looked =
            old.is_moved_to(directory, &self.name).and_then(|()| old.fits(directory, name));
        match looked {
            Ok(()) => Ok(self.aside(Place::Beside(self.name.clone()))),
            Err(why) => Err(settle::give_back(directory, &self.name, name, &staged, old, why)),
        }
    }

    /// What has another inode under this name afterwards is not ours.
    fn name_for_exchange(&mut self) -> Result<Sighting, Errno> {
        let seen = match self.seen {
            Some(seen) => seen,
            None => Sighting::of_name(&self.directory, &self.name)?,
        };
        if temporary::is_spare(&self.name) {
            let directory = self.directory.as_fd();
            let rename = |new: &[u8]| settle::put(directory, &self.name, directory, new);
            self.name = temporary::make_for(seen.inode, rename)?;
        }
        Ok(seen)
    }

    /// Where nothing can be exchanged (NFS, exFAT), the old one is moved aside, looked at, and the
    /// new one put where it was. For that moment the name is missing. What a kill leaves then is
    /// put back by [`leftovers::clean`](crate::leftovers::clean).
    fn take_place_in_steps(
        mut self,
        name: &[u8],
        staged: &Sighting,
        old: &mut dyn Expected,
    ) -> Result<Aside<D>, Failure> {
        let directory = self.directory.clone();
        let directory = directory.as_fd();
        let drawer = Drawer::take(directory, name)?;
        let (inside, kept_name) = drawer.place();
        if let Err(why) = old.is_moved_to(inside, kept_name) {
            return Err(drawer.give_back(directory, why));
        }
        if let Err(errno) = settle::put(directory, &self.name, directory, name) {
            let why = if errno == Errno::EXIST { Failure::Changed } else { errno.into() };
            return Err(drawer.give_back(directory, why));
        }
        self.is_ours = false;
        match old.fits(directory, name) {
            Ok(()) => Ok(self.aside(Place::InDrawer(drawer))),
            Err(why) => Err(take_back(directory, name, staged, drawer, why)),
        }
    }

    fn aside(&self, place: Place) -> Aside<D> {
        Aside { directory: self.directory.clone(), place }
    }
}

/// Takes away what does not fit where it was put, and gives back what was there.
fn take_back(
    directory: BorrowedFd<'_>,
    name: &[u8],
    staged: &Sighting,
    drawer: Drawer,
    why: Failure,
) -> Failure {
    let new = match Drawer::take(directory, name) {
        Ok(new) => new,
        Err(Failure::Changed) => return drawer.give_back(directory, why),
        Err(_) => return drawer.keep(),
    };
    let (inside, new_name) = new.place();
    let is_ours =
        Sighting::of_name(inside, new_name).is_ok_and(|now| now.is_same_but_renamed(staged));
    if !is_ours {
        // Somebody has put theirs over ours. The old one is older and stays aside.
        return match new.give_back(directory, drawer.keep()) {
            Failure::Aside(place) => Failure::Aside(place),
            other => other,
        };
    }
    let given_back = drawer.give_back(directory, why);
    // Nothing is lost with ours; what cannot be removed, the next run finds.
    let _ = new.remove(directory);
    given_back
}

impl<D: AsFd> Aside<D> {
    /// The directory and the name that it has now.
    #[must_use]
    pub fn place(&self) -> (BorrowedFd<'_>, &[u8]) {
        match &self.place {
            Place::Beside(name) => (self.directory.as_fd(), name),
            Place::InDrawer(drawer) => drawer.place(),
        }
    }

    /// Where it is now, from the directory that it stood in.
    #[must_use]
    pub fn path(&self) -> Vec<u8> {
        match &self.place {
            Place::Beside(name) => name.clone(),
            Place::InDrawer(drawer) => drawer.path(),
        }
    }

    /// Removes it; a directory with all that it holds.
    pub fn remove(self) -> Result<(), Errno> {
        let directory = self.directory.as_fd();
        match self.place {
            Place::Beside(name) => tree::remove(directory, &name),
            Place::InDrawer(drawer) => drawer.remove(directory),
        }
    }

    /// Takes note that somebody has removed it, or moved it elsewhere.
    pub fn is_gone(self) -> Result<(), Errno> {
        match self.place {
            Place::Beside(_) => Ok(()),
            Place::InDrawer(drawer) => drawer.clear(self.directory.as_fd()),
        }
    }
}

impl<D: AsFd> Drop for Staged<D> {
    fn drop(&mut self) {
        if self.is_ours {
            // Why it was not used is what is reported; what stays, the next run cleans up.
            let _ = tree::remove(self.directory.as_fd(), &self.name);
        }
    }
}

/// A new file that is being written. Until it is staged it has no name where the file system can do
/// without one.
#[derive(Debug)]
pub struct NewFile<D: AsFd> {
    file: OwnedFd,
    /// Where it has a name already.
    staged: Result<Staged<D>, D>,
}

impl<D: AsFd> NewFile<D> {
    /// An empty file in `directory`, with this mode less the user's mask.
    pub fn create(directory: D, mode: Mode) -> Result<Self, Errno> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        match fs::openat(&directory, ".", flags, mode) {
            Ok(file) => Ok(Self { file, staged: Err(directory) }),
            // The file system, or the kernel, has no files without names.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT | Errno::INVAL) => {
                Self::create_with_name(directory, mode)
            }
            Err(errno) => Err(errno),
        }
    }

    fn create_with_name(directory: D, mode: Mode) -> Result<Self, Errno> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = std::cell::Cell::new(None);
        let name = temporary::make_spare(|name| {
            file.set(Some(fs::openat(&directory, name, flags, mode)?));
            Ok(())
        })?;
        let file = file.take().expect("it was made under the name");
        Ok(Self { file, staged: Ok(Staged::ours(directory, name, None)) })
    }

    /// The open file, to be written.
    #[must_use]
    pub fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// Gives it its temporary name. Whoever needs it on the disk has it written there before.
    pub fn stage(self) -> Result<Staged<D>, Errno> {
        let directory = match self.staged {
            Ok(staged) => return Ok(staged),
            Err(directory) => directory,
        };
        let seen = Sighting::of_open(&self.file)?;
        let name = temporary::make_for(seen.inode, |new| link(&self.file, &directory, new))?;
        Ok(Staged::ours(directory, name, Some(seen)))
    }

    /// Gives it a name that nothing has; `EEXIST` where something has it, which stays.
    pub fn put_new(self, name: &[u8]) -> Result<(), Failure> {
        match self.staged {
            Ok(staged) => staged.put_new(name),
            Err(directory) => Ok(link(&self.file, directory.as_fd(), name)?),
        }
    }
}

/// Gives an open file a further name, or its first one, and never one that is taken (`EEXIST`).
pub fn link(file: impl AsFd, directory: impl AsFd, name: &[u8]) -> Result<(), Errno> {
    let place = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    fs::linkat(CWD, &*place, directory, name, AtFlags::SYMLINK_FOLLOW)
}

#[cfg(test)]
mod tests;
