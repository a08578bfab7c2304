//! `--reflink`: the copies share their storage and stay what they are.
//!
//! Only Btrfs and XFS can; root makes small ones in files of its own.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::image::Image;
use support::{Run, Tree};
use testkit::can;

/// Of Debian's e2fsprogs.
const FILEFRAG: &str = "/usr/sbin/filefrag";

fn two_large_copies(tree: &Tree) {
    let large = "large ".repeat(100_000);
    tree.write("a/large", large.as_bytes()).write("b/large", large.as_bytes());
    tree.date("a/large", 1_000_000_000).date("b/large", 1_100_000_000);
    rustix::fs::sync();
}

/// The lines that `filefrag` prints for the pieces of a file, without their flags.
fn pieces(tree: &Tree, path: &str) -> Vec<String> {
    let output = Command::new(FILEFRAG).arg("-v").arg(tree.path(path)).output();
    let text = Run::of(&output.expect("filefrag starts")).stdout;
    let pieces = text.lines().filter(|line| line.trim_start().starts_with(char::is_numeric));
    let place = |line: &str| line.split(':').take(4).collect::<Vec<_>>().join(":");
    let pieces: Vec<String> = pieces.map(place).collect();
    assert!(!pieces.is_empty(), "{text}");
    pieces
}

fn inodes(tree: &Tree) -> BTreeMap<PathBuf, u64> {
    tree.entries().into_iter().map(|(path, entry)| (path, entry.inode)).collect()
}

#[test]
fn copies_share_their_storage_and_stay_what_they_are() {
    if !can(Path::new(FILEFRAG).exists(), "`filefrag` is not installed") {
        return;
    }
    for image in Image::all() {
        let tree = image.tree();
        two_large_copies(&tree);
        let before = (tree.state(), inodes(&tree));
        assert_ne!(pieces(&tree, "a/large"), pieces(&tree, "b/large"));

        let run = tree.clink(&["--reflink", "."]);

        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stdout.contains("1 file shares its storage"), "{}", run.stdout);
        assert_eq!(pieces(&tree, "a/large"), pieces(&tree, "b/large"));
        assert_eq!((tree.state(), inodes(&tree)), before);
    }
}

#[test]
fn a_second_run_changes_nothing() {
    for image in Image::all() {
        let tree = image.tree();
        two_large_copies(&tree);
        tree.clink(&["--reflink", "."]);
        rustix::fs::sync();

        let second = tree.clink(&["--reflink", "."]);

        assert_eq!(second.code, Some(0), "{}", second.stderr);
        assert!(second.stdout.contains("nothing linked"), "{}", second.stdout);
        assert_eq!(tree.clink(&["--reflink", "--check", "."]).code, Some(0));
    }
}

/// Btrfs keeps small contents in the inode, and a hole has no storage anywhere.
#[test]
fn files_without_storage_of_their_own_are_left_alone() {
    for image in Image::all() {
        let tree = image.tree();
        for name in ["a", "b"] {
            tree.write(format!("{name}/small"), b"small");
            let hole = std::fs::File::create(tree.path(format!("{name}/hole"))).expect("a file");
            hole.set_len(1 << 20).expect("a hole");
        }
        rustix::fs::sync();
        let left = tree.left_alone(&["--reflink", "."]);
        assert!(left.contains(&"./b/hole: frees_nothing".to_owned()), "{left:?}");

        tree.clink(&["--reflink", "."]);
        rustix::fs::sync();

        assert_eq!(tree.clink(&["--reflink", "--check", "."]).code, Some(0));
    }
}

#[test]
fn files_that_a_symbolic_link_would_harm_share_their_storage_too() {
    for image in Image::all() {
        let tree = image.tree();
        two_large_copies(&tree);
        let script = format!("#!/usr/bin/env python3\n{}", "# text\n".repeat(10_000));
        tree.write("a/tool", script.as_bytes()).write("b/tool", script.as_bytes());
        tree.chmod("a/tool", 0o4755).chmod("b/tool", 0o755);
        tree.write("etc/1", script.replace('#', "%").as_bytes());
        tree.write("etc/2", script.replace('#', "%").as_bytes());
        let before = tree.state();

        let run = tree.clink(&["--reflink", "."]);

        assert!(run.stdout.contains("3 files share their storage"), "{}", run.stdout);
        assert_eq!(tree.state(), before);
    }
}

#[test]
fn links_on_btrfs_and_xfs_are_as_good_as_elsewhere() {
    for image in Image::all() {
        let tree = image.tree();
        two_large_copies(&tree);
        let before = tree.state();

        let run = tree.clink(&["."]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(tree.links(), ["b/large -> ../a/large"]);

        assert_eq!(tree.undo().stdout, "1 restored\n");
        assert_eq!(tree.state(), before);
    }
}

#[test]
fn mixed_shares_storage_on_btrfs_whatever_the_times_are() {
    let Some(image) = Image::made_by(&["mkfs.btrfs", "-q"]) else { return };
    let tree = image.tree();
    let large = "module.exports = 1\n".repeat(100_000);
    for (path, seconds) in [("a/main.js", 1_000_000_000), ("b/main.js", 1_100_000_000)] {
        tree.write(path, large.as_bytes()).date(path, seconds);
    }
    let before = tree.state();

    let run = tree.clink(&["--mixed", "."]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("1 file became a hard link, or shares its storage"));
    assert_eq!(tree.state(), before);
    assert!(tree.clink(&["--mixed", "."]).stdout.contains("nothing linked"));
}

#[test]
fn a_file_system_without_reflinks_says_so() {
    let Some(image) = Image::made_by(&["mkfs.ext4", "-q"]) else { return };
    let tree = image.tree();
    two_large_copies(&tree);
    let before = tree.state();

    let run = tree.clink(&["--reflink", "."]);

    assert_eq!(run.code, Some(2));
    assert_eq!(
        run.stderr,
        "clink: cannot share the storage of `./b/large`\n  \
           because: operation not supported\n  \
           hint: the file system cannot do this: use another kind of link\n"
    );
    assert_eq!(tree.state(), before);
}
