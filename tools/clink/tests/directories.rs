//! Whole identical directories become one link.

mod support;

use std::path::Path;
use std::process::Command;

use support::{Run, Tree};
use testkit::{has, has_root};

/// Links whole directories and shows the links.
fn linked(tree: &Tree) -> Vec<String> {
    let run = tree.clink(&["--directories", "."]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    tree.links()
}

/// Two directories with a directory in each.
fn twins() -> Tree {
    Tree::of(&[
        ("a/lib/one", "first"),
        ("a/lib/more/two", "second"),
        ("b/lib/one", "first"),
        ("b/lib/more/two", "second"),
    ])
}

#[test]
fn the_largest_identical_directories_become_links() {
    assert_eq!(linked(&twins()), ["b -> a"]);
}

#[test]
fn without_the_option_files_become_links() {
    let tree = twins();
    tree.clink(&["."]);
    assert_eq!(
        tree.links(),
        ["b/lib/more/two -> ../../../a/lib/more/two", "b/lib/one -> ../../a/lib/one"]
    );
}

#[test]
fn every_path_reads_the_same_before_and_after() {
    let tree = twins();
    let before = tree.contents();
    linked(&tree);
    assert_eq!(tree.contents(), before);
}

#[test]
fn directories_that_differ_in_one_file_share_what_is_below() {
    let tree = twins();
    tree.write("b/lib/one", b"another");

    assert_eq!(linked(&tree), ["b/lib/more -> ../../a/lib/more"]);
}

#[test]
fn remaining_duplicates_become_links_to_files() {
    let tree = twins();
    tree.write("c/deep/down/alone", b"second");

    assert_eq!(linked(&tree), ["b -> a", "c/deep/down/alone -> ../../../a/lib/more/two"]);
}

#[test]
fn three_directories_become_one_and_two_links() {
    let tree = twins();
    tree.write("deep/down/lib/one", b"first").write("deep/down/lib/more/two", b"second");

    assert_eq!(linked(&tree), ["b -> a", "deep/down -> ../a"]);
}

#[test]
fn identical_directories_inside_one_that_stays_become_links_too() {
    let tree =
        Tree::of(&[("a/x/f", "same"), ("a/y/f", "same"), ("b/x/f", "same"), ("b/y/f", "same")]);
    let before = tree.contents();

    assert_eq!(linked(&tree), ["a/y -> x", "b -> a"]);
    assert_eq!(tree.contents(), before);
}

/// rmlint deletes the directory first.
#[test]
fn nothing_is_deleted_before_the_link_is_there() {
    if !has("strace") {
        return;
    }
    let tree = twins();
    let trace = tree.home().join("trace");
    let traced = Command::new("strace")
        .args(["-f", "-e", "trace=rename,renameat,renameat2,unlink,unlinkat,rmdir", "-o"])
        .arg(&trace)
        .args([env!("CARGO_BIN_EXE_clink"), "--trust-unknown", "--directories", "."])
        .current_dir(tree.root())
        .env("HOME", tree.home())
        .output();
    let works = traced.is_ok_and(|output| output.status.success());
    if !testkit::can(works, "strace may not look at programs here") {
        return;
    }

    let trace = std::fs::read_to_string(trace).expect("a trace");
    let calls: Vec<&str> = trace.lines().filter(|line| line.contains('(')).collect();

    assert!(calls[0].contains("RENAME_EXCHANGE"), "{trace}");
    assert!(calls.iter().any(|call| call.contains("unlinkat")), "{trace}");
    assert_eq!(tree.links(), ["b -> a"]);
}

#[test]
fn a_second_run_changes_nothing() {
    let tree = twins();
    tree.write("c/alone", b"second").write("a/x/f", b"same").write("a/y/f", b"same");
    linked(&tree);
    let after_the_first = tree.entries();

    let second = tree.clink(&["--directories", "."]);

    assert!(second.stdout.contains("nothing linked"), "{}", second.stdout);
    assert_eq!(tree.entries(), after_the_first);
}

#[test]
fn arguments_themselves_stay() {
    let tree = twins();
    assert_eq!(tree.planned(&["--directories", "a", "b"]), ["b/lib -> ../a/lib"]);
}

#[test]
fn the_same_contents_under_swapped_names_are_not_the_same() {
    let tree = Tree::of(&[("a/1", "one"), ("a/2", "two"), ("b/1", "two"), ("b/2", "one")]);
    let before = tree.contents();

    assert_eq!(linked(&tree), ["b/1 -> ../a/2", "b/2 -> ../a/1"]);
    assert_eq!(tree.contents(), before);
}

#[test]
fn directories_with_another_mode_are_not_the_same() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    tree.chmod("b", 0o700).chmod("a", 0o755);

    assert_eq!(linked(&tree), ["b/f -> ../a/f"]);
}

