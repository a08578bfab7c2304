//! What the walk found: directories and regular files, in the order of their paths.
//!
//! A tree may hold millions of files, so a file is a small record inside its directory, and its
//! path is put together only when somebody asks for it.

use std::ffi::OsStr;
use std::ops::{AddAssign, Range};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use rustix::io::Errno;

use crate::attributes::AttributesId;
use crate::medium::{Medium, Target};
use crate::problem::Problem;
use files::{Sighting, Time, beneath};

/// The kind in the mode of a regular file (`S_IFREG`).
const FILE: u16 = 0o100_000;

/// Everything that was found below the arguments.
#[derive(Debug, Default)]
pub struct Inventory {
    pub(crate) roots: Vec<Root>,
    pub(crate) directories: Vec<Directory>,
    /// Temporary names that an interrupted run left behind.
    pub(crate) leftovers: Vec<Leftover>,
    /// What was passed over, and how often.
    pub passed_over: PassedOver,
    /// Arguments that are symbolic links and were not followed.
    pub unfollowed_arguments: Vec<PathBuf>,
    /// What could not be looked at.
    pub problems: Vec<Problem>,
}

/// What the walk saw and is nothing to link.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct PassedOver {
    /// Symbolic links.
    pub symbolic_links: u64,
    /// Sockets, FIFOs and devices.
    pub special_files: u64,
    /// Files and directories that are mount points, or lie on another file system.
    pub mount_points: u64,
    /// Files and directories that an exclude pattern names.
    pub excluded: u64,
}

impl AddAssign for PassedOver {
    fn add_assign(&mut self, more: Self) {
        self.symbolic_links += more.symbolic_links;
        self.special_files += more.special_files;
        self.mount_points += more.mount_points;
        self.excluded += more.excluded;
    }
}

/// An argument, or a file system mounted below one.
#[derive(Debug)]
pub(crate) struct Root {
    /// As the user wrote it.
    pub(crate) shown: PathBuf,
    /// Absolute, with every symbolic link resolved.
    pub(crate) physical: PathBuf,
    pub(crate) fd: OwnedFd,
    /// Where its files are stored, or going to be.
    pub(crate) medium: Medium,
}

/// A directory of the tree.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) root: u32,
    /// None where the directory is its root.
    pub(crate) parent: Option<DirectoryId>,
    pub(crate) name: Box<[u8]>,
    pub(crate) device: u64,
    pub(crate) mode: u16,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    pub(crate) attributes: AttributesId,
    /// The names of `files`, one after the other.
    pub(crate) names: Box<[u8]>,
    /// In the order of their names.
    pub(crate) files: Box<[File]>,
    /// In the order of their names; read only when whole directories are compared.
    pub(crate) links: Box<[SymbolicLink]>,
    /// True when something in it cannot be compared: a socket, an excluded name, a mount point,
    /// an entry that could not be read.
    pub(crate) incomparable: bool,
    /// The directories in it and below: those that follow it, up to this one.
    pub(crate) end: u32,
}

/// A regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) inode: u64,
    /// In bytes.
    pub(crate) size: u64,
    /// What it takes on the disk, in units of 512 bytes.
    pub(crate) sectors: u64,
    pub(crate) modified: Time,
    pub(crate) changed: Time,
    pub(crate) links: u32,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    /// Where its name begins in the directory's `names`.
    pub(crate) name_start: u32,
    pub(crate) name_length: u8,
    /// Permissions, setuid, setgid and sticky bits.
    pub(crate) mode: u16,
}

impl Directory {
    /// The name of one of its files.
    pub(crate) fn name_of(&self, file: &File) -> &[u8] {
        let start = file.name_start as usize;
        &self.names[start..start + usize::from(file.name_length)]
    }
}

impl File {
    /// What it takes on the disk, in bytes.
    pub(crate) fn stored(&self) -> u64 {
        self.sectors * 512
    }

    /// Whether parts of it are not stored, and read as zeros.
    pub(crate) fn has_holes(&self) -> bool {
        self.stored() < self.size
    }
}

/// A symbolic link inside a directory that is compared as a whole.
#[derive(Debug)]
pub(crate) struct SymbolicLink {
    pub(crate) name: Box<[u8]>,
    pub(crate) text: Box<[u8]>,
    pub(crate) owner: u32,
    pub(crate) group: u32,
}

/// A directory of an inventory. Their order is the order of the paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryId(pub(crate) u32);

/// A file of an inventory. Their order is that of the directories, then of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    pub(crate) directory: DirectoryId,
    pub(crate) index: u32,
}

/// A temporary name that an interrupted run left behind.
#[derive(Debug)]
pub(crate) struct Leftover {
    pub(crate) directory: DirectoryId,
    pub(crate) name: Box<[u8]>,
}

impl Inventory {
    pub(crate) fn file(&self, id: FileId) -> &File {
        &self.directory(id.directory).files[id.index as usize]
    }

    pub(crate) fn directory(&self, id: DirectoryId) -> &Directory {
        &self.directories[id.0 as usize]
    }

    /// From now on counts what everything takes there instead of on the disk.
    pub(crate) fn reckon_for(&mut self, target: Target) {
        for root in &mut self.roots {
            root.medium = target.into();
        }
    }

    /// Where what lies in a directory is stored, or going to be.
    pub(crate) fn medium(&self, id: DirectoryId) -> Medium {
        self.root_of(id).medium
    }

    /// The number of regular files.
    #[must_use]
    pub fn file_count(&self) -> u64 {
        self.directories.iter().map(|directory| directory.files.len() as u64).sum()
    }

    /// Every file, in the order of their paths.
    pub(crate) fn files(&self) -> impl Iterator<Item = (FileId, &File)> {
        self.directory_ids().flat_map(|directory| {
            let files = self.directory(directory).files.iter();
            (0..).zip(files).map(move |(index, file)| (FileId { directory, index }, file))
        })
    }

