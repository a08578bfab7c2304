//! What a change leaves: the new state where the old one was as planned, and nothing else.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use files::remove::remove;
use files::whole::{self, Over, Whole};
use files::{Expected, Failure, Sighting, Staged, Watched, beneath, leftovers, tree};
use rustix::io::Errno;

/// A directory with files, open.
struct Folder {
    path: tempfile::TempDir,
    open: OwnedFd,
}

impl Folder {
    fn of(files: &[(&str, &str)]) -> Self {
        let path = tempfile::tempdir().expect("a directory to work in");
        for (name, content) in files {
            fs::write(path.path().join(name), content).expect("a file");
        }
        let open = beneath::open_root(path.path().as_os_str().as_encoded_bytes());
        Self { open: open.expect("it opens"), path }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path.path().join(name)
    }

    fn watch(&self, name: &str) -> Watched {
        let file = beneath::open_content(self.open.as_fd(), name.as_bytes()).expect("it opens");
        Watched::new(file).expect("nobody writes to it")
    }

    fn seen(&self, name: &str) -> Sighting {
        Sighting::of_name(&self.open, name.as_bytes()).expect("it is there")
    }

    fn stage(&self, content: &str) -> Staged<&OwnedFd> {
        let new = files::staged::NewFile::create(&self.open, whole::NEW).expect("a new file");
        rustix::io::write(new.file(), content.as_bytes()).expect("its content");
        new.stage().expect("a name")
    }

    /// All files with their contents, links with their texts, directories with what they hold.
    fn all(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        add(self.path.path(), "", &mut all);
        all
    }
}

fn add(directory: &Path, before: &str, all: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        let name = before.to_owned() + &entry.file_name().to_string_lossy();
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            add(&entry.path(), &(name + "/"), all);
        } else if kind.is_symlink() {
            let text = fs::read_link(entry.path()).expect("a text");
            all.insert(name, format!("-> {}", text.display()));
        } else {
            all.insert(name, fs::read_to_string(entry.path()).expect("a text"));
        }
    }
}

fn holds(folder: &Folder, files: &[(&str, &str)]) {
    let expected: BTreeMap<String, String> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    assert_eq!(folder.all(), expected);
}

/// Something that happens between the last look and the change, or after the change.
struct Meanwhile<'test> {
    watched: &'test mut dyn Expected,
    before: &'test dyn Fn(),
    after: &'test dyn Fn(),
}

impl Expected for Meanwhile<'_> {
    fn is_there(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        self.watched.is_there(directory, name)?;
        (self.before)();
        Ok(())
    }

    fn is_moved_to(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        (self.after)();
        self.watched.is_moved_to(directory, name)
    }
}

/// Replaces `name` by a file with the text "new" while something happens.
fn replaced(folder: &Folder, before: &dyn Fn(), after: &dyn Fn()) -> Result<(), Failure> {
    let mut watched = folder.watch("name");
    let mut meanwhile = Meanwhile { watched: &mut watched, before, after };
    folder.stage("new").replace(b"name", &mut meanwhile)
}

fn save(folder: &Folder) {
    fs::write(folder.path("saved"), "their").expect("a new state");
    fs::rename(folder.path("saved"), folder.path("name")).expect("it takes the name");
}

#[test]
fn a_file_that_is_as_planned_is_replaced_and_gone() {
    let folder = Folder::of(&[("name", "old"), ("other", "other")]);
    assert_eq!(replaced(&folder, &|| {}, &|| {}), Ok(()));
    holds(&folder, &[("name", "new"), ("other", "other")]);
}

#[test]
fn a_file_that_is_saved_between_the_look_and_the_change_keeps_its_name() {
    let folder = Folder::of(&[("name", "old")]);
    assert_eq!(replaced(&folder, &|| save(&folder), &|| {}), Err(Failure::Changed));
    holds(&folder, &[("name", "their")]);
}

