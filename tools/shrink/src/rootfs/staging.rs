//! Puts a root filesystem into a directory, entry by entry, so that it can be run in.
//!
//! The inventory is what counts: what the directory cannot hold, such as device nodes of somebody
//! who is not root, is missing there and is in the result all the same.

#![expect(
    clippy::disallowed_methods,
    reason = "a root is unpacked into a scratch directory of our own"
)]

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use names::shown;
use rustix::fs::XattrFlags;
use tempfile::TempDir;

use super::inventory::{Entry, Follow, Inventory, Kind};

/// An archive that unpacks to more is no root filesystem.
const MOST_BYTES: u64 = 64 << 30;
/// A root filesystem of more names is none.
const MOST_ENTRIES: usize = 10_000_000;

/// As much of a file as is read at once.
const PIECE: usize = 1 << 18;
static NOTHING: [u8; PIECE] = [0; PIECE];

/// A root filesystem in the making.
pub(crate) struct Staging {
    directory: TempDir,
    inventory: Inventory,
    bytes: u64,
    next_shared: u64,
    /// How many owners could not be given.
    unowned: u64,
}

impl Staging {
    pub(crate) fn new(scratch: &Path) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix(".shrink-")
            .tempdir_in(scratch)
            .with_context(|| format!("cannot make a directory in `{}`", shown(scratch)))?;
        let mut inventory = Inventory::default();
        inventory.insert(PathBuf::new(), Entry::plain_directory());
        Ok(Self { directory, inventory, bytes: 0, next_shared: 0, unowned: 0 })
    }

    /// Where an entry of an archive really goes: directories on its way may be links.
    fn place(&mut self, path: &Path) -> Result<PathBuf> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(PathBuf::new());
        };
        let mut real = PathBuf::new();
        for part in parent.components() {
            let next = self.inventory.resolve(&real, Path::new(part.as_os_str()), Follow::Last);
            real = match next.end {
                Some(end) => end,
                None => {
                    let path = real.join(part);
                    self.put(&path, Entry::plain_directory(), &mut io::empty())?;
                    path
                }
            };
            if self.inventory.get(&real).map(|entry| &entry.kind) != Some(&Kind::Directory) {
                bail!("`{}` lies below something that is no directory", shown(path));
            }
        }
        Ok(real.join(name))
    }

    /// Adds an entry of an archive; a later one replaces an earlier one.
    pub(crate) fn add(&mut self, path: &Path, entry: Entry, content: &mut dyn Read) -> Result<()> {
        let path = self.place(path)?;
        self.put(&path, entry, content).with_context(|| format!("cannot unpack `{}`", shown(&path)))
    }

    /// Adds another name of a file that is there.
    pub(crate) fn link(&mut self, path: &Path, to: &Path) -> Result<()> {
        let path = self.place(path)?;
        let to = self.place(to)?;
        let Some(Entry { kind: Kind::File { shared, .. }, .. }) = self.inventory.get_mut(&to)
        else {
            bail!("the hard link `{}` leads to `{}`, which is no file", shown(&path), shown(&to));
        };
        if path == to {
            return Ok(());
        }
        if shared.is_none() {
            *shared = Some(self.next_shared);
            self.next_shared += 1;
        }
        let entry = self.inventory.get(&to).expect("it was there").clone();
        self.clear(&path)?;
        fs::hard_link(self.full(&to), self.full(&path))
            .with_context(|| format!("cannot link `{}`", shown(&path)))?;
        self.inventory.insert(path, entry);
        Ok(())
    }

    /// Takes a name out again, as a later layer of an image may ask for.
    pub(crate) fn remove(&mut self, path: &Path) -> Result<()> {
        let path = self.place(path)?;
        self.clear(&path)
    }

    /// Takes out all that is in a directory.
    pub(crate) fn empty(&mut self, path: &Path) -> Result<()> {
        let path = self.place(path)?;
        let children: Vec<_> =
            self.inventory.children(&path).map(|(path, _)| path.to_owned()).collect();
        children.iter().try_for_each(|child| self.clear(child))
    }

    fn full(&self, path: &Path) -> PathBuf {
        self.directory.path().join(path)
    }

    fn clear(&mut self, path: &Path) -> Result<()> {
        if path.as_os_str().is_empty() || self.inventory.get(path).is_none() {
            return Ok(());
        }
        let full = self.full(path);
        let done = match fs::symlink_metadata(&full) {
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&full),
            Ok(_) => fs::remove_file(&full),
            Err(_) => Ok(()),
        };
        done.with_context(|| format!("cannot replace `{}`", shown(path)))?;
        self.inventory.remove(path);
        Ok(())
    }

    fn put(&mut self, path: &Path, mut entry: Entry, content: &mut dyn Read) -> Result<()> {
        let there = self.inventory.get(path).map(|entry| entry.kind.clone());
        let both_directories = entry.kind == Kind::Directory && there == Some(Kind::Directory);
        if !both_directories {
            self.clear(path)?;
        }
        let full = self.full(path);
        match &mut entry.kind {
            Kind::Directory if both_directories => {}
            Kind::Directory => fs::create_dir(&full)?,
            Kind::File { size, .. } => {
                let left = MOST_BYTES - self.bytes;
                // Before a hole of such a size is read in vain.
                if *size > left {
                    bail!("more than {} GiB are in it", MOST_BYTES >> 30);
                }
                *size = fill(&full, &mut content.take(left + 1))?;
                self.bytes += *size;
                if self.bytes > MOST_BYTES {
                    bail!("more than {} GiB are in it", MOST_BYTES >> 30);
                }
            }
            Kind::Link(text) => symlink(text, &full)?,
            Kind::Device { .. } | Kind::Pipe | Kind::Socket => {}
        }
        if !matches!(entry.kind, Kind::Directory) && fs::symlink_metadata(&full).is_ok() {
            self.unowned += u64::from(!dress(&full, &entry)?);
        }
        self.inventory.insert(path.to_owned(), entry);
        if self.inventory.len() > MOST_ENTRIES {
            bail!("more than {MOST_ENTRIES} names are in it");
        }
        Ok(())
    }

    /// Gives directories what is theirs, the deepest first, and hands everything over.
    pub(crate) fn finish(mut self) -> Result<(Inventory, TempDir, Vec<String>)> {
        self.unowned += dress_directories(self.directory.path(), &self.inventory)?;
        let mut problems = Vec::new();
        if self.unowned > 0 {
            problems.push(format!(
                "{} owners cannot be given by this user; tests see other ones, and so does a result that is \
                 a directory; archives and images keep them",
                self.unowned
            ));
        }
        Ok((self.inventory, self.directory, problems))
    }
}

