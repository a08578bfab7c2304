//! Calls that fail: nothing is lost, a message says why, and a run without the fault ends the work.

mod strace;
mod support;

use strace::{Call, Fault, leftovers, readable};
use support::{Tree, with_own_mounts};

/// Calls that may fail on a real disk, for files and directories.
const MAY_FAIL: &[&str] = &[
    "flock",
    "openat",
    "openat2",
    "read",
    "write",
    "statx",
    "readlinkat",
    "symlinkat",
    "linkat",
    "renameat",
    "renameat2",
    "unlinkat",
    "fsync",
    "fdatasync",
    "getdents64",
    "flistxattr",
    "fgetxattr",
    "mkdirat",
    "fchmod",
    "utimensat",
    "mkdir",
];

fn files() -> Tree {
    Tree::of(&[("a/f", "the same"), ("b/f", "the same"), ("c/f", "other"), ("d/f", "other")])
}

fn directories() -> Tree {
    let files = [("a/one/f", "1"), ("a/one/sub/g", "2"), ("b/one/f", "1"), ("b/one/sub/g", "2")];
    Tree::of(&files)
}

fn failing_anywhere(make: fn() -> Tree, arguments: &[&str], error: &'static str) {
    if !strace::is_possible() {
        return;
    }
    let done = make();
    let mut calls = strace::calls(&done, arguments);
    calls.retain(|call| MAY_FAIL.contains(&&*call.name));
    for call in strace::chosen(calls) {
        let tree = make();
        let before = readable(&tree);

        let run = strace::run(&tree, arguments, &call, Fault::Error(error));
        assert!(matches!(run.code, Some(0 | 2)), "{call:?} fails: {run:?}");
        assert_eq!(readable(&tree), before, "{call:?} fails");
        if run.code == Some(2) {
            assert!(run.stderr.contains("because: "), "{call:?} fails: {}", run.stderr);
        }

        let again = tree.clink(arguments);
        assert_eq!(again.code, Some(0), "after {call:?} failed: {}", again.stderr);
        assert_eq!(readable(&tree), before, "after {call:?} failed");
        assert_eq!(tree.links(), done.links(), "after {call:?} failed");
        assert!(leftovers(&tree).is_empty(), "after {call:?} failed: {:?}", leftovers(&tree));
    }
}

#[test]
fn a_disk_that_cannot_be_read_or_written() {
    failing_anywhere(files, &["."], "EIO");
}

#[test]
fn a_full_disk() {
    failing_anywhere(files, &["."], "ENOSPC");
}

#[test]
fn a_disk_that_becomes_read_only() {
    failing_anywhere(files, &["--hard", "."], "EROFS");
}

#[test]
fn a_full_disk_beneath_whole_directories() {
    failing_anywhere(directories, &["--directories", "."], "ENOSPC");
}

#[test]
fn a_failing_disk_beneath_whole_directories() {
    failing_anywhere(directories, &["--directories", "."], "EIO");
}

#[test]
fn where_a_file_can_have_no_more_names_its_copy_stays_and_the_rest_goes_on() {
    if !strace::is_possible() {
        return;
    }
    let tree = files();
    let before = tree.state();
    let first = Call { name: "linkat".to_owned(), number: 1 };

    let run = strace::run(&tree, &["--hard", "."], &first, Fault::Error("EMLINK"));

    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.contains("1 file became a hard link"), "{}", run.stdout);
    assert_eq!(tree.undo().code, Some(0));
    assert_eq!(tree.state(), before);
}

#[test]
fn the_first_ctrl_c_ends_the_run_after_the_link_at_hand() {
    if !strace::is_possible() {
        return;
    }
    let tree = files();
    let state = tree.state();
    let first = Call { name: "symlinkat".to_owned(), number: 1 };

    let run = strace::run(&tree, &["."], &first, Fault::Signal("INT"));

    assert_eq!(run.code, Some(130), "{}", run.stderr);
    assert_eq!(tree.links().len(), 1);
    let undone = tree.undo();
    assert_eq!(undone.code, Some(0), "{}", undone.stderr);
    assert_eq!(tree.state(), state);
}

#[test]
fn a_file_system_without_room_for_a_link_keeps_its_files() {
    let tree = Tree::of(&[]);
    let script = "mkdir full && mount -t tmpfs -o nr_inodes=6 none full && mkdir full/a full/b && \
        echo same > full/a/f && echo same > full/b/f && echo x > full/x; \
        code=0; $CLINK full || code=$?; cat full/a/f full/b/f; exit $code";
    let Some(run) = with_own_mounts(&tree, script) else { return };
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("no space left on device"), "{}", run.stderr);
    assert!(run.stdout.ends_with("same\nsame\n"), "{}", run.stdout);
}

#[test]
fn without_room_for_the_journal_nothing_is_linked() {
    let tree = files();
    let script = "mkdir ../home/full && mount -t tmpfs -o size=4k none ../home/full && \
        head -c 4096 /dev/zero > ../home/full/x; $CLINK --journal ../home/full/journal .";
    let Some(run) = with_own_mounts(&tree, script) else { return };
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("journal"), "{}", run.stderr);
    assert!(tree.links().is_empty());
}

#[test]
fn a_read_only_file_system_stays_as_it_is() {
    let tree = files();
    let script =
        "mount --bind . . && mount -o remount,ro,bind . && cd . && cd \"$PWD\" && $CLINK .";
    let Some(run) = with_own_mounts(&tree, script) else { return };
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("read-only file system"), "{}", run.stderr);
    assert!(tree.links().is_empty());
}

#[test]
fn a_result_that_cannot_be_written_is_an_error_and_a_message_that_cannot_is_none() {
    let tree = files();
    let full = || std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let to_nowhere = tree.command(&["--dry-run", "."]).stdout(full()).output().expect("clink");
    assert_eq!(to_nowhere.status.code(), Some(2));
    let unheard = tree.command(&["missing"]).stderr(full()).output().expect("clink");
    assert_eq!(unheard.status.code(), Some(2));
}
