//! Tells whether a file is still the one that was seen before.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, Statx, StatxFlags, statx};
use rustix::io::Errno;

use crate::inventory::{FileId, Inventory, Time};

/// What changes when a file is replaced or written to. The time of the last change (`ctime`) cannot
/// be set back, other than the time of modification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) size: u64,
    pub(crate) modified: Time,
    pub(crate) changed: Time,
    pub(crate) regular: bool,
}

impl Sighting {
    /// As the inventory has it.
    pub(crate) fn recorded(inventory: &Inventory, id: FileId) -> Self {
        let file = inventory.file(id);
        Self {
            device: inventory.directory(id.directory).device,
            inode: file.inode,
            size: file.size,
            modified: file.modified,
            changed: file.changed,
            regular: true,
        }
    }

    pub(crate) fn of(stat: &Statx) -> Self {
        Self {
            device: device(stat),
            inode: stat.stx_ino,
            size: stat.stx_size,
            modified: stat.stx_mtime.into(),
            changed: stat.stx_ctime.into(),
            regular: FileType::from_raw_mode(u32::from(stat.stx_mode)).is_file(),
        }
    }

    /// Of an open file.
    pub(crate) fn of_open(file: impl AsFd) -> Result<Self, Errno> {
        status(file, b"").map(|stat| Self::of(&stat))
    }

    /// Of a name in a directory, without following a link.
    pub(crate) fn of_name(directory: impl AsFd, name: &[u8]) -> Result<Self, Errno> {
        status(directory, name).map(|stat| Self::of(&stat))
    }

    /// Of what a link in a directory leads to.
    pub(crate) fn through(directory: impl AsFd, link: &[u8]) -> Result<Self, Errno> {
        statx(directory, link, AtFlags::empty(), WANTED).map(|stat| Self::of(&stat))
    }

    /// The same file, whatever happened to its content.
    pub(crate) fn is_same_inode(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

const WANTED: StatxFlags = StatxFlags::BASIC_STATS.union(StatxFlags::MNT_ID);

/// The status of a name in a directory, or of the open file itself where the name is empty. Links
/// are not followed.
pub(crate) fn status(directory: impl AsFd, name: &[u8]) -> Result<Statx, Errno> {
    statx(directory, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH, WANTED)
}

pub(crate) fn device(stat: &Statx) -> u64 {
    u64::from(stat.stx_dev_major) << 32 | u64::from(stat.stx_dev_minor)
}
