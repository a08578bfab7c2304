//! What is given on the command line, and what comes of it.

mod support;

use support::{Tree, with_own_mounts};

fn two_copies() -> Tree {
    Tree::of(&[("a/file", "the same\n"), ("b/file", "the same\n")])
}

#[test]
fn the_same_tree_given_twice_is_one_tree() {
    let tree = two_copies();
    tree.link("again", ".");

    let document = tree.json(&["--follow-args", ".", "../tree", "again"]);

    assert_eq!(document["summary"]["files"], 2);
    assert_eq!(tree.links(), ["again -> .", "b/file -> ../a/file"]);
}

#[test]
fn nested_arguments_are_looked_at_once() {
    for arguments in [["a", "a/in"], ["a/in", "a"]] {
        let tree = Tree::of(&[("a/file", "same"), ("a/in/file", "same")]);
        let before = tree.contents();

        let run = tree.clink(&arguments);

        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(tree.links().len(), 1, "{arguments:?}");
        assert_eq!(tree.contents(), before);
        assert!(tree.clink(&arguments).stdout.contains("nothing linked"));
    }
}

#[test]
fn nested_arguments_and_whole_directories_go_together() {
    for arguments in [["a", "a/in"], ["a/in", "a"]] {
        let tree = Tree::of(&[("a/in/x/f", "same"), ("a/z/x/f", "same"), ("a/y/f", "same")]);
        let before = tree.contents();

        let run = tree.clink(&["--directories", arguments[0], arguments[1]]);

        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(!tree.links().is_empty());
        assert_eq!(tree.contents(), before);
    }
}

