//! What is left where names cannot be exchanged, and of files with and without names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rustix::io::FdFlags;

use super::*;
use crate::beneath;
use crate::whole::NEW;

/// A directory in which `name` says "old".
struct Folder {
    path: tempfile::TempDir,
    open: OwnedFd,
}

impl Folder {
    fn new() -> Self {
        let path = tempfile::tempdir().expect("a directory to work in");
        let open = beneath::open_root(path.path().as_os_str().as_encoded_bytes());
        let folder = Self { open: open.expect("it opens"), path };
        folder.save("old");
        folder
    }

    /// Somebody saves a new state under the name.
    fn save(&self, content: &str) {
        fs::write(self.path.path().join("saved"), content).expect("a new state");
        fs::rename(self.path.path().join("saved"), self.path.path().join("name"))
            .expect("it takes the name");
    }

    fn delete(&self) {
        fs::remove_file(self.path.path().join("name")).expect("it was there");
    }

    /// Lets a file that says "new" take the place of `name`, step by step, while something happens.
    fn replaced(&self, meanwhile: &mut Meanwhile<'_>) -> Result<Aside<&OwnedFd>, Failure> {
        let new = NewFile::create(&self.open, NEW).expect("a new file");
        rustix::io::write(new.file(), b"new").expect("its content");
        let staged = new.stage().expect("a name");
        let seen = staged.seen.expect("it was looked at");
        staged.take_place_in_steps(b"name", &seen, meanwhile)
    }

    fn seen(&self) -> Sighting {
        Sighting::of_name(&self.open, b"name").expect("it is there")
    }

    /// What all files say, in the order of their paths: those in a drawer come first.
    fn all(&self) -> Vec<String> {
        let mut all = BTreeMap::new();
        add(self.path.path(), &mut all);
        all.into_values().collect()
    }
}

fn add(directory: &Path, all: &mut BTreeMap<std::path::PathBuf, String>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.insert(path.clone(), "drawer".to_owned());
            add(&path, all);
        } else {
            let content = fs::read_to_string(&path).expect("a text");
            all.insert(path, content);
        }
    }
}

/// What was seen, what happens once it is aside, and what is said of the new one.
struct Meanwhile<'test> {
    seen: Sighting,
    aside: &'test dyn Fn(),
    fits: &'test dyn Fn() -> Result<(), Failure>,
}

impl Meanwhile<'_> {
    fn nothing(seen: Sighting) -> Self {
        Self { seen, aside: &|| {}, fits: &|| Ok(()) }
    }
}

impl Expected for Meanwhile<'_> {
    fn is_there(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        self.seen.is_there(directory, name)
    }

    fn is_moved_to(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        (self.aside)();
        self.seen.is_moved_to(directory, name)
    }

    fn fits(&mut self, _: BorrowedFd<'_>, _: &[u8]) -> Result<(), Failure> {
        (self.fits)()
    }
}

#[test]
fn the_old_one_is_aside_in_a_drawer_that_goes_with_it() {
    let folder = Folder::new();
    let aside = folder.replaced(&mut Meanwhile::nothing(folder.seen())).expect("it is as seen");

    assert_eq!(folder.all(), ["drawer", "old", "new"]);
    let path = String::from_utf8(aside.path()).expect("a plain path");
    assert_eq!(fs::read_to_string(folder.path.path().join(&path)).expect("the old one"), "old");
    let (place, name) = aside.place();
    assert_eq!(Sighting::of_name(place, name).expect("the old one").size, 3);

    aside.remove().expect("it goes");
    assert_eq!(folder.all(), ["new"]);
}

#[test]
fn a_drawer_goes_where_somebody_has_taken_the_old_one_out_of_it() {
    let folder = Folder::new();
    let aside = folder.replaced(&mut Meanwhile::nothing(folder.seen())).expect("it is as seen");
    let path = String::from_utf8(aside.path()).expect("a plain path");
    fs::remove_file(folder.path.path().join(path)).expect("the old one");

    aside.is_gone().expect("it is gone");

    assert_eq!(folder.all(), ["new"]);
}

#[test]
fn what_was_saved_before_comes_back() {
    let folder = Folder::new();
    let seen = folder.seen();
    folder.save("their");

    let replaced = folder.replaced(&mut Meanwhile::nothing(seen));

    assert_eq!(replaced.err(), Some(Failure::Changed));
    assert_eq!(folder.all(), ["their"]);
}

#[test]
fn who_takes_the_name_while_it_is_free_keeps_it_and_the_old_one_stays_aside() {
    let folder = Folder::new();
    let mut meanwhile =
        Meanwhile { aside: &|| folder.save("their"), ..Meanwhile::nothing(folder.seen()) };

    let replaced = folder.replaced(&mut meanwhile);

    assert!(matches!(replaced, Err(Failure::Aside(_))), "{replaced:?}");
    assert_eq!(folder.all(), ["drawer", "old", "their"]);
}

#[test]
fn what_does_not_fit_is_taken_back() {
    let folder = Folder::new();
    let seen = folder.seen();
    let unfit = || Err(Failure::InUse);
    let replaced = folder.replaced(&mut Meanwhile { fits: &unfit, ..Meanwhile::nothing(seen) });
    assert_eq!(replaced.err(), Some(Failure::InUse));
    assert_eq!(folder.all(), ["old"]);

    let deleted = || {
        folder.delete();
        Err(Failure::InUse)
    };
    let replaced = folder.replaced(&mut Meanwhile { fits: &deleted, ..Meanwhile::nothing(seen) });
    assert_eq!(replaced.err(), Some(Failure::InUse));
    assert_eq!(folder.all(), ["old"], "somebody has deleted the new one");
}

#[test]
fn what_somebody_has_saved_over_what_does_not_fit_keeps_the_name() {
    let folder = Folder::new();
    let saved = || {
        folder.save("their");
        Err(Failure::InUse)
    };
    let mut meanwhile = Meanwhile { fits: &saved, ..Meanwhile::nothing(folder.seen()) };

    let replaced = folder.replaced(&mut meanwhile);

    assert!(matches!(replaced, Err(Failure::Aside(_))), "{replaced:?}");
    assert_eq!(folder.all(), ["drawer", "old", "their"]);
}

type Create = for<'a> fn(&'a OwnedFd, Mode) -> Result<NewFile<&'a OwnedFd>, Errno>;

#[test]
fn a_file_that_is_being_written_has_a_name_only_where_it_must_and_no_program_inherits_it() {
    let ways: [(Create, &[&str]); 2] = [
        (|directory, mode| NewFile::create(directory, mode), &["old"]),
        (|directory, mode| NewFile::create_with_name(directory, mode), &["", "old"]),
    ];
    for (create, names) in ways {
        let folder = Folder::new();
        let new = create(&folder.open, NEW).expect("a new file");
        assert_eq!(folder.all(), names);
        let flags = rustix::io::fcntl_getfd(new.file()).expect("its flags");
        assert!(flags.contains(FdFlags::CLOEXEC));

        rustix::io::write(new.file(), b"new").expect("its content");
        let mut read = [0; 3];
        rustix::io::pread(new.file(), &mut read, 0).expect("it can be read again");
        assert_eq!(&read, b"new");
        new.put_new(b"second").expect("a free name");
        assert_eq!(folder.all(), ["old", "new"]);
    }
}
