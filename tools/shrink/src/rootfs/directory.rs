//! Reads a directory as a root filesystem.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use files::sighting::{Mount, Sighting, Time, status};
use names::shown;
use rustix::fs::CWD;

use super::inventory::{Entry, Inventory, Kind};

/// What a directory holds, and what of it could not be read.
pub(crate) struct Listing {
    pub(crate) inventory: Inventory,
    pub(crate) problems: Vec<String>,
    /// What each name was at that moment, if that is kept.
    pub(crate) sightings: BTreeMap<PathBuf, Sighting>,
}

/// Whether it is kept in mind what each name was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sightings {
    Kept,
    NotKept,
}

/// Lists what is in a directory; nothing that is mounted below it, be it of the same file system.
pub(crate) fn read(base: &Path) -> Result<Listing> {
    read_without(base, None, Sightings::NotKept)
}

/// Lists a directory as [`read`] does, but for one that may be below it, such as a scratch.
pub(crate) fn read_without(
    base: &Path,
    without: Option<&Path>,
    sightings: Sightings,
) -> Result<Listing> {
    let without = without.and_then(|path| fs::metadata(path).ok());
    let metadata = fs::metadata(base).with_context(|| format!("cannot read `{}`", shown(base)))?;
    let mut walk = Walk {
        base,
        mount: mount(base)?,
        without: without.map(|metadata| (metadata.dev(), metadata.ino())),
        inventory: Inventory::default(),
        problems: Vec::new(),
        shared: BTreeMap::new(),
        sightings: (sightings == Sightings::Kept).then(BTreeMap::new),
    };
    walk.see(Path::new(""), &metadata);
    walk.inventory.insert(PathBuf::new(), entry(base, &metadata, None)?);
    fs::read_dir(base).with_context(|| format!("cannot list `{}`", shown(base)))?;
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        if let Err(error) = walk.list(&directory, &mut directories)
            && error.kind() != io::ErrorKind::NotFound
        {
            let path = shown(&base.join(&directory));
            walk.problems.push(format!("cannot list `{path}`: {error}"));
        }
    }
    let sightings = walk.sightings.unwrap_or_default();
    Ok(Listing { inventory: walk.inventory, problems: walk.problems, sightings })
}

struct Walk<'a> {
    base: &'a Path,
    mount: Mount,
    /// The device and inode of a directory that is left out.
    without: Option<(u64, u64)>,
    inventory: Inventory,
    problems: Vec<String>,
    /// The numbers of files with several names, by their inode.
    shared: BTreeMap<u64, u64>,
    sightings: Option<BTreeMap<PathBuf, Sighting>>,
}

impl Walk<'_> {
    fn list(&mut self, directory: &Path, directories: &mut Vec<PathBuf>) -> io::Result<()> {
        for child in fs::read_dir(self.base.join(directory))? {
            let path = directory.join(child?.file_name());
            match self.add(&path, directories) {
                Ok(()) => {}
                // A system that runs makes files and removes them all the time.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let path = shown(&self.base.join(&path));
                    self.problems.push(format!("cannot read `{path}`: {error}"));
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, directories: &mut Vec<PathBuf>) -> io::Result<()> {
        let full = self.base.join(path);
        let metadata = fs::symlink_metadata(&full)?;
        if self.without == Some((metadata.dev(), metadata.ino())) {
            return Ok(());
        }
        let elsewhere = mount(&full)? != self.mount;
        let shared = (metadata.is_file() && metadata.nlink() > 1).then(|| {
            let number = self.shared.len() as u64;
            *self.shared.entry(metadata.ino()).or_insert(number)
        });
        if elsewhere && !metadata.is_dir() {
            // A file that is mounted over another is no part of this file system.
            return Ok(());
        }
        let entry = entry(&full, &metadata, shared)?;
        if entry.kind == Kind::Directory && !elsewhere {
            directories.push(path.to_owned());
        }
        self.inventory.insert(path.to_owned(), entry);
        self.see(path, &metadata);
        Ok(())
    }

    fn see(&mut self, path: &Path, metadata: &fs::Metadata) {
        if let Some(sightings) = &mut self.sightings {
            sightings.insert(path.to_owned(), sighting(metadata));
        }
    }
}

fn mount(path: &Path) -> io::Result<Mount> {
    Ok(Mount::of(&status(CWD, path.as_os_str().as_bytes())?))
}

fn sighting(metadata: &fs::Metadata) -> Sighting {
    let device = metadata.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let time = |seconds, nanoseconds: i64| Time {
        seconds,
        nanoseconds: u32::try_from(nanoseconds).unwrap_or(0),
    };
    Sighting {
        device: u64::from(major) << 32 | u64::from(minor),
        inode: metadata.ino(),
        size: metadata.len(),
        mode: u16::try_from(metadata.mode()).expect("a mode has sixteen bits"),
        owner: (metadata.uid(), metadata.gid()),
        modified: time(metadata.mtime(), metadata.mtime_nsec()),
        changed: time(metadata.ctime(), metadata.ctime_nsec()),
    }
}

fn entry(full: &Path, metadata: &fs::Metadata, shared: Option<u64>) -> io::Result<Entry> {
    let file_type = metadata.file_type();
    let number = metadata.rdev();
    let device = |block| Kind::Device {
        block,
        major: rustix::fs::major(number),
        minor: rustix::fs::minor(number),
    };
    let kind = if file_type.is_file() {
        Kind::File { size: metadata.len(), shared }
    } else if file_type.is_dir() {
        Kind::Directory
    } else if file_type.is_symlink() {
        Kind::Link(fs::read_link(full)?)
    } else if file_type.is_block_device() {
        device(true)
    } else if file_type.is_char_device() {
        device(false)
    } else if file_type.is_fifo() {
        Kind::Pipe
    } else {
        Kind::Socket
    };
    Ok(Entry {
        kind,
        mode: metadata.mode() & 0o7777,
        owner: (metadata.uid(), metadata.gid()),
        modified: (metadata.mtime(), u32::try_from(metadata.mtime_nsec()).unwrap_or(0)),
        attributes: attributes(full)?,
    })
}

/// The extended attributes of what stands under a name; a link is not followed.
pub(crate) fn attributes(path: &Path) -> io::Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut names = vec![0; 65_536];
    let length = match rustix::fs::llistxattr(path, &mut names) {
        Ok(0) | Err(rustix::io::Errno::NOTSUP) => return Ok(BTreeMap::new()),
        Ok(length) => length,
        Err(error) => return Err(error.into()),
    };
    let mut attributes = BTreeMap::new();
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; 65_536];
        let length = rustix::fs::lgetxattr(path, OsStr::from_bytes(name), &mut value)?;
        value.truncate(length);
        attributes.insert(name.to_vec(), value);
    }
    Ok(attributes)
}