#[test]
fn ignore_metadata_lifts_that() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    tree.chmod("b", 0o700).chmod("a", 0o755);

    tree.clink(&["--directories", "--ignore-metadata", "."]);

    assert_eq!(tree.links(), ["b -> a"]);
}

#[test]
fn directories_of_another_owner_are_not_the_same() {
    if !has_root() {
        return;
    }
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    tree.chown("b", 1234, 1234);

    assert_eq!(linked(&tree), ["b/f -> ../a/f"]);
}

#[test]
fn directories_with_other_attributes_are_not_the_same() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    if !tree.set_attribute("b", "user.origin", b"somewhere else") {
        return;
    }

    assert_eq!(linked(&tree), ["b/f -> ../a/f"]);
}

#[test]
fn a_file_with_another_mode_inside_keeps_directories_apart() {
    let tree = Tree::of(&[("a/f", "same"), ("a/g", "tool"), ("b/f", "same"), ("b/g", "tool")]);
    tree.chmod("b/g", 0o755).chmod("a/g", 0o644);

    assert_eq!(linked(&tree), ["b/f -> ../a/f"]);
}

#[test]
fn an_empty_file_with_another_mode_inside_keeps_directories_apart() {
    let tree = Tree::of(&[("a/f", "same"), ("a/g", ""), ("b/f", "same"), ("b/g", "")]);
    tree.chmod("b/g", 0o755).chmod("a/g", 0o644);

    assert_eq!(linked(&tree), ["b/f -> ../a/f"]);
}

#[test]
fn an_empty_file_with_other_attributes_inside_keeps_directories_apart() {
    let tree = Tree::of(&[("a/f", "same"), ("a/g", ""), ("b/f", "same"), ("b/g", "")]);
    if !tree.set_attribute("b/g", "user.origin", b"somewhere else") {
        return;
    }

    assert_eq!(linked(&tree), ["b/f -> ../a/f"]);
}

#[test]
fn empty_directories_and_links_inside_count() {
    let tree = twins();
    tree.mkdir("a/empty").mkdir("b/empty").link("a/l", "lib/one").link("b/l", "lib/one");
    assert_eq!(tree.planned(&["--directories", "."]), ["./b -> a"]);

    tree.mkdir("b/another");
    assert_eq!(
        tree.planned(&["--directories", "."]),
        ["./b/lib -> ../a/lib"],
        "one has an empty directory more"
    );
}

#[test]
fn links_inside_with_another_text_keep_directories_apart() {
    let tree = twins();
    tree.link("a/l", "lib/one").link("b/l", "lib/more/two");

    assert_eq!(tree.planned(&["--directories", "."]), ["./b/lib -> ../a/lib"]);
}

#[test]
fn a_link_inside_that_leads_out_keeps_the_directory() {
    let tree = Tree::of(&[("a/f", "same"), ("b/c/f", "same"), ("x", "near"), ("b/x", "far")]);
    tree.link("a/l", "../x").link("b/c/l", "../x");
    let before = tree.contents();

    assert_eq!(linked(&tree), ["a/l -> ../x", "b/c/f -> ../../a/f", "b/c/l -> ../x"]);
    assert_eq!(tree.contents(), before);
}

#[test]
fn a_link_that_leads_to_another_place_in_the_same_directory_goes_along() {
    let tree = twins();
    tree.link("a/lib/more/l", "../one").link("b/lib/more/l", "../one");
    let before = tree.contents();

    assert_eq!(linked(&tree), ["a/lib/more/l -> ../one", "b -> a"]);
    assert_eq!(tree.contents(), before);
}

/// Two include directories with the same header, which reads a different one outside.
fn two_includes() -> Tree {
    Tree::of(&[
        ("arm/conf.h", "#define WORD 4\n"),
        ("arm/include/word.h", "#include \"../conf.h\"\n"),
        ("mips/conf.h", "#define WORD 8\n"),
        ("mips/include/word.h", "#include \"../conf.h\"\n"),
    ])
}

