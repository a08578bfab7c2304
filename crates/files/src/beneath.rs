//! Opens what lies beneath a directory, without ever following a symbolic link.
//!
//! A path that the walk found is a list of real directories. When one of them has been swapped for
//! a symbolic link since, opening fails instead of leaving the tree.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{self, CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// The kernel takes no longer path in one call, its end included (`PATH_MAX`).
const LONGEST_PATH: usize = 4095;

/// Opens `path` beneath `top`; an empty path is `top` itself.
pub fn open(top: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    if path.len() <= LONGEST_PATH {
        return open_short(top, path, flags);
    }
    let cut =
        path[..=LONGEST_PATH].iter().rposition(|&byte| byte == b'/').ok_or(Errno::NAMETOOLONG)?;
    let middle = open_short(top, &path[..cut], DIRECTORY)?;
    open(middle.as_fd(), &path[cut + 1..], flags)
}

/// How a directory is opened to reach what it holds.
pub const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// How a file is opened to read its content. Never blocks on a FIFO that took the file's place.
pub const CONTENT: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// Opens the directory that `path` lies in, whatever links lead to it; and the last name.
pub fn open_parent(path: &Path) -> Result<(OwnedFd, &[u8]), Errno> {
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    Ok((open_root(parent.as_os_str().as_bytes())?, name.as_bytes()))
}

fn open_short(top: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { b"." } else { path };
    let opened = fs::openat2(top, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS);
    match opened {
        // Linux before 5.6 and some sandboxes have no openat2.
        Err(Errno::NOSYS) => open_by_steps(top, path, flags),
        other => other,
    }
}

/// The same, one directory at a time.
fn open_by_steps(top: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut names: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
    let last = names.pop().ok_or(Errno::NOENT)?;
    let mut reached: Option<OwnedFd> = None;
    for name in names {
        let from = reached.as_ref().map_or(top, AsFd::as_fd);
        reached = Some(fs::openat(from, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?);
    }
    let from = reached.as_ref().map_or(top, AsFd::as_fd);
    fs::openat(from, last, flags | OFlags::NOFOLLOW, Mode::empty())
}

/// Opens a file for reading without touching its access time, where the system lets us: only its
/// owner and root may ask for that.
pub fn open_content(top: BorrowedFd<'_>, path: &[u8]) -> Result<OwnedFd, Errno> {
    match open(top, path, CONTENT | OFlags::NOATIME) {
        Err(Errno::PERM) => open(top, path, CONTENT),
        other => other,
    }
}

/// Opens the directory `path`, whatever links lead to it.
pub fn open_root(path: &[u8]) -> Result<OwnedFd, Errno> {
    if path.len() <= LONGEST_PATH {
        return fs::openat(CWD, path, DIRECTORY, Mode::empty());
    }
    let slash = fs::openat(CWD, "/", DIRECTORY, Mode::empty())?;
    let below = path.strip_prefix(b"/").ok_or(Errno::NAMETOOLONG)?;
    open(slash.as_fd(), below, DIRECTORY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_opening_refuse_a_link_on_the_way() {
        let tree = tempfile::tempdir().expect("a directory to work in");
        std::fs::create_dir_all(tree.path().join("real/deep")).expect("two directories");
        std::fs::write(tree.path().join("real/deep/file"), "text").expect("a file");
        std::os::unix::fs::symlink("real", tree.path().join("link")).expect("a link");
        let top = open_root(tree.path().as_os_str().as_encoded_bytes()).expect("the tree opens");

        std::os::unix::fs::symlink("real/deep/file", tree.path().join("last")).expect("a link");
        for open in [open_short, open_by_steps] {
            assert!(open(top.as_fd(), b"real/deep/file", CONTENT).is_ok());
            assert!(open(top.as_fd(), b"last", CONTENT).is_err());
            assert!(open(top.as_fd(), b"link/deep/file", CONTENT).is_err());
            assert!(open(top.as_fd(), b"link", DIRECTORY).is_err());
        }
    }

    #[test]
    fn a_longer_path_than_the_kernel_takes_is_opened_part_by_part() {
        let tree = tempfile::tempdir().expect("a directory to work in");
        let top = open_root(tree.path().as_os_str().as_encoded_bytes()).expect("the tree opens");
        let mut deepest = top.try_clone().expect("it opens again");
        let name = "n".repeat(200);
        for _ in 0..30 {
            fs::mkdirat(&deepest, &*name, Mode::RWXU).expect("a directory");
            deepest = open(deepest.as_fd(), name.as_bytes(), DIRECTORY).expect("it opens");
        }
        let below = vec![name; 30].join("/").into_bytes();
        let whole = [tree.path().as_os_str().as_bytes(), b"/", &below].concat();

        let inode = |file: OwnedFd| fs::fstat(file).expect("its status").st_ino;
        let expected = inode(deepest);
        assert_eq!(open(top.as_fd(), &below, DIRECTORY).map(inode), Ok(expected));
        assert_eq!(open_root(&whole).map(inode), Ok(expected));
        assert_eq!(open_root(&whole[1..]).err(), Some(Errno::NAMETOOLONG));
    }

    #[test]
    fn a_content_is_opened_without_waiting_and_without_a_trace() {
        let tree = tempfile::tempdir().expect("a directory to work in");
        let top = open_root(tree.path().as_os_str().as_encoded_bytes()).expect("the tree opens");
        fs::mkfifoat(&top, "fifo", Mode::RWXU).expect("a FIFO");
        let opened = open_content(top.as_fd(), b"fifo").expect("nobody writes to it");
        assert!(fs::fcntl_getfl(&opened).expect("its flags").contains(OFlags::NOATIME));
    }
}
