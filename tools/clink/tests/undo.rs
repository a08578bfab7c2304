//! A journal takes back exactly what was done, and nothing that somebody else did since.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::image::Image;
use support::{Run, Tree};
use testkit::has_root;

/// Two copies that differ in everything but what has to be equal.
fn two_copies() -> Tree {
    let tree = Tree::of(&[("a/file", "the same\n"), ("b/file", "the same\n"), ("b/other", "o")]);
    tree.chmod("a/file", 0o640).chmod("b/file", 0o640).chmod("b", 0o750);
    tree.date("a/file", 1_000_000_000).date("b/file", 1_100_000_000);
    tree.date("a", 1_200_000_000).date("b", 1_300_000_000);
    tree
}

fn undo_with(tree: &Tree, journal: &Path, more: &[&str]) -> Run {
    tree.clink(&[&["--undo", journal.to_str().expect("a plain path")], more].concat())
}

#[test]
fn undo_restores_bytes_mode_and_times_of_files_and_directories() {
    let tree = two_copies();
    let before = tree.state();
    tree.clink(&["."]);
    assert_eq!(tree.links(), ["b/file -> ../a/file"]);

    let undone = tree.undo();

    assert_eq!((undone.code, undone.stdout.as_str()), (Some(0), "1 restored\n"));
    assert_eq!(undone.stderr, "");
    assert_eq!(tree.state(), before);
}

#[test]
fn undo_restores_attributes() {
    let tree = two_copies();
    if !tree.set_attribute("b/file", "user.note", b"\x00\xff") {
        return;
    }
    tree.set_attribute("a/file", "user.note", b"\x00\xff");
    let before = tree.state();
    tree.clink(&["."]);
    assert_eq!(tree.links().len(), 1);

    tree.undo();

    assert_eq!(tree.state(), before);
}

/// The attributes of a file that nobody may write to can be set only before its mode.
#[test]
fn undo_restores_attributes_of_a_file_that_is_read_only() {
    let tree = two_copies();
    if !tree.set_attribute("b/file", "user.note", b"read-only") {
        return;
    }
    tree.set_attribute("a/file", "user.note", b"read-only");
    tree.chmod("a/file", 0o444).chmod("b/file", 0o444);
    let before = tree.state();
    tree.clink(&["."]);
    assert_eq!(tree.links().len(), 1);

    let undone = tree.undo();

    assert_eq!(undone.stderr, "");
    assert_eq!(tree.state(), before);
}

/// New files inherit the access control list that their directory has for them.
#[test]
fn undo_restores_files_without_the_access_control_list_of_their_directory() {
    let tree = two_copies();
    tree.write("a/lib/f", b"f").write("b/lib/f", b"f");
    // Version 2; then each a tag, rights and a user: owner, user 1234, group, mask, others.
    let words: [u32; 11] = [
        2,
        7 << 16 | 1,
        !0,
        7 << 16 | 2,
        1234,
        5 << 16 | 4,
        !0,
        7 << 16 | 16,
        !0,
        5 << 16 | 32,
        !0,
    ];
    let list: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    if !tree.set_attribute("b", "system.posix_acl_default", &list) {
        return;
    }
    tree.date("b", 1_300_000_000);
    let before = tree.state();
    tree.clink(&["--directories", "."]);
    assert_eq!(tree.links(), ["b/file -> ../a/file", "b/lib -> ../a/lib"]);

    let undone = tree.undo();

    assert_eq!(undone.stderr, "");
    assert_eq!(tree.state(), before);
}

#[test]
fn undo_restores_what_differed_with_ignore_metadata() {
    let tree = two_copies();
    tree.chmod("b/file", 0o755);
    if has_root() {
        tree.chown("b/file", 1234, 4321);
    }
    tree.set_attribute("b/file", "user.note", b"only here");
    let before = tree.state();
    tree.clink(&["--ignore-metadata", "."]);
    assert_eq!(tree.links().len(), 1);

    tree.undo();

    assert_eq!(tree.state(), before);
}

#[test]
fn undo_restores_hard_links() {
    let tree = two_copies();
    tree.write("c/x", b"").hard_link("b/file", "c/again").hard_link("b/file", "b/again");
    tree.date("b", 1_300_000_000);
    let before = tree.state();
    tree.clink(&["."]);
    assert_eq!(tree.links().len(), 3);

    let undone = tree.undo();

    assert_eq!(undone.stdout, "3 restored\n");
    assert_eq!(tree.state(), before);
}