/// jdupes makes a dangling link here: the system resolves `..` from where the link really lies.
#[test]
fn links_are_right_when_an_argument_is_reached_through_a_link() {
    let tree = Tree::of(&[("real/deep/down/file", "same"), ("other/file", "same")]);
    tree.link("short", "real/deep/down");
    let before = tree.contents();

    let run = tree.clink(&["other", "short/"]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(
        tree.links(),
        ["real/deep/down/file -> ../../../other/file", "short -> real/deep/down"]
    );
    assert_eq!(tree.contents(), before);
}

#[test]
fn links_are_right_when_the_way_to_an_argument_climbs_through_a_link() {
    let tree = Tree::of(&[("real/deep/down/f", "x"), ("real/deep/file", "same"), ("g", "same")]);
    tree.link("short", "real/deep/down");

    let run = tree.clink(&["g", "short/../file"]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(tree.links(), ["real/deep/file -> ../../g", "short -> real/deep/down"]);
}

#[test]
fn files_may_be_arguments() {
    let tree = Tree::of(&[("a/1", "same"), ("b/2", "same"), ("b/3", "same")]);

    let run = tree.clink(&["a/1", "b/3"]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(tree.links(), ["b/3 -> ../a/1"]);
}

#[test]
fn a_file_and_the_directory_that_it_is_in_may_be_arguments() {
    let tree = two_copies();

    let document = tree.json(&["b/file", ".", "b/file", "b"]);

    assert_eq!(document["summary"]["files"], 2);
    assert_eq!(tree.links(), ["b/file -> ../a/file"]);
}

#[test]
fn an_argument_that_is_a_link_is_followed_only_on_request() {
    let tree = two_copies();
    tree.link("l", "b").link("f", "b/file");
    for link in ["l", "f"] {
        let run = tree.clink(&["-n", "-v", "a", link]);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("nothing to link"), "{}", run.stdout);
        assert_eq!(
            run.stderr,
            format!(
                "clink: `{link}` is a symbolic link and was not followed (--follow-args does)\n"
            )
        );

        let planned = tree.planned(&["--follow-args", "a", link]);
        assert_eq!(planned.len(), 1);
        assert!(planned[0].ends_with("/file -> ../a/file"), "{planned:?}");
    }
}

#[test]
fn a_missing_argument_does_not_keep_the_others() {
    let tree = two_copies();

    let run = tree.clink(&["missing", "."]);

    assert_eq!(run.code, Some(2));
    assert_eq!(
        run.stderr,
        "clink: cannot look at `missing`\n  \
           because: no such file or directory\n  \
           hint: check the spelling\n"
    );
    assert_eq!(tree.links(), ["b/file -> ../a/file"]);
}

#[test]
fn without_arguments_nothing_is_done() {
    let tree = two_copies();
    let before = tree.entries();

    let run = tree.clink(&[]);

    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        run.stderr,
        "clink: no files or directories are given\n  \
           hint: `clink .` is for the current directory\n"
    );
    assert_eq!(tree.entries(), before);
}

#[test]
fn a_wrong_option_is_refused() {
    let tree = two_copies();
    let before = tree.entries();

    for options in
        [&["--frobnicate"][..], &["--format", "xml"], &["--check", "-n"], &["-q", "-v"], &["-z"]]
    {
        let run = tree.clink(&[options, &["."]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{options:?}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
    assert_eq!(tree.entries(), before);
}

#[test]
fn check_exits_with_1_when_there_are_duplicates() {
    let tree = two_copies();
    let before = tree.entries();

    let run = tree.clink(&["--check", "."]);

    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    assert_eq!(tree.entries(), before);
    assert!(tree.journals().is_empty());
}

#[test]
fn check_exits_with_0_when_there_are_none_to_link() {
    let tree = Tree::of(&[("a", "one"), ("b", "two"), ("etc/1", "conf"), ("etc/2", "conf")]);
    assert_eq!(tree.clink(&["--check", "."]).code, Some(0));
}

#[test]
fn check_exits_with_2_when_something_could_not_be_looked_at() {
    let tree = two_copies();
    assert_eq!(tree.clink(&["--check", ".", "missing"]).code, Some(2));
}

#[test]
fn version_and_help_are_results() {
    let tree = Tree::of(&[]);

    let version = tree.clink(&["--version"]);
    assert_eq!((version.code, version.stderr.as_str()), (Some(0), ""));
    assert_eq!(version.stdout, format!("clink {}\n", env!("CARGO_PKG_VERSION")));

    for option in ["-h", "--help"] {
        let help = tree.clink(&[option]);
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
        assert!(help.stdout.starts_with("Replaces duplicate files by relative symbolic links"));
        for name in ["--dry-run", "--undo", "--directories", "--ignore-metadata", "--exclude"] {
            assert!(help.stdout.contains(name), "{name} in {option}");
        }
    }
}

#[test]
fn a_mount_point_below_an_argument_is_not_entered() {
    let tree = Tree::of(&[("a/file", "same"), ("b/file", "same"), ("mnt/x", "x")]);
    let script = "mount -t tmpfs none mnt; echo same > mnt/1; echo same > mnt/2; \
        $CLINK -v .; echo; stat -c %F mnt/1 mnt/2; $CLINK --no-one-file-system .; \
        readlink mnt/2";
    let Some(run) = with_own_mounts(&tree, script) else { return };

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("\nregular file\nregular file\n"), "{}", run.stdout);
    assert!(run.stdout.ends_with("\n1\n"), "{}", run.stdout);
    assert_eq!(tree.links(), ["b/file -> ../a/file"]);
}

#[test]
fn a_tree_that_is_seen_twice_through_a_bind_mount_is_one_tree() {
    let tree = two_copies();
    tree.mkdir("again");
    let script = "mount --bind b again; $CLINK --no-one-file-system . again --format json";
    let Some(run) = with_own_mounts(&tree, script) else { return };

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("one document");
    assert_eq!(document["summary"]["files"], 2);
    let contents = tree.contents();
    assert_eq!(contents.len(), 2);
    assert!(contents.values().all(|content| content == b"the same\n"));
}

#[test]
fn a_file_with_something_mounted_over_it_is_passed_over() {
    let tree = two_copies();
    tree.write("c/file", b"the same\n");
    let script = "mount --bind a/file c/file; $CLINK . --format json";
    let Some(run) = with_own_mounts(&tree, script) else { return };

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("one document");
    assert_eq!(document["summary"]["mount_points"], 1);
    assert_eq!(tree.links(), ["b/file -> ../a/file"]);
}