#[test]
fn a_directory_whose_content_reaches_out_stays() {
    let tree = two_includes();

    assert_eq!(tree.left_alone(&["--directories", "."]), ["./mips/include/word.h: header"]);
    assert!(linked(&tree).is_empty());

    if has("cc") {
        tree.write("main.c", b"#include \"word.h\"\nWORD\n");
        for (name, word) in [("arm", "4"), ("mips", "8")] {
            let output = Command::new("cc")
                .args(["-E", "-P", "-I", &format!("{name}/include"), "main.c"])
                .current_dir(tree.root())
                .output();
            assert_eq!(Run::of(&output.expect("cc starts")).stdout.trim(), word, "{name}");
        }
    }
}

#[test]
fn all_links_it_nevertheless() {
    let tree = two_includes();

    tree.clink(&["--directories", "--all", "."]);

    assert_eq!(tree.links(), ["mips/include -> ../arm/include"]);
}

/// A link outside that climbs out of a directory again would climb out of the other one.
#[test]
fn a_directory_that_a_link_goes_through_and_out_of_again_stays() {
    let tree = twins();
    tree.write("a/conf", b"of a").write("b/conf", b"of b").link("z/l", "../b/lib/../conf");
    let before = tree.contents();

    tree.clink(&["--directories", "."]);

    assert_eq!(tree.contents(), before);
}

#[test]
fn content_that_reaches_no_further_than_the_directory_goes_along() {
    let tree = Tree::of(&[
        ("a/conf.h", "#define WORD 4\n"),
        ("a/include/word.h", "#include \"../conf.h\"\n"),
        ("b/conf.h", "#define WORD 4\n"),
        ("b/include/word.h", "#include \"../conf.h\"\n"),
    ]);

    assert_eq!(linked(&tree), ["b -> a"]);
}

#[test]
fn a_directory_with_a_fifo_stays() {
    let tree = twins();
    for path in ["a/lib/pipe", "b/lib/pipe"] {
        let made = Command::new("mkfifo").arg(tree.path(path)).status().expect("mkfifo starts");
        assert!(made.success());
    }

    assert_eq!(linked(&tree), ["b/lib/more -> ../../a/lib/more", "b/lib/one -> ../../a/lib/one"]);
}

#[test]
fn a_directory_with_something_excluded_stays() {
    let tree = twins();
    tree.write("a/lib/x.log", b"one").write("b/lib/x.log", b"other");

    assert_eq!(
        tree.planned(&["--directories", "--exclude", "*.log", "."]),
        ["./b/lib/more -> ../../a/lib/more", "./b/lib/one -> ../../a/lib/one"]
    );
}

#[test]
fn a_directory_with_something_unreadable_stays() {
    let tree = twins();
    tree.mkdir("a/lib/closed").mkdir("b/lib/closed");
    tree.chmod("a/lib/closed", 0).chmod("b/lib/closed", 0);
    let run = tree.clink(&["--directories", "."]);
    let links = [tree.link_text("b"), tree.link_text("b/lib"), tree.link_text("b/lib/more")];
    if tree.link_text("b").is_none() {
        tree.chmod("b/lib/closed", 0o755);
    }
    tree.chmod("a/lib/closed", 0o755);

    let more = Some("../../a/lib/more".to_owned());
    if run.code == Some(0) {
        // Root reads everything.
        assert_eq!(links[0], Some("a".to_owned()));
    } else {
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains("cannot read the directory `./a/lib/closed`"));
        assert_eq!(links, [None, None, more]);
    }
}

#[test]
fn a_directory_with_a_hard_link_elsewhere_stays() {
    let tree = twins();
    tree.hard_link("b/lib/one", "elsewhere");

    assert_eq!(
        linked(&tree),
        ["a/lib/one -> ../../elsewhere", "b/lib/more -> ../../a/lib/more"],
        "the name nearest to the top is kept"
    );
}

#[test]
fn a_directory_with_hard_links_inside_is_linked() {
    let tree = twins();
    tree.hard_link("a/lib/one", "a/lib/again").hard_link("b/lib/one", "b/lib/again");

    assert_eq!(linked(&tree), ["b -> a"]);
}

#[test]
fn a_directory_with_a_setuid_file_stays_even_with_all() {
    let tree = twins();
    tree.chmod("a/lib/one", 0o4755).chmod("b/lib/one", 0o4755);

    tree.clink(&["--directories", "--all", "."]);

    assert_eq!(tree.links(), ["b/lib/more -> ../../a/lib/more"]);
}

#[test]
fn a_directory_with_protected_ones_inside_stays() {
    let tree = Tree::of(&[
        ("a/etc/conf", "same"),
        ("a/lib/f", "file"),
        ("b/etc/conf", "same"),
        ("b/lib/f", "file"),
    ]);

    assert_eq!(linked(&tree), ["b/lib -> ../a/lib"]);
}

