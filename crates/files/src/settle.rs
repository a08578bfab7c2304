//! The steps of a change that never write over anything, and the way back.

use std::os::fd::BorrowedFd;

use rustix::fs::{self, AtFlags, RenameFlags};
use rustix::io::Errno;

use crate::expected::Expected;
use crate::failure::Failure;
use crate::sighting::Sighting;
use crate::tree;

/// Lets two names of a directory change what they stand for, in one step.
pub(crate) fn exchange(directory: BorrowedFd<'_>, one: &[u8], other: &[u8]) -> Result<(), Errno> {
    fs::renameat_with(directory, one, directory, other, RenameFlags::EXCHANGE)
}

/// Whether an error says that the file system, or an old kernel, has no such way of renaming.
pub(crate) fn is_unsupported(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
}

/// Moves something to a name that nothing has; `EEXIST` where something has it.
pub(crate) fn put(
    from: BorrowedFd<'_>,
    name: &[u8],
    to: BorrowedFd<'_>,
    new: &[u8],
) -> Result<(), Errno> {
    match fs::renameat_with(from, name, to, new, RenameFlags::NOREPLACE) {
        Err(errno) if is_unsupported(errno) => put_by_link(from, name, to, new),
        other => other,
    }
}

/// The same by a further name, which the system never puts over another one.
fn put_by_link(
    from: BorrowedFd<'_>,
    name: &[u8],
    to: BorrowedFd<'_>,
    new: &[u8],
) -> Result<(), Errno> {
    match fs::linkat(from, name, to, new, AtFlags::empty()) {
        Ok(()) => fs::unlinkat(from, name, AtFlags::empty()),
        // Directories have one name, and on some file systems everything has.
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => {
            put_by_look(from, name, to, new)
        }
        Err(errno) => Err(errno),
    }
}

/// The same by a look and a rename. Between the two somebody may take the name for a file, and lose
/// it: nothing better is to be had where there are neither flags for a rename nor hard links.
fn put_by_look(
    from: BorrowedFd<'_>,
    name: &[u8],
    to: BorrowedFd<'_>,
    new: &[u8],
) -> Result<(), Errno> {
    match Sighting::of_name(to, new) {
        Err(Errno::NOENT) => fs::renameat(from, name, to, new),
        Ok(_) => Err(Errno::EXIST),
        Err(errno) => Err(errno),
    }
}

/// Gives back what an exchange has moved from `name` to `temporary`, because of `why`.
///
/// Somebody may have given the name to something newer than `staged` by then. Whatever an exchange
/// brings out and nobody of us has put there is newer than what it puts in, so it goes in by the
/// next one. That ends as soon as the others do.
pub(crate) fn give_back(
    directory: BorrowedFd<'_>,
    temporary: &[u8],
    name: &[u8],
    staged: &Sighting,
    old: &mut dyn Expected,
    why: Failure,
) -> Failure {
    match last_state_to(directory, temporary, name, staged) {
        Ok(Left::Nothing) => why,
        Ok(Left::Staged) => {
            // What is to be reported is why; only what was staged is left to clean up.
            let _ = tree::remove(directory, temporary);
            why
        }
        // Somebody has put something new over ours: the one that was planned to go has gone.
        Ok(Left::Older) if old.is_moved_to(directory, temporary).is_ok() => {
            let _ = tree::remove(directory, temporary);
            why
        }
        Ok(Left::Older) | Err(_) => Failure::Aside(temporary.to_vec()),
    }
}

/// What stands under the temporary name in the end.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    Staged,
    /// What somebody has replaced.
    Older,
}

