//! Makes files and trees again as they were, under temporary names.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};

use names::Bytes;
use rustix::fs::{self, AtFlags, CWD, Mode, OFlags, SeekFrom, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;

use super::{CONTENT_CHANGED, Failure, split};
use crate::beneath;
use crate::inventory::Time;
use crate::journal::{Entry, Metadata};
use crate::sighting::{Sighting, status};
use crate::temporary;
use crate::tree;

/// Copies a content into a new file with its metadata; returns its temporary name. Until it is
/// complete it has no name where the file system can do without one.
pub(super) fn copy(
    content: &OwnedFd,
    hash: &str,
    metadata: &Metadata,
    parent: &OwnedFd,
) -> Result<Vec<u8>, Failure> {
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    match fs::openat(parent, ".", flags, Mode::RUSR | Mode::WUSR) {
        Ok(new) => {
            fill_file(&new, content, hash, metadata)?;
            let place = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&new));
            Ok(temporary::make_spare(|name| {
                fs::linkat(CWD, &*place, parent, name, AtFlags::SYMLINK_FOLLOW)
            })?)
        }
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT) => {
            let name = temporary::make_spare(|name| create(parent, name).map(drop))?;
            let filled = fs::openat(parent, &name, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
                .map_err(Failure::from)
                .and_then(|new| fill_file(&new, content, hash, metadata));
            if filled.is_err() {
                // What is to be reported is why; only the copy is left to clean up.
                let _ = fs::unlinkat(parent, &name, AtFlags::empty());
            }
            filled.map(|()| name)
        }
        Err(errno) => Err(errno.into()),
    }
}

fn create(parent: &OwnedFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR)
}

/// Writes content and metadata. The hash is checked over what was written. Where there are only
/// zeros nothing is stored: a file with holes does not come back larger than it was.
fn fill_file(
    new: &OwnedFd,
    content: &OwnedFd,
    hash: &str,
    metadata: &Metadata,
) -> Result<(), Failure> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 128 << 10];
    let mut size = 0;
    loop {
        let count = match rustix::io::read(content, buffer.as_mut_slice()) {
            Err(Errno::INTR) => continue,
            other => other?,
        };
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        let mut rest = &buffer[..count];
        size += count as u64;
        if rest.iter().all(|&byte| byte == 0) {
            fs::seek(new, SeekFrom::Start(size))?;
            rest = &[];
        }
        while !rest.is_empty() {
            let written = rustix::io::write(new, rest)?;
            rest = &rest[written..];
        }
    }
    fs::ftruncate(new, size)?;
    if hasher.finalize().to_hex().as_str() != hash {
        return Err(CONTENT_CHANGED);
    }
    Ok(set_metadata(new, metadata)?)
}

/// Owner, attributes, mode and times, in this order: a new owner takes away rights, nobody but root
/// may give attributes to a file that is read-only, and each step may change the times.
fn set_metadata(file: &OwnedFd, metadata: &Metadata) -> Result<(), Errno> {
    let stat = status(file, b"")?;
    if (stat.stx_uid, stat.stx_gid) != (metadata.owner, metadata.group) {
        let owner = fs::Uid::from_raw(metadata.owner);
        fs::fchown(file, Some(owner), Some(fs::Gid::from_raw(metadata.group)))?;
    }
    for inherited in ["system.posix_acl_access", "system.posix_acl_default"] {
        match fs::fremovexattr(file, inherited) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno),
        }
    }
    for (name, value) in &metadata.attributes {
        fs::fsetxattr(file, &name.0, &value.0, XattrFlags::empty())?;
    }
    fs::fchmod(file, Mode::from_raw_mode(u32::from(metadata.mode)))?;
    fs::futimens(file, &timestamps(metadata.accessed, metadata.modified))
}

/// Makes all entries of a tree in the new directory `name`.
pub(super) fn fill(
    parent: &OwnedFd,
    name: &[u8],
    kept: &OwnedFd,
    entries: &[(Bytes, Entry, Metadata)],
) -> Result<(), Failure> {
    let top = tree::open_directory(parent.as_fd(), name)?;
    let mut first_names: HashMap<u64, &Bytes> = HashMap::new();
    let open = |path: &[u8]| beneath::open(top.as_fd(), path, beneath::DIRECTORY);
    for (path, entry, metadata) in entries {
        let (above, name) = split(&path.0);
        match entry {
            Entry::Directory if path.0.is_empty() => {}
            Entry::Directory => fs::mkdirat(open(above)?, name, Mode::RWXU)?,
            Entry::Link { text } => {
                let above = open(above)?;
                fs::symlinkat(&text.0, &above, name)?;
                set_link_metadata(&above, name, metadata)?;
            }
            Entry::File { inode, size, hash } => {
                let above = open(above)?;
                if let Some(first) = first_names.get(inode) {
                    let (first_above, first_name) = split(&first.0);
                    fs::linkat(open(first_above)?, first_name, &above, name, AtFlags::empty())?;
                    continue;
                }
                let content = beneath::open_content(kept.as_fd(), &path.0)?;
                if Sighting::of_open(&content)?.size != *size {
                    return Err(CONTENT_CHANGED);
                }
                fill_file(&create(&above, name)?, &content, hash, metadata)?;
                first_names.insert(*inode, path);
            }
        }
    }
    // What is made in a directory changes its times, so they come last, the deepest first.
    for (path, entry, metadata) in entries.iter().rev() {
        if *entry == Entry::Directory {
            set_metadata(&open(&path.0)?, metadata)?;
        }
    }
    Ok(())
}

fn set_link_metadata(parent: &OwnedFd, name: &[u8], metadata: &Metadata) -> Result<(), Errno> {
    let stat = status(parent, name)?;
    if (stat.stx_uid, stat.stx_gid) != (metadata.owner, metadata.group) {
        let owner = Some(fs::Uid::from_raw(metadata.owner));
        let group = Some(fs::Gid::from_raw(metadata.group));
        fs::chownat(parent, name, owner, group, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    let times = timestamps(metadata.accessed, metadata.modified);
    fs::utimensat(parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)
}

pub(super) fn timestamps(accessed: Time, modified: Time) -> Timestamps {
    let spec = |time: Time| Timespec { tv_sec: time.seconds, tv_nsec: i64::from(time.nanoseconds) };
    Timestamps { last_access: spec(accessed), last_modification: spec(modified) }
}
