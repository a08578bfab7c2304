//! `--hard`: one inode under all names.

mod support;

use std::path::Path;

use support::Tree;

fn inode(tree: &Tree, path: &str) -> u64 {
    tree.entries()[Path::new(path)].inode
}

#[test]
fn copies_become_names_of_one_file() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same"), ("b/g", "another")]);

    let run = tree.clink(&["--hard", "."]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(inode(&tree, "a/f"), inode(&tree, "b/f"));
    assert!(tree.links().is_empty());
    assert!(run.stdout.contains("1 file became a hard link"), "{}", run.stdout);
}

#[test]
fn a_second_run_changes_nothing() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same"), ("c/f", "same")]);
    tree.clink(&["--hard", "."]);
    let after_the_first = tree.entries();

    let second = tree.clink(&["--hard", "."]);

    assert!(second.stdout.contains("nothing linked"), "{}", second.stdout);
    assert_eq!(tree.entries(), after_the_first);
}

#[test]
fn the_kept_file_stays_as_it_was() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    tree.date("a/f", 1_000_000_000);
    let before = tree.entries()[Path::new("a/f")].clone();

    tree.clink(&["--hard", "."]);

    assert_eq!(tree.entries()[Path::new("a/f")], before);
}

#[test]
fn two_files_with_two_names_each_become_one_with_four() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    tree.hard_link("a/f", "a/g").hard_link("b/f", "b/g");

    tree.clink(&["--hard", "."]);

    let inodes = ["a/f", "a/g", "b/f", "b/g"].map(|path| inode(&tree, path));
    assert_eq!(inodes, [inodes[0]; 4]);
}

#[test]
fn a_later_symbolic_run_leaves_hard_links_alone() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    tree.clink(&["--hard", "."]);
    let before = tree.entries();

    let run = tree.clink(&["."]);

    assert!(run.stdout.contains("nothing linked"), "{}", run.stdout);
    assert_eq!(tree.entries(), before);
}

#[test]
fn files_with_other_metadata_do_not_become_one() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    tree.chmod("b/f", 0o600);

    assert_eq!(tree.left_alone(&["--hard", "."]), ["./b/f: metadata"]);
    assert!(tree.planned(&["--hard", "."]).is_empty());
}

#[test]
fn other_kinds_of_links_are_refused_beside_it() {
    let tree = Tree::of(&[("a", "same")]);

    for other in ["--reflink", "--directories"] {
        let run = tree.clink(&["--hard", other, "."]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
    }
}
