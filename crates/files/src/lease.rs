//! A read lease: as long as it is held, nobody has the file open for writing.
//!
//! It is refused while somebody has the file open for writing, or mapped so. Later, who opens or
//! truncates it has to wait until the lease is given up, at most `/proc/sys/fs/lease-break-time`
//! (45 s); [`Lease::is_undisturbed`] tells that somebody waits. See fcntl(2), "Leases".

#![expect(unsafe_code, reason = "rustix has no leases; three calls of fcntl, with their proof")]

use std::os::fd::{AsFd, AsRawFd};

use rustix::fs::{FsWord, fstatfs};
use rustix::io::Errno;

/// What came of asking for a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lease {
    /// Nobody has the file open for writing. Closing the descriptor gives the lease up.
    Held,
    /// Somebody has.
    Refused,
    /// Nobody knows: the file system has no leases, or the file belongs to somebody else.
    Unknown,
}

/// `F_SETSIG` of `asm-generic/fcntl.h`, which the crate does not have.
const SET_SIGNAL: i32 = 10;

/// Takes a lease on a file that is open for reading only.
pub(crate) fn take(file: impl AsFd) -> Lease {
    // Who waits for the lease sends a signal, and SIGIO ends a program that does not expect it.
    // SIGURG is ignored by default, and what it means to anybody is "look again".
    if control(&file, SET_SIGNAL, libc::SIGURG).is_err() {
        return Lease::Unknown;
    }
    match control(&file, libc::F_SETLEASE, libc::F_RDLCK) {
        Ok(_) => Lease::Held,
        Err(Errno::AGAIN) if !is_remote(&file) => Lease::Refused,
        Err(_) => Lease::Unknown,
    }
}

/// Whether a lease is still held and nobody waits for its end.
pub(crate) fn is_undisturbed(file: impl AsFd) -> bool {
    control(file, libc::F_GETLEASE, 0) == Ok(libc::F_RDLCK)
}

/// Whether the file lies with a server that may refuse leases for reasons of its own.
fn is_remote(file: impl AsFd) -> bool {
    /// NFS, SMB and CIFS, by their numbers in `linux/magic.h`.
    const REMOTE: [FsWord; 3] = [0x6969, 0xfe53_4d42, 0xff53_4d42];
    fstatfs(file).is_ok_and(|system| REMOTE.contains(&system.f_type))
}

fn control(file: impl AsFd, command: i32, argument: i32) -> Result<i32, Errno> {
    // SAFETY: the descriptor is open as long as it is borrowed, and these commands take a number
    // and touch no memory of ours.
    let done = unsafe { libc::fcntl(file.as_fd().as_raw_fd(), command, argument) };
    if done < 0 {
        let error = std::io::Error::last_os_error();
        return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, OpenOptions};

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().expect("a directory to work in");
        let path = directory.path().join("file");
        std::fs::write(&path, "text").expect("a file");
        (directory, path)
    }

    #[test]
    fn a_file_that_is_open_for_writing_is_refused_and_one_that_is_read_is_not() {
        let (_directory, path) = file();
        let ours = File::open(&path).expect("it opens");
        let reader = File::open(&path).expect("it opens twice");
        let writer = OpenOptions::new().append(true).open(&path).expect("it opens for writing");

        assert_eq!(take(&ours), Lease::Refused);
        assert!(!is_undisturbed(&ours));
        drop(writer);
        assert_eq!(take(&ours), Lease::Held);
        assert!(is_undisturbed(&ours));
        drop(reader);
        assert!(is_undisturbed(&ours));
    }

    #[test]
    fn somebody_who_wants_to_write_waits_for_the_end_and_is_noticed() {
        let (_directory, path) = file();
        let ours = File::open(&path).expect("it opens");
        assert_eq!(take(&ours), Lease::Held);

        let writer = std::thread::spawn(move || OpenOptions::new().write(true).open(path).is_ok());
        while is_undisturbed(&ours) {
            std::thread::yield_now();
        }
        assert!(!writer.is_finished());
        drop(ours);

        assert!(writer.join().expect("the other thread ends"));
    }

    #[test]
    fn what_can_have_no_lease_is_unknown() {
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        assert_eq!(take(&reader), Lease::Unknown);
    }
}
