//! `shrink make --in-place` and `shrink undo`, disturbed at every system call: killed, refused by the
//! disk, and with somebody else at work in the same root.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use testkit::syscalls::{self, Deed, Operation, Place};

/// A small root in which files go, change, are shared and stay.
fn fill(place: &Place) {
    let root = place.tree();
    for directory in ["bin", "etc", "opt", "usr/share/doc/tool", "usr/share/tool", "tmp"] {
        fs::create_dir_all(root.join(directory)).expect("a directory");
    }
    fs::write(root.join("usr/share/doc/tool/README"), "read me, please").expect("a file");
    fs::hard_link(root.join("usr/share/doc/tool/README"), root.join("opt/README")).expect("a link");
    symlink("../../../../etc/motd", root.join("usr/share/doc/tool/LIESMICH")).expect("a link");
    for name in ["one", "two"] {
        fs::write(root.join("usr/share/tool").join(name), vec![b'x'; 5000]).expect("a file");
    }
    fs::write(root.join("etc/motd"), "welcome to the root").expect("a file");
    fs::copy(unstripped(), root.join("bin/tool")).expect("a program");
}

/// A program with debugging information, made once.
fn unstripped() -> &'static Path {
    static MADE: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (source, made) = (directory.join("disturbed.c"), directory.join("disturbed"));
        fs::write(&source, "void _start(void) {}").expect("a source");
        let [source, words] = [&source, &made].map(|path| path.to_str().expect("text").to_owned());
        support::output("cc", &["-g", "-nostdlib", "-static", "-o", &words, &source]);
        made
    })
}

fn shrink(place: &Place, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shrink"));
    command.args(words).current_dir(place.home()).env("TMPDIR", place.home());
    command
}

fn make(place: &Place) -> Command {
    shrink(place, &["make", "../tree", "--in-place", "--archive", "kept.tar", "--quiet"])
}

fn undo(place: &Place) -> Command {
    shrink(place, &["undo", "kept.tar", "../tree", "--quiet"])
}

/// Undoes where there is something to undo.
fn undo_if_begun(place: &Place) -> Command {
    let mut command = Command::new("sh");
    let script = "[ ! -e kept.tar ] || exec \"$0\" undo kept.tar ../tree --quiet";
    command.args(["-c", script, env!("CARGO_BIN_EXE_shrink")]).current_dir(place.home());
    command
}

fn made(place: &Place) {
    fill(place);
    assert!(make(place).status().expect("shrink runs").success());
}

/// What somebody may have changed meanwhile.
const THEIRS: &[&str] = &["usr/share/doc/tool/README", "usr/share/tool/two", "bin/tool"];

const MAKE: Operation<'_> = Operation {
    prepare: &fill,
    command: &make,
    // Before its first lock it has read the root, and only builds elsewhere.
    begins: Some("flock"),
    theirs: THEIRS,
    again: Some(&undo_if_begun),
    gives: syscalls::Gives::Before,
    ..Operation::NONE
};

const UNDO: Operation<'_> = Operation {
    prepare: &made,
    command: &undo,
    theirs: &["bin/tool", "usr/share/doc/tool/README"],
    again: Some(&undo),
    ..Operation::NONE
};

/// Somebody at work beside a command: with all files and in all ways where the long proofs are asked
/// for, otherwise with the first of them in two ways, one that keeps the file and one that does not.
fn shared(operation: Operation<'_>, files: usize) {
    let operation = Operation { again: None, ..operation };
    if testkit::is_full() {
        return operation.shared();
    }
    Operation { theirs: &operation.theirs[..files], ..operation }
        .shared_with(&[Deed::Lengthen, Deed::Replace]);
}

fn can_trace() -> bool {
    match syscalls::why_not() {
        None => true,
        Some(why) => {
            testkit::skip(why);
            false
        }
    }
}

#[test]
fn a_kill_at_any_call_loses_nothing() {
    if can_trace() {
        MAKE.killed();
    }
}

#[test]
fn a_disk_that_is_full_or_damaged_loses_nothing() {
    if can_trace() {
        MAKE.failing("ENOSPC");
    }
}

#[test]
fn what_somebody_does_meanwhile_stays() {
    if can_trace() {
        shared(MAKE, 2);
    }
}

#[test]
fn a_kill_of_undo_at_any_call_loses_nothing() {
    if can_trace() {
        UNDO.killed();
    }
}

#[test]
fn undo_on_a_disk_that_is_full_or_damaged_loses_nothing() {
    if can_trace() {
        UNDO.failing("EIO");
    }
}

#[test]
fn what_somebody_does_while_undo_is_at_work_stays() {
    if can_trace() {
        shared(UNDO, 1);
    }
}
