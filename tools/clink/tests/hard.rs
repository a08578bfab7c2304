//! `--hard`: one inode under all names.

mod support;

use std::path::Path;

use support::Tree;
use support::image::Image;

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

/// On ext4 a file has 65,000 names at most: the kept one has all but one already.
#[test]
fn where_a_file_cannot_have_more_names_another_copy_is_kept_for_the_rest() {
    let Some(image) = Image::made_by(&["mkfs.ext4", "-q"]) else { return };
    let tree = image.tree();
    for name in ["a", "b", "c", "d", "e"] {
        tree.write(format!("tree/{name}"), b"the same");
    }
    tree.mkdir("names");
    for number in 1..64_999 {
        let name = tree.path(format!("names/{number}"));
        std::fs::hard_link(tree.path("tree/a"), name).expect("a further name");
    }
    let before = tree.state();

    let run = tree.clink(&["--hard", "tree"]);

    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let inode = |name: &str| inode(&tree, &format!("tree/{name}"));
    assert_eq!(inode("a"), inode("b"), "its last name");
    assert_ne!(inode("a"), inode("c"));
    assert_eq!([inode("d"), inode("e")], [inode("c"); 2], "the next copy is kept");
    assert_eq!(tree.undo().code, Some(0));
    assert_eq!(tree.state(), before);
}
