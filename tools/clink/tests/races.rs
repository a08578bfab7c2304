//! Somebody else is at work in the tree: at whatever moment it happens, between the last look and the
//! exchange too, what they did stays.

mod strace;
mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use strace::{interrupted, leftovers, readable};
use support::{Run, Tree};
use testkit::syscalls::{Deed, Operation, Place};

fn files() -> Tree {
    let tree = Tree::of(&[("a/f", "the same"), ("b/c/f", "the same"), ("d/f", "the same")]);
    for path in ["a/f", "b/c/f", "d/f"] {
        tree.date(path, 1_000_000_000);
    }
    tree
}

/// Whenever it happens: what could be read right afterwards can be read at the end.
fn whenever(make: fn() -> Tree, arguments: &[&str], happens: fn(&Tree)) {
    if !strace::is_possible() {
        return;
    }
    let mut stopped = 0;
    for call in strace::chosen(strace::calls(&make(), arguments)) {
        let tree = make();
        let before = readable(&tree);
        let mut afterwards = before.clone();
        let run = interrupted(&tree, arguments, &call, || {
            happens(&tree);
            afterwards = readable(&tree);
        });
        let Some(run) = run else { continue };
        stopped += 1;
        assert!(matches!(run.code, Some(0 | 2)), "stopped at {call:?}: {run:?}");
        let now = readable(&tree);
        for (path, content) in &afterwards {
            assert_eq!(now.get(path), Some(content), "stopped at {call:?}: {}", run.stderr);
        }
        // What was out of reach just then may have come back, as it was.
        for (path, content) in now.iter().filter(|(path, _)| !afterwards.contains_key(*path)) {
            assert_eq!(before.get(path), Some(content), "stopped at {call:?}: {}", run.stderr);
        }
    }
    assert!(stopped > 5, "clink was stopped only {stopped} times");
}

/// clink on the files above, with somebody at work on all three of them.
fn somebody(arguments: &[&str], deeds: &[Deed]) {
    somebody_without(&[], arguments, deeds);
}

/// The same where some calls always fail.
fn somebody_without(never: &[(&str, &str)], arguments: &[&str], deeds: &[Deed]) {
    if !strace::is_possible() {
        return;
    }
    let prepare = |place: &Place| fill(place, &["a/f", "b/c/f", "d/f"]);
    let command = |place: &Place| clink(place, arguments);
    let theirs = ["a/f", "b/c/f"];
    let operation = Operation { prepare: &prepare, command: &command, theirs: &theirs, ..LINKING };
    Operation { never, ..operation }.shared_with(deeds);
}

/// The same with the undo of a run.
fn somebody_and_the_undo(arguments: &[&str], deeds: &[Deed]) {
    if !strace::is_possible() {
        return;
    }
    let prepare = |place: &Place| {
        fill(place, &["a/f", "b/c/f", "d/f"]);
        let run = [arguments, &["--journal", "../home/journal"]].concat();
        assert!(clink(place, &run).status().is_ok_and(|status| status.success()));
    };
    let command = |place: &Place| clink(place, &["--undo", "../home/journal"]);
    let theirs = ["a/f", "b/c/f"];
    Operation { prepare: &prepare, command: &command, theirs: &theirs, ..LINKING }
        .shared_with(deeds);
}

/// Nothing is changed before the lock is taken.
const LINKING: Operation<'static> =
    Operation { begins: Some("flock"), codes: &[0, 2], ..Operation::NONE };

fn fill(place: &Place, paths: &[&str]) {
    for path in paths {
        let path = place.tree().join(path);
        fs::create_dir_all(path.parent().expect("a path in the tree")).expect("its directories");
        fs::write(path, "the same").expect("a file");
    }
}

