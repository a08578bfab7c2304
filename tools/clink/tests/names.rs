//! Every name that Linux allows, every kind of file, and trees that are moved and packed.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, mkdirat, openat, statat};
use serde_json::json;
use support::Tree;
use testkit::{has, has_root};

#[test]
fn names_of_255_bytes_are_linked() {
    let long = "n".repeat(255);
    let tree = Tree::of(&[(&format!("a/{long}"), "same"), (&format!("b/{long}"), "same")]);
    let large = "large".repeat(10_000);
    tree.write(format!("a/{long}"), large.as_bytes());
    tree.write(format!("b/{long}"), large.as_bytes());

    let run = tree.clink(&["."]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(tree.links(), [format!("b/{long} -> ../a/{long}")]);
    assert_eq!(tree.undo().stdout, "1 restored\n");
}

#[test]
fn names_with_newlines_and_other_surprises_are_linked() {
    for name in ["two\nlines", " ", "-n", "\\", "*", "\u{1b}[31m", "été", "...", "a -> b"] {
        let tree = Tree::of(&[]);
        tree.write(Path::new("a").join(name), b"same").write(Path::new("b").join(name), b"same");
        let before = tree.state();

        assert_eq!(tree.planned(&["."]), [format!("./b/{name} -> ../a/{name}")]);
        let run = tree.clink(&["."]);

        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(tree.link_text(Path::new("b").join(name)), Some(format!("../a/{name}")));
        tree.undo();
        assert_eq!(tree.state(), before);
    }
}

#[test]
fn names_that_are_not_utf_8_are_shown_with_escapes_and_in_base64() {
    let name = OsStr::from_bytes(b"caf\xe9");
    let tree = Tree::of(&[]);
    tree.write(Path::new("a").join(name), b"same").write(Path::new("b").join(name), b"same");
    let before = tree.state();

    let run = tree.clink(&["-n", "-v", "."]);
    assert!(run.stdout.contains("./b/caf\\xe9 -> ../a/caf\\xe9\n"), "{}", run.stdout);

    let document = tree.json(&["."]);
    assert_eq!(
        document["groups"],
        json!([{
            "kept": {"base64": "Li9hL2NhZuk="},
            "kind": "symbolic",
            "size": 4,
            "directory": false,
            "replaced": [
                {"path": {"base64": "Li9iL2NhZuk="}, "text": {"base64": "Li4vYS9jYWbp"}}
            ],
        }])
    );
    tree.undo();
    assert_eq!(tree.state(), before);
}

/// Makes a directory so deep that no single call can name it, with a file in it; returns it open.
fn make_deep(tree: &Tree, top: &str) -> OwnedFd {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY;
    tree.mkdir(top);
    let mut here = openat(CWD, tree.path(top), flags, Mode::empty()).expect("the top");
    let name = "d".repeat(200);
    for _ in 0..25 {
        mkdirat(&here, &*name, Mode::RWXU).expect("a directory");
        here = openat(&here, &*name, flags, Mode::empty()).expect("it opens");
    }
    let flags = OFlags::CREATE | OFlags::WRONLY;
    let file = openat(&here, "file", flags, Mode::RUSR | Mode::WUSR).expect("a file");
    let large = "same".repeat(10_000);
    assert_eq!(rustix::io::write(file, large.as_bytes()).expect("its content"), large.len());
    here
}

/// Such a tree cannot be removed by the paths of its files.
fn remove(tree: &Tree) {
    let removed = Command::new("rm").arg("-rf").arg(tree.root()).status().expect("rm starts");
    assert!(removed.success());
}

#[test]
fn paths_that_are_too_long_for_one_call_are_linked() {
    let tree = Tree::of(&[("near", &"same".repeat(10_000))]);
    tree.chmod("near", 0o600);
    let deep = make_deep(&tree, "deep");

    let run = tree.clink(&["."]);
    let text = rustix::fs::readlinkat(&deep, "file", Vec::new());
    let undone = tree.undo();
    let restored = statat(&deep, "file", AtFlags::SYMLINK_NOFOLLOW).expect("the file");
    remove(&tree);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(text.expect("a link").to_str(), Ok(&*format!("{}near", "../".repeat(26))));
    assert_eq!((undone.code, undone.stdout.as_str()), (Some(0), "1 restored\n"));
    assert_eq!(restored.st_size, 40_000);
}

#[test]
fn files_too_far_apart_for_a_link_are_left_alone() {
    let tree = Tree::of(&[]);
    let _deep = [make_deep(&tree, "a"), make_deep(&tree, "b")];

    let left = tree.json(&["-n", "."])["summary"]["left_alone"].clone();
    let run = tree.clink(&["."]);
    remove(&tree);

    assert_eq!(left, json!({"too_far": 1}));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn deep_directories_are_linked_as_a_whole() {
    let tree = Tree::of(&[]);
    let _deep = [make_deep(&tree, "a"), make_deep(&tree, "b")];

    let run = tree.clink(&["--directories", "."]);
    let text = tree.link_text("b");
    let undone = tree.undo();
    let restored = tree.path("b").symlink_metadata().expect("it is there").is_dir();
    remove(&tree);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(text.as_deref(), Some("a"));
    assert_eq!(
        (undone.code, undone.stdout.as_str()),
        (Some(0), "1 restored\n"),
        "{}",
        undone.stderr
    );
    assert!(restored);
}

/// A tree with links of all kinds, linked by clink.
fn linked_tree() -> Tree {
    let tree = Tree::of(&[
        ("arm/lib/one", "first"),
        ("arm/lib/two", "second"),
        ("mips/lib/one", "first"),
        ("mips/lib/two", "second"),
        ("mips/share/doc", "first"),
    ]);
    let run = tree.clink(&["--directories", "."]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(tree.links().len(), 2);
    tree
}

#[test]
fn a_linked_tree_can_be_moved() {
    let tree = linked_tree();
    let before = tree.contents();
    fs::create_dir_all(tree.home().join("far/away")).expect("a directory");
    let moved = tree.home().join("far/away/tree");
    fs::rename(tree.root(), &moved).expect("a move");

    std::os::unix::fs::symlink(moved, tree.root()).expect("a link, to look at it");

    assert_eq!(tree.contents(), before);
}

#[test]
fn a_linked_tree_can_be_packed_and_unpacked() {
    if !has("tar") {
        return;
    }
    let tree = linked_tree();
    let before = tree.contents();
    let mut packed = Command::new("tar")
        .args(["-c", "."])
        .current_dir(tree.root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tar starts");
    let elsewhere = Tree::of(&[]);
    let unpacked = Command::new("tar")
        .arg("-x")
        .current_dir(elsewhere.root())
        .stdin(packed.stdout.take().expect("it is a pipe"))
        .status();

    assert!(unpacked.expect("tar starts").success());
    assert!(packed.wait().expect("tar ends").success());
    fs::remove_dir_all(tree.root()).expect("the first tree goes");
    assert_eq!(elsewhere.contents(), before);
}

#[test]
fn sparse_files_are_linked_by_their_content() {
    let tree = Tree::of(&[]);
    for path in ["a", "b", "c"] {
        let mut file = fs::File::create(tree.path(path)).expect("a file");
        file.set_len(8 << 20).expect("a hole");
        file.seek(SeekFrom::Start(4 << 20)).expect("a place in it");
        file.write_all(if path == "c" { b"another" } else { b"content" }).expect("content");
    }
    // The same content without holes.
    let whole = fs::read(tree.path("a")).expect("a file");
    tree.write("d", &whole);
    let before = tree.contents();

    tree.clink(&["."]);

    assert_eq!(tree.links(), ["b -> a", "d -> a"]);
    assert_eq!(tree.contents(), before);
}

#[test]
fn files_that_are_nothing_but_a_hole_are_left_alone() {
    let tree = Tree::of(&[]);
    for path in ["a", "b"] {
        let file = fs::File::create(tree.path(path)).expect("a file");
        file.set_len(1 << 20).expect("a hole");
    }

    assert_eq!(tree.left_alone(&["."]), ["./b: frees_nothing"]);
}

#[test]
fn sockets_fifos_and_devices_are_passed_over() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    for top in ["a", "b"] {
        let _listener = UnixListener::bind(tree.path(format!("{top}/socket"))).expect("a socket");
        let fifo = tree.path(format!("{top}/fifo"));
        assert!(Command::new("mkfifo").arg(fifo).status().expect("mkfifo starts").success());
    }
    let mut special_files = 4;
    if has_root() {
        let node = tree.path("a/null");
        let made = Command::new("mknod").arg(node).args(["c", "1", "3"]).status();
        special_files += u64::from(made.expect("mknod starts").success());
    }

    for options in [&[][..], &["--all"], &["--directories"]] {
        let document = tree.json(&[options, &["-n", "."]].concat());
        assert_eq!(document["summary"]["special_files"], special_files);
        assert_eq!(document["summary"]["links"], 1);
    }
    tree.clink(&["--directories", "."]);
    assert_eq!(tree.links(), ["b/f -> ../a/f"]);
    let kind = |path: &str| tree.path(path).symlink_metadata().expect("an entry").file_type();
    assert!(kind("b/fifo").is_fifo() && kind("b/socket").is_socket());
}

#[test]
fn a_fifo_or_device_as_an_argument_does_not_block() {
    let tree = Tree::of(&[("f", "same")]);
    let fifo = tree.path("fifo");
    assert!(Command::new("mkfifo").arg(fifo).status().expect("mkfifo starts").success());

    let run = tree.clink(&["fifo", "/dev/null", "/dev/zero", "f"]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("nothing linked"));
}

#[test]
fn links_that_lead_nowhere_or_round_in_a_circle_are_passed_over() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    tree.link("a/loop", ".").link("a/self", "self").link("a/up", "../..").link("b/gone", "nowhere");
    tree.link("b/to-f", "f").link("b/zero", "/dev/zero");

    let document = tree.json(&["."]);

    assert_eq!(document["summary"]["symbolic_links"], 6);
    assert_eq!(document["problems"], json!([]));
    assert_eq!(tree.link_text("b/f").as_deref(), Some("../a/f"));
    assert_eq!(tree.links().len(), 7);
}

#[test]
fn a_link_that_leads_to_a_replaced_file_still_reads_the_same() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);
    tree.link("c/to-b", "../b/f").link("d", "b");
    let before = tree.contents();

    tree.clink(&["."]);

    assert_eq!(tree.contents(), before);
}

#[test]
fn a_thousand_names_in_one_directory_become_one_file() {
    let tree = Tree::of(&[]);
    for number in 0..1000 {
        tree.write(number.to_string(), b"same");
    }

    tree.clink(&["--hard", "."]);

    let entries = tree.entries();
    let first = entries[Path::new("0")].inode;
    assert!(entries.values().all(|entry| entry.inode == first));
}