#[test]
fn a_directory_that_may_vanish_is_not_kept() {
    let tree = Tree::of(&[("a/tmp/lib/f", "same"), ("z/deep/lib/f", "same")]);

    assert_eq!(linked(&tree), ["a/tmp -> ../z/deep"]);
}

#[test]
fn directories_with_nothing_in_the_files_are_left() {
    let tree = Tree::of(&[("a/empty", ""), ("b/empty", "")]);
    tree.mkdir("c").mkdir("d");

    assert!(linked(&tree).is_empty());
}

/// Everything at once: what undo has to bring back.
fn full_of_everything() -> Tree {
    let tree = Tree::of(&[]);
    for top in ["a", "b"] {
        let path = |name: &str| format!("{top}/{name}");
        tree.write(path("lib/one"), b"first").write(path("lib/more/two"), b"second");
        tree.write(path("lib/empty"), b"").mkdir(&path("nothing/here"));
        tree.link(&path("lib/l"), "more/two").link(&path("gone"), "nowhere");
        tree.hard_link(&path("lib/one"), &path("lib/more/again"));
        tree.chmod(&path("lib/more/two"), 0o444).chmod(&path("lib/one"), 0o750);
        let seconds = if top == "a" { 1_000_000_000 } else { 1_100_000_000 };
        for name in ["lib/one", "lib/more/two", "lib/empty", "nothing/here", "nothing"] {
            tree.date(&path(name), seconds);
        }
        tree.date(&path("lib/more"), seconds + 1).chmod(&path("lib/more"), 0o555);
        tree.date(&path("lib"), seconds + 2).chmod(&path("lib"), 0o555);
        tree.date(top, seconds + 3);
    }
    tree
}

/// So that the directory of the tests can be taken away by anybody.
fn open_up(tree: &Tree) {
    for path in ["a/lib", "a/lib/more", "b/lib", "b/lib/more"] {
        tree.chmod(path, 0o755);
    }
}

#[test]
fn undo_brings_back_exactly_everything() {
    let tree = full_of_everything();
    // Where the file system has none, the rest is shown all the same.
    tree.set_attribute("a/lib/one", "user.note", b"\x00\xff");
    tree.set_attribute("b/lib/one", "user.note", b"\x00\xff");
    let before = tree.state();
    assert_eq!(linked(&tree).last().expect("a link"), "b -> a");

    let undone = tree.undo();

    let after = tree.state();
    open_up(&tree);
    assert_eq!(
        (undone.code, undone.stdout.as_str()),
        (Some(0), "1 restored\n"),
        "{}",
        undone.stderr
    );
    assert_eq!(after, before);
}

#[test]
fn undo_brings_back_owners() {
    if !has_root() {
        return;
    }
    let tree = twins();
    tree.link("a/l", "lib/one").link("b/l", "lib/one");
    for top in ["a", "b"] {
        for path in ["lib", "lib/one", "lib/more/two"] {
            tree.chown(&format!("{top}/{path}"), 1234, 4321);
        }
        let link = tree.path(format!("{top}/l"));
        std::os::unix::fs::lchown(link, Some(12), Some(34)).expect("root may");
    }
    let before = tree.state();
    assert_eq!(linked(&tree).last().expect("a link"), "b -> a");

    tree.undo();

    assert_eq!(tree.state(), before);
}

#[test]
fn undo_brings_back_nested_and_remaining_links() {
    let tree = twins();
    tree.write("c/alone", b"second").write("a/x/f", b"same").write("a/y/f", b"same");
    tree.write("b/x/f", b"same").write("b/y/f", b"same");
    for (seconds, path) in (1..).zip(["a", "b", "c", "a/x", "a/y", "b/lib/more", ""]) {
        tree.date(path, seconds);
    }
    let before = tree.state();
    assert_eq!(linked(&tree).len(), 3);

    let undone = tree.undo();

    assert_eq!(undone.stdout, "3 restored\n", "{}", undone.stderr);
    assert_eq!(tree.state(), before);
}

#[test]
fn undo_refuses_a_directory_whose_content_has_changed() {
    let tree = twins();
    linked(&tree);
    tree.write("a/lib/one", b"FIRST");

    let undone = tree.undo();

    assert_eq!(undone.code, Some(2));
    assert!(undone.stderr.contains("has changed since"), "{}", undone.stderr);
    assert_eq!(tree.links(), ["b -> a"]);
    assert_eq!(tree.contents()[Path::new("b/lib/one")], b"FIRST");
    assert_eq!(tree.entries().len(), 6, "nothing temporary stays behind");
}
