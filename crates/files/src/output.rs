//! Writes a result to where the user wants it.
//!
//! Proof: `src/output.rs::a_link_and_what_is_no_file_stay_what_they_are`,
//! `src/output.rs::what_fails_half_way_leaves_the_old_result`,
//! `src/output.rs::what_is_ready_is_handed_over_to_a_free_name_only`

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::path::Path;

use crate::beneath;
use crate::failure::Failure;
use crate::settle;
use crate::whole::{self, Over, Whole};

/// Writes a file whole or not at all, with the permissions of the one whose place it takes. What is
/// no file, such as a pipe or a terminal, is written to as it is, and a link stays one.
pub fn write(path: &Path, form: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let before = fs::symlink_metadata(path);
    if before.as_ref().is_ok_and(|before| !before.is_file()) {
        let mut out = BufWriter::new(OpenOptions::new().write(true).truncate(true).open(path)?);
        return form(&mut out).and_then(|()| out.flush());
    }
    let mut new = Whole::beside(path, whole::NEW)?;
    if let Ok(before) = before {
        new.file().set_permissions(before.permissions())?;
    }
    let mut out = BufWriter::new(&mut new);
    form(&mut out).and_then(|()| out.flush())?;
    drop(out);
    Ok(new.commit(Over::Anything)?)
}

/// Gives a file or a directory that is ready, on the same file system, the name that the user wants;
/// `EEXIST` where somebody has taken that name meanwhile, and keeps it.
pub fn hand_over(ready: &Path, to: &Path) -> Result<(), Failure> {
    let (from, name) = beneath::open_parent(ready)?;
    let (directory, new) = beneath::open_parent(to)?;
    settle::put(from.as_fd(), name, directory.as_fd(), new)?;
    Ok(rustix::fs::fsync(&directory)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_link_and_what_is_no_file_stay_what_they_are() {
        let folder = tempfile::tempdir().expect("a directory to work in");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old and longer").expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("its mode");
        symlink("file", &link).expect("a link");

        write(&link, |out| out.write_all(b"by the link")).expect("it is written");
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).expect("the file"), "by the link");
        write(&file, |out| out.write_all(b"new")).expect("it is written");
        assert_eq!(fs::read_to_string(&file).expect("the file"), "new");
        assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o640);
        write(Path::new("/dev/null"), |out| out.write_all(b"nowhere")).expect("it is written");
        assert!(!Path::new("/dev/null").is_file());
    }

    #[test]
    fn what_fails_half_way_leaves_the_old_result() {
        let folder = tempfile::tempdir().expect("a directory to work in");
        let file = folder.path().join("file");
        fs::write(&file, "old").expect("a file");

        let failed = write(&file, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });

        assert_eq!(failed.expect_err("it fails").to_string(), "no more");
        assert_eq!(fs::read_to_string(&file).expect("the file"), "old");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[test]
    fn what_is_ready_is_handed_over_to_a_free_name_only() {
        let folder = tempfile::tempdir().expect("a directory to work in");
        let [ready, taken, free] = ["ready", "taken", "free"].map(|name| folder.path().join(name));
        fs::create_dir(&ready).expect("a directory");
        fs::write(&taken, "theirs").expect("a file");

        assert_eq!(hand_over(&ready, &taken), Err(Failure::System(Errno::EXIST)));
        assert_eq!(fs::read_to_string(&taken).expect("their file"), "theirs");
        assert_eq!(hand_over(&ready, &free), Ok(()));
        assert!(free.is_dir() && !ready.exists());
    }
}