    /// The files in a directory itself.
    pub(crate) fn file_ids(&self, directory: DirectoryId) -> impl Iterator<Item = FileId> + use<> {
        let count = u32::try_from(self.directory(directory).files.len());
        (0..count.expect("the walk counts in 32 bits"))
            .map(move |index| FileId { directory, index })
    }

    pub(crate) fn directory_ids(&self) -> impl DoubleEndedIterator<Item = DirectoryId> + use<> {
        (0..u32::try_from(self.directories.len()).expect("the walk counts in 32 bits"))
            .map(DirectoryId)
    }

    /// The directories that are arguments.
    pub(crate) fn root_ids(&self) -> impl Iterator<Item = DirectoryId> {
        self.directory_ids().filter(|&id| self.directory(id).parent.is_none())
    }

    /// The directories below `id`, without itself.
    pub(crate) fn below(&self, id: DirectoryId) -> Range<usize> {
        id.0 as usize + 1..self.directory(id).end as usize
    }

    /// The file's name without its directory.
    #[must_use]
    pub fn name(&self, id: FileId) -> &OsStr {
        OsStr::from_bytes(self.name_bytes(id))
    }

    pub(crate) fn name_bytes(&self, id: FileId) -> &[u8] {
        self.directory(id.directory).name_of(self.file(id))
    }

    /// The file's path as the user would write it.
    #[must_use]
    pub fn shown(&self, id: FileId) -> PathBuf {
        self.shown_directory(id.directory).join(self.name(id))
    }

    pub(crate) fn shown_directory(&self, id: DirectoryId) -> PathBuf {
        joined(&self.root_of(id).shown, self.below_root(id))
    }

    /// The file's absolute path without any symbolic link.
    #[must_use]
    pub fn physical(&self, id: FileId) -> PathBuf {
        self.physical_directory(id.directory).join(self.name(id))
    }

    pub(crate) fn physical_directory(&self, id: DirectoryId) -> PathBuf {
        joined(&self.root_of(id).physical, self.below_root(id))
    }

    /// How many directories are above a file, below its root, and how long its path is from there.
    pub(crate) fn depth_and_length(&self, id: FileId) -> (usize, usize) {
        let mut depth = 0;
        let mut length = usize::from(self.file(id).name_length);
        for name in self.names_up(id.directory) {
            depth += 1;
            length += name.len() + "/".len();
        }
        (depth, length)
    }

    /// The length of a directory's path with its slash, as the archive of an argument has it: it
    /// begins with `./`.
    pub(crate) fn length_in_archive(&self, id: DirectoryId) -> usize {
        let names = self.names_up(id).map(|name| name.len() + "/".len());
        "./".len() + names.sum::<usize>()
    }

    pub(crate) fn root_of(&self, id: DirectoryId) -> &Root {
        &self.roots[self.directory(id).root as usize]
    }

    /// The directory's path below its root, empty for the root itself.
    pub(crate) fn below_root(&self, id: DirectoryId) -> Vec<u8> {
        let mut path = Vec::with_capacity(128);
        self.append_below_root(id, &mut path);
        path
    }

    /// Puts the path together from its end, where the climb begins.
    fn append_below_root(&self, id: DirectoryId, path: &mut Vec<u8>) {
        let start = path.len();
        let length: usize = self.names_up(id).map(|name| name.len() + "/".len()).sum();
        path.resize(start + length.saturating_sub("/".len()), b'/');
        let mut end = path.len();
        for name in self.names_up(id) {
            path[end - name.len()..end].copy_from_slice(name);
            end = (end - name.len()).saturating_sub("/".len());
        }
    }

    /// The names of the directory and those above it, without its root.
    pub(crate) fn names_up(&self, id: DirectoryId) -> impl Iterator<Item = &[u8]> {
        let ids = std::iter::successors(Some(id), |id| self.directory(*id).parent);
        let directories = ids.map(|id| self.directory(id));
        directories.take_while(|here| here.parent.is_some()).map(|here| &*here.name)
    }

    /// Opens a file to read its content.
    pub(crate) fn open(&self, id: FileId) -> Result<OwnedFd, Errno> {
        self.open_with(id, &mut Vec::new())
    }

    /// The same for many files in turn: `path` is a buffer to put their paths together in.
    pub(crate) fn open_with(&self, id: FileId, path: &mut Vec<u8>) -> Result<OwnedFd, Errno> {
        path.clear();
        self.append_below_root(id.directory, path);
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(self.name_bytes(id));
        beneath::open_content(self.root_fd(id.directory), path)
    }

    /// What a file was when it was found.
    pub(crate) fn recorded(&self, id: FileId) -> Sighting {
        let file = self.file(id);
        Sighting {
            device: self.directory(id.directory).device,
            inode: file.inode,
            size: file.size,
            mode: FILE | file.mode,
            owner: (file.owner, file.group),
            modified: file.modified,
            changed: file.changed,
        }
    }

    /// Opens a directory to change what it holds.
    pub(crate) fn open_directory(&self, id: DirectoryId) -> Result<OwnedFd, Errno> {
        beneath::open(self.root_fd(id), &self.below_root(id), beneath::DIRECTORY)
    }

    fn root_fd(&self, id: DirectoryId) -> BorrowedFd<'_> {
        self.root_of(id).fd.as_fd()
    }
}

/// `root` and below it `path`, byte for byte: `.` stays in front where the user wrote it.
fn joined(root: &std::path::Path, path: Vec<u8>) -> PathBuf {
    if path.is_empty() { root.to_owned() } else { root.join(std::ffi::OsString::from_vec(path)) }
}
