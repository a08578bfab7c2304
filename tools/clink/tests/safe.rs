//! What clink leaves alone without being told, why, and what lifts each precaution.

mod support;

use support::Tree;
use testkit::has_root;

fn two_copies() -> Tree {
    Tree::of(&[("a/file", "the same\n"), ("b/file", "the same\n")])
}

/// Links the tree with these options and shows its links.
fn linked(tree: &Tree, options: &[&str]) -> Vec<String> {
    let run = tree.clink(&[options, &["."]].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    tree.links()
}

#[test]
fn files_with_another_mode_are_left_alone() {
    let tree = two_copies();
    tree.chmod("a/file", 0o644).chmod("b/file", 0o755);

    assert_eq!(tree.left_alone(&["."]), ["./b/file: metadata"]);
    assert!(linked(&tree, &[]).is_empty());
    assert_eq!(linked(&tree, &["--ignore-metadata"]), ["b/file -> ../a/file"]);
}

#[test]
fn files_of_another_owner_or_group_are_left_alone() {
    if !has_root() {
        return;
    }
    for (owner, group) in [(1234, 0), (0, 1234)] {
        let tree = two_copies();
        tree.chown("b/file", owner, group);

        assert_eq!(tree.left_alone(&["."]), ["./b/file: metadata"]);
        assert!(linked(&tree, &[]).is_empty());
        assert_eq!(linked(&tree, &["--ignore-metadata"]), ["b/file -> ../a/file"]);
    }
}

#[test]
fn files_with_other_extended_attributes_are_left_alone() {
    let tree = two_copies();
    if !tree.set_attribute("b/file", "user.origin", b"somewhere else") {
        return;
    }

    assert_eq!(tree.left_alone(&["."]), ["./b/file: metadata"]);
    assert!(linked(&tree, &[]).is_empty());
    assert_eq!(linked(&tree, &["--ignore-metadata"]), ["b/file -> ../a/file"]);
}

#[test]
fn files_with_the_same_extended_attributes_are_linked() {
    let tree = two_copies();
    if !tree.set_attribute("a/file", "user.origin", b"here") {
        return;
    }
    tree.set_attribute("b/file", "user.origin", b"here");

    assert_eq!(linked(&tree, &[]), ["b/file -> ../a/file"]);
}

#[test]
fn copies_that_are_alike_are_linked_beside_one_that_is_not() {
    let tree = Tree::of(&[("1", "same"), ("2", "same"), ("3", "same")]);
    tree.chmod("1", 0o600).chmod("2", 0o644).chmod("3", 0o644);

    assert_eq!(tree.left_alone(&["."]), ["./1: metadata"]);
    assert_eq!(linked(&tree, &[]), ["3 -> 2"]);
}

#[test]
fn setuid_and_setgid_files_are_never_linked() {
    for mode in [0o4755, 0o2755] {
        let tree = two_copies();
        tree.chmod("a/file", mode).chmod("b/file", mode);

        let left = ["./a/file: privileged", "./b/file: privileged"];
        assert_eq!(tree.left_alone(&["."]), left);
        for options in [&["--all"][..], &["--ignore-metadata"], &["--hard"], &["--hard", "--all"]] {
            assert!(linked(&tree, options).is_empty(), "{options:?} linked {mode:o}");
        }
        assert_eq!(tree.clink(&["--check", "--all", "."]).code, Some(0));
    }
}

#[test]
fn capability_files_are_never_linked() {
    if !has_root() {
        return;
    }
    let tree = two_copies();
    if !tree.set_capability("a/file") {
        return;
    }
    tree.set_capability("b/file");

    assert_eq!(tree.left_alone(&["."]), ["./a/file: privileged", "./b/file: privileged"]);
    for options in [&["--all"][..], &["--hard", "--all"], &["--directories", "--all"]] {
        assert!(linked(&tree, options).is_empty(), "{options:?}");
    }
}

/// fclones, rdfind and jdupes link the setuid file to root's; rmlint does the reverse.
#[test]
fn a_setuid_file_of_another_owner_and_a_plain_one_of_root_do_not_meet() {
    if !has_root() {
        return;
    }
    for setuid in ["a/file", "b/file"] {
        let tree = two_copies();
        tree.chown(setuid, 1234, 1234).chmod(setuid, 0o4755);
        let before = tree.entries();

        assert_eq!(tree.left_alone(&["."]), [format!("./{setuid}: privileged")]);
        for options in [&[][..], &["--all"], &["--hard", "--all"], &["--directories", "--all"]] {
            linked(&tree, options);
        }
        assert_eq!(tree.entries(), before);
    }
}

#[test]
fn empty_files_are_no_duplicates() {
    let tree = Tree::of(&[("a/empty", ""), ("b/empty", "")]);

    assert!(linked(&tree, &["--all", "--directories", "--min-size", "0"]).is_empty());
    assert!(tree.left_alone(&["."]).is_empty());
}

/// A name for a directory, so long that the text of a link through six of them is in no inode but
/// those of Btrfs.
fn deep(first: &str) -> String {
    [first, &["d"; 6].map(|name| name.repeat(60)).join("/")].join("/")
}

fn keeps_every_link_in_the_inode(tree: &Tree) -> bool {
    const BTRFS: rustix::fs::FsWord = 0x9123_683E;
    let found = rustix::fs::statfs(tree.root()).expect("a file system");
    !testkit::can(found.f_type != BTRFS, "on Btrfs no text of a link takes a block")
}

#[test]
fn a_link_that_takes_as_much_as_the_file_is_not_made() {
    let (one, other) = (deep("a") + "/file", deep("b") + "/file");
    let tree = Tree::of(&[(&one, "small"), (&other, "small")]);
    if keeps_every_link_in_the_inode(&tree) {
        return;
    }

    assert_eq!(tree.left_alone(&["."]), [format!("./{other}: frees_nothing")]);
    assert_eq!(tree.left_alone(&["--all", "."]), [format!("./{other}: frees_nothing")]);
    assert!(linked(&tree, &["--all"]).is_empty());
}

#[test]
fn a_large_file_is_linked_however_long_the_text() {
    let (one, other) = (deep("a") + "/file", deep("b") + "/file");
    let large = "large ".repeat(20_000);
    let tree = Tree::of(&[(&one, &large), (&other, &large)]);

    assert_eq!(linked(&tree, &[]).len(), 1);
}

#[test]
fn the_copy_is_kept_that_others_reach_with_a_short_text() {
    let (one, other) = (deep("a") + "/file", "z/file");
    let tree = Tree::of(&[(&one, "small"), (other, "small")]);

    assert_eq!(linked(&tree, &[]), [format!("{one} -> {}z/file", "../".repeat(7))]);
}

#[test]
fn a_file_with_a_name_elsewhere_is_kept_and_not_replaced() {
    let tree = Tree::of(&[("in/a", "same"), ("in/b", "same"), ("in/c", "same")]);
    tree.mkdir("out").hard_link("in/b", "out/b").hard_link("in/c", "out/c");

    assert_eq!(tree.left_alone(&["in"]), ["in/c: other_names"]);
    tree.clink(&["in"]);

    assert_eq!(tree.links(), ["in/a -> b"]);
}

#[test]
fn a_file_is_replaced_under_all_its_names() {
    let tree = Tree::of(&[("a", "same"), ("b", "same")]);
    tree.hard_link("b", "c");

    assert_eq!(linked(&tree, &[]), ["b -> a", "c -> a"]);
}

#[test]
fn configuration_logs_and_repositories_are_left_alone_unless_all_is_given() {
    for (directory, reason) in [
        ("etc", "configuration"),
        ("usr/etc/deep/down", "configuration"),
        ("project/.git/objects", "version_control"),
        ("var/log", "spool"),
        ("var/spool/mail", "spool"),
    ] {
        let (one, other) = (format!("{directory}/one"), format!("{directory}/other"));
        let tree = Tree::of(&[(&one, "same"), (&other, "same")]);

        let left = [format!("./{one}: {reason}"), format!("./{other}: {reason}")];
        assert_eq!(tree.left_alone(&["."]), left);
        assert!(linked(&tree, &[]).is_empty());
        assert_eq!(linked(&tree, &["--all"]), [format!("{other} -> one")]);
    }
}

#[test]
fn nothing_is_linked_to_a_protected_file_either() {
    let tree = Tree::of(&[("etc/motd", "hello"), ("usr/motd", "hello")]);

    assert_eq!(tree.left_alone(&["."]), ["./etc/motd: configuration"]);
    assert!(linked(&tree, &[]).is_empty());
}

#[test]
fn a_name_that_only_looks_like_a_protected_one_is_linked() {
    let tree = Tree::of(&[("etcetera/f", "same"), ("fetch/my-var/log2/f", "same")]);

    assert_eq!(linked(&tree, &[]), ["fetch/my-var/log2/f -> ../../../etcetera/f"]);
}

#[test]
fn an_argument_below_a_protected_directory_is_protected_as_well() {
    let tree = Tree::of(&[("etc/init/a", "same"), ("etc/init/b", "same")]);

    let left = ["etc/init/a: configuration", "etc/init/b: configuration"];
    assert_eq!(tree.left_alone(&["etc/init"]), left);
}

#[test]
fn package_databases_are_never_linked() {
    for directory in ["var/lib/dpkg/info", "var/lib/rpm", "lib/apk/db", "var/lib/pacman/local"] {
        let (one, other) = (format!("{directory}/one"), format!("{directory}/other"));
        let tree = Tree::of(&[(&one, "same"), (&other, "same"), ("usr/copy", "same")]);

        let left = [format!("./{one}: package_database"), format!("./{other}: package_database")];
        assert_eq!(tree.left_alone(&["--all", "."]), left);
        for options in [&["--all"][..], &["--all", "--hard"], &["--all", "--directories"]] {
            let before = tree.entries();
            linked(&tree, options);
            assert_eq!(tree.entries(), before, "{options:?}");
        }
    }
}

#[test]
fn a_copy_that_may_vanish_is_not_kept_but_may_become_a_link() {
    for transient in ["a/tmp", "a/.cache/app", "a/cache", "var/run"] {
        let copy = format!("{transient}/file");
        let tree = Tree::of(&[(&copy, "same"), ("z/deep/down/file", "same")]);
        let up = "../".repeat(copy.matches('/').count());

        assert_eq!(linked(&tree, &[]), [format!("{copy} -> {up}z/deep/down/file")]);
    }
}

#[test]
fn the_run_directory_of_a_root_file_system_is_transient() {
    let tree = Tree::of(&[("run/file", "same"), ("usr/lib/file", "same")]);
    assert_eq!(linked(&tree, &[]), ["run/file -> ../usr/lib/file"]);

    let tree = Tree::of(&[("run/file", "same"), ("walk/deep/file", "same")]);
    assert_eq!(linked(&tree, &[]), ["walk/deep/file -> ../../run/file"]);
}

#[test]
fn copies_that_all_may_vanish_are_left_alone() {
    let tree = Tree::of(&[("tmp/a", "same"), ("tmp/b", "same")]);

    assert_eq!(tree.left_alone(&["."]), ["./tmp/b: transient"]);
    assert!(linked(&tree, &[]).is_empty());
    assert_eq!(linked(&tree, &["--all"]), ["tmp/b -> a"]);
}

#[test]
fn an_argument_that_is_below_tmp_itself_is_linked() {
    let tree = Tree::of(&[("tmp/tree/a", "same"), ("tmp/tree/b", "same")]);

    assert_eq!(tree.planned(&["tmp/tree"]), ["tmp/tree/b -> a"]);
    assert_eq!(tree.planned(&["tmp"]), ["tmp/tree/b -> a"]);
    assert_eq!(tree.planned(&["tmp/tree/a", "tmp/tree/b"]), ["tmp/tree/b -> a"]);
}

#[test]
fn the_summary_counts_what_was_left_alone() {
    let tree = Tree::of(&[
        ("etc/1", "conf"),
        ("etc/2", "conf"),
        ("u/1", "mode"),
        ("u/2", "mode"),
        ("u/3", "mode"),
    ]);
    tree.chmod("u/1", 0o600).chmod("u/2", 0o640).chmod("u/3", 0o644);

    let summary = &tree.json(&["-n", "."])["summary"]["left_alone"];

    assert_eq!(summary, &serde_json::json!({"configuration": 2, "metadata": 2}));
}
