//! What belongs to a file besides its content: owner, mode, attributes and times.

use std::os::fd::AsFd;

use rustix::fs::{self, AtFlags, Mode, Statx, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;

use crate::attributes::{self, Attributes};
use crate::sighting::{Time, status};

/// How a file looks from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dress {
    /// Permissions, setuid, setgid and sticky bits.
    pub mode: u16,
    /// The user that it belongs to.
    pub owner: u32,
    /// The group that it belongs to.
    pub group: u32,
    /// When it was read.
    pub accessed: Time,
    /// When its content was written.
    pub modified: Time,
    /// All extended attributes, access control lists among them.
    pub attributes: Attributes,
}

impl Dress {
    /// That of an open file.
    pub fn of(file: impl AsFd) -> Result<Self, Errno> {
        let stat = status(&file, b"")?;
        Self::with_status(file, &stat)
    }

    /// That of an open file whose status is known.
    pub fn with_status(file: impl AsFd, stat: &Statx) -> Result<Self, Errno> {
        Ok(Self {
            mode: stat.stx_mode & 0o7777,
            owner: stat.stx_uid,
            group: stat.stx_gid,
            accessed: stat.stx_atime.into(),
            modified: stat.stx_mtime.into(),
            attributes: attributes::read(file)?,
        })
    }

    /// Gives an open file owner, attributes, mode and times, in this order: a new owner takes away
    /// rights, nobody but root may give attributes to a file that is read-only, and each step may
    /// change the times.
    pub fn put_on(&self, file: impl AsFd) -> Result<(), Errno> {
        let stat = status(&file, b"")?;
        if (stat.stx_uid, stat.stx_gid) != (self.owner, self.group) {
            let (owner, group) = (fs::Uid::from_raw(self.owner), fs::Gid::from_raw(self.group));
            fs::fchown(&file, Some(owner), Some(group))?;
        }
        without_inherited(&file)?;
        for (name, value) in &self.attributes {
            fs::fsetxattr(&file, name, value, XattrFlags::empty())?;
        }
        fs::fchmod(&file, Mode::from_raw_mode(u32::from(self.mode)))?;
        fs::futimens(&file, &timestamps(self.accessed, self.modified))
    }

    /// Gives an open file, which is a new state of the one that wears this, all but the times. What
    /// only root may give is left as it is where it is refused: the owner, and attributes by which
    /// the system judges programs.
    pub fn put_on_new_state(&self, file: impl AsFd) -> Result<(), Errno> {
        let stat = status(&file, b"")?;
        if (stat.stx_uid, stat.stx_gid) != (self.owner, self.group) {
            let (owner, group) = (fs::Uid::from_raw(self.owner), fs::Gid::from_raw(self.group));
            unless_refused(fs::fchown(&file, Some(owner), Some(group)))?;
        }
        without_inherited(&file)?;
        for (name, value) in &self.attributes {
            let given = fs::fsetxattr(&file, name, value, XattrFlags::empty());
            let is_for_root = name.starts_with(b"security.") || name.starts_with(b"trusted.");
            if is_for_root { unless_refused(given) } else { given }?;
        }
        fs::fchmod(&file, Mode::from_raw_mode(u32::from(self.mode)))
    }

