//! Writes what an inventory names from one directory into another.

#![expect(clippy::disallowed_methods, reason = "a new directory is being filled")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;

use crate::rootfs::inventory::{Entry, Inventory, Kind};
use crate::rootfs::{open_beneath, staging};

/// Fills an empty directory. Directories get what is theirs last, by
/// [`staging::dress_directories`]; device nodes that may not be made are passed over.
pub(crate) fn fill(inventory: &Inventory, base: &Path, to: &Path) -> Result<()> {
    let mut filler = Filler { base, to, shared: BTreeMap::new() };
    for (path, entry) in inventory.iter().filter(|(path, _)| !path.as_os_str().is_empty()) {
        filler.put(path, entry)?;
    }
    Ok(())
}

struct Filler<'a> {
    base: &'a Path,
    to: &'a Path,
    /// Where the files with several names already are.
    shared: BTreeMap<u64, PathBuf>,
}

impl Filler<'_> {
    fn put(&mut self, path: &Path, entry: &Entry) -> Result<()> {
        let full = self.to.join(path);
        self.make(path, &full, entry).with_context(|| format!("cannot write `{}`", shown(&full)))
    }

    fn make(&mut self, path: &Path, full: &Path, entry: &Entry) -> io::Result<()> {
        match &entry.kind {
            Kind::Directory => return fs::create_dir(full),
            Kind::File { shared, .. } => {
                if let Some(first) = shared.and_then(|number| self.shared.get(&number)) {
                    return fs::hard_link(first, full);
                }
                copy(self.base, path, full)?;
                if let Some(number) = shared {
                    self.shared.insert(*number, full.to_owned());
                }
            }
            Kind::Link(text) => symlink(text, full)?,
            Kind::Device { .. } | Kind::Pipe | Kind::Socket => {
                if !node(full, entry)? {
                    return Ok(());
                }
            }
        }
        staging::dress(full, entry).map(|_| ())
    }
}

fn copy(base: &Path, path: &Path, full: &Path) -> io::Result<()> {
    let mut from = open_beneath(base, path)?;
    let metadata = from.metadata()?;
    if metadata.blocks() * 512 < metadata.len() {
        // It has holes, or the file system packs it: then too nothing is lost but a little time.
        return staging::fill(full, &mut from).map(|_| ());
    }
    let mut to = File::options().write(true).create_new(true).mode(0o600).open(full)?;
    // On Linux this lets the kernel copy, or share the storage where the file system can.
    io::copy(&mut from, &mut to).map(|_| ())
}

/// Makes a device node, a pipe or a socket; `false` where that is not allowed.
fn node(full: &Path, entry: &Entry) -> io::Result<bool> {
    use rustix::fs::FileType;
    let (file_type, device) = match entry.kind {
        Kind::Device { block: true, major, minor } => {
            (FileType::BlockDevice, rustix::fs::makedev(major, minor))
        }
        Kind::Device { major, minor, .. } => {
            (FileType::CharacterDevice, rustix::fs::makedev(major, minor))
        }
        Kind::Pipe => (FileType::Fifo, 0),
        _ => (FileType::Socket, 0),
    };
    let mode = rustix::fs::Mode::from_raw_mode(entry.mode);
    match rustix::fs::mknodat(rustix::fs::CWD, full, file_type, mode, device) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::PERM) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
