//! Reaches into a root that others work in: by directories opened beneath it, links never followed.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use files::beneath;
use files::dress::{Dress, timestamps};
use files::exact;
use files::expected::Expected;
use files::sighting::{Sighting, Time};
use files::staged::{NewFile, Staged};
use files::{Failure, Watched};
use names::shown;
use rustix::fs::{self, AtFlags, FileType, Mode};
use rustix::io::Errno;

use crate::rootfs::inventory::{Entry, Kind};
use crate::rootfs::open_beneath;

/// A directory that a name is in, and the name.
pub(super) struct Spot<'a> {
    pub(super) directory: Arc<OwnedFd>,
    pub(super) name: &'a [u8],
}

/// The root itself, open.
pub(super) struct Hand {
    top: OwnedFd,
}

impl Hand {
    pub(super) fn on(root: &Path) -> Result<Self> {
        let top = beneath::open_root(root.as_os_str().as_bytes())
            .with_context(|| format!("cannot open `{}`", shown(root)))?;
        Ok(Self { top })
    }

    /// A directory, by its path.
    pub(super) fn directory(&self, path: &Path) -> Result<OwnedFd, Failure> {
        let flags = beneath::DIRECTORY;
        beneath::open(self.top.as_fd(), path.as_os_str().as_bytes(), flags)
            .map_err(Failure::at_seen_name)
    }

    /// Where a path is, if the directories on the way still are directories.
    pub(super) fn spot<'a>(&self, path: &'a Path) -> Result<Spot<'a>, Failure> {
        let directory = self.directory(path.parent().unwrap_or(Path::new("")))?;
        let name = path.file_name().unwrap_or_default().as_bytes();
        Ok(Spot { directory: Arc::new(directory), name })
    }

    /// Has everything written to the disk.
    pub(super) fn sync(&self) -> Result<(), Errno> {
        fs::syncfs(&self.top)
    }
}

impl Spot<'_> {
    pub(super) fn look(&self) -> Result<Sighting, Errno> {
        Sighting::of_name(&self.directory, self.name)
    }

    /// Whether nothing has the name.
    pub(super) fn is_free(&self) -> bool {
        self.look() == Err(Errno::NOENT)
    }

    /// Opens a file to read it.
    pub(super) fn open(&self) -> Result<OwnedFd, Failure> {
        beneath::open_content(self.directory.as_fd(), self.name).map_err(Failure::at_seen_name)
    }

    /// The file that was seen before, watched; a change of it is a failure.
    pub(super) fn watch(&self, seen: &Sighting) -> Result<Watched, Failure> {
        Watched::seen_before(self.open()?, seen, None)
    }

    /// A further name of a file, to be put here.
    pub(super) fn link(&self, to: &Spot) -> Result<Staged<Arc<OwnedFd>>, Failure> {
        let directory = Arc::clone(&self.directory);
        Ok(Staged::hard_link(directory, &to.directory, to.name, &to.look()?)?)
    }

    /// A copy of a file below `base`, dressed and on the disk, to be put here.
    pub(super) fn copy(
        &self,
        base: &Path,
        path: &Path,
        entry: &Entry,
    ) -> Result<Staged<Arc<OwnedFd>>, Failure> {
        let new = NewFile::create(Arc::clone(&self.directory), Mode::RUSR | Mode::WUSR)?;
        let mut file = File::from(new.file().try_clone().map_err(Failure::from)?);
        exact::copy(open_beneath(base, path)?, entry.size(), &mut file)?;
        dress(entry).put_on(&file)?;
        fs::fsync(&file)?;
        Ok(new.stage()?)
    }
}

/// What an entry wears.
pub(super) fn dress(entry: &Entry) -> Dress {
    let modified = Time { seconds: entry.modified.0, nanoseconds: entry.modified.1 };
    Dress {
        mode: u16::try_from(entry.mode & 0o7777).expect("it has twelve bits"),
        owner: entry.owner.0,
        group: entry.owner.1,
        accessed: modified,
        modified,
        attributes: entry.attributes.clone().into_iter().collect(),
    }
}

/// Gives an open directory back the time at which it was changed last by others.
pub(super) fn set_time(directory: impl AsFd, modified: (i64, u32)) -> Result<(), Errno> {
    let time = Time { seconds: modified.0, nanoseconds: modified.1 };
    fs::futimens(directory, &timestamps(time, time))
}

