//! Somebody else is at work in the tree: at whatever moment it happens, what they did stays.

mod strace;
mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use strace::{Call, interrupted, leftovers, readable};
use support::{Run, Tree};

fn files() -> Tree {
    let tree = Tree::of(&[("a/f", "the same"), ("b/c/f", "the same"), ("d/f", "the same")]);
    for path in ["a/f", "b/c/f", "d/f"] {
        tree.date(path, 1_000_000_000);
    }
    tree
}

/// Where a change is still seen: everywhere but between the last look and the rename, the three
/// calls before it.
fn noticed(calls: &[Call]) -> Vec<Call> {
    let renames = |call: &Call| call.name.starts_with("rename");
    let window = |index: usize| calls.iter().skip(index + 1).take(3).any(renames);
    let outside = calls.iter().enumerate().filter(|&(index, _)| !window(index));
    strace::chosen(outside.map(|(_, call)| call.clone()).collect())
}

/// A further name changes the same time of a file as an edit does, so the last look is two calls
/// before it is made, and the next one after the rename.
fn noticed_by_hard_links(calls: &[Call]) -> Vec<Call> {
    let mut window = vec![false; calls.len()];
    let mut look = 0;
    for (index, call) in calls.iter().enumerate() {
        if call.name == "linkat" {
            look = index.saturating_sub(2);
        } else if call.name.starts_with("rename") {
            window[look..=index].fill(true);
        }
    }
    let outside = calls.iter().zip(window).filter(|(_, inside)| !inside);
    strace::chosen(outside.map(|(call, _)| call.clone()).collect())
}

/// Up to the exchange of a directory and its link; what happens then is looked for afterwards.
fn before_the_exchange(calls: &[Call]) -> Vec<Call> {
    let exchange = calls.iter().position(|call| call.name == "renameat2").expect("an exchange");
    strace::chosen(calls[..exchange].to_vec())
}

/// Whenever it happens: what could be read right afterwards can be read at the end.
fn whenever(
    make: fn() -> Tree,
    arguments: &[&str],
    noticed: fn(&[Call]) -> Vec<Call>,
    happens: fn(&Tree),
) {
    if !strace::is_possible() {
        return;
    }
    let mut stopped = 0;
    for call in noticed(&strace::calls(&make(), arguments)) {
        let tree = make();
        let mut afterwards = readable(&tree);
        let run = interrupted(&tree, arguments, &call, || {
            happens(&tree);
            afterwards = readable(&tree);
        });
        let Some(run) = run else { continue };
        stopped += 1;
        assert!(matches!(run.code, Some(0 | 2)), "stopped at {call:?}: {run:?}");
        assert_eq!(readable(&tree), afterwards, "stopped at {call:?}: {}", run.stderr);
    }
    assert!(stopped > 5, "clink was stopped only {stopped} times");
}

#[test]
fn a_copy_is_edited_and_looks_as_old_as_before() {
    whenever(files, &["."], noticed, |tree| {
        tree.write("b/c/f", b"edited !").date("b/c/f", 1_000_000_000);
    });
}

#[test]
fn the_kept_file_is_edited_and_looks_as_old_as_before() {
    whenever(files, &["."], noticed, |tree| {
        tree.write("a/f", b"edited !").date("a/f", 1_000_000_000);
    });
}

#[test]
fn the_kept_file_is_replaced() {
    whenever(files, &["."], noticed, |tree| {
        tree.write("a/new", b"edited !").date("a/new", 1_000_000_000);
        fs::rename(tree.path("a/new"), tree.path("a/f")).expect("a new file in its place");
    });
}

#[test]
fn the_kept_file_is_deleted() {
    whenever(files, &["."], noticed, |tree| {
        fs::remove_file(tree.path("a/f")).expect("a file to delete");
    });
}

#[test]
fn a_copy_becomes_a_directory() {
    whenever(files, &["."], noticed, |tree| {
        fs::remove_file(tree.path("b/c/f")).expect("a file to delete");
        tree.write("b/c/f/inside", b"new");
    });
}

#[test]
fn a_directory_becomes_a_link_out_of_the_tree() {
    whenever(files, &["."], noticed, |tree| {
        let outside = tree.home().join("outside");
        fs::rename(tree.path("b/c"), outside).expect("a directory that moves");
        symlink("../../home/outside", tree.path("b/c")).expect("a link in its place");
    });
}

#[test]
fn a_copy_grows() {
    whenever(files, &["."], noticed, |tree| {
        tree.write("d/f", b"the same and some more");
    });
}

#[test]
fn a_hard_link_is_not_made_of_an_edited_file() {
    whenever(files, &["--hard", "."], noticed_by_hard_links, |tree| {
        tree.write("a/f", b"edited !").date("a/f", 1_000_000_000);
    });
}

fn directories() -> Tree {
    Tree::of(&[("a/one/f", "1"), ("a/one/g", "2"), ("b/one/f", "1"), ("b/one/g", "2")])
}

#[test]
fn a_file_is_edited_in_a_directory_that_becomes_a_link() {
    whenever(directories, &["--directories", "."], before_the_exchange, |tree| {
        tree.write("b/one/f", b"3");
    });
}

#[test]
fn a_file_is_added_to_a_directory_that_becomes_a_link() {
    whenever(directories, &["--directories", "."], before_the_exchange, |tree| {
        tree.write("b/one/new", b"3");
    });
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
