//! A root filesystem, whatever it came in: an inventory of what it holds, and the contents.

pub mod inventory;

pub(crate) mod directory;
mod ext4;
mod form;
mod image;
pub(crate) mod leftovers;
mod squashfs;
pub(crate) mod staging;
pub(crate) mod tape;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use files::Sighting;
use names::shown;
use rustix::fs::{Mode, OFlags, ResolveFlags};
use tempfile::TempDir;

use directory::{Listing, Sightings};
use form::Form;
use inventory::Inventory;

/// A root filesystem that can be looked at and run in, and that is never changed.
pub struct Root {
    /// What it holds.
    pub inventory: Inventory,
    /// Where the contents lie: the directory that was given, or where it was unpacked.
    pub base: PathBuf,
    /// What could not be read or unpacked as it is.
    pub problems: Vec<String>,
    /// What each name was when it was read, where that is wanted.
    sightings: BTreeMap<PathBuf, Sighting>,
    /// Goes when the root is no longer used.
    _staging: Option<TempDir>,
}

impl Root {
    /// Opens a directory, a tar archive (also of an image), an OCI image layout, a squashfs or an ext4
    /// image.
    /// What is not a directory is unpacked below `scratch`.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is none of these.
    pub fn open(path: &Path, scratch: &Path) -> Result<Self> {
        let open = || format!("cannot open `{}` as a root filesystem", shown(path));
        let metadata = std::fs::metadata(path).with_context(|| {
            ui::hinted(&open(), "give a directory, a tar archive, an image layout or an image")
        })?;
        if metadata.is_dir() && path.join("oci-layout").is_file() {
            return image::unpack_layout(path, scratch).with_context(open);
        }
        if metadata.is_dir() {
            let listing = directory::read_without(path, Some(scratch), Sightings::NotKept);
            return Ok(Self::of_directory(path, listing.with_context(open)?));
        }
        let mut file = File::open(path).with_context(open)?;
        match Form::of(&mut file).with_context(open)? {
            Form::Tape => image::unpack_archive(path, scratch).with_context(open),
            Form::Squashfs => squashfs::unpack(path, scratch).with_context(open),
            Form::Ext4 => ext4::unpack(path, scratch).with_context(open),
            Form::Compressed => bail!(ui::hinted(
                &format!("{}: it is a compressed image", open()),
                "an image is read here and there, so decompress it first, with gunzip, unxz or unzstd",
            )),
            Form::Disk => bail!(ui::hinted(
                &format!("{}: it is a whole disk, with partitions", open()),
                "copy the partition with the root out of it: `fdisk -l` shows where each begins and \
                 ends, `dd skip= count=` copies",
            )),
            Form::Unknown => bail!(ui::hinted(
                &format!("{}: it is in none of the forms that shrink knows", open()),
                "give a directory, a tar archive (plain, gzip, xz or zstd), an image layout, a \
                 squashfs or an ext4 image",
            )),
        }
    }

    /// Opens a directory that is going to be changed: what each name is, is kept in mind.
    pub(crate) fn open_to_change(path: &Path, scratch: &Path) -> Result<Self> {
        let read = || {
            directory::read_without(path, Some(scratch), Sightings::Kept)
                .with_context(|| format!("cannot open `{}` as a root filesystem", shown(path)))
        };
        let mut listing = read()?;
        if leftovers::clean(path, &listing.inventory)? {
            listing = read()?;
        }
        Ok(Self::of_directory(path, listing))
    }

    fn of_directory(path: &Path, listing: Listing) -> Self {
        Self {
            inventory: listing.inventory,
            base: path.to_owned(),
            problems: listing.problems,
            sightings: listing.sightings,
            _staging: None,
        }
    }

    /// What a name was when it was read.
    pub(crate) fn sighting(&self, path: &Path) -> Option<Sighting> {
        self.sightings.get(path).copied()
    }

    pub(crate) fn staged(staging: staging::Staging) -> Result<Self> {
        let (inventory, directory, problems) = staging.finish()?;
        let base = directory.path().to_owned();
        let sightings = BTreeMap::new();
        Ok(Self { inventory, base, problems, sightings, _staging: Some(directory) })
    }

    /// Opens a regular file of the root. No link is followed on the way, so that nothing outside
    /// can be meant.
    ///
    /// # Errors
    ///
    /// When it is not there any more, or cannot be read.
    pub fn read(&self, path: &Path) -> std::io::Result<File> {
        open_beneath(&self.base, path)
    }

    /// The text of a small file, such as a setting; empty where there is none.
    pub(crate) fn text(&self, path: &Path) -> String {
        /// What is larger is no setting.
        const LARGEST: u64 = 1 << 20;
        let content = self.head(path, LARGEST).unwrap_or_default();
        String::from_utf8_lossy(&content).into_owned()
    }

    /// The beginning of a regular file.
    pub(crate) fn head(&self, path: &Path, length: u64) -> std::io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.read(path)?.take(length).read_to_end(&mut head)?;
        Ok(head)
    }
}

/// Opens a file below a directory for reading, without following a link anywhere.
pub(crate) fn open_beneath(base: &Path, path: &Path) -> std::io::Result<File> {
    let directory: OwnedFd = File::open(base)?.into();
    let file = rustix::fs::openat2(
        &directory,
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
    )?;
    Ok(file.into())
}