/// A device, a pipe, a socket or a link, to be put at a spot.
pub(super) fn make_other(spot: &Spot, entry: &Entry) -> Result<(), Failure> {
    if let Kind::Link(text) = &entry.kind {
        let text = text.as_os_str().as_bytes();
        let staged = Staged::link(Arc::clone(&spot.directory), text)?;
        dress(entry).put_on_link(&spot.directory, staged.name())?;
        return staged.put_new(spot.name);
    }
    let (kind, device) = match entry.kind {
        Kind::Device { block: true, major, minor } => {
            (FileType::BlockDevice, fs::makedev(major, minor))
        }
        Kind::Device { major, minor, .. } => (FileType::CharacterDevice, fs::makedev(major, minor)),
        Kind::Pipe => (FileType::Fifo, 0),
        _ => (FileType::Socket, 0),
    };
    // A node is complete as soon as it is made, and the name is taken if anybody has it.
    fs::mknodat(&spot.directory, spot.name, kind, Mode::from_raw_mode(entry.mode), device)?;
    let (user, group) = (fs::Uid::from_raw(entry.owner.0), fs::Gid::from_raw(entry.owner.1));
    let not_followed = AtFlags::SYMLINK_NOFOLLOW;
    fs::chownat(&spot.directory, spot.name, Some(user), Some(group), not_followed)?;
    fs::chmodat(&spot.directory, spot.name, Mode::from_raw_mode(entry.mode), AtFlags::empty())?;
    let modified = dress(entry).modified;
    let times = timestamps(modified, modified);
    Ok(fs::utimensat(&spot.directory, spot.name, &times, not_followed)?)
}

/// An empty directory that is the one that was seen: its times change with what is done in it.
pub(super) struct Emptied(pub(super) Sighting);

impl Emptied {
    fn must_be_it(&self, now: Sighting) -> Result<(), Failure> {
        let seen = &self.0;
        let is_it = now.is_same_inode(seen) && now.mode == seen.mode && now.owner == seen.owner;
        if is_it { Ok(()) } else { Err(Failure::Changed) }
    }
}

impl Expected for Emptied {
    fn is_there(
        &mut self,
        directory: std::os::fd::BorrowedFd<'_>,
        name: &[u8],
    ) -> Result<(), Failure> {
        self.must_be_it(Sighting::of_name(directory, name).map_err(Failure::at_seen_name)?)
    }

    fn is_moved_to(
        &mut self,
        directory: std::os::fd::BorrowedFd<'_>,
        name: &[u8],
    ) -> Result<(), Failure> {
        self.is_there(directory, name)
    }
}

/// A file that makes room for a further name of another: both have to be as they were seen.
///
/// Before the exchange nobody may even wait to write to the other one. Afterwards who waits may have
/// come by the new name: giving back the old file would leave them with one that lost it.
pub(super) struct Pair<'a> {
    old: &'a mut Watched,
    new: &'a mut Watched,
    is_exchanged: bool,
}

impl<'a> Pair<'a> {
    pub(super) fn of(old: &'a mut Watched, new: &'a mut Watched) -> Self {
        Self { old, new, is_exchanged: false }
    }
}

/// What a file looks like now, if nothing but its names has changed since it was seen.
pub(super) fn but_renamed(file: &Watched) -> Result<Sighting, Failure> {
    let now = Sighting::of_open(file)?;
    if now.is_same_but_renamed(file.seen()) { Ok(now) } else { Err(Failure::Changed) }
}

impl Expected for Pair<'_> {
    fn is_there(
        &mut self,
        directory: std::os::fd::BorrowedFd<'_>,
        name: &[u8],
    ) -> Result<(), Failure> {
        self.old.is_there(directory, name)
    }

    fn is_moved_to(
        &mut self,
        directory: std::os::fd::BorrowedFd<'_>,
        name: &[u8],
    ) -> Result<(), Failure> {
        self.is_exchanged = true;
        self.old.is_moved_to(directory, name)
    }

    fn fits(&mut self, _: std::os::fd::BorrowedFd<'_>, _: &[u8]) -> Result<(), Failure> {
        if self.is_exchanged {
            return but_renamed(self.new).map(|_| ());
        }
        self.new.look_after_our_change()
    }
}