#[test]
fn undo_of_hard_links_makes_them_files_of_their_own_again() {
    let tree = two_copies();
    tree.hard_link("b/file", "b/again").date("b", 1_300_000_000);
    let before = tree.state();
    tree.clink(&["--hard", "."]);
    assert_ne!(tree.state(), before);

    let undone = tree.undo();

    assert_eq!((undone.code, undone.stdout.as_str()), (Some(0), "2 restored\n"));
    assert_eq!(tree.state(), before);
}

#[test]
fn undo_works_where_the_tree_was_moved_to() {
    let tree = two_copies();
    let before = tree.state();
    tree.clink(&["."]);
    fs::rename(tree.root(), tree.home().join("moved")).expect("a move");
    fs::create_dir(tree.root()).expect("something else in its place");
    let journal = tree.journals().pop().expect("a journal");
    let moved = tree.home().join("moved");

    let undone = undo_with(&tree, &journal, &[moved.to_str().expect("a plain path")]);

    assert_eq!(undone.stdout, "1 restored\n", "{}", undone.stderr);
    fs::remove_dir(tree.root()).expect("nothing was made there");
    fs::rename(moved, tree.root()).expect("a move back");
    assert_eq!(tree.state(), before);
}

#[test]
fn a_second_undo_finds_nothing_to_do() {
    let tree = two_copies();
    tree.clink(&["."]);
    tree.undo();
    let after_the_first = tree.entries();

    let second = tree.undo();

    assert_eq!(second.code, Some(0));
    assert_eq!(second.stdout, "0 restored\n1 left as found: not replaced, or restored before\n");
    assert_eq!(tree.entries(), after_the_first);
}

