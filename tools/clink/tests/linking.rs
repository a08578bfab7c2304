//! The main job: duplicates in, relative links out.

mod support;

use std::process::Command;

use support::Tree;
use testkit::has;

fn two_toolchains() -> Tree {
    Tree::of(&[
        ("arm/include/stdio.h", "int printf();\n"),
        ("arm/include/math.h", "double sin();\n"),
        ("mips/include/stdio.h", "int printf();\n"),
        ("mips/include/math.h", "double sin(); // another one\n"),
    ])
}

#[test]
fn a_copy_becomes_a_relative_link_to_the_file_that_is_kept() {
    let tree = two_toolchains();

    let run = tree.clink(&["."]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(tree.links(), ["mips/include/stdio.h -> ../../arm/include/stdio.h"]);
}

#[test]
fn every_path_reads_the_same_before_and_after() {
    let tree = two_toolchains();
    let before = tree.contents();

    tree.clink(&["."]);

    assert_eq!(tree.contents(), before);
}

#[test]
fn a_second_run_changes_nothing() {
    let tree = two_toolchains();
    tree.clink(&["."]);
    let after_the_first = tree.entries();

    let second = tree.clink(&["."]);

    assert_eq!(second.code, Some(0));
    assert!(second.stdout.contains("nothing linked"), "{}", second.stdout);
    assert_eq!(tree.entries(), after_the_first);
}

#[test]
fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let tree = two_toolchains();
    let before = tree.entries();

    for option in ["-n", "-d", "--dry-run"] {
        let run = tree.clink(&[option, "--verbose", "."]);
        assert_eq!(run.code, Some(0));
        assert!(
            run.stdout.contains("./mips/include/stdio.h -> ../../arm/include/stdio.h"),
            "{}",
            run.stdout
        );
    }

    assert_eq!(tree.entries(), before);
    assert!(tree.journals().is_empty());
}

/// The files of the second tree are made in another order, so their inodes are in another one, too.
#[test]
fn the_result_depends_on_names_alone() {
    let names = ["d/1", "c/2", "e/3", "b/4", "a/5"];
    let backwards: Vec<&str> = names.iter().rev().copied().collect();
    let documents = [&names[..], &backwards].map(|names| {
        let tree = Tree::of(&[]);
        for name in names {
            tree.write(name, b"same").write(format!("x/{name}.rb"), b"require_relative 'same'");
        }
        let document = tree.json(&["-n", "."]);
        [document["groups"].clone(), document["left_alone"].clone()]
    });

    assert_eq!(documents[0], documents[1]);
}

#[test]
fn of_files_that_differ_in_their_metadata_the_first_one_sets_the_measure() {
    for modes in [[0o600, 0o644], [0o644, 0o600]] {
        let tree = Tree::of(&[("a", "same"), ("b", "same")]);
        tree.chmod("a", modes[0]).chmod("b", modes[1]);

        assert_eq!(tree.left_alone(&["."]), ["./b: metadata"]);
    }
}

/// Two directories so far apart that a link from one to the other takes as much as a small file,
/// on all file systems but Btrfs.
fn far_apart() -> [String; 2] {
    ["a", "b"].map(|top| [top, &["d"; 6].map(|name| name.repeat(60)).join("/")].join("/"))
}

#[test]
fn copies_that_are_far_apart_become_links_to_one_that_is_near() {
    let [one, other] = far_apart();
    let tree = Tree::of(&[]);
    for directory in [&one, &other] {
        tree.write(format!("{directory}/1"), b"same").write(format!("{directory}/2"), b"same");
    }

    tree.clink(&["."]);

    assert!(tree.links().contains(&format!("{one}/2 -> 1")));
    assert_eq!(tree.links().len(), 2, "the copies in the other directory are near each other");
}

#[test]
fn a_second_run_changes_nothing_where_some_links_were_not_worth_making() {
    let [one, other] = far_apart();
    let tree = Tree::of(&[]);
    for directory in [&one, &other] {
        tree.write(format!("{directory}/1"), b"same").write(format!("{directory}/2"), b"same");
    }
    tree.clink(&["."]);
    let after_the_first = tree.entries();

    let second = tree.clink(&["."]);

    assert!(second.stdout.contains("nothing linked"), "{}", second.stdout);
    assert_eq!(tree.entries(), after_the_first);
}

/// Two trees with the same files and times, made at different moments; each is linked, and packed.
#[test]
fn the_same_tree_becomes_the_same_archive() {
    if !has("tar") {
        return;
    }
    for options in [&["."][..], &["--directories", "."], &["--hard", "."], &["--no-journal", "."]] {
        let archives: Vec<Vec<u8>> = (0..2).map(|_| archive_of_linked(options)).collect();

        assert!(archives[0] == archives[1], "{options:?}");
    }
}

fn archive_of_linked(options: &[&str]) -> Vec<u8> {
    let tree = Tree::of(&[("a/d/f", "same"), ("a/d/g", "too"), ("b/f", "same"), ("c/f", "same")]);
    tree.write("b/d/f", b"same").write("b/d/g", b"too");
    let dated = "find . -type f -exec touch -d 2020-01-02T03:04:05 {} + && \
        find . -type d -exec touch -d 2021-06-07T08:09:10 {} +";
    let shell = Command::new("sh").args(["-c", dated]).current_dir(tree.root()).status();
    assert!(shell.expect("sh starts").success());

    assert_eq!(tree.clink(options).code, Some(0));

    let tar =
        Command::new("tar").args(["-c", "--sort=name", "."]).current_dir(tree.root()).output();
    let archive = tar.expect("tar starts").stdout;
    assert!(archive.len() > 1024, "all that was linked is in it");
    archive
}