fn last_state_to(
    directory: BorrowedFd<'_>,
    temporary: &[u8],
    name: &[u8],
    staged: &Sighting,
) -> Result<Left, Errno> {
    // What stands under the name, as far as we know; and what we hold.
    let mut put = *staged;
    let mut held = Sighting::of_name(directory, temporary)?;
    loop {
        match exchange(directory, temporary, name) {
            Ok(()) => {}
            // Somebody has deleted it; nothing is lost if it comes back.
            Err(Errno::NOENT) => match self::put(directory, temporary, directory, name) {
                Ok(()) => return Ok(Left::Nothing),
                Err(Errno::EXIST) => continue,
                Err(errno) => return Err(errno),
            },
            Err(errno) => return Err(errno),
        }
        let out = Sighting::of_name(directory, temporary)?;
        // The number of the staged one is used again when somebody has deleted it.
        if out.is_same_but_renamed(staged) && put == *staged {
            return Ok(Left::Staged);
        }
        if put != *staged && out.is_same_inode(&put) {
            return Ok(Left::Older);
        }
        (put, held) = (held, out);
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, OwnedFd};
    use std::path::Path;

    use super::*;
    use crate::beneath;

    fn directory(files: &[(&str, &str)]) -> (tempfile::TempDir, OwnedFd) {
        let directory = tempfile::tempdir().expect("a directory to work in");
        for (name, content) in files {
            std::fs::write(directory.path().join(name), content).expect("a file");
        }
        let open = beneath::open_root(directory.path().as_os_str().as_encoded_bytes());
        (directory, open.expect("it opens"))
    }

    fn read(directory: &Path, name: &str) -> Option<String> {
        std::fs::read_to_string(directory.join(name)).ok()
    }

    type Put = fn(BorrowedFd<'_>, &[u8], BorrowedFd<'_>, &[u8]) -> Result<(), Errno>;

    #[test]
    fn every_way_of_putting_moves_to_a_free_name_and_never_over_a_taken_one() {
        for put in [put as Put, put_by_link, put_by_look] {
            let (tree, open) = directory(&[("new", "new"), ("taken", "theirs")]);
            let open = open.as_fd();

            assert_eq!(put(open, b"new", open, b"taken"), Err(Errno::EXIST));
            assert_eq!(read(tree.path(), "taken").as_deref(), Some("theirs"));
            assert_eq!(put(open, b"new", open, b"free"), Ok(()));
            assert_eq!(read(tree.path(), "free").as_deref(), Some("new"));
            assert_eq!(read(tree.path(), "new"), None);
            assert_eq!(put(open, b"missing", open, b"name"), Err(Errno::NOENT));
        }
    }

    #[test]
    fn only_what_says_that_there_is_no_such_way_leads_to_another_one() {
        for errno in [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP] {
            assert!(is_unsupported(errno), "{errno}");
        }
        for errno in [Errno::EXIST, Errno::NOENT, Errno::PERM, Errno::NOSPC] {
            assert!(!is_unsupported(errno), "{errno}");
        }
    }

    #[test]
    fn a_directory_is_put_by_a_look_where_it_can_have_no_further_name() {
        let (tree, open) = directory(&[]);
        std::fs::create_dir(tree.path().join("new")).expect("a directory");
        assert_eq!(put_by_link(open.as_fd(), b"new", open.as_fd(), b"free"), Ok(()));
        assert!(tree.path().join("free").is_dir());
    }

    /// Ours stands under `name`, theirs under `held`; then `happens`, and theirs is given back.
    fn given_back(happens: impl FnOnce(&Path), planned: bool) -> (tempfile::TempDir, Failure) {
        let (tree, open) = directory(&[("name", "ours"), ("held", "theirs")]);
        let staged = Sighting::of_name(&open, b"name").expect("the staged one");
        let mut old = Sighting::of_name(&open, b"held").expect("theirs");
        if !planned {
            old.inode += 1;
        }
        happens(tree.path());
        let failure = give_back(open.as_fd(), b"held", b"name", &staged, &mut old, Failure::InUse);
        (tree, failure)
    }

    #[test]
    fn what_was_taken_away_is_given_back_and_ours_goes() {
        let (tree, failure) = given_back(|_| {}, true);
        assert_eq!(failure, Failure::InUse);
        assert_eq!(read(tree.path(), "name").as_deref(), Some("theirs"));
        assert_eq!(read(tree.path(), "held"), None);
    }

    #[test]
    fn it_comes_back_where_somebody_has_deleted_ours() {
        let delete = |tree: &Path| std::fs::remove_file(tree.join("name")).expect("ours goes");
        let (tree, failure) = given_back(delete, true);
        assert_eq!(failure, Failure::InUse);
        assert_eq!(read(tree.path(), "name").as_deref(), Some("theirs"));
        assert_eq!(read(tree.path(), "held"), None);
    }

    fn save(tree: &Path) {
        std::fs::write(tree.join("newer"), "newer").expect("a newer state");
        std::fs::rename(tree.join("newer"), tree.join("name")).expect("it takes the name");
    }

    #[test]
    fn what_somebody_has_put_over_ours_stays_and_what_was_planned_to_go_goes() {
        let (tree, failure) = given_back(save, true);
        assert_eq!(failure, Failure::InUse);
        assert_eq!(read(tree.path(), "name").as_deref(), Some("newer"));
        assert_eq!(read(tree.path(), "held"), None);
    }

    #[test]
    fn of_two_states_that_nobody_planned_the_older_is_kept_aside() {
        let (tree, failure) = given_back(save, false);
        assert_eq!(failure, Failure::Aside(b"held".to_vec()));
        assert_eq!(read(tree.path(), "name").as_deref(), Some("newer"));
        assert_eq!(read(tree.path(), "held").as_deref(), Some("theirs"));
    }

    #[test]
    fn ours_with_an_edit_of_somebody_else_is_theirs() {
        let edit = |tree: &Path| std::fs::write(tree.join("name"), "an edit").expect("an edit");
        let (tree, failure) = given_back(edit, false);
        assert_eq!(failure, Failure::Aside(b"held".to_vec()));
        assert_eq!(read(tree.path(), "name").as_deref(), Some("an edit"));
        assert_eq!(read(tree.path(), "held").as_deref(), Some("theirs"));
    }
}
