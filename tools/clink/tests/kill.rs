//! SIGKILL before every system call of a run: no name and no byte is lost, the next run ends the
//! work and cleans up, and undo brings everything back.

mod strace;
mod support;

use strace::{Fault, leftovers, readable};
use support::{Run, Tree};

fn files() -> Tree {
    let tree = Tree::of(&[("a/f", "the same"), ("b/f", "the same"), ("c/d/f", "the same")]);
    tree.hard_link("b/f", "b/g").date("b/f", 1_000_000_000).date("b", 1_100_000_000);
    tree
}

fn directories() -> Tree {
    let tree = Tree::of(&[
        ("a/one/f", "the same"),
        ("a/one/sub/g", "another"),
        ("b/one/f", "the same"),
        ("b/one/sub/g", "another"),
    ]);
    tree.link("a/one/to", "f").link("b/one/to", "f").date("b/one/f", 1_000_000_000);
    tree
}

/// Takes back all runs that got so far as to write a journal, the last one first.
fn take_back_all(tree: &Tree) -> Vec<Run> {
    let mut journals = tree.journals();
    journals.sort_by_key(|path| path.metadata().and_then(|status| status.modified()).ok());
    let begun = |path: &std::path::PathBuf| std::fs::read(path).is_ok_and(|it| it.contains(&b'\n'));
    let undo = |path: std::path::PathBuf| tree.clink(&["--undo", path.to_str().expect("plain")]);
    journals.into_iter().filter(begun).rev().map(undo).collect()
}

fn killed_anywhere(make: fn() -> Tree, arguments: &[&str]) {
    if !strace::is_possible() {
        return;
    }
    let done = make();
    let calls = strace::chosen(strace::calls(&done, arguments));
    let points = calls.len();
    let mut killed = 0;
    for call in calls {
        let tree = make();
        let (before, state) = (readable(&tree), tree.state());

        let run = strace::run(&tree, arguments, &call, Fault::Kill);
        killed += usize::from(run.code.is_none());
        assert_eq!(readable(&tree), before, "killed at {call:?}");

        let again = tree.clink(arguments);
        assert_eq!(again.code, Some(0), "after {call:?}: {}", again.stderr);
        assert_eq!(readable(&tree), before, "run again after {call:?}");
        assert_eq!(tree.links(), done.links(), "after {call:?}");
        assert!(leftovers(&tree).is_empty(), "after {call:?}: {:?}", leftovers(&tree));

        for undone in take_back_all(&tree) {
            assert_eq!(undone.code, Some(0), "after {call:?}: {}", undone.stderr);
        }
        assert_eq!(tree.state(), state, "undone after {call:?}");
    }
    assert!(killed * 10 >= points * 9, "only {killed} of {points} were killed");
}

fn undo_killed_anywhere(make: fn() -> Tree, arguments: &[&str]) {
    if !strace::is_possible() {
        return;
    }
    let linked = || {
        let tree = make();
        let state = tree.state();
        let run = tree.clink(&[arguments, &["--journal", "../home/journal"]].concat());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        (tree, state)
    };
    let undo = ["--undo", "../home/journal"];
    for call in strace::chosen(strace::calls(&linked().0, &undo)) {
        let (tree, state) = linked();
        let before = readable(&tree);

        strace::run(&tree, &undo, &call, Fault::Kill);
        assert_eq!(readable(&tree), before, "killed at {call:?}");

        let again = tree.clink(&undo);
        assert_eq!(again.code, Some(0), "after {call:?}: {}", again.stderr);
        assert_eq!(tree.state(), state, "after {call:?}");
    }
}

#[test]
fn symbolic_links() {
    killed_anywhere(files, &["."]);
}

#[test]
fn hard_links() {
    killed_anywhere(files, &["--hard", "."]);
}

#[test]
fn whole_directories() {
    killed_anywhere(directories, &["--directories", "."]);
}

#[test]
fn undo_of_files() {
    undo_killed_anywhere(files, &["."]);
}

#[test]
fn undo_of_hard_links() {
    undo_killed_anywhere(files, &["--hard", "."]);
}

#[test]
fn undo_of_directories() {
    undo_killed_anywhere(directories, &["--directories", "."]);
}
