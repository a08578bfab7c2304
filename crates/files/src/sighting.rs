//! Tells whether a file is still the one that was seen before.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, Statx, StatxFlags, StatxTimestamp, statx};
use rustix::io::Errno;

/// A point in time, as the file system keeps it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Time {
    /// Since 1970.
    pub seconds: i64,
    /// Below 1,000,000,000.
    pub nanoseconds: u32,
}

impl From<StatxTimestamp> for Time {
    fn from(stamp: StatxTimestamp) -> Self {
        Self { seconds: stamp.tv_sec, nanoseconds: stamp.tv_nsec }
    }
}

/// What changes when a file is replaced, written to or given other rights. The time of the last
/// change (`ctime`) cannot be set back, other than the time of modification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// The file system that it lies on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// In bytes.
    pub size: u64,
    /// Kind and permissions, as in `st_mode`.
    pub mode: u16,
    /// User and group.
    pub owner: (u32, u32),
    /// Of the content.
    pub modified: Time,
    /// Of anything about it, its names included.
    pub changed: Time,
}

impl Sighting {
    /// What a status says.
    #[must_use]
    pub fn of(stat: &Statx) -> Self {
        Self {
            device: device(stat),
            inode: stat.stx_ino,
            size: stat.stx_size,
            mode: stat.stx_mode,
            owner: (stat.stx_uid, stat.stx_gid),
            modified: stat.stx_mtime.into(),
            changed: stat.stx_ctime.into(),
        }
    }

    /// Of an open file.
    pub fn of_open(file: impl AsFd) -> Result<Self, Errno> {
        status(file, b"").map(|stat| Self::of(&stat))
    }

    /// Of a name in a directory, without following a link.
    pub fn of_name(directory: impl AsFd, name: &[u8]) -> Result<Self, Errno> {
        status(directory, name).map(|stat| Self::of(&stat))
    }

    /// Of what a link in a directory leads to.
    pub fn through(directory: impl AsFd, link: &[u8]) -> Result<Self, Errno> {
        statx(directory, link, AtFlags::empty(), WANTED).map(|stat| Self::of(&stat))
    }

    /// Whether it is a file, a directory, a link or something else.
    #[must_use]
    pub fn kind(&self) -> FileType {
        FileType::from_raw_mode(u32::from(self.mode))
    }

    /// The same file, whatever happened to its content.
    #[must_use]
    pub fn is_same_inode(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// The same but for the time of the last change, which giving it another name changes too.
    #[must_use]
    pub fn is_same_but_renamed(&self, other: &Self) -> bool {
        Self { changed: other.changed, ..*self } == *other
    }
}

/// What is mounted where something lies. A directory of one file system may be mounted in another
/// place of the same one; the device does not tell these apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mount {
    /// The number of the file system.
    pub device: u64,
    /// The number of the mount, or 0 where the system does not tell it: before Linux 5.8.
    pub id: u64,
}

impl Mount {
    /// What a status says.
    #[must_use]
    pub fn of(stat: &Statx) -> Self {
        let is_told = stat.stx_mask & StatxFlags::MNT_ID.bits() != 0;
        Self { device: device(stat), id: if is_told { stat.stx_mnt_id } else { 0 } }
    }
}

const WANTED: StatxFlags = StatxFlags::BASIC_STATS.union(StatxFlags::MNT_ID);

/// The status of a name in a directory, or of the open file itself where the name is empty. Links
/// are not followed.
pub fn status(directory: impl AsFd, name: &[u8]) -> Result<Statx, Errno> {
    statx(directory, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH, WANTED)
}

/// The number of the file system that it lies on.
#[must_use]
pub fn device(stat: &Statx) -> u64 {
    u64::from(stat.stx_dev_major) << 32 | u64::from(stat.stx_dev_minor)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use rustix::fs::{fstat, major, minor};

    use super::*;

    #[test]
    fn files_are_told_apart_by_number_and_file_system() {
        let directory = tempfile::tempdir().expect("a directory to work in");
        let file = |name| File::create(directory.path().join(name)).expect("a file");
        let seen = |file: &File| Sighting::of_open(file).expect("its status");
        let (one, other) = (file("one"), file("other"));
        let elsewhere = Sighting { device: seen(&one).device + 1, ..seen(&one) };
        assert!(seen(&one).is_same_inode(&seen(&one)));
        assert!(!seen(&one).is_same_inode(&seen(&other)));
        assert!(!seen(&one).is_same_inode(&elsewhere));

        let device = fstat(&one).expect("its status").st_dev;
        let parts = (u64::from(major(device)), u64::from(minor(device)));
        assert_eq!((seen(&one).device >> 32, seen(&one).device & 0xffff_ffff), parts);
    }

    #[test]
    fn mounts_have_numbers() {
        let mount = |path| {
            Mount::of(&status(File::open(path).expect("it opens"), b"").expect("its status"))
        };
        assert_ne!(mount("/proc").device, mount("/").device);
        assert_ne!(mount("/proc").id, mount("/").id);
    }
}
