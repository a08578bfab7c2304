//! Whole trees: what is part of another one, and what goes.

use std::fs::{self, File, Permissions};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use files::{beneath, tree};
use rustix::io::Errno;

/// Two directories, `part` and `whole`, that hold the same.
struct Two {
    base: tempfile::TempDir,
    open: OwnedFd,
}

impl Two {
    fn new() -> Self {
        let base = tempfile::tempdir().expect("a directory to work in");
        let open = beneath::open_root(base.path().as_os_str().as_encoded_bytes());
        let two = Self { open: open.expect("it opens"), base };
        for top in ["part", "whole"] {
            fs::create_dir_all(two.path(top).join("in")).expect("directories");
            fs::write(two.path(top).join("in/file"), "text").expect("a file");
            symlink("in", two.path(top).join("link")).expect("a link");
        }
        two
    }

    fn path(&self, path: &str) -> PathBuf {
        self.base.path().join(path)
    }

    fn is_part(&self) -> bool {
        let open = self.open.as_fd();
        tree::is_part_of(open, b"part", open, b"whole").expect("both can be read")
    }
}

fn give_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("its status").mode() & 0o7777
}

#[test]
fn what_the_whole_has_too_is_part_of_it() {
    type Change = fn(&Two);
    let changes: [(Change, bool, &str); 9] = [
        (|_| {}, true, "nothing"),
        (|two| fs::write(two.path("whole/more"), "").expect("a file"), true, "the whole has more"),
        (|two| fs::write(two.path("part/more"), "").expect("a file"), false, "the part has more"),
        (|two| fs::write(two.path("part/in/file"), "odd ").expect("a file"), false, "a content"),
        (|two| give_mode(&two.path("part/in/file"), 0o600), false, "the mode of a file"),
        (|two| give_mode(&two.path("whole/in"), 0o500), false, "the mode of a directory"),
        (
            |two| {
                give_mode(&two.path("whole/in"), 0o500);
                give_mode(&two.path("part/in"), 0o700);
            },
            true,
            "a removal was interrupted",
        ),
        (
            |two| {
                fs::remove_file(two.path("part/link")).expect("the link");
                symlink("on", two.path("part/link")).expect("another");
            },
            false,
            "the text of a link",
        ),
        (
            |two| {
                for pipe in ["part/pipe", "whole/pipe"] {
                    let path = two.path(pipe);
                    rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).expect("a FIFO");
                }
            },
            false,
            "nobody knows of a FIFO what is in it",
        ),
    ];
    for (change, is_part, what) in changes {
        let two = Two::new();
        change(&two);
        assert_eq!(two.is_part(), is_part, "{what}");
        give_mode(&two.path("whole/in"), 0o700);
    }
}

#[test]
fn a_tree_goes_with_what_its_owner_may_not_change_and_no_link_is_followed() {
    let two = Two::new();
    symlink("../whole", two.path("part/out")).expect("a link");
    give_mode(&two.path("part/in"), 0o500);

    tree::remove(two.open.as_fd(), b"part").expect("it goes");

    assert!(!two.path("part").exists());
    assert_eq!(fs::read_to_string(two.path("whole/in/file")).expect("the file"), "text");
    assert_eq!(tree::remove(two.open.as_fd(), b"part"), Err(Errno::NOENT));
}

#[test]
fn a_directory_is_made_emptiable_for_its_owner_alone() {
    let two = Two::new();
    for (before, after) in [(0o500, 0o700), (0o055, 0o755), (0o751, 0o751)] {
        give_mode(&two.path("part"), before);
        let open = File::open(two.path("part"));
        // Without the right to read it only root can open it.
        let Ok(open) = open else { continue };
        tree::make_emptiable(&open.into()).expect("it is ours");
        assert_eq!(mode(&two.path("part")), after);
    }
}

#[test]
fn a_directory_is_opened_and_neither_a_file_nor_a_link_to_one() {
    let two = Two::new();
    let open = tree::open_directory(two.open.as_fd(), b"part").expect("a directory");
    assert!(tree::open_directory(open.as_fd(), b"link").is_err());
    let inside = tree::open_directory(open.as_fd(), b"in").expect("a directory");
    assert_eq!(tree::open_directory(inside.as_fd(), b"file").err(), Some(Errno::NOTDIR));
}

#[test]
fn a_content_is_hashed_and_counted() {
    let two = Two::new();
    let content = vec![b'x'; 200_000];
    fs::write(two.path("large"), &content).expect("a file");
    let file = File::open(two.path("large")).expect("it opens").into();
    assert_eq!(tree::hash(&file), Ok((blake3::hash(&content), 200_000)));
}
