//! Trees and journals that somebody made to do harm.

mod support;

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use support::{Run, Tree};

const TIB: u64 = 1 << 40;

/// A file with holes, where the file system has files as large.
fn hole(tree: &Tree, path: &str, size: u64) -> Option<fs::File> {
    let file = fs::File::create(tree.path(path)).expect("a file");
    match file.set_len(size) {
        Ok(()) => Some(file),
        Err(_) => {
            testkit::skip("the file system has no files as large");
            None
        }
    }
}

#[test]
fn terabytes_of_holes_are_not_read() {
    let tree = Tree::of(&[]);
    for (path, end) in [("a", "same"), ("b", "same"), ("c", "else")] {
        let Some(mut file) = hole(&tree, path, TIB) else { return };
        file.seek(SeekFrom::Start(TIB / 2)).expect("a place in it");
        file.write_all(end.as_bytes()).expect("content");
    }
    for path in ["d", "e"] {
        hole(&tree, path, TIB / 4);
    }

    assert_eq!(tree.planned(&["."]), ["./b -> a"]);
    assert_eq!(tree.left_alone(&["."]), ["./e: frees_nothing"]);
}

#[test]
fn a_file_with_holes_comes_back_no_larger_than_it_was() {
    let tree = Tree::of(&[]);
    for path in ["a", "b"] {
        let Some(mut file) = hole(&tree, path, 64 << 20) else { return };
        file.seek(SeekFrom::Start(32 << 20)).expect("a place in it");
        file.write_all(b"content").expect("content");
    }
    let (state, kept) = (tree.state(), fs::metadata(tree.path("a")).expect("a file"));
    tree.clink(&["."]);

    assert_eq!(tree.undo().code, Some(0));

    let restored = fs::metadata(tree.path("b")).expect("a file");
    assert!(restored.blocks() * 512 < 1 << 20, "{} blocks", restored.blocks());
    assert_eq!((restored.len(), tree.state()), (kept.len(), state));
}

#[test]
fn names_cannot_command_the_terminal() {
    let name = "\x1b[2Jwiped\x07";
    let tree = Tree::of(&[]);
    tree.write(format!("a/{name}"), b"same").write(format!("b/{name}"), b"same");
    tree.write(format!("a/x{name}"), b"else").write(format!("b/x{name}"), b"else");
    tree.chmod(&format!("b/x{name}"), 0o600);

    for arguments in [&["-v", "-d", "."][..], &[&format!("missing{name}")], &["-v", "."]] {
        let run = tree.clink(arguments);
        assert!(!run.stdout.contains(['\x1b', '\x07']), "{}", run.stdout);
        assert!(!run.stderr.contains(['\x1b', '\x07']), "{}", run.stderr);
    }
}

/// Feeds bytes to undo as a journal.
fn undo_of(tree: &Tree, journal: &[u8]) -> Run {
    fs::write(tree.home().join("journal"), journal).expect("a journal");
    tree.clink(&["--undo", "../home/journal"])
}

/// A real journal of one link, to be changed.
fn journal(tree: &Tree) -> String {
    tree.clink(&["--journal", "../home/real", "."]);
    fs::read_to_string(tree.home().join("real")).expect("a journal")
}

#[test]
fn a_journal_that_leads_out_of_the_tree_is_refused() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    let journal = journal(&tree).replace("b/f", "../home/f");
    fs::write(tree.home().join("f"), "mine").expect("a file outside");

    let run = undo_of(&tree, journal.as_bytes());

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("damaged"), "{}", run.stderr);
    assert_eq!(fs::read(tree.home().join("f")).expect("the file outside"), b"mine");
}

#[test]
fn undo_follows_no_link_that_somebody_put_on_its_way() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    let journal = journal(&tree);
    fs::rename(tree.path("b"), tree.home().join("b")).expect("a directory moves");
    tree.link("b", "../home/b");

    let run = undo_of(&tree, journal.as_bytes());

    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(fs::symlink_metadata(tree.home().join("b/f")).expect("the link").is_symlink());
}

#[test]
fn a_kept_file_that_became_something_else_is_not_waited_for() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    let journal = journal(&tree);
    fs::remove_file(tree.path("a/f")).expect("a file to delete");
    let made = Command::new("mkfifo").arg(tree.path("a/f")).status().expect("mkfifo starts");
    assert!(made.success());

    let run = undo_of(&tree, journal.as_bytes());

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("has changed since"), "{}", run.stderr);
}

#[test]
fn absurd_metadata_ends_in_a_message() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    let journal = journal(&tree);
    let absurd = [
        (r#""nanoseconds":"#, r#""nanoseconds":4"#),
        (r#""seconds":"#, r#""seconds":99999999999"#),
        (r#""mode":"#, r#""mode":9"#),
    ];
    for (sane, insane) in absurd {
        let run = undo_of(&tree, journal.replace(sane, insane).as_bytes());
        assert!(matches!(run.code, Some(0 | 2)), "{insane}: {run:?}");
        assert_eq!(fs::read(tree.path("b/f")).expect("what is there reads"), b"same", "{insane}");
    }
}

#[test]
fn what_is_no_journal_is_said_to_be_none() {
    let tree = Tree::of(&[]);
    for journal in [&b""[..], b"\n", b"[[[[[[[[", b"{}\n", &b"\xff".repeat(100_000), b"PK\x03\x04"]
    {
        let run = undo_of(&tree, journal);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains("no journal"), "{}", run.stderr);
    }
    let endless = tree.clink(&["--undo", "/dev/zero"]);
    assert_eq!(endless.code, Some(2), "{}", endless.stderr);
}

#[test]
fn a_hundred_thousand_brackets_do_not_overflow_the_stack() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    let journal = journal(&tree) + &"[".repeat(100_000) + "\n";

    let run = undo_of(&tree, journal.as_bytes());

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("damaged"), "{}", run.stderr);
}

#[test]
fn an_exclude_pattern_that_explodes_is_refused_or_quick() {
    let tree = Tree::of(&[(&"a".repeat(200), "same"), ("b", "same")]);
    for pattern in ["*a".repeat(60) + "b", "{a,{b,".repeat(50), "[".to_owned(), "**/".repeat(300)] {
        let run = tree.clink(&["-d", "--exclude", &pattern, "."]);
        assert!(matches!(run.code, Some(0 | 2)), "{run:?}");
    }
}

#[test]
fn a_deep_tree_is_no_danger_to_the_stack() {
    let tree = Tree::of(&[]);
    let flags = OFlags::DIRECTORY | OFlags::RDONLY;
    let mut here = openat(CWD, tree.root(), flags, Mode::empty()).expect("the top");
    for _ in 0..5000 {
        mkdirat(&here, "d", Mode::RWXU).expect("a directory");
        here = openat(&here, "d", flags, Mode::empty()).expect("it opens");
    }
    for name in ["f", "g"] {
        let flags = OFlags::CREATE | OFlags::WRONLY;
        let file = openat(&here, name, flags, Mode::RUSR | Mode::WUSR).expect("a file");
        rustix::io::write(file, b"same").expect("its content");
    }

    let run = tree.clink(&["--directories", "."]);
    let removed = Command::new("rm").arg("-rf").arg(tree.root()).status().expect("rm starts");

    assert!(removed.success());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("1 file became a symbolic link"), "{}", run.stdout);
}