/// Fills a new file. What is zero stays a hole: a small archive must not fill a disk with nothing.
pub(crate) fn fill(full: &Path, content: &mut dyn Read) -> io::Result<u64> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(full)?;
    let mut piece = vec![0; PIECE];
    let mut length = 0;
    loop {
        let read = match content.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => &piece[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        length += read.len() as u64;
        if read == &NOTHING[..read.len()] {
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
        } else {
            file.write_all(read)?;
        }
    }
    Ok(length)
}

/// Gives what stands under a name its owner, mode, time and attributes; says whether the owner
/// could be given.
pub(crate) fn dress(full: &Path, entry: &Entry) -> io::Result<bool> {
    let owned = match lchown(full, Some(entry.owner.0), Some(entry.owner.1)) {
        Ok(()) => true,
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EINVAL)) => false,
        Err(error) => return Err(error),
    };
    for (name, value) in &entry.attributes {
        let name = std::ffi::OsStr::from_bytes(name);
        // Not every file system holds every attribute, nor may everybody give it.
        let _ = rustix::fs::lsetxattr(full, name, value, XattrFlags::empty());
    }
    if !matches!(entry.kind, Kind::Link(_)) {
        fs::set_permissions(full, fs::Permissions::from_mode(entry.mode))?;
    }
    set_time(full, entry.modified)?;
    Ok(owned)
}

/// Gives directories what is theirs, the deepest first: what is made in them changes their time.
pub(crate) fn dress_directories(base: &Path, inventory: &Inventory) -> Result<u64> {
    let directories: Vec<_> =
        inventory.iter().filter(|(_, entry)| entry.kind == Kind::Directory).collect();
    let mut unowned = 0;
    for (path, entry) in directories.iter().rev() {
        let owned = dress(&base.join(path), entry)
            .with_context(|| format!("cannot finish the directory `{}`", shown(path)))?;
        unowned += u64::from(!owned);
    }
    Ok(unowned)
}

/// By name, for opening a pipe would wait for its other end.
fn set_time(full: &Path, modified: (i64, u32)) -> io::Result<()> {
    let time = rustix::fs::Timespec { tv_sec: modified.0, tv_nsec: i64::from(modified.1) };
    let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(rustix::fs::CWD, full, &times, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}