#[test]
fn a_file_that_is_saved_right_after_the_change_keeps_its_name() {
    let folder = Folder::of(&[("name", "old")]);
    assert_eq!(replaced(&folder, &|| {}, &|| save(&folder)), Ok(()));
    holds(&folder, &[("name", "their")]);
}

#[test]
fn a_file_that_is_saved_before_and_after_the_change_keeps_its_last_state() {
    let folder = Folder::of(&[("name", "old")]);
    let again = || {
        fs::write(folder.path("again"), "theirs again").expect("a new state");
        fs::rename(folder.path("again"), folder.path("name")).expect("it takes the name");
    };
    let Err(Failure::Aside(kept)) = replaced(&folder, &|| save(&folder), &again) else {
        panic!("two states, of which one has the name");
    };
    let kept = String::from_utf8(kept).expect("a plain name");
    holds(&folder, &[("name", "theirs again"), (&kept, "their")]);
}

#[test]
fn a_file_that_is_deleted_before_the_change_stays_deleted() {
    let folder = Folder::of(&[("name", "old")]);
    let delete = || fs::remove_file(folder.path("name")).expect("a file to delete");
    assert_eq!(replaced(&folder, &delete, &|| {}), Err(Failure::Changed));
    holds(&folder, &[]);
}

#[test]
fn a_file_that_looks_as_old_as_before_after_an_edit_is_not_taken_for_the_old_one() {
    let folder = Folder::of(&[("name", "old")]);
    let before = fs::metadata(folder.path("name")).expect("a file");
    let watched = folder.watch("name");
    // With a lease an edit has to wait; this one came before it.
    let seen = *watched.seen();
    drop(watched);
    fs::write(folder.path("name"), "odd").expect("an edit");
    let times = fs::FileTimes::new().set_modified(before.modified().expect("a time"));
    let file = File::options().write(true).open(folder.path("name")).expect("it opens");
    file.set_times(times).expect("the time of before");
    drop(file);

    let open = beneath::open_content(folder.open.as_fd(), b"name").expect("it opens");
    let again = Watched::seen_before(open, &seen, None);

    assert_eq!(again.err(), Some(Failure::Changed));
}

#[test]
fn a_file_that_somebody_has_open_for_writing_is_not_touched() {
    let folder = Folder::of(&[("name", "old")]);
    let mut writer = OpenOptions::new().append(true).open(folder.path("name")).expect("it opens");
    let file = beneath::open_content(folder.open.as_fd(), b"name").expect("it opens");

    assert_eq!(Watched::new(file).err(), Some(Failure::InUse));

    writer.write_all(b"er").expect("it is written to");
    holds(&folder, &[("name", "older")]);
}

#[test]
fn who_waits_to_write_gets_the_file_back_under_its_name() {
    let folder = Folder::of(&[("name", "old")]);
    let path = folder.path("name");
    std::thread::scope(|scope| {
        let start = || {
            let path = path.clone();
            scope.spawn(move || {
                let mut file = OpenOptions::new().append(true).open(path).expect("it opens");
                file.write_all(b"er").expect("it is written to");
            });
            // It has to be waiting before the look that follows.
            while !is_awaited(folder.seen("name").inode) {
                std::thread::yield_now();
            }
        };
        let mut watched = folder.watch("name");
        let mut meanwhile = Meanwhile { watched: &mut watched, before: &start, after: &|| {} };
        let done = folder.stage("new").replace(b"name", &mut meanwhile);
        assert_eq!(done, Err(Failure::Changed));
    });
    holds(&folder, &[("name", "older")]);
}

/// Whether somebody waits for the end of a lease on the file with this inode.
fn is_awaited(inode: u64) -> bool {
    let locks = fs::read_to_string("/proc/locks").expect("the locks");
    let ours = |line: &&str| line.contains(&format!(":{inode} ")) && line.contains("BREAKING");
    locks.lines().any(|line| ours(&line))
}

