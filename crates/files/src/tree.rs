//! Whole directory trees: listed, compared and removed, by open directories and names only.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Statx};
use rustix::io::{Errno, read};

use crate::attributes;
use crate::beneath;
use crate::sighting::status;

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(
    /// Its bytes.
    pub Vec<u8>,
);

/// All names in an open directory, in their order.
pub fn list(directory: impl AsFd) -> Result<Vec<Name>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(Name(name.to_vec()));
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// How much is read at once: less than what an allocator asks the system for each time.
const PIECE: usize = 64 << 10;

/// The BLAKE3 hash of an open file's content, and its size.
pub fn hash(file: &OwnedFd) -> Result<(blake3::Hash, u64), Errno> {
    let mut hasher = blake3::Hasher::new();
    let mut size = 0;
    in_pieces(file, |piece| {
        hasher.update(piece);
        size += piece.len() as u64;
        Ok(())
    })?;
    Ok((hasher.finalize(), size))
}

/// Reads an open file from where it stands to its end, piece by piece.
pub fn in_pieces(
    file: impl AsFd,
    mut take: impl FnMut(&[u8]) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        match read(&file, spare_capacity(&mut piece)) {
            Ok(0) => return Ok(()),
            Ok(_) => take(&piece)?,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Removes a file, or a directory with all that it holds. Symbolic links are removed, not followed.
pub fn remove(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
    match fs::unlinkat(parent, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => {}
        other => return other,
    }
    let directory = open_directory(parent, name)?;
    make_emptiable(&directory)?;
    for Name(inside) in list(&directory)? {
        remove(directory.as_fd(), &inside)?;
    }
    fs::unlinkat(parent, name, AtFlags::REMOVEDIR)
}

/// The owner of a directory may take away what it holds, even where the mode says otherwise.
pub fn make_emptiable(directory: &OwnedFd) -> Result<(), Errno> {
    let mode = Mode::from_raw_mode(u32::from(status(directory, b"")?.stx_mode));
    if mode.contains(Mode::RWXU) { Ok(()) } else { fs::fchmod(directory, mode | Mode::RWXU) }
}

/// Whether everything that `name` is or holds stands in `whole` too: then it can be removed and
/// nothing is lost. Times are not compared.
pub fn is_part_of(
    parent: BorrowedFd<'_>,
    name: &[u8],
    whole: BorrowedFd<'_>,
    place: &[u8],
) -> Result<bool, Errno> {
    let (one, other) = (status(parent, name)?, status(whole, place)?);
    let look = |stat: &Statx| (stat.stx_mode, stat.stx_uid, stat.stx_gid);
    if look(&one) != look(&other) && !made_removable(&one, &other) {
        return Ok(false);
    }
    match FileType::from_raw_mode(u32::from(one.stx_mode)) {
        FileType::RegularFile => {
            let one = beneath::open_content(parent, name)?;
            let other = beneath::open_content(whole, place)?;
            Ok(hash(&one)? == hash(&other)? && attributes::read(&one)? == attributes::read(&other)?)
        }
        FileType::Symlink => {
            Ok(fs::readlinkat(parent, name, Vec::new())?
                == fs::readlinkat(whole, place, Vec::new())?)
        }
        FileType::Directory => {
            let one = open_directory(parent, name)?;
            let other = open_directory(whole, place)?;
            for Name(inside) in list(&one)? {
                match is_part_of(one.as_fd(), &inside, other.as_fd(), &inside) {
                    Ok(true) => {}
                    Ok(false) | Err(Errno::NOENT) => return Ok(false),
                    Err(errno) => return Err(errno),
                }
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// An interrupted removal may have given the owner of a directory all rights.
fn made_removable(one: &Statx, other: &Statx) -> bool {
    FileType::from_raw_mode(u32::from(one.stx_mode)).is_dir()
        && (one.stx_uid, one.stx_gid) == (other.stx_uid, other.stx_gid)
        && one.stx_mode == other.stx_mode | 0o700
}

/// Opens a directory by its name in another one; a link is refused.
pub fn open_directory(parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    fs::openat(parent, name, beneath::DIRECTORY | OFlags::NOFOLLOW, Mode::empty())
}
