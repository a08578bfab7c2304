//! What is printed, and where: the result on standard output, everything else on standard error.

#![allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod support;

use std::process::Stdio;

use expect_test::expect;
use serde_json::Value;
use support::Tree;
use testkit::is_root;

/// Files of whole blocks: they take as much on the disk as their sizes say, on every file system.
fn tree() -> Tree {
    let large = "large\n\n\n".repeat(1024);
    let small = "a = b\n\n\n".repeat(512);
    Tree::of(&[
        ("a/one", &large),
        ("b/one", &large),
        ("b/other", &small.replace('b', "c")),
        ("etc/conf", &small),
        ("etc/conf.old", &small),
    ])
}

/// A journal has a name of its own.
fn without_the_journals_name(text: &str, tree: &Tree) -> String {
    let home = tree.home().display().to_string();
    let line = |line: &str| match line.split_once(&home) {
        Some((before, _)) => before.to_owned() + "JOURNAL\n",
        None => line.to_owned() + "\n",
    };
    text.lines().map(line).collect()
}

#[test]
fn the_summary_says_what_was_done_and_what_was_not() {
    let tree = tree();

    let run = tree.clink(&["."]);

    expect![[r#"
        5 files with 28.00 KiB (28.00 KiB on disk), 2 of them copies of another one
        1 file became a symbolic link
        8.00 KiB on disk freed: 28.00 KiB -> 20.00 KiB; by file sizes 28.00 KiB -> 20.01 KiB

        most of it in
              8.00 KiB  ./b

        copies left alone
                     2  configuration (below a directory `etc`)

        to take it back: clink --undo JOURNAL
    "#]]
    .assert_eq(&without_the_journals_name(&run.stdout, &tree));
    assert_eq!(run.stderr, "");
}

#[test]
fn a_dry_run_says_what_would_be_done() {
    let tree = tree();

    let run = tree.clink(&["--dry-run", "--verbose", "."]);

    expect![[r#"
        ./b/one -> ../a/one
        ./etc/conf: left alone: configuration (below a directory `etc`)
        ./etc/conf.old: left alone: configuration (below a directory `etc`)

        5 files with 28.00 KiB (28.00 KiB on disk), 2 of them copies of another one
        1 file would become a symbolic link
        8.00 KiB on disk would be freed: 28.00 KiB -> 20.00 KiB; by file sizes 28.00 KiB -> 20.01 KiB

        most of it in
              8.00 KiB  ./b

        copies left alone
                     2  configuration (below a directory `etc`)
    "#]].assert_eq(&without_the_journals_name(&run.stdout, &tree));
    assert_eq!(run.stderr, "");
}

#[test]
fn a_run_with_nothing_to_do_says_so() {
    let tree = Tree::of(&[("a", &"one\n".repeat(1024)), ("b", &"two\n".repeat(1024))]);

    let run = tree.clink(&["."]);

    expect![[r#"
        2 files with 8.00 KiB (8.00 KiB on disk), 0 of them copies of another one
        nothing linked
    "#]]
    .assert_eq(&without_the_journals_name(&run.stdout, &tree));
}

#[test]
fn quiet_prints_nothing_but_errors() {
    let tree = tree();

    let run = tree.clink(&["--quiet", ".", "missing"]);

    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.starts_with("clink: cannot look at `missing`\n"), "{}", run.stderr);
    assert_eq!(tree.links(), ["b/one -> ../a/one"]);
    assert_eq!(tree.undo().code, Some(0));
}

#[test]
fn verbose_lists_every_link_and_every_file_left_alone() {
    let tree = tree();

    let run = tree.clink(&["-v", "."]);

    let lines: Vec<&str> = run.stdout.lines().take(4).collect();
    assert_eq!(
        lines,
        [
            "./b/one -> ../a/one",
            "./etc/conf: left alone: configuration (below a directory `etc`)",
            "./etc/conf.old: left alone: configuration (below a directory `etc`)",
            "",
        ]
    );
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn the_document_has_a_version_and_these_keys() {
    let tree = tree();

    let document = tree.json(&["."]);

    assert_eq!(document["tool"], "clink");
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["format"], 1);
    assert_eq!(document["tool"], "clink");
    assert_eq!(document["changed"], true);
    assert_eq!(document["stopped"], false);
    assert_eq!(document["kind"], "symbolic");
    let journal = tree.journals().pop().expect("a journal");
    assert_eq!(document["journal"], journal.to_str().expect("a plain path"));
    expect![[r#"["changed", "format", "gains", "groups", "journal", "kind", "left_alone", "problems", "stopped", "summary", "target", "tool", "version"]"#]].assert_eq(&format!("{:?}", keys(&document)));
    expect![[r#"["directory_links", "disk_after", "disk_before", "duplicates", "excluded", "file_links", "files", "left_alone", "links", "mount_points", "size_after", "size_before", "special_files", "symbolic_links"]"#]].assert_eq(&format!("{:?}", keys(&document["summary"])));
    expect![[r#"[{"directory":false,"kept":"./a/one","kind":"symbolic","replaced":[{"path":"./b/one","text":"../a/one"}],"size":8192}]"#]].assert_eq(&document["groups"].to_string());
    expect![[r#"[{"path":"./etc/conf","reason":"configuration"},{"path":"./etc/conf.old","reason":"configuration"}]"#]].assert_eq(&document["left_alone"].to_string());
}

#[test]
fn the_figures_of_the_document_add_up() {
    let tree = tree();

    let summary = &tree.json(&["-n", "."])["summary"];

    let size = 2 * 8192 + 3 * 4096;
    assert_eq!(summary["files"], 5);
    assert_eq!(summary["duplicates"], 2);
    assert_eq!(summary["links"], 1);
    assert_eq!(summary["size_before"], size);
    assert_eq!(summary["size_after"], size - 8192 + "../a/one".len());
}

/// The text of each link counts, also where one file has several names.
#[test]
fn the_sizes_after_count_the_text_of_every_link() {
    let large = "large\n".repeat(1024);
    let tree = Tree::of(&[("a", &large), ("b", &large)]);
    tree.hard_link("b", "c").hard_link("b", "d");

    let summary = &tree.json(&["-n", "."])["summary"];

    assert_eq!(summary["links"], 3);
    assert_eq!(summary["size_before"], 2 * 6144);
    assert_eq!(summary["size_after"], 6144 + 3 * "a".len());
}

#[test]
fn a_dry_run_has_the_same_document_but_for_what_was_done() {
    let tree = tree();
    let mut planned = tree.json(&["--dry-run", "."]);
    let mut done = tree.json(&["."]);

    assert_eq!((&planned["changed"], &planned["journal"]), (&Value::Bool(false), &Value::Null));
    for document in [&mut planned, &mut done] {
        for key in ["changed", "journal"] {
            document[key] = Value::Null;
        }
    }
    assert_eq!(planned, done);
}

#[test]
fn the_document_names_what_could_not_be_done() {
    let tree = tree();

    let document = tree.json(&["-n", "missing", "."]);

    expect![[r#"[{"attempt":"look at","hint":"check the spelling","path":"missing","reason":"no such file or directory"}]"#]].assert_eq(&document["problems"].to_string());
}

#[test]
fn undo_has_a_document_too() {
    let tree = tree();
    tree.clink(&["."]);
    let journal = tree.journals().pop().expect("a journal");

    let document = tree.json(&["--undo", journal.to_str().expect("a plain path")]);

    expect![[
        r#"{"format":1,"problems":[],"restored":1,"stopped":false,"tool":"clink","untouched":0,"version":"0.1.0"}"#
    ]]
    .assert_eq(&document.to_string());
}

#[test]
fn a_directory_that_cannot_be_read_is_named_and_the_rest_goes_on() {
    let tree = tree();
    tree.mkdir("closed").chmod("closed", 0);

    let run = tree.clink(&["."]);
    tree.chmod("closed", 0o755);

    assert_eq!(tree.links(), ["b/one -> ../a/one"]);
    if is_root() {
        assert_eq!(run.code, Some(0), "root reads everything");
    } else {
        assert_eq!(run.code, Some(2));
        assert_eq!(
            run.stderr,
            "clink: cannot read the directory `./closed`\n  \
               because: permission denied\n  \
               hint: run as the owner of the files, or as root\n"
        );
    }
}

#[test]
fn a_directory_that_may_not_be_written_to_is_named_and_the_rest_goes_on() {
    let tree = tree();
    tree.write("c/one", "large\n\n\n".repeat(1024).as_bytes()).chmod("b", 0o555);

    let run = tree.clink(&["."]);
    tree.chmod("b", 0o755);

    if is_root() {
        assert_eq!(run.code, Some(0), "root writes everywhere");
    } else {
        assert_eq!(tree.links(), ["c/one -> ../a/one"]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.starts_with("clink: cannot replace `./b/one`\n"), "{}", run.stderr);
    }
}

#[test]
fn who_reads_the_result_may_stop_before_its_end() {
    let tree = tree();
    for options in [&["-nv"][..], &["-n", "--format", "json"], &["--help"], &["--check"]] {
        let mut run = tree
            .command(&[options, &["."]].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("clink starts");
        drop(run.stdout.take());
        let output = run.wait_with_output().expect("clink ends");

        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked"), "{options:?}: {stderr}");
        assert_eq!(stderr, "", "{options:?}");
    }
}

#[test]
fn what_cannot_be_written_out_is_an_error() {
    let tree = tree();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");

    let output = tree.command(&["-n", "."]).stdout(full).output().expect("clink starts");

    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.to_lowercase().contains("no space left on device"), "{stderr}");
}