#[test]
fn a_change_of_rights_in_between_is_a_change() {
    let folder = Folder::of(&[("name", "old")]);
    let forbid = || {
        fs::set_permissions(folder.path("name"), fs::Permissions::from_mode(0o600))
            .expect("a mode");
    };
    assert_eq!(replaced(&folder, &forbid, &|| {}), Err(Failure::Changed));
    holds(&folder, &[("name", "old")]);
}

#[test]
fn what_takes_the_place_must_fit_before_and_after() {
    struct FitsNot {
        seen: Sighting,
        asked: Vec<Vec<u8>>,
        at: usize,
    }
    impl Expected for FitsNot {
        fn is_there(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
            self.seen.is_there(directory, name)
        }
        fn is_moved_to(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
            self.seen.is_moved_to(directory, name)
        }
        fn fits(&mut self, _: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
            self.asked.push(name.to_vec());
            if self.asked.len() == self.at { Err(Failure::InUse) } else { Ok(()) }
        }
    }
    for unfit in [1, 2] {
        let folder = Folder::of(&[("name", "old")]);
        let mut old = FitsNot { seen: folder.seen("name"), asked: Vec::new(), at: unfit };
        assert_eq!(folder.stage("new").replace(b"name", &mut old), Err(Failure::InUse));
        assert_eq!(old.asked.len(), unfit);
        assert_eq!(old.asked.get(1).map(Vec::as_slice), [&b"name"[..]].get(2 - unfit).copied());
        holds(&folder, &[("name", "old")]);
    }
}

#[test]
fn a_link_and_a_further_name_take_the_place_of_a_file() {
    let folder = Folder::of(&[("kept", "same"), ("name", "same"), ("more", "same")]);
    let link = Staged::link(&folder.open, b"kept").expect("a link");
    assert_eq!(link.replace(b"name", &mut folder.watch("name")), Ok(()));
    let kept = Sighting::of_name(&folder.open, b"kept").expect("the kept file");
    let further = Staged::hard_link(&folder.open, &folder.open, b"kept", &kept).expect("a name");
    assert_eq!(further.replace(b"more", &mut folder.watch("more")), Ok(()));

    holds(&folder, &[("kept", "same"), ("name", "-> kept"), ("more", "same")]);
    let inode = |name| fs::metadata(folder.path(name)).expect("a file").ino();
    assert_eq!(inode("more"), inode("kept"));
}

#[test]
fn a_directory_takes_the_place_of_a_link() {
    let folder = Folder::of(&[]);
    std::os::unix::fs::symlink("elsewhere", folder.path("name")).expect("a link");
    let staged = Staged::directory(&folder.open).expect("a directory");
    let inside = tree::open_directory(folder.open.as_fd(), staged.name()).expect("it opens");
    whole::write(
        &folder.path(std::str::from_utf8(staged.name()).expect("plain")).join("f"),
        b"1",
        Over::Nothing,
    )
    .expect("a file in it");
    drop(inside);

    assert_eq!(staged.replace(b"name", &mut folder.seen("name")), Ok(()));

    holds(&folder, &[("name/f", "1")]);
}

#[test]
fn what_is_not_used_is_removed() {
    let folder = Folder::of(&[]);
    drop(Staged::link(&folder.open, b"nowhere").expect("a link"));
    drop(folder.stage("new"));
    let staged = Staged::directory(&folder.open).expect("a directory");
    fs::write(folder.path(std::str::from_utf8(staged.name()).expect("plain")).join("f"), "1")
        .expect("a file in it");
    drop(staged);
    holds(&folder, &[]);
}

#[test]
fn a_new_name_is_never_put_over_another_one() {
    let folder = Folder::of(&[("taken", "theirs")]);
    let exists = Err(Failure::System(Errno::EXIST));
    assert_eq!(folder.stage("new").put_new(b"taken"), exists);
    assert_eq!(whole::write(&folder.path("taken"), b"new", Over::Nothing), exists);
    assert_eq!(folder.stage("new").put_new(b"free"), Ok(()));
    assert_eq!(whole::write(&folder.path("fresh"), b"new", Over::Nothing), Ok(()));
    holds(&folder, &[("taken", "theirs"), ("free", "new"), ("fresh", "new")]);
}

