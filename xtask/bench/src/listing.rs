//! Lists a tree and reads what may have a duplicate: the least that any finder has to do.
//!
//! The finders are measured against this, so it is as thrifty as one thread can be: all names
//! stand in one buffer, a directory is opened once to list it and once to read its candidates, and
//! every byte read passes through the same memory.

use std::collections::{HashMap, HashSet};
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, StatxFlags, openat, statx};
use rustix::io::{Result, read};

/// From 32 KiB to 1 MiB the size made no difference that six runs could show.
const READ_AT_ONCE: usize = 128 << 10;
const LIST_AT_ONCE: usize = 64 << 10;

/// The directories and regular files of a tree that stands on one file system.
pub(super) struct Listing {
    root: OwnedFd,
    /// Paths of directories below the root and names of files, each closed by a zero byte.
    names: Vec<u8>,
    directories: Vec<Name>,
    /// Every inode once, neighbours together, without empty files.
    pub(super) files: Vec<File>,
    /// How many names were regular files.
    pub(super) file_names: u64,
}

/// A regular file.
#[derive(Clone, Copy)]
pub(super) struct File {
    pub(super) size: u64,
    directory: u32,
    name: Name,
}

/// Where a name begins.
#[derive(Clone, Copy)]
struct Name(u32);

/// Lists the tree below `root`.
pub(super) fn list(root: &Path) -> Result<Listing> {
    let mut listing = Listing {
        root: openat(CWD, root, directory_flags(), Mode::empty())?,
        names: b".\0".to_vec(),
        directories: vec![Name(0)],
        files: Vec::new(),
        file_names: 0,
    };
    let mut buffer = vec![MaybeUninit::uninit(); LIST_AT_ONCE];
    let mut linked = HashSet::new();
    let mut next = 0;
    while next < listing.directories.len() {
        listing.list_directory(next, &mut buffer, &mut linked)?;
        next += 1;
    }
    Ok(listing)
}

impl Listing {
    /// The files that share their size with another.
    pub(super) fn candidates(&self) -> impl Iterator<Item = &File> {
        let mut files_of_size: HashMap<u64, u32> = HashMap::with_capacity(self.files.len());
        for file in &self.files {
            *files_of_size.entry(file.size).or_default() += 1;
        }
        self.files.iter().filter(move |file| files_of_size[&file.size] > 1)
    }

    /// Makes ready to read files.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { listing: self, directory: None, buffer: vec![0; READ_AT_ONCE] }
    }

    fn list_directory(
        &mut self,
        number: usize,
        buffer: &mut [MaybeUninit<u8>],
        linked: &mut HashSet<u64>,
    ) -> Result<()> {
        let directory = self.open_directory(number)?;
        let mut entries = RawDir::new(&directory, buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            match entry.file_type() {
                FileType::Directory if !is_dot(entry.file_name()) => {
                    self.add_directory(number, entry.file_name());
                }
                FileType::RegularFile => {
                    self.add_file(&directory, number, entry.file_name(), linked)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add_directory(&mut self, parent: usize, name: &CStr) {
        let begin = self.names.len();
        let parent_begin = self.directories[parent].0 as usize;
        let parent_length = self.name(self.directories[parent]).to_bytes().len();
        self.names.extend_from_within(parent_begin..parent_begin + parent_length);
        self.names.push(b'/');
        self.names.extend_from_slice(name.to_bytes_with_nul());
        self.directories.push(Name::at(begin));
    }

    fn add_file(
        &mut self,
        directory: &OwnedFd,
        number: usize,
        name: &CStr,
        linked: &mut HashSet<u64>,
    ) -> Result<()> {
        let wanted = StatxFlags::SIZE | StatxFlags::INO | StatxFlags::NLINK;
        let found = statx(directory, name, AtFlags::SYMLINK_NOFOLLOW, wanted)?;
        self.file_names += 1;
        if found.stx_size == 0 || (found.stx_nlink > 1 && !linked.insert(found.stx_ino)) {
            return Ok(());
        }
        self.files.push(File {
            size: found.stx_size,
            directory: u32::try_from(number).expect("fewer directories than bytes of names"),
            name: Name::at(self.names.len()),
        });
        self.names.extend_from_slice(name.to_bytes_with_nul());
        Ok(())
    }

    fn open_directory(&self, number: usize) -> Result<OwnedFd> {
        openat(&self.root, self.name(self.directories[number]), directory_flags(), Mode::empty())
    }

    fn name(&self, name: Name) -> &CStr {
        CStr::from_bytes_until_nul(&self.names[name.0 as usize..])
            .expect("every name is closed by a zero byte")
    }
}

/// Reads files through one buffer.
pub(super) struct Reader<'listing> {
    listing: &'listing Listing,
    directory: Option<(u32, OwnedFd)>,
    buffer: Vec<u8>,
}

impl Reader<'_> {
    /// Reads `file` from begin to end and shows `look` each piece.
    pub(super) fn read(&mut self, file: &File, mut look: impl FnMut(&[u8])) -> Result<()> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let name = self.listing.name(file.name);
        let opened = openat(self.enter(file.directory)?, name, flags, Mode::empty())?;
        let mut left = file.size;
        while left > 0 {
            let length = read(&opened, &mut self.buffer[..])?;
            if length == 0 {
                break;
            }
            look(&self.buffer[..length]);
            left = left.saturating_sub(length as u64);
        }
        Ok(())
    }

    /// Neighbours stand together in the listing, so that the directory is mostly open already.
    fn enter(&mut self, number: u32) -> Result<&OwnedFd> {
        let entered = match self.directory.take() {
            Some(open) if open.0 == number => open,
            _ => (number, self.listing.open_directory(number as usize)?),
        };
        Ok(&self.directory.insert(entered).1)
    }
}

impl Name {
    fn at(begin: usize) -> Self {
        Self(u32::try_from(begin).expect("the names of a benchmark's tree fit in 4 GiB"))
    }
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn is_dot(name: &CStr) -> bool {
    matches!(name.to_bytes(), b"." | b"..")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_files_that_share_their_size_are_read_and_hard_links_are_one() {
        let tree = tempfile::tempdir().expect("a directory for the test");
        fs::create_dir_all(tree.path().join("deep/er")).expect("a directory");
        for (name, content) in [
            ("one", "same size"),
            ("deep/two", "size same"),
            ("deep/er/three", "alone"),
            ("empty", ""),
        ] {
            fs::write(tree.path().join(name), content).expect("a file");
        }
        fs::hard_link(tree.path().join("deep/er/three"), tree.path().join("four")).expect("a link");

        let listing = list(tree.path()).expect("a listing");
        assert_eq!(listing.file_names, 5);
        assert_eq!(listing.files.len(), 3);

        let mut reader = listing.reader();
        let mut read = Vec::new();
        for file in listing.candidates() {
            reader.read(file, |bytes| read.push(bytes.to_vec())).expect("readable");
        }
        read.sort();
        assert_eq!(read, [b"same size", b"size same"]);
    }
}