#[test]
fn a_kept_file_that_has_changed_is_no_source() {
    let tree = two_copies();
    tree.clink(&["."]);
    tree.write("a/file", b"THE SAME\n");
    let before = tree.entries();

    let undone = tree.undo();

    assert_eq!((undone.code, undone.stdout.as_str()), (Some(2), "0 restored\n"));
    assert!(undone.stderr.contains("cannot restore `"), "{}", undone.stderr);
    assert!(undone.stderr.contains("the file that its content would come from has changed since"));
    let changed = tree.entries();
    assert_eq!(changed.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert_eq!(tree.links(), ["b/file -> ../a/file"]);
}

#[test]
fn a_kept_file_that_is_gone_is_no_source() {
    let tree = two_copies();
    tree.clink(&["."]);
    fs::remove_file(tree.path("a/file")).expect("it goes");

    let undone = tree.undo();

    assert_eq!(undone.code, Some(2));
    assert!(undone.stderr.contains("has changed since"), "{}", undone.stderr);
    assert_eq!(tree.links(), ["b/file -> ../a/file"]);
}

#[test]
fn one_file_that_cannot_be_restored_does_not_keep_the_others() {
    let tree = two_copies();
    tree.write("a/second", b"second").write("b/second", b"second");
    tree.clink(&["."]);
    tree.write("a/file", b"changed");

    let undone = tree.undo();

    assert_eq!((undone.code, undone.stdout.as_str()), (Some(2), "1 restored\n"));
    assert_eq!(tree.links(), ["b/file -> ../a/file"]);
}

#[test]
fn a_link_that_was_replaced_by_a_file_since_stays_that_file() {
    let tree = two_copies();
    tree.clink(&["."]);
    fs::remove_file(tree.path("b/file")).expect("it goes");
    tree.write("b/file", b"my own");

    let undone = tree.undo();

    assert_eq!(undone.code, Some(0));
    assert!(undone.stdout.starts_with("0 restored\n1 left as found"), "{}", undone.stdout);
    assert_eq!(tree.contents()[Path::new("b/file")], b"my own");
}

#[test]
fn a_link_that_was_replaced_by_another_link_since_stays_that_link() {
    let tree = two_copies();
    tree.clink(&["."]);
    fs::remove_file(tree.path("b/file")).expect("it goes");
    tree.link("b/file", "other");

    let undone = tree.undo();

    assert_eq!(undone.code, Some(2));
    assert!(undone.stderr.contains("it is not the link any more that was made"));
    assert_eq!(tree.links(), ["b/file -> other"]);
}

#[test]
fn a_directory_on_the_way_that_became_a_link_is_not_followed() {
    let tree = two_copies();
    tree.clink(&["."]);
    fs::rename(tree.path("b"), tree.path("c")).expect("a move");
    tree.link("b", "c");

    let undone = tree.undo();

    assert_eq!(undone.code, Some(2));
    assert_eq!(tree.links(), ["b -> c", "c/file -> ../a/file"]);
}

#[test]
fn a_journal_cut_short_takes_back_what_it_still_records() {
    let tree = two_copies();
    tree.write("a/second", b"second").write("b/second", b"second");
    tree.clink(&["."]);
    let journal = tree.journals().pop().expect("a journal");
    let text = fs::read(&journal).expect("the journal");
    fs::write(&journal, &text[..text.len() - 20]).expect("a shorter journal");

    let undone = tree.undo();

    assert_eq!((undone.code, undone.stdout.as_str()), (Some(0), "1 restored\n"));
    assert_eq!(tree.links(), ["b/second -> ../a/second"]);
}

#[test]
fn what_is_no_journal_is_refused() {
    let tree = two_copies();
    let before = tree.entries();
    for (content, because) in [
        ("", "it is no journal of a version that is known here"),
        ("#!/bin/sh\nrm -rf /\n", "it is no journal of a version that is known here"),
        (
            "{\"journal\":{\"version\":99,\"root\":\"/\",\"started\":0}}\n",
            "it is no journal of a version that is known here",
        ),
        (
            "{\"journal\":{\"version\":1,\"root\":\"/\",\"started\":0}}\nrubbish\n",
            "line 2 is damaged",
        ),
    ] {
        let journal = tree.home().join("journal");
        fs::write(&journal, content).expect("a file");

        let undone = undo_with(&tree, &journal, &[]);

        assert_eq!((undone.code, undone.stdout.as_str()), (Some(2), ""));
        assert!(undone.stderr.contains(because), "{}", undone.stderr);
    }
    assert_eq!(tree.entries(), before);
}

#[test]
fn a_journal_with_paths_out_of_its_tree_is_refused() {
    let tree = Tree::of(&[("in/kept", "text"), ("outside", "mine")]);
    tree.link("victim", "in/kept");
    let before = tree.entries();
    let root = tree.path("in");
    let time = r#"{"seconds":0,"nanoseconds":0}"#;
    let metadata =
        format!(r#"{{"mode":420,"owner":0,"group":0,"accessed":{time},"modified":{time}}}"#);
    for path in ["../victim", "/etc/passwd", "a/../../victim", "./../victim"] {
        let journal = tree.home().join("journal");
        let lines = [
            format!(r#"{{"journal":{{"version":1,"root":"{}","started":0}}}}"#, root.display()),
            r#"{"kept":{"path":"kept","size":4,"hash":""}}"#.to_owned(),
            format!(
                r#"{{"replaced":{{"path":"{path}","by":"symbolic","text":"in/kept","inode":1,"metadata":{metadata}}}}}"#
            ),
        ];
        fs::write(&journal, lines.join("\n") + "\n").expect("a journal");

        let undone = undo_with(&tree, &journal, &[]);

        assert_eq!(undone.code, Some(2), "{path}");
        assert!(undone.stderr.contains("line 3 is damaged"), "{}", undone.stderr);
    }
    assert_eq!(tree.entries(), before);
}

#[test]
fn a_journal_that_is_missing_is_named() {
    let tree = two_copies();

    let undone = tree.clink(&["--undo", "missing"]);

    assert_eq!(undone.code, Some(2));
    assert!(undone.stderr.starts_with("clink: cannot read the journal `missing`\n  because: "));
}

#[test]
fn a_journal_is_never_written_over() {
    let tree = two_copies();
    tree.write("../journal", b"mine");
    let before = tree.entries();

    let run = tree.clink(&["--journal", "../journal", "."]);

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("clink: cannot make the journal `../journal`"));
    assert_eq!(tree.entries(), before);
}

#[test]
fn undo_has_no_dry_run_and_no_check() {
    let tree = two_copies();
    tree.clink(&["."]);
    let journal = tree.journals().pop().expect("a journal");

    for option in ["--dry-run", "--check"] {
        let run = undo_with(&tree, &journal, &[option]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
    }
    assert_eq!(tree.links(), ["b/file -> ../a/file"]);
}

#[test]
fn without_a_journal_there_is_none() {
    let tree = two_copies();

    let run = tree.clink(&["--no-journal", "."]);

    assert_eq!(tree.links().len(), 1);
    assert!(tree.journals().is_empty());
    assert!(!run.stdout.contains("--undo"));
}

#[test]
fn an_undo_in_two_goes_brings_back_hard_links() {
    let tree = Tree::of(&[("file", "the same\n"), ("b/f", "the same\n")]);
    tree.hard_link("b/f", "b/g");
    tree.clink(&["."]);
    let link = fs::read_link(tree.path("b/f")).expect("a link");
    fs::remove_file(tree.path("b/f")).expect("it goes");
    tree.link("b/f", "elsewhere");
    tree.undo();
    fs::remove_file(tree.path("b/f")).expect("it goes");
    tree.link("b/f", link.to_str().expect("a plain text"));

    let second = tree.undo();

    assert_eq!(second.code, Some(0), "{}", second.stderr);
    let entries = tree.entries();
    let inode = |path: &str| entries[std::path::Path::new(path)].inode;
    assert_eq!(inode("b/f"), inode("b/g"));
}

#[test]
fn an_undo_that_may_open_few_files_restores_many() {
    let tree = Tree::of(&[]);
    for number in 0..60 {
        let text = format!("{number} is the same in both\n");
        tree.write(format!("a/{number}/file"), text.as_bytes());
        tree.write(format!("b/{number}/file"), text.as_bytes());
    }
    let before = tree.state();
    tree.clink(&["."]);
    assert_eq!(tree.links().len(), 60);

    let journal = tree.journals().pop().expect("a run wrote a journal");
    let undo = tree.command(&["--undo", journal.to_str().expect("a plain path")]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -n 25; exec \"$0\" \"$@\""]).arg(undo.get_program());
    let run = shell.args(undo.get_args()).current_dir(tree.root()).output().expect("a shell");

    assert_eq!(String::from_utf8_lossy(&run.stdout), "60 restored\n", "{run:?}");
    assert_eq!(tree.state(), before);
}

#[test]
fn what_chattr_gave_comes_back() {
    for (mkfs, flags) in [("mkfs.ext4", "+AdS"), ("mkfs.btrfs", "+C")] {
        let Some(image) = Image::made_by(&[mkfs, "-q"]) else { return };
        let tree = image.tree();
        tree.mkdir("b/d");
        // Btrfs gives `C` to what is made in such a directory, and to an empty file.
        let script = format!("touch b/f && chattr {flags} b/f b/d");
        shell(&tree, &script);
        for name in ["a/f", "b/f", "a/d/g", "b/d/g"] {
            tree.write(name, &name.as_bytes()[2..]);
        }
        let list = "lsattr -d a/f b/f b/d b/d/g";
        let before = shell(&tree, list);

        assert_eq!(tree.clink(&["--min-size", "1", "."]).code, Some(0));
        assert_eq!(tree.links().len(), 2);
        assert_eq!(tree.undo().code, Some(0));

        assert_eq!(shell(&tree, list), before, "{mkfs}");
    }
}

#[test]
fn what_nobody_may_change_is_named_and_stays() {
    let Some(image) = Image::made_by(&["mkfs.ext4", "-q"]) else { return };
    for flag in ["i", "a"] {
        let tree = image.tree();
        tree.write("a/f", b"same").write("b/f", b"same");
        shell(&tree, &format!("chattr +{flag} b/f"));

        let run = tree.clink(&["."]);

        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains("cannot replace `./b/f`"), "{}", run.stderr);
        assert!(tree.links().is_empty());
        shell(&tree, &format!("chattr -{flag} b/f"));
    }
}

/// What a script prints that runs in the tree.
fn shell(tree: &Tree, script: &str) -> String {
    let run = Command::new("sh").args(["-ec", script]).current_dir(tree.root()).output();
    let run = Run::of(&run.expect("sh starts"));
    assert_eq!(run.code, Some(0), "{script}: {}", run.stderr);
    run.stdout
}