#[test]
fn what_is_ours_alone_is_written_over() {
    let folder = Folder::of(&[("cache", "old")]);
    assert_eq!(whole::write(&folder.path("cache"), b"new", Over::Anything), Ok(()));
    holds(&folder, &[("cache", "new")]);
}

#[test]
fn a_content_is_written_over_what_was_seen_and_nothing_else() {
    let folder = Folder::of(&[("name", "old")]);
    let mut seen = folder.seen("name");
    let path = folder.path("name");
    assert_eq!(whole::write(&path, b"new", Over::Seen(&mut seen)), Ok(()));
    assert_eq!(whole::write(&path, b"newer", Over::Seen(&mut seen)), Err(Failure::Changed));
    holds(&folder, &[("name", "new")]);
}

#[test]
fn what_has_changed_is_noticed_before_anything_is_moved() {
    let folder = Folder::of(&[("name", "old")]);
    let mut seen = folder.seen("name");
    assert_eq!(seen.is_there(folder.open.as_fd(), b"name"), Ok(()));
    save(&folder);
    assert_eq!(seen.is_there(folder.open.as_fd(), b"name"), Err(Failure::Changed));
}

#[test]
fn a_file_that_is_written_in_pieces_is_not_seen_before_its_end() {
    let folder = Folder::of(&[]);
    let mut new = Whole::beside(&folder.path("name"), whole::PRIVATE).expect("a new file");
    new.write_all(b"won ").expect("its beginning");
    assert!(!folder.path("name").exists());
    assert_eq!(new.seek(SeekFrom::Start(0)).expect("back to it"), 0);
    new.write_all(b"one").expect("another beginning");
    assert_eq!(new.seek(SeekFrom::End(0)).expect("to its end"), 4);
    new.write_all(b"two").expect("its end");
    new.commit(Over::Nothing).expect("its name");
    holds(&folder, &[("name", "one two")]);
    assert_eq!(fs::metadata(folder.path("name")).expect("a file").mode() & 0o777, 0o600);
}

#[test]
fn a_file_in_the_directory_at_hand_needs_no_path() {
    assert_eq!(
        whole::write(Path::new("/"), b"", Over::Nothing),
        Err(Failure::System(Errno::INVAL))
    );
    let missing = Path::new("no/such/directory/file");
    assert_eq!(whole::write(missing, b"", Over::Nothing), Err(Failure::System(Errno::NOENT)));
    let (directory, name) = beneath::open_parent(Path::new("file")).expect("the one at hand");
    let here = Sighting::of_name(&directory, b".").expect("it is there");
    let at_hand = fs::metadata(".").expect("the one at hand");
    assert_eq!((here.inode, name), (at_hand.ino(), &b"file"[..]));
}

#[test]
fn a_name_that_is_as_planned_is_removed_and_another_one_stays() {
    let folder = Folder::of(&[("name", "old"), ("other", "other")]);
    let mut watched = folder.watch("name");
    let mut meanwhile =
        Meanwhile { watched: &mut watched, before: &|| save(&folder), after: &|| {} };
    assert_eq!(remove(&folder.open, b"name", &mut meanwhile), Err(Failure::Changed));
    holds(&folder, &[("name", "their"), ("other", "other")]);

    assert_eq!(remove(&folder.open, b"name", &mut folder.watch("name")), Ok(()));
    let mut other = folder.seen("other");
    assert_eq!(remove(&folder.open, b"missing", &mut other), Err(Failure::Changed));
    holds(&folder, &[("other", "other")]);
}

