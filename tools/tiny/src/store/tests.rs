//! The store by itself, and disturbed at every system call.

use std::process::Command;

use testkit::syscalls::{self, Operation, Place};

use super::*;

/// Names a directory: then the test binary does the work that the harness disturbs.
const STORE: &str = "TINY_TESTS_STORE";

fn hold<'a>(directory: &Path, line: &'a Line) -> (Store<'a>, Held) {
    let store = Store::open(Some(directory), line).expect("a store");
    let held = store.hold("things", &Key::new().and("this")).expect("a place");
    (store, held)
}

#[test]
fn what_is_made_once_is_not_made_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let line = Line::new(crate::messages::VOICE, ui::Show::Nothing);
    let (_store, held) = hold(directory.path(), &line);

    let failed = held.once("thing", |_| anyhow::bail!("the disk is full"));
    assert_eq!(failed.expect_err("it failed").to_string(), "the disk is full");
    let first = held.once("thing", |place| Ok(fs::write(place, "made")?)).expect("a thing");
    let second = held.once("thing", |_| panic!("it is there")).expect("a thing");

    assert_eq!(first, second);
    assert_eq!(fs::read_to_string(second).expect("it is there"), "made");
}

#[test]
fn the_borders_of_what_a_key_is_made_of_count() {
    assert_ne!(Key::new().and("ab").and("c").text(), Key::new().and("a").and("bc").text());
    assert_eq!(Key::new().and("ab").text(), Key::new().and_all(["ab"]).text());
}

#[test]
fn whatever_changes_in_a_directory_breaks_its_seal() {
    let directory = tempfile::tempdir().expect("a directory");
    let line = Line::new(crate::messages::VOICE, ui::Show::Nothing);
    let (_store, held) = hold(directory.path(), &line);
    let make = || {
        let made = held.once("thing", |place| {
            fs::create_dir(place)?;
            fs::write(place.join("file"), "made")?;
            Ok(std::os::unix::fs::symlink("file", place.join("link"))?)
        });
        made.expect("a thing")
    };
    let thing = make();
    let damages: [fn(&Path) -> io::Result<()>; 5] = [
        |thing| fs::write(thing.join("file"), "Made"),
        |thing| fs::write(thing.join("more"), ""),
        |thing| fs::rename(thing.join("file"), thing.join("life")),
        |thing| fs::remove_file(thing.join("link")),
        |thing| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(thing.join("file"), mode)
        },
    ];
    for damage in damages {
        damage(&thing).expect("it is damaged");
        make();
        assert_eq!(fs::read_to_string(thing.join("link")).expect("a link"), "made");
        assert_eq!(fs::read_dir(&thing).expect("a directory").count(), 2);
    }
}

#[test]
fn a_workplace_goes_on_after_a_kill_but_not_after_a_crash() {
    let directory = tempfile::tempdir().expect("a directory");
    let line = Line::new(crate::messages::VOICE, ui::Show::Nothing);
    let (_store, held) = hold(directory.path(), &line);
    let object = held.path().join("objects/a.o");
    let work = || held.workplace("objects").expect("a workplace");

    fs::write(work().path().join("a.o"), "half").expect("an object");
    let going_on = work();
    assert!(object.exists());

    going_on.seal().expect("it is sealed");
    let sealed = work();
    assert!(object.exists());
    sealed.seal().expect("it is sealed");
    fs::write(&object, "hALF").expect("it is damaged");
    work();
    assert!(!object.exists());

    fs::write(&object, "half").expect("an object");
    fs::write(held.path().join("objects.begun"), "before the machine went down").expect("a file");
    work();
    assert!(!object.exists());
}

/// The work of the harness: it makes a thing, and another one that was damaged anew.
#[test]
fn a_thing_of_the_harness_is_made() {
    let Some(directory) = env::var_os(STORE) else { return };
    let line = Line::new(crate::messages::VOICE, ui::Show::Nothing);
    let (_store, held) = hold(Path::new(&directory), &line);
    for name in ["new", "damaged"] {
        let make = |place: &Path| {
            make_directory(place)?;
            Ok(fs::write(place.join("content"), name)?)
        };
        held.once(name, make).expect("a thing");
    }
}

fn work(place: &Place) -> Command {
    let mut command = Command::new(env::current_exe().expect("the tests"));
    command.args(["--exact", "store::tests::a_thing_of_the_harness_is_made"]);
    // Then it is the main thread that works.
    command.arg("--test-threads=1").env(STORE, place.tree());
    command
}

fn damaged(place: &Place) {
    work(place).output().expect("the tests run");
    let line = Line::new(crate::messages::VOICE, ui::Show::Nothing);
    let (_store, held) = hold(&place.tree(), &line);
    fs::write(held.path().join("damaged/content"), "daMaged").expect("it is damaged");
    fs::remove_dir_all(held.path().join("new")).expect("it is removed");
    fs::remove_file(held.path().join("new.seal")).expect("it is removed");
}

#[test]
fn a_thing_is_whole_or_not_there_whenever_a_build_is_killed() {
    if !testkit::can(syscalls::why_not().is_none(), "system calls cannot be traced here") {
        return;
    }
    let operation = Operation {
        prepare: &damaged,
        command: &work,
        again: Some(&work),
        codes: &[2, 101],
        ..Operation::NONE
    };
    operation.killed();
    operation.failing("ENOSPC");
}

#[test]
fn who_has_to_wait_for_another_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("lock");
    let mut ours = Some(File::create(&path).expect("a file"));
    take(ours.as_ref().expect("it is ours"), || panic!("nobody has it")).expect("a lock");

    let mut said = false;
    let theirs = File::open(&path).expect("a file");
    take(&theirs, || {
        said = true;
        ours = None;
    })
    .expect("a lock");

    assert!(said);
}
