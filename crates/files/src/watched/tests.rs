//! What is noticed with a lease and without one.

use std::fs;
use std::path::PathBuf;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;

use super::*;
use crate::beneath;

/// A file that says "old", and its directory.
struct Place {
    directory: tempfile::TempDir,
    open: OwnedFd,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory to work in");
        fs::write(directory.path().join("file"), "old").expect("a file");
        let open = beneath::open_root(directory.path().as_os_str().as_encoded_bytes());
        Self { open: open.expect("it opens"), directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn leased(&self) -> Watched {
        let file = beneath::open_content(self.open.as_fd(), b"file").expect("it opens");
        let watched = Watched::new(file).expect("nobody writes to it");
        assert!(watched.is_leased);
        watched
    }

    /// As on a file system without leases.
    fn unleased(&self) -> Watched {
        let Watched { seen, hash, .. } = self.leased();
        let file = beneath::open_content(self.open.as_fd(), b"file").expect("it opens");
        Watched { file, seen, hash, is_leased: false }
    }

    /// Changes the time of the last change, as every new name does.
    fn add_name(&self) {
        let again = self.path("again");
        fs::hard_link(self.path("file"), &again).expect("a further name");
        fs::remove_file(again).expect("the name goes");
    }

    /// An edit after which nothing but the time of the last change and the content is another.
    fn edit(&self) {
        let modified = fs::metadata(self.path("file")).and_then(|status| status.modified());
        fs::write(self.path("file"), "odd").expect("an edit");
        let file = fs::File::options().write(true).open(self.path("file")).expect("it opens");
        let times = fs::FileTimes::new().set_modified(modified.expect("its time"));
        file.set_times(times).expect("the time of before");
    }

    /// Somebody wants to write, and is told to come again: the lease is called in.
    fn want_to_write(&self) {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK;
        let opened = rustix::fs::openat(CWD, self.path("file"), flags, Mode::empty());
        assert_eq!(opened.err(), Some(Errno::AGAIN));
    }

    fn now(&self) -> Sighting {
        Sighting::of_name(&self.open, b"file").expect("it is there")
    }
}

const CHANGED: Result<(), Failure> = Err(Failure::Changed);

#[test]
fn a_name_of_ours_is_no_change_and_an_edit_is_one() {
    for watch in [Place::leased, Place::unleased] {
        let place = Place::new();
        let mut watched = watch(&place);
        assert_eq!(watched.look(), Ok(()));
        place.add_name();
        assert_eq!(watched.look(), CHANGED);
        assert_eq!(watched.look_after_our_change(), Ok(()));
        assert_eq!(watched.look(), Ok(()));
        place.add_name();
        assert_eq!(watched.note_our_change(), Ok(()));
        assert_eq!(watched.look(), Ok(()));
    }

    let place = Place::new();
    let mut watched = place.unleased();
    watched.look().expect("it is as it was");
    place.edit();
    assert_eq!(watched.look_after_our_change(), CHANGED);
    assert_eq!(watched.has_same_content(place.now()), CHANGED);
}

#[test]
fn without_a_lease_and_a_first_reading_nothing_is_known() {
    let place = Place::new();
    let mut watched = place.unleased();
    place.add_name();
    assert_eq!(watched.look_after_our_change(), CHANGED);
}

#[test]
fn another_file_under_the_name_is_noticed_before_the_change() {
    let place = Place::new();
    let mut watched = place.unleased();
    assert_eq!(watched.is_there(place.open.as_fd(), b"file"), Ok(()));
    place.edit();
    assert_eq!(watched.is_there(place.open.as_fd(), b"file"), CHANGED);
}

#[test]
fn who_waits_to_write_has_changed_nothing_yet() {
    let place = Place::new();
    let mut watched = place.leased();
    place.want_to_write();
    assert_eq!(watched.look(), CHANGED, "nobody may wait for us");
    assert_eq!(watched.has_same_content(place.now()), Ok(()));
    place.add_name();
    assert_eq!(watched.has_same_content(place.now()), CHANGED, "nobody has read it");

    let place = Place::new();
    let hash = place.leased().hash().expect("it can be read");
    let file = beneath::open_content(place.open.as_fd(), b"file").expect("it opens");
    let mut watched = Watched::seen_before(file, &place.now(), Some(hash)).expect("as seen");
    place.want_to_write();
    place.add_name();
    assert_eq!(watched.has_same_content(place.now()), Ok(()));
    assert_eq!(watched.seen(), &place.now());
}