#[test]
fn a_name_that_is_taken_again_while_the_old_one_is_looked_at_keeps_both() {
    let folder = Folder::of(&[("name", "old")]);
    let mut watched = folder.watch("name");
    let twice = || fs::write(folder.path("name"), "newest").expect("a new file");
    let mut meanwhile =
        Meanwhile { watched: &mut watched, before: &|| save(&folder), after: &twice };
    let Err(Failure::Aside(kept)) = remove(&folder.open, b"name", &mut meanwhile) else {
        panic!("two states, of which one has the name");
    };
    let kept = String::from_utf8(kept).expect("a plain name");
    holds(&folder, &[("name", "newest"), (&kept, "their")]);
}

#[test]
fn an_empty_directory_is_removed_and_one_that_holds_something_stays() {
    let folder = Folder::of(&[]);
    fs::create_dir(folder.path("empty")).expect("a directory");
    fs::create_dir(folder.path("full")).expect("a directory");
    fs::write(folder.path("full/f"), "1").expect("a file");
    assert_eq!(remove(&folder.open, b"empty", &mut folder.seen("empty")), Ok(()));
    let full = remove(&folder.open, b"full", &mut folder.seen("full"));
    assert_eq!(full, Err(Failure::System(Errno::NOTEMPTY)));
    assert!(!folder.path("empty").exists());
    holds(&folder, &[("full/f", "1")]);
}

#[test]
fn leftovers_go_where_nothing_is_lost_with_them() {
    let folder = Folder::of(&[
        (".etabli~0123456789abcdef", "being made"),
        (".etabli-0123456789abcdef", "perhaps the only copy"),
        (".etabli-0000000000000001", "linked to"),
        (".etabli-notes", "of somebody"),
        ("kept", "linked to"),
        ("two", "names"),
    ]);
    std::os::unix::fs::symlink("kept", folder.path("link")).expect("a link");
    std::os::unix::fs::symlink("kept", folder.path(".etabli-0000000000000002")).expect("a link");
    fs::hard_link(folder.path("two"), folder.path(".etabli-0000000000000003")).expect("a name");
    let own = File::create(folder.path("own")).expect("a file").metadata().expect("its status");
    fs::rename(folder.path("own"), folder.path(&format!(".etabli-{:016x}", own.ino())))
        .expect("a name for its inode");

    leftovers::clean_all(&folder.open).expect("a clean directory");

    holds(
        &folder,
        &[
            (".etabli-0123456789abcdef", "perhaps the only copy"),
            (".etabli-notes", "of somebody"),
            ("kept", "linked to"),
            ("link", "-> kept"),
            ("two", "names"),
        ],
    );
}

#[test]
fn what_has_changed_places_goes_where_the_other_one_holds_all_of_it() {
    for (left, other, stays) in [("same", "same", false), ("same", "else", true)] {
        let folder = Folder::of(&[("name", other), ("third", "same")]);
        let inode = fs::metadata(folder.path("name")).expect("its status").ino();
        let leftover = format!(".etabli-{inode:016x}");
        fs::write(folder.path(&leftover), left).expect("a leftover");

        leftovers::clean_all(&folder.open).expect("a clean directory");

        assert_eq!(folder.path(&leftover).exists(), stays, "{other}");
    }
}

#[test]
fn what_was_moved_aside_comes_back_and_is_kept_where_its_name_is_taken() {
    let folder = Folder::of(&[("taken", "newer"), ("kept", "same")]);
    std::os::unix::fs::symlink("kept", folder.path("link")).expect("a link");
    for (number, name, content) in [(1, "free", "old"), (2, "taken", "old"), (3, "link", "same")] {
        let shelf = folder.path(&format!(".etabli+000000000000000{number}"));
        fs::create_dir(&shelf).expect("a directory");
        fs::write(shelf.join(name), content).expect("what was moved");
    }
    fs::create_dir(folder.path(".etabli+0000000000000004")).expect("an empty one");

    leftovers::clean_all(&folder.open).expect("a clean directory");

    holds(
        &folder,
        &[
            (".etabli+0000000000000002/taken", "old"),
            ("free", "old"),
            ("kept", "same"),
            ("link", "-> kept"),
            ("taken", "newer"),
        ],
    );
    assert!(!folder.path(".etabli+0000000000000004").exists());
}