fn clink(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clink"));
    command.arg("--trust-unknown").args(arguments).current_dir(place.tree()).env_clear();
    command.env("HOME", place.home()).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

#[test]
fn a_file_is_edited_and_looks_as_old_as_before() {
    somebody(&["."], &[Deed::Write]);
}

#[test]
fn a_file_grows_or_shrinks() {
    somebody(&["."], &[Deed::Lengthen, Deed::Shorten]);
}

#[test]
fn a_file_is_replaced_or_deleted() {
    somebody(&["."], &[Deed::Replace, Deed::Delete]);
}

#[test]
fn a_file_that_gets_further_names_is_changed() {
    somebody(&["--hard", "."], &Deed::ALL);
}

#[test]
fn a_file_is_changed_where_names_cannot_be_exchanged() {
    somebody_without(&[("renameat2", "EINVAL")], &["."], &Deed::ALL);
}

#[test]
fn a_file_is_changed_where_there_are_no_leases() {
    somebody_without(&[("fcntl", "EINVAL")], &["."], &Deed::ALL);
}

#[test]
fn a_file_is_changed_while_links_are_taken_back() {
    somebody_and_the_undo(&["."], &Deed::ALL);
}

#[test]
fn a_file_is_changed_while_hard_links_are_taken_back() {
    somebody_and_the_undo(&["--hard", "."], &Deed::ALL);
}

#[test]
fn a_copy_becomes_a_directory() {
    whenever(files, &["."], |tree| {
        fs::remove_file(tree.path("b/c/f")).expect("a file to delete");
        tree.write("b/c/f/inside", b"new");
    });
}

#[test]
fn a_directory_becomes_a_link_out_of_the_tree() {
    whenever(files, &["."], |tree| {
        let outside = tree.home().join("outside");
        fs::rename(tree.path("b/c"), outside).expect("a directory that moves");
        symlink("../../home/outside", tree.path("b/c")).expect("a link in its place");
    });
}

fn directories() -> Tree {
    Tree::of(&[("a/one/f", "1"), ("a/one/g", "2"), ("b/one/f", "1"), ("b/one/g", "2")])
}

/// clink on two equal directories, with somebody at work in them.
fn somebody_in_directories(prepare: &dyn Fn(&Place), arguments: &[&str]) {
    if !strace::is_possible() {
        return;
    }
    let command = |place: &Place| clink(place, arguments);
    let theirs = ["a/one/f", "b/one/f"];
    Operation { prepare, command: &command, theirs: &theirs, ..LINKING }.shared();
}

fn fill_directories(place: &Place) {
    fill(place, &["a/one/f", "a/one/g", "b/one/f", "b/one/g"]);
}

#[test]
fn a_file_is_changed_in_a_directory_that_becomes_a_link() {
    somebody_in_directories(&fill_directories, &["--directories", "."]);
}

#[test]
fn a_file_is_changed_in_a_directory_that_comes_back() {
    let prepare = |place: &Place| {
        fill_directories(place);
        let run = clink(place, &["--directories", "--journal", "../home/journal", "."]).status();
        assert!(run.is_ok_and(|status| status.success()));
    };
    somebody_in_directories(&prepare, &["--undo", "../home/journal"]);
}

/// Up to the exchange, that is; what happens then is looked for afterwards.
#[test]
fn a_file_is_added_to_a_directory_that_becomes_a_link() {
    if !strace::is_possible() {
        return;
    }
    let arguments = ["--directories", "."];
    let calls = strace::calls(&directories(), &arguments);
    let exchange = calls.iter().position(|call| call.name == "renameat2").expect("an exchange");
    for call in strace::chosen(calls[..exchange].to_vec()) {
        let tree = directories();
        let mut afterwards = readable(&tree);
        let run = interrupted(&tree, &arguments, &call, || {
            tree.write("b/one/new", b"3");
            afterwards = readable(&tree);
        });
        // One call more or less, where another test has the lock.
        let Some(run) = run else { continue };
        assert_eq!(readable(&tree), afterwards, "stopped at {call:?}: {}", run.stderr);
    }
}

/// A program that works in the directory puts its file where it works, under whatever name that is
/// by then.
#[test]
fn a_file_added_to_a_directory_on_its_way_out_is_never_deleted() {
    if !strace::is_possible() {
        return;
    }
    let arguments = ["--directories", "."];
    let mut calls = strace::calls(&directories(), &arguments);
    let exchange = calls.iter().position(|call| call.name == "renameat2").expect("an exchange");
    let end = calls.iter().rposition(|call| call.name == "unlinkat").expect("a removal");
    for call in calls.drain(exchange..end) {
        let tree = directories();
        interrupted(&tree, &arguments, &call, || {
            let old = leftovers(&tree).into_iter().find(|path| tree.path(path).is_dir());
            // The directory itself may be gone by now.
            if let Some(old) = old {
                fs::write(tree.path(old).join("new"), "3").expect("a new file");
            } else {
                tree.write("new", b"3");
            }
        });
        let found = tree.entries().into_iter().any(|(_, entry)| entry.content == b"3");
        assert!(found, "stopped at {call:?}");
    }
}

fn many() -> Tree {
    let tree = Tree::of(&[]);
    for directory in ["a", "b", "c"] {
        for number in 0..150 {
            let path = format!("{directory}/{number}");
            tree.write(&path, format!("content {number}").as_bytes());
        }
    }
    tree
}

#[test]
fn two_runs_with_other_preferences_do_not_harm_each_other() {
    let tree = many();
    let before = readable(&tree);
    let start = |arguments: &[&str]| {
        let mut command = tree.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("clink starts")
    };

    let runs = [start(&["a", "b"]), start(&["b", "c", "--all"]), start(&["--hard", "."])];

    for run in runs {
        let run = Run::of(&run.wait_with_output().expect("clink ends"));
        assert!(matches!(run.code, Some(0 | 2)), "{run:?}");
    }
    assert_eq!(readable(&tree), before);
    assert!(leftovers(&tree).is_empty());
}

#[test]
fn a_run_and_an_undo_at_once_do_not_harm_each_other() {
    let tree = many();
    let before = readable(&tree);
    tree.clink(&["--journal", "../home/journal", "a", "b"]);
    let start = |arguments: &[&str]| {
        let mut command = tree.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("clink starts")
    };

    let runs = [start(&["--undo", "../home/journal"]), start(&["."])];

    for run in runs {
        let run = Run::of(&run.wait_with_output().expect("clink ends"));
        assert!(matches!(run.code, Some(0 | 2)), "{run:?}");
    }
    assert_eq!(readable(&tree), before);
    assert!(leftovers(&tree).is_empty());
}