    /// Gives a symbolic link owner and times; it has nothing else.
    pub fn put_on_link(&self, parent: impl AsFd, name: &[u8]) -> Result<(), Errno> {
        let stat = status(&parent, name)?;
        if (stat.stx_uid, stat.stx_gid) != (self.owner, self.group) {
            let (owner, group) = (fs::Uid::from_raw(self.owner), fs::Gid::from_raw(self.group));
            fs::chownat(&parent, name, Some(owner), Some(group), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        let times = timestamps(self.accessed, self.modified);
        fs::utimensat(&parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)
    }
}

fn unless_refused(given: Result<(), Errno>) -> Result<(), Errno> {
    if given == Err(Errno::PERM) { Ok(()) } else { given }
}

/// Takes away the access control lists that a new file has from its directory.
fn without_inherited(file: impl AsFd) -> Result<(), Errno> {
    for inherited in ["system.posix_acl_access", "system.posix_acl_default"] {
        match fs::fremovexattr(&file, inherited) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Both times, as the system takes them.
#[must_use]
pub fn timestamps(accessed: Time, modified: Time) -> Timestamps {
    let spec = |time: Time| Timespec { tv_sec: time.seconds, tv_nsec: i64::from(time.nanoseconds) };
    Timestamps { last_access: spec(accessed), last_modification: spec(modified) }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::OwnedFd;

    use super::*;
    use crate::beneath;
    use crate::sighting::Sighting;

    #[test]
    fn what_one_file_wears_another_one_can_put_on() {
        let tree = tempfile::tempdir().expect("a directory to work in");
        let one = File::create(tree.path().join("one")).expect("a file");
        let other = File::create(tree.path().join("other")).expect("another");
        let mut dress = Dress::of(&one).expect("what it wears");
        dress.mode = 0o2640;
        dress.accessed = Time { seconds: 5, nanoseconds: 6 };
        dress.modified = Time { seconds: -7, nanoseconds: 8 };
        if fs::fsetxattr(&one, "user.note", b"x", XattrFlags::empty()).is_ok() {
            dress.attributes = attributes::read(&one).expect("the note");
            assert_eq!(dress.attributes, [(b"user.note".to_vec(), b"x".to_vec())]);
        }
        if rustix::process::geteuid().is_root() {
            (dress.owner, dress.group) = (1, 2);
        }

        dress.put_on(&other).expect("it fits");

        assert_eq!(Dress::of(&other), Ok(dress));
    }

    #[test]
    fn a_new_state_wears_all_but_the_times() {
        let tree = tempfile::tempdir().expect("a directory to work in");
        let one = File::create(tree.path().join("one")).expect("a file");
        let other = File::create(tree.path().join("other")).expect("another");
        let mut dress = Dress::of(&one).expect("what it wears");
        dress.mode = 0o640;
        dress.modified = Time { seconds: -7, nanoseconds: 8 };
        dress.attributes = vec![(b"user.note".to_vec(), b"x".to_vec())];
        if rustix::process::geteuid().is_root() {
            (dress.owner, dress.group) = (1, 2);
        }
        let before = Dress::of(&other).expect("what it wears");

        dress.put_on_new_state(&other).expect("it fits");

        let Dress { accessed, modified, .. } = before;
        assert_eq!(Dress::of(&other), Ok(Dress { accessed, modified, ..dress }));
    }

    #[test]
    fn what_only_root_may_give_may_be_refused_and_nothing_else() {
        assert_eq!(unless_refused(Ok(())), Ok(()));
        assert_eq!(unless_refused(Err(Errno::PERM)), Ok(()));
        assert_eq!(unless_refused(Err(Errno::NOSPC)), Err(Errno::NOSPC));
    }

    #[test]
    fn a_list_that_the_directory_gives_is_taken_away() {
        /// An access control list, as `setfacl -d -m u:1:r` writes it.
        const LIST: [u8; 44] = [
            2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 1, 0, 0, 0, 4, 0, 4, 0, 255,
            255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255,
        ];
        let tree = tempfile::tempdir().expect("a directory to work in");
        let open = File::open(tree.path()).expect("it opens");
        let plain = Dress::of(File::create(tree.path().join("plain")).expect("a file"));
        let given = fs::fsetxattr(&open, "system.posix_acl_default", &LIST, XattrFlags::empty());
        if given == Err(Errno::OPNOTSUPP) {
            return;
        }
        given.expect("a list");
        let file = File::create(tree.path().join("file")).expect("a file");
        assert_ne!(attributes::read(&file), Ok(Vec::new()), "it has the list");

        plain.expect("what a file wears").put_on(&file).expect("it fits");

        assert_eq!(attributes::read(&file), Ok(Vec::new()));
    }

    #[test]
    fn a_link_itself_is_dressed_not_what_it_leads_to() {
        let tree = tempfile::tempdir().expect("a directory to work in");
        let target = File::create(tree.path().join("target")).expect("a file");
        std::os::unix::fs::symlink("target", tree.path().join("link")).expect("a link");
        let before = Sighting::of_open(&target).expect("the file");
        let open: OwnedFd =
            beneath::open_root(tree.path().as_os_str().as_encoded_bytes()).expect("it opens");
        let mut dress = Dress::of(&target).expect("what it wears");
        dress.modified = Time { seconds: 7, nanoseconds: 8 };
        if rustix::process::geteuid().is_root() {
            (dress.owner, dress.group) = (1, 2);
        }

        dress.put_on_link(&open, b"link").expect("it fits");

        let link = Sighting::of_name(&open, b"link").expect("the link");
        assert_eq!((link.modified, link.owner), (dress.modified, (dress.owner, dress.group)));
        assert_eq!(Sighting::of_open(&target), Ok(before));
    }
}
