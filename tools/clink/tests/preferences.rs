//! Which copy is kept, and between which arguments links are made, is the user's to say.

mod support;

use support::Tree;

fn three_copies() -> Tree {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same"), ("c/deep/f", "same")]);
    tree.date("a/f", 1_100_000_000).date("b/f", 1_000_000_000).date("c/deep/f", 1_200_000_000);
    tree
}

#[test]
fn the_copy_below_a_directory_to_keep_stays() {
    let tree = three_copies();

    assert_eq!(
        tree.planned(&["--keep", "c", "."]),
        ["./a/f -> ../c/deep/f", "./b/f -> ../c/deep/f"]
    );
    assert_eq!(
        tree.planned(&["--keep", "b", "--keep", "c", "."]),
        ["./c/deep/f -> ../../b/f", "./a/f -> ../b/f"]
    );
}

#[test]
fn the_directory_to_keep_stays_when_whole_ones_are_linked() {
    let tree = Tree::of(&[("a/lib/f", "same"), ("b/lib/f", "same")]);

    assert_eq!(tree.planned(&["--directories", "."]), ["./b -> a"]);
    assert_eq!(tree.planned(&["--directories", "--keep", "b", "."]), ["./a -> b"]);
}

#[test]
fn the_newest_or_the_oldest_copy_stays() {
    let tree = three_copies();

    assert_eq!(tree.planned(&["--newest", "."]), ["./a/f -> ../c/deep/f", "./b/f -> ../c/deep/f"]);
    assert_eq!(tree.planned(&["--oldest", "."]), ["./a/f -> ../b/f", "./c/deep/f -> ../../b/f"]);
    assert_eq!(tree.clink(&["--newest", "--oldest", "."]).code, Some(2));
}

#[test]
fn a_second_run_with_the_same_preferences_does_nothing() {
    for options in [&["--newest"][..], &["--oldest"], &["--keep", "c"]] {
        let tree = three_copies();
        tree.clink(&[options, &["."]].concat());
        let again = tree.clink(&[options, &["."]].concat());
        assert!(again.stdout.contains("nothing linked"), "{options:?}: {}", again.stdout);
    }
}

#[test]
fn within_each_makes_no_link_from_one_argument_into_another() {
    let tree = Tree::of(&[("a/1", "same"), ("a/2", "same"), ("b/1", "same"), ("b/2", "same")]);

    assert_eq!(tree.planned(&["a", "b"]).len(), 3);
    for options in [&["--within-each"][..], &["--within-each", "--all"]] {
        let arguments = [options, &["a", "b"]].concat();
        assert_eq!(tree.planned(&arguments), ["a/2 -> 1", "b/2 -> 1"]);
        assert_eq!(tree.left_alone(&arguments), ["b/1: argument"]);
    }
    assert_eq!(tree.planned(&["--within-each", "--hard", "a", "b"]).len(), 2);
    assert_eq!(tree.planned(&["--within-each", "--mixed", "a", "b"]).len(), 2);

    let twins = Tree::of(&[("a/x/f", "same"), ("b/x/f", "same")]);
    assert!(twins.planned(&["--within-each", "--directories", "a", "b"]).is_empty());
}

#[test]
fn a_directory_to_keep_that_does_not_exist_is_an_error() {
    let tree = three_copies();

    let run = tree.clink(&["--keep", "missing", "."]);

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("clink: cannot find `missing`, which is to be kept\n"));
    assert!(tree.links().is_empty());
}
